//! format % values, as Python has it.

use super::budget::Writer;
use super::display::{repr, to_str};
use super::format::{digits, format_float, format_int, format_text, take, Spec};
use super::number;
use super::unicode::escaped;
use super::value::Value;
use super::{Fail, Result};

/// ascii(value)
fn ascii(value: &Value) -> Result<String> {
    let mut out = Writer::default();
    for c in repr(value)?.chars() {
        match c as u32 {
            0..=0x7f => out.push_char(c)?,
            code @ 0x80..=0xff => out.push(&format!("\\x{code:02x}"))?,
            code @ 0x100..=0xffff => out.push(&format!("\\u{code:04x}"))?,
            code => out.push(&format!("\\U{code:08x}"))?,
        }
    }
    Ok(out.0)
}

/// What a conversion of "%" takes values from.
struct Source<'a> {
    all: &'a Value,
    at: usize,
}

impl Source<'_> {
    fn next(&mut self) -> Result<Value> {
        let value = match self.all {
            Value::Tuple(items) => items.values.get(self.at).cloned(),
            single => (self.at == 0).then(|| single.clone()),
        };
        self.at += 1;
        value.ok_or_else(|| Fail::new("not enough arguments for format string"))
    }
    fn named(&self, name: &str) -> Result<Value> {
        match self.all {
            Value::Dict(dict) => dict
                .get_str(name)?
                .ok_or_else(|| Fail::new(format!("KeyError: '{name}'"))),
            _ => Err(Fail::new("format requires a mapping")),
        }
    }
    fn star(&mut self, rest: &mut &str) -> Result<Option<i128>> {
        if take(rest, &['*']).is_none() {
            return Ok(digits(rest)?.map(|number| number as i128));
        }
        let value = self.next()?;
        value.as_int().map(Some).ok_or_else(|| Fail::new("* wants int"))
    }
}

/// format % values; what goes into Markup is escaped.
pub fn percent(format: &str, values: &Value, safe: bool) -> Result<String> {
    let mut out = Writer::default();
    let mut source = Source { all: values, at: 0 };
    let mut used_names = false;
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push(&rest[..at])?;
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('%') {
            out.push("%")?;
            rest = behind;
            continue;
        }
        let mut named = None;
        if let Some(inner) = rest.strip_prefix('(') {
            let mut open = 1;
            let end = inner.find(|c| {
                open += i32::from(c == '(') - i32::from(c == ')');
                open == 0
            });
            let end = end.ok_or_else(|| Fail::new("incomplete format key"))?;
            named = Some(source.named(&inner[..end])?);
            used_names = true;
            rest = &inner[end + 1..];
        }
        let mut spec = Spec::default();
        while let Some(flag) = take(&mut rest, &['-', '+', ' ', '#', '0']) {
            match flag {
                '-' => spec.align = Some('<'),
                '+' => spec.sign = Some('+'),
                ' ' => spec.sign = spec.sign.or(Some(' ')),
                '#' => spec.alternate = true,
                _ => spec.zero = true,
            }
        }
        let width = source.star(&mut rest)?.unwrap_or(0);
        if width < 0 {
            spec.align = Some('<');
        }
        spec.width = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
        if take(&mut rest, &['.']).is_some() {
            let precision = source.star(&mut rest)?.unwrap_or(0).max(0);
            spec.precision = Some(usize::try_from(precision).unwrap_or(usize::MAX));
        }
        while take(&mut rest, &['h', 'l', 'L']).is_some() {}
        let Some(kind) = rest.chars().next() else {
            return Err(Fail::new("incomplete format"));
        };
        rest = &rest[kind.len_utf8()..];
        let value = match named {
            Some(value) => value,
            None => source.next()?,
        };
        out.push(&converted(spec, kind, &value, safe)?)?;
    }
    out.push(rest)?;
    let left = match values {
        Value::Tuple(items) => items.values.len() > source.at,
        Value::Str(_) => source.at == 0,
        Value::Dict(_) | Value::List(_) | Value::Undefined(_) => false, // has items by key
        Value::Range(_) => false,
        _ => source.at == 0,
    };
    if left && !used_names {
        return Err(Fail::new("not all arguments converted during string formatting"));
    }
    Ok(out.0)
}

fn converted(mut spec: Spec, kind: char, value: &Value, safe: bool) -> Result<String> {
    if spec.align == Some('<') {
        spec.zero = false;
    }
    let needs = |what: &str| Fail::new(format!("%{kind} format: {what} is required, not {}", value.type_name()));
    let escape = |text: String| {
        if safe && !value.is_safe() {
            escaped(&text)
        } else {
            Ok(text)
        }
    };
    match kind {
        's' | 'r' | 'a' => {
            let text = match kind {
                's' => escape(to_str(value)?)?,
                'r' => escape(repr(value)?)?,
                _ => escape(ascii(value)?)?,
            };
            spec.zero = false;
            spec.align = spec.align.or(Some('>'));
            format_text(&spec, &text)
        }
        'c' => {
            let text = match value {
                Value::Str(text) if text.text.chars().count() == 1 => text.text.to_string(),
                _ => match value
                    .as_int()
                    .map(|code| u32::try_from(code).ok().and_then(char::from_u32))
                {
                    Some(Some(c)) => c.to_string(),
                    Some(None) => return Err(Fail::new("%c arg not in range(0x110000)")),
                    None => return Err(Fail::new("%c requires int or char")),
                },
            };
            spec.zero = false;
            spec.align = spec.align.or(Some('>'));
            spec.precision = None;
            format_text(&spec, &text)
        }
        'd' | 'i' | 'u' | 'o' | 'x' | 'X' => {
            value.check_defined()?;
            let number = match (value, value.as_int()) {
                (_, Some(number)) => number,
                (Value::Float(number), _) if matches!(kind, 'd' | 'i' | 'u') => number::truncated(*number)?,
                _ if matches!(kind, 'd' | 'i' | 'u') => return Err(needs("a real number")),
                _ => return Err(needs("an integer")),
            };
            spec.kind = Some(kind);
            format_int(&spec, number)
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            value.check_defined()?;
            let number = value
                .as_float()
                .ok_or_else(|| Fail::new(format!("must be real number, not {}", value.type_name())))?;
            spec.kind = Some(kind);
            format_float(&spec, number)
        }
        _ => Err(Fail::new(format!("unsupported format character '{kind}'"))),
    }
}

//! Python's format specifications: "{:>8.2f}".

use super::budget::{product, Writer};
use super::display::to_str;
use super::number::{float_repr, signed_exponent};
use super::value::Value;
use super::{Fail, Result};

const MOST_DIGITS: usize = 1 << 16; // of a fraction

#[derive(Default)]
pub struct Spec {
    pub fill: Option<char>,
    pub align: Option<char>,
    pub sign: Option<char>,
    pub positive_zero: bool,
    pub alternate: bool,
    pub zero: bool,
    pub width: usize,
    pub grouping: Option<char>,
    pub precision: Option<usize>,
    pub kind: Option<char>,
}

fn padding(out: &mut Writer, fill: char, count: usize) -> Result<()> {
    product(count, fill.len_utf8())?;
    out.repeat(fill.encode_utf8(&mut [0; 4]), count)
}

/// `sign` and `digits` in the width of `spec`.
fn padded(spec: &Spec, sign: &str, digits: &str, align: char) -> Result<String> {
    let mut out = Writer::default();
    let size = sign.len() + digits.chars().count();
    let missing = spec.width.saturating_sub(size);
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' });
    let align = spec.align.unwrap_or(if spec.zero { '=' } else { align });
    let before = match align {
        '<' => 0,
        '^' => missing / 2,
        _ => missing,
    };
    if align == '=' {
        out.push(sign)?;
        padding(&mut out, fill, before)?;
    } else {
        padding(&mut out, fill, before)?;
        out.push(sign)?;
    }
    out.push(digits)?;
    padding(&mut out, fill, missing - before)?;
    Ok(out.0)
}

fn sign_of(spec: &Spec, negative: bool) -> &'static str {
    match (negative, spec.sign) {
        (true, _) => "-",
        (_, Some('+')) => "+",
        (_, Some(' ')) => " ",
        _ => "",
    }
}

/// Digits with a mark between each `size` of them; zeros fill up to `width`.
fn grouped(digits: &str, mark: char, size: usize) -> String {
    let (whole, rest) = digits.split_at(
        digits
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(digits.len()),
    );
    let mut result = String::new();
    for (at, c) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % size == 0 {
            result.push(mark);
        }
        result.push(c);
    }
    result + rest
}

pub fn format_int(spec: &Spec, number: i128) -> Result<String> {
    let size = number.unsigned_abs();
    let (mut digits, prefix) = match spec.kind.unwrap_or('d') {
        'd' | 'n' | 'i' | 'u' => (size.to_string(), ""),
        'b' => (format!("{size:b}"), "0b"),
        'o' => (format!("{size:o}"), "0o"),
        'x' => (format!("{size:x}"), "0x"),
        'X' => (format!("{size:X}"), "0X"),
        'c' => {
            let c = u32::try_from(number).ok().and_then(char::from_u32);
            let c = c.ok_or_else(|| Fail::new("%c arg not in range(0x110000)"))?;
            return padded(spec, "", &c.to_string(), '<');
        }
        _ => return format_float(spec, number as f64),
    };
    if let Some(precision) = spec.precision {
        let mut out = Writer::default();
        out.repeat("0", precision.saturating_sub(digits.len()))?;
        out.push(&digits)?;
        digits = out.0;
    }
    if let Some(mark) = spec.grouping {
        digits = grouped(
            &digits,
            mark,
            if matches!(spec.kind, Some('b' | 'o' | 'x' | 'X')) {
                4
            } else {
                3
            },
        );
    }
    let sign = sign_of(spec, number < 0).to_owned() + if spec.alternate { prefix } else { "" };
    padded(spec, &sign, &digits, '>')
}

fn exponential(size: f64, precision: usize) -> (String, i32) {
    let spelled = format!("{size:.precision$e}");
    let (digits, exponent) = spelled.split_once('e').unwrap_or((&spelled, "0"));
    (digits.to_owned(), exponent.parse().unwrap_or(0))
}

/// %g: as few digits as say it, at most `precision`, `behind` of them behind the point at least.
fn general(size: f64, precision: usize, alternate: bool, behind: usize) -> String {
    let precision = precision.max(1);
    let (digits, exponent) = exponential(size, precision - 1);
    let trim = |text: String| match !alternate && text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    };
    if exponent < -4 || exponent >= precision as i32 - behind as i32 {
        return format!("{}e{}", trim(digits), signed_exponent(exponent));
    }
    let plain = trim(format!("{size:.*}", (precision as i32 - 1 - exponent).max(0) as usize));
    if behind > 0 && !plain.contains('.') {
        return plain + ".0";
    }
    plain
}

pub fn format_float(spec: &Spec, number: f64) -> Result<String> {
    let size = number.abs();
    let precision = spec.precision.unwrap_or(6);
    if precision > MOST_DIGITS {
        return Err(Fail::new("a number is to be formatted with more digits than there are"));
    }
    let kind = spec.kind.unwrap_or(' ');
    let mut digits = if size.is_nan() {
        "nan".to_owned()
    } else if size.is_infinite() {
        "inf".to_owned()
    } else {
        match kind.to_ascii_lowercase() {
            'f' => format!("{size:.precision$}"),
            'e' => {
                let (digits, exponent) = exponential(size, precision);
                format!("{digits}e{}", signed_exponent(exponent))
            }
            'g' | 'n' => general(size, precision, spec.alternate, 0),
            '%' => format!("{:.precision$}", size * 100.0),
            _ => match spec.precision {
                None => float_repr(size),
                // As %g, but a whole number keeps one digit behind its point.
                Some(precision) => general(size, precision, spec.alternate, 1),
            },
        }
    };
    if spec.alternate && !digits.contains('.') && size.is_finite() && kind.eq_ignore_ascii_case(&'f') {
        digits.push('.');
    }
    if kind.is_ascii_uppercase() {
        digits = digits.to_ascii_uppercase();
    }
    if kind == '%' {
        digits.push('%');
    }
    if let Some(mark) = spec.grouping {
        digits = grouped(&digits, mark, 3);
    }
    let is_zero = spec.positive_zero && !digits.contains(|c: char| ('1'..='9').contains(&c));
    let negative = number.is_sign_negative() && !number.is_nan() && !(is_zero && number.is_finite());
    padded(spec, sign_of(spec, negative), &digits, '>')
}

pub fn format_text(spec: &Spec, text: &str) -> Result<String> {
    let end = spec
        .precision
        .and_then(|count| text.char_indices().nth(count))
        .map_or(text.len(), |(at, _)| at);
    padded(spec, "", &text[..end], '<')
}

pub fn digits(rest: &mut &str) -> Result<Option<usize>> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = &rest[..end];
    *rest = &rest[end..];
    if number.is_empty() {
        return Ok(None);
    }
    let number = number
        .parse::<usize>()
        .ok()
        .filter(|number| *number <= i32::MAX as usize);
    number
        .map(Some)
        .ok_or_else(|| Fail::new("Too many decimal digits in format string"))
}

pub fn take(rest: &mut &str, wanted: &[char]) -> Option<char> {
    let c = rest.chars().next().filter(|c| wanted.contains(c))?;
    *rest = &rest[c.len_utf8()..];
    Some(c)
}

fn parse_spec(text: &str) -> Result<Spec> {
    const ALIGN: [char; 4] = ['<', '>', '=', '^'];
    let mut spec = Spec::default();
    let mut rest = text;
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    if second.is_some_and(|c| ALIGN.contains(&c)) {
        spec.fill = first;
        rest = &rest[first.map_or(0, char::len_utf8)..];
    }
    spec.align = take(&mut rest, &ALIGN);
    spec.sign = take(&mut rest, &['+', '-', ' ']);
    spec.positive_zero = take(&mut rest, &['z']).is_some();
    spec.alternate = take(&mut rest, &['#']).is_some();
    spec.zero = take(&mut rest, &['0']).is_some();
    spec.width = digits(&mut rest)?.unwrap_or(0);
    spec.grouping = take(&mut rest, &[',', '_']);
    if take(&mut rest, &['.']).is_some() {
        let precision = digits(&mut rest)?;
        spec.precision = Some(precision.ok_or_else(|| Fail::new("Format specifier missing precision"))?);
    }
    let mut kind = rest.chars();
    spec.kind = kind.next();
    match kind.next() {
        Some(_) => Err(Fail::new("Invalid format specifier")),
        None => Ok(spec),
    }
}

/// format(value, spec)
pub fn with_spec(value: &Value, text: &str) -> Result<String> {
    if text.is_empty() {
        return to_str(value);
    }
    let unsupported = || {
        Fail::new(format!(
            "unsupported format string passed to {}.__format__",
            value.type_name()
        ))
    };
    if !matches!(value, Value::Str(_) | Value::Bool(_) | Value::Int(_) | Value::Float(_)) {
        return Err(unsupported());
    }
    let spec = parse_spec(text)?;
    let allowed = match value {
        Value::Str(_) => "s",
        Value::Float(_) => "eEfFgGn%",
        _ => "bcdoxXneEfFgG%",
    };
    if spec.kind.is_some_and(|kind| !allowed.contains(kind)) {
        let kind = spec.kind.unwrap_or(' ');
        let name = value.type_name();
        return Err(Fail::new(format!(
            "Unknown format code '{kind}' for object of type '{name}'"
        )));
    }
    match value {
        Value::Str(text) => {
            if spec.positive_zero
                || spec.sign.is_some()
                || spec.align == Some('=')
                || spec.alternate
                || spec.grouping.is_some()
            {
                return Err(Fail::new(
                    "Sign, '=', '#' or ',' is not allowed in a text's format specifier",
                ));
            }
            let align = spec.align.or(spec.zero.then_some('<'));
            format_text(&Spec { align, ..spec }, &text.text)
        }
        Value::Float(number) => format_float(&spec, *number),
        _ => {
            let number = value.as_int().unwrap_or(0);
            let is_float = spec.kind.is_some_and(|kind| "eEfFgG%".contains(kind));
            if !is_float && spec.precision.is_some() {
                return Err(Fail::new("Precision not allowed in integer format specifier"));
            }
            if !is_float && spec.positive_zero {
                return Err(Fail::new(
                    "Negative zero coercion (z) not allowed in format specifier with integer format code",
                ));
            }
            if is_float {
                format_float(&spec, number as f64)
            } else {
                format_int(&spec, number)
            }
        }
    }
}

//! The filters on texts.

use super::arguments::Given;
use super::budget::{take, Writer};
use super::display::to_str;
use super::filters::soft;
use super::percent::percent;
use super::run::Run;
use super::text_methods::{justify, replaced, stripped};
use super::text_splits::lines;
use super::unicode::{escaped, is_space, is_word};
use super::value::*;
use super::{Fail, Result};

fn like(original: &Text, changed: impl Into<String>) -> Result<Value> {
    let changed = changed.into();
    take(changed.len())?;
    let (text, safe) = (changed.into(), original.safe);
    Ok(Value::Str(Text { text, safe }))
}

fn safe(whole: String) -> Value {
    let (text, safe) = (whole.into(), true);
    Value::Str(Text { text, safe })
}

/// The value where only a text will do.
fn required(value: &Value) -> Result<&Text> {
    match value {
        Value::Str(text) => Ok(text),
        _ => {
            value.check_defined()?;
            Err(Fail::new(format!("'{}' object is no text", value.type_name())))
        }
    }
}

impl Run {
    pub fn text_filter(&mut self, name: &str, value: Value, given: Given) -> Result<Value> {
        match name {
            "capitalize" | "lower" | "upper" => {
                given.none(name)?;
                super::text_methods::call(self, &soft(&value)?, name, Given::default())
            }
            "center" => {
                let whole = soft(&value)?;
                let width = given.bind(name, ["width"], 0)?.count(0, 80)?;
                like(&whole, justify(&whole.text, name, width, " ")?)
            }
            "e" | "escape" | "forceescape" => {
                given.none(name)?;
                match &value {
                    Value::Str(Text { safe: true, .. }) if name != "forceescape" => Ok(value),
                    _ => Ok(safe(escaped(&to_str(&value)?)?)),
                }
            }
            "format" => format(&value, given),
            "indent" => indent(&value, given),
            "replace" => {
                let given = given.bind(name, ["old", "new", "count"], 2)?;
                let count = given.some(2).map_or(Ok(-1), super::number::index)?;
                let (old, new) = (to_str(&given.or(0, Value::None))?, to_str(&given.or(1, Value::None))?);
                Ok(text(replaced(&to_str(&value)?, &old, &new, count)?))
            }
            "safe" => {
                given.none(name)?;
                Ok(safe(to_str(&value)?))
            }
            "string" => {
                given.none(name)?;
                Ok(Value::Str(soft(&value)?))
            }
            "striptags" => {
                given.none(name)?;
                Ok(text(without_tags(&to_str(&value)?)?))
            }
            "title" => {
                given.none(name)?;
                let whole = soft(&value)?;
                let changed = title(&whole.text)?;
                Ok(text(changed))
            }
            "trim" => {
                let whole = soft(&value)?;
                let given = given.bind(name, ["chars"], 0)?;
                like(&whole, stripped(&whole.text, "strip", given.some(0))?)
            }
            "truncate" => truncate(&value, given),
            "urlencode" => {
                given.none(name)?;
                url_encoded(&value)
            }
            "wordcount" => {
                given.none(name)?;
                let whole = soft(&value)?;
                let words = whole.text.split(|c| !is_word(c)).filter(|word| !word.is_empty());
                Ok(Value::Int(words.count() as i128))
            }
            "wordwrap" => word_wrap(&value, given),
            "xmlattr" => xml_attributes(
                &value,
                given.bind(name, ["autospace"], 0)?.value(0).is_none_or(Value::is_true),
            ),
            "urlize" => Err(Fail::new("the filter urlize is not supported; a chat is no HTML")),
            _ => Err(Fail::new(format!("there is no filter '{name}'"))),
        }
    }
}

fn format(value: &Value, given: Given) -> Result<Value> {
    if !given.positional.is_empty() && !given.named.is_empty() {
        return Err(Fail::new(
            "can't handle positional and keyword arguments at the same time",
        ));
    }
    let whole = soft(value)?;
    let values = if given.named.is_empty() {
        tuple(given.positional)?
    } else {
        let mut named = Dict::default();
        for (name, value) in given.named {
            named.insert(text(name), value)?;
        }
        Value::Dict(named.into())
    };
    like(&whole, percent(&whole.text, &values, whole.safe)?)
}

fn title(whole: &str) -> Result<String> {
    let mut out = Writer::default();
    let mut begins = true;
    for c in whole.chars() {
        if begins {
            c.to_uppercase().try_for_each(|c| out.push_char(c))?;
        } else {
            c.to_lowercase().try_for_each(|c| out.push_char(c))?;
        }
        begins = is_space(c) || "-({[<".contains(c);
    }
    Ok(out.0)
}

fn indent(value: &Value, given: Given) -> Result<Value> {
    let whole = required(value)?;
    let given = given.bind("indent", ["width", "first", "blank"], 0)?;
    let (first, blank) = (given.flag(1), given.flag(2));
    let width = match given.value(0) {
        Some(Value::Str(width)) => width.text.to_string(),
        _ => {
            let width = given.count(0, 4)?;
            take(width)?;
            " ".repeat(width)
        }
    };
    let with_end = whole.text.to_string() + "\n";
    let mut out = Writer::default();
    for (at, line) in lines(&with_end, false).into_iter().enumerate() {
        out.push(if at == 0 { "" } else { "\n" })?;
        let indents = if at == 0 { first } else { blank || !line.is_empty() };
        out.push(if indents { &width } else { "" })?;
        out.push(line)?;
    }
    like(whole, out.0)
}

fn truncate(value: &Value, given: Given) -> Result<Value> {
    let given = given.bind("truncate", ["length", "killwords", "end", "leeway"], 0)?;
    let (length, leeway) = (given.int(0, 255)?, given.some(3).map_or(Ok(5), super::number::index)?);
    let end = given.value(2).map_or(Ok("..."), |_| given.text(2, "end"))?;
    let kept = length - end.chars().count() as i128;
    if kept < 0 {
        return Err(Fail::new(format!(
            "expected length >= {}, got {length}",
            end.chars().count()
        )));
    }
    if leeway < 0 {
        return Err(Fail::new(format!("expected leeway >= 0, got {leeway}")));
    }
    if value.len()? as i128 <= length + leeway {
        return Ok(value.clone());
    }
    let whole = required(value)?;
    let at = whole
        .text
        .char_indices()
        .nth(kept as usize)
        .map_or(whole.text.len(), |(at, _)| at);
    let mut part = &whole.text[..at];
    if !given.flag(1) {
        part = part.rfind(' ').map_or(part, |at| &part[..at]);
    }
    like(whole, part.to_owned() + end)
}

/// Markup.striptags: no comments, no tags, white space made single, entities read.
pub fn without_tags(whole: &str) -> Result<String> {
    let mut text = whole.to_owned();
    for (begin, end) in [("<!--", "-->"), ("<", ">")] {
        let mut rest = &text[..];
        let mut out = Writer::default();
        while let Some(at) = rest.find(begin) {
            let Some(length) = rest[at..].find(end) else { break };
            out.push(&rest[..at])?;
            rest = &rest[at + length + end.len()..];
        }
        out.push(rest)?;
        text = out.0;
    }
    let words: Vec<&str> = text.split(is_space).filter(|word| !word.is_empty()).collect();
    Ok(unescaped(&words.join(" ")))
}

/// The five entities that escaping writes, and characters by number.
pub fn unescaped(whole: &str) -> String {
    let mut plain = String::with_capacity(whole.len());
    let mut rest = whole;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end <= 12);
        let c = end.and_then(|end| match &rest[1..end] {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some('\u{a0}'),
            name => match name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
                Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
                None => name
                    .strip_prefix('#')
                    .and_then(|code| code.parse().ok())
                    .and_then(char::from_u32),
            },
        });
        match (c, end) {
            (Some(c), Some(end)) => {
                plain.push(c);
                rest = &rest[end + 1..];
            }
            _ => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain + rest
}

fn quoted(value: &Value, in_query: bool) -> Result<String> {
    let whole = match value {
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => to_str(value)?,
    };
    let mut out = Writer::default();
    for byte in whole.bytes() {
        match byte {
            b' ' if in_query => out.push("+")?,
            b'/' if !in_query => out.push("/")?,
            _ if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) => out.push_char(byte as char)?,
            _ => out.push(&format!("%{byte:02X}"))?,
        }
    }
    Ok(out.0)
}

fn url_encoded(value: &Value) -> Result<Value> {
    let pairs = match value {
        Value::Dict(dict) => dict.view(View::Items)?,
        Value::Str(_) | Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Object(_) => {
            return Ok(text(quoted(value, false)?));
        }
        _ => value.iterate()?,
    };
    let mut out = Writer::default();
    for (at, pair) in pairs.iter().enumerate() {
        let [key, value] = &pair.iterate()?[..] else {
            return Err(Fail::new("urlencode takes pairs"));
        };
        out.push(if at == 0 { "" } else { "&" })?;
        out.push(&quoted(key, true)?)?;
        out.push("=")?;
        out.push(&quoted(value, true)?)?;
    }
    Ok(text(out.0))
}

fn xml_attributes(value: &Value, space_first: bool) -> Result<Value> {
    value.check_defined()?;
    let Value::Dict(dict) = value else {
        return Err(Fail::new(format!(
            "'{}' object has no attribute 'items'",
            value.type_name()
        )));
    };
    let mut out = Writer::default();
    for entry in &dict.entries {
        if matches!(entry.value, Value::None | Value::Undefined(_)) {
            continue;
        }
        let key = super::arguments::text_of(&entry.key, "an attribute's name")?;
        if key.contains(|c: char| " \t\n\r\u{b}\u{c}/>=".contains(c)) {
            return Err(Fail::new(format!("Invalid character in attribute name: '{key}'")));
        }
        out.push(if out.0.is_empty() && !space_first { "" } else { " " })?;
        let value = if entry.value.is_safe() {
            to_str(&entry.value)?
        } else {
            escaped(&to_str(&entry.value)?)?
        };
        out.push(&format!("{}=\"{value}\"", escaped(key)?))?;
    }
    Ok(text(out.0))
}

/// The pieces of a line between which it may be cut, as Python's textwrap has them: words, and the white space between
/// them; a word is also cut behind a hyphen between letters, and around a dash of several hyphens between words.
fn pieces(line: &str, hyphens: bool) -> Vec<&str> {
    let chars: Vec<(usize, char)> = line.char_indices().collect();
    let char_at = |at: usize| chars.get(at).map_or(' ', |(_, c)| *c);
    let before = |at: usize, back: usize| at.checked_sub(back).map_or(' ', char_at);
    let is_letter = |c: char| is_word(c) && !super::unicode::is_decimal(c);
    let is_inner = |c: char| is_word(c) || "!\"'&.,?".contains(c);
    let behind_hyphen = |at: usize| {
        let pair = is_letter(before(at, 2)) && is_letter(before(at, 3));
        let single = is_inner(before(at, 2)) && before(at, 3) == '-' && is_letter(before(at, 4));
        let next = if char_at(at + 1) == '-' { at + 2 } else { at + 1 };
        before(at, 1) == '-' && (pair || single) && is_letter(char_at(at)) && is_letter(char_at(next))
    };
    let dash = |at: usize| {
        let size = chars[at..].iter().take_while(|(_, c)| *c == '-').count();
        (size >= 2 && is_inner(before(at, 1)) && is_word(char_at(at + size))).then_some(at + size)
    };
    let mut pieces = Vec::new();
    let (mut begin, mut dash_end) = (0, None);
    for at in 1..chars.len() {
        let is_dash = hyphens.then(|| dash(at)).flatten();
        let cuts = is_break(before(at, 1)) != is_break(char_at(at))
            || is_dash.is_some()
            || dash_end == Some(at)
            || hyphens && behind_hyphen(at);
        dash_end = is_dash.or(dash_end);
        if cuts {
            pieces.push(&line[begin..chars[at].0]);
            begin = chars[at].0;
        }
    }
    if begin < line.len() {
        pieces.push(&line[begin..]);
    }
    pieces
}
fn is_break(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ')
}

fn word_wrap(value: &Value, given: Given) -> Result<Value> {
    let whole = required(value)?;
    let names = ["width", "break_long_words", "wrapstring", "break_on_hyphens"];
    let given = given.bind("wordwrap", names, 0)?;
    let width = given.int(0, 79)?;
    let break_long = given.value(1).is_none_or(Value::is_true);
    let hyphens = given.value(3).is_none_or(Value::is_true);
    let mark = match given.some(2) {
        Some(_) => given.text(2, "wrapstring")?,
        None => "\n",
    };
    let width = usize::try_from(width).ok().filter(|width| *width > 0);
    let width = width.ok_or_else(|| Fail::new("invalid width (must be > 0)"))?;
    let mut wrapped = Vec::new();
    for line in lines(&whole.text, false) {
        let mut rows = Vec::new();
        let mut left: std::collections::VecDeque<String> =
            pieces(line, hyphens).into_iter().map(str::to_owned).collect();
        while !left.is_empty() {
            super::budget::spend(1)?;
            if !rows.is_empty() && left[0].chars().all(is_break) {
                left.pop_front();
                continue;
            }
            rows.push(row(&mut left, width, break_long, hyphens));
        }
        rows.retain(|row: &String| !row.is_empty());
        wrapped.push(rows.join(mark));
    }
    let mut out = Writer::default();
    for (at, line) in wrapped.iter().enumerate() {
        out.push(if at == 0 { "" } else { mark })?;
        out.push(line)?;
    }
    Ok(text(out.0))
}

/// Takes as many pieces as fit in a row; white space at its end goes.
fn row(left: &mut std::collections::VecDeque<String>, width: usize, break_long: bool, hyphens: bool) -> String {
    let mut row: Vec<String> = Vec::new();
    let mut size = 0;
    while let Some(piece) = left.front() {
        let length = piece.chars().count();
        if size + length > width {
            break;
        }
        size += length;
        row.extend(left.pop_front());
    }
    if let Some(piece) = left.front_mut().filter(|piece| piece.chars().count() > width) {
        if break_long {
            let fits = piece.char_indices().nth(width - size);
            let mut at = fits.map_or(piece.len(), |(at, _)| at);
            if let Some(hyphen) = piece[..at].rfind('-').filter(|_| hyphens) {
                if piece[..hyphen].contains(|c| c != '-') {
                    at = hyphen + 1; // Python cuts behind a hyphen that fits
                }
            }
            let rest = piece.split_off(at);
            row.push(std::mem::replace(piece, rest));
        } else if row.is_empty() {
            row.extend(left.pop_front());
        }
    }
    if row.last().is_some_and(|piece| piece.chars().all(is_break)) {
        row.pop();
    }
    row.concat()
}

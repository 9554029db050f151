//! The methods of Python's texts.

use super::arguments::{text_of, Given};
use super::budget::{product, spend, take, Writer};
use super::number;
use super::run::Run;
use super::text_splits::{self, lines, split};
use super::unicode::{self, is_space};
use super::value::{list, text, tuple, Text, Value};
use super::{Fail, Result};

pub const METHODS: [&str; 47] = [
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "maketrans",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];

/// this.name(given)
pub fn call(run: &mut Run, this: &Text, name: &str, given: Given) -> Result<Value> {
    spend(this.text.len() / 16)?;
    let whole = &*this.text;
    if name.starts_with("is") {
        given.none(name)?;
        return Ok(Value::Bool(check(whole, name)));
    }
    let changed = match name {
        "capitalize" | "casefold" | "lower" | "swapcase" | "title" | "upper" => {
            given.none(name)?;
            cased(whole, name)?
        }
        "center" | "ljust" | "rjust" => justified(whole, name, given)?,
        "expandtabs" => expanded(whole, given.bind(name, ["tabsize"], 0)?.int(0, 8)?)?,
        "format" => super::text_format::format(run, this, given)?,
        "format_map" => {
            let given = given.bind(name, [""], 1)?;
            super::text_format::format_map(run, this, &given.or(0, Value::None))?
        }
        "join" => {
            let given = given.bind(name, [""], 1)?;
            let values = given.or(0, Value::None).iterate()?;
            join(whole, &values, this.safe)?
        }
        "lstrip" | "rstrip" | "strip" => {
            let given = given.bind(name, [""], 0)?;
            stripped(whole, name, given.some(0))?.to_owned()
        }
        "removeprefix" | "removesuffix" => {
            let given = given.bind(name, [""], 1)?;
            let part = given.text(0, &format!("{name}() argument"))?;
            let rest = if name == "removeprefix" {
                whole.strip_prefix(part)
            } else {
                whole.strip_suffix(part)
            };
            rest.unwrap_or(whole).to_owned()
        }
        "replace" => {
            let given = given.bind(name, ["", "", ""], 2)?;
            let new = given.text(1, "replace() argument 2")?;
            let new = if this.safe && !given.value(1).is_some_and(Value::is_safe) {
                unicode::escaped(new)?
            } else {
                new.to_owned()
            };
            replaced(whole, given.text(0, "replace() argument 1")?, &new, given.int(2, -1)?)?
        }
        "translate" => text_splits::translate(whole, given)?,
        "zfill" => zero_filled(whole, given.bind(name, [""], 1)?.count(0, 0)?)?,
        _ => return parts(this, name, given),
    };
    take(changed.len())?;
    let (text, safe) = (changed.into(), this.safe);
    Ok(Value::Str(Text { text, safe }))
}

/// The methods that give no single text.
fn parts(this: &Text, name: &str, given: Given) -> Result<Value> {
    let whole = &*this.text;
    let again = |part: &str| {
        let (text, safe) = (part.into(), this.safe);
        Value::Str(Text { text, safe })
    };
    match name {
        "count" | "find" | "index" | "rfind" | "rindex" => find(whole, name, given),
        "startswith" | "endswith" => has_end(whole, name, given),
        "encode" => {
            let given = given.bind(name, ["encoding", "errors"], 0)?;
            let encoding = given
                .value(0)
                .map_or(Ok("utf-8"), |value| text_of(value, "encode() argument"))?;
            let encoding = encoding.to_ascii_lowercase().replace(['_', '-'], "");
            match &*encoding {
                "utf8" => {}
                "ascii" | "latin1" | "iso88591" if whole.is_ascii() => {}
                _ => {
                    return Err(Fail::new(format!(
                        "encode() to '{encoding}' is not supported; use utf-8"
                    )))
                }
            }
            Ok(Value::Bytes(whole.as_bytes().into()))
        }
        "partition" | "rpartition" => {
            let given = given.bind(name, [""], 1)?;
            let mark = given.text(0, "a separator")?;
            if mark.is_empty() {
                return Err(Fail::new("empty separator"));
            }
            let at = if name == "partition" {
                whole.find(mark)
            } else {
                whole.rfind(mark)
            };
            tuple(match at {
                Some(at) => vec![again(&whole[..at]), again(mark), again(&whole[at + mark.len()..])],
                None if name == "partition" => vec![again(whole), again(""), again("")],
                None => vec![again(""), again(""), again(whole)],
            })
        }
        "split" | "rsplit" => {
            let given = given.bind(name, ["sep", "maxsplit"], 0)?;
            let mark = given.some(0).map(|mark| text_of(mark, "a separator")).transpose()?;
            let parts = split(whole, mark, given.int(1, -1)?, name == "rsplit")?;
            list(parts.into_iter().map(again).collect())
        }
        "splitlines" => {
            let keep = given.bind(name, ["keepends"], 0)?.flag(0);
            list(lines(whole, keep).into_iter().map(again).collect())
        }
        "maketrans" => text_splits::make_table(given),
        _ => Err(Fail::new(format!("'str' object has no attribute '{name}'"))),
    }
}

fn check(whole: &str, name: &str) -> bool {
    let all = |test: fn(char) -> bool| !whole.is_empty() && whole.chars().all(test);
    match name {
        "isalnum" => all(|c| unicode::is_letter(c) || unicode::is_numeric(c) || unicode::is_digit(c)),
        "isalpha" => all(unicode::is_letter),
        "isascii" => whole.is_ascii(),
        "isdecimal" => all(unicode::is_decimal),
        "isdigit" => all(unicode::is_digit),
        "isidentifier" => unicode::is_identifier(whole),
        "isnumeric" => all(unicode::is_numeric),
        "isprintable" => whole.chars().all(unicode::is_printable),
        "isspace" => all(is_space),
        "islower" => {
            whole.chars().any(char::is_lowercase) && !whole.chars().any(|c| c.is_uppercase() || unicode::is_title(c))
        }
        "isupper" => {
            whole.chars().any(char::is_uppercase) && !whole.chars().any(|c| c.is_lowercase() || unicode::is_title(c))
        }
        _ => {
            // istitle: upper case only where a word begins, lower case only inside
            let (mut inside, mut any) = (false, false);
            for c in whole.chars() {
                let is_upper = c.is_uppercase() || unicode::is_title(c);
                if is_upper && inside || c.is_lowercase() && !inside {
                    return false;
                }
                inside = is_upper || c.is_lowercase();
                any = any || inside;
            }
            any
        }
    }
}

fn cased(whole: &str, name: &str) -> Result<String> {
    let mut out = Writer::default();
    match name {
        "lower" => return Ok(whole.to_lowercase()),
        "upper" => return Ok(whole.to_uppercase()),
        "casefold" => whole.chars().try_for_each(|c| unicode::fold_case(&mut out, c))?,
        "capitalize" => {
            let mut chars = whole.chars();
            if let Some(first) = chars.next() {
                out.push(&unicode::title_case(first))?;
                out.push(&chars.as_str().to_lowercase())?;
            }
        }
        "swapcase" => {
            for c in whole.chars() {
                if c.is_uppercase() {
                    c.to_lowercase().try_for_each(|c| out.push_char(c))?;
                } else if c.is_lowercase() {
                    c.to_uppercase().try_for_each(|c| out.push_char(c))?;
                } else {
                    out.push_char(c)?;
                }
            }
        }
        _ => {
            let mut inside = false;
            for c in whole.chars() {
                if inside {
                    c.to_lowercase().try_for_each(|c| out.push_char(c))?;
                } else {
                    out.push(&unicode::title_case(c))?;
                }
                inside = c.is_uppercase() || c.is_lowercase() || unicode::is_title(c);
            }
        }
    }
    Ok(out.0)
}

fn justified(whole: &str, name: &str, given: Given) -> Result<String> {
    let given = given.bind(name, ["", ""], 1)?;
    let fill = given
        .value(1)
        .map_or(Ok(" "), |fill| text_of(fill, "the fill character"))?;
    if fill.chars().count() != 1 {
        return Err(Fail::new("The fill character must be exactly one character long"));
    }
    justify(whole, name, given.count(0, 0)?, fill)
}

pub fn justify(whole: &str, name: &str, width: usize, fill: &str) -> Result<String> {
    let missing = width.saturating_sub(whole.chars().count());
    let before = match name {
        "ljust" => 0,
        "rjust" => missing,
        _ => missing / 2 + (missing & width & 1),
    };
    let mut out = Writer::default();
    out.repeat(fill, before)?;
    out.push(whole)?;
    out.repeat(fill, missing - before)?;
    Ok(out.0)
}

fn expanded(whole: &str, size: i128) -> Result<String> {
    let size = usize::try_from(size.max(0)).map_err(|_| Fail::new("a tab is wider than any memory"))?;
    let mut out = Writer::default();
    let mut column = 0;
    for c in whole.chars() {
        if c == '\t' {
            let spaces = if size == 0 { 0 } else { size - column % size };
            out.repeat(" ", spaces)?;
            column += spaces;
        } else {
            out.push_char(c)?;
            column = if c == '\n' || c == '\r' { 0 } else { column + 1 };
        }
    }
    Ok(out.0)
}

pub fn join(mark: &str, values: &[Value], safe: bool) -> Result<String> {
    let mut out = Writer::default();
    for (at, value) in values.iter().enumerate() {
        let Some(part) = value.as_str() else {
            let name = value.type_name();
            return Err(Fail::new(format!(
                "sequence item {at}: expected str instance, {name} found"
            )));
        };
        out.push(if at == 0 { "" } else { mark })?;
        match safe && !value.is_safe() {
            true => out.push(&unicode::escaped(part)?)?,
            false => out.push(part)?,
        }
    }
    Ok(out.0)
}

pub fn stripped<'a>(whole: &'a str, name: &str, chars: Option<&Value>) -> Result<&'a str> {
    let chars = chars.map(|chars| text_of(chars, &format!("{name} arg"))).transpose()?;
    let of = |c: char| chars.map_or_else(|| is_space(c), |chars| chars.contains(c));
    Ok(match name {
        "lstrip" => whole.trim_start_matches(of),
        "rstrip" => whole.trim_end_matches(of),
        _ => whole.trim_matches(of),
    })
}

/// `old` replaced by `new`, `most` times at most; without end if that is negative.
pub fn replaced(whole: &str, old: &str, new: &str, most: i128) -> Result<String> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let count = whole.matches(old).count().min(most);
    take(product(count, new.len())?.saturating_add(whole.len()))?;
    Ok(whole.replacen(old, new, most))
}

fn zero_filled(whole: &str, width: usize) -> Result<String> {
    let sign = if whole.starts_with(['+', '-']) { 1 } else { 0 };
    let mut out = Writer::default();
    out.push(&whole[..sign])?;
    out.repeat("0", width.saturating_sub(whole.chars().count()))?;
    out.push(&whole[sign..])?;
    Ok(out.0)
}

/// The bytes of whole[start:end]; nothing if start is behind the end.
fn stretch(whole: &str, start: Option<&Value>, end: Option<&Value>) -> Result<Option<(usize, usize)>> {
    if start.is_none() && end.is_none() {
        return Ok(Some((0, whole.len())));
    }
    let length = whole.chars().count() as i128;
    let clamp = |value: Option<&Value>, default: i128| -> Result<i128> {
        let at = value.map_or(Ok(default), number::index)?;
        Ok(if at < 0 { (at + length).max(0) } else { at })
    };
    let (start, end) = (clamp(start, 0)?, clamp(end, length)?.min(length));
    if start > end {
        return Ok(None);
    }
    let byte = |at: i128| whole.char_indices().nth(at as usize).map_or(whole.len(), |(at, _)| at);
    Ok(Some((byte(start), byte(end))))
}

fn find(whole: &str, name: &str, given: Given) -> Result<Value> {
    let given = given.bind(name, ["", "", ""], 1)?;
    let part = given.text(0, "what is sought")?;
    let found = match stretch(whole, given.some(1), given.some(2))? {
        None => None,
        Some((start, end)) => {
            let within = &whole[start..end];
            if name == "count" {
                return Ok(Value::Int(within.matches(part).count() as i128));
            }
            let at = if name.starts_with('r') {
                within.rfind(part)
            } else {
                within.find(part)
            };
            at.map(|at| whole[..start + at].chars().count() as i128)
        }
    };
    match found {
        Some(at) => Ok(Value::Int(at)),
        None if name == "count" => Ok(Value::Int(0)),
        None if name.ends_with("index") => Err(Fail::new("substring not found")),
        None => Ok(Value::Int(-1)),
    }
}

fn has_end(whole: &str, name: &str, given: Given) -> Result<Value> {
    let given = given.bind(name, ["", "", ""], 1)?;
    let stretch = stretch(whole, given.some(1), given.some(2))?;
    let has = |part: &Value| {
        let Some(part) = part.as_str() else {
            let kind = part.type_name();
            return Err(Fail::new(format!(
                "{name} first arg must be str or a tuple of str, not {kind}"
            )));
        };
        Ok(stretch.is_some_and(|(start, end)| match name {
            "startswith" => whole[start..end].starts_with(part),
            _ => whole[start..end].ends_with(part),
        }))
    };
    match given.value(0) {
        Some(Value::Tuple(parts)) => {
            for part in &parts.values {
                if has(part)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        Some(part) => Ok(Value::Bool(has(part)?)),
        None => Ok(text("")),
    }
}

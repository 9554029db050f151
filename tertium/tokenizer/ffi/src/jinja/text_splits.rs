//! Texts cut into parts, and translated character by character.

use super::arguments::Given;
use super::budget::{spend, take, Writer};
use super::unicode::{is_line_end, is_space};
use super::value::{Dict, Key, Value};
use super::{Fail, Result};

/// str.split and, from the end, str.rsplit; without a mark white space parts.
pub fn split<'a>(whole: &'a str, mark: Option<&str>, most: i128, from_end: bool) -> Result<Vec<&'a str>> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let Some(mark) = mark else {
        let mut rest = whole;
        loop {
            spend(1)?;
            rest = if from_end {
                rest.trim_end_matches(is_space)
            } else {
                rest.trim_start_matches(is_space)
            };
            if rest.is_empty() {
                break;
            }
            let end = if from_end {
                rest.rfind(is_space)
            } else {
                rest.find(is_space)
            };
            let (Some(at), true) = (end, parts.len() < most) else {
                parts.push(rest);
                break;
            };
            let space = rest[at..].chars().next().map_or(1, char::len_utf8);
            if from_end {
                parts.push(&rest[at + space..]);
                rest = &rest[..at];
            } else {
                parts.push(&rest[..at]);
                rest = &rest[at..];
            }
        }
        if from_end {
            parts.reverse();
        }
        return Ok(parts);
    };
    if mark.is_empty() {
        return Err(Fail::new("empty separator"));
    }
    let count = whole.matches(mark).count();
    take(count.saturating_mul(std::mem::size_of::<&str>()))?;
    match (from_end, most.checked_add(1)) {
        (false, Some(parts_at_most)) => parts.extend(whole.splitn(parts_at_most, mark)),
        (false, None) => parts.extend(whole.split(mark)),
        (true, parts_at_most) => {
            parts.extend(whole.rsplitn(parts_at_most.unwrap_or(usize::MAX), mark));
            parts.reverse();
        }
    }
    Ok(parts)
}

/// str.splitlines
pub fn lines(whole: &str, keep_ends: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = whole;
    while !rest.is_empty() {
        let at = rest.find(is_line_end).unwrap_or(rest.len());
        let end = match rest[at..].chars().next() {
            Some('\r') if rest[at + 1..].starts_with('\n') => 2,
            Some(c) => c.len_utf8(),
            None => 0,
        };
        lines.push(&rest[..if keep_ends { at + end } else { at }]);
        rest = &rest[at + end..];
    }
    lines
}

/// str.maketrans: a dictionary of the numbers of characters.
pub fn make_table(given: Given) -> Result<Value> {
    let given = given.bind("maketrans", ["", "", ""], 1)?;
    let mut table = Dict::default();
    if given.value(1).is_none() {
        let Some(Value::Dict(pairs)) = given.value(0) else {
            return Err(Fail::new(
                "if you give only one argument to maketrans it must be a dict",
            ));
        };
        for entry in &pairs.entries {
            let key = match entry.key.as_str() {
                Some(key) if key.chars().count() == 1 => Value::Int(key.chars().map(|c| c as i128).sum()),
                Some(_) => return Err(Fail::new("string keys in translate table must be of length 1")),
                None => entry.key.clone(),
            };
            table.insert(key, entry.value.clone())?;
        }
        return Ok(Value::Dict(table.into()));
    }
    let (from, to) = (
        given.text(0, "maketrans() argument")?,
        given.text(1, "maketrans() argument 2")?,
    );
    if from.chars().count() != to.chars().count() {
        return Err(Fail::new("the first two maketrans arguments must have equal length"));
    }
    for (from, to) in from.chars().zip(to.chars()) {
        table.insert(Value::Int(from as i128), Value::Int(to as i128))?;
    }
    if given.value(2).is_some() {
        for dropped in given.text(2, "maketrans() argument 3")?.chars() {
            table.insert(Value::Int(dropped as i128), Value::None)?;
        }
    }
    Ok(Value::Dict(table.into()))
}

pub fn translate(whole: &str, given: Given) -> Result<String> {
    let given = given.bind("translate", [""], 1)?;
    let mut out = Writer::default();
    for c in whole.chars() {
        let new = match given.value(0) {
            Some(Value::Dict(table)) => table.get(&Key::Int(c as i128))?,
            Some(Value::List(_) | Value::Tuple(_) | Value::Str(_)) => {
                return Err(Fail::new("translate() takes a dictionary"));
            }
            other => {
                let name = other.map_or("nothing", Value::type_name);
                return Err(Fail::new(format!("'{name}' object is not subscriptable")));
            }
        };
        match new {
            None => out.push_char(c)?,
            Some(Value::None) => {}
            Some(Value::Str(new)) => out.push(&new.text)?,
            Some(new) => match new
                .as_int()
                .and_then(|code| u32::try_from(code).ok())
                .and_then(char::from_u32)
            {
                Some(new) => out.push_char(new)?,
                None => return Err(Fail::new("character mapping must return integer, None or str")),
            },
        }
    }
    Ok(out.0)
}

//! JSON: the variables of a template, and tojson, which is Python's json.dumps.

use std::fmt;
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::arguments::{text_of, Given};
use super::budget::{product, spend, Writer};
use super::display::to_str;
use super::number::float_repr;
use super::operators::sorted;
use super::value::{list, text, Dict, Value};
use super::{Fail, Result};

struct Read;

impl<'de> DeserializeSeed<'de> for Read {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Read {
    type Value = Value;
    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a value of JSON")
    }
    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(Value::Int(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(Value::Int(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> std::result::Result<Value, E> {
        Ok(Value::Float(value))
    }
    fn visit_str<E>(self, value: &str) -> std::result::Result<Value, E> {
        Ok(text(value))
    }
    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> std::result::Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = from.next_element_seed(Read)? {
            values.push(value);
        }
        list(values).map_err(A::Error::custom)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> std::result::Result<Value, A::Error> {
        let mut dict = Dict::default();
        while let Some(key) = from.next_key::<String>()? {
            dict.insert(text(key), from.next_value_seed(Read)?)
                .map_err(A::Error::custom)?;
        }
        Ok(Value::Dict(Rc::new(dict)))
    }
}

/// The members of a JSON object.
pub fn parse_object(bytes: &[u8]) -> Result<Vec<(Rc<str>, Value)>> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Read
        .deserialize(&mut reader)
        .map_err(|error| Fail::new(error.to_string()))?;
    let Value::Dict(dict) = value else {
        return Err(Fail::new("the variables are no JSON object"));
    };
    let members = dict.entries.iter();
    Ok(members
        .map(|entry| (entry.key.as_str().unwrap_or("").into(), entry.value.clone()))
        .collect())
}

struct Options {
    ascii: bool,
    indent: Option<String>,
    comma: String,
    colon: String,
    sort: bool,
}

/// tojson(value, ensure_ascii, indent, separators, sort_keys), as transformers has it.
pub fn dumps(value: &Value, given: Given) -> Result<Value> {
    let given = given.bind("tojson", ["ensure_ascii", "indent", "separators", "sort_keys"], 0)?;
    let indent = match given.some(1) {
        None => None,
        Some(Value::Str(indent)) => Some(indent.text.to_string()),
        Some(indent) => {
            let count = super::number::count(indent)?;
            super::budget::take(count)?;
            Some(" ".repeat(count))
        }
    };
    let (mut comma, mut colon) = (if indent.is_some() { "," } else { ", " }.to_owned(), ": ".to_owned());
    if let Some(separators) = given.some(2) {
        let [first, second] = &separators.iterate()?[..] else {
            return Err(Fail::new("separators are two texts"));
        };
        comma = text_of(first, "a separator")?.to_owned();
        colon = text_of(second, "a separator")?.to_owned();
    }
    let options = Options {
        ascii: given.flag(0),
        indent,
        comma,
        colon,
        sort: given.flag(3),
    };
    let mut out = Writer::default();
    write(&mut out, value, &options, 0)?;
    Ok(text(out.0))
}

fn write(out: &mut Writer, value: &Value, options: &Options, level: usize) -> Result<()> {
    spend(1)?;
    match value {
        Value::None => out.push("null"),
        Value::Bool(value) => out.push(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push(&value.to_string()),
        Value::Float(value) => out.push(&float(*value)),
        Value::Str(value) => write_text(out, &value.text, options.ascii),
        Value::List(items) | Value::Tuple(items) => {
            out.push("[")?;
            for (at, value) in items.values.iter().enumerate() {
                begin(out, options, level, at)?;
                write(out, value, options, level + 1)?;
            }
            end(out, options, level, items.values.is_empty())?;
            out.push("]")
        }
        Value::Dict(dict) => write_dict(out, dict, options, level),
        _ => Err(Fail::new(format!(
            "Object of type {} is not JSON serializable",
            value.type_name()
        ))),
    }
}

fn float(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => float_repr(value),
    }
}

fn write_dict(out: &mut Writer, dict: &Dict, options: &Options, level: usize) -> Result<()> {
    let entries = dict
        .entries
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.clone()));
    let mut entries: Vec<(Value, Value)> = entries.collect();
    if options.sort {
        entries = sorted(entries, false)?;
    }
    out.push("{")?;
    for (at, (key, value)) in entries.iter().enumerate() {
        let key = match key {
            Value::Str(key) => key.text.to_string(),
            Value::None => "null".into(),
            Value::Bool(key) => key.to_string(),
            Value::Int(_) => to_str(key)?,
            Value::Float(key) => float(*key),
            _ => {
                let kind = key.type_name();
                return Err(Fail::new(format!(
                    "keys must be str, int, float, bool or None, not {kind}"
                )));
            }
        };
        begin(out, options, level, at)?;
        write_text(out, &key, options.ascii)?;
        out.push(&options.colon)?;
        write(out, value, options, level + 1)?;
    }
    end(out, options, level, entries.is_empty())?;
    out.push("}")
}

fn new_line(out: &mut Writer, indent: &str, level: usize) -> Result<()> {
    out.push("\n")?;
    product(level, indent.len())?;
    out.repeat(indent, level)
}
fn begin(out: &mut Writer, options: &Options, level: usize, at: usize) -> Result<()> {
    if at > 0 {
        out.push(&options.comma)?;
    }
    options
        .indent
        .as_ref()
        .map_or(Ok(()), |indent| new_line(out, indent, level + 1))
}
fn end(out: &mut Writer, options: &Options, level: usize, empty: bool) -> Result<()> {
    match &options.indent {
        Some(indent) if !empty => new_line(out, indent, level),
        _ => Ok(()),
    }
}

fn write_text(out: &mut Writer, whole: &str, ascii: bool) -> Result<()> {
    out.push("\"")?;
    for c in whole.chars() {
        match c {
            '"' => out.push("\\\"")?,
            '\\' => out.push("\\\\")?,
            '\n' => out.push("\\n")?,
            '\r' => out.push("\\r")?,
            '\t' => out.push("\\t")?,
            '\u{8}' => out.push("\\b")?,
            '\u{c}' => out.push("\\f")?,
            _ if c < ' ' || ascii && !(' '..='~').contains(&c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push(&format!("\\u{unit:04x}"))?;
                }
            }
            _ => out.push_char(c)?,
        }
    }
    out.push("\"")
}

//! The filters behind `|`: which there are, and those on single values.

use super::arguments::Given;
use super::display::to_str;
use super::json;
use super::number::{self, parse_float, parse_int, rounded, rounded_int, truncated};
use super::run::Run;
use super::value::*;
use super::{Fail, Result};

pub const FILTERS: [&str; 54] = [
    "abs",
    "attr",
    "batch",
    "capitalize",
    "center",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "filesizeformat",
    "first",
    "float",
    "forceescape",
    "format",
    "groupby",
    "indent",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "items",
    "map",
    "min",
    "max",
    "pprint",
    "random",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "string",
    "striptags",
    "sum",
    "title",
    "trim",
    "truncate",
    "unique",
    "upper",
    "urlencode",
    "urlize",
    "wordcount",
    "wordwrap",
    "xmlattr",
    "tojson",
];

impl Run {
    /// value | name(given)
    pub fn filter(&mut self, name: &str, value: Value, given: Given) -> Result<Value> {
        self.deeper(|run| match name {
            "abs" | "attr" | "d" | "default" | "float" | "int" | "round" | "filesizeformat" | "pprint" | "tojson"
            | "count" | "length" => run.value_filter(name, value, given),
            "batch" | "dictsort" | "first" | "groupby" | "items" | "join" | "last" | "list" | "map" | "max" | "min"
            | "random" | "reject" | "rejectattr" | "reverse" | "select" | "selectattr" | "slice" | "sort" | "sum"
            | "unique" => run.sequence_filter(name, value, given),
            _ => run.text_filter(name, value, given),
        })
    }

    fn value_filter(&mut self, name: &str, value: Value, given: Given) -> Result<Value> {
        match name {
            "abs" => {
                given.none(name)?;
                match &value {
                    Value::Float(number) => Ok(Value::Float(number.abs())),
                    _ => match value.as_int() {
                        Some(number) => Ok(Value::Int(number.checked_abs().ok_or_else(number::too_large)?)),
                        None => Err(Fail::new(format!(
                            "bad operand type for abs(): '{}'",
                            value.type_name()
                        ))),
                    },
                }
            }
            "attr" => {
                let given = given.bind(name, ["name"], 1)?;
                let attribute = given.text(0, "attribute name")?;
                match &value {
                    Value::Dict(dict) if dict.get_str(attribute)?.is_some() => {
                        // An item is no attribute: a method of that name is.
                        let own = super::methods::attribute(&value, attribute)?;
                        Ok(own.unwrap_or_else(|| undefined(format!("'dict object' has no attribute '{attribute}'"))))
                    }
                    _ => self.attribute(&value, attribute),
                }
            }
            "d" | "default" => {
                let given = given.bind(name, ["default_value", "boolean"], 0)?;
                let is_missing = matches!(value, Value::Undefined(_)) || given.flag(1) && !value.is_true();
                Ok(if is_missing { given.or(0, text("")) } else { value })
            }
            "count" | "length" => {
                given.none(name)?;
                if let Value::Object(object) = &value {
                    if matches!(**object, Object::Loop(_)) {
                        return self.attribute(&value, "length");
                    }
                }
                Ok(Value::Int(value.len()? as i128))
            }
            "float" => {
                let given = given.bind(name, ["default"], 0)?;
                let number = match &value {
                    Value::Str(text) => parse_float(&text.text),
                    _ => {
                        value.check_defined()?;
                        value.as_float()
                    }
                };
                Ok(number.map_or_else(|| given.or(0, Value::Float(0.0)), Value::Float))
            }
            "int" => int(&value, given),
            "round" => round(&value, given),
            "filesizeformat" => file_size(&value, given.bind(name, ["binary"], 0)?.flag(0)),
            "tojson" => json::dumps(&value, given),
            _ => {
                given.none(name)?;
                pretty(&value)
            }
        }
    }
}

fn int(value: &Value, given: Given) -> Result<Value> {
    let given = given.bind("int", ["default", "base"], 0)?;
    value.check_defined()?;
    let whole = match value {
        Value::Float(number) if number.is_nan() => None,
        Value::Float(number) => Some(truncated(*number)?),
        Value::Str(text) => match parse_int(&text.text, base(given.int(1, 10)?)?) {
            Some(number) => Some(number?),
            None => match parse_float(&text.text) {
                Some(number) if number.is_finite() => Some(truncated(number)?),
                _ => None,
            },
        },
        _ => value.as_int(),
    };
    Ok(whole.map_or_else(|| given.or(0, Value::Int(0)), Value::Int))
}

fn base(base: i128) -> Result<u32> {
    match base {
        0 | 2..=36 => Ok(base as u32),
        _ => Ok(99), // Python's int() refuses it, and the filter then takes the text for a float
    }
}

fn round(value: &Value, given: Given) -> Result<Value> {
    let given = given.bind("round", ["precision", "method"], 0)?;
    let precision = given.int(0, 0)?;
    let method = given
        .value(1)
        .map_or(Ok("common"), |_| given.text(1, "method"))?
        .to_owned();
    if !matches!(&*method, "common" | "ceil" | "floor") {
        return Err(Fail::new("method must be common, ceil or floor"));
    }
    if method == "common" {
        return match value {
            Value::Float(number) => Ok(Value::Float(rounded(*number, precision))),
            _ => match value.as_int() {
                Some(number) => Ok(Value::Int(rounded_int(number, precision))),
                None => {
                    value.check_defined()?;
                    Err(Fail::new(format!(
                        "type {} doesn't define __round__ method",
                        value.type_name()
                    )))
                }
            },
        };
    }
    value.check_defined()?;
    let Some(number) = value.as_float() else {
        return Err(Fail::new(format!("must be real number, not {}", value.type_name())));
    };
    let scale = 10f64.powi(precision.clamp(-400, 400) as i32);
    let scaled = number * scale;
    let whole = truncated(if method == "ceil" {
        scaled.ceil()
    } else {
        scaled.floor()
    })?;
    Ok(Value::Float(whole as f64 / scale))
}

fn file_size(value: &Value, binary: bool) -> Result<Value> {
    value.check_defined()?;
    let size = match value {
        Value::Str(text) => parse_float(&text.text),
        _ => value.as_float(),
    };
    let size = size.ok_or_else(|| Fail::new("could not convert the value to a number of bytes"))?;
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if size == 1.0 {
        return Ok(text("1 Byte"));
    }
    if size < base {
        return Ok(text(format!("{} Bytes", truncated(size)?)));
    }
    let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    let at = (0..7).find(|&at| size < base.powi(at + 2)).unwrap_or(7);
    let prefix = prefixes[at as usize];
    let prefix = if binary {
        prefix.to_uppercase() + "i"
    } else {
        prefix.to_owned()
    };
    Ok(text(format!("{:.1} {prefix}B", base * size / base.powi(at + 2))))
}

/// pprint, for what fits in a line.
fn pretty(value: &Value) -> Result<Value> {
    const LINE: usize = 80;
    let sorted = by_key(value)?;
    let line = super::display::repr(&sorted)?;
    match line.chars().count() <= LINE {
        true => Ok(text(line)),
        false => Err(Fail::new("pprint of more than a line is not supported; use tojson")),
    }
}

fn by_key(value: &Value) -> Result<Value> {
    match value {
        Value::List(items) => list(items.values.iter().map(by_key).collect::<Result<_>>()?),
        Value::Tuple(items) => tuple(items.values.iter().map(by_key).collect::<Result<_>>()?),
        Value::Dict(dict) => {
            let entries = dict
                .entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.clone()))
                .collect();
            let mut by_keys = Dict::default();
            for (key, value) in super::operators::sorted(entries, false)? {
                by_keys.insert(key, by_key(&value)?)?;
            }
            Ok(Value::Dict(by_keys.into()))
        }
        _ => Ok(value.clone()),
    }
}

/// The value as a text, as most filters on texts take it; Markup stays Markup.
pub fn soft(value: &Value) -> Result<Text> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        _ => {
            let (text, safe) = (to_str(value)?.into(), false);
            Ok(Text { text, safe })
        }
    }
}

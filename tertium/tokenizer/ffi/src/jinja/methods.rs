//! The attributes and methods of Python's own types but texts; those that would change a value are refused, as in
//! transformers' sandbox.

use std::rc::Rc;

use super::arguments::Given;
use super::number;
use super::operators::{equal, same};
use super::run::Run;
use super::text_methods;
use super::value::*;
use super::{Fail, Result};

const LIST: [&str; 3] = ["copy", "count", "index"];
const LIST_CHANGES: [&str; 8] = [
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
];
const DICT: [&str; 6] = ["copy", "fromkeys", "get", "items", "keys", "values"];
const DICT_CHANGES: [&str; 5] = ["clear", "pop", "popitem", "setdefault", "update"];
const INT: [&str; 5] = ["as_integer_ratio", "bit_count", "bit_length", "conjugate", "to_bytes"];
const FLOAT: [&str; 4] = ["as_integer_ratio", "conjugate", "hex", "is_integer"];
const MARKUP: [&str; 3] = ["escape", "striptags", "unescape"];

pub fn method_of(value: &Value, name: &str) -> Value {
    Value::Object(Rc::new(Object::Method(value.clone(), name.into())))
}

/// The attribute of a value of one of Python's own types, if there is one.
pub fn attribute(value: &Value, name: &str) -> Result<Option<Value>> {
    let (methods, changes): (&[&str], &[&str]) = match value {
        Value::Str(text) if text.safe && MARKUP.contains(&name) => (&MARKUP, &[]),
        Value::Str(_) => (&text_methods::METHODS, &[]),
        Value::Bytes(_) => (&["decode"], &[]),
        Value::List(_) => (&LIST, &LIST_CHANGES),
        Value::Tuple(items) => {
            if items.group && (name == "grouper" || name == "list") {
                return Ok(Some(items.values[usize::from(name == "list")].clone()));
            }
            (&LIST[1..], &[])
        }
        Value::Dict(_) => (&DICT, &DICT_CHANGES),
        Value::Int(_) | Value::Bool(_) => (&INT, &[]),
        Value::Float(_) => (&FLOAT, &[]),
        Value::Range(range) => {
            let number = match name {
                "start" => range.start,
                "stop" => range.stop,
                "step" => range.step,
                _ => return Ok(LIST[1..].contains(&name).then(|| method_of(value, name))),
            };
            return Ok(Some(Value::Int(number)));
        }
        _ => (&[], &[]),
    };
    if changes.contains(&name) {
        let kind = value.type_name();
        return Ok(Some(undefined(format!(
            "access to attribute '{name}' of '{kind}' object is unsafe."
        ))));
    }
    if methods.contains(&name) {
        return Ok(Some(method_of(value, name)));
    }
    Ok(match (value, name) {
        (Value::Int(_) | Value::Bool(_), "real" | "numerator") => value.as_int().map(Value::Int),
        (Value::Int(_) | Value::Bool(_), "denominator") => Some(Value::Int(1)),
        (Value::Int(_) | Value::Bool(_), "imag") => Some(Value::Int(0)),
        (Value::Float(number), "real") => Some(Value::Float(*number)),
        (Value::Float(_), "imag") => Some(Value::Float(0.0)),
        _ => None,
    })
}

/// this.name(given)
pub fn call(run: &mut Run, this: &Value, name: &str, given: Given) -> Result<Value> {
    match this {
        Value::Str(whole) if MARKUP.contains(&name) => markup(whole, name, given),
        Value::Str(whole) => text_methods::call(run, whole, name, given),
        Value::Bytes(bytes) => {
            let _ = given.bind(name, ["encoding", "errors"], 0)?;
            let whole = std::str::from_utf8(bytes).map_err(|_| Fail::new("the bytes are not UTF-8"))?;
            Ok(text(whole))
        }
        Value::List(_) | Value::Tuple(_) | Value::Range(_) => sequence(this, name, given),
        Value::Dict(dict) => dictionary(dict, name, given),
        Value::Object(object) => self::object(object, name, given),
        _ => numeric(this, name, given),
    }
}

fn markup(whole: &Text, name: &str, given: Given) -> Result<Value> {
    let changed = match name {
        "escape" => super::unicode::escaped(given.bind(name, [""], 1)?.text(0, "escape() argument")?)?,
        "striptags" => super::text_filters::without_tags(&whole.text)?,
        _ => super::text_filters::unescaped(&whole.text),
    };
    let (text, safe) = (changed.into(), name == "escape");
    Ok(Value::Str(Text { text, safe }))
}

fn sequence(this: &Value, name: &str, given: Given) -> Result<Value> {
    if name == "copy" {
        given.none(name)?;
        return Ok(this.clone());
    }
    let given = given.bind(name, ["", "", ""], 1)?;
    let sought = given.or(0, Value::None);
    let values = this.iterate()?;
    let length = values.len() as i128;
    if name == "count" {
        let mut count = 0;
        for value in &values {
            count += i128::from(same(value, &sought) || equal(value, &sought)?);
        }
        return Ok(Value::Int(count));
    }
    let clamp = |at: i128| if at < 0 { (at + length).max(0) } else { at.min(length) } as usize;
    let (start, stop) = (clamp(given.int(1, 0)?), clamp(given.int(2, length)?));
    for (at, value) in values.iter().enumerate().take(stop).skip(start) {
        if same(value, &sought) || equal(value, &sought)? {
            return Ok(Value::Int(at as i128));
        }
    }
    let sought = super::display::repr(&sought)?;
    Err(Fail::new(match this {
        Value::Tuple(_) => "tuple.index(x): x not in tuple".to_owned(),
        _ => format!("{sought} is not in {}", this.type_name()),
    }))
}

fn dictionary(dict: &Rc<Dict>, name: &str, given: Given) -> Result<Value> {
    Ok(match name {
        "get" => {
            let given = given.bind(name, ["", ""], 1)?;
            let key = given.or(0, Value::None).as_key()?;
            dict.get(&key)?.unwrap_or_else(|| given.or(1, Value::None))
        }
        "fromkeys" => from_keys(given)?,
        _ => {
            given.none(name)?;
            match name {
                "items" => Value::View(View::Items, dict.clone()),
                "keys" => Value::View(View::Keys, dict.clone()),
                "values" => Value::View(View::Values, dict.clone()),
                _ => Value::Dict(dict.clone()),
            }
        }
    })
}

pub fn from_keys(given: Given) -> Result<Value> {
    let given = given.bind("fromkeys", ["", ""], 1)?;
    let mut dict = Dict::default();
    for key in given.or(0, Value::None).iterate()? {
        dict.insert(key, given.or(1, Value::None))?;
    }
    Ok(Value::Dict(dict.into()))
}

fn object(object: &Rc<Object>, name: &str, given: Given) -> Result<Value> {
    match (&**object, name) {
        (Object::Loop(this), "cycle") => {
            let at = this.state.borrow().taken - 1;
            let items = given.positional;
            if items.is_empty() {
                return Err(Fail::new("no items for cycling given"));
            }
            Ok(items[at % items.len()].clone())
        }
        (Object::Loop(this), _) => {
            let before = this.state.borrow().changed.clone();
            let is_same = match &before {
                Some(before) if before.len() == given.positional.len() => {
                    let mut is_same = true;
                    for (a, b) in before.iter().zip(&given.positional) {
                        is_same = is_same && (same(a, b) || equal(a, b)?);
                    }
                    is_same
                }
                _ => false,
            };
            if !is_same {
                this.state.borrow_mut().changed = Some(given.positional);
            }
            Ok(Value::Bool(!is_same))
        }
        (Object::Cycler(_, at, _), "reset") => {
            given.none(name)?;
            at.set(0);
            Ok(Value::None)
        }
        (Object::Cycler(items, at, _), _) => {
            given.none(name)?;
            let value = items[at.get()].clone();
            at.set((at.get() + 1) % items.len());
            Ok(value)
        }
        _ => from_keys(given), // of the function dict
    }
}

fn numeric(this: &Value, name: &str, given: Given) -> Result<Value> {
    if name == "to_bytes" {
        return Err(Fail::new("to_bytes() is not supported"));
    }
    given.none(name)?;
    if let Value::Float(number) = this {
        return Ok(match name {
            "is_integer" => Value::Bool(number.is_finite() && number.fract() == 0.0),
            "conjugate" => Value::Float(*number),
            "as_integer_ratio" if number.fract() == 0.0 => {
                tuple(vec![Value::Int(number::truncated(*number)?), Value::Int(1)])?
            }
            _ => return Err(Fail::new(format!("{name}() of a float is not supported"))),
        });
    }
    let number = this.as_int().unwrap_or(0);
    Ok(match name {
        "bit_count" => Value::Int(i128::from(number.unsigned_abs().count_ones())),
        "bit_length" => Value::Int(i128::from(128 - number.unsigned_abs().leading_zeros())),
        "as_integer_ratio" => tuple(vec![Value::Int(number), Value::Int(1)])?,
        _ => Value::Int(number),
    })
}

/// Each value once, in order, by its key.
pub fn distinct(values: Vec<(Value, Value)>) -> Result<Vec<Value>> {
    let mut seen = Dict::default();
    let mut kept = Vec::new();
    for (key, value) in values {
        if seen.get(&key.as_key()?)?.is_none() {
            seen.insert(key, Value::None)?;
            kept.push(value);
        }
    }
    Ok(kept)
}

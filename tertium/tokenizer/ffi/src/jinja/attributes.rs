//! value.name, value[index] and value[start:stop:step]. What is not there is undefined, as in Jinja2.

use std::rc::Rc;

use super::budget::{spend, take};
use super::display::described;
use super::methods::method_of;
use super::number;
use super::run::Run;
use super::state::Loop;
use super::value::*;
use super::{Fail, Result};

impl Run {
    /// value.name: an attribute, else the item of that name.
    pub fn attribute(&mut self, value: &Value, name: &str) -> Result<Value> {
        value.check_defined()?;
        if let Some(found) = self.own_attribute(value, name)? {
            return Ok(found);
        }
        if let Value::Dict(dict) = value {
            if let Some(found) = dict.get_str(name)? {
                return Ok(found);
            }
        }
        Ok(missing(value, name))
    }

    /// value[index]: an item, else the attribute of that name.
    pub fn item(&mut self, value: &Value, index: &Value) -> Result<Value> {
        value.check_defined()?;
        let found = match value {
            Value::Dict(dict) => match index.as_key() {
                Ok(key) => dict.get(&key)?,
                Err(_) => None,
            },
            Value::Object(object) => match &**object {
                Object::Template => index
                    .as_str()
                    .filter(|name| self.has_block(name))
                    .map(|name| Value::Object(Rc::new(Object::Block(name.into())))),
                _ => None,
            },
            _ => match index.as_int() {
                Some(at) => element(value, at)?,
                None => None,
            },
        };
        if let Some(found) = found {
            return Ok(found);
        }
        if let Some(name) = index.as_str() {
            if let Some(found) = self.own_attribute(value, name)? {
                return Ok(found);
            }
            return Ok(missing(value, name));
        }
        let index = super::display::repr(index)?;
        Ok(undefined(format!("{} has no element {index}", described(value))))
    }

    fn own_attribute(&mut self, value: &Value, name: &str) -> Result<Option<Value>> {
        let found = match value {
            Value::Object(object) => match &**object {
                Object::Namespace(values) => {
                    let values = values.borrow();
                    return Ok(values
                        .iter()
                        .find(|(known, _)| **known == *name)
                        .map(|(_, value)| value.clone()));
                }
                Object::Loop(this) => self.loop_attribute(object, this, name)?,
                Object::Macro(node, _) => match name {
                    "name" => Some(text(node.name.clone())),
                    "arguments" => Some(tuple(
                        node.parameters.iter().map(|(_, name, _)| text(name.clone())).collect(),
                    )?),
                    "catch_kwargs" => Some(Value::Bool(node.uses_kwargs)),
                    "catch_varargs" => Some(Value::Bool(node.uses_varargs)),
                    "caller" => Some(Value::Bool(node.uses_caller)),
                    _ => None,
                },
                Object::Cycler(items, at, _) => match name {
                    "current" => Some(items[at.get()].clone()),
                    "pos" => Some(Value::Int(at.get() as i128)),
                    "items" => Some(tuple(items.clone())?),
                    "next" | "reset" => Some(method_of(value, name)),
                    _ => None,
                },
                Object::Joiner(mark, used) => match name {
                    "sep" => Some(mark.clone()),
                    "used" => Some(Value::Bool(used.get())),
                    _ => None,
                },
                Object::Function("dict") if name == "fromkeys" => Some(method_of(value, name)),
                Object::Template if self.has_block(name) => Some(Value::Object(Rc::new(Object::Block(name.into())))),
                _ => None,
            },
            _ => super::methods::attribute(value, name)?,
        };
        if found.is_none() && name.starts_with("__") && name.ends_with("__") && name.len() > 4 {
            let message = format!(
                "access to attribute '{name}' of '{}' object is unsafe.",
                value.type_name()
            );
            return Ok(Some(undefined(message)));
        }
        Ok(found)
    }

    fn loop_attribute(&mut self, object: &Rc<Object>, this: &Loop, name: &str) -> Result<Option<Value>> {
        let number = |number: usize| Some(Value::Int(number as i128));
        let taken = this.state.borrow().taken;
        Ok(match name {
            "index" => number(taken),
            "index0" => number(taken - 1),
            "first" => Some(Value::Bool(taken == 1)),
            "depth" => number(this.depth as usize + 1),
            "depth0" => number(this.depth as usize),
            "length" => number(self.loop_length(this)?),
            "revindex" => number((self.loop_length(this)? + 1).saturating_sub(taken)),
            "revindex0" => number(self.loop_length(this)?.saturating_sub(taken)),
            "last" => {
                self.look_ahead(this, 1)?;
                Some(Value::Bool(this.state.borrow().ahead.is_empty()))
            }
            "nextitem" => {
                self.look_ahead(this, 1)?;
                let next = this.state.borrow().ahead.front().cloned();
                Some(next.unwrap_or_else(|| undefined("there is no next item")))
            }
            "previtem" => {
                let before = this.state.borrow().before.clone();
                Some(before.unwrap_or_else(|| undefined("there is no previous item")))
            }
            "cycle" | "changed" => Some(method_of(&Value::Object(object.clone()), name)),
            _ => None,
        })
    }
    fn loop_length(&mut self, this: &Loop) -> Result<usize> {
        if let Some(length) = this.state.borrow().length {
            return Ok(length);
        }
        self.look_ahead(this, usize::MAX)?;
        let mut state = this.state.borrow_mut();
        let length = state.taken + state.ahead.len();
        state.length = Some(length);
        Ok(length)
    }

    pub fn slice(&mut self, value: &Value, bounds: &[Value; 3]) -> Result<Value> {
        value.check_defined()?;
        // Jinja2 leaves slices to Python, so that what has none is an error, not undefined.
        let is_sequence = matches!(
            value,
            Value::Str(_) | Value::List(_) | Value::Tuple(_) | Value::Range(_) | Value::Bytes(_)
        );
        if !is_sequence {
            return Err(Fail::new(match value {
                Value::Dict(_) => "unhashable type: 'slice'".to_owned(),
                _ => format!("'{}' object is not subscriptable", value.type_name()),
            }));
        }
        let mut numbers = [None; 3];
        for (number, bound) in numbers.iter_mut().zip(bounds) {
            match bound {
                Value::None => {}
                _ => match bound.as_int() {
                    Some(index) => *number = Some(index),
                    None => {
                        return Err(Fail::new(
                            "slice indices must be integers or None or have an __index__ method",
                        ));
                    }
                },
            }
        }
        if numbers[2] == Some(0) {
            return Err(Fail::new("slice step cannot be zero"));
        }
        sliced(value, numbers)
    }
}

fn missing(value: &Value, name: &str) -> Value {
    undefined(format!("'{}' has no attribute '{name}'", described(value)))
}

/// Where an index lies in a sequence of `length`.
fn place(at: i128, length: usize) -> Option<usize> {
    let at = if at < 0 { at.checked_add(length as i128)? } else { at };
    usize::try_from(at).ok().filter(|at| *at < length)
}

fn element(value: &Value, at: i128) -> Result<Option<Value>> {
    Ok(match value {
        Value::List(items) | Value::Tuple(items) => place(at, items.values.len()).map(|at| items.values[at].clone()),
        Value::Range(range) => place(at, range.length).map(|at| range.at(at)),
        Value::Bytes(bytes) => place(at, bytes.len()).map(|at| Value::Int(i128::from(bytes[at]))),
        Value::Str(whole) => {
            spend(whole.text.len() / 64)?;
            let c = match at {
                0.. => usize::try_from(at).ok().and_then(|at| whole.text.chars().nth(at)),
                _ => usize::try_from(-1 - at)
                    .ok()
                    .and_then(|at| whole.text.chars().rev().nth(at)),
            };
            c.map(|c| {
                let (text, safe) = (c.to_string().into(), whole.safe);
                Value::Str(Text { text, safe })
            })
        }
        _ => None,
    })
}

/// The places that a slice of Python's takes.
fn places([start, stop, step]: [Option<i128>; 3], length: usize) -> Vec<usize> {
    let step = step.unwrap_or(1);
    let length = length as i128;
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |bound: Option<i128>, default: i128| match bound {
        None => default,
        Some(at) if at < 0 => at.saturating_add(length).clamp(low, high),
        Some(at) => at.clamp(low, high),
    };
    let (start, stop) = match step > 0 {
        true => (bound(start, low), bound(stop, high)),
        false => (bound(start, high), bound(stop, low)),
    };
    let mut places = Vec::new();
    let mut at = start;
    while step > 0 && at < stop || step < 0 && at > stop {
        places.push(at as usize);
        at = at.saturating_add(step);
    }
    places
}

fn sliced(value: &Value, bounds: [Option<i128>; 3]) -> Result<Value> {
    let length = value.len()?;
    take(length)?;
    if let (Value::Str(whole), true) = (value, bounds[2].is_none_or(|step| step == 1)) {
        let places = places(bounds, length);
        let byte = |at: usize| whole.text.char_indices().nth(at).map_or(whole.text.len(), |(at, _)| at);
        let part = match (places.first(), places.last()) {
            (Some(&first), Some(&last)) => &whole.text[byte(first)..byte(last + 1)],
            _ => "",
        };
        let (text, safe) = (part.into(), whole.safe);
        return Ok(Value::Str(Text { text, safe }));
    }
    let places = places(bounds, length);
    match value {
        Value::Str(whole) => {
            let chars: Vec<char> = whole.text.chars().collect();
            let part: String = places.iter().map(|&at| chars[at]).collect();
            let (text, safe) = (part.into(), whole.safe);
            Ok(Value::Str(Text { text, safe }))
        }
        Value::List(items) => list(places.iter().map(|&at| items.values[at].clone()).collect()),
        Value::Tuple(items) => tuple(places.iter().map(|&at| items.values[at].clone()).collect()),
        Value::Bytes(bytes) => Ok(Value::Bytes(places.iter().map(|&at| bytes[at]).collect())),
        Value::Range(range) => {
            let step = range.step * bounds[2].unwrap_or(1);
            let start = places
                .first()
                .map_or(range.start, |&at| number::index(&range.at(at)).unwrap_or(0));
            Ok(Value::Range(Rc::new(Range {
                start,
                stop: start + step * places.len() as i128,
                step,
                length: places.len(),
            })))
        }
        _ => Ok(undefined("it has no slices")),
    }
}

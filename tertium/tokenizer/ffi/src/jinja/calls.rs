//! Calls of what can be called: macros, methods, and the functions that every template has.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::arguments::Given;
use super::budget::{spend, Writer};
use super::clock::strftime;
use super::display::to_str;
use super::methods;
use super::number;
use super::run::{set_attribute, Run};
use super::value::*;
use super::{Fail, Result};

const MOST_IN_RANGE: usize = 100_000; // as in the sandbox

/// Can the value be called?
pub fn is_callable(value: &Value) -> bool {
    match value {
        Value::Object(object) => !matches!(**object, Object::Namespace(_) | Object::Cycler(..) | Object::Template),
        Value::Undefined(_) => true, // as Python sees it: the call then fails
        _ => false,
    }
}

impl Run {
    pub fn call(&mut self, callee: &Value, given: Given) -> Result<Value> {
        spend(1)?;
        callee.check_defined()?;
        let Value::Object(object) = callee else {
            return Err(Fail::new(format!("'{}' object is not callable", callee.type_name())));
        };
        match &**object {
            Object::Macro(node, scope) => self.call_macro(node, scope, given),
            Object::Method(this, name) => methods::call(self, this, name, given),
            Object::Function(name) => self.function(name, given),
            Object::Joiner(mark, used) => {
                given.none("joiner")?;
                Ok(if used.replace(true) { mark.clone() } else { text("") })
            }
            Object::Block(name) => {
                given.none(name)?;
                let mut out = Writer::default();
                self.deeper(|run| run.block(name, &mut out))?;
                Ok(text(out.0))
            }
            Object::Loop(this) => {
                if !this.node.recursive {
                    return Err(Fail::new(
                        "The loop must have the 'recursive' marker to be called recursively.",
                    ));
                }
                let values = given.bind("loop", ["iterable"], 1)?.or(0, Value::None);
                let mut out = Writer::default();
                let (node, scope) = (this.node.clone(), this.scope.clone());
                self.deeper(|run| run.for_loop(&node, &values, &scope, this.depth + 1, &mut out))?;
                Ok(text(out.0))
            }
            _ => Err(Fail::new(format!("'{}' object is not callable", callee.type_name()))),
        }
    }

    fn function(&mut self, name: &str, given: Given) -> Result<Value> {
        match name {
            "range" => range(given),
            "dict" => Ok(Value::Dict(Rc::new(dict(given)?))),
            "namespace" => {
                let values = RefCell::default();
                for entry in dict(given)?.entries {
                    let name = entry
                        .key
                        .as_str()
                        .ok_or_else(|| Fail::new("attribute name must be string"))?;
                    set_attribute(&values, name, entry.value)?;
                }
                self.object(Object::Namespace(values))
            }
            "cycler" => {
                let items = given.positional;
                if items.is_empty() {
                    return Err(Fail::new("at least one item has to be provided"));
                }
                let depth = nested(deepest(&items))?;
                Ok(Value::Object(Rc::new(Object::Cycler(items, Cell::new(0), depth))))
            }
            "joiner" => {
                let mark = given.bind(name, ["sep"], 0)?.or(0, text(", "));
                Ok(Value::Object(Rc::new(Object::Joiner(mark, Cell::new(false)))))
            }
            "raise_exception" => Err(Fail::new(to_str(
                &given.bind(name, ["message"], 1)?.or(0, Value::None),
            )?)),
            "strftime_now" => {
                let given = given.bind(name, ["format"], 1)?;
                Ok(text(strftime(given.text(0, "strftime() argument 1")?, self.now)?))
            }
            _ => Err(Fail::new(format!(
                "{name}() draws at random, which a prompt must not; take it out"
            ))),
        }
    }
}

fn range(given: Given) -> Result<Value> {
    let given = given.bind("range", ["", "", ""], 1)?;
    let first = given.int(0, 0)?;
    let (start, stop) = match given.value(1) {
        Some(stop) => (first, number::index(stop)?),
        None => (0, first),
    };
    let step = given.int(2, 1)?;
    if step == 0 {
        return Err(Fail::new("range() arg 3 must not be zero"));
    }
    let distance = if step > 0 {
        stop.checked_sub(start)
    } else {
        start.checked_sub(stop)
    };
    let step_size = i128::try_from(step.unsigned_abs()).unwrap_or(i128::MAX);
    let length = distance.unwrap_or(i128::MAX).max(0);
    let length = length / step_size + i128::from(length % step_size != 0);
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= MOST_IN_RANGE)
        .ok_or_else(|| {
            Fail::new(format!(
                "Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MOST_IN_RANGE})."
            ))
        })?;
    Ok(Value::Range(Rc::new(Range {
        start,
        stop,
        step,
        length,
    })))
}

/// dict(pairs, name=value, …)
fn dict(given: Given) -> Result<Dict> {
    let mut dict = Dict::default();
    if given.positional.len() > 1 {
        return Err(Fail::new(format!(
            "dict expected at most 1 argument, got {}",
            given.positional.len()
        )));
    }
    match given.positional.first() {
        Some(Value::Dict(other)) => {
            for entry in &other.entries {
                dict.insert(entry.key.clone(), entry.value.clone())?;
            }
        }
        Some(pairs) => {
            for pair in pairs.iterate()? {
                match &pair.iterate()?[..] {
                    [key, value] => dict.insert(key.clone(), value.clone())?,
                    other => {
                        let length = other.len();
                        let why = format!("dictionary update sequence element has length {length}; 2 is required");
                        return Err(Fail::new(why));
                    }
                }
            }
        }
        None => {}
    }
    for (name, value) in given.named {
        dict.insert(text(name), value)?;
    }
    Ok(dict)
}

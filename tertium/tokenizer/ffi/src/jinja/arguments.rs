//! The arguments of a call, and how functions take them.

use std::rc::Rc;

use super::number;
use super::value::Value;
use super::{Fail, Result};

#[derive(Default)]
pub struct Given {
    pub positional: Vec<Value>,
    pub named: Vec<(Rc<str>, Value)>,
}

/// What a function takes, in order; an empty name is one that can only be given by position.
pub struct Taken<const N: usize>([Option<Value>; N]);

impl Given {
    /// The arguments by the function's parameters, of which the first `required` must be there.
    pub fn bind<const N: usize>(self, function: &str, names: [&str; N], required: usize) -> Result<Taken<N>> {
        let mut taken = [const { None }; N];
        let count = self.positional.len();
        if count > N {
            return Err(Fail::new(format!(
                "{function}() takes at most {N} arguments ({count} given)"
            )));
        }
        for (slot, value) in taken.iter_mut().zip(self.positional) {
            *slot = Some(value);
        }
        for (name, value) in self.named {
            let at = names.iter().position(|known| !known.is_empty() && *known == &*name);
            let at =
                at.ok_or_else(|| Fail::new(format!("{function}() got an unexpected keyword argument '{name}'")))?;
            if taken[at].is_some() {
                return Err(Fail::new(format!(
                    "{function}() got multiple values for argument '{name}'"
                )));
            }
            taken[at] = Some(value);
        }
        match taken[..required].iter().position(Option::is_none) {
            Some(at) => Err(Fail::new(format!(
                "{function}() is missing its argument {}",
                if names[at].is_empty() {
                    (at + 1).to_string()
                } else {
                    format!("'{}'", names[at])
                }
            ))),
            None => Ok(Taken(taken)),
        }
    }
    pub fn none(self, function: &str) -> Result<()> {
        self.bind(function, [], 0).map(|_| ())
    }
}

impl<const N: usize> Taken<N> {
    pub fn value(&self, at: usize) -> Option<&Value> {
        self.0[at].as_ref()
    }
    /// The value, None counting as none given.
    pub fn some(&self, at: usize) -> Option<&Value> {
        self.value(at).filter(|value| !matches!(value, Value::None))
    }
    pub fn or(&self, at: usize, default: Value) -> Value {
        self.0[at].clone().unwrap_or(default)
    }
    pub fn flag(&self, at: usize) -> bool {
        self.value(at).is_some_and(Value::is_true)
    }
    pub fn int(&self, at: usize, default: i128) -> Result<i128> {
        self.value(at).map_or(Ok(default), number::index)
    }
    pub fn count(&self, at: usize, default: usize) -> Result<usize> {
        self.value(at).map_or(Ok(default), number::count)
    }
    pub fn text(&self, at: usize, what: &str) -> Result<&str> {
        match self.value(at) {
            Some(value) => text_of(value, what),
            None => Err(Fail::new(format!("{what} is missing"))),
        }
    }
}

/// The value as a text; an error of Python's if it is none.
pub fn text_of<'a>(value: &'a Value, what: &str) -> Result<&'a str> {
    value
        .as_str()
        .ok_or_else(|| Fail::new(format!("{what} must be str, not {}", value.type_name())))
}

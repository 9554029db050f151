//! The tests behind `is`.

use super::arguments::Given;
use super::calls::is_callable;
use super::display::to_str;
use super::filters::FILTERS;
use super::operators::{binary, compare, contains, equal, same};
use super::run::Run;
use super::syntax::{Comparison, Operator};
use super::value::{Object, Value};
use super::{Fail, Result};

pub const TESTS: [&str; 39] = [
    "odd",
    "even",
    "divisibleby",
    "defined",
    "undefined",
    "filter",
    "test",
    "none",
    "boolean",
    "false",
    "true",
    "integer",
    "float",
    "lower",
    "upper",
    "string",
    "mapping",
    "number",
    "sequence",
    "iterable",
    "callable",
    "sameas",
    "escaped",
    "in",
    "==",
    "eq",
    "equalto",
    "!=",
    "ne",
    ">",
    "gt",
    "greaterthan",
    "ge",
    ">=",
    "<",
    "lt",
    "lessthan",
    "<=",
    "le",
];

/// The object that `value` is, is it the same? Texts and numbers that are equal may be one object or two in Python.
fn is_same(a: &Value, b: &Value) -> Result<bool> {
    Ok(match (a, b) {
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Str(_), Value::Str(_)) => equal(a, b)?,
        _ => same(a, b),
    })
}

impl Run {
    /// value is name(given)
    pub fn test(&mut self, name: &str, value: &Value, given: Given) -> Result<bool> {
        let comparison = match name {
            "==" | "eq" | "equalto" => Some(Comparison::Equal),
            "!=" | "ne" => Some(Comparison::Unequal),
            ">" | "gt" | "greaterthan" => Some(Comparison::Greater),
            ">=" | "ge" => Some(Comparison::GreaterOrEqual),
            "<" | "lt" | "lessthan" => Some(Comparison::Less),
            "<=" | "le" => Some(Comparison::LessOrEqual),
            _ => None,
        };
        if let Some(comparison) = comparison {
            return compare(comparison, value, &given.bind(name, [""], 1)?.or(0, Value::None));
        }
        match name {
            "divisibleby" => {
                let divisor = given.bind(name, ["num"], 1)?.or(0, Value::None);
                return equal(&binary(Operator::Remainder, value, &divisor)?, &Value::Int(0));
            }
            "sameas" => return is_same(value, &given.bind(name, ["other"], 1)?.or(0, Value::None)),
            "in" => return contains(&given.bind(name, ["seq"], 1)?.or(0, Value::None), value),
            _ => given.none(name)?,
        }
        Ok(match name {
            "odd" | "even" => {
                let rest = binary(Operator::Remainder, value, &Value::Int(2))?;
                equal(&rest, &Value::Int(i128::from(name == "odd")))?
            }
            "defined" => !matches!(value, Value::Undefined(_)),
            "undefined" => matches!(value, Value::Undefined(_)),
            "filter" => in_names(&FILTERS, value)?,
            "test" => in_names(&TESTS, value)?,
            "none" => matches!(value, Value::None),
            "boolean" => matches!(value, Value::Bool(_)),
            "false" => matches!(value, Value::Bool(false)),
            "true" => matches!(value, Value::Bool(true)),
            "integer" => matches!(value, Value::Int(_)),
            "float" => matches!(value, Value::Float(_)),
            "lower" => check_case(value, "islower", self)?,
            "upper" => check_case(value, "isupper", self)?,
            "string" => matches!(value, Value::Str(_)),
            "mapping" => matches!(value, Value::Dict(_)),
            "number" => value.as_float().is_some(),
            "sequence" => matches!(
                value,
                Value::Undefined(_)
                    | Value::Str(_)
                    | Value::Bytes(_)
                    | Value::List(_)
                    | Value::Tuple(_)
                    | Value::Dict(_)
                    | Value::Range(_)
            ),
            "iterable" => match value {
                Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
                Value::Object(object) => matches!(**object, Object::Loop(_)),
                _ => true,
            },
            "callable" => is_callable(value),
            "escaped" => value.is_safe(),
            _ => return Err(Fail::new(format!("there is no test '{name}'"))),
        })
    }
}

fn in_names(names: &[&str], value: &Value) -> Result<bool> {
    match value.as_str() {
        Some(name) => Ok(names.contains(&name)),
        None => value.as_key().map(|_| false),
    }
}

fn check_case(value: &Value, method: &str, run: &mut Run) -> Result<bool> {
    let text = super::value::text(to_str(value)?);
    Ok(super::methods::call(run, &text, method, Given::default())?.is_true())
}

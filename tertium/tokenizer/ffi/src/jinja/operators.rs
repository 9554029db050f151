//! Python's operators.

use std::cmp::Ordering;
use std::rc::Rc;

use super::budget::{product, spend, take, Writer};
use super::display::{is_set, to_str};
use super::number::too_large;
use super::percent::percent;
use super::syntax::{Comparison, Operator};
use super::unicode::escaped;
use super::value::{list, text, tuple, Object, Text, Value};
use super::{Fail, Result};

fn compare_numbers(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    if let (Some(a), Some(b)) = (a.as_int(), b.as_int()) {
        return Some(Some(a.cmp(&b)));
    }
    let with_float = |int: i128, float: f64| {
        if float.is_nan() {
            return None;
        }
        if float.abs() >= i128::MAX as f64 {
            return 0.0.partial_cmp(&float);
        }
        let floor = float.floor();
        let below = int.cmp(&(floor as i128));
        Some(if below == Ordering::Equal && float > floor {
            Ordering::Less
        } else {
            below
        })
    };
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => Some(a.partial_cmp(b)),
        (Value::Float(a), _) => b.as_int().map(|b| with_float(b, *a).map(Ordering::reverse)),
        (_, Value::Float(b)) => a.as_int().map(|a| with_float(a, *b)),
        _ => None,
    }
}

/// a == b
pub fn equal(a: &Value, b: &Value) -> Result<bool> {
    spend(1)?;
    if let Some(ordering) = compare_numbers(a, b) {
        return Ok(ordering == Some(Ordering::Equal));
    }
    Ok(match (a, b) {
        (Value::Undefined(_), Value::Undefined(_)) | (Value::None, Value::None) => true,
        (Value::Str(a), Value::Str(b)) => {
            spend(a.text.len().min(b.text.len()) / 64)?;
            a.text == b.text
        }
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            if a.values.len() != b.values.len() {
                return Ok(false);
            }
            for (a, b) in a.values.iter().zip(&b.values) {
                if !same(a, b) && !equal(a, b)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Dict(a), Value::Dict(b)) => {
            if a.entries.len() != b.entries.len() {
                return Ok(false);
            }
            for entry in &a.entries {
                match b.get(&entry.hash)? {
                    Some(other) if same(&entry.value, &other) || equal(&entry.value, &other)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Value::View(..), Value::View(..)) if is_set(a) && is_set(b) => {
            let (a, b) = (a.iterate()?, b.iterate()?);
            let mut is_equal = a.len() == b.len();
            for value in &a {
                is_equal = is_equal && contains_value(&b, value)?;
            }
            is_equal
        }
        (Value::Range(a), Value::Range(b)) => {
            a.length == b.length && (a.length == 0 || a.start == b.start && (a.length == 1 || a.step == b.step))
        }
        _ => same(a, b),
    })
}

/// a is b, as far as it shows.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::None, Value::None) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => Rc::ptr_eq(a, b),
        (Value::Dict(a), Value::Dict(b)) => Rc::ptr_eq(a, b),
        (Value::Generator(a), Value::Generator(b)) => Rc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => match (&**a, &**b) {
            (Object::Function(a), Object::Function(b)) => a == b,
            (Object::Template, Object::Template) => true,
            _ => Rc::ptr_eq(a, b),
        },
        _ => false,
    }
}

fn sign_of(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        _ => ">=",
    }
}

/// The order of two values; nothing if there is none (NaN). `comparison` is what an error names.
pub fn order(a: &Value, b: &Value, comparison: Comparison) -> Result<Option<Ordering>> {
    spend(1)?;
    if let Some(ordering) = compare_numbers(a, b) {
        return Ok(ordering);
    }
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => {
            spend(a.text.len().min(b.text.len()) / 64)?;
            Ok(Some(a.text.cmp(&b.text)))
        }
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Some(a.cmp(b))),
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            for (a, b) in a.values.iter().zip(&b.values) {
                if !same(a, b) && !equal(a, b)? {
                    return order(a, b, comparison);
                }
            }
            Ok(Some(a.values.len().cmp(&b.values.len())))
        }
        _ => {
            a.check_defined()?;
            b.check_defined()?;
            let sign = sign_of(comparison);
            Err(Fail::new(format!(
                "'{sign}' not supported between instances of '{}' and '{}'",
                a.type_name(),
                b.type_name()
            )))
        }
    }
}

pub fn compare(comparison: Comparison, a: &Value, b: &Value) -> Result<bool> {
    Ok(match comparison {
        Comparison::Equal => equal(a, b)?,
        Comparison::Unequal => !equal(a, b)?,
        Comparison::In => contains(b, a)?,
        Comparison::NotIn => !contains(b, a)?,
        Comparison::Less => order(a, b, comparison)? == Some(Ordering::Less),
        Comparison::LessOrEqual => order(a, b, comparison)?.is_some_and(Ordering::is_le),
        Comparison::Greater => order(a, b, comparison)? == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => order(a, b, comparison)?.is_some_and(Ordering::is_ge),
    })
}

pub fn contains_value(values: &[Value], value: &Value) -> Result<bool> {
    for candidate in values {
        if same(candidate, value) || equal(candidate, value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// value in container
pub fn contains(container: &Value, value: &Value) -> Result<bool> {
    match container {
        Value::Str(whole) => match value {
            Value::Str(part) => {
                spend(whole.text.len() / 64)?;
                Ok(whole.text.contains(&*part.text))
            }
            _ => Err(Fail::new(format!(
                "'in <string>' requires string as left operand, not {}",
                value.type_name()
            ))),
        },
        Value::Dict(dict) => Ok(dict.get(&value.as_key()?)?.is_some()),
        Value::List(items) | Value::Tuple(items) => contains_value(&items.values, value),
        Value::Range(range) => match value {
            Value::Float(_) | Value::Int(_) | Value::Bool(_) => {
                let values: Vec<Value> = (0..range.length).map(|at| range.at(at)).collect();
                contains_value(&values, value)
            }
            _ => Ok(false),
        },
        Value::Generator(generator) => {
            while let Some(candidate) = generator.next()? {
                if same(&candidate, value) || equal(&candidate, value)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Undefined(_) | Value::View(..) | Value::Bytes(_) => contains_value(&container.iterate()?, value),
        _ => Err(Fail::new(format!(
            "argument of type '{}' is not iterable",
            container.type_name()
        ))),
    }
}

/// The merge sort that Python promises: stable, and an error of a comparison is one of the sort.
pub fn sorted<T: Clone>(values: Vec<(Value, T)>, reverse: bool) -> Result<Vec<(Value, T)>> {
    if values.len() < 2 {
        return Ok(values);
    }
    let mut left = values;
    let right = left.split_off(left.len() / 2);
    let (left, right) = (sorted(left, reverse)?, sorted(right, reverse)?);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some((a, _)), Some((b, _))) = (left.peek(), right.peek()) {
        let right_first = match reverse {
            false => compare(Comparison::Less, b, a)?,
            true => compare(Comparison::Less, a, b)?,
        };
        merged.extend(if right_first { right.next() } else { left.next() });
    }
    merged.extend(left.chain(right));
    Ok(merged)
}

pub fn repeated(values: &[Value], count: usize) -> Result<Vec<Value>> {
    take(product(product(values.len(), count)?, std::mem::size_of::<Value>())?)?;
    Ok(values.iter().cloned().cycle().take(values.len() * count).collect())
}

fn multiply(a: &Value, b: &Value) -> Result<Option<Value>> {
    let (sequence, count) = match (a, b) {
        (Value::Str(_) | Value::List(_) | Value::Tuple(_) | Value::Bytes(_), _) => (a, b),
        _ => (b, a),
    };
    let Some(count) = count.as_int() else { return Ok(None) };
    let times = usize::try_from(count.max(0)).map_err(|_| Fail::new("a text or list is repeated too often"))?;
    Ok(Some(match sequence {
        Value::Str(value) => {
            let mut out = Writer::default();
            out.repeat(&value.text, times)?;
            let (text, safe) = (out.0.into(), value.safe);
            Value::Str(Text { text, safe })
        }
        Value::List(items) => list(repeated(&items.values, times)?)?,
        Value::Tuple(items) => tuple(repeated(&items.values, times)?)?,
        _ => return Ok(None),
    }))
}

/// Two texts in one; beside Markup, the other is escaped.
fn joined(a: &Text, b: &Text) -> Result<Value> {
    take(a.text.len() + b.text.len())?;
    let safe = a.safe || b.safe;
    let part = |part: &Text| match safe && !part.safe {
        true => escaped(&part.text),
        false => Ok(part.text.to_string()),
    };
    let text = (part(a)? + &part(b)?).into();
    Ok(Value::Str(Text { text, safe }))
}

fn add(a: &Value, b: &Value) -> Result<Option<Value>> {
    Ok(Some(match (a, b) {
        (Value::Str(a), Value::Str(b)) => joined(a, b)?,
        (Value::List(a), Value::List(b)) => list([&a.values[..], &b.values[..]].concat())?,
        (Value::Tuple(a), Value::Tuple(b)) => tuple([&a.values[..], &b.values[..]].concat())?,
        _ => return Ok(None),
    }))
}

fn with_ints(operator: Operator, a: i128, b: i128) -> Result<Value> {
    let zero = b == 0;
    Ok(Value::Int(
        match operator {
            Operator::Add => a.checked_add(b),
            Operator::Subtract => a.checked_sub(b),
            Operator::Multiply => a.checked_mul(b),
            Operator::Divide if zero => return Err(Fail::new("division by zero")),
            Operator::Divide => return Ok(Value::Float(a as f64 / b as f64)),
            Operator::FloorDivide | Operator::Remainder if zero => {
                return Err(Fail::new("integer division or modulo by zero"));
            }
            Operator::FloorDivide => a
                .checked_div(b)
                .map(|quotient| quotient - i128::from(a % b != 0 && (a < 0) != (b < 0))),
            Operator::Remainder => a.checked_rem(b).map(|rest| {
                if rest != 0 && (rest < 0) != (b < 0) {
                    rest + b
                } else {
                    rest
                }
            }),
            Operator::Power if b < 0 => return with_floats(operator, a as f64, b as f64),
            Operator::Power => match a {
                0 | 1 => Some(if b == 0 { 1 } else { a }),
                -1 => Some(if b % 2 == 0 { 1 } else { -1 }),
                _ => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            },
        }
        .ok_or_else(too_large)?,
    ))
}

fn with_floats(operator: Operator, a: f64, b: f64) -> Result<Value> {
    let zero = b == 0.0;
    Ok(Value::Float(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide if zero => return Err(Fail::new("float division by zero")),
        Operator::Divide => a / b,
        Operator::FloorDivide if zero => return Err(Fail::new("float floor division by zero")),
        Operator::Remainder if zero => return Err(Fail::new("float modulo")),
        Operator::FloorDivide | Operator::Remainder => {
            let mut rest = a % b;
            let mut quotient = (a - rest) / b;
            if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
                rest += b;
                quotient -= 1.0;
            } else if rest == 0.0 {
                rest = 0f64.copysign(b);
            }
            let floor = quotient.floor();
            let floor = if quotient - floor > 0.5 { floor + 1.0 } else { floor };
            match operator {
                Operator::Remainder => rest,
                _ if quotient == 0.0 => 0f64.copysign(a / b),
                _ => floor,
            }
        }
        Operator::Power if a == 0.0 && b < 0.0 => {
            return Err(Fail::new("0.0 cannot be raised to a negative power"));
        }
        Operator::Power if a < 0.0 && a.is_finite() && b.is_finite() && b.fract() != 0.0 => {
            return Err(Fail::new(
                "a power of a negative number is a complex one, which is not supported",
            ));
        }
        Operator::Power => {
            let power = a.powf(b);
            if power.is_infinite() && a.is_finite() && b.is_finite() {
                return Err(Fail::new("a power is too large for a float"));
            }
            power
        }
    }))
}

pub fn binary(operator: Operator, a: &Value, b: &Value) -> Result<Value> {
    if let (Operator::Remainder, Value::Str(format)) = (operator, a) {
        let result = percent(&format.text, b, format.safe)?;
        let (text, safe) = (result.into(), format.safe);
        return Ok(Value::Str(Text { text, safe }));
    }
    a.check_defined()?;
    b.check_defined()?;
    if let (Some(a), Some(b)) = (a.as_int(), b.as_int()) {
        return with_ints(operator, a, b);
    }
    if let (Some(a), Some(b)) = (a.as_float(), b.as_float()) {
        return with_floats(operator, a, b);
    }
    let result = match operator {
        Operator::Add => add(a, b)?,
        Operator::Multiply => multiply(a, b)?,
        _ => None,
    };
    let sign = match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::FloorDivide => "//",
        Operator::Remainder => "%",
        Operator::Power => "** or pow()",
    };
    result.ok_or_else(|| {
        let (a, b) = (a.type_name(), b.type_name());
        Fail::new(match (operator, a) {
            (Operator::Add, "str" | "list" | "tuple") => {
                format!("can only concatenate {a} (not \"{b}\") to {a}")
            }
            _ => format!("unsupported operand type(s) for {sign}: '{a}' and '{b}'"),
        })
    })
}

/// a ~ b ~ …
pub fn concat(values: &[Value]) -> Result<Value> {
    let mut out = Writer::default();
    for value in values {
        match value.as_str() {
            Some(part) => out.push(part)?,
            None => out.push(&to_str(value)?)?,
        }
    }
    Ok(text(out.0))
}

/// +value or -value
pub fn signed(minus: bool, value: &Value) -> Result<Value> {
    value.check_defined()?;
    match value {
        Value::Float(number) => Ok(Value::Float(if minus { -number } else { *number })),
        _ => match value.as_int() {
            Some(number) if minus => Ok(Value::Int(number.checked_neg().ok_or_else(too_large)?)),
            Some(number) => Ok(Value::Int(number)),
            None => Err(Fail::new(format!(
                "bad operand type for unary {}: '{}'",
                if minus { '-' } else { '+' },
                value.type_name()
            ))),
        },
    }
}

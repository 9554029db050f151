//! The filters on lists that need nothing of the template.

use super::arguments::{Given, Taken};
use super::operators::{repeated, sorted};
use super::sequence_filters::ignore_case;
use super::value::*;
use super::{Fail, Result};

pub fn irreversible(value: &Value) -> Fail {
    Fail::new(format!("'{}' object is not reversible", value.type_name()))
}

pub fn reversed(value: &Value) -> Result<Value> {
    let kind = match value {
        Value::Str(whole) => {
            let (text, safe) = (whole.text.chars().rev().collect::<String>().into(), whole.safe);
            super::budget::take(whole.text.len())?;
            return Ok(Value::Str(Text { text, safe }));
        }
        Value::List(_) => "list_reverseiterator",
        Value::Dict(_) | Value::View(..) => "dict_reversekeyiterator",
        Value::Generator(_) => {
            let mut values = value.iterate()?;
            values.reverse();
            return list(values);
        }
        _ => "reversed",
    };
    let mut values = value.iterate().map_err(|_| Fail::new("argument must be iterable"))?;
    values.reverse();
    generator(kind, values, None)
}

pub fn dict_sort(value: &Value, given: Given) -> Result<Value> {
    let given = given.bind("dictsort", ["case_sensitive", "by", "reverse"], 0)?;
    let by = given.value(1).map_or(Ok("key"), |_| given.text(1, "by"))?;
    if by != "key" && by != "value" {
        return Err(Fail::new("You can only sort by either \"key\" or \"value\""));
    }
    value.check_defined()?;
    let Value::Dict(dict) = value else {
        return Err(Fail::new(format!(
            "'{}' object has no attribute 'items'",
            value.type_name()
        )));
    };
    let mut keyed = Vec::new();
    for entry in &dict.entries {
        let key = if by == "key" { &entry.key } else { &entry.value }.clone();
        let pair = tuple(vec![entry.key.clone(), entry.value.clone()])?;
        keyed.push((if given.flag(0) { key } else { ignore_case(key) }, pair));
    }
    let sorted = sorted(keyed, given.flag(2))?;
    list(sorted.into_iter().map(|(_, pair)| pair).collect())
}

pub fn batch(value: &Value, given: Taken<2>) -> Result<Value> {
    let size = super::number::index(&given.or(0, Value::None))?;
    let mut batches = Vec::new();
    let mut batch: Vec<Value> = Vec::new();
    for value in value.iterate()? {
        if batch.len() as i128 == size {
            batches.push(list(std::mem::take(&mut batch))?);
        }
        batch.push(value);
    }
    if !batch.is_empty() {
        if let (Some(fill), Ok(missing)) = (given.some(1), usize::try_from(size - batch.len() as i128)) {
            batch.extend(repeated(&[fill.clone()], missing)?);
        }
        batches.push(list(batch)?);
    }
    generator("generator", batches, None)
}

pub fn slices(value: &Value, given: Taken<2>) -> Result<Value> {
    let values = value.iterate()?;
    let count = super::number::index(&given.or(0, Value::None))?;
    if count == 0 {
        return generator(
            "generator",
            Vec::new(),
            Some(Fail::new("integer division or modulo by zero")),
        );
    }
    let count = usize::try_from(count).unwrap_or(0);
    super::budget::take(super::budget::product(count, 64)?)?;
    let (each, more) = (
        values.len().checked_div(count).unwrap_or(0),
        values.len().checked_rem(count).unwrap_or(0),
    );
    let mut slices = Vec::new();
    let mut at = 0;
    for number in 0..count {
        let size = each + usize::from(number < more);
        let mut slice = values[at..at + size].to_vec();
        at += size;
        if let (Some(fill), true) = (given.some(1), number >= more) {
            slice.push(fill.clone());
        }
        slices.push(list(slice)?);
    }
    generator("generator", slices, None)
}

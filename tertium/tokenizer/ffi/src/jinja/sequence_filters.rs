//! The filters on lists and what else can be gone through.

use std::rc::Rc;

use super::arguments::Given;
use super::budget::{spend, Writer};
use super::display::write;
use super::methods::distinct;
use super::operators::{binary, compare, sorted};
use super::run::Run;
use super::sequences::{batch, dict_sort, irreversible, reversed, slices};
use super::syntax::{Comparison, Operator};
use super::value::*;
use super::{Fail, Result};

/// What `attribute` of a filter names: "a.b.0", or an index.
enum Part {
    Name(Rc<str>),
    Index(Value),
}

fn parts(attribute: Option<&Value>) -> Vec<Part> {
    match attribute {
        None => Vec::new(),
        Some(Value::Str(path)) => {
            let parts = path.text.split('.');
            parts
                .map(|part| match part.parse() {
                    Ok(index) if part.bytes().all(|byte| byte.is_ascii_digit()) => Part::Index(Value::Int(index)),
                    _ => Part::Name(part.into()),
                })
                .collect()
        }
        Some(index) => vec![Part::Index(index.clone())],
    }
}

pub fn ignore_case(value: Value) -> Value {
    match value.as_str() {
        Some(whole) => text(whole.to_lowercase()),
        None => value,
    }
}

impl Run {
    fn attribute_of(&mut self, value: &Value, parts: &[Part], default: Option<&Value>) -> Result<Value> {
        let mut value = value.clone();
        for part in parts {
            value = match part {
                Part::Name(name) => self.item(&value, &text(name.clone()))?,
                Part::Index(index) => self.item(&value, index)?,
            };
            if let (Value::Undefined(_), Some(default)) = (&value, default) {
                value = default.clone();
            }
        }
        Ok(value)
    }

    /// Each value with the key that `attribute` gives.
    fn keyed(
        &mut self,
        values: Vec<Value>,
        attribute: Option<&Value>,
        default: Option<&Value>,
        cased: bool,
    ) -> Result<Vec<(Value, Value)>> {
        let parts = parts(attribute);
        let mut keyed = Vec::new();
        for value in values {
            let key = self.attribute_of(&value, &parts, default)?;
            keyed.push((if cased { key } else { ignore_case(key) }, value));
        }
        Ok(keyed)
    }

    pub fn sequence_filter(&mut self, name: &str, value: Value, given: Given) -> Result<Value> {
        match name {
            "batch" => late(batch(&value, given.bind(name, ["linecount", "fill_with"], 1)?)),
            "slice" => late(slices(&value, given.bind(name, ["slices", "fill_with"], 1)?)),
            "dictsort" => dict_sort(&value, given),
            "first" => {
                given.none(name)?;
                let first = match &value {
                    Value::Generator(generator) => generator.next()?,
                    Value::Str(whole) => whole.text.chars().next().map(|c| text(c.to_string())),
                    _ => value.iterate()?.into_iter().next(),
                };
                Ok(first.unwrap_or_else(|| undefined("No first item, sequence was empty.")))
            }
            "last" => {
                given.none(name)?;
                if let Value::Generator(generator) = &value {
                    return Err(Fail::new(format!("'{}' object is not reversible", generator.kind)));
                }
                let last = match &value {
                    Value::Str(whole) => whole.text.chars().next_back().map(|c| text(c.to_string())),
                    _ => value.iterate().map_err(|_| irreversible(&value))?.pop(),
                };
                Ok(last.unwrap_or_else(|| undefined("No last item, sequence was empty.")))
            }
            "groupby" => self.group_by(value, given),
            "items" => {
                given.none(name)?;
                match &value {
                    Value::Undefined(_) => generator("generator", Vec::new(), None),
                    Value::Dict(dict) => generator("generator", dict.view(View::Items)?, None),
                    _ => generator(
                        "generator",
                        Vec::new(),
                        Some(Fail::new("Can only get item pairs from a mapping.")),
                    ),
                }
            }
            "join" => {
                let given = given.bind(name, ["d", "attribute"], 0)?;
                let parts = parts(given.some(1));
                let mark = given.value(0).map_or(Ok(String::new()), super::display::to_str)?;
                let mut out = Writer::default();
                for (at, value) in value.iterate()?.iter().enumerate() {
                    out.push(if at == 0 { "" } else { &mark })?;
                    write(&mut out, &self.attribute_of(value, &parts, None)?)?;
                }
                Ok(text(out.0))
            }
            "list" => {
                given.none(name)?;
                list(value.iterate()?)
            }
            "map" => {
                if matches!(value, Value::Undefined(_)) || !value.is_true() {
                    return generator("generator", Vec::new(), None);
                }
                self.lazily(value, |run, values| run.mapped(values, given))
            }
            "select" | "reject" | "selectattr" | "rejectattr" => {
                if !value.is_true() {
                    return generator("generator", Vec::new(), None);
                }
                self.lazily(value, |run, values| run.selected(name, values, given))
            }
            "max" | "min" => self.extreme(name, value, given),
            "random" => {
                // A prompt must be the same in every run: the first is as good as any.
                given.none(name)?;
                let values = value.iterate()?;
                match value {
                    Value::Undefined(_) | Value::Generator(_) => value.len()?,
                    Value::Dict(_) | Value::View(..) => return Err(Fail::new("random takes a list")),
                    _ => 0,
                };
                Ok(values
                    .into_iter()
                    .next()
                    .unwrap_or_else(|| undefined("No random item, sequence was empty.")))
            }
            "reverse" => {
                given.none(name)?;
                reversed(&value)
            }
            "sort" => {
                let given = given.bind(name, ["reverse", "case_sensitive", "attribute"], 0)?;
                let values = value.iterate()?;
                let keyed = self.multi_keyed(values, given.some(2), given.flag(1))?;
                let values = sorted(keyed, given.flag(0))?;
                list(values.into_iter().map(|(_, value)| value).collect())
            }
            "sum" => {
                let given = given.bind(name, ["attribute", "start"], 0)?;
                let parts = parts(given.some(0));
                let mut sum = given.or(1, Value::Int(0));
                if let Value::Str(_) = sum {
                    return Err(Fail::new("sum() can't sum strings [use ''.join(seq) instead]"));
                }
                for value in value.iterate()? {
                    sum = binary(Operator::Add, &sum, &self.attribute_of(&value, &parts, None)?)?;
                }
                Ok(sum)
            }
            _ => {
                let given = given.bind(name, ["case_sensitive", "attribute"], 0)?;
                let (cased, attribute) = (given.flag(0), given.some(1).cloned());
                self.lazily(value, move |run, values| {
                    let keyed = run.keyed(values, attribute.as_ref(), None, cased);
                    match keyed.and_then(distinct) {
                        Ok(values) => (values, None),
                        Err(fail) => (Vec::new(), Some(fail)),
                    }
                })
            }
        }
    }

    /// A generator of what `work` gives for the values; an error shows where it is gone through.
    fn lazily(
        &mut self,
        value: Value,
        work: impl FnOnce(&mut Run, Vec<Value>) -> (Vec<Value>, Option<Fail>),
    ) -> Result<Value> {
        let (values, error) = match value.iterate() {
            Ok(values) => work(self, values),
            Err(fail) => (Vec::new(), Some(fail)),
        };
        generator("generator", values, error)
    }

    fn mapped(&mut self, values: Vec<Value>, mut given: Given) -> (Vec<Value>, Option<Fail>) {
        let mut results = Vec::new();
        if given.positional.is_empty() && given.named.iter().any(|(name, _)| &**name == "attribute") {
            let given = match given.bind("map", ["", "attribute", "default"], 0) {
                Ok(given) => given,
                Err(fail) => return (results, Some(fail)),
            };
            let parts = parts(given.some(1));
            for value in values {
                match self.attribute_of(&value, &parts, given.some(2)) {
                    Ok(result) => results.push(result),
                    Err(fail) => return (results, Some(fail)),
                }
            }
            return (results, None);
        }
        if given.positional.is_empty() {
            return (results, Some(Fail::new("map requires a filter argument")));
        }
        let name = given.positional.remove(0);
        let Some(name) = name.as_str().filter(|name| super::filters::FILTERS.contains(name)) else {
            return (results, Some(Fail::new("map: there is no such filter")));
        };
        for value in values {
            let given = Given {
                positional: given.positional.clone(),
                named: given.named.clone(),
            };
            match spend(1).and_then(|()| self.filter(name, value, given)) {
                Ok(result) => results.push(result),
                Err(fail) => return (results, Some(fail)),
            }
        }
        (results, None)
    }

    fn selected(&mut self, name: &str, values: Vec<Value>, mut given: Given) -> (Vec<Value>, Option<Fail>) {
        let mut results = Vec::new();
        let mut attribute = Vec::new();
        if name.ends_with("attr") {
            if given.positional.is_empty() {
                return (results, Some(Fail::new("Missing parameter for attribute name")));
            }
            attribute = parts(Some(&given.positional.remove(0)));
        }
        let test = if given.positional.is_empty() {
            None
        } else {
            Some(given.positional.remove(0))
        };
        let wanted = name.starts_with("select");
        for value in values {
            match self.passes(&value, &attribute, test.as_ref(), &given) {
                Ok(passes) if passes == wanted => results.push(value),
                Ok(_) => {}
                Err(fail) => return (results, Some(fail)),
            }
        }
        (results, None)
    }
    fn passes(&mut self, value: &Value, attribute: &[Part], test: Option<&Value>, given: &Given) -> Result<bool> {
        spend(1)?;
        let value = self.attribute_of(value, attribute, None)?;
        let Some(test) = test else { return Ok(value.is_true()) };
        let name = test.as_str().filter(|name| super::checks::TESTS.contains(name));
        let name = name.ok_or_else(|| Fail::new("select: there is no such test"))?;
        let given = Given {
            positional: given.positional.clone(),
            named: given.named.clone(),
        };
        self.test(name, &value, given)
    }

    /// The keys of sort: one for each attribute between commas.
    fn multi_keyed(
        &mut self,
        values: Vec<Value>,
        attribute: Option<&Value>,
        cased: bool,
    ) -> Result<Vec<(Value, Value)>> {
        let attributes: Vec<Value> = match attribute {
            Some(Value::Str(all)) => all.text.split(',').map(text).collect(),
            Some(one) => vec![one.clone()],
            None => return self.keyed(values, None, None, cased),
        };
        let mut keyed = Vec::new();
        for value in values {
            let mut keys = Vec::new();
            for attribute in &attributes {
                let key = self.attribute_of(&value, &parts(Some(attribute)), None)?;
                keys.push(if cased { key } else { ignore_case(key) });
            }
            keyed.push((list(keys)?, value));
        }
        Ok(keyed)
    }

    fn extreme(&mut self, name: &str, value: Value, given: Given) -> Result<Value> {
        let given = given.bind(name, ["case_sensitive", "attribute"], 0)?;
        let values = value.iterate()?;
        let comparison = if name == "max" {
            Comparison::Greater
        } else {
            Comparison::Less
        };
        let mut best: Option<(Value, Value)> = None;
        for (key, value) in self.keyed(values, given.some(1), None, given.flag(0))? {
            let better = match &best {
                Some((best, _)) => compare(comparison, &key, best)?,
                None => true,
            };
            if better {
                best = Some((key, value));
            }
        }
        Ok(best.map_or_else(
            || undefined("No aggregated item, sequence was empty."),
            |(_, value)| value,
        ))
    }

    fn group_by(&mut self, value: Value, given: Given) -> Result<Value> {
        let given = given.bind("groupby", ["attribute", "default", "case_sensitive"], 1)?;
        let (attribute, default) = (given.some(0), given.some(1));
        let keyed = self.keyed(value.iterate()?, attribute, default, given.flag(2))?;
        let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
        for (key, value) in sorted(keyed, false)? {
            match groups.last_mut() {
                Some((known, values)) if compare(Comparison::Equal, known, &key)? => values.push(value),
                _ => groups.push((key, vec![value])),
            }
        }
        let parts = parts(attribute);
        let mut result = Vec::new();
        for (key, values) in groups {
            let key = if given.flag(2) {
                key
            } else {
                self.attribute_of(&values[0], &parts, default)?
            };
            result.push(group(key, list(values)?)?);
        }
        list(result)
    }
}

/// An error of a generator shows only where it is gone through.
fn late(generated: Result<Value>) -> Result<Value> {
    generated.or_else(|fail| generator("generator", Vec::new(), Some(fail)))
}

//! Evaluates expressions.

use std::rc::Rc;

use super::arguments::Given;
use super::budget::{spend, take};
use super::operators::{binary, compare, concat, signed};
use super::run::Run;
use super::state::Scope;
use super::syntax::*;
use super::value::*;
use super::{Fail, Result};

impl Run {
    pub fn evaluate(&mut self, expression: &Expression, scope: &Rc<Scope>) -> Result<Value> {
        spend(1)?;
        let value = self.deeper(|run| run.kind(&expression.kind, scope));
        value.map_err(|fail| fail.at(expression.line))
    }

    fn all(&mut self, expressions: &[Expression], scope: &Rc<Scope>) -> Result<Vec<Value>> {
        expressions
            .iter()
            .map(|expression| self.evaluate(expression, scope))
            .collect()
    }

    fn kind(&mut self, kind: &Kind, scope: &Rc<Scope>) -> Result<Value> {
        Ok(match kind {
            Kind::Constant(value) => value.clone(),
            Kind::Name(name) => match scope.find(*name) {
                Some(value) => value,
                None => undefined(format!("'{}' is undefined", self.names[*name as usize])),
            },
            Kind::Tuple(values) => tuple(self.all(values, scope)?)?,
            Kind::List(values) => list(self.all(values, scope)?)?,
            Kind::Dict(pairs) => {
                let mut dict = Dict::default();
                for (key, value) in pairs {
                    let key = self.evaluate(key, scope)?;
                    dict.insert(key, self.evaluate(value, scope)?)?;
                }
                Value::Dict(Rc::new(dict))
            }
            Kind::Conditional(parts) => {
                let (test, value, otherwise) = &**parts;
                if self.evaluate(test, scope)?.is_true() {
                    self.evaluate(value, scope)?
                } else if let Some(otherwise) = otherwise {
                    self.evaluate(otherwise, scope)?
                } else {
                    undefined("the inline if-expression evaluated to false and no else section was defined.")
                }
            }
            Kind::And(parts) => {
                let left = self.evaluate(&parts.0, scope)?;
                if left.is_true() {
                    self.evaluate(&parts.1, scope)?
                } else {
                    left
                }
            }
            Kind::Or(parts) => {
                let left = self.evaluate(&parts.0, scope)?;
                if left.is_true() {
                    left
                } else {
                    self.evaluate(&parts.1, scope)?
                }
            }
            Kind::Not(value) => Value::Bool(!self.evaluate(value, scope)?.is_true()),
            Kind::Sign(minus, value) => signed(*minus, &self.evaluate(value, scope)?)?,
            Kind::Compare(first, rest) => {
                let mut left = self.evaluate(first, scope)?;
                for (comparison, right) in rest {
                    let right = self.evaluate(right, scope)?;
                    if !compare(*comparison, &left, &right)? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Value::Bool(true)
            }
            Kind::Binary(operator, parts) => {
                let left = self.evaluate(&parts.0, scope)?;
                let right = self.evaluate(&parts.1, scope)?;
                binary(*operator, &left, &right)?
            }
            Kind::Concat(values) => concat(&self.all(values, scope)?)?,
            Kind::Attribute(value, name) => {
                let value = self.evaluate(value, scope)?;
                self.attribute(&value, name)?
            }
            Kind::Item(parts) => {
                let value = self.evaluate(&parts.0, scope)?;
                if let Kind::Slice(parts) = &parts.1.kind {
                    let mut bounds = [const { Value::None }; 3];
                    for (bound, part) in bounds.iter_mut().zip(parts.iter()) {
                        if let Some(part) = part {
                            *bound = self.evaluate(part, scope)?;
                        }
                    }
                    return self.slice(&value, &bounds);
                }
                let index = self.evaluate(&parts.1, scope)?;
                self.item(&value, &index)?
            }
            Kind::Slice(_) => undefined("a slice among other indices has no element"),
            Kind::Call(callee, arguments) => {
                let callee = self.evaluate(callee, scope)?;
                let given = self.arguments(arguments, scope)?;
                self.call(&callee, given)?
            }
            Kind::Filter(value, name, arguments) => {
                let value = match value {
                    Some(value) => self.evaluate(value, scope)?,
                    None => return Err(Fail::new("a filter has no value")),
                };
                let given = self.arguments(arguments, scope)?;
                self.filter(name, value, given)?
            }
            Kind::Test(value, name, arguments) => {
                let value = self.evaluate(value, scope)?;
                let given = self.arguments(arguments, scope)?;
                Value::Bool(self.test(name, &value, given)?)
            }
        })
    }

    fn arguments(&mut self, arguments: &Arguments, scope: &Rc<Scope>) -> Result<Given> {
        let mut positional = self.all(&arguments.positional, scope)?;
        let mut named = Vec::new();
        for (name, value) in &arguments.named {
            named.push((name.clone(), self.evaluate(value, scope)?));
        }
        if let Some(more) = &arguments.more {
            positional.extend(self.evaluate(more, scope)?.iterate()?);
        }
        if let Some(more) = &arguments.more_named {
            let Value::Dict(more) = self.evaluate(more, scope)? else {
                return Err(Fail::new("argument after ** must be a mapping"));
            };
            for entry in &more.entries {
                let name = entry
                    .key
                    .as_str()
                    .ok_or_else(|| Fail::new("keywords must be strings"))?;
                if named.iter().any(|(known, _)| **known == *name) {
                    return Err(Fail::new(format!("multiple values for keyword argument '{name}'")));
                }
                named.push((name.into(), entry.value.clone()));
            }
        }
        take((positional.len() + named.len()) * std::mem::size_of::<Value>())?;
        Ok(Given { positional, named })
    }

    /// The call of {% call %}, whose caller is one more argument.
    pub fn call_with(&mut self, call: &Expression, scope: &Rc<Scope>, caller: Option<Value>) -> Result<Value> {
        let Kind::Call(callee, arguments) = &call.kind else {
            return Err(Fail::new("{% call %} takes a call"));
        };
        let callee = self.evaluate(callee, scope)?;
        let mut given = self.arguments(arguments, scope)?;
        given.named.extend(caller.map(|caller| ("caller".into(), caller)));
        self.call(&callee, given)
    }

    /// The filters of {% filter %} and {% set %} on the text of their block.
    pub fn filtered(&mut self, filter: &Expression, block: Value, scope: &Rc<Scope>) -> Result<Value> {
        let Kind::Filter(inner, name, arguments) = &filter.kind else {
            return Err(Fail::new("expected a filter"));
        };
        let value = match inner {
            Some(inner) => self.deeper(|run| run.filtered(inner, block, scope))?,
            None => block,
        };
        let given = self.arguments(arguments, scope)?;
        self.filter(name, value, given).map_err(|fail| fail.at(filter.line))
    }
}

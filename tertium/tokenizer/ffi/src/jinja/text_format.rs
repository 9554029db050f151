//! str.format: fields in braces, by position or name, with attributes, items and format specifications.

use super::arguments::Given;
use super::budget::Writer;
use super::display::repr;
use super::format::with_spec;
use super::run::Run;
use super::unicode::escaped;
use super::value::{text, Text, Value};
use super::{Fail, Result};

const MOST_NESTED: u32 = 3; // a field, one in its specification, and one in that

struct Fields<'a> {
    run: &'a mut Run,
    positional: &'a [Value],
    named: Option<&'a Value>, // a dictionary
    next: Option<usize>,      // nothing: fields are numbered by hand
    by_hand: bool,
    safe: bool,
}

pub fn format(run: &mut Run, this: &Text, given: Given) -> Result<String> {
    let mut named = super::value::Dict::default();
    for (name, value) in given.named {
        named.insert(text(name), value)?;
    }
    let named = Value::Dict(named.into());
    fields(run, this, &given.positional, Some(&named))
}

pub fn format_map(run: &mut Run, this: &Text, values: &Value) -> Result<String> {
    fields(run, this, &[], Some(values))
}

fn fields(run: &mut Run, this: &Text, positional: &[Value], named: Option<&Value>) -> Result<String> {
    let mut fields = Fields {
        run,
        positional,
        named,
        next: Some(0),
        by_hand: false,
        safe: this.safe,
    };
    fields.expand(&this.text, MOST_NESTED)
}

impl Fields<'_> {
    fn expand(&mut self, format: &str, levels: u32) -> Result<String> {
        let Some(levels) = levels.checked_sub(1) else {
            return Err(Fail::new("Max string recursion exceeded"));
        };
        let mut out = Writer::default();
        let mut rest = format;
        while let Some(at) = rest.find(['{', '}']) {
            out.push(&rest[..at])?;
            let brace = &rest[at..at + 1];
            rest = &rest[at + 1..];
            if rest.starts_with(brace) {
                out.push(brace)?;
                rest = &rest[1..];
                continue;
            }
            if brace == "}" {
                return Err(Fail::new("Single '}' encountered in format string"));
            }
            let mut open = 1;
            let end = rest.find(|c| {
                open += i32::from(c == '{') - i32::from(c == '}');
                open == 0
            });
            let end = end.ok_or_else(|| {
                Fail::new(if rest.is_empty() {
                    "Single '{' encountered in format string"
                } else {
                    "expected '}' before end of string"
                })
            })?;
            out.push(&self.field(&rest[..end], levels)?)?;
            rest = &rest[end + 1..];
        }
        out.push(rest)?;
        Ok(out.0)
    }

    /// name!conversion:specification
    fn field(&mut self, field: &str, levels: u32) -> Result<String> {
        let mut in_brackets = false;
        let end = field.find(|c| {
            in_brackets = (in_brackets || c == '[') && c != ']';
            !in_brackets && (c == '!' || c == ':')
        });
        let (name, rest) = field.split_at(end.unwrap_or(field.len()));
        let (conversion, spec) = match rest.strip_prefix('!') {
            Some(rest) => match rest.split_once(':') {
                Some((conversion, spec)) => (Some(conversion), spec),
                None => (Some(rest), ""),
            },
            None => (None, rest.strip_prefix(':').unwrap_or(rest)),
        };
        let mut value = self.lookup(name)?;
        value = match conversion {
            None => value,
            Some("s") => text(super::display::to_str(&value)?),
            Some("r") => text(repr(&value)?),
            Some(other) => return Err(Fail::new(format!("Unknown conversion specifier {other}"))),
        };
        let spec = self.expand(spec, levels)?;
        let formatted = with_spec(&value, &spec)?;
        if self.safe && !value.is_safe() {
            return escaped(&formatted);
        }
        Ok(formatted)
    }

    fn lookup(&mut self, name: &str) -> Result<Value> {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let mut value = self.first(&name[..end])?;
        let mut rest = &name[end..];
        while !rest.is_empty() {
            if let Some(attribute) = rest.strip_prefix('.') {
                let end = attribute.find(['.', '[']).unwrap_or(attribute.len());
                if end == 0 {
                    return Err(Fail::new("Empty attribute in format string"));
                }
                value = self.run.attribute(&value, &attribute[..end])?;
                rest = &attribute[end..];
            } else {
                let inner = rest
                    .strip_prefix('[')
                    .ok_or_else(|| Fail::new("Only '.' or '[' may follow ']' in format field specifier"))?;
                let end = inner
                    .find(']')
                    .ok_or_else(|| Fail::new("Missing ']' in format string"))?;
                if end == 0 {
                    return Err(Fail::new("Empty attribute in format string"));
                }
                let index = match inner[..end].parse() {
                    Ok(index) => Value::Int(index),
                    Err(_) => text(&inner[..end]),
                };
                value = self.run.item(&value, &index)?;
                rest = &inner[end + 1..];
            }
        }
        Ok(value)
    }

    fn first(&mut self, name: &str) -> Result<Value> {
        let index = if name.is_empty() {
            if self.by_hand {
                return Err(Fail::new(
                    "cannot switch from manual field specification to automatic field numbering",
                ));
            }
            let index = self.next.unwrap_or(0);
            self.next = Some(index + 1);
            Some(index)
        } else if name.bytes().all(|byte| byte.is_ascii_digit()) {
            if self.next != Some(0) {
                return Err(Fail::new(
                    "cannot switch from automatic field numbering to manual field specification",
                ));
            }
            self.by_hand = true;
            Some(
                name.parse()
                    .map_err(|_| Fail::new("Too many decimal digits in format string"))?,
            )
        } else {
            None
        };
        if let Some(index) = index {
            let value = self.positional.get(index).cloned();
            return value.ok_or_else(|| {
                Fail::new(format!(
                    "Replacement index {index} out of range for positional args tuple"
                ))
            });
        }
        let found = match self.named {
            Some(Value::Dict(dict)) => dict.get_str(name)?,
            Some(other) => {
                return Err(Fail::new(format!(
                    "'{}' object is not subscriptable by a name",
                    other.type_name()
                )));
            }
            None => None,
        };
        found.ok_or_else(|| Fail::new(format!("KeyError: '{name}'")))
    }
}

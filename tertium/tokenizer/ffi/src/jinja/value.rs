//! The values of templates: Python's, as far as a chat template can reach them. All but a few objects are immutable, as
//! they are in transformers' sandbox, so lists may be shared.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::budget::{spend, take, MOST_DEPTH};
use super::state::{Loop, Scope};
use super::syntax::Macro;
use super::{Fail, Result};

#[derive(Clone)]
pub enum Value {
    Undefined(Rc<Undefined>),
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(Text),
    Bytes(Rc<[u8]>),
    List(Rc<Items>),
    Tuple(Rc<Items>),
    Dict(Rc<Dict>),
    View(View, Rc<Dict>),
    Range(Rc<Range>),
    Generator(Rc<Generator>),
    Object(Rc<Object>),
}

/// Why a value is none; said where it is used.
pub struct Undefined {
    pub why: String,
}

#[derive(Clone)]
pub struct Text {
    pub text: Rc<str>,
    pub safe: bool, // Markup: what is joined to it is escaped for HTML
}

pub struct Items {
    pub values: Vec<Value>,
    pub depth: u32,
    pub group: bool, // of the filter groupby: has .grouper and .list
}

#[derive(Clone, Copy, PartialEq)]
pub enum View {
    Keys,
    Values,
    Items,
}

pub struct Range {
    pub start: i128,
    pub stop: i128,
    pub step: i128,
    pub length: usize,
}

/// What map, select and their like give: it can be gone through once. It is computed at once, but an error shows only
/// where it is gone through so far.
pub struct Generator {
    pub kind: &'static str,
    pub values: RefCell<VecDeque<Value>>,
    pub error: RefCell<Option<Fail>>,
    pub depth: u32,
}

pub enum Object {
    Namespace(RefCell<Vec<(Rc<str>, Value)>>),
    Macro(Rc<Macro>, Rc<Scope>),
    Loop(Loop),
    Cycler(Vec<Value>, Cell<usize>, u32),
    Joiner(Value, Cell<bool>),
    Function(&'static str),
    Method(Value, Rc<str>),
    Block(Rc<str>),
    Template, // the variable "self"
}

/// What a dictionary looks values up by: 1, 1.0 and true are one key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Key {
    Undefined,
    None,
    Int(i128),
    Float(u64),
    Str(Rc<str>),
    Bytes(Rc<[u8]>),
    Tuple(Vec<Key>),
    Object(usize),
}

pub struct Entry {
    pub hash: Key,
    pub key: Value,
    pub value: Value,
}

#[derive(Default)]
pub struct Dict {
    pub entries: Vec<Entry>,
    index: HashMap<Key, usize>, // of a large one
    pub depth: u32,
}

const LARGE: usize = 8;

impl Dict {
    pub fn insert(&mut self, key: Value, value: Value) -> Result<()> {
        take(std::mem::size_of::<Entry>())?;
        let hash = key.as_key()?;
        self.depth = nested(self.depth.saturating_sub(1).max(key.depth()).max(value.depth()))?;
        if let Some(at) = self.position(&hash)? {
            self.entries[at].value = value;
            return Ok(());
        }
        let at = self.entries.len();
        self.entries.push(Entry { hash, key, value });
        if at + 1 == LARGE {
            self.index = self.entries.iter().map(|entry| entry.hash.clone()).zip(0..).collect();
        } else if at + 1 > LARGE {
            self.index.insert(self.entries[at].hash.clone(), at);
        }
        Ok(())
    }
    fn position(&self, key: &Key) -> Result<Option<usize>> {
        spend(1)?;
        Ok(if self.entries.len() < LARGE {
            self.entries.iter().position(|entry| entry.hash == *key)
        } else {
            self.index.get(key).copied()
        })
    }
    pub fn get(&self, key: &Key) -> Result<Option<Value>> {
        Ok(self.position(key)?.map(|at| self.entries[at].value.clone()))
    }
    pub fn get_str(&self, key: &str) -> Result<Option<Value>> {
        self.get(&Key::Str(key.into()))
    }
}

/// One level more than `inner`, if that is allowed.
pub fn nested(inner: u32) -> Result<u32> {
    if inner >= MOST_DEPTH {
        return Err(Fail::new(format!("it nests lists more than {MOST_DEPTH} deep")));
    }
    Ok(inner + 1)
}

pub fn deepest<'a>(values: impl IntoIterator<Item = &'a Value>) -> u32 {
    values.into_iter().map(Value::depth).max().unwrap_or(0)
}

fn items(values: Vec<Value>, group: bool) -> Result<Rc<Items>> {
    take(values.len() * std::mem::size_of::<Value>())?;
    let depth = nested(deepest(&values))?;
    Ok(Rc::new(Items { values, depth, group }))
}

pub fn text(text: impl Into<Rc<str>>) -> Value {
    let text = text.into();
    Value::Str(Text { text, safe: false })
}

pub fn list(values: Vec<Value>) -> Result<Value> {
    Ok(Value::List(items(values, false)?))
}

pub fn tuple(values: Vec<Value>) -> Result<Value> {
    Ok(Value::Tuple(items(values, false)?))
}

pub fn group(grouper: Value, values: Value) -> Result<Value> {
    Ok(Value::Tuple(items(vec![grouper, values], true)?))
}

pub fn undefined(why: impl Into<String>) -> Value {
    Value::Undefined(Rc::new(Undefined { why: why.into() }))
}

pub fn function(name: &'static str) -> Value {
    Value::Object(Rc::new(Object::Function(name)))
}

/// Of values in order; `error` comes behind them.
pub fn generator(kind: &'static str, values: Vec<Value>, error: Option<Fail>) -> Result<Value> {
    take(values.len() * std::mem::size_of::<Value>())?;
    let depth = nested(deepest(&values))?;
    let (values, error) = (RefCell::new(values.into()), RefCell::new(error));
    Ok(Value::Generator(Rc::new(Generator {
        kind,
        values,
        error,
        depth,
    })))
}

impl Generator {
    pub fn next(&self) -> Result<Option<Value>> {
        spend(1)?;
        match self.values.borrow_mut().pop_front() {
            Some(value) => Ok(Some(value)),
            None => self.error.borrow_mut().take().map_or(Ok(None), Err),
        }
    }
}

impl Range {
    pub fn at(&self, index: usize) -> Value {
        Value::Int(self.start + self.step * index as i128)
    }
}

impl Dict {
    pub fn view(&self, view: View) -> Result<Vec<Value>> {
        let entries = self.entries.iter();
        match view {
            View::Keys => Ok(entries.map(|entry| entry.key.clone()).collect()),
            View::Values => Ok(entries.map(|entry| entry.value.clone()).collect()),
            View::Items => entries
                .map(|entry| tuple(vec![entry.key.clone(), entry.value.clone()]))
                .collect(),
        }
    }
}

impl Value {
    pub fn depth(&self) -> u32 {
        match self {
            Value::List(items) | Value::Tuple(items) => items.depth,
            Value::Dict(dict) | Value::View(_, dict) => dict.depth,
            Value::Generator(generator) => generator.depth,
            Value::Object(object) => match &**object {
                Object::Cycler(_, _, depth) => *depth,
                Object::Joiner(value, _) | Object::Method(value, _) => value.depth(),
                Object::Loop(this) => this.nesting,
                _ => 0, // what can change is taken apart behind the rendering, see Run::finish
            },
            _ => 0,
        }
    }
    pub fn as_key(&self) -> Result<Key> {
        spend(1)?;
        Ok(match self {
            Value::Undefined(_) => Key::Undefined,
            Value::None => Key::None,
            Value::Bool(value) => Key::Int(i128::from(*value)),
            Value::Int(value) => Key::Int(*value),
            Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e38 => Key::Int(*value as i128),
            Value::Float(value) => Key::Float(value.to_bits()),
            Value::Str(value) => Key::Str(value.text.clone()),
            Value::Bytes(value) => Key::Bytes(value.clone()),
            Value::Tuple(items) => Key::Tuple(items.values.iter().map(Value::as_key).collect::<Result<_>>()?),
            Value::Range(range) => Key::Object(Rc::as_ptr(range) as *const u8 as usize),
            Value::Generator(generator) => Key::Object(Rc::as_ptr(generator) as *const u8 as usize),
            Value::Object(object) => Key::Object(Rc::as_ptr(object) as *const u8 as usize),
            Value::List(_) | Value::Dict(_) | Value::View(..) => {
                return Err(Fail::new(format!("unhashable type: '{}'", self.type_name())))
            }
        })
    }
    pub fn is_true(&self) -> bool {
        match self {
            Value::Undefined(_) | Value::None => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Str(value) => !value.text.is_empty(),
            Value::Bytes(value) => !value.is_empty(),
            Value::List(items) | Value::Tuple(items) => !items.values.is_empty(),
            Value::Dict(dict) | Value::View(_, dict) => !dict.entries.is_empty(),
            Value::Range(range) => range.length > 0,
            Value::Generator(_) | Value::Object(_) => true,
        }
    }
    /// Of an int, and of a bool, which is one.
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Value::Bool(value) => Some(i128::from(*value)),
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Float(value) => Some(*value),
            _ => self.as_int().map(|value| value as f64),
        }
    }
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(value) => Some(&value.text),
            _ => None,
        }
    }
    pub fn is_safe(&self) -> bool {
        matches!(self, Value::Str(Text { safe: true, .. }))
    }
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Undefined(_) => "Undefined",
            Value::None => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Str(value) => ["str", "Markup"][usize::from(value.safe)],
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Tuple(_) => "tuple",
            Value::Dict(_) => "dict",
            Value::View(View::Keys, _) => "dict_keys",
            Value::View(View::Values, _) => "dict_values",
            Value::View(View::Items, _) => "dict_items",
            Value::Range(_) => "range",
            Value::Generator(generator) => generator.kind,
            Value::Object(object) => match &**object {
                Object::Namespace(_) => "namespace",
                Object::Macro(..) => "Macro",
                Object::Loop(_) => "LoopContext",
                Object::Cycler(..) => "Cycler",
                Object::Joiner(..) => "Joiner",
                Object::Function(_) => "function",
                Object::Method(..) => "builtin_function_or_method",
                Object::Block(_) => "BlockReference",
                Object::Template => "TemplateReference",
            },
        }
    }
    /// The number of its values; an error of Python's if it has none.
    pub fn len(&self) -> Result<usize> {
        Ok(match self {
            Value::Undefined(_) => 0,
            Value::Str(value) => {
                spend(value.text.len() / 64)?;
                value.text.chars().count()
            }
            Value::Bytes(value) => value.len(),
            Value::List(items) | Value::Tuple(items) => items.values.len(),
            Value::Dict(dict) | Value::View(_, dict) => dict.entries.len(),
            Value::Range(range) => range.length,
            _ => {
                return Err(Fail::new(format!("object of type '{}' has no len()", self.type_name())));
            }
        })
    }
    /// Its values in order; an error of Python's if it cannot be gone through. A generator is used up.
    pub fn iterate(&self) -> Result<Vec<Value>> {
        let values = match self {
            Value::Undefined(_) => Vec::new(),
            Value::Str(value) => {
                take(value.text.len().saturating_mul(std::mem::size_of::<Value>()))?;
                value.text.chars().map(|c| text(c.to_string())).collect()
            }
            Value::Bytes(value) => value.iter().map(|&byte| Value::Int(i128::from(byte))).collect(),
            Value::List(items) | Value::Tuple(items) => items.values.clone(),
            Value::Dict(dict) => dict.view(View::Keys)?,
            Value::View(view, dict) => dict.view(*view)?,
            Value::Range(range) => (0..range.length).map(|index| range.at(index)).collect(),
            Value::Generator(generator) => {
                let mut values = Vec::new();
                while let Some(value) = generator.next()? {
                    values.push(value);
                }
                values
            }
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Object(_) => {
                return Err(Fail::new(format!("'{}' object is not iterable", self.type_name())));
            }
        };
        take(values.len() * std::mem::size_of::<Value>())?;
        Ok(values)
    }
    /// What an undefined value says where it is used.
    pub fn check_defined(&self) -> Result<()> {
        match self {
            Value::Undefined(undefined) => Err(Fail::new(undefined.why.clone())),
            _ => Ok(()),
        }
    }
}

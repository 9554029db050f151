//! str() and repr() of values.

use super::budget::{spend, Writer, MOST_DEPTH};
use super::number::float_repr;
use super::unicode::is_printable;
use super::value::{Dict, Object, Value, View};
use super::{Fail, Result};

/// str(value): what {{ value }} prints.
pub fn write(out: &mut Writer, value: &Value) -> Result<()> {
    match value {
        Value::Undefined(_) => Ok(()),
        Value::Str(value) => out.push(&value.text),
        _ => write_repr(out, value, 0),
    }
}

pub fn to_str(value: &Value) -> Result<String> {
    let mut out = Writer::default();
    write(&mut out, value)?;
    Ok(out.0)
}

pub fn repr(value: &Value) -> Result<String> {
    let mut out = Writer::default();
    write_repr(&mut out, value, 0)?;
    Ok(out.0)
}

fn write_repr(out: &mut Writer, value: &Value, level: u32) -> Result<()> {
    spend(1)?;
    if level > 2 * MOST_DEPTH {
        return Err(Fail::new("a namespace holds itself and cannot be printed"));
    }
    match value {
        Value::Undefined(_) => out.push("Undefined"),
        Value::None => out.push("None"),
        Value::Bool(value) => out.push(if *value { "True" } else { "False" }),
        Value::Int(value) => out.push(&value.to_string()),
        Value::Float(value) => out.push(&float_repr(*value)),
        Value::Str(value) if value.safe => {
            out.push("Markup(")?;
            write_quoted(out, &value.text)?;
            out.push(")")
        }
        Value::Str(value) => write_quoted(out, &value.text),
        Value::Bytes(bytes) => write_bytes(out, bytes),
        Value::List(items) => write_list(out, "[", &items.values, "]", level),
        Value::Tuple(items) if items.values.len() == 1 => write_list(out, "(", &items.values, ",)", level),
        Value::Tuple(items) => write_list(out, "(", &items.values, ")", level),
        Value::Dict(dict) => write_dict(out, dict, level),
        Value::View(view, dict) => {
            out.push(value.type_name())?;
            write_list(out, "([", &dict.view(*view)?, "])", level)
        }
        Value::Range(range) if range.step == 1 => out.push(&format!("range({}, {})", range.start, range.stop)),
        Value::Range(range) => out.push(&format!("range({}, {}, {})", range.start, range.stop, range.step)),
        Value::Generator(generator) => out.push(&format!("<{} object>", generator.kind)),
        Value::Object(object) => match &**object {
            Object::Namespace(values) => {
                out.push("<Namespace {")?;
                for (at, (name, value)) in values.borrow().iter().enumerate() {
                    out.push(if at == 0 { "" } else { ", " })?;
                    write_quoted(out, name)?;
                    out.push(": ")?;
                    write_repr(out, value, level + 1)?;
                }
                out.push("}>")
            }
            Object::Macro(node, _) => {
                out.push("<Macro ")?;
                write_quoted(out, &node.name)?;
                out.push(">")
            }
            Object::Loop(this) => {
                let state = this.state.borrow();
                let length = state
                    .length
                    .unwrap_or(state.taken + state.ahead.len() + state.waiting.len());
                out.push(&format!("<LoopContext {}/{length}>", state.taken))
            }
            Object::Method(this, name) => out.push(&format!("<built-in method {name} of {} object>", this.type_name())),
            Object::Function(name) => out.push(&format!("<function {name}>")),
            Object::Block(name) => out.push(&format!("<BlockReference '{name}'>")),
            Object::Template => out.push("<TemplateReference None>"),
            Object::Cycler(..) => out.push("<jinja2.utils.Cycler object>"),
            Object::Joiner(..) => out.push("<jinja2.utils.Joiner object>"),
        },
    }
}

fn write_list(out: &mut Writer, begin: &str, values: &[Value], end: &str, level: u32) -> Result<()> {
    out.push(begin)?;
    for (at, value) in values.iter().enumerate() {
        out.push(if at == 0 { "" } else { ", " })?;
        write_repr(out, value, level + 1)?;
    }
    out.push(end)
}

fn write_dict(out: &mut Writer, dict: &Dict, level: u32) -> Result<()> {
    out.push("{")?;
    for (at, entry) in dict.entries.iter().enumerate() {
        out.push(if at == 0 { "" } else { ", " })?;
        write_repr(out, &entry.key, level + 1)?;
        out.push(": ")?;
        write_repr(out, &entry.value, level + 1)?;
    }
    out.push("}")
}

fn quote_of(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double {
        '"'
    } else {
        '\''
    }
}

fn write_quoted(out: &mut Writer, text: &str) -> Result<()> {
    let quote = quote_of(text.contains('\''), text.contains('"'));
    out.push_char(quote)?;
    for c in text.chars() {
        match c {
            '\n' => out.push("\\n")?,
            '\r' => out.push("\\r")?,
            '\t' => out.push("\\t")?,
            '\\' => out.push("\\\\")?,
            _ if c == quote => {
                out.push("\\")?;
                out.push_char(c)?;
            }
            _ if is_printable(c) => out.push_char(c)?,
            _ => out.push(&match c as u32 {
                code @ 0..=0xff => format!("\\x{code:02x}"),
                code @ 0x100..=0xffff => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            })?,
        }
    }
    out.push_char(quote)
}

fn write_bytes(out: &mut Writer, bytes: &[u8]) -> Result<()> {
    let quote = quote_of(bytes.contains(&b'\''), bytes.contains(&b'"'));
    out.push("b")?;
    out.push_char(quote)?;
    for &byte in bytes {
        match byte {
            b'\n' => out.push("\\n")?,
            b'\r' => out.push("\\r")?,
            b'\t' => out.push("\\t")?,
            b'\\' => out.push("\\\\")?,
            _ if byte as char == quote => out.push(&format!("\\{quote}"))?,
            b' '..=b'~' => out.push_char(byte as char)?,
            _ => out.push(&format!("\\x{byte:02x}"))?,
        }
    }
    out.push_char(quote)
}

/// What Jinja2 calls the value in an error.
pub fn described(value: &Value) -> String {
    match value {
        Value::None => "None".into(),
        _ => format!("{} object", value.type_name()),
    }
}

/// The values of a view, for those that compare as sets.
pub fn is_set(value: &Value) -> bool {
    matches!(value, Value::View(View::Keys | View::Items, _))
}

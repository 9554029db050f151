//! Chat templates, rendered as transformers renders them: Jinja with trim_blocks and lstrip_blocks, Python's methods of
//! texts and dictionaries, and three functions of transformers' own. A template is a stranger's program: it sees nothing
//! but its variables, and its steps, its output and its depth are limited. (What one operator may build, as a list repeated
//! millions of times, is limited by minijinja alone.)

use std::fmt::{self, Write};
use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;
use regex::Regex;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};

use crate::Outcome;

const FUEL: u64 = 5_000_000; // below a second; real templates burn thousands a message
const MOST_BYTES: usize = 1 << 24; // of one printed list or dictionary

/// `template` rendered with the variables of a JSON object; `now` among them is the time, in seconds since 1970 (UTC).
pub fn render(template: &str, variables: &[u8]) -> Outcome<String> {
    let variables: Value = serde_json::from_slice(variables)?;
    let now = i64::try_from(variables.get_attr("now")?)?;
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_unknown_method_callback(unknown_method_callback);
    environment.set_formatter(print);
    environment.set_fuel(Some(FUEL));
    environment.add_filter("tojson", to_json);
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", move |format: &str| strftime(format, now));
    // Marks what an assistant says, for training; it changes no text.
    let marks = Regex::new(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}")?;
    let unmarked = marks.replace_all(template, |found: &regex::Captures| {
        let tag = if found.get(2).is_some() { "endif" } else { "if true" };
        format!("{{%{} {tag} {}%}}", &found[1], &found[3])
    });
    environment
        .render_str(&unmarked, variables)
        .map_err(|error| one_line(&error).into())
}

fn one_line(error: &Error) -> String {
    let line = error.line().map_or(String::new(), |line| format!("line {line}: "));
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    format!("{line}{detail}")
}

/// A text that does not grow without end: a list may be repeated more often than there is memory.
struct Limited(String);

impl fmt::Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MOST_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// Prints what Python spells differently.
fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Bool => Ok(out.write_str(if value.is_true() { "True" } else { "False" })?),
        ValueKind::None => Ok(out.write_str("None")?),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
            let mut limited = Limited(String::new());
            write!(limited, "{value}")?;
            Ok(out.write_str(&limited.0)?)
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// Python's json.dumps puts a space behind commas and colons.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

fn json_of(value: &Value, formatter: impl Formatter) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let failed = |error: String| Error::new(ErrorKind::BadSerialization, error);
    value
        .serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))
        .map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

fn to_json(value: &Value, options: Kwargs) -> Result<String, Error> {
    const MOST_INDENT: usize = 16;
    let indent: Option<usize> = options.get("indent")?;
    let _: Option<bool> = options.get("ensure_ascii")?; // false is the default, and what templates say
    options.assert_all_used()?;
    match indent {
        None => json_of(value, Spaced),
        Some(indent) => json_of(
            value,
            PrettyFormatter::with_indent(&b" ".repeat(indent.min(MOST_INDENT))),
        ),
    }
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar: year, month, day, day of the year.
fn date(day: i64) -> (i64, usize, i64, i64) {
    let length = |year: i64| 365 + i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let (mut year, mut rest) = (1970, day);
    while rest >= length(year) {
        rest -= length(year);
        year += 1;
    }
    let day_of_year = rest + 1;
    let mut months = [31, 28 + length(year) - 365, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter();
    let mut month = 0;
    for length in months.by_ref() {
        if rest < length {
            break;
        }
        rest -= length;
        month += 1;
    }
    (year, month, rest + 1, day_of_year)
}

fn strftime(format: &str, now: i64) -> Result<String, Error> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    const DAYS: [&str; 7] = [
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "Monday",
        "Tuesday",
        "Wednesday",
    ];
    const LATEST: i64 = 253_402_300_799; // the end of the year 9999
    let now = now.clamp(0, LATEST);
    let (day, second) = (now / 86400, now % 86400);
    let (year, month, day_of_month, day_of_year) = date(day);
    let weekday = DAYS[(day % 7) as usize];
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let mut text = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('Y') => text += &year.to_string(),
            Some('y') => text += &format!("{:02}", year % 100),
            Some('m') => text += &format!("{:02}", month + 1),
            Some('B') => text += MONTHS[month],
            Some('b') => text += &MONTHS[month][..3],
            Some('d') => text += &format!("{day_of_month:02}"),
            Some('j') => text += &format!("{day_of_year:03}"),
            Some('A') => text += weekday,
            Some('a') => text += &weekday[..3],
            Some('H') => text += &format!("{hour:02}"),
            Some('I') => text += &format!("{:02}", (hour + 11) % 12 + 1),
            Some('p') => text += if hour < 12 { "AM" } else { "PM" },
            Some('M') => text += &format!("{minute:02}"),
            Some('S') => text += &format!("{:02}", second % 60),
            Some('%') => text.push('%'),
            other => {
                let unknown = other.map_or(String::new(), String::from);
                let message = format!("strftime_now does not know %{unknown}");
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            }
        }
    }
    Ok(text)
}

//! strftime as Python has it: the C library's, in the C locale.

use chrono::{DateTime, Utc};

use super::budget::Writer;
use super::{Fail, Result};

const MOST_WIDTH: usize = 1 << 10;

/// `format` filled in with the time `now`, in seconds since 1970 (UTC).
pub fn strftime(format: &str, now: i64) -> Result<String> {
    let time = DateTime::<Utc>::from_timestamp(now, 0).ok_or_else(|| Fail::new("the time is out of range"))?;
    let mut out = Writer::default();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push(&rest[..at])?;
        let directive = &rest[at..];
        let inner = directive[1..].trim_start_matches(['-', '_', '0', '^', '#']);
        let digits = inner.len() - inner.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let kind = inner[digits..].trim_start_matches(['E', 'O']).chars().next();
        let Some(kind) = kind else {
            out.push(directive)?; // the C library leaves what it does not know as it is
            return Ok(out.0);
        };
        let flags = &directive[1..directive.len() - inner.len()];
        let size = directive.len() - inner[digits..].trim_start_matches(['E', 'O']).len() + kind.len_utf8();
        match filled(&time, kind) {
            Some(text) => {
                let width = inner[..digits]
                    .parse::<usize>()
                    .unwrap_or(if digits > 0 { usize::MAX } else { 0 });
                out.push(&padded(text, kind, flags, width)?)?;
            }
            None => out.push(&directive[..size])?,
        }
        rest = &directive[size..];
    }
    out.push(rest)?;
    Ok(out.0)
}

/// One directive without flags; nothing if there is no such.
fn filled(time: &DateTime<Utc>, kind: char) -> Option<String> {
    let known = match kind {
        'a' | 'A' | 'b' | 'B' | 'c' | 'C' | 'd' | 'D' | 'e' | 'F' | 'g' | 'G' | 'h' | 'H' | 'I' | 'j' | 'k' | 'l'
        | 'm' | 'M' | 'n' | 'p' | 'P' | 'r' | 'R' | 's' | 'S' | 't' | 'T' | 'u' | 'U' | 'V' | 'w' | 'W' | 'x' | 'X'
        | 'y' | 'Y' | '%' => format!("%{kind}"),
        'f' => return Some("000000".into()),
        'z' | 'Z' => return Some(String::new()), // Python's time knows no zone
        _ => return None,
    };
    Some(time.format(&known).to_string())
}

fn padded(text: String, kind: char, flags: &str, width: usize) -> Result<String> {
    if width > MOST_WIDTH {
        return Err(Fail::new("strftime_now: a field is too wide"));
    }
    let flag = flags.chars().rfind(|c| "-_0".contains(*c));
    let is_number = text.trim_start().bytes().all(|byte| byte.is_ascii_digit()) && kind != 'f';
    let own_width = text.len();
    let mut text = text;
    if is_number && flag.is_some() && kind != '%' {
        let bare = text.trim_start_matches(['0', ' ']);
        text = if bare.is_empty() { "0".into() } else { bare.to_owned() };
    }
    let fill = match (flag, is_number) {
        (Some('-' | '_'), _) => ' ',
        (Some('0'), _) => '0',
        (_, true) if !matches!(kind, 'e' | 'k' | 'l') => '0',
        _ => ' ',
    };
    let width = if is_number && flag != Some('-') {
        width.max(own_width)
    } else {
        width
    };
    let missing = width.saturating_sub(text.chars().count());
    let filler: String = std::iter::repeat_n(fill, missing).collect();
    Ok(cased(filler + &text, flags, kind))
}

fn cased(text: String, flags: &str, kind: char) -> String {
    match (flags.contains('^'), flags.contains('#'), kind) {
        (_, true, 'p') => text.to_lowercase(),
        (true, ..) | (_, true, 'a' | 'A' | 'b' | 'B' | 'h') => text.to_uppercase(),
        _ => text,
    }
}

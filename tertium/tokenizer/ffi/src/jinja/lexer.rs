//! Cuts a template into tokens as Jinja2 does with trim_blocks and lstrip_blocks.

use std::rc::Rc;

use super::unicode::{is_name, is_space};
use super::{Fail, Result};

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Data(String),
    BlockBegin,
    BlockEnd,
    PrintBegin,
    PrintEnd,
    Name(Rc<str>),
    Text(String),
    Int(i128),
    Float(f64),
    Operator(&'static str),
    End,
}

const OPERATORS: [&str; 26] = [
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".",
    ":", "|", ",", ";",
];

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    line: u32,
    line_starting: bool, // what was read last ends with a line
    tokens: Vec<(Token, u32)>,
}

/// Lines end with "\n", and the last one without.
pub fn normalized(source: &str) -> String {
    let mut source = source.replace("\r\n", "\n").replace('\r', "\n");
    if source.ends_with('\n') {
        source.pop();
    }
    source
}

/// The tokens of a normalized template, each with its line.
pub fn tokens(source: &str) -> Result<Vec<(Token, u32)>> {
    let mut lexer = Lexer {
        source,
        at: 0,
        line: 1,
        line_starting: true,
        tokens: Vec::new(),
    };
    lexer.template().map_err(|fail| fail.at(lexer.line))?;
    lexer.push(Token::End);
    Ok(lexer.tokens)
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }
    fn push(&mut self, token: Token) {
        self.tokens.push((token, self.line));
    }
    fn skip(&mut self, bytes: usize) {
        let skipped = &self.source[self.at..self.at + bytes];
        self.line += skipped.matches('\n').count() as u32;
        self.line_starting = skipped.ends_with('\n');
        self.at += bytes;
    }
    fn skip_spaces(&mut self) {
        let rest = self.rest();
        let spaces = rest.len() - rest.trim_start_matches(is_space).len();
        if spaces > 0 {
            self.skip(spaces);
        }
    }
    fn skip_line_end(&mut self) {
        if self.rest().starts_with('\n') {
            self.skip(1);
        }
    }

    fn template(&mut self) -> Result<()> {
        loop {
            let rest = self.rest();
            let begin = (0..rest.len()).find(|&at| {
                rest.as_bytes()[at] == b'{' && matches!(rest.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#'))
            });
            let Some(begin) = begin else {
                self.data(rest);
                return Ok(());
            };
            let sign = rest[begin + 2..].chars().next().filter(|c| "+-".contains(*c));
            self.text_before(&rest[..begin], sign, !rest[begin..].starts_with("{{"));
            match &rest[begin..begin + 2] {
                "{#" => self.comment(2 + usize::from(sign.is_some()))?,
                "{{" => self.tag(sign, Token::PrintBegin, Token::PrintEnd, "}}")?,
                _ => match raw_tag(self.rest(), "raw") {
                    Some(size) => self.raw(size)?,
                    None => self.tag(sign, Token::BlockBegin, Token::BlockEnd, "%}")?,
                },
            }
        }
    }

    fn data(&mut self, text: &str) {
        if !text.is_empty() {
            self.push(Token::Data(text.to_owned()));
        }
    }

    /// The text before a tag, without the white space that the tag takes.
    fn text_before(&mut self, text: &str, sign: Option<char>, is_block: bool) {
        let mut kept = text;
        if sign == Some('-') {
            kept = text.trim_end_matches(is_space);
        } else if sign.is_none() && is_block {
            let line = text.rfind('\n').map_or(0, |at| at + 1);
            if (line > 0 || self.line_starting) && text[line..].chars().all(is_space) {
                kept = &text[..line];
            }
        }
        self.data(kept);
        self.skip(text.len());
    }

    /// `end` at `at`, with what may stand before and behind it, or nothing.
    fn end_tag(&mut self, end: &str, trims_line: bool, may_keep: bool) -> bool {
        let rest = self.rest();
        if rest.starts_with('-') && rest[1..].starts_with(end) {
            self.skip(1 + end.len());
            self.skip_spaces();
        } else if may_keep && rest.starts_with('+') && rest[1..].starts_with(end) {
            self.skip(1 + end.len());
        } else if rest.starts_with(end) {
            self.skip(end.len());
            if trims_line {
                self.skip_line_end();
            }
        } else {
            return false;
        }
        true
    }

    fn comment(&mut self, begin: usize) -> Result<()> {
        self.skip(begin);
        let Some(end) = self.rest().find("#}") else {
            return Err(Fail::new("a comment has no end, #}"));
        };
        let signed = end > 0 && matches!(self.rest().as_bytes()[end - 1], b'-' | b'+');
        self.skip(end - usize::from(signed));
        self.end_tag("#}", true, true);
        Ok(())
    }

    fn raw(&mut self, begin: usize) -> Result<()> {
        self.skip(begin);
        if self.source[..self.at].ends_with("-%}") {
            self.skip_spaces();
        }
        let rest = self.rest();
        let end = rest
            .match_indices("{%")
            .map(|(at, _)| at)
            .find(|&at| raw_tag(&rest[at..], "endraw").is_some());
        let Some(end) = end else {
            return Err(Fail::new("{% raw %} has no {% endraw %}"));
        };
        let sign = rest[end + 2..].chars().next().filter(|c| "+-".contains(*c));
        self.text_before(&rest[..end], sign, true);
        let tag = raw_tag(self.rest(), "endraw").unwrap_or(0);
        let signed = usize::from(matches!(self.rest().as_bytes()[tag - 3], b'-' | b'+'));
        self.skip(tag - 2 - signed);
        self.end_tag("%}", true, true);
        Ok(())
    }

    fn tag(&mut self, sign: Option<char>, begin: Token, end: Token, closing: &str) -> Result<()> {
        self.skip(2 + usize::from(sign.is_some()));
        self.push(begin);
        let mut open = Vec::new();
        let is_block = end == Token::BlockEnd;
        loop {
            if open.is_empty() && self.end_tag(closing, is_block, is_block) {
                self.push(end);
                return Ok(());
            }
            self.skip_spaces();
            let Some(c) = self.rest().chars().next() else {
                return Ok(()); // the parser misses what should stand here
            };
            if open.is_empty() && (self.rest().starts_with(closing) || self.signed_end(closing, is_block)) {
                continue;
            }
            match c {
                '0'..='9' => self.number()?,
                '\'' | '"' => self.text(c)?,
                _ if is_name(c) => self.name(),
                _ => self.operator(c, &mut open)?,
            }
        }
    }
    fn signed_end(&self, closing: &str, may_keep: bool) -> bool {
        let sign = self.rest().chars().next();
        (sign == Some('-') || may_keep && sign == Some('+')) && self.rest()[1..].starts_with(closing)
    }

    fn operator(&mut self, c: char, open: &mut Vec<char>) -> Result<()> {
        let rest = self.rest();
        let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) else {
            return Err(Fail::new(format!("unexpected character {c:?}")));
        };
        match c {
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' => match open.pop() {
                Some(expected) if expected == c => {}
                Some(expected) => return Err(Fail::new(format!("unexpected '{c}', expected '{expected}'"))),
                None => return Err(Fail::new(format!("unexpected '{c}'"))),
            },
            _ => {}
        }
        self.push(Token::Operator(operator));
        self.skip(operator.len());
        Ok(())
    }

    fn name(&mut self) {
        let rest = self.rest();
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        self.push(Token::Name(rest[..end].into()));
        self.skip(end);
    }

    fn number(&mut self) -> Result<()> {
        let rest = self.rest();
        let behind_point = self.at > 0 && self.source.as_bytes()[self.at - 1] == b'.';
        let size = if behind_point {
            None
        } else {
            float_size(rest.as_bytes())
        };
        if let Some(size) = size {
            let digits = rest[..size].replace('_', "");
            let number = digits.parse().map_err(|_| Fail::new("a number cannot be read"))?;
            self.push(Token::Float(number));
            self.skip(size);
            return Ok(());
        }
        let (radix, prefix) = match rest.get(..2).map(str::to_ascii_lowercase).as_deref() {
            Some("0b") => (2, 2),
            Some("0o") => (8, 2),
            Some("0x") => (16, 2),
            _ => (10, 0),
        };
        let mut size = prefix + digits_size(&rest.as_bytes()[prefix..], radix, prefix > 0);
        if size == prefix && prefix > 0 || prefix == 0 && rest.starts_with('0') {
            size = digits_size(rest.as_bytes(), 1, false); // zeros only
        }
        let digits = rest[if size > prefix { prefix } else { 0 }..size].replace('_', "");
        let number = i128::from_str_radix(&digits, if size > prefix { radix } else { 10 });
        self.push(Token::Int(number.map_err(|_| Fail::new("a number is too large"))?));
        self.skip(size);
        Ok(())
    }

    fn text(&mut self, quote: char) -> Result<()> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest[1..].find(|c| {
            let ends = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end else {
            return Err(Fail::new(format!("unexpected character {quote:?}: a text has no end")));
        };
        let text = unescaped(&rest[1..end + 1])?;
        self.push(Token::Text(text));
        self.skip(end + 2);
        Ok(())
    }
}

/// The size of {% name %} with its signs, white space behind it excluded.
fn raw_tag(rest: &str, name: &str) -> Option<usize> {
    let inner = rest.strip_prefix("{%")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner
        .trim_start_matches(is_space)
        .strip_prefix(name)?
        .trim_start_matches(is_space);
    let signs: &[char] = if name == "raw" { &['-'] } else { &['-', '+'] };
    let inner = inner.strip_prefix(signs).unwrap_or(inner).strip_prefix("%}")?;
    Some(rest.len() - inner.len())
}

/// The bytes of digits, which single underscores may part; `radix` 1 has only 0.
fn digits_size(bytes: &[u8], radix: u32, underscore_first: bool) -> usize {
    let is_digit = |at: usize| {
        let digit = bytes.get(at).and_then(|&byte| (byte as char).to_digit(16));
        digit.is_some_and(|digit| digit < radix)
    };
    let mut at = 0;
    loop {
        if is_digit(at) {
            at += 1;
        } else if bytes.get(at) == Some(&b'_') && (at > 0 || underscore_first) && is_digit(at + 1) {
            at += 2;
        } else {
            return at;
        }
    }
}

fn float_size(bytes: &[u8]) -> Option<usize> {
    let digits = |at: usize| bytes.get(at..).map_or(0, |rest| digits_size(rest, 10, false));
    let mut size = digits(0);
    let mut is_float = false;
    if bytes.get(size) == Some(&b'.') && digits(size + 1) > 0 {
        size += 1 + digits(size + 1);
        is_float = true;
    }
    if matches!(bytes.get(size), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(size + 1), Some(b'+' | b'-')));
        if digits(size + 1 + sign) > 0 {
            size += 1 + sign + digits(size + 1 + sign);
            is_float = true;
        }
    }
    is_float.then_some(size)
}

/// Python's escapes.
fn unescaped(text: &str) -> Result<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else { break };
        rest = &rest[c.len_utf8()..];
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        match c {
            '\n' => {}
            '\\' | '\'' | '"' => plain.push(c),
            'a' => plain.push('\u{7}'),
            'b' => plain.push('\u{8}'),
            'f' => plain.push('\u{c}'),
            'n' => plain.push('\n'),
            'r' => plain.push('\r'),
            't' => plain.push('\t'),
            'v' => plain.push('\u{b}'),
            '0'..='7' => {
                let more = rest
                    .bytes()
                    .take(2)
                    .take_while(|byte| matches!(byte, b'0'..=b'7'))
                    .count();
                let code = format!("{c}{}", &rest[..more]);
                plain.extend(u32::from_str_radix(&code, 8).ok().and_then(char::from_u32));
                rest = &rest[more..];
            }
            'x' | 'u' | 'U' => {
                let hex = rest
                    .get(..digits)
                    .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
                let code = hex
                    .and_then(|hex| u32::from_str_radix(hex, 16).ok())
                    .and_then(char::from_u32);
                let Some(code) = code else {
                    return Err(Fail::new(format!(
                        "\\{c} in a text is followed by no character's number"
                    )));
                };
                plain.push(code);
                rest = &rest[digits..];
            }
            'N' => {
                return Err(Fail::new(
                    "\\N, a character by its name, is not supported; write the character",
                ))
            }
            _ if c.is_ascii() => {
                plain.push('\\');
                plain.push(c);
            }
            // Python reads a template's text as ASCII with escapes, and meets its own escape behind the backslash.
            _ => match c as u32 {
                code @ 0..=0xff => plain.push_str(&format!("\\x{code:02x}")),
                code @ 0x100..=0xffff => plain.push_str(&format!("\\u{code:04x}")),
                code => plain.push_str(&format!("\\U{code:08x}")),
            },
        }
    }
    plain.push_str(rest);
    Ok(plain)
}

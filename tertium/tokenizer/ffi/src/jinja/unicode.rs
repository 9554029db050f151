//! What Python knows of characters, where Rust's own answers differ.

use std::sync::LazyLock;

use regex::Regex;

use super::budget::Writer;
use super::Result;

type Class = LazyLock<Regex>;
static LETTER: Class = LazyLock::new(|| class(r"\p{L}"));
static NUMBER: Class = LazyLock::new(|| class(r"\p{N}"));
static DECIMAL: Class = LazyLock::new(|| class(r"\p{Nd}"));
static TITLE: Class = LazyLock::new(|| class(r"\p{Lt}"));
static HIDDEN: Class = LazyLock::new(|| class(r"[\p{C}\p{Z}]"));
static CONTINUES: Class = LazyLock::new(|| class(r"\p{XID_Continue}"));
static IDENTIFIER: Class = LazyLock::new(|| class(r"[\p{XID_Start}_]\p{XID_Continue}*"));

fn class(pattern: &str) -> Regex {
    Regex::new(&format!("^{pattern}$")).expect("the pattern is a constant")
}

fn is(class: &Class, c: char) -> bool {
    class.is_match(c.encode_utf8(&mut [0; 4]))
}

pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}
pub fn is_line_end(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
pub fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphabetic()
    } else {
        is(&LETTER, c)
    }
}
pub fn is_title(c: char) -> bool {
    !c.is_ascii() && is(&TITLE, c)
}
pub fn is_decimal(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_digit()
    } else {
        is(&DECIMAL, c)
    }
}
/// A digit that may be no decimal one: ² or ①.
pub fn is_digit(c: char) -> bool {
    const OTHER: [(u32, u32); 20] = [
        (178, 179),
        (185, 185),
        (4969, 4977),
        (6618, 6618),
        (8304, 8304),
        (8308, 8313),
        (8320, 8329),
        (9312, 9320),
        (9332, 9340),
        (9352, 9360),
        (9450, 9450),
        (9461, 9469),
        (9471, 9471),
        (10102, 10110),
        (10112, 10120),
        (10122, 10130),
        (68160, 68163),
        (69216, 69224),
        (69714, 69722),
        (127232, 127242),
    ];
    is_decimal(c) || OTHER.iter().any(|&(first, last)| (first..=last).contains(&(c as u32)))
}
/// Numbers of any kind, the letters that are numbers in Chinese among them.
pub fn is_numeric(c: char) -> bool {
    const LETTERS: &str = "㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌柒漆玖百肆\
        萬貮貳贰阡陆陌陸零\u{f96b}\u{f973}\u{f978}\u{f9b2}\u{f9d1}\u{f9d3}\u{f9fd}𠀁𠁤𠃢𠄡𠤪𠦃𠦌𠦜𠫪𠫽𠬙𢎐𢦘𣬛𦉭\u{2f890}";
    if c.is_ascii() {
        c.is_ascii_digit()
    } else {
        is(&NUMBER, c) || LETTERS.contains(c)
    }
}
/// Of a word, as regular expressions see one.
pub fn is_word(c: char) -> bool {
    c == '_' || is_letter(c) || is_numeric(c)
}
/// Of a name in a template.
pub fn is_name(c: char) -> bool {
    is_word(c) || !c.is_ascii() && is(&CONTINUES, c)
}
pub fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        (' '..='~').contains(&c)
    } else {
        !is(&HIDDEN, c)
    }
}
pub fn is_identifier(text: &str) -> bool {
    match text.as_bytes() {
        [first, ..] if text.is_ascii() => {
            !first.is_ascii_digit() && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
        }
        _ => IDENTIFIER.is_match(text),
    }
}

/// The value of a decimal digit of any script: they lie in tens from a 0 on.
pub fn decimal(c: char) -> Option<u8> {
    const ZEROS: [u32; 66] = [
        0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
        0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
        0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0,
        0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60,
        0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
    ];
    let after = ZEROS.partition_point(|&zero| zero <= c as u32);
    let digit = c as u32 - ZEROS.get(after.checked_sub(1)?)?;
    (digit < 10).then_some(digit as u8)
}

pub fn title_case(c: char) -> String {
    let code = c as u32;
    let other = match code {
        0x1c4..=0x1c6 => 0x1c5,
        0x1c7..=0x1c9 => 0x1c8,
        0x1ca..=0x1cc => 0x1cb,
        0x1f1..=0x1f3 => 0x1f2,
        0x10d0..=0x10fa | 0x10fd..=0x10ff => code, // Georgian has no title case
        0x1f80..=0x1faf => code | 8,
        0x1fb3 | 0x1fc3 | 0x1ff3 => code + 9,
        0x1fbc | 0x1fcc | 0x1ffc => code,
        _ => 0,
    };
    if let Some(other) = char::from_u32(other).filter(|_| other != 0) {
        return other.to_string();
    }
    let upper: Vec<char> = c.to_uppercase().collect();
    match upper[..] {
        [first] => first.to_string(),
        [_, second] if code == 0x149 => format!("\u{2bc}{second}"),
        [.., 'Ι'] if (0x1fb2..=0x1ff7).contains(&code) => {
            upper[..upper.len() - 1].iter().chain(&['\u{345}']).collect()
        }
        [first, ref rest @ ..] => std::iter::once(first)
            .chain(rest.iter().flat_map(|c| c.to_lowercase()))
            .collect(),
        [] => String::new(),
    }
}

pub fn fold_case(out: &mut Writer, c: char) -> Result<()> {
    let code = c as u32;
    let other = match code {
        0x131 | 0x13a0..=0x13f5 => code,
        0x13f8..=0x13fd => code - 8,
        0xab70..=0xabbf => code - 0xab70 + 0x13a0,
        _ => 0,
    };
    if code == 0x1e9e {
        return out.push("ss");
    }
    if let Some(other) = char::from_u32(other).filter(|_| other != 0) {
        return out.push_char(other);
    }
    c.to_uppercase()
        .flat_map(char::to_lowercase)
        .try_for_each(|c| out.push_char(c))
}

/// Escaped for HTML.
pub fn escaped(text: &str) -> Result<String> {
    let mut out = Writer::default();
    for c in text.chars() {
        match c {
            '&' => out.push("&amp;")?,
            '<' => out.push("&lt;")?,
            '>' => out.push("&gt;")?,
            '\'' => out.push("&#39;")?,
            '"' => out.push("&#34;")?,
            _ => out.push_char(c)?,
        }
    }
    Ok(out.0)
}

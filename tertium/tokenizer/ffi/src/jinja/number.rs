//! Numbers as Python spells and reads them.

use super::unicode::is_space;
use super::value::Value;
use super::{Fail, Result};

/// The shortest digits that give the number again, with an exponent where Python has one.
pub fn float_repr(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.into();
    }
    let spelled = format!("{number:e}");
    let (digits, exponent) = spelled.split_once('e').unwrap_or((&spelled, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = number.to_string();
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    format!("{digits}e{}", signed_exponent(exponent))
}

/// With a sign and two digits at least.
pub fn signed_exponent(exponent: i32) -> String {
    format!("{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// The digits without the underscores between them; nothing if one stands elsewhere.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let good = (0..bytes.len()).all(|at| bytes[at] != b'_' || at > 0 && is_digit(at - 1) && is_digit(at + 1));
    good.then(|| text.replace('_', ""))
}

/// Digits of any script as ASCII, white space around them removed.
fn ascii(text: &str) -> String {
    let trimmed = text.trim_matches(is_space);
    trimmed
        .chars()
        .map(|c| super::unicode::decimal(c).map_or(c, |digit| (b'0' + digit) as char))
        .collect()
}

/// int(text, base); nothing if it is no such number.
pub fn parse_int(text: &str, base: u32) -> Option<Result<i128>> {
    let text = ascii(text);
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (if text.starts_with('-') { "-" } else { "" }, rest),
        None => ("", &*text),
    };
    let prefix = digits.get(..2).map(str::to_ascii_lowercase);
    let of_prefix = match prefix.as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 0,
    };
    let mut digits = digits;
    let mut radix = if base == 0 { 10 } else { base };
    if of_prefix != 0 && (base == 0 || base == of_prefix) {
        radix = of_prefix;
        digits = &digits[2..];
        digits = digits.strip_prefix('_').unwrap_or(digits);
    } else if base == 0 && digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|c| c != b'0' && c != b'_')
    {
        return None;
    }
    let digits = without_underscores(digits)?;
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let number = i128::from_str_radix(&format!("{sign}{digits}"), radix);
    Some(number.map_err(|_| Fail::new("an integer has more than 127 bits")))
}

/// float(text); nothing if it is no number.
pub fn parse_float(text: &str) -> Option<f64> {
    let text = without_underscores(&ascii(text))?;
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(&text);
    if unsigned.starts_with(['-', '+']) {
        return None;
    }
    text.parse().ok()
}

/// int(number), which Python refuses for what is infinite or no number.
pub fn truncated(number: f64) -> Result<i128> {
    if number.is_nan() {
        return Err(Fail::new("cannot convert float NaN to integer"));
    }
    if number.is_infinite() {
        return Err(Fail::new("cannot convert float infinity to integer"));
    }
    if number.abs() >= i128::MAX as f64 {
        return Err(too_large());
    }
    Ok(number as i128)
}

pub fn too_large() -> Fail {
    Fail::new("an integer has more than 127 bits")
}

/// The value as an index; an error of Python's if it is none.
pub fn index(value: &Value) -> Result<i128> {
    value.check_defined()?;
    value.as_int().ok_or_else(|| {
        Fail::new(format!(
            "'{}' object cannot be interpreted as an integer",
            value.type_name()
        ))
    })
}

/// A count: what is negative is none.
pub fn count(value: &Value) -> Result<usize> {
    usize::try_from(index(value)?.max(0)).map_err(|_| Fail::new("a count is larger than any memory"))
}

/// round(number, digits), halves to the even neighbour.
pub fn rounded(number: f64, digits: i128) -> f64 {
    if !number.is_finite() || digits > 323 {
        return number;
    }
    if digits >= 0 {
        return format!("{number:.*}", digits as usize).parse().unwrap_or(number);
    }
    if digits < -309 {
        return 0.0 * number;
    }
    let scale = 10f64.powi(-digits as i32);
    let (quotient, rest) = ((number / scale).trunc(), number % scale);
    let away = rest.abs() * 2.0 > scale || rest.abs() * 2.0 == scale && quotient % 2.0 != 0.0;
    (quotient + if away { number.signum() } else { 0.0 }) * scale
}

pub fn rounded_int(number: i128, digits: i128) -> i128 {
    if digits >= 0 {
        return number;
    }
    let scale = u32::try_from(-digits)
        .ok()
        .and_then(|digits| 10i128.checked_pow(digits));
    let Some(scale) = scale else { return 0 };
    let (quotient, rest) = (number.div_euclid(scale), number.rem_euclid(scale));
    let up = rest > scale / 2 || rest == scale / 2 && quotient % 2 != 0;
    quotient.saturating_add(i128::from(up)).saturating_mul(scale)
}

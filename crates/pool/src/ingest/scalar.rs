//! Text to values: whole numbers, decimals, days, moments. Strict, exact and quick; each refusal
//! has its own code, so that the message can say what would be right.

use super::fault::Code;
use super::limits::INTEGER_MAX;

/// Most digits of a decimal.
const DIGITS_MAX: usize = 18;

/// A whole number of up to 18 digits. `12.0` is one too: spreadsheets write it so.
pub fn integer(text: &str) -> Result<i64, Code> {
    let (negative, digits) = sign(text);
    let whole = match digits.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
            whole
        }
        Some(_) => return Err(Code::NotInteger),
        None => digits,
    };
    let value = natural(whole).map_err(|code| match code {
        Code::NotDecimal => Code::NotInteger,
        other => other,
    })?;
    Ok(if negative { -value } else { value })
}

/// A decimal as its digits with `scale` of them after the point.
pub fn decimal(text: &str, scale: u8) -> Result<i64, Code> {
    let (negative, digits) = sign(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = usize::from(scale);
    let dot_at_end = digits.len() == whole.len() + 1;
    if dot_at_end || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Code::NotDecimal);
    }
    let mut value = natural(whole)?;
    let (kept, rest) = fraction.split_at_checked(scale).unwrap_or((fraction, ""));
    if rest.bytes().any(|byte| byte != b'0') {
        return Err(Code::TooPrecise);
    }
    let padding = std::iter::repeat_n(b'0', scale - kept.len());
    for byte in kept.bytes().chain(padding) {
        let next = value
            .checked_mul(10)
            .map(|value| value + i64::from(byte - b'0'));
        value = next
            .filter(|value| *value <= INTEGER_MAX)
            .ok_or(Code::TooLarge)?;
    }
    Ok(if negative { -value } else { value })
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    }
}

fn natural(text: &str) -> Result<i64, Code> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Code::NotDecimal);
    }
    let text = text.trim_start_matches('0');
    if text.len() > DIGITS_MAX {
        return Err(Code::TooLarge);
    }
    Ok(text
        .bytes()
        .fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0')))
}

/// `true`, `false`, `1`, `0`, `是`, `否`.
pub fn boolean(text: &str) -> Result<bool, Code> {
    match text {
        "true" | "True" | "TRUE" | "t" | "1" | "是" => Ok(true),
        "false" | "False" | "FALSE" | "f" | "0" | "否" => Ok(false),
        _ => Err(Code::NotBoolean),
    }
}

/// `2026-11-25`, `2026/11/25` or `20261125`, as days since 1970-01-01.
pub fn date(text: &str) -> Result<i32, Code> {
    let bytes = text.as_bytes();
    let (year, month, day) = match bytes {
        [y1, y2, y3, y4, s1, m1, m2, s2, d1, d2] if s1 == s2 && matches!(s1, b'-' | b'/') => {
            ([*y1, *y2, *y3, *y4], [*m1, *m2], [*d1, *d2])
        }
        [y1, y2, y3, y4, m1, m2, d1, d2] => ([*y1, *y2, *y3, *y4], [*m1, *m2], [*d1, *d2]),
        _ => return Err(Code::NotDate),
    };
    let (year, month, day) = (number(&year), number(&month), number(&day));
    let (Some(year), Some(month), Some(day)) = (year, month, day) else {
        return Err(Code::NotDate);
    };
    days(year, month, day).ok_or(Code::NoSuchDate)
}

/// `YYYY-MM`, a month that exists.
pub fn is_month(text: &str) -> bool {
    match text.as_bytes() {
        [y1, y2, y3, y4, b'-', m1, m2] => {
            let year = number(&[*y1, *y2, *y3, *y4]);
            let month = number(&[*m1, *m2]);
            year.is_some_and(|year| year > 0)
                && month.is_some_and(|month| (1..=12).contains(&month))
        }
        _ => false,
    }
}

/// A telephone number of mainland China: a mobile one, or one with area code, or a service number.
pub fn is_phone(text: &str) -> bool {
    let text = text
        .strip_prefix("+86")
        .map_or(text, |rest| rest.trim_start_matches(['-', ' ']));
    let mut digits = [0_u8; 13];
    let mut count = 0;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => match digits.get_mut(count) {
                Some(place) => {
                    *place = byte;
                    count += 1;
                }
                None => return false,
            },
            b'-' | b' ' if count > 0 => {}
            _ => return false,
        }
    }
    match digits.get(..count).unwrap_or_default() {
        [b'1', b'3'..=b'9', rest @ ..] => rest.len() == 9,
        [b'0', b'1' | b'2', rest @ ..] => rest.len() == 9,
        [b'0', b'3'..=b'9', rest @ ..] => matches!(rest.len(), 9 | 10),
        [b'4' | b'8', b'0', b'0', rest @ ..] => rest.len() == 7,
        [b'1', b'0' | b'1' | b'2', rest @ ..] => matches!(rest.len(), 1..=3),
        [b'9', rest @ ..] => matches!(rest.len(), 4),
        _ => false,
    }
}

/// A moment as microseconds since 1970-01-01T00:00:00Z: RFC 3339, a space instead of the `T` and
/// a zone of hours alone (`+00`, as PostgreSQL writes it) allowed. `zone` is the offset from UTC
/// in seconds of what names no zone, if the source states one.
pub fn datetime(text: &str, zone: Option<i32>) -> Result<i64, Code> {
    let bytes = text.as_bytes();
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T' | b't' | b' ',
        rest @ ..,
    ] = bytes
    else {
        return Err(date(text).map_or(Code::NotDatetime, |_| Code::NoZone));
    };
    let day = (
        number(&[*y1, *y2, *y3, *y4]),
        number(&[*m1, *m2]),
        number(&[*d1, *d2]),
    );
    let (Some(year), Some(month), Some(day)) = day else {
        return Err(Code::NotDatetime);
    };
    let (second, micros, rest) = time_of_day(rest)?;
    let offset = match offset(rest) {
        Some(offset) => offset,
        None if rest.is_empty() => zone.ok_or(Code::NoZone)?,
        None => return Err(Code::NotDatetime),
    };
    let days = days(year, month, day).ok_or(Code::NoSuchDate)?;
    let seconds = i64::from(days) * 86_400 + i64::from(second) - i64::from(offset);
    Ok(seconds * 1_000_000 + i64::from(micros))
}

/// Seconds after midnight, microseconds, and what stands after the time.
fn time_of_day(bytes: &[u8]) -> Result<(u32, u32, &[u8]), Code> {
    let (hour, minute, rest) = match bytes {
        [h1, h2, b':', m1, m2, rest @ ..] => (number(&[*h1, *h2]), number(&[*m1, *m2]), rest),
        _ => return Err(Code::NotDatetime),
    };
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (number(&[*s1, *s2]), rest),
        _ => (Some(0), rest),
    };
    let (Some(hour), Some(minute), Some(second)) = (hour, minute, second) else {
        return Err(Code::NotDatetime);
    };
    if hour > 23 || minute > 59 || second > 59 {
        return Err(Code::NoSuchDate);
    }
    let (micros, rest) = match rest {
        [b'.' | b',', rest @ ..] => {
            let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (digits, rest) = rest.split_at(count);
            if digits.is_empty() || digits.len() > 9 {
                return Err(Code::NotDatetime);
            }
            if digits.iter().skip(6).any(|digit| *digit != b'0') {
                return Err(Code::TooPrecise);
            }
            let padded = digits
                .iter()
                .take(6)
                .chain(std::iter::repeat(&b'0'))
                .take(6);
            (
                padded.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')),
                rest,
            )
        }
        _ => (0, rest),
    };
    Ok((hour * 3600 + minute * 60 + second, micros, rest))
}

/// An offset from UTC in seconds: `Z`, `+08:00`, `+0800`, `+08`.
pub fn offset(bytes: &[u8]) -> Option<i32> {
    let (negative, hours, minutes) = match bytes {
        [b'Z' | b'z'] => return Some(0),
        [sign @ (b'+' | b'-'), h1, h2] => (*sign == b'-', [*h1, *h2], [b'0', b'0']),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] | [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            (*sign == b'-', [*h1, *h2], [*m1, *m2])
        }
        _ => return None,
    };
    let (hours, minutes) = (number(&hours)?, number(&minutes)?);
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    (hours <= 18 && minutes < 60).then_some(if negative { -seconds } else { seconds })
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + u32::from(digit - b'0'))
    })
}

/// Days from 1970-01-01 to a day that the calendar has, in the years 1 to 9999.
pub fn days(year: u32, month: u32, day: u32) -> Option<i32> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    if day == 0 || day > days_of_month(year, month) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    i32::try_from(i64::from(era) * 146_097 + i64::from(of_era) - 719_468).ok()
}

/// How many days a month has.
pub fn days_of_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_exact_or_refused() {
        assert_eq!(integer("0012"), Ok(12));
        assert_eq!(integer("-12.00"), Ok(-12));
        assert_eq!(integer("12.5"), Err(Code::NotInteger));
        assert_eq!(integer("1,200"), Err(Code::NotInteger));
        assert_eq!(integer(""), Err(Code::NotInteger));
        assert_eq!(integer("12."), Err(Code::NotInteger));
        assert_eq!(integer("1000000000000000000"), Err(Code::TooLarge));
        assert_eq!(decimal("12.5", 2), Ok(1250));
        assert_eq!(decimal("-0.05", 2), Ok(-5));
        assert_eq!(decimal("12.5000", 2), Ok(1250));
        assert_eq!(decimal("12.505", 2), Err(Code::TooPrecise));
        assert_eq!(decimal("12.", 2), Err(Code::NotDecimal));
        assert_eq!(decimal("1e3", 2), Err(Code::NotDecimal));
        assert_eq!(decimal("99999999999999999", 2), Err(Code::TooLarge));
    }

    #[test]
    fn days_that_no_calendar_has_are_told_from_what_is_no_day() {
        assert_eq!(date("1970-01-02"), Ok(1));
        assert_eq!(date("2024/02/29"), Ok(19_782));
        assert_eq!(date("20240229"), Ok(19_782));
        assert_eq!(date("2023-02-29"), Err(Code::NoSuchDate));
        assert_eq!(date("2023-13-01"), Err(Code::NoSuchDate));
        assert_eq!(date("0000-01-01"), Err(Code::NoSuchDate));
        assert_eq!(date("25.11.2026"), Err(Code::NotDate));
    }

    #[test]
    fn moments_need_a_zone() {
        assert_eq!(datetime("1970-01-01T08:00:00+08:00", None), Ok(0));
        assert_eq!(datetime("1970-01-01 00:00:01.5+00", None), Ok(1_500_000));
        assert_eq!(datetime("1970-01-01T00:00Z", None), Ok(0));
        assert_eq!(datetime("1970-01-01T08:00:00", None), Err(Code::NoZone));
        assert_eq!(datetime("1970-01-01T08:00:00", Some(28_800)), Ok(0));
        assert_eq!(datetime("1970-01-01", None), Err(Code::NoZone));
        assert_eq!(
            datetime("1970-01-01T25:00:00Z", None),
            Err(Code::NoSuchDate)
        );
        assert_eq!(
            datetime("1970-02-30T00:00:00Z", None),
            Err(Code::NoSuchDate)
        );
        assert_eq!(
            datetime("1970-01-01T00:00:00.1234567Z", None),
            Err(Code::TooPrecise)
        );
        assert_eq!(datetime("yesterday", None), Err(Code::NotDatetime));
    }

    #[test]
    fn telephone_numbers_are_those_of_the_mainland() {
        for right in [
            "13800138000",
            "+86 13800138000",
            "0571-87654321",
            "010-12345678",
            "12345",
            "400-800-1234",
            "110",
            "95588",
        ] {
            assert!(is_phone(right), "{right}");
        }
        for wrong in [
            "",
            "1380013800",
            "12800138000",
            "87654321",
            "phone",
            "+1 202 555 0100",
            "138001380001",
        ] {
            assert!(!is_phone(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn days_agree_with_the_calendar(days_since in -719_162_i32..2_932_897) {
            let day = crate::value::date(days_since).unwrap();
            prop_assert_eq!(date(&day.to_string()), Ok(days_since));
        }

        #[test]
        fn decimals_read_what_values_print(digits in -INTEGER_MAX..=INTEGER_MAX, scale in 0_u8..=12) {
            let printed = crate::Value::Decimal { digits: i128::from(digits), scale }.to_string();
            prop_assert_eq!(decimal(&printed, scale), Ok(digits));
        }

        #[test]
        fn moments_read_what_values_print(at in -62_135_596_800_000_000_i64..253_402_300_799_999_999) {
            let printed = crate::Moment(at).rfc3339();
            prop_assert_eq!(datetime(&printed, None), Ok(at), "{}", printed);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = (integer(&text), decimal(&text, 2), date(&text), datetime(&text, None), is_phone(&text), is_month(&text));
        }
    }
}

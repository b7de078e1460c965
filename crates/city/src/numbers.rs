//! The numbers by which people and enterprises are known, and the check characters they end in.
//!
//! Pools validate with it, and synthetic cities make numbers with it. Nothing here allocates: a
//! load checks some hundred thousand numbers a second.

use std::fmt;

use jiff::civil::Date;

/// What is wrong with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFault {
    /// It does not have 18 characters; this is how many it has.
    Length(usize),
    /// The character at this position, from 1, cannot stand there.
    Character(usize),
    /// Its digits 7 to 14 are no day.
    BirthDate,
    /// It does not end in its check character, which is this.
    Check(char),
}

impl fmt::Display for NumberFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => write!(f, "it has {length} characters, not 18"),
            Self::Character(at) => write!(f, "its character {at} cannot stand there"),
            Self::BirthDate => f.write_str("its digits 7 to 14 are no day of birth"),
            Self::Check(right) => write!(f, "its check character should be `{right}`"),
        }
    }
}

impl std::error::Error for NumberFault {}

/// Characters of a number without the last.
const BODY: usize = 17;

/// GB 11643: what each of the first 17 digits counts.
const CITIZEN_WEIGHTS: [u32; BODY] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// GB 11643: the check characters of the sums modulo 11.
const CITIZEN_CHECKS: &[u8; 11] = b"10X98765432";
/// The earliest year of birth a citizen number may state: nobody older is alive.
const BIRTH_YEAR_MIN: i16 = 1850;

/// GB 32100: what each of the first 17 characters counts: powers of 3 modulo 31.
const CREDIT_WEIGHTS: [u32; BODY] = [
    1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
];
/// GB 32100: the characters by their values; I, O, S, V and Z look like digits or one another.
const CREDIT_CHARACTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Whether `text` is a citizen number (GB 11643): six digits of a place, a day of birth that
/// exists, three digits of a series, and the check character, a digit or `X`.
pub fn citizen_number_is_valid(text: &str) -> bool {
    check_citizen_number(text).is_ok()
}

/// As [`citizen_number_is_valid`], and what is wrong if it is not.
pub fn check_citizen_number(text: &str) -> Result<(), NumberFault> {
    let (body, last) = split(text)?;
    let right = citizen_check(body)?;
    if birth_date(body).is_none() {
        return Err(NumberFault::BirthDate);
    }
    verdict(last, right)
}

/// The check character of the citizen number that begins with these 17 digits.
pub fn citizen_number_check_character(first_17: &str) -> Option<char> {
    let body: &[u8; BODY] = first_17.as_bytes().try_into().ok()?;
    citizen_check(body).ok().map(char::from)
}

/// The day of birth in a citizen number that is right.
pub fn citizen_number_birth_date(text: &str) -> Option<Date> {
    check_citizen_number(text).ok()?;
    birth_date(split(text).ok()?.0)
}

/// Whether `text` is a unified social credit code (GB 32100): the authority and sort of body, six
/// digits of a place, nine characters of the body's own, and the check character.
pub fn credit_code_is_valid(text: &str) -> bool {
    check_credit_code(text).is_ok()
}

/// As [`credit_code_is_valid`], and what is wrong if it is not.
pub fn check_credit_code(text: &str) -> Result<(), NumberFault> {
    let (body, last) = split(text)?;
    let right = credit_check(body)?;
    verdict(last, right)
}

/// The check character of the unified social credit code that begins with these 17 characters.
pub fn credit_code_check_character(first_17: &str) -> Option<char> {
    let body: &[u8; BODY] = first_17.as_bytes().try_into().ok()?;
    credit_check(body).ok().map(char::from)
}

/// The first 17 bytes, and the last.
fn split(text: &str) -> Result<(&[u8; BODY], u8), NumberFault> {
    match text.as_bytes().split_last_chunk::<1>() {
        Some((body, [last])) => match body.try_into() {
            Ok(body) => Ok((body, *last)),
            Err(_) => Err(NumberFault::Length(text.chars().count())),
        },
        None => Err(NumberFault::Length(0)),
    }
}

fn verdict(last: u8, right: u8) -> Result<(), NumberFault> {
    if last == right {
        Ok(())
    } else {
        Err(NumberFault::Check(char::from(right)))
    }
}

fn citizen_check(body: &[u8; BODY]) -> Result<u8, NumberFault> {
    let mut sum = 0;
    for (at, (byte, weight)) in body.iter().zip(CITIZEN_WEIGHTS).enumerate() {
        if !byte.is_ascii_digit() || (at == 0 && *byte == b'0') {
            return Err(NumberFault::Character(at + 1));
        }
        sum += u32::from(byte - b'0') * weight;
    }
    Ok(CITIZEN_CHECKS[(sum % 11) as usize])
}

fn birth_date(body: &[u8; BODY]) -> Option<Date> {
    let number = |digits: &[u8]| {
        let add = |sum: i16, digit: &u8| sum * 10 + i16::from(digit - b'0');
        digits.iter().fold(0, add)
    };
    let year = number(&body[6..10]);
    let (month, day) = (number(&body[10..12]), number(&body[12..14]));
    if year < BIRTH_YEAR_MIN {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn credit_check(body: &[u8; BODY]) -> Result<u8, NumberFault> {
    let mut sum = 0;
    for (at, (byte, weight)) in body.iter().zip(CREDIT_WEIGHTS).enumerate() {
        // The third to the eighth are digits of a place.
        let value = credit_value(*byte).filter(|value| *value < 10 || !(2..8).contains(&at));
        let value = value.ok_or(NumberFault::Character(at + 1))?;
        sum += value * weight;
    }
    Ok(CREDIT_CHARACTERS[((31 - sum % 31) % 31) as usize])
}

/// The value of a character in a credit code.
fn credit_value(byte: u8) -> Option<u32> {
    let letters_before = |skipped: &[u8]| skipped.iter().filter(|s| **s < byte).count() as u32;
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'I' | b'O' | b'S' | b'V' | b'Z' => None,
        b'A'..=b'Y' => Some(u32::from(byte - b'A') + 10 - letters_before(b"IOSV")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_citizen_number_ends_in_its_check_character() {
        // The two examples of GB 11643-1999.
        for right in ["11010519491231002X", "440524188001010014"] {
            assert_eq!(check_citizen_number(right), Ok(()), "{right}");
        }
        for (wrong, fault) in [
            ("110105194912310021", NumberFault::Check('X')),
            ("11010519491231002x", NumberFault::Check('X')),
            ("110105194902290026", NumberFault::BirthDate),
            ("110105184902280026", NumberFault::BirthDate),
            ("1101O519491231002X", NumberFault::Character(5)),
            ("01010519491231002X", NumberFault::Character(1)),
            ("1101051949123100", NumberFault::Length(16)),
            ("一二三四五六", NumberFault::Character(1)),
            ("一二三四五", NumberFault::Length(5)),
            ("", NumberFault::Length(0)),
        ] {
            assert_eq!(check_citizen_number(wrong), Err(fault), "{wrong}");
        }
        assert_eq!(
            citizen_number_check_character("11010519491231002"),
            Some('X')
        );
        assert_eq!(citizen_number_check_character("1101051949123100"), None);
        let born = citizen_number_birth_date("11010519491231002X").unwrap();
        assert_eq!(born.to_string(), "1949-12-31");
    }

    #[test]
    fn a_credit_code_ends_in_its_check_character() {
        // Published codes: the example of GB 32100-2015, Alibaba and Tencent.
        for right in [
            "91350100M000100Y43",
            "91330100799655058B",
            "9144030071526726XG",
        ] {
            assert_eq!(check_credit_code(right), Ok(()), "{right}");
        }
        for (wrong, fault) in [
            ("91350100M000100Y44", NumberFault::Check('3')),
            ("91350100M000I00Y43", NumberFault::Character(13)),
            ("9135A100M000100Y43", NumberFault::Character(5)),
            ("91350100m000100Y43", NumberFault::Character(9)),
            ("91350100M000100Y4", NumberFault::Length(17)),
        ] {
            assert_eq!(check_credit_code(wrong), Err(fault), "{wrong}");
        }
        assert_eq!(credit_code_check_character("91350100M000100Y4"), Some('3'));
    }

    #[test]
    fn each_character_of_a_credit_code_has_its_place_as_value() {
        for (value, byte) in CREDIT_CHARACTERS.iter().enumerate() {
            assert_eq!(credit_value(*byte), Some(value as u32));
        }
    }

    proptest! {
        #[test]
        fn one_wrong_character_is_always_found(
            body in "[1-9][0-9]{5}19[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}",
            at in 0_usize..17, by in 1_u8..10,
        ) {
            let last = citizen_number_check_character(&body).unwrap();
            let number = format!("{body}{last}");
            prop_assert!(citizen_number_is_valid(&number));
            let mut bytes = number.into_bytes();
            bytes[at] = (bytes[at] - b'0' + by) % 10 + b'0';
            prop_assert!(!citizen_number_is_valid(&String::from_utf8(bytes).unwrap()));
        }

        #[test]
        fn one_wrong_character_of_a_credit_code_is_always_found(
            body in "[159][1-9][0-9]{6}[0-9A-HJ-NP-RTUW-Y]{9}", at in 0_usize..17, by in 1_usize..31,
        ) {
            let last = credit_code_check_character(&body).unwrap();
            let code = format!("{body}{last}");
            prop_assert!(credit_code_is_valid(&code));
            let mut bytes = code.into_bytes();
            let value = credit_value(bytes[at]).unwrap() as usize;
            bytes[at] = CREDIT_CHARACTERS[(value + by) % 31];
            prop_assert!(!credit_code_is_valid(&String::from_utf8(bytes).unwrap()));
        }

        #[test]
        fn arbitrary_text_is_judged_without_a_panic(text in ".{0,24}") {
            let _ = check_citizen_number(&text);
            let _ = check_credit_code(&text);
        }
    }
}

//! Citizen numbers and credit codes, with right check characters, and other numbers of records.

use city::numbers::{citizen_number_check_character, credit_code_check_character};

use crate::chance::mix;
use crate::days::civil;
use crate::household::Person;
use crate::places::{AREAS, DISTRICTS};

/// Characters of either number.
const LENGTH: usize = 18;

/// A number of 18 ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CreditCode([u8; LENGTH]);

/// The characters of credit codes.
const CHARACTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// How many bodies `MA` and six characters after it have.
const BODIES: u64 = 31 * 31 * 31 * 31 * 31 * 31;
/// Steps through all bodies: prime to 31.
const STEP: u64 = 386_117_149;

impl CreditCode {
    /// The code of the enterprise `index`, registered in `district`. No two have the same.
    pub(crate) fn new(seed: u64, index: u64, district: u8) -> Self {
        Self::of_sort(*b"91", seed, index, district)
    }

    /// The code of the sole trader `index`, who is no enterprise.
    pub(crate) fn trader(seed: u64, index: u64, district: u8) -> Self {
        Self::of_sort(*b"92", seed, index, district)
    }

    fn of_sort(sort: [u8; 2], seed: u64, index: u64, district: u8) -> Self {
        let mut code = [b'0'; LENGTH];
        code[..2].copy_from_slice(&sort);
        code[2..8].copy_from_slice(DISTRICTS[usize::from(district)].code.as_bytes());
        let mut body = (index.wrapping_mul(STEP) + mix(seed) % BODIES) % BODIES;
        code[8] = b'M';
        code[9] = b'A';
        for at in (10..16).rev() {
            code[at] = CHARACTERS[(body % 31) as usize];
            body /= 31;
        }
        code[16] = organisation_check(&code[8..16]);
        let first = std::str::from_utf8(&code[..17]).unwrap_or_default();
        code[17] = credit_code_check_character(first).map_or(b'0', |check| check as u8);
        Self(code)
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The check character of an organisation code (GB 11714). `X`, for ten, stands in credit codes
/// as well.
fn organisation_check(body: &[u8]) -> u8 {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        _ => u32::from(byte.saturating_sub(b'A')) + 10,
    };
    let sum: u32 = body
        .iter()
        .zip(WEIGHTS)
        .map(|(byte, weight)| value(*byte) * weight)
        .sum();
    match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + digit as u8,
    }
}

/// A citizen number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CitizenNumber([u8; LENGTH]);

impl CitizenNumber {
    /// The number of a person whose series is known.
    pub(crate) fn of(person: &Person) -> Self {
        let mut number = [b'0'; LENGTH];
        number[..6].copy_from_slice(AREAS[usize::from(person.area)]);
        let (year, month, day) = civil(person.born);
        digits(&mut number[6..10], year as u32);
        digits(&mut number[10..12], month as u32);
        digits(&mut number[12..14], day as u32);
        digits(&mut number[14..17], u32::from(person.series));
        let first = std::str::from_utf8(&number[..17]).unwrap_or_default();
        number[17] = citizen_number_check_character(first).map_or(b'0', |check| check as u8);
        Self(number)
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Writes `number` into all of `out`, with zeros before it.
fn digits(out: &mut [u8], mut number: u32) {
    for place in out.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// A text made anew for each record, without a new allocation: a prefix and a number with zeros
/// before it, so that the order of texts is that of numbers.
pub(crate) fn numbered<'a>(
    out: &'a mut String,
    prefix: &str,
    number: u64,
    width: usize,
) -> &'a str {
    out.clear();
    out.push_str(prefix);
    let mut figures = [b'0'; 20];
    let mut left = number;
    for place in figures.iter_mut().rev() {
        *place = b'0' + (left % 10) as u8;
        left /= 10;
    }
    let needed = figures
        .iter()
        .position(|figure| *figure != b'0')
        .unwrap_or(20);
    let from = (20 - width.min(20)).min(needed);
    out.push_str(std::str::from_utf8(&figures[from..]).unwrap_or_default());
    out
}

/// A plate: the `index`th of the city, none twice among 2²⁵.
pub(crate) fn plate(out: &mut String, seed: u64, index: u64, electric: bool) -> &str {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTUVWX";
    let mut place = (index.wrapping_mul(0x0137_AD2B) + mix(seed)) & PLATES_MASK;
    out.clear();
    // Electric cars have a letter more, which is D or F.
    out.push_str(if electric { "浙AD" } else { "浙A" });
    for _ in 0..5 {
        out.push(char::from(LETTERS[(place % 32) as usize]));
        place /= 32;
    }
    out
}

/// Plates that differ.
const PLATES_MASK: u64 = (1 << 25) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_end_in_their_check_character_and_differ() {
        let mut codes: Vec<CreditCode> = (0..20_000)
            .map(|index| CreditCode::new(7, index, (index % 13) as u8))
            .collect();
        for code in &codes {
            assert!(
                city::numbers::credit_code_is_valid(code.as_str()),
                "{}",
                code.as_str()
            );
        }
        codes.sort_unstable();
        codes.dedup_by_key(|code| code.0[8..].to_vec());
        assert_eq!(codes.len(), 20_000);
    }

    #[test]
    fn an_organisation_code_has_the_check_character_of_published_ones() {
        // GB 11714: the examples of Alibaba (799655058) and of the standard (D2143569X).
        assert_eq!(organisation_check(b"79965505"), b'8');
        assert_eq!(organisation_check(b"D2143569"), b'X');
    }

    #[test]
    fn numbers_keep_their_order_as_texts() {
        let mut text = String::new();
        assert_eq!(numbered(&mut text, "H", 42, 6), "H000042");
        assert_eq!(numbered(&mut text, "H", 1_234_567, 6), "H1234567");
        assert_eq!(numbered(&mut text, "", 0, 1), "0");
    }

    #[test]
    fn no_plate_is_given_twice() {
        let mut text = String::new();
        let mut plates: Vec<String> = (0..50_000)
            .map(|index| plate(&mut text, 7, index, false).to_owned())
            .collect();
        plates.sort_unstable();
        plates.dedup();
        assert_eq!(plates.len(), 50_000);
    }
}

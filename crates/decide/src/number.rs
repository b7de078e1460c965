//! Exact decimal numbers: what money and counts are compared and added with.
//!
//! Whole digits in 128 bits and a scale are enough for every field there is (18 digits), compare
//! in a few nanoseconds, and never round but in a division.

use std::cmp::Ordering;
use std::fmt;

/// Most digits after the point.
const SCALE_MAX: u8 = 30;
/// Digits after the point that a division that does not end is worked out to.
const QUOTIENT_DIGITS: u32 = 20;

/// A decimal number: `digits` times ten to the power of minus `scale`.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    digits: i128,
    scale: u8,
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self {
            digits: i128::from(number),
            scale: 0,
        }
    }
}

const fn power(scale: u32) -> i128 {
    10_i128.pow(scale)
}

impl Decimal {
    /// `digits` with `scale` of them after the point; none if that are more than 30.
    pub fn new(digits: i128, scale: u8) -> Option<Self> {
        (scale <= SCALE_MAX).then_some(Self { digits, scale })
    }

    /// The digits without the point.
    pub fn digits(self) -> i128 {
        self.digits
    }

    /// How many digits stand after the point.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The number that a literal of FEEL writes: digits before and after the point, the sign of
    /// the exponent and its digits. None if it has too many.
    pub(crate) fn literal(before: &str, after: &str, sign: char, exponent: &str) -> Option<Self> {
        let exponent: i32 = match exponent {
            "" => 0,
            digits => digits.parse().ok().filter(|power: &i32| *power <= 60)?,
        };
        let exponent = if sign == '-' { -exponent } else { exponent };
        let digits: i128 = format!("{before}{after}").parse().ok()?;
        let scale = i32::try_from(after.len()).ok()? - exponent;
        if scale < 0 {
            let digits = digits.checked_mul(10_i128.checked_pow(scale.unsigned_abs())?)?;
            return Self::new(digits, 0);
        }
        Self::new(digits, u8::try_from(scale).ok()?).map(Self::short)
    }

    /// The same number without zeros at its end.
    fn short(mut self) -> Self {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }

    /// Both as whole digits at one scale, if they fit.
    fn aligned(self, other: Self) -> Option<(i128, i128, u8)> {
        let lift = |number: Self, scale: u8| {
            number
                .digits
                .checked_mul(power(u32::from(scale - number.scale)))
        };
        let scale = self.scale.max(other.scale);
        Some((lift(self, scale)?, lift(other, scale)?, scale))
    }

    /// The sum, if it fits.
    pub fn plus(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self
            .aligned(other)
            .or_else(|| self.short().aligned(other.short()))?;
        Self::new(a.checked_add(b)?, scale)
    }

    /// The difference, if it fits.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negative()?)
    }

    /// The product, if it fits.
    pub fn times(self, other: Self) -> Option<Self> {
        let (a, b) = (self.short(), other.short());
        Self::new(a.digits.checked_mul(b.digits)?, a.scale + b.scale)
    }

    /// The quotient, rounded to 20 digits after the point or as many as fit; none by zero.
    pub fn over(self, other: Self) -> Option<Self> {
        let (a, b) = (self.short(), other.short());
        if b.digits == 0 {
            return None;
        }
        for extra in (0..=QUOTIENT_DIGITS).rev() {
            let scale = i32::from(a.scale) + extra.cast_signed() - i32::from(b.scale);
            let Some(lifted) = a.digits.checked_mul(power(extra)) else {
                continue;
            };
            let quotient = divide_to_even(lifted, b.digits);
            return match u8::try_from(scale) {
                Ok(scale) => Self::new(quotient, scale).map(Self::short),
                Err(_) => quotient
                    .checked_mul(power(scale.unsigned_abs()))
                    .and_then(|digits| Self::new(digits, 0)),
            };
        }
        None
    }

    /// The number with the other sign, if it fits.
    pub fn negative(self) -> Option<Self> {
        Self::new(self.digits.checked_neg()?, self.scale)
    }

    /// The number without its sign, if it fits.
    pub fn magnitude(self) -> Option<Self> {
        Self::new(self.digits.checked_abs()?, self.scale)
    }

    /// The greatest whole number that is not greater.
    #[must_use]
    pub fn floor(self) -> Self {
        let digits = self.digits.div_euclid(power(u32::from(self.scale)));
        Self { digits, scale: 0 }
    }

    /// The least whole number that is not less.
    pub fn ceiling(self) -> Option<Self> {
        self.negative()?.floor().negative()
    }

    /// The whole number, if it is one that fits.
    pub fn whole(self) -> Option<i64> {
        let short = self.short();
        (short.scale == 0)
            .then(|| i64::try_from(short.digits).ok())
            .flatten()
    }
}

/// The quotient rounded to the nearest, halves to the even one.
fn divide_to_even(a: i128, b: i128) -> i128 {
    let (quotient, rest) = (a / b, a % b);
    let twice = rest.unsigned_abs().saturating_mul(2);
    let up = match twice.cmp(&b.unsigned_abs()) {
        Ordering::Less => false,
        Ordering::Equal => quotient % 2 != 0,
        Ordering::Greater => true,
    };
    let away = if (a < 0) == (b < 0) { 1 } else { -1 };
    if up { quotient + away } else { quotient }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.digits.cmp(&other.digits);
        }
        if let Some((a, b, _)) = self.aligned(*other) {
            return a.cmp(&b);
        }
        // Too long to write one below the other: compare what stands before the point first.
        let parts = |number: &Self| {
            let unit = power(u32::from(number.scale));
            let rest = number.digits.rem_euclid(unit);
            let lift = power(u32::from(SCALE_MAX - number.scale));
            (number.digits.div_euclid(unit), rest * lift)
        };
        parts(self).cmp(&parts(other))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.short();
        let sign = if short.digits < 0 { "-" } else { "" };
        let digits = short.digits.unsigned_abs();
        if short.scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let unit = power(u32::from(short.scale)).unsigned_abs();
        let (whole, rest) = (digits / unit, digits % unit);
        write!(
            f,
            "{sign}{whole}.{rest:0width$}",
            width = usize::from(short.scale)
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(digits: i128, scale: u8) -> Decimal {
        Decimal::new(digits, scale).unwrap()
    }

    #[test]
    fn numbers_are_exact() {
        let sum = decimal(1, 1).plus(decimal(2, 1)).unwrap();
        assert_eq!(sum, decimal(3, 1));
        assert_eq!(decimal(-150, 2).to_string(), "-1.5");
        assert_eq!(decimal(5, 3).to_string(), "0.005");
        assert_eq!(
            decimal(1, 0).over(decimal(3, 0)).unwrap().to_string(),
            "0.33333333333333333333"
        );
        assert_eq!(
            decimal(1, 0).over(decimal(8, 0)).unwrap().to_string(),
            "0.125"
        );
        assert_eq!(decimal(7, 0).over(decimal(0, 5)), None);
        assert_eq!(decimal(-25, 1).floor().to_string(), "-3");
        assert_eq!(decimal(-25, 1).ceiling().unwrap().to_string(), "-2");
        assert_eq!(decimal(300, 2).whole(), Some(3));
        assert_eq!(decimal(301, 2).whole(), None);
        assert!(decimal(i128::MAX, 0) > decimal(i128::MAX, 30));
        assert!(decimal(i128::MIN, 0) < decimal(1, 30));
        assert_eq!(decimal(i128::MAX, 0).plus(decimal(1, 0)), None);
        assert_eq!(decimal(i128::MAX, 0).times(decimal(2, 0)), None);
    }

    #[test]
    fn literals_are_read_to_the_last_digit() {
        let read = |before, after, sign, exponent| {
            Decimal::literal(before, after, sign, exponent).map(|number| number.to_string())
        };
        assert_eq!(read("12", "50", '+', "").as_deref(), Some("12.5"));
        assert_eq!(read("1", "5", '+', "3").as_deref(), Some("1500"));
        assert_eq!(read("1", "", '-', "3").as_deref(), Some("0.001"));
        assert_eq!(read("1", "", '+', "99"), None);
        assert_eq!(read(&"9".repeat(50), "", '+', ""), None);
    }

    proptest! {
        #[test]
        fn order_and_sum_are_those_of_whole_numbers(a in any::<i32>(), b in any::<i32>(), s in 0_u8..9, t in 0_u8..9) {
            let lift = |digits: i32, scale: u8| i128::from(digits) * power(u32::from(9 - scale));
            let (x, y) = (decimal(a.into(), s), decimal(b.into(), t));
            prop_assert_eq!(x.cmp(&y), lift(a, s).cmp(&lift(b, t)));
            prop_assert_eq!(x.plus(y).unwrap(), decimal(lift(a, s) + lift(b, t), 9));
            prop_assert_eq!(x.minus(y).unwrap().plus(y).unwrap(), x);
        }

        #[test]
        fn a_quotient_times_its_divisor_is_near(a in any::<i64>(), b in 1_i64..1_000_000) {
            let (x, y) = (Decimal::from(a), Decimal::from(b));
            if let Some(back) = x.over(y).and_then(|q| q.times(y)) {
                let off = back.minus(x).and_then(Decimal::magnitude).unwrap();
                prop_assert!(off < decimal(1, 9), "{} / {}: off by {}", a, b, off);
            }
        }
    }
}

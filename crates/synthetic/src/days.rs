//! Days and months as plain numbers: hundreds of millions of them are worked out.

use jiff::civil::Date;

/// A day: days since 1970-01-01, as Arrow counts them.
pub(crate) type Day = i32;
/// A month: twelve times the year, plus 0 for January.
pub(crate) type Month = i32;

/// What never happened.
pub(crate) const NEVER: Day = Day::MAX;

/// Days between 0000-03-01 and 1970-01-01.
const EPOCH: i32 = 719_468;
/// Days in the Gregorian calendar's 400 years.
const ERA: i32 = 146_097;

/// The day of a date.
pub(crate) fn day_of(date: Date) -> Day {
    day(
        i32::from(date.year()),
        i32::from(date.month()),
        i32::from(date.day()),
    )
}

/// The day of year, month (from 1) and day (from 1).
pub(crate) fn day(year: i32, month: i32, day: i32) -> Day {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, in_era) = (year.div_euclid(400), year.rem_euclid(400));
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * ERA + in_era * 365 + in_era / 4 - in_era / 100 + in_year - EPOCH
}

/// Year, month (from 1) and day (from 1) of a day.
pub(crate) fn civil(day: Day) -> (i32, i32, i32) {
    let day = day + EPOCH;
    let (era, in_era) = (day.div_euclid(ERA), day.rem_euclid(ERA));
    let year = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * in_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + i32::from(month <= 2);
    (year, month, in_year - (153 * shifted + 2) / 5 + 1)
}

/// The month that a day is in.
pub(crate) fn month_of(day: Day) -> Month {
    let (year, month, _) = civil(day);
    year * 12 + month - 1
}

/// The first day of a month.
pub(crate) fn first_day(month: Month) -> Day {
    day(month.div_euclid(12), month.rem_euclid(12) + 1, 1)
}

/// The last day of a month.
pub(crate) fn last_day(month: Month) -> Day {
    first_day(month + 1) - 1
}

/// The same day `years` later; the 28th for a 29th of February.
pub(crate) fn years_after(from: Day, years: i32) -> Day {
    let (year, month, on) = civil(from);
    day(
        year + years,
        month,
        if month == 2 { on.min(28) } else { on },
    )
}

/// Whole years from `from` until `until`.
pub(crate) fn years_between(from: Day, until: Day) -> i32 {
    let ((year, month, day), (last, last_month, last_day)) = (civil(from), civil(until));
    last - year - i32::from((last_month, last_day) < (month, day))
}

/// `YYYY-MM`.
pub(crate) fn month_text(month: Month) -> MonthText {
    let (year, of_year) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let digit = |number: i32| b'0' + (number.rem_euclid(10) as u8);
    MonthText([
        digit(year / 1000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        b'-',
        digit(of_year / 10),
        digit(of_year),
    ])
}

/// A month as text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MonthText([u8; 7]);

impl MonthText {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_agree_with_the_calendar() {
        let mut date = jiff::civil::date(1899, 12, 30);
        let mut number = day_of(date);
        assert_eq!(day(1970, 1, 1), 0);
        while date.year() < 2101 {
            assert_eq!(day_of(date), number);
            let parts = (
                i32::from(date.year()),
                i32::from(date.month()),
                i32::from(date.day()),
            );
            assert_eq!(civil(number), parts);
            date = date.tomorrow().unwrap();
            number += 1;
        }
    }

    #[test]
    fn months_and_years() {
        let day = day(2024, 2, 29);
        assert_eq!(month_text(month_of(day)).as_str(), "2024-02");
        assert_eq!(civil(last_day(month_of(day))), (2024, 2, 29));
        assert_eq!(civil(years_after(day, 1)), (2025, 2, 28));
        assert_eq!(years_between(day, years_after(day, 4) - 1), 3);
        assert_eq!(years_between(day, super::day(2028, 2, 29)), 4);
    }
}

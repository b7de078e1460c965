//! Days, moments and durations: read, shown and added as FEEL does.

use jiff::civil::Date;
use jiff::{Span, Timestamp, ToSpan, Unit};

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 86_400_000_000;

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// The day that is `days` after 1970-01-01.
pub(crate) fn date_of(days: i32) -> Option<Date> {
    EPOCH.checked_add(Span::new().try_days(days).ok()?).ok()
}

/// Days from 1970-01-01 to `date`.
pub(crate) fn days_of(date: Date) -> i32 {
    (date - EPOCH).get_days()
}

/// Reads `YYYY-MM-DD`.
pub(crate) fn read_date(text: &str) -> Option<i32> {
    let shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date: Date = text.parse().ok().filter(|_| shaped)?;
    Some(days_of(date))
}

/// Reads a moment with its offset, such as `2026-01-01T08:00:00+08:00`.
pub(crate) fn read_datetime(text: &str) -> Option<i64> {
    let at: Timestamp = text.parse().ok()?;
    Some(at.as_microsecond())
}

/// What a duration's text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duration {
    Months(i64),
    Span(i64),
}

/// Reads a duration, such as `P18Y`, `P1Y6M` or `P3DT12H`; not both sorts at once.
pub(crate) fn read_duration(text: &str) -> Option<Duration> {
    let iso = text.strip_prefix('-').unwrap_or(text).starts_with('P');
    let lower = text.bytes().any(|b| b.is_ascii_lowercase());
    let span: Span = text.parse().ok().filter(|_| iso && !lower)?;
    if span.get_weeks() != 0 {
        return None;
    }
    let months = i64::from(span.get_years()) * 12 + i64::from(span.get_months());
    let rest = span.years(0).months(0);
    match (months, rest.is_zero()) {
        (0, _) => {
            let span = i64::from(rest.get_days()).checked_mul(DAY_US)?;
            let time = rest.days(0).total(Unit::Microsecond).ok()?;
            span.checked_add(time as i64).map(Duration::Span)
        }
        (_, true) => Some(Duration::Months(months)),
        (_, false) => None,
    }
}

/// A day moved by months; the last of the month where there is no such day.
pub(crate) fn add_months(days: i32, months: i64) -> Option<i32> {
    let span = Span::new().try_months(months).ok()?;
    date_of(days)?.checked_add(span).ok().map(days_of)
}

/// A day moved by a duration; what is left of a day counts as one only backwards.
pub(crate) fn add_span(days: i32, span: i64) -> Option<i32> {
    let days = i64::from(days).checked_add(span.div_euclid(DAY_US))?;
    let days = i32::try_from(days).ok()?;
    date_of(days).map(|_| days)
}

/// A moment moved by months, in UTC.
pub(crate) fn add_months_to_moment(at: i64, months: i64) -> Option<i64> {
    let days = i32::try_from(at.div_euclid(DAY_US)).ok()?;
    let days = i64::from(add_months(days, months)?);
    days.checked_mul(DAY_US)?.checked_add(at.rem_euclid(DAY_US))
}

/// Whole months from one day to another.
pub(crate) fn months_between(from: i32, to: i32) -> Option<i64> {
    let (a, b) = (date_of(from)?, date_of(to)?);
    let months = (i64::from(b.year()) - i64::from(a.year())) * 12
        + (i64::from(b.month()) - i64::from(a.month()));
    Some(match () {
        () if to >= from && b.day() < a.day() => months - 1,
        () if to < from && b.day() > a.day() => months + 1,
        () => months,
    })
}

pub(crate) fn show_date(days: i32) -> String {
    date_of(days).map_or_else(|| format!("day {days}"), |date| date.to_string())
}

pub(crate) fn show_datetime(at: i64) -> String {
    Timestamp::from_microsecond(at).map_or_else(|_| format!("{at} µs"), |at| at.to_string())
}

pub(crate) fn show_months(months: i64) -> String {
    let sign = if months < 0 { "-" } else { "" };
    let (years, rest) = (months.unsigned_abs() / 12, months.unsigned_abs() % 12);
    match (years, rest) {
        (0, months) => format!("{sign}P{months}M"),
        (years, 0) => format!("{sign}P{years}Y"),
        (years, months) => format!("{sign}P{years}Y{months}M"),
    }
}

pub(crate) fn show_span(span: i64) -> String {
    let days = span / DAY_US;
    let rest = (span % DAY_US).microseconds();
    let rest = rest.round(
        jiff::SpanRound::new()
            .largest(Unit::Hour)
            .smallest(Unit::Microsecond),
    );
    let rest = rest.map(|rest| rest.to_string()).unwrap_or_default();
    let sign = if span < 0 { "-" } else { "" };
    let time = rest.trim_start_matches('-').trim_start_matches("PT");
    match (days.unsigned_abs(), time) {
        (0, time) => format!("{sign}PT{time}"),
        (days, "0S") => format!("{sign}P{days}D"),
        (days, time) => format!("{sign}P{days}DT{time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_read_strictly() {
        assert_eq!(read_date("1970-01-02"), Some(1));
        for wrong in [
            "2026-02-29",
            "2026-2-1",
            "20260201",
            "2026-02-01T00:00:00Z",
            "",
        ] {
            assert_eq!(read_date(wrong), None, "{wrong}");
        }
        assert_eq!(read_datetime("1970-01-01T08:00:01+08:00"), Some(1_000_000));
        assert_eq!(read_datetime("1970-01-01T08:00:01"), None);
    }

    #[test]
    fn durations_are_of_one_sort() {
        assert_eq!(read_duration("P1Y6M"), Some(Duration::Months(18)));
        assert_eq!(read_duration("-P2M"), Some(Duration::Months(-2)));
        assert_eq!(
            read_duration("P1DT12H"),
            Some(Duration::Span(DAY_US / 2 * 3))
        );
        assert_eq!(read_duration("P0D"), Some(Duration::Span(0)));
        for wrong in ["P1Y1D", "P1W", "p1d", "1d", "P", ""] {
            assert_eq!(read_duration(wrong), None, "{wrong}");
        }
        for text in [
            "P1Y6M", "-P2M", "P1Y", "P1D", "P1DT12H", "PT0.5S", "-PT1H30M",
        ] {
            let shown = match read_duration(text).unwrap() {
                Duration::Months(months) => show_months(months),
                Duration::Span(span) => show_span(span),
            };
            assert_eq!(shown, text);
        }
    }

    #[test]
    fn months_end_where_there_is_no_such_day() {
        let day = |text: &str| read_date(text).unwrap();
        assert_eq!(add_months(day("2026-01-31"), 1), Some(day("2026-02-28")));
        assert_eq!(
            add_span(day("2026-01-31"), DAY_US + 1),
            Some(day("2026-02-01"))
        );
        assert_eq!(add_months(day("2026-01-31"), i64::MAX), None);
        for (from, to, months) in [
            ("2000-05-20", "2018-05-19", 215),
            ("2000-05-20", "2018-05-20", 216),
            ("2018-05-20", "2000-05-20", -216),
            ("2018-05-20", "2000-05-21", -215),
        ] {
            assert_eq!(
                months_between(day(from), day(to)),
                Some(months),
                "{from} {to}"
            );
        }
    }
}

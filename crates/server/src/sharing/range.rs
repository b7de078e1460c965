//! Which bytes of a file are wanted (RFC 9110, 14): one range; other forms answer the whole file.

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All bytes.
    All,
    /// Some of them.
    Some(Range<u64>),
    /// Bytes that there are not.
    Beyond,
}

/// What `header` asks for of a file with `size` bytes.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let ends = header
        .and_then(|text| text.trim().strip_prefix("bytes="))
        .filter(|range| !range.contains(','))
        .and_then(|range| range.split_once('-'));
    let Some((first, last)) = ends else {
        return Wanted::All;
    };
    let (first, last) = (first.trim(), last.trim());
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if last >= first => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Wanted::All, // not a range, and so passed over
    };
    if range.is_empty() {
        Wanted::Beyond
    } else {
        Wanted::Some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_has_them() {
        let of = |header: &str| wanted(Some(header), 100);
        assert_eq!(of("bytes=0-9"), Wanted::Some(0..10));
        assert_eq!(of("bytes=90-"), Wanted::Some(90..100));
        assert_eq!(of("bytes=-8"), Wanted::Some(92..100));
        assert_eq!(of("bytes=-800"), Wanted::Some(0..100));
        assert_eq!(of("bytes=50-999"), Wanted::Some(50..100));
        assert_eq!(
            of("bytes=99-99999999999999999999999"),
            Wanted::Some(99..100)
        );
        assert_eq!(of("bytes=100-"), Wanted::Beyond);
        assert_eq!(of("bytes=-0"), Wanted::Beyond);
        for odd in [
            "bytes=9-0",
            "bytes=a-b",
            "bytes=-",
            "bytes=+1-2",
            "lines=0-9",
            "bytes=0-1,5-6",
            "",
        ] {
            assert_eq!(of(odd), Wanted::All, "{odd}");
        }
        assert_eq!(wanted(None, 100), Wanted::All);
        assert_eq!(wanted(Some("bytes=0-0"), 0), Wanted::Beyond);
    }
}

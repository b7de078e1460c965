//! Readers of single values on the command line, each with a message that says what is right.

/// `KEY=VALUE`.
pub(crate) fn assignment(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .filter(|(key, _)| !key.is_empty())
        .ok_or_else(|| "write KEY=VALUE, for example traffic.horizon=7200".to_owned())
}

/// What a controller sees with.
pub(crate) fn sensing(text: &str) -> Result<signals::sensing::Sensing, String> {
    text.parse()
        .map_err(|error: signals::Error| error.to_string())
}

/// `on` or `off`.
pub(crate) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err("write on or off".to_owned()),
    }
}

/// A number of metres greater than zero.
pub(crate) fn metres(text: &str) -> Result<f64, String> {
    positive(
        text,
        "a number of metres greater than zero, for example 400",
    )
}

/// A number of seconds greater than zero.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    positive(
        text,
        "a number of seconds greater than zero, for example 3600",
    )
}

/// How long somebody is waited for: seconds greater than zero, a day at most.
pub(crate) fn patience(text: &str) -> Result<f64, String> {
    let wanted = "a number of seconds greater than zero, 86400 at most, for example 5";
    positive(text, wanted).and_then(|seconds| {
        let shorter = (seconds <= 86_400.0).then_some(seconds);
        shorter.ok_or_else(|| format!("write {wanted}"))
    })
}

/// A factor greater than zero.
pub(crate) fn factor(text: &str) -> Result<f64, String> {
    positive(text, "a factor greater than zero, for example 1.0")
}

fn positive(text: &str, wanted: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
        .ok_or_else(|| format!("write {wanted}"))
}

/// A number of seconds, zero or more.
pub(crate) fn seconds_or_zero(text: &str) -> Result<f64, String> {
    not_negative(text, "a number of seconds, zero or more")
}

/// A number of metres, zero or more.
pub(crate) fn metres_or_zero(text: &str) -> Result<f64, String> {
    not_negative(text, "a number of metres, zero or more")
}

fn not_negative(text: &str, wanted: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| format!("write {wanted}"))
}

/// A share of a whole, more than 0 and 1 at most; `20%` is 0.2.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let wanted = || "write a share of more than 0 and 1 at most, for example 0.05 or 5%".to_owned();
    let (digits, whole) = match text.strip_suffix('%') {
        Some(digits) => (digits, 100.0),
        None => (text, 1.0),
    };
    let number: f64 = digits.trim().parse().map_err(|_error| wanted())?;
    let share = number / whole;
    (share > 0.0 && share <= 1.0)
        .then_some(share)
        .ok_or_else(wanted)
}

/// Two numbers, `X,Y`.
pub(crate) fn point(text: &str) -> Result<[f64; 2], String> {
    let number = |text: &str| text.trim().parse().ok().filter(|n: &f64| n.is_finite());
    text.split_once(',')
        .and_then(|(x, y)| Some([number(x)?, number(y)?]))
        .ok_or_else(|| "write two numbers with a comma between, for example 1900,-250".to_owned())
}

/// A size of a grid, `COLUMNSxROWS`.
pub(crate) fn grid(text: &str) -> Result<(usize, usize), String> {
    let wanted = || "write COLUMNSxROWS, each from 1 to 400, for example 4x4".to_owned();
    let (columns, rows) = text.split_once(['x', 'X']).ok_or_else(wanted)?;
    let side = |text: &str| {
        text.parse()
            .ok()
            .filter(|side| (1..=400).contains(side))
            .ok_or_else(wanted)
    };
    Ok((side(columns)?, side(rows)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_two_numbers() {
        assert_eq!(grid("30x20"), Ok((30, 20)));
        assert!(grid("30").is_err());
        assert!(grid("0x3").is_err());
        assert!(grid("3x401").is_err());
    }

    #[test]
    fn a_point_is_two_numbers() {
        assert_eq!(point("1900, -250.5"), Ok([1900.0, -250.5]));
        for wrong in ["", "1", "1;2", "1,x", "1,NaN", "1,2,3"] {
            assert!(point(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_a_fraction_or_percent() {
        assert_eq!(share("0.2"), Ok(0.2));
        assert_eq!(share("20%"), Ok(0.2));
        for wrong in ["0", "1.1", "20", "-0.1", "NaN", "", "%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_are_finite_and_positive() {
        assert_eq!(seconds("3600"), Ok(3600.0));
        for wrong in ["0", "-1", "NaN", "inf", "ten"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}

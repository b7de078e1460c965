//! Times of day as options have them.

use observe::Window;

use crate::error::Error;

/// `07:00-09:00`, in whole quarter hours.
pub(super) fn window(text: &str) -> Result<Window, Error> {
    let wrong = || Error::Refused {
        message: format!("--window {text:?} is no time of day"),
        help: Some("write HH:MM-HH:MM in whole quarter hours, for example 07:00-09:00".to_owned()),
    };
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let quarter = |text: &str| {
        let minutes = minute(text).map_err(|_error| wrong())?;
        (minutes % 15 == 0)
            .then_some(minutes / 15)
            .ok_or_else(wrong)
    };
    let (from, to) = (quarter(from)?, quarter(to)?);
    if from >= to {
        return Err(wrong());
    }
    Ok(Window {
        from,
        to,
        ..Window::default()
    })
}

/// Minutes after midnight of `HH:MM`, 24:00 at most.
pub(super) fn minute(text: &str) -> Result<u32, Error> {
    let wrong = || Error::Refused {
        message: format!("{text:?} is no time of day"),
        help: Some("write HH:MM, for example 07:00".to_owned()),
    };
    let (hours, minutes) = text.trim().split_once(':').ok_or_else(wrong)?;
    let hours: u32 = hours.parse().map_err(|_error| wrong())?;
    let minutes: u32 = minutes.parse().map_err(|_error| wrong())?;
    let time = hours.saturating_mul(60).saturating_add(minutes);
    if minutes < 60 && time <= 24 * 60 {
        Ok(time)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use observe::Bin;

    use super::*;

    #[test]
    fn a_window_is_two_times_of_day_in_whole_quarter_hours() {
        let peak = window("07:00-09:15").unwrap();
        assert!(peak.contains(Bin(28)) && peak.contains(Bin(36)) && !peak.contains(Bin(37)));
        for wrong in ["7", "07:10-09:00", "09:00-07:00", "07:00-25:00", "a:b-c:d"] {
            assert!(window(wrong).is_err(), "{wrong}");
        }
    }
}

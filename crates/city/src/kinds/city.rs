//! `city.yaml`: what is true of the city as a whole.

use jiff::civil::{self, Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::city::City;
use crate::document::Document;
use crate::fault::{Code, Fault};
use crate::kind::Kind;
use crate::kinds::Department;
use crate::names::{Id, Reference, Text};

/// The city as a whole: its name, time zone, languages, calendar and traffic.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CitySettings {
    /// The city's name in addresses and file names, such as `hangzhou`.
    pub id: Id,
    /// What the city is called.
    pub title: Text,
    /// The IANA name of the time zone in which its days begin, such as `Asia/Shanghai`.
    #[schemars(extend("format" = "time-zone"))]
    pub time_zone: String,
    /// The languages of its pages, the first being the one shown unless the reader asks otherwise.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub languages: Vec<Language>,
    /// The ISO 4217 code of its currency, such as `CNY`.
    #[schemars(extend("format" = "currency"))]
    pub currency: String,
    /// Where maps of the city begin.
    pub location: Location,
    /// The department that runs City Brain and answers for it.
    pub operator: Reference<Department>,
    /// On which days its offices work: what terms of so many working days are counted by.
    pub calendar: Calendar,
    /// What the traffic engine starts with; left out for a city without streets of its own.
    pub traffic: Option<Traffic>,
}

/// A language of the city's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Chinese, simplified characters.
    Zh,
    /// English.
    En,
}

/// A point on the map, in WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Longitude, in degrees east.
    #[schemars(range(min = -180.0, max = 180.0))]
    pub lon: f64,
    /// Latitude, in degrees north.
    #[schemars(range(min = -90.0, max = 90.0))]
    pub lat: f64,
    /// The place's number at GeoNames, such as 1808926 for Hangzhou: catalogues elsewhere know it
    /// by that.
    #[schemars(range(min = 1))]
    pub geonames: Option<u32>,
}

/// Which days are working days.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// The days of an ordinary week on which offices work.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub work_days: Vec<Weekday>,
    /// Public holidays, in the order of the year.
    #[serde(default)]
    pub holidays: Vec<Holiday>,
    /// Days off that are worked to make up for a holiday.
    #[serde(default)]
    pub make_up_days: Vec<Date>,
}

/// A public holiday of one or more days.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// What it is called.
    pub title: Text,
    /// The first day off.
    pub from: Date,
    /// The last day off.
    pub to: Date,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the days of the week need no explanation")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// The files the traffic engine starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// The road network, a file in the city folder.
    #[schemars(extend("format" = "folder-path"))]
    pub network: String,
    /// The demand on it, a file in the city folder.
    #[schemars(extend("format" = "folder-path"))]
    pub demand: String,
}

impl Weekday {
    fn of(date: Date) -> Self {
        match date.weekday() {
            civil::Weekday::Monday => Self::Monday,
            civil::Weekday::Tuesday => Self::Tuesday,
            civil::Weekday::Wednesday => Self::Wednesday,
            civil::Weekday::Thursday => Self::Thursday,
            civil::Weekday::Friday => Self::Friday,
            civil::Weekday::Saturday => Self::Saturday,
            civil::Weekday::Sunday => Self::Sunday,
        }
    }
}

impl Calendar {
    /// Whether offices work on `date`.
    pub fn is_working_day(&self, date: Date) -> bool {
        self.make_up_days.contains(&date)
            || (self.holiday(date).is_none() && self.work_days.contains(&Weekday::of(date)))
    }

    /// The holiday that `date` belongs to.
    pub fn holiday(&self, date: Date) -> Option<&Holiday> {
        self.holidays
            .iter()
            .find(|holiday| (holiday.from..=holiday.to).contains(&date))
    }

    fn check(&self, here: &Document) -> Vec<Fault> {
        const HOLIDAY_DAYS_MAX: i32 = 31;
        let mut faults = Vec::new();
        for (index, holiday) in self.holidays.iter().enumerate() {
            let place = format!("/calendar/holidays/{index}");
            let days = (holiday.to - holiday.from).get_days();
            if holiday.to < holiday.from {
                let message = format!("the holiday ends on {}, before it begins", holiday.to);
                let help = format!("it begins on {}", holiday.from);
                faults.push(
                    here.fault(Code::Rule, &format!("{place}/to"), message)
                        .help(help),
                );
            } else if days >= HOLIDAY_DAYS_MAX {
                let message = format!("the holiday lasts {} days", days + 1);
                faults.push(
                    here.fault(Code::Rule, &format!("{place}/to"), message)
                        .help("check the year and the month"),
                );
            }
            let earlier = self.holidays.iter().take(index);
            let overlap = |other: &Holiday| other.from <= holiday.to && holiday.from <= other.to;
            if let Some(other) = earlier.enumerate().find(|(_, other)| overlap(other)) {
                let first = format!("/calendar/holidays/{}/from", other.0);
                let message = format!("the holiday overlaps `{}`", other.1.title.en);
                let fault = here.duplicate(&format!("{place}/from"), &first, message);
                faults.push(fault.help("a day belongs to one holiday"));
            }
        }
        for (index, date) in self.make_up_days.iter().enumerate() {
            let place = format!("/calendar/make_up_days/{index}");
            if let Some(holiday) = self.holiday(*date) {
                let message = format!("{date} is a day of the holiday `{}`", holiday.title.en);
                faults.push(
                    here.fault(Code::Rule, &place, message)
                        .help("it cannot be both"),
                );
            } else if self.work_days.contains(&Weekday::of(*date)) {
                let message = format!("{date} is a {:?}, a working day anyway", Weekday::of(*date));
                faults.push(here.fault(Code::Rule, &place, message).help("leave it out"));
            }
        }
        faults.extend(here.repeated("/calendar/make_up_days", "", &self.make_up_days));
        faults
    }
}

impl Kind for CitySettings {
    const NAME: &'static str = "city";
    const PATTERN: &'static str = "city.yaml";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn check(&self, here: &Document, _: &City) -> Vec<Fault> {
        self.calendar.check(here)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{CITY, faults_of};

    #[test]
    fn every_value_is_checked() {
        let text = "\
id: town
title: {zh: 小镇, en: Town}
time_zone: Asia/Shangai
languages: [zh, de, zh]
currency: RMB
location: {lon: 220, lat: '30'}
operator: park
calendar:
  work_days: [monday, tusday]
  holidays:
    - {title: {zh: 春节, en: Spring Festival}, from: 2026-02-29, to: 17.02.2026}
traffic: {network: ../network.json, demand: traffic/demand.json}
";
        let files = [("city.yaml", text), ("traffic/demands.json", "")];
        insta::assert_snapshot!(faults_of(&files), @r"
        t/city.yaml:3:12 bad-value: `Asia/Shangai` is not a time zone
            did you mean `Asia/Shanghai`?
        t/city.yaml:4:17 unknown-word: `languages[1]` cannot be `de`
            one of `zh`, `en`
        t/city.yaml:4:21 duplicate: `zh` is in the list already
            leave one out
        t/city.yaml:5:11 bad-value: `RMB` is not a currency
            did you mean `CNY`?
        t/city.yaml:6:17 bad-value: `location.lon` cannot be 220
            write a number from -180 to 180
        t/city.yaml:6:27 wrong-type: `location.lat` is text, but must be a number
            write it without quotes
        t/city.yaml:7:11 unknown-reference: there is no department `park`
            did you mean `parks`?
        t/city.yaml:9:23 unknown-word: `calendar.work_days[1]` cannot be `tusday`
            did you mean `tuesday`? (one of `monday`, `tuesday`, `wednesday`, `thursday`, `friday`, `saturday`, `sunday`)
        t/city.yaml:11:52 bad-value: `2026-02-29` does not exist
            check the month and how many days it has
        t/city.yaml:11:68 bad-value: `17.02.2026` is not a date
            write year, month and day, such as `2026-02-17`
        t/city.yaml:12:20 bad-value: `../network.json` is not a path inside the city folder
            write it from the city folder, such as `traffic/network.json`
        t/city.yaml:12:45 missing-file: there is no file `traffic/demand.json`
            did you mean `traffic/demands.json`?
        ");
    }

    #[test]
    fn a_calendar_is_possible() {
        let calendar = "\
calendar:
  work_days: [monday, tuesday, wednesday, thursday, friday]
  holidays:
    - {title: {zh: 春节, en: Spring Festival}, from: 2026-02-15, to: 2026-02-23}
    - {title: {zh: 元宵, en: Lantern Festival}, from: 2026-02-23, to: 2026-02-22}
    - {title: {zh: 清明, en: Qingming}, from: 2026-02-20, to: 2026-04-06}
  make_up_days: [2026-02-16, 2026-05-05, 2026-03-07, 2026-03-07]
";
        let text = CITY.split("calendar").next().unwrap().to_owned() + calendar;
        insta::assert_snapshot!(faults_of(&[("city.yaml", &text)]), @r"
        t/city.yaml:12:53 duplicate: the holiday overlaps `Spring Festival`
            a day belongs to one holiday
        t/city.yaml:12:69 rule: the holiday ends on 2026-02-22, before it begins
            it begins on 2026-02-23
        t/city.yaml:13:45 duplicate: the holiday overlaps `Spring Festival`
            a day belongs to one holiday
        t/city.yaml:13:61 rule: the holiday lasts 46 days
            check the year and the month
        t/city.yaml:14:18 rule: 2026-02-16 is a day of the holiday `Spring Festival`
            it cannot be both
        t/city.yaml:14:30 rule: 2026-05-05 is a Tuesday, a working day anyway
            leave it out
        t/city.yaml:14:42 rule: 2026-03-07 is a day of the holiday `Qingming`
            it cannot be both
        t/city.yaml:14:54 duplicate: `2026-03-07` is in the list already
            remove one, or change it
        t/city.yaml:14:54 rule: 2026-03-07 is a day of the holiday `Qingming`
            it cannot be both
        ");
    }
}

//! What the tests of every kind share: YAML snippets in, faults as lines of text out.

use std::fmt::Write;

use crate::definitions::Definitions;
use crate::fault::Fault;

/// A city that is right, as a setting for one file that is not.
pub(crate) const CITY: &str = "\
id: town
title: {zh: 小镇, en: Town}
time_zone: Asia/Shanghai
languages: [zh, en]
currency: CNY
location: {lon: 120.0, lat: 30.0}
operator: parks
calendar: {work_days: [monday, tuesday, wednesday, thursday, friday]}
";

/// A department that is right.
pub(crate) const PARKS: &str = "\
id: parks
title: {zh: 市园林局, en: Parks Bureau}
short: {zh: 园林, en: Parks}
kind: bureau
responsible_for:
  - {zh: 公园, en: parks}
contact: {email: data@parks.example.org, fictitious: true}
";

/// One line per fault: `path:line:column code: message`, and below it the help.
pub(crate) fn render(faults: &[Fault]) -> String {
    faults.iter().fold(String::new(), |mut text, fault| {
        let _ = writeln!(text, "{} {}: {fault}", fault.location(), fault.code);
        if let Some(help) = &fault.help {
            let _ = writeln!(text, "    {help}");
        }
        text
    })
}

/// The faults of a town that has `files` besides a right `city.yaml` and department `parks`, or in
/// their places.
pub(crate) fn faults_of(files: &[(&str, &str)]) -> String {
    let mut all = vec![
        ("city.yaml", CITY),
        ("departments/parks/department.yaml", PARKS),
    ];
    for (path, text) in files {
        all.retain(|(other, _)| other != path);
        all.push((path, text));
    }
    let (_, faults) = Definitions::from_files("t", all).check();
    render(&faults)
}

/// The faults of `text` as the file of department `parks`.
pub(crate) fn faults_of_parks(text: &str) -> String {
    faults_of(&[("departments/parks/department.yaml", text)])
}

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

/// A dataset of that department that is right.
pub(crate) const TREES: &str = "\
id: trees
title: {zh: 古树名木, en: Old trees}
description: {zh: 每株一条, en: One record for each tree}
subject: thing
subject_field: tree
key: [tree]
share: conditional
share_note: {zh: 依申请, en: On request}
updates: daily
expected_records: 3000
fields:
  - {name: tree, title: {zh: 编号, en: Number}, type: text, max_length: 20}
  - {name: species, title: {zh: 树种, en: Species}, type: text, one_of: [ginkgo, camphor]}
  - {name: height_m, title: {zh: 高, en: Height}, type: decimal, scale: 1}
  - {name: planted_on, title: {zh: 栽植日, en: Planted on}, type: date, required: true}
  - {name: owner, title: {zh: 权利人, en: Owner}, type: text, format: citizen-number, sensitivity: personal}
  - {name: owner_illness, title: {zh: 病史, en: Illness}, type: text, sensitivity: sensitive}
quality:
  - id: height
    title: {zh: 高度合理, en: A height that trees have}
    rule: height_m in [0..120]
";

/// An agreement about it that is right where there is a department `forests`.
pub(crate) const AGREEMENT: &str = "\
id: trees-forests
title: {zh: 古树数据共享, en: Old trees for the forest bureau}
consumer: forests
dataset: trees
fields: [tree, species, owner]
purposes: [matter/felling]
legal_basis:
  - {zh: 古树名木保护条例, en: Regulation on old trees}
from: 2026-01-01
until: 2027-12-31
uses: [look-up]
rate: {per_second: 50, per_day: 100000}
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

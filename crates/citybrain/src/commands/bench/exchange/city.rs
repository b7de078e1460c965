//! A made-up city for the benchmark: 59 departments with two datasets each, and as many agreements
//! as are asked for. The calls use the first 59, whatever their number.

use std::fmt::Write as _;
use std::sync::Arc;

use city::{City, Definitions};
use pool::exchange::Signer;

use crate::error::Error;

/// Departments, as many as the demonstration city has.
pub(super) const DEPARTMENTS: u64 = 59;
/// Datasets of each.
const DATASETS: u64 = 2;
/// For what the calls are.
pub(super) const PURPOSE: &str = "operation/benchmark";
/// The city's id.
pub(super) const CITY: &str = "benchville";

const SETTINGS: &str = "\
id: benchville
title: {zh: 测试市, en: Benchville}
time_zone: Asia/Shanghai
languages: [zh, en]
currency: CNY
location: {lon: 120.0, lat: 30.0}
operator: dept-0
calendar: {work_days: [monday, tuesday, wednesday, thursday, friday]}
";

/// The department that reads from department `provider` in the calls.
pub(super) fn consumer_of(provider: u64) -> u64 {
    (provider + 1) % DEPARTMENTS
}

/// A client's id.
pub(super) fn client(department: u64) -> String {
    format!("dept-{department}-systems")
}

/// The dataset that is read in the calls.
pub(super) fn dataset(provider: u64) -> String {
    format!("records-{provider}-0")
}

/// Provider, dataset and consumer of an agreement.
fn parties(agreement: u64) -> (u64, u64, u64) {
    let provider = agreement % DEPARTMENTS;
    let round = agreement / DEPARTMENTS;
    (
        provider,
        round % DATASETS,
        (provider + 1 + round / DATASETS) % DEPARTMENTS,
    )
}

/// An agreement's id, and its provider and consumer.
pub(super) fn agreement(number: u64) -> (String, u64, u64) {
    let (provider, _, consumer) = parties(number);
    (format!("agreement-{number}"), provider, consumer)
}

/// The city with this many agreements.
pub(super) fn city(agreements: u64) -> Result<Arc<City>, Error> {
    let mut files = vec![("city.yaml".to_owned(), SETTINGS.to_owned())];
    for department in 0..DEPARTMENTS {
        let folder = format!("departments/dept-{department}");
        files.push((
            format!("{folder}/department.yaml"),
            department_file(department),
        ));
        files.push((
            format!("{folder}/clients/{}.yaml", client(department)),
            client_file(department)?,
        ));
        for number in 0..DATASETS {
            files.push((
                format!("{folder}/datasets/records-{department}-{number}.yaml"),
                dataset_file(department, number),
            ));
        }
    }
    for number in 0..agreements {
        let (id, provider, _) = agreement(number);
        files.push((
            format!("departments/dept-{provider}/agreements/{id}.yaml"),
            agreement_file(number),
        ));
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let (city, faults) = Definitions::from_files("benchville", files).check();
    if faults.is_empty() {
        return Ok(Arc::new(city));
    }
    let shown = faults
        .iter()
        .take(5)
        .fold(String::new(), |mut text, fault| {
            let _ = write!(text, "\n{}: {fault}", fault.location());
            text
        });
    Err(Error::internal(format!(
        "the benchmark's city has {} faults:{shown}",
        faults.len()
    )))
}

fn department_file(number: u64) -> String {
    format!(
        "id: dept-{number}\n\
         title: {{zh: 第{number}局, en: Bureau {number}}}\n\
         short: {{zh: 局{number}, en: B{number}}}\n\
         kind: bureau\n\
         responsible_for:\n  - {{zh: 测试, en: tests}}\n\
         contact: {{email: data@dept-{number}.example.org, fictitious: true}}\n"
    )
}

fn client_file(department: u64) -> Result<String, Error> {
    let id = client(department);
    let key = Signer::demonstration(&id, 0)
        .map_err(Error::internal)?
        .public_key();
    Ok(format!(
        "id: {id}\n\
         title: {{zh: 系统{department}, en: Systems {department}}}\n\
         public_key: {key}\n\
         roles: [read, write, query, propose, approve]\n\
         demonstration: true\n"
    ))
}

fn dataset_file(department: u64, number: u64) -> String {
    let field = |name: &str, zh: &str, rest: &str| {
        format!("  - {{name: {name}, title: {{zh: {zh}, en: {name}}}, {rest}}}\n")
    };
    let fields = [
        field(
            "number",
            "编号",
            "type: text, max_length: 18, required: true, sensitivity: personal",
        ),
        field(
            "name",
            "姓名",
            "type: text, max_length: 100, sensitivity: personal",
        ),
        field("status", "状态", "type: text, one_of: [valid, expired]"),
        field("code", "代码", "type: integer"),
        field("amount", "金额", "type: money"),
        field("issued_on", "签发日期", "type: date"),
        field("changed_at", "变更时间", "type: datetime"),
        field(
            "address",
            "地址",
            "type: text, max_length: 200, sensitivity: personal",
        ),
    ];
    format!(
        "id: records-{department}-{number}\n\
         title: {{zh: 记录{department}之{number}, en: Records {department} {number}}}\n\
         description: {{zh: 测试记录, en: Records for the benchmark}}\n\
         subject: thing\n\
         subject_field: number\n\
         key: [number]\n\
         share: conditional\n\
         share_note: {{zh: 依协议, en: by agreement}}\n\
         updates: real-time\n\
         expected_records: 1000000\n\
         fields:\n{}",
        fields.concat()
    )
}

fn agreement_file(number: u64) -> String {
    let (provider, dataset, consumer) = parties(number);
    format!(
        "id: agreement-{number}\n\
         title: {{zh: 协议{number}, en: Agreement {number}}}\n\
         consumer: dept-{consumer}\n\
         dataset: records-{provider}-{dataset}\n\
         fields: [number, name, status, code, amount, issued_on]\n\
         purposes: [{PURPOSE}]\n\
         legal_basis: [{{zh: 测试法, en: The law of tests}}]\n\
         from: 2020-01-01\n\
         until: 2099-12-31\n\
         uses: [look-up, batch]\n\
         rate: {{per_second: 1000000, per_day: 10000000000}}\n"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_agreement_is_of_another_pair_and_the_first_are_those_of_the_calls() {
        let all: BTreeSet<_> = (0..5_900).map(parties).collect();
        assert_eq!(all.len(), 5_900);
        assert!(
            all.iter()
                .all(|(provider, _, consumer)| provider != consumer)
        );
        for number in 0..DEPARTMENTS {
            assert_eq!(parties(number), (number, 0, consumer_of(number)));
        }
    }

    #[test]
    fn the_city_has_no_faults() {
        assert_eq!(city(118).unwrap().count("agreement"), 118);
    }
}

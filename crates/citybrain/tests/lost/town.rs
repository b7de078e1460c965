//! A town of two departments: registry keeps persons and titles, tax reads them. Its systems' keys
//! are the tests' own, so that it is no demonstration and nothing is made up in it.

use std::path::Path;

use pool::exchange::Signer;

/// The city's id, for whom tokens are.
pub(crate) const TOWN: &str = "town";
/// For what tax reads.
pub(crate) const PURPOSE: &str = "matter/property-tax";
/// Under what it reads titles.
pub(crate) const AGREEMENT: &str = "titles-for-tax";

const CITY: &str = "\
id: town
title: {zh: 小镇, en: Town}
time_zone: Asia/Shanghai
languages: [zh, en]
currency: CNY
location: {lon: 120.0, lat: 30.0}
operator: tax
calendar: {work_days: [monday, tuesday, wednesday, thursday, friday]}
";

const NETWORK: &str = "\
name: {zh: 小镇, en: Town}
georeference: {longitude: 120.0, latitude: 30.0}
edge: {west: -400, east: 400, south: -400, north: 400}
streets:
  - {id: long, name: {zh: 长街, en: Long Street}, class: tertiary, line: [[-400, 0], [400, 0]]}
  - {id: cross, name: {zh: 横街, en: Cross Street}, class: tertiary, line: [[0, -400], [0, 400]]}
";

const DEMAND: &str = "\
horizon: 600
trips_per_hour: 10
zones:
  - {id: centre, name: {zh: 中心, en: Centre}, at: [0, 0], radius: 500, homes: 1, jobs: 1}
";

const DEPARTMENT: &str = "\
id: ID
title: {zh: 局, en: The ID bureau}
short: {zh: 局, en: ID}
kind: bureau
responsible_for:
  - {zh: 事, en: ID}
contact: {email: data@ID.example.org, fictitious: true}
";

/// Shared with all: a record's key is its subject.
const PERSONS: &str = "\
id: persons
title: {zh: 人口, en: Persons}
description: {zh: 每人一条, en: One record each}
subject: thing
subject_field: person
key: [person]
share: unconditional
updates: real-time
fields:
  - {name: person, title: {zh: 编号, en: number}, type: text}
  - {name: balance, title: {zh: 余额, en: balance}, type: integer}
  - {name: note, title: {zh: 注, en: note}, type: text}
";

/// Shared by agreement: a record's subject changes, and its key says nothing of it.
const TITLES: &str = "\
id: titles
title: {zh: 房产, en: Titles}
description: {zh: 每套一条, en: One record each}
subject: thing
subject_field: owner
key: [number]
share: conditional
share_note: {zh: 依协议, en: by agreement}
updates: real-time
fields:
  - {name: number, title: {zh: 证号, en: number}, type: text}
  - {name: owner, title: {zh: 所有人, en: owner}, type: text, required: true}
  - {name: area, title: {zh: 面积, en: area}, type: integer}
";

const TITLES_FOR_TAX: &str = "\
id: titles-for-tax
title: {zh: 房产共享, en: Titles for tax}
consumer: tax
dataset: titles
fields: [number, owner, area]
purposes: [matter/property-tax]
legal_basis: [{zh: 税法, en: The tax law}]
from: 2026-01-01
until: 2099-12-31
uses: [look-up, batch]
rate: {per_second: 5000, per_day: 100000000}
";

/// What `client` signs with. `run` makes its tokens differ from those of others that sign for it.
pub(crate) fn signer(client: &str, run: u64) -> Signer {
    let mut seed = [0; 32];
    for (to, from) in seed.iter_mut().zip(client.bytes()) {
        *to = from;
    }
    Signer::new(client, &seed, run).unwrap()
}

fn client(id: &str, roles: &str) -> String {
    let key = signer(id, 0).public_key();
    format!("id: {id}\ntitle: {{zh: 系统, en: A system}}\npublic_key: {key}\nroles: [{roles}]\n")
}

/// Writes the town's folder.
pub(crate) fn write(folder: &Path) {
    let mut files = vec![
        ("city.yaml".to_owned(), CITY.to_owned()),
        ("traffic/network.yaml".to_owned(), NETWORK.to_owned()),
        ("traffic/demand.yaml".to_owned(), DEMAND.to_owned()),
        (
            "departments/registry/datasets/persons.yaml".to_owned(),
            PERSONS.to_owned(),
        ),
        (
            "departments/registry/datasets/titles.yaml".to_owned(),
            TITLES.to_owned(),
        ),
        (
            format!("departments/registry/agreements/{AGREEMENT}.yaml"),
            TITLES_FOR_TAX.to_owned(),
        ),
    ];
    for id in ["registry", "tax"] {
        let folder = format!("departments/{id}");
        files.push((
            format!("{folder}/department.yaml"),
            DEPARTMENT.replace("ID", id),
        ));
        for (of, roles) in [
            ("systems", "read, write, query"),
            ("office", "propose, approve"),
        ] {
            let id = format!("{id}-{of}");
            files.push((format!("{folder}/clients/{id}.yaml"), client(&id, roles)));
        }
    }
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

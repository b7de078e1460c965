//! Two texts of a definition in, the changes between them as lines of text out.

use std::fmt::Write;

use super::{Change, compare};
use crate::city::City;
use crate::definitions::Definitions;
use crate::testing::{AGREEMENT, CITY, PARKS, TREES, render};

const CLIENT: &str = "\
id: parks-office
title: {zh: 园林业务系统, en: Parks office}
public_key: ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo
roles: [read, write]
";

/// Squirrels live in trees: another department's dataset that refers to `trees`.
const SQUIRRELS: &str = "\
id: squirrels
title: {zh: 松鼠, en: Squirrels}
description: {zh: 每只一条, en: One record for each}
subject: thing
subject_field: squirrel
key: [squirrel]
share: unconditional
openness: open
updates: daily
fields:
  - {name: squirrel, title: {zh: 编号, en: Number}, type: text, sensitivity: public}
  - {name: lives_in, title: {zh: 树, en: Tree}, type: text, references: {dataset: trees, field: tree}}
";

const TREES_PATH: &str = "departments/parks/datasets/trees.yaml";
const AGREEMENT_PATH: &str = "departments/parks/agreements/trees-forests.yaml";
const SQUIRRELS_PATH: &str = "departments/forests/datasets/squirrels.yaml";
const CLIENT_PATH: &str = "departments/parks/clients/parks-office.yaml";

/// The town with some files replaced, or left out where the text is empty.
fn town(changed: &[(&str, &str)]) -> City {
    let forests = PARKS
        .replace("parks", "forests")
        .replace("市园林局", "市林业局");
    let mut files = vec![
        ("city.yaml", CITY.to_owned()),
        ("departments/parks/department.yaml", PARKS.to_owned()),
        ("departments/forests/department.yaml", forests),
        (TREES_PATH, TREES.to_owned()),
        (AGREEMENT_PATH, AGREEMENT.to_owned()),
        (SQUIRRELS_PATH, SQUIRRELS.to_owned()),
        (CLIENT_PATH, CLIENT.to_owned()),
    ];
    for (path, text) in changed {
        files.retain(|(other, _)| other != path);
        if !text.is_empty() {
            files.push((path, (*text).to_owned()));
        }
    }
    let (city, faults) = Definitions::from_files("t", files).check();
    // What refers to a file that was left out is a fault, and that is the point.
    if changed.iter().all(|(_, text)| !text.is_empty()) {
        assert_eq!(render(&faults), "");
    }
    city
}

fn show(changes: &[Change]) -> String {
    changes.iter().fold(String::new(), |mut text, change| {
        let Change {
            class,
            what,
            message,
            ..
        } = change;
        let affects: Vec<String> = change.affects.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "{class}: {what}: {message} [{}]", affects.join("; "));
        text
    })
}

/// The changes when `from` becomes `to` in `text` at `path`.
fn changed(path: &str, text: &str, edits: &[(&str, &str)]) -> String {
    let after = edits.iter().fold(text.to_owned(), |after, (from, to)| {
        assert!(after.contains(from), "nothing to change: {from}");
        after.replace(from, to)
    });
    show(&compare(&town(&[]), &town(&[(path, &after)])))
}

#[test]
fn nothing_changes_by_itself_or_by_its_words() {
    assert_eq!(show(&compare(&town(&[]), &town(&[]))), "");
    assert_eq!(
        changed(TREES_PATH, TREES, &[("en: Old trees", "en: Ancient trees")]),
        ""
    );
}

#[test]
fn a_dataset_that_goes_breaks_its_readers() {
    let gone = compare(
        &town(&[]),
        &town(&[(TREES_PATH, ""), (AGREEMENT_PATH, ""), (CLIENT_PATH, "")]),
    );
    insta::assert_snapshot!(show(&gone), @r"
    breaking: agreement trees-forests: is removed [forests (agreement trees-forests)]
    breaking: client parks-office: is removed: its calls are refused [parks]
    breaking: dataset trees: is removed [forests (agreement trees-forests); forests (squirrels.lives_in refers to it)]
    ");
    insta::assert_snapshot!(show(&compare(&town(&[(SQUIRRELS_PATH, "")]), &town(&[]))), @"compatible: dataset squirrels: is new []");
}

#[test]
fn fields_go_are_renamed_and_come() {
    insta::assert_snapshot!(changed(TREES_PATH, TREES, &[
        ("name: height_m,", "name: height_cm,"),
        ("  - {name: planted_on, title: {zh: 栽植日, en: Planted on}, type: date, required: true}\n", ""),
        ("quality:", "  - {name: felled, title: {zh: 已伐, en: Felled}, type: boolean}\n  - {name: girth, title: {zh: 围, en: Girth}, type: integer, required: true}\nquality:"),
    ]), @r"
    breaking: field trees.height_m: is renamed to height_cm []
    breaking: field trees.planted_on: is removed []
    breaking: field trees.girth: is new and required: records without it go to the quarantine [parks]
    compatible: field trees.felled: is new []
    ");
}

#[test]
fn fields_change_in_type_and_bounds() {
    insta::assert_snapshot!(changed(TREES_PATH, TREES, &[
        ("max_length: 20", "max_length: 10"),
        ("one_of: [ginkgo, camphor]", "one_of: [ginkgo, pine]"),
        ("type: decimal, scale: 1", "type: decimal, scale: 0"),
        ("type: date, required: true", "type: datetime"),
    ]), @r"
    breaking: field trees.tree: takes at most 10 letters, not 20 [parks]
    breaking: field trees.species: can no longer be `camphor` [forests (agreement trees-forests)]
    breaking: field trees.height_m: has fewer digits after the point []
    breaking: field trees.planted_on: its type changes from date to datetime []
    breaking: field trees.planted_on: may be missing now []
    compatible: field trees.species: can be `pine` too []
    ");
    insta::assert_snapshot!(changed(TREES_PATH, TREES, &[
        ("max_length: 20", "max_length: 30"),
        ("one_of: [ginkgo, camphor]", "format: month"),
        ("type: decimal, scale: 1", "type: decimal, scale: 2, required: true"),
    ]), @r"
    breaking: field trees.species: must have another format [parks]
    breaking: field trees.height_m: is required now: records without it go to the quarantine [parks]
    compatible: field trees.tree: takes 30 letters, not only 20 []
    compatible: field trees.species: takes any text now []
    compatible: field trees.height_m: has more digits after the point []
    ");
}

#[test]
fn what_grows_more_sensitive_is_lost_to_those_who_may_not_see_it() {
    insta::assert_snapshot!(changed(TREES_PATH, TREES, &[("sensitivity: personal", "sensitivity: sensitive")]), @"compatible: field trees.owner: is more sensitive; who reads it now may still []");
    insta::assert_snapshot!(changed(SQUIRRELS_PATH, SQUIRRELS, &[("sensitivity: public", "sensitivity: personal")]), @"breaking: field squirrels.squirrel: is more sensitive, so it is kept from those who could read it [every department; the public]");
    let asked = AGREEMENT.replace("[look-up]", "[look-up, query]");
    let sensitive = TREES.replace("sensitivity: personal", "sensitivity: sensitive");
    let old = town(&[(AGREEMENT_PATH, &asked)]);
    let files = [
        ("city.yaml", CITY),
        (TREES_PATH, &sensitive),
        ("departments/parks/department.yaml", PARKS),
    ];
    let (new, _) = Definitions::from_files("t", files).check();
    let lost = compare(&old, &new);
    let lost: Vec<Change> = lost
        .into_iter()
        .filter(|change| change.what.contains("owner"))
        .collect();
    insta::assert_snapshot!(show(&lost), @"breaking: field trees.owner: is more sensitive, so it is kept from those who could read it [forests (agreement trees-forests)]");
}

#[test]
fn key_sharing_freshness_and_rules_of_a_dataset() {
    insta::assert_snapshot!(changed(TREES_PATH, TREES, &[
        ("key: [tree]", "key: [tree, planted_on]"),
        ("updates: daily", "updates: weekly\nretention_years: 10"),
        ("height_m in [0..120]", "height_m in [1..100]"),
    ]), @r"
    breaking: dataset trees: its key changes from tree to tree, planted_on: look-ups by the old key fail [forests (agreement trees-forests); forests (squirrels.lives_in refers to it)]
    breaking: dataset trees: is brought up to date less often [forests (agreement trees-forests); forests (squirrels.lives_in refers to it)]
    breaking: dataset trees: superseded versions are kept for a shorter time [forests (agreement trees-forests); forests (squirrels.lives_in refers to it)]
    breaking: dataset trees: quality rule `height` changes: records that break it go to the quarantine [parks]
    ");
    insta::assert_snapshot!(changed(SQUIRRELS_PATH, SQUIRRELS, &[
        ("share: unconditional\nopenness: open", "share: conditional\nshare_note: {zh: 依申请, en: On request}"),
        ("updates: daily", "updates: hourly"),
    ]), @r"
    breaking: dataset squirrels: is shared only by agreement [every department; the public]
    breaking: dataset squirrels: is less open to the public [the public]
    compatible: dataset squirrels: is brought up to date more often []
    ");
}

#[test]
fn an_agreement_narrows_and_widens() {
    insta::assert_snapshot!(changed(AGREEMENT_PATH, AGREEMENT, &[
        ("[tree, species, owner]", "[tree, height_m]"),
        ("[matter/felling]", "[matter/pruning]"),
        ("until: 2027-12-31", "until: 2026-12-31"),
        ("per_second: 50", "per_second: 20"),
        ("uses: [look-up]", "uses: [look-up, batch]\nrows: height_m > 10"),
    ]), @r"
    breaking: agreement trees-forests: its fields no longer have `species`, `owner` [forests (agreement trees-forests)]
    breaking: agreement trees-forests: its purposes no longer have `matter/felling` [forests (agreement trees-forests)]
    breaking: agreement trees-forests: covers only records where height_m > 10 [forests (agreement trees-forests)]
    breaking: agreement trees-forests: ends on 2026-12-31, earlier than 2027-12-31 [forests (agreement trees-forests)]
    breaking: agreement trees-forests: allows 20 calls a second, not 50 [forests (agreement trees-forests)]
    compatible: agreement trees-forests: its fields have `height_m` too []
    compatible: agreement trees-forests: its purposes have `matter/pruning` too []
    compatible: agreement trees-forests: its uses have `batch` too []
    compatible: agreement trees-forests: is another text now: it has to be proposed and approved anew []
    ");
}

#[test]
fn a_client_changes_its_key_and_loses_a_role() {
    insta::assert_snapshot!(changed(CLIENT_PATH, CLIENT, &[
        ("[read, write]", "[read, query]"),
        ("URo", "URs"),
    ]), @r"
    breaking: client parks-office: has another key: what is signed with the old one is refused [parks]
    breaking: client parks-office: may no longer write [parks]
    compatible: client parks-office: may query too []
    ");
}

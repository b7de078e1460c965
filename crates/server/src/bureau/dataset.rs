//! `/bureau/datasets/{id}`: what a dataset's records are made of, how good and fresh they are,
//! where they come from, and who uses them for what.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use city::kinds::FieldReference;
use pool::Table;
use pool::exchange::{Standing, TRANSFERS_MAX};
use pool::ingest;
use pool::quality::{self, Quality};

use super::catalogue::encoded;
use super::chart::{Chart, Series};
use super::desk::Desk;
use super::facts::{Freshness, freshness};
use super::frame::{Area, Frame, grouped, ok};
use super::lineage::{Lineage, lineage};
use super::miss::Miss;
use super::visitor::Visitor;
use super::{sample, words};

/// Measures of quality that are drawn.
const MEASURES: usize = 60;

struct FieldRow {
    name: String,
    title: String,
    kind: &'static str,
    form: String,
    required: bool,
    key: bool,
    sensitivity: &'static str,
    sensitivity_id: &'static str,
    reference: Option<(String, String)>,
}

pub(super) struct User {
    agreement: String,
    title: String,
    pub(super) consumer: String,
    purposes: String,
    law: Vec<String>,
    uses: String,
    standing: &'static str,
    standing_id: &'static str,
}

/// A measure of quality, and what it is a share of.
struct Measure {
    name: &'static str,
    value: String,
    meaning: &'static str,
}

#[derive(Template)]
#[template(path = "bureau/dataset.html")]
struct Page {
    frame: Frame,
    id: String,
    title: String,
    description: String,
    department: String,
    department_id: String,
    facts: Vec<(&'static str, String)>,
    /// As the exchange calls it.
    name: String,
    sql_name: String,
    /// A question over it, as an address has it.
    sql_question: String,
    fields: Vec<FieldRow>,
    rules: Vec<(String, String, bool)>,
    samples: Vec<Vec<String>>,
    measures: Vec<Measure>,
    chart: Option<Chart>,
    freshness: Freshness,
    lineage: Lineage,
    users: Vec<User>,
}

pub(super) async fn dataset(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Miss> {
    let frame = Frame::new(&desk, &visitor, Area::Catalogue);
    let page = desk.blocking(move |desk| page(desk, frame, &id)).await?;
    ok(&visitor, &page)
}

fn page(desk: &Desk, frame: Frame, id: &str) -> Result<Page, Miss> {
    let compiled = desk.compiled();
    let table = compiled
        .tables
        .get(id)
        .ok_or_else(|| Miss::Nothing(format!("there is no dataset {id:?}")))?;
    let pool = desk.exchange().pool();
    let definition = &table.definition;
    let history = quality::history(pool.meta(), &table.dataset, MEASURES)?;
    let jobs = ingest::recent(pool.meta(), Some(&table.dataset), MEASURES)?;
    let rule = |rule: &city::kinds::QualityRule| {
        let error = rule.severity == city::kinds::RuleSeverity::Error;
        (frame.text(&rule.title), rule.rule.clone(), error)
    };
    let sql_name = format!("{}.{}", table.department, table.dataset).replace('-', "_");
    let users = users(desk, &frame, table)?;
    let mut facts = facts(&frame, table, pool.count(table)?);
    facts.push((
        frame.t("近期读取", "Read lately"),
        read_lately(desk, &frame, table)?,
    ));
    Ok(Page {
        id: table.dataset.clone(),
        title: frame.text(&definition.title),
        description: frame.text(&definition.description),
        department: frame.department(&table.department),
        department_id: table.department.clone(),
        facts,
        name: table.name(),
        sql_question: encoded(&format!("SELECT *\nFROM {sql_name}\nLIMIT 20")),
        sql_name,
        fields: definition
            .fields
            .iter()
            .enumerate()
            .map(|(at, _)| field(&frame, table, at))
            .collect(),
        rules: definition.quality.iter().map(rule).collect(),
        samples: sample::rows(frame.language, definition),
        measures: history
            .first()
            .map(|newest| measures(&frame, newest))
            .unwrap_or_default(),
        chart: chart(&frame, &history),
        freshness: freshness(&frame, table, history.first(), desk.exchange().now()),
        lineage: lineage(&frame, &compiled.tables, table, &history, &jobs, &users),
        users,
        frame,
    })
}

fn facts(frame: &Frame, table: &Table, records: u64) -> Vec<(&'static str, String)> {
    let (definition, language) = (&table.definition, frame.language);
    let mut facts = vec![
        (frame.t("记录数", "Records"), grouped(records)),
        (
            frame.t("主体", "About"),
            words::subject(language, definition.subject).to_owned(),
        ),
        (frame.t("主键", "Key"), definition.key.join(", ")),
        (
            frame.t("共享类型", "Sharing"),
            words::share(language, definition.share).to_owned(),
        ),
        (
            frame.t("开放", "Openness"),
            words::openness(language, definition.openness).to_owned(),
        ),
        (
            frame.t("更新周期", "Updates"),
            words::cycle(language, definition.updates).to_owned(),
        ),
        (
            frame.t("历史保留", "History kept"),
            definition.retention_years.map_or_else(
                || frame.t("永久", "for ever").to_owned(),
                |years| format!("{years} {}", frame.t("年", "years")),
            ),
        ),
        (
            frame.t("定义版本", "Version of the definition"),
            table.version.to_string().chars().take(19).collect(),
        ),
    ];
    if let Some(note) = &definition.share_note {
        facts.push((frame.t("共享条件", "On condition"), frame.text(note)));
    }
    facts
}

fn field(frame: &Frame, table: &Table, at: usize) -> FieldRow {
    let field = &table.definition.fields[at];
    let format = field
        .format
        .map(|format| words::format(frame.language, format).to_owned());
    let list = (!field.one_of.is_empty()).then(|| field.one_of.join(" · "));
    let reference = |reference: &FieldReference| {
        let dataset = reference.dataset.id().to_owned();
        (
            dataset.clone(),
            format!("{}.{}", frame.dataset(&dataset), reference.field),
        )
    };
    FieldRow {
        name: field.name.clone(),
        title: frame.text(&field.title),
        kind: field.kind.name(),
        form: format.or(list).unwrap_or_default(),
        required: table.definition.always_has(&field.name),
        key: table.key.contains(&at),
        sensitivity: words::sensitivity(frame.language, field.sensitivity),
        sensitivity_id: words::sensitivity_id(field.sensitivity),
        reference: field.references.as_ref().map(reference),
    }
}

fn shares(quality: &Quality) -> [Option<f64>; 4] {
    [
        quality.completeness,
        quality.validity,
        quality.uniqueness,
        quality.integrity,
    ]
}

fn names(frame: &Frame) -> [&'static str; 4] {
    [
        frame.t("完整性", "Completeness"),
        frame.t("有效性", "Validity"),
        frame.t("唯一性", "Uniqueness"),
        frame.t("引用完整性", "Integrity"),
    ]
}

/// What each measure is a share of, in the order of [`names`].
fn meanings(frame: &Frame) -> [&'static str; 4] {
    [
        frame.t("有值的字段值", "of the values are there"),
        frame.t("不违反质量规则的记录", "of the records break no rule"),
        frame.t("主键不重复的记录", "of the records have a key of their own"),
        frame.t(
            "指向现有记录的引用（抽样）",
            "of the references lead to a record (a sample)",
        ),
    ]
}

fn measures(frame: &Frame, newest: &Quality) -> Vec<Measure> {
    let percent = |share: Option<f64>| {
        share.map_or_else(|| "–".to_owned(), |share| format!("{:.2} %", share * 100.0))
    };
    let each = names(frame).into_iter().zip(meanings(frame));
    each.zip(shares(newest))
        .map(|((name, meaning), share)| Measure {
            name,
            value: percent(share),
            meaning: if share.is_some() {
                meaning
            } else {
                frame.t("没有可测的内容", "nothing to measure")
            },
        })
        .collect()
}

fn chart(frame: &Frame, history: &[Quality]) -> Option<Chart> {
    // One measure is no development.
    if history.len() < 2 {
        return None;
    }
    let labels: Vec<String> = history
        .iter()
        .rev()
        .map(|quality| words::moment(quality.at).chars().skip(5).take(11).collect())
        .collect();
    let series = names(frame)
        .into_iter()
        .enumerate()
        .map(|(at, name)| Series {
            name: name.to_owned(),
            values: history
                .iter()
                .rev()
                .map(|quality| shares(quality)[at].map(|share| share * 100.0))
                .collect(),
        });
    let series: Vec<Series> = series.collect();
    let title = frame
        .t("每次装载的质量（%）", "Quality with each load, per cent")
        .to_owned();
    Some(Chart::lines(title, &labels, &series, Some((90.0, 100.0))))
}

/// How often it stands among the latest transfers, and when last.
fn read_lately(desk: &Desk, frame: &Frame, table: &Table) -> Result<String, Miss> {
    let seen = desk.exchange().recent(None, TRANSFERS_MAX)?;
    let of_it: Vec<_> = seen
        .iter()
        .filter(|one| one.denied.is_none())
        .filter(|one| one.dataset.rsplit('/').next() == Some(table.dataset.as_str()))
        .collect();
    let times = of_it.len();
    Ok(match of_it.first() {
        None => frame
            .t("最近的流转中没有", "not among the latest transfers")
            .to_owned(),
        Some(last) => format!(
            "{times} {} {} (UTC)",
            frame.t(
                "次（最近千条流转中），最后一次：",
                "of the latest 1,000 transfers, last at",
            ),
            words::clock(&last.at)
        ),
    })
}

fn users(desk: &Desk, frame: &Frame, table: &Table) -> Result<Vec<User>, Miss> {
    let listed = desk.exchange().agreements()?;
    let of_it = listed.into_iter().filter(|one| {
        one.definition.dataset.id() == table.dataset && one.standing != Standing::Revoked
    });
    let user = |one: pool::exchange::Listed| User {
        title: frame.text(&one.definition.title),
        consumer: frame.department(&one.consumer),
        purposes: one.definition.purposes.join(", "),
        law: one
            .definition
            .legal_basis
            .iter()
            .map(|law| frame.text(law))
            .collect(),
        uses: one
            .definition
            .uses
            .iter()
            .map(|usage| words::usage(frame.language, *usage))
            .collect::<Vec<_>>()
            .join(", "),
        standing: words::standing(frame.language, one.standing),
        standing_id: words::standing_id(one.standing),
        agreement: one.id,
    };
    Ok(of_it.map(user).collect())
}

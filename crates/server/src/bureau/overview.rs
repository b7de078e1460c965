//! `/bureau`: how much there is, who shares it, what happens, and what is late.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use city::kinds::Department;
use pool::exchange::{SeenTransfer, Standing as InForce};
use pool::{quality, quarantine};

use super::desk::Desk;
use super::facts::{Freshness, Row, freshness, row};
use super::frame::{Area, Frame, grouped, ok};
use super::miss::Miss;
use super::visitor::Visitor;
use super::words;

/// Transfers that are counted.
const RECENT: usize = 1_000;
/// Transfers that are shown.
const SHOWN: usize = 8;
/// Datasets that are shown as the least fresh.
const WORST: usize = 10;

/// A figure with a link.
struct Figure {
    name: &'static str,
    value: String,
    address: &'static str,
    bad: bool,
}

struct Standing {
    id: &'static str,
    name: &'static str,
    count: usize,
}

struct Worst {
    dataset: String,
    title: String,
    department: String,
    freshness: Freshness,
}

#[derive(Template)]
#[template(path = "bureau/overview.html")]
struct Page {
    frame: Frame,
    /// Whether the made-up city is being filled just now.
    filling: bool,
    /// Datasets that were ever loaded, and all.
    loaded: usize,
    datasets: usize,
    figures: Vec<Figure>,
    standings: Vec<Standing>,
    worst: Vec<Worst>,
    rows: Vec<Row>,
    ledger: Vec<(&'static str, String)>,
}

pub(super) async fn overview(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
) -> Result<Response, Miss> {
    let frame = Frame::new(&desk, &visitor, Area::Overview);
    let page = desk.blocking(move |desk| page(desk, frame)).await?;
    ok(&visitor, &page)
}

fn page(desk: &Desk, frame: Frame) -> Result<Page, Miss> {
    let exchange = desk.exchange();
    let seen = exchange.recent(None, RECENT)?;
    let agreements = exchange.agreements()?;
    let count = |standing| {
        agreements
            .iter()
            .filter(|one| one.standing == standing)
            .count()
    };
    let standings = words::STANDINGS.map(|standing| Standing {
        id: words::standing_id(standing),
        name: words::standing(frame.language, standing),
        count: count(standing),
    });
    let newest = quality::latest(exchange.pool().meta())?;
    let datasets = desk.compiled().tables.len();
    Ok(Page {
        filling: desk.data.filling.load(std::sync::atomic::Ordering::Relaxed),
        loaded: newest.len().min(datasets),
        datasets,
        figures: figures(desk, &frame, &seen, count(InForce::Active))?,
        standings: standings.into(),
        worst: worst(desk, &frame, &newest),
        rows: seen
            .iter()
            .take(SHOWN)
            .map(|seen| row(&frame, seen))
            .collect(),
        ledger: super::ledger::state(&frame, &exchange.ledger().status()),
        frame,
    })
}

fn figures(
    desk: &Desk,
    frame: &Frame,
    seen: &[SeenTransfer],
    active: usize,
) -> Result<Vec<Figure>, Miss> {
    let exchange = desk.exchange();
    let compiled = desk.compiled();
    let mut records = 0;
    for table in compiled.tables.iter() {
        records += exchange.pool().count(table)?;
    }
    let counts = quarantine::counts(exchange.pool().meta())?;
    let waiting = counts
        .iter()
        .filter(|count| count.state == quarantine::State::Waiting.word());
    let waiting: u64 = waiting.map(|count| count.records).sum();
    let denied = seen.iter().filter(|seen| seen.denied.is_some()).count();
    let departments = compiled.city.all::<Department>().count();
    let (datasets, entries) = (compiled.tables.len() as u64, exchange.ledger().size());
    let figure = |zh, en, value: u64, address| Figure {
        name: frame.t(zh, en),
        value: grouped(value),
        address,
        bad: false,
    };
    let bad = |figure: Figure| Figure {
        bad: figure.value != "0",
        ..figure
    };
    Ok(vec![
        figure(
            "部门",
            "Departments",
            departments as u64,
            "/bureau/agreements/matrix",
        ),
        figure("数据集", "Datasets", datasets, "/bureau/catalogue"),
        figure("记录", "Records", records, "/bureau/catalogue"),
        figure(
            "生效协议",
            "Agreements in force",
            active as u64,
            "/bureau/agreements?state=active",
        ),
        figure(
            "近期流转（最近千条中）",
            "Recent transfers, of the last 1,000",
            (seen.len() - denied) as u64,
            "/bureau/transfers",
        ),
        bad(figure(
            "近期拒绝（最近千条中）",
            "Recent denials, of the last 1,000",
            denied as u64,
            "/bureau/transfers?denied=1",
        )),
        bad(figure(
            "隔离区待处理记录",
            "Records in quarantine",
            waiting,
            "/bureau/quarantine",
        )),
        figure("账本条目", "Ledger entries", entries, "/bureau/ledger"),
    ])
}

/// The datasets that are the most overdue.
fn worst(desk: &Desk, frame: &Frame, newest: &[quality::Quality]) -> Vec<Worst> {
    let newest: BTreeMap<&str, &quality::Quality> = newest
        .iter()
        .map(|quality| (quality.dataset.as_str(), quality))
        .collect();
    let now = desk.exchange().now();
    let compiled = desk.compiled();
    let each = compiled.tables.iter().map(|table| Worst {
        title: frame.text(&table.definition.title),
        department: frame.department(&table.department),
        freshness: freshness(
            frame,
            table,
            newest.get(table.dataset.as_str()).copied(),
            now,
        ),
        dataset: table.dataset.clone(),
    });
    let mut worst: Vec<Worst> = each.collect();
    worst.sort_by(|a, b| b.freshness.overdue.total_cmp(&a.freshness.overdue));
    worst.truncate(WORST);
    worst
}

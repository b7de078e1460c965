//! Facts about datasets and transfers that several pages show.

use city::kinds::Use;
use pool::exchange::{SeenTransfer, use_word};
use pool::quality::{Quality, age_seconds_max};
use pool::{Moment, Table};

use super::frame::{Frame, grouped};
use super::words;

/// How fresh a dataset is.
#[derive(Clone, Debug)]
pub(super) struct Freshness {
    /// `good`, `late` or `none`.
    pub(super) state: &'static str,
    pub(super) words: String,
    /// Age against what is promised; the more, the worse.
    pub(super) overdue: f64,
}

/// A day, in seconds.
const DAY_S: i64 = 86_400;

/// From the newest measure of its quality, which is made with every load.
pub(super) fn freshness(
    frame: &Frame,
    table: &Table,
    newest: Option<&Quality>,
    now: Moment,
) -> Freshness {
    let Some(newest) = newest else {
        let words = frame.t("从未装载", "never loaded").to_owned();
        return Freshness {
            state: "none",
            words,
            overdue: f64::INFINITY,
        };
    };
    let age = (now.seconds() - newest.at.seconds()).max(0);
    let allowed = age_seconds_max(table.definition.updates).max(1);
    let cycle = words::cycle(frame.language, table.definition.updates);
    let ago = match age {
        0..60 => frame.t("不到一分钟前", "less than a minute ago").to_owned(),
        60..3_600 => format!("{} {}", age / 60, frame.t("分钟前", "min ago")),
        3_600..DAY_S => format!("{} {}", age / 3_600, frame.t("小时前", "h ago")),
        _ => format!("{} {}", age / DAY_S, frame.t("天前", "days ago")),
    };
    let late = age > allowed;
    // Said in words too, since colour alone is not for everybody.
    let words = if late {
        format!("{ago} · {}{cycle}", frame.t("逾期，应", "late, promised "))
    } else {
        format!("{ago} · {}{cycle}", frame.t("应", "promised "))
    };
    #[expect(clippy::cast_precision_loss, reason = "a ratio for sorting")]
    let overdue = age as f64 / allowed as f64;
    Freshness {
        state: if late { "late" } else { "good" },
        words,
        overdue,
    }
}

/// A transfer, as tables show it.
#[derive(Clone, Debug, serde::Serialize)]
pub(super) struct Row {
    pub(super) entry: u64,
    pub(super) at: String,
    pub(super) consumer: String,
    pub(super) provider: String,
    pub(super) dataset: String,
    pub(super) dataset_id: String,
    pub(super) way: String,
    pub(super) fields: String,
    pub(super) purpose: String,
    pub(super) reference: String,
    pub(super) agreement: String,
    pub(super) agreement_id: String,
    /// How many; a dash where that is not known.
    pub(super) records: String,
    pub(super) denied: String,
    pub(super) times: u64,
}

/// For a page. Case numbers are shown in a demonstration alone.
pub(super) fn row(frame: &Frame, seen: &SeenTransfer) -> Row {
    let own = |agreement: &str| matches!(agreement, "own" | "unconditional" | "");
    let agreement = seen.agreement.as_deref().unwrap_or_default();
    Row {
        entry: seen.entry,
        at: words::clock(&seen.at),
        consumer: frame.department(&seen.consumer),
        provider: frame.department(&seen.provider),
        dataset: frame.dataset(&seen.dataset),
        dataset_id: seen.dataset.clone(),
        way: words::way(frame.language, &seen.way),
        fields: seen.fields.join(", "),
        purpose: seen.purpose.clone(),
        reference: seen
            .reference
            .clone()
            .filter(|_| frame.demonstration)
            .unwrap_or_default(),
        agreement: if agreement.is_empty() {
            String::new()
        } else {
            frame.agreement(agreement)
        },
        agreement_id: if own(agreement) {
            String::new()
        } else {
            agreement.to_owned()
        },
        records: if seen.way == use_word(Use::Query) && seen.records == 0 {
            "–".to_owned()
        } else {
            grouped(seen.records)
        },
        denied: seen
            .denied
            .as_ref()
            .map(|code| words::denial(frame.language, code))
            .unwrap_or_default(),
        times: seen.times,
    }
}

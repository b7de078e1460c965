//! Changes of an agreement: what its consumer may no longer do.

use super::{About, Affected, Change, lacking};
use crate::city::Definition;
use crate::kinds::{Agreement, Use};

/// The changes of one agreement.
pub(super) fn compare(
    old: Option<&Definition<Agreement>>,
    new: Option<&Definition<Agreement>>,
    changes: &mut Vec<Change>,
) {
    let Some(any) = new.or(old) else { return };
    let affects = old.map_or_else(Vec::new, |old| {
        vec![Affected::Consumer {
            department: old.consumer.id().to_owned(),
            agreement: old.id.clone(),
        }]
    });
    let mut about = About {
        what: format!("agreement {}", any.id),
        path: any.path.clone(),
        affects,
        changes,
    };
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (Some(_), None) => return about.breaks("is removed"),
        _ => return about.allows("is new"),
    };
    parties(&mut about, old, new);
    extent(&mut about, old, new);
    about.bound(
        &std::cmp::Reverse(old.from),
        &std::cmp::Reverse(new.from),
        format!("begins on {}, later than {}", new.from, old.from),
        format!("begins on {}", new.from),
    );
    about.bound(
        &old.until,
        &new.until,
        format!("ends on {}, earlier than {}", new.until, old.until),
        format!("lasts until {}", new.until),
    );
    about.bound(
        &old.rate.per_second,
        &new.rate.per_second,
        format!(
            "allows {} calls a second, not {}",
            new.rate.per_second, old.rate.per_second
        ),
        format!("allows {} calls a second", new.rate.per_second),
    );
    about.bound(
        &old.rate.per_day,
        &new.rate.per_day,
        format!(
            "allows {} records a day, not {}",
            new.rate.per_day, old.rate.per_day
        ),
        format!("allows {} records a day", new.rate.per_day),
    );
    if old.hash != new.hash {
        about.allows("is another text now: it has to be proposed and approved anew");
    }
}

fn parties(about: &mut About<'_>, old: &Agreement, new: &Agreement) {
    if old.consumer != new.consumer {
        about.breaks(format!("is with {} now", new.consumer.id()));
    }
    if old.dataset != new.dataset {
        about.breaks(format!("is about {} now", new.dataset.id()));
    }
}

fn extent(about: &mut About<'_>, old: &Agreement, new: &Agreement) {
    let ways = |agreement: &Agreement| -> Vec<String> {
        agreement
            .uses
            .iter()
            .map(|way| name(*way).to_owned())
            .collect()
    };
    let lists = [
        ("fields", old.fields.clone(), new.fields.clone()),
        ("purposes", old.purposes.clone(), new.purposes.clone()),
        ("uses", ways(old), ways(new)),
    ];
    for (list, before, after) in lists {
        if let Some(gone) = lacking(&before, &after) {
            about.breaks(format!("its {list} no longer have {gone}"));
        }
        if let Some(added) = lacking(&after, &before) {
            about.allows(format!("its {list} have {added} too"));
        }
    }
    match (&old.rows, &new.rows) {
        (before, after) if before == after => {}
        (Some(_), None) => about.allows("covers all records now"),
        (_, Some(rows)) => about.breaks(format!("covers only records where {rows}")),
        (None, None) => {}
    }
}

fn name(way: Use) -> &'static str {
    match way {
        Use::LookUp => "look-up",
        Use::Batch => "batch",
        Use::Subscribe => "subscribe",
        Use::Query => "query",
        Use::Bulk => "bulk",
    }
}

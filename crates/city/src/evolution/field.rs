//! Changes of a dataset's fields.

use super::dataset::readers;
use super::{About, Affected, Change, lacking};
use crate::city::{City, Definition};
use crate::kinds::{Agreement, Dataset, Field, FieldType, Sensitivity, Share, Use};

/// The changes of all fields of a dataset.
pub(super) fn compare_all(
    city: &City,
    old: &Definition<Dataset>,
    new: &Definition<Dataset>,
    changes: &mut Vec<Change>,
) {
    let provider = Affected::Department {
        department: new.department.clone().unwrap_or_default(),
    };
    let mut renamed = Vec::new();
    for before in &old.fields {
        let mut about = about(city, (old, new), &before.name, changes);
        match new.field(&before.name) {
            Some(after) => {
                let needed = (old.always_has(&before.name), new.always_has(&before.name));
                one(&mut about, &provider, before, after);
                required(&mut about, &provider, needed);
                sensitivity(&mut about, city, new, before, after);
            }
            None => match new.fields.iter().find(|after| is_same(before, after, old)) {
                Some(after) => {
                    renamed.push(&after.name);
                    about.breaks(format!("is renamed to {}", after.name));
                }
                None => about.breaks("is removed"),
            },
        }
    }
    for after in &new.fields {
        if old.field(&after.name).is_some() || renamed.contains(&&after.name) {
            continue;
        }
        let mut about = about(city, (old, new), &after.name, changes);
        if new.always_has(&after.name) {
            let message = "is new and required: records without it go to the quarantine";
            about.breaks_for(vec![provider.clone()], message);
        } else {
            about.allows("is new");
        }
    }
}

fn about<'a>(
    city: &City,
    (old, new): (&Definition<Dataset>, &Definition<Dataset>),
    name: &str,
    changes: &'a mut Vec<Change>,
) -> About<'a> {
    About {
        what: format!("field {}.{name}", new.id),
        path: new.path.clone(),
        affects: readers(city, old, Some(name)),
        changes,
    }
}

/// Whether `after`, which the old dataset does not have, is `before` under another name.
fn is_same(before: &Field, after: &Field, old: &Dataset) -> bool {
    old.field(&after.name).is_none() && before.kind == after.kind && before.title == after.title
}

/// What can be told from the field alone.
fn one(about: &mut About<'_>, provider: &Affected, before: &Field, after: &Field) {
    let provider = || vec![provider.clone()];
    if before.kind != after.kind {
        let (from, to) = (before.kind.name(), after.kind.name());
        return about.breaks(format!("its type changes from {from} to {to}"));
    }
    if before.kind == FieldType::Decimal {
        about.bound(
            &before.scale,
            &after.scale,
            "has fewer digits after the point".to_owned(),
            "has more digits after the point".to_owned(),
        );
    }
    match (before.one_of.as_slice(), after.one_of.as_slice()) {
        ([], []) => {}
        ([], _) => about.breaks_for(provider(), "takes only the words of a list now"),
        (_, []) => about.allows("takes any text now"),
        (before, after) => {
            if let Some(gone) = lacking(before, after) {
                about.breaks(format!("can no longer be {gone}"));
            }
            if let Some(added) = lacking(after, before) {
                about.allows(format!("can be {added} too"));
            }
        }
    }
    let most = |field: &Field| field.max_length.unwrap_or(DEFAULT_LENGTH);
    if most(after) < most(before) {
        about.breaks_for(
            provider(),
            format!(
                "takes at most {} letters, not {}",
                most(after),
                most(before)
            ),
        );
    } else if most(after) > most(before) {
        about.allows(format!(
            "takes {} letters, not only {}",
            most(after),
            most(before)
        ));
    }
    match (before.format, after.format) {
        (before, after) if before == after => {}
        (_, Some(_)) => about.breaks_for(provider(), "must have another format"),
        (_, None) => about.allows("needs no format now"),
    }
    match (&before.references, &after.references) {
        (before, after) if before == after => {}
        (None, Some(to)) => about.allows(format!("refers to {}.{}", to.dataset.id(), to.field)),
        (Some(to), _) => about.breaks(format!(
            "no longer refers to {}.{}: links across departments by it fail",
            to.dataset.id(),
            to.field
        )),
        (None, None) => {}
    }
}

/// Most letters of a text whose definition does not say.
const DEFAULT_LENGTH: u32 = 500;

fn required(about: &mut About<'_>, provider: &Affected, (before, after): (bool, bool)) {
    match (before, after) {
        (false, true) => {
            let message = "is required now: records without it go to the quarantine";
            about.breaks_for(vec![provider.clone()], message);
        }
        (true, false) => about.breaks("may be missing now"),
        _ => {}
    }
}

/// A field that is kept closer is lost to those whose right to it ends thereby.
fn sensitivity(about: &mut About<'_>, city: &City, new: &Dataset, before: &Field, after: &Field) {
    if after.sensitivity < before.sensitivity {
        return about.allows("is less sensitive");
    }
    if after.sensitivity == before.sensitivity {
        return;
    }
    let mut losers = Vec::new();
    let closed =
        before.sensitivity < Sensitivity::Personal && after.sensitivity >= Sensitivity::Personal;
    if closed && new.share == Share::Unconditional {
        losers.push(Affected::EveryDepartment);
    }
    if before.sensitivity == Sensitivity::Public {
        losers.extend(
            about
                .affects
                .iter()
                .find(|who| **who == Affected::Public)
                .cloned(),
        );
    }
    if after.sensitivity == Sensitivity::Sensitive {
        let asking = city.all::<Agreement>().filter(|agreement| {
            agreement.dataset.id() == new.id.as_str()
                && agreement.allows(Use::Query)
                && agreement.fields.contains(&after.name)
        });
        losers.extend(asking.map(|agreement| Affected::Consumer {
            department: agreement.consumer.id().to_owned(),
            agreement: agreement.id.clone(),
        }));
    }
    if losers.is_empty() {
        about.allows("is more sensitive; who reads it now may still");
    } else {
        about.breaks_for(
            losers,
            "is more sensitive, so it is kept from those who could read it",
        );
    }
}

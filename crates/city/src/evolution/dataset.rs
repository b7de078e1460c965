//! Changes of a dataset as a whole: its key, its subject, whom it is shared with, its rules.

use super::{About, Affected, Change, field};
use crate::city::{City, Definition};
use crate::kinds::{Agreement, Dataset, Openness, QualityRule, RuleSeverity, Share};

/// The changes of one dataset.
pub(super) fn compare(
    city: &City,
    old: Option<&Definition<Dataset>>,
    new: Option<&Definition<Dataset>>,
    changes: &mut Vec<Change>,
) {
    let Some(any) = new.or(old) else { return };
    let mut about = About {
        what: format!("dataset {}", any.id),
        path: any.path.clone(),
        affects: old.map_or_else(Vec::new, |old| readers(city, old, None)),
        changes: &mut *changes,
    };
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (Some(_), None) => return about.breaks("is removed"),
        _ => return about.allows("is new"),
    };
    if old.department != new.department {
        let from = old.department.as_deref().unwrap_or_default();
        let to = new.department.as_deref().unwrap_or_default();
        about.breaks(format!(
            "moves from {from} to {to}: its address and its name in SQL change"
        ));
    }
    whole(&mut about, old, new);
    sharing(&mut about, old, new);
    let department = vec![Affected::Department {
        department: new.department.clone().unwrap_or_default(),
    }];
    rules(&mut about, &department, &old.quality, &new.quality);
    field::compare_all(city, old, new, changes);
}

/// Who reads `dataset`, or one field of it: by agreement, by reference, or because it is shared.
pub(super) fn readers(
    city: &City,
    dataset: &Definition<Dataset>,
    field: Option<&str>,
) -> Vec<Affected> {
    let mut readers = Vec::new();
    for agreement in city.all::<Agreement>() {
        let named = field.is_none_or(|field| agreement.fields.iter().any(|name| name == field));
        if agreement.dataset.id() == dataset.id && named {
            readers.push(Affected::Consumer {
                department: agreement.consumer.id().to_owned(),
                agreement: agreement.id.clone(),
            });
        }
    }
    for other in city.all::<Dataset>() {
        for refers in &other.fields {
            let wanted = refers.references.as_ref();
            let to = |wanted: &crate::kinds::FieldReference| {
                wanted.dataset.id() == dataset.id && field.is_none_or(|field| wanted.field == field)
            };
            if wanted.is_some_and(to) && other.id != dataset.id {
                readers.push(Affected::Reference {
                    department: other.department.clone().unwrap_or_default(),
                    dataset: other.id.clone(),
                    field: refers.name.clone(),
                });
            }
        }
    }
    if dataset.share == Share::Unconditional {
        readers.push(Affected::EveryDepartment);
    }
    if dataset.openness == Openness::Open {
        readers.push(Affected::Public);
    }
    readers
}

fn whole(about: &mut About<'_>, old: &Dataset, new: &Dataset) {
    if old.key != new.key {
        let (from, to) = (old.key.join(", "), new.key.join(", "));
        about.breaks(format!(
            "its key changes from {from} to {to}: look-ups by the old key fail"
        ));
    }
    if old.subject != new.subject || old.subject_field != new.subject_field {
        let (from, to) = (&old.subject_field, &new.subject_field);
        about.breaks(format!(
            "its subject changes from {from} to {to}: look-ups by subject fail"
        ));
    }
    about.bound(
        &std::cmp::Reverse(old.updates),
        &std::cmp::Reverse(new.updates),
        "is brought up to date less often".to_owned(),
        "is brought up to date more often".to_owned(),
    );
    let years = |dataset: &Dataset| dataset.retention_years.unwrap_or(u16::MAX);
    about.bound(
        &years(old),
        &years(new),
        "superseded versions are kept for a shorter time".to_owned(),
        "superseded versions are kept for longer".to_owned(),
    );
}

fn sharing(about: &mut About<'_>, old: &Dataset, new: &Dataset) {
    let freedom = |share: Share| match share {
        Share::Unconditional => 2,
        Share::Conditional => 1,
        Share::NotShared => 0,
    };
    let narrower = match new.share {
        Share::NotShared => "is no longer shared: its agreements end",
        _ => "is shared only by agreement",
    };
    about.bound(
        &freedom(old.share),
        &freedom(new.share),
        narrower.to_owned(),
        "is shared more freely".to_owned(),
    );
    let openness = |openness: Openness| match openness {
        Openness::Open => 2,
        Openness::OnRequest => 1,
        Openness::Closed => 0,
    };
    if openness(new.openness) < openness(old.openness) {
        about.breaks_for(vec![Affected::Public], "is less open to the public");
    } else if old.openness != new.openness {
        about.allows("is more open to the public");
    }
}

fn rules(about: &mut About<'_>, department: &[Affected], old: &[QualityRule], new: &[QualityRule]) {
    for rule in new {
        let before = old.iter().find(|before| before.id == rule.id);
        let strict = rule.severity == RuleSeverity::Error;
        let quarantine = "records that break it go to the quarantine";
        match before {
            None if strict => about.breaks_for(
                department.to_vec(),
                format!("quality rule `{}` is new: {quarantine}", rule.id),
            ),
            None => about.allows(format!("quality rule `{}` is new, as a warning", rule.id)),
            Some(before) if before.rule != rule.rule && strict => about.breaks_for(
                department.to_vec(),
                format!("quality rule `{}` changes: {quarantine}", rule.id),
            ),
            Some(before) if before.severity != rule.severity && strict => about.breaks_for(
                department.to_vec(),
                format!(
                    "quality rule `{}` is no mere warning now: {quarantine}",
                    rule.id
                ),
            ),
            Some(before) if before.rule != rule.rule || before.severity != rule.severity => {
                about.allows(format!("quality rule `{}` changes, as a warning", rule.id));
            }
            Some(_) => {}
        }
    }
    for rule in old
        .iter()
        .filter(|rule| !new.iter().any(|after| after.id == rule.id))
    {
        about.allows(format!("quality rule `{}` is removed", rule.id));
    }
}

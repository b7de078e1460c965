//! What makes a dataset right beyond its schema: fields, key, subject and references agree.

use super::{Dataset, Field, FieldFormat, FieldType, Openness, Sensitivity, Share, Subject};
use crate::city::City;
use crate::document::Document;
use crate::fault::{Code, Fault};
use crate::suggest::remedy;
use crate::tree::short;

/// The words that FEEL keeps for itself: no rule could name a field called so.
const FEEL_WORDS: &[&str] = &[
    "and",
    "between",
    "context",
    "else",
    "every",
    "external",
    "false",
    "for",
    "function",
    "if",
    "in",
    "instance",
    "list",
    "not",
    "null",
    "of",
    "or",
    "range",
    "return",
    "satisfies",
    "some",
    "then",
    "true",
];

/// Everything that is wrong with `dataset`.
pub(super) fn check(dataset: &Dataset, here: &Document, city: &City) -> Vec<Fault> {
    let names: Vec<&str> = dataset.fields.iter().map(|f| f.name.as_str()).collect();
    let mut faults = here.repeated("/fields", "name", &names);
    for (index, field) in dataset.fields.iter().enumerate() {
        faults.extend(field_rules(field, &format!("/fields/{index}"), here));
        faults.extend(reference(field, &format!("/fields/{index}"), here, city));
    }
    for (index, name) in dataset.key.iter().enumerate() {
        faults.extend(unknown_field(dataset, name, &format!("/key/{index}"), here));
    }
    faults.extend(subject(dataset, here));
    faults.extend(sharing(dataset, here));
    let rules: Vec<_> = dataset.quality.iter().map(|rule| &rule.id).collect();
    faults.extend(here.repeated("/quality", "id", &rules));
    faults
}

/// A fault if the dataset has no field of that name.
fn unknown_field(dataset: &Dataset, name: &str, place: &str, here: &Document) -> Option<Fault> {
    if dataset.field(name).is_some() {
        return None;
    }
    let message = format!("the dataset has no field `{}`", short(name));
    let fields = dataset.fields.iter().map(|field| field.name.as_str());
    let fault = here.fault(Code::UnknownReference, place, message);
    Some(fault.maybe_help(remedy(name, fields)))
}

/// A field's keys fit its type.
fn field_rules(field: &Field, place: &str, here: &Document) -> Vec<Fault> {
    let (name, kind) = (&field.name, field.kind.name());
    let mut faults = Vec::new();
    let mut fault = |key: &str, message: String, help: &str| {
        faults.push(
            here.fault(Code::Rule, &format!("{place}/{key}"), message)
                .help(help),
        );
    };
    if FEEL_WORDS.contains(&name.as_str()) {
        let message = format!("`{name}` is a word of FEEL, so no rule could name the field");
        fault("name", message, "choose another name");
    }
    match (field.kind, field.scale) {
        (FieldType::Decimal, None) => {
            let message = format!("`{name}` is a decimal without a `scale`");
            fault(
                "type",
                message,
                "say how many digits stand after the point, or make it an `integer`",
            );
        }
        (FieldType::Decimal, Some(_)) | (_, None) => {}
        (FieldType::Money, Some(_)) => {
            let message = format!("`{name}` has a `scale`, but money always has two digits");
            fault("scale", message, "leave it out");
        }
        (_, Some(_)) => {
            let message = format!("`{name}` has a `scale`, but is of type `{kind}`");
            fault("scale", message, "only a `decimal` has one");
        }
    }
    if field.kind != FieldType::Text {
        let given = [
            ("format", field.format.is_some()),
            ("one_of", !field.one_of.is_empty()),
            ("max_length", field.max_length.is_some()),
        ];
        for (key, _) in given.iter().filter(|(_, given)| *given) {
            let message = format!("`{name}` has `{key}`, but is of type `{kind}`");
            fault(key, message, "only a `text` has one");
        }
    }
    let longest = field.max_length.map_or(usize::MAX, |most| most as usize);
    for (index, word) in field.one_of.iter().enumerate() {
        let letters = word.chars().count();
        if letters > longest {
            let message = format!(
                "`{}` has {letters} letters, more than {longest}",
                short(word)
            );
            fault(
                &format!("one_of/{index}"),
                message,
                "raise `max_length`, or leave it out",
            );
        }
    }
    faults
}

/// A field that refers to another dataset names its key or subject, and holds the same type.
fn reference(field: &Field, place: &str, here: &Document, city: &City) -> Option<Fault> {
    let wanted = field.references.as_ref()?;
    let dataset = city.resolve(&wanted.dataset)?; // else a fault already, here or there
    let place = format!("{place}/references/field");
    let Some(target) = dataset.field(&wanted.field) else {
        let message = format!("`{}` has no field `{}`", dataset.id, short(&wanted.field));
        let fields = dataset.fields.iter().map(|field| field.name.as_str());
        let fault = here.fault(Code::UnknownReference, &place, message);
        return Some(fault.maybe_help(remedy(&wanted.field, fields)));
    };
    let is_key = dataset.key.len() == 1 && dataset.key.first() == Some(&wanted.field);
    if !is_key && dataset.subject_field != wanted.field {
        let message = format!(
            "`{}` is neither the whole key of `{}` nor its subject",
            wanted.field, dataset.id
        );
        let help = match dataset.key.as_slice() {
            [only] if *only != dataset.subject_field => {
                format!(
                    "its key is `{only}`, its subject `{}`",
                    dataset.subject_field
                )
            }
            _ => format!("its subject is `{}`", dataset.subject_field),
        };
        return Some(here.fault(Code::Rule, &place, message).help(help));
    }
    if target.kind != field.kind {
        let (own, other) = (field.kind.name(), target.kind.name());
        let message = format!(
            "`{}` is of type `{own}`, but `{}` is `{other}`",
            field.name, target.name
        );
        let fault = here.fault(Code::Rule, &place, message);
        return Some(fault.help("a reference holds the same type as what it refers to"));
    }
    None
}

/// The subject's field exists, and is a number of the right sort, kept from the wrong eyes.
fn subject(dataset: &Dataset, here: &Document) -> Vec<Fault> {
    let place = "/subject_field";
    let Some(field) = dataset.field(&dataset.subject_field) else {
        return unknown_field(dataset, &dataset.subject_field, place, here)
            .into_iter()
            .collect();
    };
    let name = &field.name;
    let rule =
        |message: String, help: &str| vec![here.fault(Code::Rule, place, message).help(help)];
    if field.kind != FieldType::Text {
        let message = format!(
            "`{name}` is the subject, but of type `{}`",
            field.kind.name()
        );
        return rule(
            message,
            "a subject is a text: a number with a check character, or a name",
        );
    }
    let (who, format, word) = match dataset.subject {
        Subject::Person => ("a person", FieldFormat::CitizenNumber, "citizen-number"),
        Subject::Enterprise => ("an enterprise", FieldFormat::CreditCode, "credit-code"),
        Subject::Place | Subject::Thing => return Vec::new(),
    };
    if field.format != Some(format) {
        let message = format!("the subject is {who}, but `{name}` is no {word}");
        return rule(message, &format!("give the field `format: {word}`"));
    }
    if dataset.subject == Subject::Person && field.sensitivity < Sensitivity::Personal {
        let message = format!("`{name}` tells who a person is, but is not marked as personal");
        return rule(message, "give the field `sensitivity: personal`");
    }
    Vec::new()
}

/// What is not shared freely says why or on which condition, and is not open to all.
fn sharing(dataset: &Dataset, here: &Document) -> Vec<Fault> {
    let mut faults = Vec::new();
    let (word, wanted) = match dataset.share {
        Share::Unconditional => return faults,
        Share::Conditional => ("conditional", "on which condition it is shared"),
        Share::NotShared => ("not-shared", "why it is not shared, and by which law"),
    };
    if dataset.share_note.is_none() {
        let message = format!("`share` is `{word}`, but there is no `share_note`");
        let help = format!("say in it {wanted}");
        faults.push(here.fault(Code::Rule, "/share", message).help(help));
    }
    if dataset.openness == Openness::Open {
        let message = format!("the dataset is open to the public, but `{word}` for departments");
        let fault = here.fault(Code::Rule, "/openness", message);
        faults.push(fault.help("what everybody may have is `share: unconditional`"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use crate::testing::{TREES, faults_of};

    fn faults(text: &str) -> String {
        faults_of(&[("departments/parks/datasets/trees.yaml", text)])
    }

    fn changed(from: &str, to: &str) -> String {
        let text = TREES.replace(from, to);
        assert_ne!(text, TREES, "nothing to change: {from}");
        faults(&text)
    }

    #[test]
    fn a_right_dataset_has_no_faults() {
        assert_eq!(faults(TREES), "");
    }

    #[test]
    fn words_numbers_and_names_are_checked_by_the_schema() {
        let text = TREES
            .replace("share: conditional", "share: conditionl")
            .replace("updates: daily", "updates: dayly\nretention_years: 0")
            .replace("scale: 1", "scale: 13")
            .replace("type: date", "type: day")
            .replace("name: height_m", "name: heightM")
            .replace("sensitivity: personal", "sensitivity: private")
            .replace("one_of: [ginkgo", "one_of: [ginkgo, ginkgo, \"\"")
            .replace("- id: height", "- severity: fatal\n    id: height");
        insta::assert_snapshot!(faults(&text), @r"
        t/departments/parks/datasets/trees.yaml:7:8 unknown-word: `share` cannot be `conditionl`
            did you mean `conditional`? (one of `unconditional`, `conditional`, `not-shared`)
        t/departments/parks/datasets/trees.yaml:9:10 unknown-word: `updates` cannot be `dayly`
            did you mean `daily`? (one of `real-time`, `hourly`, `daily`, `weekly`, `monthly`, `quarterly`, `yearly`)
        t/departments/parks/datasets/trees.yaml:10:18 bad-value: `retention_years` cannot be 0
            write a number from 1 to 200
        t/departments/parks/datasets/trees.yaml:14:80 duplicate: `ginkgo` is in the list already
            leave one out
        t/departments/parks/datasets/trees.yaml:14:88 bad-value: `fields[1].one_of[2]` is empty
            write a text
        t/departments/parks/datasets/trees.yaml:15:12 bad-value: `heightM` is not a field's name
            write `heightm`
        t/departments/parks/datasets/trees.yaml:15:71 bad-value: `fields[2].scale` cannot be 13
            write a number from 0 to 12
        t/departments/parks/datasets/trees.yaml:16:64 unknown-word: `fields[3].type` cannot be `day`
            one of `text`, `integer`, `decimal`, `money`, `boolean`, `date`, `datetime`
        t/departments/parks/datasets/trees.yaml:17:97 unknown-word: `fields[4].sensitivity` cannot be `private`
            one of `public`, `internal`, `personal`, `sensitive`
        t/departments/parks/datasets/trees.yaml:20:15 unknown-word: `quality[0].severity` cannot be `fatal`
            one of `error`, `warning`
        ");
    }

    #[test]
    fn a_folder_of_a_department_needs_one() {
        let files = [("departments/park/datasets/trees.yaml", TREES)];
        insta::assert_snapshot!(faults_of(&files), @"t/departments/park/datasets/trees.yaml:1:1 unknown-reference: department `park` has no department.yaml");
    }

    #[test]
    fn fields_and_rules_have_names_of_their_own() {
        let text = TREES
            .replace("name: species", "name: tree")
            .replace("name: owner_illness", "name: between");
        let rule = "  - {id: height, title: {zh: 高, en: Height}, rule: height_m > 0}\n";
        insta::assert_snapshot!(faults(&(text + rule)), @r"
        t/departments/parks/datasets/trees.yaml:13:12 duplicate: `tree` is in the list already
            remove one, or change it
        t/departments/parks/datasets/trees.yaml:17:12 rule: `between` is a word of FEEL, so no rule could name the field
            choose another name
        t/departments/parks/datasets/trees.yaml:22:10 duplicate: `height` is in the list already
            remove one, or change it
        ");
    }

    #[test]
    fn key_and_subject_are_fields() {
        insta::assert_snapshot!(changed("key: [tree]", "key: [treee, species, species]"), @r"
        t/departments/parks/datasets/trees.yaml:6:23 duplicate: `species` is in the list already
            leave one out
        ");
        insta::assert_snapshot!(changed("subject_field: tree", "subject_field: planted"), @r"
        t/departments/parks/datasets/trees.yaml:5:16 unknown-reference: the dataset has no field `planted`
            did you mean `planted_on`?
        ");
        insta::assert_snapshot!(changed("subject_field: tree", "subject_field: planted_on"), @r"
        t/departments/parks/datasets/trees.yaml:5:16 rule: `planted_on` is the subject, but of type `date`
            a subject is a text: a number with a check character, or a name
        ");
    }

    #[test]
    fn keys_of_a_field_fit_its_type() {
        insta::assert_snapshot!(changed("type: decimal, scale: 1", "type: decimal"), @r"
        t/departments/parks/datasets/trees.yaml:14:56 rule: `height_m` is a decimal without a `scale`
            say how many digits stand after the point, or make it an `integer`
        ");
        insta::assert_snapshot!(changed("type: decimal, scale: 1", "type: money, scale: 2"), @r"
        t/departments/parks/datasets/trees.yaml:14:70 rule: `height_m` has a `scale`, but money always has two digits
            leave it out
        ");
        insta::assert_snapshot!(changed("type: decimal, scale: 1", "type: integer, scale: 0, max_length: 3, one_of: [a], format: phone"), @r"
        t/departments/parks/datasets/trees.yaml:14:72 rule: `height_m` has a `scale`, but is of type `integer`
            only a `decimal` has one
        t/departments/parks/datasets/trees.yaml:14:87 rule: `height_m` has `max_length`, but is of type `integer`
            only a `text` has one
        t/departments/parks/datasets/trees.yaml:14:90 rule: `height_m` has `one_of`, but is of type `integer`
            only a `text` has one
        t/departments/parks/datasets/trees.yaml:14:111 rule: `height_m` has `format`, but is of type `integer`
            only a `text` has one
        ");
        insta::assert_snapshot!(changed("one_of: [ginkgo", "max_length: 6, one_of: [ginkgo"), @r"
        t/departments/parks/datasets/trees.yaml:13:95 rule: `camphor` has 7 letters, more than 6
            raise `max_length`, or leave it out
        ");
    }

    #[test]
    fn a_person_is_known_by_a_personal_citizen_number() {
        let person = |owner: &str| {
            let text = TREES
                .replace("subject: thing", "subject: person")
                .replace("subject_field: tree", "subject_field: owner")
                .replace("format: citizen-number, sensitivity: personal", owner);
            faults(&text)
        };
        assert_eq!(person("format: citizen-number, sensitivity: sensitive"), "");
        insta::assert_snapshot!(person("sensitivity: personal"), @r"
        t/departments/parks/datasets/trees.yaml:5:16 rule: the subject is a person, but `owner` is no citizen-number
            give the field `format: citizen-number`
        ");
        insta::assert_snapshot!(person("format: citizen-number"), @r"
        t/departments/parks/datasets/trees.yaml:5:16 rule: `owner` tells who a person is, but is not marked as personal
            give the field `sensitivity: personal`
        ");
        insta::assert_snapshot!(changed("subject: thing", "subject: enterprise"), @r"
        t/departments/parks/datasets/trees.yaml:5:16 rule: the subject is an enterprise, but `tree` is no credit-code
            give the field `format: credit-code`
        ");
    }

    #[test]
    fn what_is_not_free_says_why() {
        let note = "share_note: {zh: 依申请, en: On request}\n";
        insta::assert_snapshot!(changed(note, "openness: open\n"), @r"
        t/departments/parks/datasets/trees.yaml:7:8 rule: `share` is `conditional`, but there is no `share_note`
            say in it on which condition it is shared
        t/departments/parks/datasets/trees.yaml:8:11 rule: the dataset is open to the public, but `conditional` for departments
            what everybody may have is `share: unconditional`
        ");
        insta::assert_snapshot!(faults(&TREES.replace(note, "").replace("share: conditional", "share: not-shared")), @r"
        t/departments/parks/datasets/trees.yaml:7:8 rule: `share` is `not-shared`, but there is no `share_note`
            say in it why it is not shared, and by which law
        ");
        assert_eq!(
            faults(
                &TREES
                    .replace(note, "")
                    .replace("share: conditional", "share: unconditional")
            ),
            ""
        );
    }

    #[test]
    fn a_reference_holds_a_key_or_a_subject() {
        let refer = |dataset: &str, field: &str, kind: &str| {
            let field = format!(
                "fields:\n  - {{name: neighbour, title: {{zh: 邻树, en: Neighbour}}, type: {kind}, references: {{dataset: {dataset}, field: {field}}}}}\n"
            );
            faults(&TREES.replace("fields:\n", &field))
        };
        assert_eq!(refer("trees", "tree", "text"), "");
        insta::assert_snapshot!(refer("tree", "tree", "text"), @r"
        t/departments/parks/datasets/trees.yaml:12:89 unknown-reference: there is no dataset `tree`
            did you mean `trees`?
        ");
        insta::assert_snapshot!(refer("trees", "treee", "text"), @r"
        t/departments/parks/datasets/trees.yaml:12:103 unknown-reference: `trees` has no field `treee`
            did you mean `tree`?
        ");
        insta::assert_snapshot!(refer("trees", "species", "text"), @r"
        t/departments/parks/datasets/trees.yaml:12:103 rule: `species` is neither the whole key of `trees` nor its subject
            its subject is `tree`
        ");
        insta::assert_snapshot!(refer("trees", "tree", "integer"), @r"
        t/departments/parks/datasets/trees.yaml:12:106 rule: `neighbour` is of type `integer`, but `tree` is `text`
            a reference holds the same type as what it refers to
        ");
    }
}

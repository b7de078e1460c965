//! `departments/<provider>/agreements/<id>.yaml`: what a department lets another read, and why.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::city::City;
use crate::document::Document;
use crate::fault::{Code, Fault};
use crate::kind::Kind;
use crate::kinds::{Dataset, Department, Sensitivity, Share};
use crate::names::{Id, Reference, Text};
use crate::suggest::remedy;
use crate::tree::short;

/// An agreement: the department in whose folder it stands, the provider, lets another read named
/// fields of a dataset of its own for named purposes. Its signatures and state are data, not here.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Its name in references and in the ledger: that of its file.
    pub id: Id,
    /// What it is called.
    pub title: Text,
    /// The department that may read.
    pub consumer: Reference<Department>,
    /// What it may read: a dataset of the provider.
    pub dataset: Reference<Dataset>,
    /// Which of its fields, by name.
    #[schemars(length(min = 1, max = 200), extend("uniqueItems" = true))]
    pub fields: Vec<String>,
    /// Which of its records: FEEL over the dataset's fields; all if left out.
    pub rows: Option<String>,
    /// For what: `matter/<id>`, `policy/<id>`, `operation/<id>` or `analysis/<id>`.
    #[schemars(
        length(min = 1, max = 100),
        extend("uniqueItems" = true, "items" = {"type": "string", "format": "purpose"})
    )]
    pub purposes: Vec<String>,
    /// The law that allows it.
    #[schemars(length(min = 1, max = 20))]
    pub legal_basis: Vec<Text>,
    /// First day of the term.
    #[schemars(extend("format" = "date"))]
    pub from: Date,
    /// Last day of the term.
    #[schemars(extend("format" = "date"))]
    pub until: Date,
    /// The ways in which it may be used; look-ups alone if left out.
    #[serde(default = "look_up_alone")]
    #[schemars(length(min = 1, max = 5), extend("uniqueItems" = true))]
    pub uses: Vec<Use>,
    /// How much the consumer may read.
    pub rate: Rate,
}

/// A way in which an agreement may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// Records of one key or one subject, by call.
    LookUp,
    /// Many keys in one call.
    Batch,
    /// The stream of changes.
    Subscribe,
    /// Questions in SQL, with personal identifiers tokenised.
    Query,
    /// The whole dataset as files.
    Bulk,
}

/// How much a consumer may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Calls a second; short bursts of twice as many are let through.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub per_second: u32,
    /// Records a day.
    #[schemars(range(min = 1, max = 10_000_000_000_u64))]
    pub per_day: u64,
}

fn look_up_alone() -> Vec<Use> {
    vec![Use::LookUp]
}

impl Agreement {
    /// Whether it may be used in this way.
    pub fn allows(&self, way: Use) -> bool {
        self.uses.contains(&way)
    }

    /// The provider has the dataset, may share it, and does so with somebody else.
    fn parties(&self, here: &Document, city: &City) -> Vec<Fault> {
        let provider = here.department().unwrap_or_default();
        let mut faults = Vec::new();
        if self.consumer.id() == provider {
            let message = format!("`{provider}` would be provider and consumer at once");
            let fault = here.fault(Code::Rule, "/consumer", message);
            faults.push(fault.help("a department needs no agreement to read its own datasets"));
        }
        let Some(dataset) = city.resolve(&self.dataset) else {
            return faults; // a fault already, here or there
        };
        let owner = dataset.department.as_deref().unwrap_or_default();
        if owner != provider {
            let message = format!(
                "`{}` is a dataset of `{owner}`, not of `{provider}`",
                dataset.id
            );
            let help = format!(
                "an agreement stands in the folder of its provider: move it to departments/{owner}/agreements/"
            );
            faults.push(here.fault(Code::Rule, "/dataset", message).help(help));
        }
        if dataset.share == Share::NotShared {
            let message = format!("`{}` is not shared with any department", dataset.id);
            let help = format!(
                "remove the agreement, or change `share` in {}",
                dataset.path
            );
            faults.push(here.fault(Code::Rule, "/dataset", message).help(help));
        }
        faults
    }

    /// Its fields are the dataset's, and none is asked in SQL that must not be.
    fn fields_exist(&self, here: &Document, dataset: &Dataset) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (index, name) in self.fields.iter().enumerate() {
            let place = format!("/fields/{index}");
            let Some(field) = dataset.field(name) else {
                let message = format!("`{}` has no field `{}`", dataset.id, short(name));
                let fields = dataset.fields.iter().map(|field| field.name.as_str());
                let fault = here.fault(Code::UnknownReference, &place, message);
                faults.push(fault.maybe_help(remedy(name, fields)));
                continue;
            };
            if field.sensitivity == Sensitivity::Sensitive && self.allows(Use::Query) {
                let message = format!("`{name}` is sensitive, so it cannot be asked in SQL");
                let help = "leave it out, or leave `query` out of `uses`";
                faults.push(here.fault(Code::Rule, &place, message).help(help));
            }
        }
        faults
    }
}

impl Kind for Agreement {
    const NAME: &'static str = "agreement";
    const PATTERN: &'static str = "departments/{department}/agreements/{id}.yaml";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn check(&self, here: &Document, city: &City) -> Vec<Fault> {
        let mut faults = self.parties(here, city);
        if let Some(dataset) = city.resolve(&self.dataset) {
            faults.extend(self.fields_exist(here, dataset));
        }
        if self.until < self.from {
            let message = format!("the term ends on {}, before it begins", self.until);
            let help = format!("it begins on {}", self.from);
            faults.push(here.fault(Code::Rule, "/until", message).help(help));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{AGREEMENT, PARKS, TREES, faults_of};

    /// The faults of `agreement` in the folder of `parks`, about `dataset`, with a department
    /// `forests` besides.
    fn faults_about(agreement: &str, dataset: &str) -> String {
        let forests = PARKS
            .replace("parks", "forests")
            .replace("市园林局", "市林业局");
        faults_of(&[
            ("departments/forests/department.yaml", &forests),
            ("departments/parks/datasets/trees.yaml", dataset),
            ("departments/parks/agreements/trees-forests.yaml", agreement),
        ])
    }

    fn faults(agreement: &str) -> String {
        faults_about(agreement, TREES)
    }

    #[test]
    fn a_right_agreement_has_no_faults() {
        assert_eq!(faults(AGREEMENT), "");
    }

    #[test]
    fn what_it_names_exists() {
        let text = AGREEMENT
            .replace("fields: [tree", "fields: [treee")
            .replace("consumer: forests", "consumer: forest")
            .replace("matter/felling", "felling");
        insta::assert_snapshot!(faults(&text), @r"
        t/departments/parks/agreements/trees-forests.yaml:3:11 unknown-reference: there is no department `forest`
            did you mean `forests`?
        t/departments/parks/agreements/trees-forests.yaml:6:12 bad-value: `felling` is not a purpose
            write `matter/ID`, `policy/ID`, `operation/ID` or `analysis/ID`
        ");
        insta::assert_snapshot!(faults(&AGREEMENT.replace("dataset: trees", "dataset: shrubs")), @r"
        t/departments/parks/agreements/trees-forests.yaml:4:10 unknown-reference: there is no dataset `shrubs`
            the only one is `trees`
        ");
    }

    #[test]
    fn the_provider_shares_its_own_with_another() {
        insta::assert_snapshot!(faults(&AGREEMENT.replace("consumer: forests", "consumer: parks")), @r"
        t/departments/parks/agreements/trees-forests.yaml:3:11 rule: `parks` would be provider and consumer at once
            a department needs no agreement to read its own datasets
        ");
        let forests = PARKS
            .replace("parks", "forests")
            .replace("市园林局", "市林业局");
        let elsewhere = faults_of(&[
            ("departments/forests/department.yaml", &forests),
            ("departments/parks/datasets/trees.yaml", TREES),
            (
                "departments/forests/agreements/trees-forests.yaml",
                &AGREEMENT.replace("consumer: forests", "consumer: parks"),
            ),
        ]);
        insta::assert_snapshot!(elsewhere, @r"
        t/departments/forests/agreements/trees-forests.yaml:4:10 rule: `trees` is a dataset of `parks`, not of `forests`
            an agreement stands in the folder of its provider: move it to departments/parks/agreements/
        ");
        let kept = TREES.replace("share: conditional", "share: not-shared");
        insta::assert_snapshot!(faults_about(AGREEMENT, &kept), @r"
        t/departments/parks/agreements/trees-forests.yaml:4:10 rule: `trees` is not shared with any department
            remove the agreement, or change `share` in departments/parks/datasets/trees.yaml
        ");
    }

    #[test]
    fn a_sensitive_field_is_never_asked_in_sql() {
        let text = AGREEMENT.replace("uses: [look-up]", "uses: [look-up, query]");
        assert_eq!(faults(&text), "");
        let text = text.replace("owner]", "owner, owner_illness]");
        insta::assert_snapshot!(faults(&text), @r"
        t/departments/parks/agreements/trees-forests.yaml:5:32 rule: `owner_illness` is sensitive, so it cannot be asked in SQL
            leave it out, or leave `query` out of `uses`
        ");
    }

    #[test]
    fn a_term_ends_after_it_begins() {
        let text = AGREEMENT.replace("until: 2027-12-31", "until: 2025-12-31");
        insta::assert_snapshot!(faults(&text), @r"
        t/departments/parks/agreements/trees-forests.yaml:10:8 rule: the term ends on 2025-12-31, before it begins
            it begins on 2026-01-01
        ");
    }

    #[test]
    fn nothing_stands_twice_and_a_purpose_is_needed() {
        let text = AGREEMENT
            .replace("fields: [tree", "fields: [tree, tree")
            .replace("[look-up]", "[look-up, look-up]")
            .replace("[matter/felling]", "[]");
        insta::assert_snapshot!(faults(&text), @r"
        t/departments/parks/agreements/trees-forests.yaml:5:16 duplicate: `tree` is in the list already
            leave one out
        t/departments/parks/agreements/trees-forests.yaml:6:1 bad-value: `purposes` has too few entries: 0
            at least 1
        t/departments/parks/agreements/trees-forests.yaml:11:17 duplicate: `look-up` is in the list already
            leave one out
        ");
    }
}

//! `departments/<id>/department.yaml`: an organisation that holds or uses data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::city::City;
use crate::document::Document;
use crate::fault::{Code, Fault};
use crate::kind::Kind;
use crate::names::{Id, Reference, Text};

/// A department: an organisation of the city that holds or uses data.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// Its name in addresses and references: that of its folder.
    pub id: Id,
    /// What it is called in full.
    pub title: Text,
    /// What people call it, for tables and maps.
    pub short: Text,
    /// What sort of organisation it is.
    pub kind: Organisation,
    /// What it answers for, one line each.
    #[schemars(length(min = 1))]
    pub responsible_for: Vec<Text>,
    /// The department that supervises it; left out if the city's government itself does.
    pub supervised_by: Option<Reference<Department>>,
    /// How to reach the people who answer for its data.
    pub contact: Contact,
    /// The systems of record that it runs.
    #[serde(default)]
    pub systems: Vec<System>,
}

/// What sort of organisation a department is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Organisation {
    /// A bureau of the city's government (局).
    Bureau,
    /// A committee or commission of the city's government (委员会).
    Committee,
    /// An office of the city's government or of the party's committee (办公室).
    Office,
    /// A court of law.
    Court,
    /// A public prosecutor's office.
    Procuratorate,
    /// A fire, rescue or other emergency force under its own command.
    EmergencyService,
    /// A local body of an authority of the state that the city does not command, such as customs.
    StateAgency,
    /// A public institution with a task of its own (事业单位).
    PublicInstitution,
    /// A company that supplies electricity, water, gas, heat or telecommunication.
    Utility,
    /// A company of the city that carries passengers or runs other public services.
    PublicCompany,
    /// An association with public tasks, such as the Red Cross.
    Association,
}

/// How to reach the people who answer for a department's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// An address that more than one person reads.
    #[schemars(extend("format" = "email"))]
    pub email: String,
    /// A telephone number in office hours.
    #[schemars(extend("format" = "phone"))]
    pub phone: Option<String>,
    /// Where its office is.
    pub address: Option<Text>,
    /// `true` if the contact is invented, as in a demonstration city: nothing is ever sent to it.
    #[serde(default)]
    pub fictitious: bool,
}

/// A system of record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Its name within the department.
    pub id: Id,
    /// What it is called.
    pub title: Text,
    /// What is recorded in it.
    pub description: Text,
}

impl Contact {
    /// The e-mail domains that can never belong to anyone (RFC 2606 and 6761).
    const RESERVED: &'static [&'static str] = &[
        "example.org",
        "example.com",
        "example.net",
        "example",
        "invalid",
        "test",
    ];

    fn check(&self, here: &Document) -> Option<Fault> {
        let host = self
            .email
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let under = |domain: &&str| {
            host.strip_suffix(*domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let reserved = Self::RESERVED.iter().any(under);
        let fault = |message: &str| here.fault(Code::Rule, "/contact/email", message);
        match (self.fictitious, reserved) {
            (true, false) => Some(
                fault("a fictitious contact must not have an address that can be real")
                    .help("use a domain under `example.org`"),
            ),
            (false, true) => Some(
                fault("the address is in a domain that cannot receive mail")
                    .help("write the real address, or mark the contact `fictitious: true`"),
            ),
            _ => None,
        }
    }
}

impl Department {
    /// The departments above this one, up to itself or the first that stands there twice.
    fn supervisors<'a>(&'a self, city: &'a City) -> Vec<&'a str> {
        let mut above: Vec<&str> = Vec::new();
        let mut next = self.supervised_by.as_ref();
        while let Some(reference) = next {
            let seen = reference.id() == self.id() || above.contains(&reference.id());
            above.push(reference.id());
            if seen {
                break;
            }
            next = city
                .resolve(reference)
                .and_then(|above| above.supervised_by.as_ref());
        }
        above
    }

    /// A department of the same name: surely a copy that was not finished.
    fn namesake(&self, here: &Document, city: &City) -> Option<Fault> {
        let mut others = city.all::<Self>().filter(|other| other.path != here.path());
        let other = others.find(|other| other.title.zh == self.title.zh)?;
        let message = format!("`{}` is the title of `{}` too", self.title.zh, other.id);
        let fault = here.fault(Code::Duplicate, "/title/zh", message);
        Some(fault.help("each department has a title of its own"))
    }
}

impl Kind for Department {
    const NAME: &'static str = "department";
    const PATTERN: &'static str = "departments/{id}/department.yaml";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn check(&self, here: &Document, city: &City) -> Vec<Fault> {
        let ids: Vec<&Id> = self.systems.iter().map(|system| &system.id).collect();
        let mut faults = here.repeated("/systems", "id", &ids);
        faults.extend(self.contact.check(here));
        faults.extend(self.namesake(here, city));
        let above = self.supervisors(city);
        if above.contains(&self.id()) {
            let way = above.join("`, that by `");
            let message = format!("`{}` is supervised by `{way}`", self.id);
            let fault = here.fault(Code::Rule, "/supervised_by", message);
            faults.push(fault.help("leave `supervised_by` out of one of them"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{PARKS, faults_of, faults_of_parks};

    #[test]
    fn a_right_department_has_no_faults() {
        assert_eq!(faults_of_parks(PARKS), "");
    }

    #[test]
    fn every_fault_of_a_file_is_reported_at_once() {
        let text = "\
id: Parks
titel: {zh: 市园林局, en: Parks Bureau}
short: {zh: Parks}
kind: buro
responsible_for: parks
contact:
  mail: data@parks.example.org
  phone: 110
  fictitious: yes
systems:
  - id: trees
    title: {zh: 树木, en: 树木}
    description: [trees]
  -
";
        insta::assert_snapshot!(faults_of_parks(text), @r#"
        t/departments/parks/department.yaml:1:5 bad-value: `Parks` is not an id
            write `parks`
        t/departments/parks/department.yaml:2:1 unknown-key: the department has no key `titel`
            did you mean `title`?
        t/departments/parks/department.yaml:3:1 missing-translation: `short` has no English text (`en`)
            add `en`: In English.
        t/departments/parks/department.yaml:3:13 missing-translation: `Parks` is not Chinese
            write the Chinese text; the English one belongs under `en`
        t/departments/parks/department.yaml:4:7 unknown-word: `kind` cannot be `buro`
            did you mean `bureau`? (one of `bureau`, `committee`, `office`, `court`, `procuratorate`, `emergency-service`, `state-agency`, `public-institution`, `utility`, `public-company`, `association`)
        t/departments/parks/department.yaml:5:18 wrong-type: `responsible_for` is text, but must be a list
            write each entry on a line of its own, after `- `
        t/departments/parks/department.yaml:7:3 unknown-key: `contact` has no key `mail`
            did you mean `email`?
        t/departments/parks/department.yaml:8:10 wrong-type: `contact.phone` is the number 110, but must be text
            put it in quotes: `"110"`
        t/departments/parks/department.yaml:9:15 wrong-type: `contact.fictitious` is text, but must be `true` or `false`
            write `true`
        t/departments/parks/department.yaml:12:25 missing-translation: `树木` is not English
            write the English text; the Chinese one belongs under `zh`
        t/departments/parks/department.yaml:13:5 wrong-type: `systems[0].description` is a list, but must be a mapping of keys to values
            with the keys `zh`, `en`
        t/departments/parks/department.yaml:14:4 wrong-type: `systems[1]` is empty, but must be a mapping of keys to values
            write a value, or remove it
        "#);
    }

    #[test]
    fn an_empty_file_says_what_it_needs() {
        insta::assert_snapshot!(faults_of_parks(""), @r"
        t/departments/parks/department.yaml:1:1 missing-key: the file is empty; it should hold a department
            it needs `id`, `title`, `short`, `kind`, `responsible_for`, `contact`
        ");
        insta::assert_snapshot!(faults_of_parks("# later\n"), @r"
        t/departments/parks/department.yaml:1:1 missing-key: the file is empty; it should hold a department
            it needs `id`, `title`, `short`, `kind`, `responsible_for`, `contact`
        ");
        insta::assert_snapshot!(faults_of_parks("parks"), @r"
        t/departments/parks/department.yaml:1:1 wrong-type: the file is text, but must be a mapping of keys to values
            with the keys `id`, `title`, `short`, `kind`, `responsible_for`, `contact`
        ");
    }

    #[test]
    fn the_id_is_that_of_the_folder() {
        let text = PARKS.replace("id: parks", "id: park");
        insta::assert_snapshot!(faults_of_parks(&text), @r"
        t/departments/parks/department.yaml:1:5 id-mismatch: `id` is `park`, but the folder is named `parks`
            write `parks`, or rename the folder
        ");
    }

    #[test]
    fn a_system_has_an_id_of_its_own() {
        let system =
            "  - {id: trees, title: {zh: 树, en: Trees}, description: {zh: 树, en: trees}}\n";
        let text = format!("{PARKS}systems:\n{system}{system}");
        insta::assert_snapshot!(faults_of_parks(&text), @r"
        t/departments/parks/department.yaml:10:10 duplicate: `trees` is in the list already
            remove one, or change it
        ");
    }

    #[test]
    fn supervision_names_a_department_that_exists_and_never_goes_round() {
        let text = format!("{PARKS}supervised_by: forest\n");
        let forests = PARKS
            .replace("parks", "forests")
            .replace("市园林局", "市林业局")
            + "supervised_by: parks\n";
        let files = |parks: &str| {
            faults_of(&[
                ("departments/parks/department.yaml", parks),
                ("departments/forests/department.yaml", &forests),
            ])
        };
        insta::assert_snapshot!(files(&text), @r"
        t/departments/parks/department.yaml:8:16 unknown-reference: there is no department `forest`
            did you mean `forests`?
        ");
        insta::assert_snapshot!(files(&text.replace("forest\n", "forests\n")), @r"
        t/departments/forests/department.yaml:8:16 rule: `forests` is supervised by `parks`, that by `forests`
            leave `supervised_by` out of one of them
        t/departments/parks/department.yaml:8:16 rule: `parks` is supervised by `forests`, that by `parks`
            leave `supervised_by` out of one of them
        ");
    }

    #[test]
    fn two_departments_have_two_titles() {
        let copy = PARKS.replace("parks", "forests");
        insta::assert_snapshot!(faults_of(&[("departments/forests/department.yaml", &copy)]), @r"
        t/departments/forests/department.yaml:2:13 duplicate: `市园林局` is the title of `parks` too
            each department has a title of its own
        t/departments/parks/department.yaml:2:13 duplicate: `市园林局` is the title of `forests` too
            each department has a title of its own
        ");
    }

    #[test]
    fn a_contact_is_real_or_marked() {
        let real = PARKS.replace("parks.example.org", "parks.gov.cn");
        insta::assert_snapshot!(faults_of_parks(&real), @r"
        t/departments/parks/department.yaml:7:18 rule: a fictitious contact must not have an address that can be real
            use a domain under `example.org`
        ");
        let unmarked = PARKS.replace(", fictitious: true", "");
        insta::assert_snapshot!(faults_of_parks(&unmarked), @r"
        t/departments/parks/department.yaml:7:18 rule: the address is in a domain that cannot receive mail
            write the real address, or mark the contact `fictitious: true`
        ");
    }
}

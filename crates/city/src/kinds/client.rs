//! `departments/<department>/clients/<id>.yaml`: a department's system, and the key it signs with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::city::{City, Definition};
use crate::document::Document;
use crate::fault::{Code, Fault};
use crate::kind::Kind;
use crate::names::{Id, Text};

/// A client: a system of a department that calls the exchange, or an office that signs agreements.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Its name in tokens and in the ledger: that of its file.
    pub id: Id,
    /// What it is called.
    pub title: Text,
    /// Its Ed25519 public key: `ed25519:` and 32 bytes in base64url without padding.
    #[schemars(extend("format" = "ed25519"))]
    pub public_key: String,
    /// What it may do.
    #[schemars(length(min = 1, max = 5), extend("uniqueItems" = true))]
    pub roles: Vec<Role>,
    /// For mutual TLS: the SHA-256 of its certificate, in hexadecimal.
    #[schemars(extend("format" = "sha256"))]
    pub certificate_sha256: Option<String>,
    /// `true` for the made-up clients of a demonstration city, whose private keys anybody can
    /// derive: a server takes them only when it is told that it is a demonstration.
    #[serde(default)]
    pub demonstration: bool,
}

/// What a client may do for its department.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Read through the exchange, within agreements.
    Read,
    /// Write the department's own datasets.
    Write,
    /// Ask questions in SQL, within agreements.
    Query,
    /// Propose agreements as the consumer.
    Propose,
    /// Approve and revoke agreements as the provider.
    Approve,
}

impl Kind for Client {
    const NAME: &'static str = "client";
    const PATTERN: &'static str = "departments/{department}/clients/{id}.yaml";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn check(&self, here: &Document, city: &City) -> Vec<Fault> {
        let same = |other: &&Definition<Self>| {
            other.path != here.path() && other.public_key == self.public_key
        };
        let twin = city.all::<Self>().find(same);
        let fault = twin.map(|other| {
            let message = format!("`{}` has the same key", other.id);
            here.fault(Code::Duplicate, "/public_key", message)
                .help("each client signs with a key of its own, or nobody knows who asked")
        });
        fault.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::faults_of;

    const CLIENT: &str = "\
id: parks-office
title: {zh: 园林业务系统, en: Parks office}
public_key: ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo
roles: [read, write]
certificate_sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
";

    fn faults(text: &str) -> String {
        faults_of(&[("departments/parks/clients/parks-office.yaml", text)])
    }

    #[test]
    fn a_right_client_has_no_faults() {
        assert_eq!(faults(CLIENT), "");
    }

    #[test]
    fn keys_hashes_and_roles_are_well_formed() {
        let text = CLIENT
            .replace("URo", "URp")
            .replace("e3b0", "e3")
            .replace("[read, write]", "[read, reed, read]");
        insta::assert_snapshot!(faults(&text), @r"
        t/departments/parks/clients/parks-office.yaml:3:13 bad-value: `ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMl…` is not an Ed25519 public key
            write `ed25519:` and the 43 characters that `citybrain client key` prints
        t/departments/parks/clients/parks-office.yaml:4:15 unknown-word: `roles[1]` cannot be `reed`
            did you mean `read`? (one of `read`, `write`, `query`, `propose`, `approve`)
        t/departments/parks/clients/parks-office.yaml:4:21 duplicate: `read` is in the list already
            leave one out
        t/departments/parks/clients/parks-office.yaml:5:21 bad-value: `e3c44298fc1c149afbf4c8996fb92427ae41e464…` is not a SHA-256 hash
            write its 64 hexadecimal digits in lower case
        ");
    }

    #[test]
    fn each_client_has_a_key_of_its_own() {
        let other = CLIENT.replace("id: parks-office", "id: greenhouse");
        let files = [
            ("departments/parks/clients/parks-office.yaml", CLIENT),
            ("departments/parks/clients/greenhouse.yaml", &other),
        ];
        insta::assert_snapshot!(faults_of(&files), @r"
        t/departments/parks/clients/greenhouse.yaml:3:13 duplicate: `parks-office` has the same key
            each client signs with a key of its own, or nobody knows who asked
        t/departments/parks/clients/parks-office.yaml:3:13 duplicate: `greenhouse` has the same key
            each client signs with a key of its own, or nobody knows who asked
        ");
    }
}

//! `departments/<department>/clients/<id>.yaml`: a department's system, and the key it signs with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::city::City;
use crate::document::Document;
use crate::fault::Fault;
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
    #[schemars(length(min = 1, max = 5))]
    pub roles: Vec<Role>,
    /// For mutual TLS: the SHA-256 of its certificate, in hexadecimal.
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

    fn check(&self, _here: &Document, _city: &City) -> Vec<Fault> {
        Vec::new()
    }
}

//! Tokens: those that another implementation makes are taken, and every forgery is refused.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use pool::Moment;
use pool::exchange::{Call, Clients, Gate, Signer, TokenFault};
use serde_json::{Value as Json, json};

use crate::support::{NOON, SECOND, TITLES, client, files, town_of};

const BODY: &[u8] = br#"{"dataset":"titles"}"#;
const CALL: Call<'_> = Call {
    method: "POST",
    target: "/exchange/v1/look-up?x=1",
    body: BODY,
};
const CLIENT: &str = "clerk";

/// A key, and clients of whom one has it.
struct Office {
    der: Vec<u8>,
    clients: Clients,
    gate: Gate,
}

impl Office {
    fn new() -> Self {
        let pem = Signer::new_pem().unwrap();
        let public = Signer::from_pem(CLIENT, &pem, 0).unwrap().public_key();
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let definition = format!(
            "id: {CLIENT}\ntitle: {{zh: 职员, en: A clerk}}\npublic_key: {public}\nroles: [read]\n"
        );
        let mut files = files(TITLES);
        files.push((format!("departments/tax/clients/{CLIENT}.yaml"), definition));
        Self {
            der: STANDARD.decode(text).unwrap(),
            clients: Clients::of(&town_of(&files), true),
            gate: Gate::new("town", Moment(NOON.0 - 100 * SECOND), 1),
        }
    }

    fn claims() -> Json {
        let now = NOON.seconds();
        json!({
            "iss": CLIENT, "aud": "town", "iat": now, "exp": now + 60, "jti": "1", "purpose": "matter/x", "ref": "case-1",
            "htm": CALL.method, "htu": CALL.target, "bh": hash(BODY),
        })
    }

    /// A token made by the `jsonwebtoken` crate.
    fn token(&self, claims: &Json) -> String {
        encode(
            &Header::new(Algorithm::EdDSA),
            claims,
            &EncodingKey::from_ed_der(&self.der),
        )
        .unwrap()
    }

    fn admit(&self, token: &str) -> Result<String, TokenFault> {
        self.gate
            .admit(&self.clients, token, CALL, NOON)
            .map(|caller| caller.client.id.to_string())
    }

    /// What becomes of a token with one claim changed.
    fn with(&self, name: &str, value: Json) -> Result<String, TokenFault> {
        let mut claims = Self::claims();
        claims["jti"] = format!("changed {name}").into();
        claims[name] = value;
        self.admit(&self.token(&claims))
    }
}

fn hash(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(city::ContentHash::of(bytes).as_bytes())
}

#[test]
fn a_token_of_another_implementation_is_taken_once() {
    let office = Office::new();
    let token = office.token(&Office::claims());
    assert_eq!(office.admit(&token).as_deref(), Ok(CLIENT));
    assert_eq!(office.admit(&token), Err(TokenFault::Replayed));
    let later = office
        .gate
        .admit(&office.clients, &token, CALL, Moment(NOON.0 + 64 * SECOND));
    assert_eq!(
        later.map(|_| ()),
        Err(TokenFault::Replayed),
        "to the last second of its life"
    );
}

#[test]
fn our_own_tokens_are_taken_whatever_stands_in_them() {
    let office = Office::new();
    let signer = Signer::demonstration("tax-systems", 7).unwrap();
    for reference in [None, Some("case 17"), Some("quoted \"and\" \\ 案件")] {
        let token = signer.token("town", "matter/x", reference, CALL, NOON);
        let caller = office
            .gate
            .admit(&office.clients, &token, CALL, NOON)
            .unwrap();
        assert_eq!(
            (&*caller.client.department, caller.reference.as_deref()),
            ("tax", reference)
        );
    }
}

#[test]
fn every_claim_that_is_not_right_is_refused() {
    let office = Office::new();
    let now = NOON.seconds();
    let cases: Vec<(&str, Json, TokenFault)> = vec![
        (
            "iss",
            json!("nobody"),
            TokenFault::UnknownClient("nobody".into()),
        ),
        ("iss", json!("tax-systems"), TokenFault::Signature),
        ("aud", json!("village"), TokenFault::Audience("town".into())),
        ("htm", json!("GET"), TokenFault::Method("GET".into())),
        ("htu", json!("/exchange/v1/look-up"), TokenFault::Target),
        ("htu", json!("/exchange/v1/batch?x=1"), TokenFault::Target),
        ("bh", json!(hash(b"{}")), TokenFault::Body),
        ("bh", json!(hash(BODY).to_uppercase()), TokenFault::Body),
        ("bh", json!(format!("{}=", hash(BODY))), TokenFault::Body),
        ("bh", json!(""), TokenFault::Body),
        ("exp", json!(now + 61), TokenFault::Life { life_s: 61 }),
        (
            "exp",
            json!(i64::MAX),
            TokenFault::Life {
                life_s: i64::MAX - now,
            },
        ),
        ("exp", json!(now), TokenFault::Life { life_s: 0 }),
        ("exp", json!(now - 1), TokenFault::Life { life_s: -1 }),
        ("iat", json!(now + 6), TokenFault::Future { ahead_s: 6 }),
        ("nbf", json!(now + 6), TokenFault::Future { ahead_s: 6 }),
        (
            "nbf",
            json!(i64::MAX),
            TokenFault::Future {
                ahead_s: i64::MAX - now,
            },
        ),
        ("purpose", json!(""), TokenFault::Text("purpose")),
        ("purpose", json!("a\nb"), TokenFault::Text("purpose")),
        ("ref", json!("x".repeat(201)), TokenFault::Text("ref")),
    ];
    for (name, value, fault) in cases {
        assert_eq!(
            office.with(name, value.clone()),
            Err(fault),
            "{name} {value}"
        );
    }
    for (name, value) in [
        ("iat", json!("now")),
        ("iat", json!(1.5)),
        ("iss", json!(["clerk"])),
        ("aud", json!(["town"])),
        ("exp", Json::Null),
    ] {
        assert!(
            matches!(
                office.with(name, value.clone()),
                Err(TokenFault::Malformed(_))
            ),
            "{name} {value}"
        );
    }
}

#[test]
fn a_token_has_its_time() {
    let office = Office::new();
    let at = |iat: i64, life: i64| {
        let mut claims = Office::claims();
        claims["iat"] = (NOON.seconds() + iat).into();
        claims["exp"] = (NOON.seconds() + iat + life).into();
        claims["jti"] = format!("{iat} {life}").into();
        office.admit(&office.token(&claims))
    };
    assert_eq!(
        at(-60, 60).as_deref(),
        Ok(CLIENT),
        "within the skew that is allowed"
    );
    assert_eq!(at(-65, 60), Err(TokenFault::Expired { ago_s: 5 }));
    assert_eq!(at(5, 60).as_deref(), Ok(CLIENT));
    assert_eq!(at(-100, 60), Err(TokenFault::Expired { ago_s: 40 }));
    let restarted = Gate::new("town", NOON, 1);
    let token = office.token(&Office::claims());
    assert_eq!(
        restarted
            .admit(&office.clients, &token, CALL, NOON)
            .map(|_| ()),
        Err(TokenFault::BeforeStart)
    );
}

#[test]
fn forged_and_broken_tokens_are_refused() {
    let office = Office::new();
    let good = office.token(&Office::claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let text = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let other_key = {
        let pem = Signer::new_pem().unwrap();
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        encode(
            &Header::new(Algorithm::EdDSA),
            &Office::claims(),
            &EncodingKey::from_ed_der(&STANDARD.decode(text).unwrap()),
        )
        .unwrap()
    };
    let hmac = {
        // The public key as a secret: the classic confusion of algorithms.
        let secret = office
            .clients
            .get(CLIENT)
            .map(|_| b"public key".to_vec())
            .unwrap();
        encode(
            &Header::new(Algorithm::HS256),
            &Office::claims(),
            &EncodingKey::from_secret(&secret),
        )
        .unwrap()
    };
    let forgeries = [
        String::new(),
        ".".into(),
        "..".into(),
        "a.b.c.d".into(),
        "\u{0}".into(),
        "x".repeat(5000),
        signed.into(),
        format!("{signed}."),
        format!("{signed}.{}", &signature[1..]),
        format!("{signed}.{}", "A".repeat(86)),
        format!("{signed}.{signature}="),
        format!("{signed}.{signature}AAAA"),
        format!("{payload}.{header}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{}.{payload}.", text(r#"{"alg":"none"}"#)),
        format!(
            "{}.{payload}.{signature}",
            text(r#"{"alg":"none","typ":"JWT"}"#)
        ),
        format!(
            "{}.{payload}.{signature}",
            text(r#"{"alg":"EdDSA","typ":"JWT","crit":["x"]}"#)
        ),
        format!(
            "{header}.{}.{signature}",
            text(&Office::claims().to_string().replace("case-1", "case-2"))
        ),
        format!("{header}.{}.{signature}", text("[]")),
        format!("{header}.{}.{signature}", text("{}")),
        format!("{header}.{}.{signature}", text(&"[".repeat(3000))),
        other_key,
        hmac,
    ];
    for forgery in forgeries {
        let refused = office.admit(&forgery);
        assert!(refused.is_err(), "{forgery}: {refused:?}");
    }
    for at in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        assert!(office.admit(&changed).is_err(), "changed at {at}");
    }
    assert_eq!(
        office.admit(&good).as_deref(),
        Ok(CLIENT),
        "and no forgery used it up"
    );
}

#[test]
fn a_demonstrations_clients_call_nowhere_else() {
    let mut files = files(TITLES);
    files.push((
        "departments/tax/clients/demo.yaml".into(),
        client("demo", "read"),
    ));
    let gate = Gate::new("town", Moment(NOON.0 - 100 * SECOND), 1);
    let token = Signer::demonstration("demo", 0)
        .unwrap()
        .token("town", "matter/x", None, CALL, NOON);
    let admit = |demonstration| {
        gate.admit(
            &Clients::of(&town_of(&files), demonstration),
            &token,
            CALL,
            NOON,
        )
        .map(|_| ())
    };
    assert_eq!(admit(false), Err(TokenFault::Demonstration("demo".into())));
    assert_eq!(admit(true), Ok(()));
}

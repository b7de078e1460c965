//! Look-ups, batches and links: what is answered, what is not, and what the ledger has.

use pool::exchange::{Batch, Denial, Entry, Follow, Lack, Link, LookUp};
use serde_json::{Value as Json, json};

use crate::support::{DAY, SECOND, Town, key, title, titles_of};

fn body(bytes: &[u8]) -> Json {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn only_granted_fields_of_granted_records_are_answered_with_where_they_come_from() {
    let town = Town::new();
    let answer = town
        .exchange
        .look_up_wait(&town.tax(), &titles_of("P1"))
        .unwrap();
    let content = body(&answer.to_json());
    assert_eq!(
        content["records"].as_array().unwrap().len(),
        1,
        "the void title is not granted"
    );
    assert_eq!(
        content["records"][0]["values"],
        json!({"number": "T1", "owner": "P1", "area": 80})
    );
    assert_eq!(
        content["records"][0]["since"],
        "2026-06-01T04:00:00.000000Z"
    );
    for (name, value) in [
        ("dataset", "titles"),
        ("department", "housing"),
        ("agreement", "titles-for-tax"),
        ("purpose", "matter/property-tax"),
        ("answered_at", "2026-06-01T04:00:00.000000Z"),
    ] {
        assert_eq!(content[name], value, "{name}");
    }
    for version in ["version", "agreement_version"] {
        assert!(
            content[version].as_str().unwrap().starts_with("sha256:"),
            "{version}"
        );
    }
    let entry = content["ledger"]["entry"].as_u64().unwrap();
    let Entry::Transfer(transfer) = &town.entries()[entry as usize] else {
        panic!("no transfer")
    };
    assert_eq!(
        (
            transfer.client.as_str(),
            transfer.consumer.as_str(),
            transfer.provider.as_str()
        ),
        ("tax-systems", "tax", "housing")
    );
    assert_eq!(
        (transfer.fields.as_slice(), transfer.records),
        (
            &["number".to_owned(), "owner".to_owned(), "area".to_owned()][..],
            1
        )
    );
    assert_eq!(transfer.reference.as_deref(), Some("case-1"));
    let token = town
        .exchange
        .subject_token(city::kinds::Subject::Person, "P1");
    assert_eq!(transfer.subject.as_deref(), Some(token.as_str()));
}

#[test]
fn no_identifier_stands_in_the_ledger() {
    let town = Town::new();
    town.exchange
        .look_up_wait(&town.tax(), &titles_of("P1"))
        .unwrap();
    town.exchange
        .look_up_wait(&town.tax(), &title("T3"))
        .unwrap();
    let _ = town.exchange.look_up_wait(
        &town.caller("registry-systems", "matter/x"),
        &titles_of("P1"),
    );
    for entry in town.entries() {
        let text = String::from_utf8(entry.to_bytes()).unwrap();
        for secret in ["P1", "P2", "T1", "T3"] {
            assert!(!text.contains(&format!("\"{secret}\"")), "{text}");
        }
    }
}

#[test]
fn a_record_that_may_not_be_read_looks_like_one_that_is_not_there() {
    let town = Town::new();
    let void = town
        .exchange
        .look_up_wait(&town.tax(), &title("T2"))
        .unwrap();
    let none = town
        .exchange
        .look_up_wait(&town.tax(), &title("T9"))
        .unwrap();
    let strip = |bytes: &[u8]| {
        let mut content = body(bytes);
        content["ledger"] = Json::Null;
        content
    };
    assert_eq!(strip(&void.to_json()), strip(&none.to_json()));
}

#[test]
fn a_denial_says_what_is_missing_and_whom_to_ask_and_is_recorded() {
    let town = Town::new();
    let caller = town.caller("tax-systems", "matter/curiosity");
    let ask = LookUp {
        fields: Some(vec!["area".into(), "note".into()]),
        ..title("T1")
    };
    let denial = town.exchange.look_up_wait(&caller, &ask).unwrap_err();
    assert_eq!(
        denial.to_string(),
        "`tax` has no agreement with `housing` to look-up `titles` for `matter/curiosity`; the nearest is `titles-for-tax`, but it \
         does not name this purpose and it does not name `note`; ask data@housing.example.org (an invented address of a demonstration)"
    );
    let Some(Entry::Denial(entry)) = town.entries().pop() else {
        panic!("no denial")
    };
    assert_eq!(
        (entry.denied.as_str(), entry.dataset.as_deref(), entry.times),
        ("agreement", Some("housing/titles"), 1)
    );
    let other = town
        .exchange
        .look_up_wait(&town.caller("registry-systems", "matter/x"), &title("T1"))
        .unwrap_err();
    let Denial::Agreement(missing) = other else {
        panic!("{other}")
    };
    assert_eq!(missing.lacks, [Lack::Agreement]);
}

#[test]
fn what_is_shared_unconditionally_and_what_is_shared_with_nobody() {
    let town = Town::new();
    let tax = town.tax();
    let street = |fields: Option<Vec<String>>| LookUp {
        dataset: "streets".into(),
        key: key("code", "S1"),
        fields,
        ..LookUp::default()
    };
    let answer = town.exchange.look_up_wait(&tax, &street(None)).unwrap();
    assert_eq!(body(&answer.to_json())["agreement"], "unconditional");
    let keeper = town
        .exchange
        .look_up_wait(&tax, &street(Some(vec!["keeper".into()])));
    assert!(
        matches!(keeper, Err(Denial::Agreement(_))),
        "personal fields need an agreement"
    );
    let secret = LookUp {
        dataset: "secrets".into(),
        key: key("code", "1"),
        ..LookUp::default()
    };
    let Err(Denial::Agreement(missing)) = town.exchange.look_up_wait(&tax, &secret) else {
        panic!("shared")
    };
    assert_eq!(missing.lacks, [Lack::NotShared]);
    let own = town
        .exchange
        .look_up_wait(&town.caller("registry-systems", "operation/audit"), &secret)
        .unwrap();
    assert_eq!(body(&own.to_json())["agreement"], "own");
}

#[test]
fn mistakes_are_named_with_what_is_near() {
    let town = Town::new();
    let ask = |ask: &LookUp| {
        town.exchange
            .look_up_wait(&town.tax(), ask)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        ask(&LookUp {
            dataset: "title".into(),
            ..title("T1")
        }),
        "there is no dataset `title`; did you mean `titles`?"
    );
    assert_eq!(
        ask(&LookUp {
            fields: Some(vec!["aera".into()]),
            ..title("T1")
        }),
        "`housing/titles` has no field `aera`; did you mean `area`?"
    );
    assert_eq!(
        ask(&LookUp {
            key: key("owner", "P1"),
            ..title("T1")
        }),
        "the key of `housing/titles` is (number), and `owner` is not of it"
    );
    assert_eq!(
        ask(&LookUp {
            key: None,
            ..title("T1")
        }),
        "give either `key` or `subject`"
    );
    assert_eq!(
        ask(&LookUp {
            dataset: "tax/titles".into(),
            ..title("T1")
        }),
        "there is no dataset `tax/titles`; did you mean `titles`?"
    );
}

#[test]
fn an_office_that_signs_may_not_read() {
    let town = Town::new();
    let denial = town
        .exchange
        .look_up_wait(
            &town.caller("tax-office", "matter/property-tax"),
            &title("T1"),
        )
        .unwrap_err();
    assert!(
        matches!(denial, Denial::Role { role: "read", .. }),
        "{denial}"
    );
}

#[test]
fn rates_hold_while_the_clock_stands_and_are_kept_over_a_restart() {
    let town = Town::new();
    let allowed = |town: &Town| {
        (0..100)
            .take_while(|_| {
                town.exchange
                    .look_up_wait(&town.tax(), &title("T1"))
                    .is_ok()
            })
            .count()
    };
    assert_eq!(allowed(&town), 10, "a burst of twice the rate");
    let denial = town
        .exchange
        .look_up_wait(&town.tax(), &title("T1"))
        .unwrap_err();
    assert_eq!(
        denial.to_string(),
        "`titles-for-tax` allows 5 calls a second; wait 201 ms"
    );
    town.clock.advance(SECOND);
    assert_eq!(allowed(&town), 5);

    let town = town.reopened();
    town.clock.advance(10 * SECOND);
    assert_eq!(allowed(&town), 10);
    for _ in 0..195 {
        town.clock.advance(SECOND);
        assert_eq!(
            allowed(&town),
            5,
            "15 before the restart and 985 after it are the day's thousand"
        );
    }
    town.clock.advance(10 * SECOND);
    let denial = town
        .exchange
        .look_up_wait(&town.tax(), &title("T1"))
        .unwrap_err();
    assert!(
        matches!(denial, Denial::Quota { per_day: 1000, .. }),
        "{denial}"
    );
    town.clock.advance(DAY);
    assert_eq!(allowed(&town), 10, "a new day");
}

#[test]
fn a_flood_of_denials_does_not_flood_the_ledger() {
    let town = Town::new();
    let stranger = town.caller("registry-systems", "matter/x");
    let before = town.entries().len();
    for _ in 0..500 {
        town.exchange
            .look_up_wait(&stranger, &title("T1"))
            .unwrap_err();
    }
    assert_eq!(town.entries().len() - before, 60);
    town.clock.advance(61 * SECOND);
    town.exchange.keep(false).unwrap();
    let Some(Entry::Denial(rest)) = town.entries().pop() else {
        panic!("no count")
    };
    assert_eq!(
        (rest.times, rest.client.as_deref(), rest.consumer.as_deref()),
        (440, Some("registry-systems"), Some("registry"))
    );
}

#[test]
fn each_subject_of_a_batch_has_an_entry_of_its_own() {
    let town = Town::new();
    let keys = ["T1", "T3", "T2", "T9"].map(|number| key("number", number).unwrap());
    let ask = Batch {
        dataset: "titles".into(),
        keys: Some(keys.to_vec()),
        ..Batch::default()
    };
    let answer = town.exchange.batch_wait(&town.tax(), &ask).unwrap();
    let content = body(&answer.to_json());
    let counts: Vec<usize> = content["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["records"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [1, 1, 0, 0]);
    let entry = |item: usize| content["items"][item]["ledger"]["entry"].as_u64().unwrap() as usize;
    assert_eq!(entry(0), entry(2), "both are P1's");
    assert_ne!(entry(0), entry(1));
    let entries = town.entries();
    let subjects: Vec<Option<String>> = [0, 1, 3]
        .map(|item| match &entries[entry(item)] {
            Entry::Transfer(transfer) => transfer.subject.clone(),
            other => panic!("{other:?}"),
        })
        .to_vec();
    let token = |id| {
        Some(
            town.exchange
                .subject_token(city::kinds::Subject::Person, id)
                .to_string(),
        )
    };
    assert_eq!(subjects, [token("P1"), token("P2"), None]);
}

#[test]
fn a_batch_has_limits() {
    let town = Town::new();
    let ask = |count: usize| Batch {
        dataset: "titles".into(),
        subjects: Some(vec!["P1".into(); count]),
        ..Batch::default()
    };
    for count in [0, 1001] {
        let denial = town
            .exchange
            .batch_wait(&town.tax(), &ask(count))
            .unwrap_err();
        assert_eq!(denial.to_string(), "a batch has 1 to 1000 keys or subjects");
    }
    assert_eq!(
        town.exchange
            .batch_wait(&town.tax(), &ask(900))
            .unwrap()
            .items
            .len(),
        900
    );
    let denial = town
        .exchange
        .batch_wait(&town.tax(), &ask(101))
        .unwrap_err();
    assert!(matches!(denial, Denial::Quota { .. }), "{denial}");
}

#[test]
fn a_link_follows_references_within_the_callers_agreements() {
    let town = Town::new();
    let follow = |fields: &[&str]| Follow {
        field: "owner".into(),
        fields: Some(fields.iter().map(|field| (*field).to_owned()).collect()),
        follow: Vec::new(),
    };
    let link = |fields: &[&str]| Link {
        dataset: "titles".into(),
        key: key("number", "T1"),
        follow: vec![follow(fields)],
        ..Link::default()
    };
    let answer = town
        .exchange
        .link_wait(&town.tax(), &link(&["name"]))
        .unwrap();
    let content = body(&answer.to_json());
    let to = &content["links"][0]["to"];
    assert_eq!(
        (&content["links"][0]["value"], &to["records"][0]["values"]),
        (&json!("P1"), &json!({"name": "王芳"}))
    );
    assert_eq!(
        (&to["department"], &to["agreement"]),
        (&json!("registry"), &json!("persons-for-tax"))
    );
    let (first, second) = (
        content["ledger"]["entry"].as_u64().unwrap(),
        to["ledger"]["entry"].as_u64().unwrap(),
    );
    assert_eq!(second, first + 1, "each step has an entry of its own");

    let denied = body(
        &town
            .exchange
            .link_wait(&town.tax(), &link(&["district"]))
            .unwrap()
            .to_json(),
    );
    assert_eq!(denied["links"][0]["denied"]["code"], "agreement");
    assert_eq!(
        denied["records"][0]["values"]["number"], "T1",
        "what is allowed is answered all the same"
    );

    let hidden = Link {
        fields: Some(vec!["area".into()]),
        ..link(&["name"])
    };
    let denial = town.exchange.link_wait(&town.tax(), &hidden).unwrap_err();
    assert_eq!(
        denial.to_string(),
        "`owner` of `housing/titles` is not among the fields of this call, so it cannot be followed"
    );
}

#[test]
fn a_link_is_three_steps_deep_at_most() {
    let town = Town::new();
    let mut follow = Follow {
        field: "owner".into(),
        ..Follow::default()
    };
    for _ in 0..3 {
        follow = Follow {
            field: "owner".into(),
            follow: vec![follow],
            ..Follow::default()
        };
    }
    let ask = Link {
        dataset: "titles".into(),
        key: key("number", "T1"),
        follow: vec![follow],
        ..Link::default()
    };
    let denial = town.exchange.link_wait(&town.tax(), &ask).unwrap_err();
    assert_eq!(
        denial.to_string(),
        "`follow` is 4 steps deep; 3 are allowed"
    );
}

#[test]
fn who_has_read_what_of_a_person_is_found_and_found_again_after_a_restart() {
    let town = Town::new();
    for _ in 0..3 {
        town.exchange
            .look_up_wait(&town.tax(), &titles_of("P1"))
            .unwrap();
    }
    town.exchange
        .look_up_wait(&town.tax(), &titles_of("P2"))
        .unwrap();
    town.exchange
        .look_up_wait(
            &town.caller("registry-systems", "matter/x"),
            &titles_of("P1"),
        )
        .unwrap_err();
    let seen = |town: &Town| {
        while town.exchange.index_transfers().unwrap() > 0 {}
        town.exchange
            .transfers_of_subject(city::kinds::Subject::Person, "P1", None, 100)
            .unwrap()
    };
    let transfers = seen(&town);
    assert_eq!(transfers.len(), 4);
    assert_eq!(
        (
            transfers[0].denied.as_deref(),
            transfers[0].consumer.as_str()
        ),
        (Some("agreement"), "registry")
    );
    assert_eq!(
        (transfers[1].purpose.as_str(), transfers[1].fields.len()),
        ("matter/property-tax", 3)
    );
    assert_eq!(
        town.exchange.indexed().unwrap(),
        town.exchange.ledger().size()
    );
    let town = town.reopened();
    town.exchange
        .look_up_wait(&town.tax(), &titles_of("P1"))
        .unwrap();
    assert_eq!(seen(&town).len(), 5);
    assert_eq!(town.exchange.recent(None, 2).unwrap().len(), 2);
    assert_eq!(
        town.exchange
            .transfers_of_client("registry-systems", None, 9)
            .unwrap()
            .len(),
        1
    );
}

/// A signer that is never there.
struct Away(ledger::VerifierKey);

impl ledger::Signer for Away {
    fn key(&self) -> &ledger::VerifierKey {
        &self.0
    }

    fn sign(&self, _message: &[u8]) -> Result<[u8; 64], ledger::Outage> {
        Err(ledger::Outage("the module does not answer".to_owned()))
    }
}

#[test]
fn calls_and_agreements_go_on_while_the_ledgers_signer_is_away() {
    let key = ledger::SecretKey::from_seed("town", ledger::Algorithm::Log, [9; 32]).unwrap();
    let town = Town::with_signer(std::sync::Arc::new(Away(key.verifier().clone())));
    town.put_titles(&[("T1", "P1", 80, "valid")]);
    town.agree("titles-for-tax");
    assert!(
        town.exchange.ledger().publish().is_err() || town.exchange.ledger().checkpoint().is_err(),
        "nobody signs"
    );
    for _ in 0..10 {
        assert_eq!(
            town.exchange
                .look_up_wait(&town.tax(), &title("T1"))
                .unwrap()
                .records
                .len(),
            1
        );
    }
    assert!(town.exchange.ledger().checkpoint().is_err());
    assert_eq!(town.entries().len(), 12);
}

//! Agreements come into force by two signatures on the same text, and by nothing else.

use std::sync::Arc;

use pool::exchange::{Entry, Refused, Signer, Standing, Statement, Step, StepFault};

use crate::support::{DAY, TITLES, Town, files, title, town_of};

fn standing(town: &Town) -> Vec<(Standing, bool)> {
    let listed = town.exchange.agreements().unwrap();
    listed
        .iter()
        .filter(|one| one.id == "titles-for-tax")
        .map(|one| (one.standing, one.current))
        .collect()
}

fn fault(town: &Town, statement: &str) -> StepFault {
    match town.exchange.step(statement) {
        Err(Refused::Step(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_agreement_is_in_force_from_approval_to_revocation_and_each_step_is_in_the_ledger() {
    let town = Town::empty();
    let reads = |town: &Town| {
        town.exchange
            .look_up_wait(&town.tax(), &title("T1"))
            .is_ok()
    };
    assert_eq!(
        (standing(&town), reads(&town)),
        (vec![(Standing::Draft, true)], false)
    );
    town.exchange
        .step(&town.sign("tax-office", "titles-for-tax", Step::Propose))
        .unwrap();
    assert_eq!(
        (standing(&town), reads(&town)),
        (vec![(Standing::Proposed, true)], false)
    );
    town.exchange
        .step(&town.sign("housing-office", "titles-for-tax", Step::Approve))
        .unwrap();
    assert_eq!(
        (standing(&town), reads(&town)),
        (vec![(Standing::Active, true)], true)
    );
    let town = town.reopened();
    assert!(reads(&town), "states outlive a restart");
    let listed = town
        .exchange
        .step(&town.sign("housing-office", "titles-for-tax", Step::Revoke))
        .unwrap();
    assert_eq!((listed.standing, reads(&town)), (Standing::Revoked, false));
    let entries = town.entries();
    let steps: Vec<Step> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::AgreementStep(step) => Some(step.step),
            _ => None,
        })
        .collect();
    assert_eq!(steps, [Step::Propose, Step::Approve, Step::Revoke]);
    for taken in listed.steps {
        assert!(
            matches!(&entries[taken.entry as usize], Entry::AgreementStep(step) if step.statement == taken.statement)
        );
    }
}

#[test]
fn nobody_signs_for_another_side_or_without_the_role_or_out_of_turn() {
    let town = Town::empty();
    let fault = |office: &str, step| fault(&town, &town.sign(office, "titles-for-tax", step));
    assert!(matches!(
        fault("housing-office", Step::Approve),
        StepFault::Order { .. }
    ));
    assert!(matches!(
        fault("housing-office", Step::Propose),
        StepFault::Side { .. }
    ));
    assert!(matches!(
        fault("registry-office", Step::Propose),
        StepFault::Side { .. }
    ));
    assert!(matches!(
        fault("tax-systems", Step::Propose),
        StepFault::Role { .. }
    ));
    town.exchange
        .step(&town.sign("tax-office", "titles-for-tax", Step::Propose))
        .unwrap();
    assert!(matches!(
        fault("tax-office", Step::Approve),
        StepFault::Side { .. }
    ));
    assert!(matches!(
        fault("tax-office", Step::Propose),
        StepFault::Order { .. }
    ));
}

#[test]
fn a_statement_is_the_clients_own_and_of_now() {
    let town = Town::empty();
    let good = town.sign("tax-office", "titles-for-tax", Step::Propose);
    let hash = town
        .exchange
        .compiled()
        .city
        .get::<city::kinds::Agreement>("titles-for-tax")
        .unwrap()
        .hash
        .to_string();
    let other_key = Signer::new("tax-office", &[1; 32], 0).unwrap();
    let forged = Statement::sign(
        &other_key,
        "titles-for-tax",
        &hash,
        Step::Propose,
        town.exchange.now(),
    );
    assert_eq!(
        fault(&town, &forged),
        StepFault::Statement("it is not signed with the client's key")
    );
    let (head, signature) = good.rsplit_once('.').unwrap();
    for bad in [
        "",
        "a.b",
        head,
        &format!("{head}.AAAA"),
        &format!("x{good}"),
        &format!("{head}A.{signature}"),
    ] {
        assert!(
            matches!(fault(&town, bad), StepFault::Statement(_)),
            "{bad}"
        );
    }
    town.clock.advance(DAY);
    assert_eq!(fault(&town, &good), StepFault::Time(86_400));
}

#[test]
fn a_changed_file_needs_new_signatures_and_the_old_version_stays_in_force_until_then() {
    let town = Town::new();
    let wider = TITLES.replace("[number, owner, area]", "[number, owner, area, status]");
    town.exchange.reload(town_of(&files(&wider))).unwrap();
    assert_eq!(standing(&town).len(), 2);
    assert!(
        standing(&town).contains(&(Standing::Active, false))
            && standing(&town).contains(&(Standing::Draft, true))
    );
    let fields = |town: &Town| {
        town.exchange
            .look_up_wait(&town.tax(), &title("T1"))
            .unwrap()
            .granted
            .fields
            .len()
    };
    assert_eq!(fields(&town), 3, "what was signed, not what the file says");
    town.exchange
        .step(&town.sign("tax-office", "titles-for-tax", Step::Propose))
        .unwrap();
    assert_eq!(fields(&town), 3);
    town.exchange
        .step(&town.sign("housing-office", "titles-for-tax", Step::Approve))
        .unwrap();
    assert_eq!(fields(&town), 4);
    assert!(
        standing(&town).contains(&(Standing::Revoked, false)),
        "the older version ends with the approval of the newer"
    );
}

#[test]
fn a_statement_about_another_version_than_the_files_is_refused_but_for_its_end() {
    let town = Town::new();
    let (city, signer) = (
        town.exchange.compiled().city.clone(),
        Signer::demonstration("housing-office", 0).unwrap(),
    );
    let old = city
        .get::<city::kinds::Agreement>("titles-for-tax")
        .unwrap()
        .hash
        .to_string();
    let changed = town_of(&files(&TITLES.replace("per_second: 5", "per_second: 6")));
    town.exchange.reload(Arc::clone(&changed)).unwrap();
    let sign = |step| Statement::sign(&signer, "titles-for-tax", &old, step, town.exchange.now());
    assert!(matches!(
        fault(&town, &sign(Step::Approve)),
        StepFault::Version { .. }
    ));
    assert_eq!(
        town.exchange.step(&sign(Step::Revoke)).unwrap().standing,
        Standing::Revoked
    );
}

#[test]
fn a_term_ends_by_itself() {
    let town = Town::new();
    town.clock.advance(214 * DAY);
    assert_eq!(standing(&town), [(Standing::Expired, true)]);
    let denial = town
        .exchange
        .look_up_wait(&town.tax(), &title("T1"))
        .unwrap_err();
    assert!(
        denial.to_string().contains("it ended on 2026-12-31"),
        "{denial}"
    );
}

#[test]
fn a_demonstration_signs_its_own_agreements_once() {
    let town = Town::empty();
    assert_eq!(town.exchange.sign_demonstration().unwrap(), 2);
    assert_eq!(standing(&town), [(Standing::Active, true)]);
    assert_eq!(town.exchange.sign_demonstration().unwrap(), 0);
    town.exchange
        .step(&town.sign("housing-office", "titles-for-tax", Step::Revoke))
        .unwrap();
    assert_eq!(
        town.exchange.sign_demonstration().unwrap(),
        0,
        "what was revoked stays so"
    );
}

//! Agreements, signed from their pages.

use pool::exchange::Standing;

use crate::server::Server;
use crate::support::{Town, titles_of};

fn standing(server: &Server) -> Standing {
    let listed = server.town.exchange.agreements().unwrap();
    listed
        .iter()
        .find(|one| one.id == "titles-for-tax")
        .unwrap()
        .standing
}

fn step(server: &Server, department: &str, step: &str) -> u16 {
    let listed = server.town.exchange.agreements().unwrap();
    let version = listed
        .iter()
        .find(|one| one.id == "titles-for-tax")
        .unwrap()
        .version
        .clone();
    let target = "/bureau/agreements/titles-for-tax/steps";
    server
        .post_as(department, target, &[("step", step), ("version", &version)])
        .status
}

#[test]
fn each_side_takes_its_own_steps_and_no_others() {
    let server = Server::of(Town::empty(), true);
    assert_eq!(standing(&server), Standing::Draft);
    assert_eq!(
        step(&server, "housing", "approve"),
        409,
        "it was not proposed"
    );
    assert_eq!(
        step(&server, "housing", "propose"),
        409,
        "it is not the consumer"
    );
    assert_eq!(step(&server, "tax", "propose"), 303);
    assert_eq!(standing(&server), Standing::Proposed);
    assert_eq!(
        step(&server, "tax", "approve"),
        409,
        "it is not the provider"
    );
    assert_eq!(
        step(&server, "registry", "approve"),
        409,
        "it has nothing to do with it"
    );
    assert_eq!(step(&server, "housing", "approve"), 303);
    assert_eq!(standing(&server), Standing::Active);
    server
        .town
        .exchange
        .look_up_wait(&server.town.tax(), &titles_of("P1"))
        .unwrap();
    assert_eq!(step(&server, "tax", "revoke"), 303);
    assert_eq!(standing(&server), Standing::Revoked);
    server
        .town
        .exchange
        .look_up_wait(&server.town.tax(), &titles_of("P1"))
        .unwrap_err();
    let page = server.get("/bureau/agreements/titles-for-tax");
    page.says(&[
        "tax-office",
        "housing-office",
        "ledger entry",
        "status = &#34;valid&#34;",
    ]);
    assert_eq!(step(&server, "tax", "sing"), 422);
}

#[test]
fn a_button_is_there_for_whoever_can_take_the_step() {
    let server = Server::start();
    let page = |department: &str| {
        server
            .get_as(department, "/bureau/agreements/titles-for-tax")
            .body
    };
    assert!(page("housing").contains("value=\"revoke\""));
    assert!(page("tax").contains("value=\"revoke\""));
    assert!(!page("registry").contains("value=\"revoke\""));
}

#[test]
fn the_list_is_filtered_and_the_matrix_leads_to_it() {
    let server = Server::start();
    let list = |query: &str| server.get(&format!("/bureau/agreements?{query}"));
    list("").says(&["2 agreements"]);
    list("provider=housing").says(&["1 agreements", "titles-for-tax"]);
    list("state=draft").says(&["0 agreements"]);
    let matrix = server.get("/bureau/agreements/matrix");
    matrix.says(&["/bureau/agreements?state=active&amp;provider=housing&amp;consumer=tax\" title=\"housing → tax\">1<"]);
}

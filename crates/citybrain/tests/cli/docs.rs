//! `docs/cli.md` is what the program says of itself.

use crate::support::{Place, root};

#[test]
fn the_reference_page_is_current() {
    let page = Place::new().succeeds(&["reference"]);
    let path = root().join("docs/cli.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/cli.md is out of date: run this test with UPDATE_DOCS=1, or `citybrain reference > docs/cli.md`"
    );
}

//! Bulk loads whose files lie on an S3-compatible store: `SeaweedFS`, from its package on `PyPI`.

use pool::{Error, Faults, HistoryUrl, Options, Payload, Then};

use crate::town::*;
use crate::weed::Weed;

#[test]
fn a_load_into_an_object_store_is_applied_again_after_a_fall() {
    let Some(weed) = Weed::with_bucket("history") else {
        eprintln!("skipped: there is no SeaweedFS (script/setup test installs it)");
        return;
    };
    let store = HistoryUrl::Store {
        url: "s3://history/town".to_owned(),
        options: weed.options(),
    };
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        history: store,
        ..Options::new(folder.path())
    };
    let rows: Vec<_> = (0..5_000)
        .map(|n| month(&format!("p{n}"), 1, n.into()))
        .collect();
    // The entry is there, keyed state has none of it: a fall right after the commit.
    let pool = open(Options {
        faults: Faults::at("outbox-committed", 1, Then::NoSpace),
        ..options.clone()
    });
    let months = pool.table("months").unwrap();
    let error = pool.load(write(&months, &rows)).unwrap_err();
    assert!(matches!(error, Error::Unapplied(_)), "{error}");
    assert_eq!(pool.count(&months).unwrap(), 0);
    drop(pool);
    let pool = open(options);
    assert_eq!(pool.count(&months).unwrap(), 5_000);
    for row in rows.iter().step_by(97) {
        assert_eq!(&pool.get(&months, &row[..2]).unwrap().unwrap().values, row);
    }
    let entry = pool.entries_after(0, 9).unwrap().remove(0);
    assert!(matches!(entry.payload, Payload::Files(files) if files.len() == 5));
    assert_eq!(entry.replaced, Some(0), "it is known after the fall, too");
}

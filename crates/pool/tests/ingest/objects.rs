//! Files in an object store that speaks S3 are loaded like files.

use pool::ingest::{Error, LoadOptions, load};
use pool::sources::file::{Source, fetch};

use crate::town::{Town, people_csv};
use crate::weed::Weed;

#[test]
fn a_file_in_an_object_store_is_loaded_once_in_each_of_its_versions() {
    let Some(weed) = Weed::with_bucket("deliveries") else {
        eprintln!("skipped: there is no SeaweedFS (script/setup test installs it)");
        return;
    };
    let town = Town::new();
    let url = "s3://deliveries/2026/people.csv";
    let take = || {
        let fetched = fetch(url, &weed.options(), town.folder.path())?;
        assert!(fetched.etag.is_some() && fetched.bytes > 0);
        let source = Source::fetched(url, fetched)?;
        let table = town.table("people");
        load(
            &town.pool,
            &table,
            &source,
            &LoadOptions::default(),
            &|_| {},
        )
    };
    let missing = take().unwrap_err();
    assert!(matches!(missing, Error::Open { .. }), "{missing}");
    assert!(missing.to_string().contains(url), "{missing}");

    let mut csv = people_csv(1..=500, "p");
    csv.push_str("not-a-number,x,female,1950-01-01,0,1,1.7,true,2026-11-25T08:00:00+08:00,1\n");
    assert!(weed.put("deliveries/2026/people.csv", csv.as_bytes()));
    let first = take().unwrap();
    assert_eq!(
        (
            first.counts.accepted,
            first.counts.quarantined,
            first.already
        ),
        (500, 1, false)
    );
    assert!(
        take().unwrap().already,
        "the same object is not taken twice"
    );
    let more = people_csv(1..=501, "p");
    assert!(weed.put("deliveries/2026/people.csv", more.as_bytes()));
    let second = take().unwrap();
    assert_eq!((second.counts.accepted, second.replaced), (501, 500));
    assert_eq!(town.count("people"), 501);
    // What was fetched is gone.
    let left = std::fs::read_dir(town.folder.path()).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["data"], "{names:?}");
}

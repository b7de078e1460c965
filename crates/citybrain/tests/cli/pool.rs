//! `citybrain pool …`: a file with a mistake goes in, the mistake is mended, the quality is measured.

use crate::support::{Place, root, snapshot};

const HEADER: &str =
    "plate,citizen_number,vin,kind,energy,brand,registered_on,inspection_valid_until,status\n";

fn line(plate: &str, registered: &str) -> String {
    format!(
        "{plate},11010519491231002X,LSVAA4182E2184847,car,petrol,Red Flag,{registered},2027-01-01,valid\n"
    )
}

#[test]
fn a_record_that_is_not_right_waits_until_it_is_corrected() {
    let place = Place::new();
    let city = root().join("cities/hangzhou");
    let city = city.to_str().unwrap();
    place.write(
        "vehicles.csv",
        &format!(
            "{HEADER}{}{}",
            line("浙A10001", "2024-02-29"),
            line("浙A10002", "2023-02-29")
        ),
    );
    let pool = |exit: i32, args: &[&str]| {
        let args: Vec<&str> = args
            .iter()
            .copied()
            .chain(["--city", city, "--data", "data", "--json"])
            .collect();
        place.json(exit, &args)
    };
    let report = pool(1, &["pool", "load", "vehicles.csv"]);
    assert_eq!(
        (&report["accepted"], &report["quarantined"]),
        (&1.into(), &1.into()),
        "{report}"
    );
    let again = pool(0, &["pool", "load", "vehicles.csv"]);
    assert_eq!(again["loads"][0]["already"], true);

    let list = pool(0, &["pool", "quarantine", "list", "--dataset", "vehicles"]);
    let held = &list["records"][0];
    assert_eq!(held["faults"][0]["code"], "no-such-date");
    assert_eq!(held["faults"][0]["remedy"], "2023-02 has 28 days");
    let id = held["id"].to_string();
    let mut record = held["record"].clone();
    record["registered_on"] = "2023-03-01".into();
    let corrected = pool(
        0,
        &["pool", "quarantine", "correct", &id, &record.to_string()],
    );
    assert_eq!(corrected["outcome"], "taken");

    let quality = pool(0, &["pool", "quality", "vehicles"]);
    assert_eq!(
        (&quality[0]["validity"], &quality[0]["late"]),
        (&0.5.into(), &false.into()),
        "{quality}"
    );
    // The owner is no resident: nobody has been loaded.
    assert_eq!(quality[0]["integrity"], 0.0);
}

#[test]
fn what_cannot_be_loaded_says_why() {
    let place = Place::new();
    let city = root().join("cities/hangzhou");
    let city = city.to_str().unwrap();
    place.write("vehicles.csv", "plate;owner\n");
    place.write("vehicels.csv", HEADER);
    let run = |name: &str| place.run(&["pool", "load", name, "--city", city, "--data", "data"]);
    snapshot!("pool_missing_column", run("vehicles.csv"));
    snapshot!("pool_unknown_dataset", run("vehicels.csv"));
    snapshot!("pool_no_such_file", run("residents.csv"));
}

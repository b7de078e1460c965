//! Tests of `files`.

use super::*;
use roads::generate::{GridSpec, grid};

fn roads() -> Roads {
    Roads::of(&grid(&GridSpec::default()).unwrap())
}

#[test]
fn a_table_written_is_read_back() {
    let roads = roads();
    let text = "link,bin,n,speed,p05,p15,p50,p85,p95\nroad_1_1_0,28,3,5.5,1,2,3,4,5\nroad_1_1_1,28,1.5,7,,,,,\n";
    let rows = read_rows(text.as_bytes(), Path::new("t.csv"), &roads).unwrap();
    assert_eq!(rows.len(), 2);
    let mut out = Vec::new();
    write_rows(&rows, &roads, &mut out).unwrap();
    let again = read_rows(out.as_slice(), Path::new("t.csv"), &roads).unwrap();
    assert_eq!(rows, again);
    let named: Vec<Row> = rows.iter().map(|row| Row::of(row, &roads)).collect();
    let json = serde_json::to_vec(&named).unwrap();
    let from_json = read_rows(json.as_slice(), Path::new("t.json"), &roads).unwrap();
    let close = |(a, b): (&LinkObs, &LinkObs)| (a.se_s - b.se_s).abs() < 1e-9 && a.link == b.link;
    assert!(from_json.len() == rows.len() && rows.iter().zip(&from_json).all(close));
}

#[test]
fn bad_records_are_refused_with_line_field_and_remedy() {
    let roads = roads();
    let refused = |text: &str| {
        read_rows(text.as_bytes(), Path::new("t.csv"), &roads)
            .unwrap_err()
            .to_string()
    };
    let head = "link,bin,n,speed\nroad_1_1_0,0,1,5\n";
    assert_eq!(
        refused(&format!("{head}nowhere,1,1,5\n")),
        "t.csv:3: link \"nowhere\" is no link of the network"
    );
    assert_eq!(
        refused(&format!("{head}road_1_1_0,1,1,0\n")),
        "t.csv:3: speed is 0; it must be greater than zero"
    );
    assert!(refused(&format!("{head}road_1_1_0,x,1,5\n")).starts_with("t.csv:3: column 2"));
    assert!(refused(&format!("{head}road_1_1_0,1\n")).starts_with("t.csv:3"));
    assert!(refused("[{\"link\": 3}]").contains("no list of rows"));
    let text = "vehicle,link,entered,left\n1,road_1_1_0,100,50\n";
    let error = read_traversals(text.as_bytes(), Path::new("v.csv"), &roads).unwrap_err();
    assert!(
        error.to_string().starts_with("v.csv:2: left is 50"),
        "{error}"
    );
}

#[test]
fn json_is_read_row_by_row_and_no_row_is_endless() {
    let roads = roads();
    let row = "{\"link\":\"road_1_1_0\",\"bin\":1,\"n\":1,\"speed\":5}";
    let read = |text: String| {
        let found = read_rows(text.as_bytes(), Path::new("t.json"), &roads);
        found.map_err(|error| error.to_string())
    };
    // Together the rows are far longer than one may be.
    let many = vec![row; 10_000].join(",\n");
    assert!(many.len() as u64 > 2 * ROW_READ_BYTES);
    assert_eq!(read(format!("[{many}]")).unwrap().len(), 10_000);
    let endless = format!("[{row},{{\"link\":\"{}", "a".repeat(1 << 20));
    let fault = read(endless).unwrap_err();
    assert!(
        fault.starts_with("t.json:2: the row is longer than"),
        "{fault}"
    );
    let wrong = format!("[{row},{}]", row.replace(":5", ":0"));
    assert_eq!(
        read(wrong).unwrap_err(),
        "t.json:2: speed is 0; it must be greater than zero"
    );
    assert!(
        read(format!("[{row}] x"))
            .unwrap_err()
            .contains("no list of rows")
    );
}

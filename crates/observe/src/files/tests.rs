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
        "t.csv:3: speed is 0; it must be 0.028 to 85 m/s"
    );
    assert!(refused(&format!("{head}road_1_1_0,x,1,5\n")).starts_with("t.csv:3: column 2"));
    assert!(refused(&format!("{head}road_1_1_0,1\n")).starts_with("t.csv:3"));
    assert!(refused("[{\"link\": 3}]").contains("no list of rows"));
    let text = "vehicle,link,entered,left\n1,road_1_1_0,100,50\n";
    let error = each_traversal(text.as_bytes(), Path::new("v.csv"), &roads, &mut |_, _| {
        Ok(())
    })
    .unwrap_err();
    assert!(
        error.to_string().starts_with("v.csv:2: left is 50"),
        "{error}"
    );
    let text = "vehicle,link,entered,left\n1,road_1_1_0,100,1e300\n";
    let error = each_traversal(text.as_bytes(), Path::new("v.csv"), &roads, &mut |_, _| {
        Ok(())
    })
    .unwrap_err();
    assert!(
        error.to_string().ends_with("it must be within a century"),
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
    let many: Vec<String> = (0..10_000)
        .map(|bin| row.replace("\"bin\":1", &format!("\"bin\":{bin}")))
        .collect();
    let many = many.join(",\n");
    assert!(many.len() as u64 > 2 * ROW_READ_BYTES);
    assert_eq!(read(format!("[{many}]")).unwrap().len(), 10_000);
    let endless = format!("[{row},{{\"link\":\"{}", "a".repeat(1 << 20));
    let fault = read(endless).unwrap_err();
    assert!(
        fault.starts_with("t.json:1: row 2 is longer than"),
        "{fault}"
    );
    let wrong = format!("[{row},{}]", row.replace(":5", ":0"));
    assert_eq!(
        read(wrong).unwrap_err(),
        "t.json:1: row 2: speed is 0; it must be 0.028 to 85 m/s"
    );
    assert!(
        read(format!("[{row}] x"))
            .unwrap_err()
            .contains("no list of rows")
    );
}

#[test]
fn lines_of_json_are_those_of_the_file_for_every_fault() {
    let roads = roads();
    let read = |text: &str| {
        let found = read_rows(text.as_bytes(), Path::new("t.json"), &roads);
        found.unwrap_err().to_string()
    };
    let first = "[\n{\"link\":\"road_1_1_0\",\"bin\":1,\n\"n\":1,\"speed\":5},\n";
    let wrong = "{\"link\":\"road_1_1_0\",\"bin\":2,\n\"n\":1,\"speed\":-5}\n]";
    assert_eq!(
        read(&format!("{first}{wrong}")),
        "t.json:5: row 2: speed is -5; it must be 0.028 to 85 m/s"
    );
    let broken = read(&format!("{first}{{\"link\":3}}]"));
    assert!(
        broken.starts_with("t.json:4: the table is no list of rows"),
        "{broken}"
    );
}

#[test]
fn a_link_and_quarter_hour_that_stand_twice_are_refused() {
    let roads = roads();
    let text = "link,bin,n,speed\nroad_1_1_0,0,1,5\nroad_1_1_1,0,1,5\nroad_1_1_0,0,2,6\n";
    let error = read_rows(text.as_bytes(), Path::new("t.csv"), &roads).unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.csv:4: link \"road_1_1_0\" has quarter hour 0 on line 2 already; one row must have both"
    );
}

#[test]
fn what_no_road_can_have_is_refused_with_its_bounds() {
    let roads = roads();
    let rows = |fields: &str, values: &str| {
        let text = format!("link,bin,n,speed{fields}\nroad_1_1_0,0,{values}\n");
        let found = read_rows(text.as_bytes(), Path::new("t.csv"), &roads);
        found.unwrap_err().to_string()
    };
    assert_eq!(
        rows("", "1,300"),
        "t.csv:2: speed is 300; it must be 0.028 to 85 m/s"
    );
    assert_eq!(
        rows("", "1e7,10"),
        "t.csv:2: n is 10000000; it must be 0.000 to 100000"
    );
    assert_eq!(
        rows(",borrowed", "1,10,1.5"),
        "t.csv:2: borrowed is 1.5; it must be 0.000 to 1"
    );
    assert!(rows(",se_s", "1,10,1e9").contains("se_s is 1000000000; it must be"));
    assert_eq!(
        rows(",p85", "1,10,900"),
        "t.csv:2: p85 is 900; it must be 0.028 to 85 m/s"
    );
    let counts = |values: &str| {
        let text = format!("link,at,vehicles,speed,lane,occupancy\nroad_1_1_0,{values}\n");
        let path = Path::new("c.csv");
        let found = each_count(text.as_bytes(), path, &roads, &mut |_, _| Ok(()));
        found.unwrap_err().to_string()
    };
    assert_eq!(
        counts("10,-1,,,"),
        "c.csv:2: vehicles is -1; it must be 0 to 100000"
    );
    assert_eq!(
        counts("10,5,0,,"),
        "c.csv:2: speed is 0; it must be 0.028 to 85 m/s, or empty if none was measured"
    );
    assert!(counts("-10,5,8,,").contains("at is -10; it must be seconds since the first midnight"));
    assert_eq!(counts("10,5,8,9,"), "c.csv:2: lane is 9; it must be 0 to 2");
    assert_eq!(
        counts("10,5,8,0,40"),
        "c.csv:2: occupancy is 40; it must be 0 to 1, not per cent"
    );
}

//! The quarantine's table in the meta database.

use serde_json::Value as Json;

use super::{ALARM_PERCENT, Count, Filter, Held, Origin, State};
use crate::clock::Moment;
use crate::ingest::{Bad, Error, Fault};
use crate::sql::{Row, Sql, SqlValue, Transaction};
use crate::values;

/// Most bytes of a raw record that are kept.
const RAW_BYTES_MAX: usize = 1 << 20;
/// Bytes that a record costs besides its text.
const RECORD_BYTES: usize = 200;
/// Records that go into the database in one transaction.
const TRANSACTION_RECORDS: usize = 10_000;

const COLUMNS: &str =
    "id, dataset, load, source, place, raw, record, reasons, at, state, settled, note";

/// Puts records into the quarantine and says how many are new: those that came with the same load
/// from the same place are there already.
///
/// # Errors
/// [`Error::QuarantineFull`], and then none of them is in it.
pub fn put(sql: &Sql, origin: &Origin<'_>, records: &[Bad]) -> Result<u64, Error> {
    let mut new = 0;
    for some in records.chunks(TRANSACTION_RECORDS) {
        new += sql.transaction(|transaction| put_some(transaction, origin, some))?;
    }
    Ok(new)
}

fn put_some(
    transaction: &mut Transaction<'_>,
    origin: &Origin<'_>,
    records: &[Bad],
) -> Result<u64, Error> {
    let (mut new, mut bytes) = (0, 0);
    for bad in records {
        let raw = bad.raw.get(..RAW_BYTES_MAX).unwrap_or(&bad.raw);
        let record = bad
            .record
            .as_ref()
            .map(|record| Json::Object(record.clone()).to_string());
        let reasons = serde_json::to_string(&bad.faults).unwrap_or_default();
        let code = bad
            .faults
            .first()
            .map(|fault| fault.code.word())
            .unwrap_or_default();
        let size =
            raw.len() + record.as_ref().map_or(0, String::len) + reasons.len() + RECORD_BYTES;
        let added = transaction.execute(
            "INSERT INTO quarantine (dataset, load, source, place, raw, record, reasons, code, at, state, bytes) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10) ON CONFLICT (load, place) DO NOTHING",
            &values![
                origin.dataset, origin.load, origin.source, bad.place, raw, record, reasons, code, origin.at, size
            ],
        )?;
        new += added;
        bytes += added * size as u64;
    }
    if new == 0 {
        return Ok(0);
    }
    let held = held(transaction)? + bytes;
    if held > origin.bytes_max {
        return Err(Error::QuarantineFull {
            held,
            limit: origin.bytes_max,
        });
    }
    if held > origin.bytes_max / 100 * ALARM_PERCENT {
        tracing::warn!(
            held,
            limit = origin.bytes_max,
            "the quarantine is nearly full"
        );
    }
    hold(
        transaction,
        origin.dataset,
        new.cast_signed(),
        bytes.cast_signed(),
    )?;
    Ok(new)
}

fn held(transaction: &mut Transaction<'_>) -> Result<u64, Error> {
    let rows = transaction.query(
        "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM quarantine_held",
        &[],
    )?;
    Ok(rows.first().map_or(Ok(0), |row| row.get(0))?)
}

fn hold(
    transaction: &mut Transaction<'_>,
    dataset: &str,
    records: i64,
    bytes: i64,
) -> Result<(), Error> {
    transaction.execute(
        "INSERT INTO quarantine_held (dataset, records, bytes) VALUES ($1, $2, $3) \
         ON CONFLICT (dataset) DO UPDATE SET records = quarantine_held.records + excluded.records, \
         bytes = quarantine_held.bytes + excluded.bytes",
        &values![dataset, records, bytes],
    )?;
    Ok(())
}

/// The condition of a filter with its parameters, which begin at `$1`.
fn condition(filter: &Filter) -> (String, Vec<SqlValue>) {
    let mut parameters = vec![SqlValue::from(filter.after)];
    let mut sql = "id > $1".to_owned();
    let code = filter.code.map(crate::ingest::Code::word);
    let state = filter.state.map(|state| state.word().to_owned());
    let columns = [
        ("dataset", &filter.dataset),
        ("load", &filter.load),
        ("code", &code),
        ("state", &state),
    ];
    for (column, value) in columns {
        if let Some(value) = value {
            parameters.push(value.into());
            sql.push_str(&format!(" AND {column} = ${}", parameters.len()));
        }
    }
    (sql, parameters)
}

/// The records that a filter means, oldest first, `limit` at most.
pub fn list(sql: &Sql, filter: &Filter, limit: usize) -> Result<Vec<Held>, Error> {
    let (condition, mut parameters) = condition(filter);
    parameters.push(limit.into());
    let query = format!(
        "SELECT {COLUMNS} FROM quarantine WHERE {condition} ORDER BY id LIMIT ${}",
        parameters.len()
    );
    sql.query(&query, &parameters)?
        .iter()
        .map(held_record)
        .collect()
}

/// The record with this number.
pub fn get(sql: &Sql, id: u64) -> Result<Option<Held>, Error> {
    let query = format!("SELECT {COLUMNS} FROM quarantine WHERE id = $1");
    sql.query(&query, &values![id])?
        .first()
        .map(held_record)
        .transpose()
}

fn held_record(row: &Row) -> Result<Held, Error> {
    let raw: Vec<u8> = row.get(5)?;
    let record: Option<String> = row.get(6)?;
    let reasons: String = row.get(7)?;
    let state: String = row.get(9)?;
    Ok(Held {
        id: row.get(0)?,
        dataset: row.get(1)?,
        load: row.get(2)?,
        source: row.get(3)?,
        place: row.get(4)?,
        raw: String::from_utf8_lossy(&raw).into_owned(),
        record: record.and_then(|text| serde_json::from_str(&text).ok()),
        faults: serde_json::from_str::<Vec<Fault>>(&reasons).unwrap_or_default(),
        at: row.get(8)?,
        state: State::of(&state).unwrap_or(State::Waiting),
        settled: row.get(10)?,
        note: row.get(11)?,
    })
}

/// How many records there are of each dataset, state and sort of fault.
pub fn counts(sql: &Sql) -> Result<Vec<Count>, Error> {
    let rows = sql.query(
        "SELECT dataset, state, code, CAST(COUNT(*) AS BIGINT), CAST(SUM(bytes) AS BIGINT) FROM quarantine \
         GROUP BY dataset, state, code ORDER BY dataset, state, code",
        &[],
    )?;
    let count = |row: &Row| -> Result<Count, Error> {
        Ok(Count {
            dataset: row.get(0)?,
            state: row.get(1)?,
            code: row.get(2)?,
            records: row.get(3)?,
            bytes: row.get(4)?,
        })
    };
    rows.iter().map(count).collect()
}

/// Notes what has become of records that wait, and lets go of their room.
pub(super) fn settle(
    sql: &Sql,
    ids: &[u64],
    state: State,
    now: Moment,
    note: &str,
) -> Result<u64, Error> {
    sql.transaction(|transaction| {
        let mut settled = 0;
        for id in ids {
            let rows = transaction.query(
                "SELECT dataset, bytes FROM quarantine WHERE id = $1 AND state = 'waiting'",
                &values![*id],
            )?;
            let Some(row) = rows.first() else { continue };
            let (dataset, bytes): (String, i64) = (row.get(0)?, row.get(1)?);
            settled += transaction.execute(
                "UPDATE quarantine SET state = $2, settled = $3, note = $4 WHERE id = $1",
                &values![*id, state.word(), now, note],
            )?;
            if state == State::Discarded {
                let empty: &[u8] = &[];
                transaction.execute(
                    "UPDATE quarantine SET raw = $2, record = NULL, bytes = 0 WHERE id = $1",
                    &values![*id, empty],
                )?;
            }
            hold(transaction, &dataset, -1, -bytes)?;
        }
        Ok(settled)
    })
}

/// Discards records that wait. Their rows stay, without what was in them.
pub fn discard(sql: &Sql, ids: &[u64], now: Moment, note: &str) -> Result<u64, Error> {
    settle(sql, ids, State::Discarded, now, note)
}

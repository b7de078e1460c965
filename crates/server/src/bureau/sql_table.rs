//! Answers of questions as tables and charts.

use futures::TryStreamExt;
use lake::{Answer, Error, Format};
use serde_json::Value as Json;

use super::chart::{Chart, Series};

/// Rows that a page shows; downloads have all of them.
pub(super) const ROWS_SHOWN: usize = 500;
/// Most bars; more are drawn as a line.
const BARS: usize = 40;
/// Most positions of a line.
const POSITIONS: usize = 500;

/// A column of an answer.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) numeric: bool,
    pub(super) temporal: bool,
}

/// A value, written.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) numeric: bool,
    pub(super) missing: bool,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) count: usize,
}

impl Answered {
    /// Whether there are more rows than are shown.
    pub(super) fn is_cut(&self) -> bool {
        self.count > self.rows.len()
    }
}

/// Reads an answer.
pub(super) async fn read(answer: Answer) -> Result<Answered, Error> {
    let schema = std::sync::Arc::clone(answer.schema());
    let column = |field: &arrow::datatypes::FieldRef| Column {
        name: field.name().clone(),
        kind: field.data_type().to_string(),
        numeric: field.data_type().is_numeric(),
        temporal: field.data_type().is_temporal(),
    };
    let columns: Vec<Column> = schema.fields().iter().map(column).collect();
    let pieces: Vec<bytes::Bytes> = answer.written(Format::NdJson).try_collect().await?;
    let text = pieces.concat();
    let lines = || {
        text.split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
    };
    let row = |line: &[u8]| {
        let object: serde_json::Map<String, Json> =
            serde_json::from_slice(line).unwrap_or_default();
        columns
            .iter()
            .map(|column| cell(column, object.get(&column.name)))
            .collect()
    };
    let rows = lines().take(ROWS_SHOWN).map(row).collect();
    Ok(Answered {
        rows,
        count: lines().count(),
        columns,
    })
}

fn cell(column: &Column, value: Option<&Json>) -> Cell {
    let (text, missing) = match value {
        None | Some(Json::Null) => ("–".to_owned(), true),
        Some(Json::String(text)) => (text.clone(), false),
        Some(other) => (other.to_string(), false),
    };
    Cell {
        text,
        numeric: column.numeric,
        missing,
    }
}

/// Bars for a few words with numbers, a line for many or for times; nothing where there is nothing
/// to draw.
pub(super) fn chart_of(answered: &Answered, title: &str) -> Option<Chart> {
    let words = answered.columns.iter().position(|column| !column.numeric);
    let label = words.unwrap_or(0);
    let numbers = answered
        .columns
        .iter()
        .enumerate()
        .filter(|(at, column)| column.numeric && *at != label);
    let numbers: Vec<usize> = numbers.map(|(at, _)| at).collect();
    if answered.rows.len() < 2 || numbers.is_empty() {
        return None;
    }
    let rows = answered.rows.get(..answered.rows.len().min(POSITIONS))?;
    let labels: Vec<String> = rows
        .iter()
        .filter_map(|row| row.get(label))
        .map(|cell| cell.text.clone())
        .collect();
    let series: Vec<Series> = numbers
        .iter()
        .map(|&at| Series {
            name: answered
                .columns
                .get(at)
                .map(|column| column.name.clone())
                .unwrap_or_default(),
            values: rows
                .iter()
                .map(|row| row.get(at).and_then(|cell| cell.text.parse().ok()))
                .collect(),
        })
        .collect();
    let over_time = answered
        .columns
        .get(label)
        .is_some_and(|column| column.temporal || column.numeric);
    if over_time || rows.len() > BARS {
        Some(Chart::lines(title.to_owned(), &labels, &series, None))
    } else {
        Some(Chart::bars(title.to_owned(), &labels, &series))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(kinds: &[(&str, bool, bool)], rows: usize) -> Answered {
        let columns: Vec<Column> = kinds
            .iter()
            .map(|(name, numeric, temporal)| Column {
                name: (*name).to_owned(),
                kind: String::new(),
                numeric: *numeric,
                temporal: *temporal,
            })
            .collect();
        let row = |at: usize| {
            columns
                .iter()
                .map(|column| cell(column, Some(&Json::from(at))))
                .collect()
        };
        Answered {
            rows: (0..rows).map(row).collect(),
            count: rows,
            columns,
        }
    }

    #[test]
    fn few_words_are_bars_and_times_are_a_line() {
        let words = chart_of(
            &answered(&[("district", false, false), ("records", true, false)], 5),
            "",
        )
        .unwrap();
        assert_eq!((words.bars.len(), words.lines.len()), (5, 0));
        let days = chart_of(
            &answered(&[("day", false, true), ("records", true, false)], 5),
            "",
        )
        .unwrap();
        assert_eq!((days.bars.len(), days.lines.len()), (0, 1));
        let many = chart_of(
            &answered(&[("name", false, false), ("records", true, false)], 100),
            "",
        )
        .unwrap();
        assert_eq!(many.lines.len(), 1);
    }

    #[test]
    fn one_row_or_no_numbers_are_no_chart() {
        assert!(chart_of(&answered(&[("a", false, false), ("n", true, false)], 1), "").is_none());
        assert!(
            chart_of(
                &answered(&[("a", false, false), ("b", false, false)], 5),
                ""
            )
            .is_none()
        );
        assert!(chart_of(&answered(&[], 5), "").is_none());
    }
}

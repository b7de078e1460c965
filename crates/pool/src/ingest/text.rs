//! Checks of text fields: length, words of a list, numbers with check characters, characters that
//! belong in no text.

use arrow::array::StringArray;
use city::kinds::{Field, FieldFormat};
use city::numbers;
use rustc_hash::FxHashSet;

use super::fault::{Code, shortened};
use super::limits::TEXT_CHARACTERS;
use super::raw::RowFault;
use super::scalar;

/// What a text field asks of its cells.
#[derive(Debug)]
pub(crate) struct TextChecks {
    characters_max: usize,
    format: Option<FieldFormat>,
    one_of: FxHashSet<Box<str>>,
}

impl TextChecks {
    /// What `field` asks.
    pub(crate) fn of(field: &Field) -> Self {
        let characters_max = field
            .max_length
            .map_or(TEXT_CHARACTERS, |most| most as usize);
        let one_of = field
            .one_of
            .iter()
            .map(|word| word.as_str().into())
            .collect();
        Self {
            characters_max,
            format: field.format,
            one_of,
        }
    }

    /// Adds the faults of a column, which is that of the field at `at`.
    pub(crate) fn check(&self, at: u16, text: &StringArray, faults: &mut Vec<RowFault>) {
        let mut fault = |row: usize, code: Code| {
            let value = shortened(text.value(row)).into();
            faults.push(RowFault {
                row: row as u32,
                field: at,
                code,
                value,
            });
        };
        if !self.one_of.is_empty() {
            each(text, |row, word| {
                if !self.one_of.contains(word) {
                    fault(row, Code::NotOneOf);
                }
            });
            return; // what is in the list has no control characters and is as long as it may be
        }
        if let Some(format) = self.format {
            each(text, |row, word| {
                if let Err(code) = well_formed(format, word) {
                    fault(row, code);
                }
            });
            return;
        }
        let most = self.characters_max;
        if text.offsets().lengths().any(|length| length > most) {
            each(text, |row, word| {
                if word.len() > most && word.chars().count() > most {
                    fault(row, Code::TooLong);
                }
            });
        }
        // One pass over the bytes of all cells; only if there is one are they looked through.
        if used_bytes(text).iter().any(|byte| is_control(*byte)) {
            each(text, |row, word| {
                if word.bytes().any(is_control) {
                    fault(row, Code::ControlCharacter);
                }
            });
        }
    }
}

/// Calls `check` with each cell that is there.
fn each(text: &StringArray, mut check: impl FnMut(usize, &str)) {
    for (row, word) in text.iter().enumerate() {
        if let Some(word) = word {
            check(row, word);
        }
    }
}

/// The bytes of the cells, without those of other parts that share the buffer.
fn used_bytes(text: &StringArray) -> &[u8] {
    let offsets = text.value_offsets();
    let from = offsets.first().map_or(0, |at| *at as usize);
    let to = offsets.last().map_or(0, |at| *at as usize);
    text.value_data().get(from..to).unwrap_or_default()
}

/// Of the control characters only tabs and line ends belong in text.
fn is_control(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
}

fn well_formed(format: FieldFormat, word: &str) -> Result<(), Code> {
    let (right, code) = match format {
        FieldFormat::CitizenNumber => (numbers::citizen_number_is_valid(word), Code::CitizenNumber),
        FieldFormat::CreditCode => (numbers::credit_code_is_valid(word), Code::CreditCode),
        FieldFormat::Phone => (scalar::is_phone(word), Code::Phone),
        FieldFormat::Month => (scalar::is_month(word), Code::Month),
    };
    if right { Ok(()) } else { Err(code) }
}

//! Where results and notes go: results to standard output, as a table or as JSON; notes to
//! standard error, unless the user wants quiet.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// How to print.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    /// Results as JSON.
    pub(crate) json: bool,
    /// No notes, no progress.
    pub(crate) quiet: bool,
}

impl Printer {
    /// One line of results.
    #[expect(
        clippy::unused_self,
        reason = "results go through the printer, wherever it sends them"
    )]
    pub(crate) fn line(self, text: impl Display) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{text}")
    }

    /// A result as pretty JSON.
    #[expect(
        clippy::unused_self,
        reason = "results go through the printer, wherever it sends them"
    )]
    pub(crate) fn json(self, value: &impl Serialize) -> io::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        serde_json::to_writer_pretty(&mut out, value)?;
        writeln!(out)?;
        out.flush()
    }

    /// A result as JSON on one line.
    pub(crate) fn json_line(self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(value)?;
        self.line(text)?;
        io::stdout().flush()
    }

    /// A note for the person at the terminal.
    pub(crate) fn note(self, text: impl Display) {
        if !self.quiet {
            // A closed standard error is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Whether to show progress bars.
    pub(crate) fn progress(self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// A progress bar to this length; hidden where nobody watches.
    pub(crate) fn bar(self, length: u64, template: &str) -> ProgressBar {
        if !self.progress() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(length);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }
}

/// A table whose first column is text and whose others are numbers, right-aligned.
pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')))
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    flush_left(&mut table);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A table of names and values.
pub(crate) fn properties<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    for (name, value) in rows {
        table.add_row([name.to_owned(), value]);
    }
    flush_left(&mut table);
    table
}

/// Lets columns begin at the left edge, two spaces apart.
pub(crate) fn flush_left(table: &mut Table) {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
}

/// A whole number with thin groups: `12 345 678`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Bytes in a unit that fits.
pub(crate) fn bytes(count: u64) -> String {
    let count = count as f64;
    if count >= 1e9 {
        format!("{:.2} GB", count / 1e9)
    } else if count >= 1e6 {
        format!("{:.1} MB", count / 1e6)
    } else {
        format!("{:.1} kB", count / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1234), "1 234");
        assert_eq!(grouped(12_345_678), "12 345 678");
    }
}

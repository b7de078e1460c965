//! `citybrain pool sql`: questions from the command line, within what a department may see.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;

use futures::TryStreamExt;
use lake::{Format, Guest};
use pool::Moment;
use pool::exchange::Reader;
use server::questions::Asker;

use crate::cli::pool_sql::{AnswerFormat, SqlArgs};
use crate::error::{Error, Exit, Outcome};
use crate::load::pool as bureau;
use crate::printer::Printer;
use crate::settings::Layers;

/// Who asks, in the ledger: somebody at the machine.
const CONSOLE: &str = "console";

/// Answers one question, or those of standard input.
pub(crate) fn sql(args: &SqlArgs, mut layers: Layers, printer: Printer) -> Outcome {
    let text = |path: &std::path::PathBuf| path.display().to_string();
    layers.flag("pool.data", "--data", args.place.data.as_ref().map(text))?;
    layers.flag("pool.city", "--city", args.place.city.as_ref().map(text))?;
    layers.flag("pool.cluster", "--cluster", args.cluster.clone())?;
    let settings = layers.settings()?.pool;
    let city = bureau::definitions(&settings.city)?;
    let department = department(&city, args.department.as_deref())?;
    let as_of = args.as_of.as_deref().map(moment).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let pool = bureau::pool(&settings, &city)?;
        let bureau = bureau::bureau(&settings, city, pool).await?;
        let mut keeper = bureau::keeper(&bureau, &settings)?;
        while keeper.step().await.map_err(|error| refused(&error))? {}
        let asker = Asker::new(Arc::clone(&bureau.exchange), Arc::clone(&bureau.lake));
        let reader = Reader {
            client: CONSOLE.to_owned(),
            department,
            purpose: args.purpose.clone(),
            reference: None,
            evidence: [0; 32],
        };
        let guest = asker
            .guest(reader, args.department.is_none(), as_of)
            .await
            .map_err(|error| refused(&error))?;
        let console = Console {
            guest,
            format: format(args, printer),
            printer,
        };
        match &args.question {
            Some(question) => console.ask(question).await.map(|()| Exit::Success),
            None => console.talk().await,
        }
    })
}

fn format(args: &SqlArgs, printer: Printer) -> AnswerFormat {
    args.format.unwrap_or(if printer.json {
        AnswerFormat::Json
    } else {
        AnswerFormat::Table
    })
}

/// The department, or the nearest name; without one, none that has data of its own.
fn department(city: &city::City, named: Option<&str>) -> Result<String, Error> {
    let Some(named) = named else {
        return Ok("bureau".to_owned());
    };
    if city.get::<city::kinds::Department>(named).is_some() {
        return Ok(named.to_owned());
    }
    let all = city
        .all::<city::kinds::Department>()
        .map(|definition| definition.id.as_str());
    Err(Error::Refused {
        message: format!("there is no department {named:?}"),
        help: crate::error::nearest(named, all),
    })
}

fn moment(text: &str) -> Result<Moment, Error> {
    lake::moment(text).ok_or_else(|| Error::Refused {
        message: format!("--as-of {text:?} is no moment"),
        help: Some("write it as 2026-11-25T08:00:00Z".to_owned()),
    })
}

fn refused(error: &lake::Error) -> Error {
    Error::Refused {
        message: pool::chain(error),
        help: None,
    }
}

struct Console {
    guest: Guest,
    format: AnswerFormat,
    printer: Printer,
}

impl Console {
    /// Answers one question on standard output.
    async fn ask(&self, question: &str) -> Result<(), Error> {
        let began = std::time::Instant::now();
        let answer = self
            .guest
            .ask(question)
            .await
            .map_err(|error| refused(&error))?;
        let form = match self.format {
            AnswerFormat::Table => {
                let (table, rows) = answer.table().await.map_err(|error| refused(&error))?;
                self.printer.line(table)?;
                self.printer.note(format_args!(
                    "{rows} rows in {:.3} s",
                    began.elapsed().as_secs_f64()
                ));
                return Ok(());
            }
            AnswerFormat::Json => Format::Json,
            AnswerFormat::Ndjson => Format::NdJson,
            AnswerFormat::Csv => Format::Csv,
            AnswerFormat::Arrow => Format::Arrow,
        };
        let mut pieces = Box::pin(answer.written(form));
        while let Some(piece) = pieces.try_next().await.map_err(|error| refused(&error))? {
            let mut out = std::io::stdout().lock();
            out.write_all(&piece)?;
            out.flush()?;
        }
        Ok(())
    }

    /// Answers the questions of standard input, each up to a semicolon.
    async fn talk(&self) -> Outcome {
        let people = std::io::stdin().is_terminal();
        let mut exit = Exit::Success;
        let mut question = String::new();
        loop {
            if people {
                let mut out = std::io::stderr().lock();
                write!(
                    out,
                    "{}",
                    if question.is_empty() {
                        "citybrain> "
                    } else {
                        "       ... "
                    }
                )?;
                out.flush()?;
            }
            let mut line = String::new();
            let end = std::io::stdin().lock().read_line(&mut line)? == 0;
            question.push_str(&line);
            if !end && !line.trim_end().ends_with(';') {
                continue;
            }
            let whole = std::mem::take(&mut question);
            let whole = whole.trim().trim_end_matches(';').trim();
            if matches!(whole, "exit" | "quit" | "\\q") {
                return Ok(exit);
            }
            if !whole.is_empty()
                && let Err(error) = self.ask(whole).await
            {
                exit = Exit::Findings;
                let mut out = std::io::stderr().lock();
                writeln!(out, "{:?}", miette::Report::new(error))?;
            }
            if end {
                return Ok(exit);
            }
        }
    }
}

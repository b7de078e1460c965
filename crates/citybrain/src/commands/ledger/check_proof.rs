//! `citybrain ledger check-proof`: whether a proof holds.

use ledger::{Proof, Proven};
use serde::Serialize;

use super::keys;
use crate::cli::ledger::CheckProofArgs;
use crate::error::{Error, Exit, Outcome};
use crate::printer::{Printer, grouped};

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    holds: bool,
    index: u64,
    #[serde(flatten)]
    proven: Option<Proven>,
    /// Why it does not hold.
    reason: Option<String>,
    /// What the entry says, where it is text.
    entry: Option<String>,
}

/// Checks, and prints what is proven.
pub(crate) fn check_proof(args: &CheckProofArgs, printer: Printer) -> Outcome {
    let key = keys::public("--key", &args.key)?;
    let witnesses = args
        .witness
        .iter()
        .map(|key| keys::public("--witness", key));
    let witnesses = witnesses.collect::<Result<Vec<_>, Error>>()?;
    let text = keys::read(&args.proof)?;
    let proof: Proof = serde_json::from_str(&text).map_err(|error| Error::Input {
        what: "a proof",
        path: args.proof.clone(),
        source: Box::new(error),
        help: Some("`citybrain ledger prove` writes one".to_owned()),
    })?;
    let checked = proof.verify(&key, &witnesses);
    let entry = proof
        .entry()
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let exit = if checked.is_ok() {
        Exit::Success
    } else {
        Exit::Findings
    };
    if printer.json {
        let reason = checked.as_ref().err().map(ToString::to_string);
        printer.json(&Report {
            holds: reason.is_none(),
            index: proof.index,
            proven: checked.ok(),
            reason,
            entry,
        })?;
        return Ok(exit);
    }
    match checked {
        Ok(proven) => {
            printer.line(format_args!(
                "entry {} stands in {}, among {} entries with root {}",
                proof.index,
                proven.origin,
                grouped(proven.size),
                proven.root
            ))?;
            for (witness, _) in &proven.witnesses {
                printer.line(format_args!("{witness} has cosigned it"))?;
            }
            if let Some(entry) = entry {
                let entry: String = entry.chars().filter(|c| !c.is_control()).collect();
                printer.line(entry)?;
            }
        }
        Err(error) => printer.line(format_args!("{}: {error}", args.proof.display()))?,
    }
    Ok(exit)
}

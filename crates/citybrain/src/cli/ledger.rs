//! `citybrain ledger …`: check, read and prove what the ledger holds.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `citybrain ledger …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain ledger verify data/ledger --key ledger.vkey
  citybrain ledger show data/ledger --tail 20
  citybrain ledger prove data/ledger 4711 --out proof.json
  citybrain ledger check-proof proof.json --key ledger.vkey
  citybrain ledger witness data/ledger --key witness.key --log ledger.vkey
  citybrain ledger keygen city.example/ledger --out ledger.key")]
pub(crate) enum LedgerCommand {
    /// Check a whole ledger offline: every entry, tile, checkpoint and signature
    Verify(VerifyArgs),
    /// Print its newest checkpoint, and entries
    Show(ShowArgs),
    /// Write a proof that an entry stands in it, which can be checked without it
    Prove(ProveArgs),
    /// Check such a proof
    CheckProof(CheckProofArgs),
    /// Cosign its newest checkpoint, if it continues the one cosigned before
    Witness(WitnessArgs),
    /// Make a key for a ledger or for a witness
    Keygen(KeygenArgs),
}

/// `citybrain ledger verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain ledger verify data/ledger --key ledger.vkey
  citybrain ledger verify mirror --key ledger.vkey --witness 'court.example+1c5a…' --json
  citybrain ledger verify data/ledger --key ledger.vkey --known kept-last-year.checkpoint
  citybrain ledger verify data/ledger --key ledger.vkey --state verified.json

Computes every hash anew from the entries, and compares tiles and all checkpoints that were ever
signed or cosigned. Exit code 1 when something is wrong; each finding names the entry.
Keys are given as text (name+hash+base64) or as a file with it.")]
pub(crate) struct VerifyArgs {
    /// The ledger's folder, or a copy of it
    pub(crate) folder: PathBuf,
    /// The ledger's public key; without it no signature is checked
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) key: Option<String>,
    /// A witness that has to have cosigned; may be given more than once
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) witness: Vec<String>,
    /// A checkpoint kept elsewhere: the ledger has to continue it
    #[arg(long, value_name = "FILE")]
    pub(crate) known: Option<PathBuf>,
    /// Go on from where the run that wrote this file ended, and write it anew when all is well
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Threads (default: one for each processor)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) threads: Option<u64>,
}

/// `citybrain ledger show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain ledger show data/ledger
  citybrain ledger show data/ledger --index 4711
  citybrain ledger show data/ledger --tail 20 --json")]
pub(crate) struct ShowArgs {
    /// The ledger's folder, or a copy of it
    pub(crate) folder: PathBuf,
    /// Print this entry
    #[arg(long, value_name = "N", conflicts_with = "tail")]
    pub(crate) index: Option<u64>,
    /// Print the last entries
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) tail: Option<u64>,
}

/// `citybrain ledger prove`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain ledger prove data/ledger 4711 --out proof.json
  citybrain ledger prove data/ledger 4711 --key ledger.vkey > proof.json")]
pub(crate) struct ProveArgs {
    /// The ledger's folder, or a copy of it
    pub(crate) folder: PathBuf,
    /// The entry, counted from 0
    pub(crate) index: u64,
    /// Write the proof here instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Check it with the ledger's public key before it is written
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) key: Option<String>,
}

/// `citybrain ledger check-proof`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain ledger check-proof proof.json --key ledger.vkey
  citybrain ledger check-proof proof.json --key ledger.vkey --witness witness.vkey --json

Exit code 1 when the proof does not hold.")]
pub(crate) struct CheckProofArgs {
    /// The proof
    pub(crate) proof: PathBuf,
    /// The ledger's public key
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) key: String,
    /// A witness that has to have cosigned; may be given more than once
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) witness: Vec<String>,
}

/// `citybrain ledger witness`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain ledger keygen court.example/witness --witness --out witness.key
  citybrain ledger witness data/ledger --key witness.key --log ledger.vkey

What was cosigned last is kept beside the key (witness.key.seen): keep both where the ledger's
keeper cannot write. Exit code 1 when the checkpoint does not continue it.")]
pub(crate) struct WitnessArgs {
    /// The ledger's folder
    pub(crate) folder: PathBuf,
    /// The witness's secret key
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The ledger's public key
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) log: String,
    /// Where it is kept what was cosigned last (default: the key's file with .seen behind it)
    #[arg(long, value_name = "FILE")]
    pub(crate) seen: Option<PathBuf>,
}

/// `citybrain ledger keygen`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain ledger keygen city.example/ledger --out ledger.key
  citybrain ledger keygen court.example/witness --witness --out witness.key

Writes the secret key to the file (readable by its owner only) and the public key to the same file
with .vkey behind it, and prints the public key.")]
pub(crate) struct KeygenArgs {
    /// The key's name: for a ledger its origin, such as city.example/ledger
    pub(crate) name: String,
    /// Write the secret key here; an existing file is left alone
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// A key for a witness
    #[arg(long)]
    pub(crate) witness: bool,
}

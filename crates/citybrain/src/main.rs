//! `citybrain`: the command line, and the composition of the crates into one program.
//!
//! *Knows*: arguments, options, where results and notes are printed, exit codes; how the crates
//! are put together. *Does not know*: how anything is done: that is in the crates.
//!
//! [`cli`] holds the shape of the command line, [`settings`] decides which value an option has,
//! [`commands`] has one file for each command, and [`printer`] prints.

mod cli;
mod commands;
mod control;
mod env;
mod error;
mod http;
mod load;
mod logging;
mod measure;
mod output;
mod printer;
mod reference;
mod settings;
mod sumo;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;

use cli::claims::ClaimsCommand;
use cli::cluster::ClusterCommand;
use cli::exchange::{AgreementCommand, ClientCommand, ExchangeCommand};
use cli::ledger::LedgerCommand;
use cli::pool::PoolCommand;
use cli::{Cli, Command};
use cli::{bench::BenchCommand, roads::RoadsCommand, traffic::TrafficCommand};
use error::{Exit, Outcome};
use pool::exchange::Step;
use printer::Printer;
use settings::{Color, Layers};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come here too. Printing them may meet a closed pipe: no error.
            let _ = error.print();
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            };
            return exit.into();
        }
    };
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(error) if error.is_broken_pipe() => Exit::Success.into(),
        Err(error) => {
            let exit = error.exit();
            let report = miette::Report::new(error);
            let _ = writeln!(std::io::stderr().lock(), "{report:?}");
            exit.into()
        }
    }
}

/// Finds the options in force, sets up messages and logs, and runs the command.
fn run(cli: Cli) -> Outcome {
    show_errors();
    COLOR.store(color(cli.global.color.map(Color::from)), Ordering::Relaxed);
    let layers = Layers::load(&cli.global)?;
    let settings = layers.settings()?;
    let color = color(Some(settings.output.color));
    COLOR.store(color, Ordering::Relaxed);
    logging::start(&settings.log, color)?;
    let printer = Printer {
        json: cli.global.json,
        quiet: cli.global.quiet,
    };
    dispatch(cli.command, layers, printer)
}

fn dispatch(command: Command, layers: Layers, printer: Printer) -> Outcome {
    match command {
        Command::Up(args) => commands::up(&args, layers, printer),
        Command::Check(args) => commands::check(&args, &layers, printer),
        Command::Schema(args) => commands::schema(&args, printer),
        Command::Roads(command) => match command {
            RoadsCommand::Info(args) => commands::roads::info(&args, printer),
            RoadsCommand::Check(args) => commands::roads::check(&args, printer),
            RoadsCommand::Convert(args) => commands::roads::convert(&args, printer),
            RoadsCommand::Generate(args) => commands::roads::generate(&args, printer),
            RoadsCommand::Route(args) => commands::roads::route(&args, printer),
        },
        Command::Traffic(command) => match command {
            TrafficCommand::Run(args) => commands::traffic::run(&args, layers, printer),
            TrafficCommand::Compare(args) => commands::traffic::compare(&args, layers, printer),
            TrafficCommand::Drive(args) => commands::traffic::drive(&args, layers, printer),
            TrafficCommand::Close(args) => commands::traffic::close(&args, layers, printer),
            TrafficCommand::Event(args) => commands::traffic::event(&args, layers, printer),
            TrafficCommand::Corridor(args) => commands::traffic::corridor(&args, layers, printer),
            TrafficCommand::Mission(args) => commands::traffic::mission(&args, layers, printer),
            TrafficCommand::Match(args) => commands::traffic::match_file(&args, printer),
            TrafficCommand::Index(args) => commands::traffic::index(&args, layers, printer),
            TrafficCommand::Rank(args) => commands::traffic::rank(&args, printer),
            TrafficCommand::Penetration(args) => {
                commands::traffic::penetration(&args, layers, printer)
            }
            TrafficCommand::Incidents(args) => commands::traffic::incidents(&args, layers, printer),
        },
        Command::Claims(ClaimsCommand::Traffic(args)) => {
            commands::claims::traffic(&args, layers, printer)
        }
        Command::Bench(BenchCommand::Engine(args)) => {
            commands::bench::engine(&args, &layers, printer)
        }
        Command::Bench(BenchCommand::Control(args)) => commands::bench::control(&args, printer),
        Command::Bench(BenchCommand::Exchange(args)) => commands::bench::exchange(&args, printer),
        Command::Bench(BenchCommand::Ledger(args)) => commands::bench::ledger(&args, printer),
        Command::Bench(BenchCommand::Pool(args)) => commands::bench::pool(&args, printer),
        Command::Bench(BenchCommand::Probes(args)) => commands::bench::probes(&args, printer),
        Command::Ledger(command) => ledger_command(&command, printer),
        Command::Pool(command) => pool_command(command, layers, printer),
        Command::Cluster(command) => match command {
            ClusterCommand::Scheduler(args) => commands::cluster::scheduler(&args, printer),
            ClusterCommand::Executor(args) => commands::cluster::executor(&args, layers, printer),
        },
        Command::Client(command) => match command {
            ClientCommand::List(args) => commands::exchange::client_list(&args, &layers, printer),
            ClientCommand::Key(args) => commands::exchange::client_key(&args, printer),
            ClientCommand::ShareProfile(args) => {
                commands::exchange::client_share_profile(&args, &layers, printer)
            }
            ClientCommand::Token(args) => commands::exchange::client_token(&args, &layers, printer),
        },
        Command::Agreement(command) => agreement(command, &layers, printer),
        Command::Exchange(ExchangeCommand::LookUp(args)) => {
            commands::exchange::look_up(&args, &layers, printer)
        }
        Command::Config => commands::config(&layers, printer),
        Command::Completions(args) => commands::completions(&args),
        Command::Reference => commands::reference(printer),
    }
}

fn ledger_command(command: &LedgerCommand, printer: Printer) -> Outcome {
    match command {
        LedgerCommand::Verify(args) => commands::ledger::verify(args, printer),
        LedgerCommand::Show(args) => commands::ledger::show(args, printer),
        LedgerCommand::Prove(args) => commands::ledger::prove(args, printer),
        LedgerCommand::CheckProof(args) => commands::ledger::check_proof(args, printer),
        LedgerCommand::Witness(args) => commands::ledger::witness(args, printer),
        LedgerCommand::Keygen(args) => commands::ledger::keygen(args, printer),
    }
}

fn pool_command(command: PoolCommand, layers: Layers, printer: Printer) -> Outcome {
    match command {
        PoolCommand::Generate(args) => commands::pool::generate(&args, &layers, printer),
        PoolCommand::Load(args) => commands::pool::load(&args, layers, printer),
        PoolCommand::Pull(args) => commands::pool::pull(&args, layers, printer),
        PoolCommand::Quarantine(command) => commands::pool::quarantine(&command, layers, printer),
        PoolCommand::Sql(args) => commands::pool::sql(&args, layers, printer),
        PoolCommand::Repair(args) => commands::pool::repair(&args, layers, printer),
        PoolCommand::Quality(args) => commands::pool::quality(&args, layers, printer),
    }
}

fn agreement(command: AgreementCommand, layers: &Layers, printer: Printer) -> Outcome {
    use commands::exchange::{agreement_list, agreement_matrix, agreement_step};
    match command {
        AgreementCommand::List(args) => agreement_list(&args, layers, printer),
        AgreementCommand::Matrix(args) => agreement_matrix(&args, layers, printer),
        AgreementCommand::Propose(args) => agreement_step(Step::Propose, &args, layers, printer),
        AgreementCommand::Approve(args) => agreement_step(Step::Approve, &args, layers, printer),
        AgreementCommand::Revoke(args) => agreement_step(Step::Revoke, &args, layers, printer),
    }
}

/// Whether to colour what goes to standard error.
fn color(choice: Option<Color>) -> bool {
    let plain = env::read(env::NO_COLOR).is_some_and(|value| !value.is_empty());
    match choice {
        Some(Color::Always) => true,
        Some(Color::Never) => false,
        Some(Color::Auto) | None => !plain && std::io::stderr().is_terminal(),
    }
}

/// Whether errors are in colour; known in full only once the options are read, which may itself
/// end in an error.
static COLOR: AtomicBool = AtomicBool::new(false);

/// How errors look.
fn show_errors() {
    let terminal = std::io::stderr().is_terminal();
    // It can only be set once; this is the only place that does.
    let _ = miette::set_hook(Box::new(move |_| {
        let options = miette::MietteHandlerOpts::new()
            .terminal_links(false)
            .color(COLOR.load(Ordering::Relaxed))
            .unicode(true)
            .break_words(false);
        let options = if terminal {
            options
        } else {
            options.width(100)
        };
        Box::new(options.build())
    }));
}

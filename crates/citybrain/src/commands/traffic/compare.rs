//! `citybrain traffic compare`: one scenario under several controllers and seeds.

use std::fmt::Write;
use std::io::Write as _;

use serde::Serialize;
use signals::sensing::Sensing;

use super::report;
use super::scenario::{self, About, Scenario};
use super::simulate::{Run, sensing_of, simulate};
use super::summary::{self, Row};
use super::sumo;
use crate::cli::traffic::CompareArgs;
use crate::error::{Exit, Outcome};
use crate::output::to_file;
use crate::printer::{Printer, table};
use crate::settings::Layers;

/// What `--json` prints.
#[expect(
    clippy::struct_field_names,
    reason = "these are the names in the JSON report"
)]
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    network: &'a str,
    settings: &'a About,
    summary: &'a [Row],
    runs: &'a [Run],
    report: Option<String>,
}

/// Runs them all and prints and writes the comparison.
pub(crate) fn compare(args: &CompareArgs, mut layers: Layers, printer: Printer) -> Outcome {
    scenario::override_options(&mut layers, &args.scenario, &args.engine)?;
    let given = |list: Vec<toml::Value>| (!list.is_empty()).then_some(list);
    let controls = args
        .control
        .iter()
        .map(|name| name.clone().into())
        .collect();
    layers.flag("compare.control", "--control", given(controls))?;
    let seeds = args
        .seeds
        .iter()
        .map(|seed| i64::from(*seed).into())
        .collect();
    layers.flag("compare.seeds", "--seeds", given(seeds))?;
    let settings = layers.settings()?;
    let controls = without_repeats(&settings.compare.control);
    let seeds: Vec<u32> = without_repeats(&settings.compare.seeds)
        .iter()
        .map(|seed| *seed as u32)
        .collect();

    sumo::check(&args.plant, None, &args.sensing)?;
    if sumo::is_chosen(&args.plant) {
        return sumo::compare(args, &layers, printer, &controls, &seeds);
    }
    let mut scenario = scenario::read(&args.scenario, &settings, printer)?;
    if let Some(closed) = super::closing::from_args(&args.schemes, &mut scenario)? {
        printer.note(closed.note());
    }
    let cases = cases(&controls, &args.sensing);
    let mut runs = Vec::with_capacity(cases.len() * seeds.len());
    for (control, sensing) in &cases {
        for &seed in &seeds {
            runs.push(simulate(
                &scenario,
                control,
                (seed, sensing),
                args.out.is_some(),
                printer,
                None,
            )?);
        }
    }
    let rows: Vec<Row> = cases
        .iter()
        .map(|(control, sensing)| Row::of(control, &sensing_of(control, sensing), &runs))
        .collect();
    if let Some(path) = &args.out {
        let page = report::html(
            &about(&scenario, &controls, &seeds, &args.sensing),
            &runs,
            &rows,
        )?;
        to_file(path, |out| out.write_all(page.as_bytes()))?;
        printer.note(format_args!("report: {}", path.display()));
    }
    if printer.json {
        printer.json(&Report {
            version: env!("CARGO_PKG_VERSION"),
            network: &scenario.network.name,
            settings: &scenario.about,
            summary: &rows,
            runs: &runs,
            report: args.out.as_ref().map(|path| path.display().to_string()),
        })?;
    } else {
        let mut table = table(summary::HEADER);
        for row in &rows {
            table.add_row(row.cells());
        }
        printer.line(table.trim_fmt())?;
    }
    Ok(Exit::Success)
}

/// Every controller under every sensing; the network's own plan once, for it looks at nothing.
pub(super) fn cases(controls: &[String], sensing: &[Sensing]) -> Vec<(String, Sensing)> {
    let sensing = &without_repeats(sensing);
    let mut cases = Vec::new();
    for control in controls {
        let own = control == crate::control::PLAN;
        for sensing in sensing.iter().take(if own { 1 } else { usize::MAX }) {
            cases.push((control.clone(), sensing.clone()));
        }
    }
    cases
}

/// The values in their order, each once.
fn without_repeats<T: PartialEq + Clone>(values: &[T]) -> Vec<T> {
    let mut once: Vec<T> = Vec::with_capacity(values.len());
    for value in values {
        if !once.contains(value) {
            once.push(value.clone());
        }
    }
    once
}

fn about(
    scenario: &Scenario,
    controls: &[String],
    seeds: &[u32],
    sensing: &[Sensing],
) -> report::About {
    let about = &scenario.about;
    let protocol = &about.protocol;
    let on_off = |on: bool| if on { "on" } else { "off" };
    let rules = match about.rules {
        sim::Rules::Benchmark => "benchmark",
        sim::Rules::Street => "street",
    };
    let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    let mut command = format!(
        "citybrain traffic compare --network {}",
        quoted(&about.network_file)
    );
    if let Some(demand) = &about.demand_file {
        let _ = write!(
            command,
            " --demand {} --begin {}",
            quoted(demand),
            about.begin
        );
    }
    if let Some(trips) = about.trips {
        let _ = write!(command, " --trips {trips}");
    }
    let _ = write!(
        command,
        " --control {} --seeds {} --horizon {} --scale {} --threads {} --lane-change {} \
         --rules {rules} --action {} --yellow {} --metrics-every {} --out report.html",
        controls.join(","),
        seeds.join(","),
        about.horizon,
        about.scale,
        about.threads,
        on_off(about.lane_change),
        protocol.action_interval,
        protocol.yellow,
        about.metrics_every,
    );
    if sensing.iter().any(|sensing| !sensing.is_full()) {
        for sensing in sensing {
            let _ = write!(command, " --sensing {sensing}");
        }
    }
    if let signals::PhaseSet::First(phases) = protocol.phases {
        let _ = write!(command, " --phases {phases}");
    }
    report::About {
        network: scenario.network.name.clone(),
        attribution: scenario.network.attribution.clone(),
        command,
        settings: vec![
            ("Network", about.network_file.clone()),
            (
                "Demand",
                about
                    .demand_file
                    .clone()
                    .unwrap_or_else(|| "random trips".to_owned()),
            ),
            ("Vehicles in the demand", about.demand_vehicles.to_string()),
            ("Factor on the demand", about.scale.to_string()),
            ("Horizon", format!("{} s", about.horizon)),
            ("Step", format!("{} s", about.step)),
            ("Seeds", seeds.join(", ")),
            ("Lane change", on_off(about.lane_change).to_owned()),
            ("Rules", rules.to_owned()),
            ("Decision every", format!("{} s", protocol.action_interval)),
            ("Yellow", format!("{} s", protocol.yellow)),
            ("Threads", about.threads.to_string()),
        ],
    }
}

/// A path as a shell takes it.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:+,=@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_spaces_is_quoted_for_the_shell() {
        assert_eq!(quoted("a/b.json"), "a/b.json");
        assert_eq!(quoted("a b's"), r"'a b'\''s'");
    }
}

//! The claims as files: a page with plots, and a table in Markdown.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::ValueEnum;

use super::surface::Pair;
use super::traffic::Report;
use crate::cli::claims::TrafficClaimsArgs;
use crate::cli::traffic::EngineArgs;
use crate::commands::traffic::plots::{self, Plot, escape};
use crate::commands::traffic::quoted;
use crate::commands::traffic::report::STYLE;
use crate::error::Error;
use crate::output::to_file;
use crate::printer::Printer;

/// Writes what was asked for.
pub(super) fn write(
    args: &TrafficClaimsArgs,
    report: &Report,
    printer: Printer,
) -> Result<(), Error> {
    if let Some(path) = &args.out {
        let page = html(args, report)?;
        to_file(path, |out| out.write_all(page.as_bytes()))?;
        printer.note(format_args!("report: {}", path.display()));
    }
    if let Some(path) = &args.markdown {
        let text = markdown(args, report);
        to_file(path, |out| out.write_all(text.as_bytes()))?;
        printer.note(format_args!("table: {}", path.display()));
    }
    Ok(())
}

/// A controller's cells: open, closed, finished on both, ratio.
pub(super) fn cells(pair: &Pair) -> [String; 6] {
    [
        pair.control.clone(),
        format!("{:.2}", pair.open),
        format!("{:.2}", pair.closed),
        format!("{:.0} of {:.0}", pair.finished_open, pair.vehicles),
        format!("{:.0}", pair.finished_closed),
        format!("{:.3}", pair.ratio),
    ]
}

/// The command that does it again, without what it writes.
fn command(args: &TrafficClaimsArgs) -> String {
    let mut text = "citybrain claims traffic".to_owned();
    // Writing to a `String` cannot fail.
    for scenario in &args.scenario {
        let _ = write!(text, " --scenario {}", quoted(scenario));
    }
    let _ = write!(
        text,
        " --seeds {}",
        super::surface::seeds(&args.seeds).replace(' ', "")
    );
    let _ = write!(
        text,
        " --share {} --before {} --after {} --probes {} --missions {}",
        args.share,
        quoted(&args.before),
        quoted(&args.after),
        args.probes,
        args.missions
    );
    if let Some(which) = args.which.to_possible_value() {
        let _ = write!(text, " --which {}", which.get_name());
    }
    if !args.only.is_empty() {
        let names = args.only.iter().map(|claim| format!("{claim:?}"));
        let names: Vec<String> = names.collect();
        let _ = write!(text, " --only {}", names.join(",").to_lowercase());
    }
    if !args.control.is_empty() {
        let _ = write!(text, " --control {}", quoted(&args.control.join(",")));
    }
    engine(&args.engine, &mut text);
    text
}

/// The options of the engine that were given.
fn engine(args: &EngineArgs, text: &mut String) {
    let lane_change = args.lane_change.map(|on| if on { "on" } else { "off" });
    let given = [
        ("horizon", args.horizon.map(|value| value.to_string())),
        ("threads", args.threads.map(|value| value.to_string())),
        ("lane-change", lane_change.map(str::to_owned)),
        ("rules", args.rules.clone()),
        ("action", args.action.map(|value| value.to_string())),
        ("yellow", args.yellow.map(|value| value.to_string())),
        ("phases", args.phases.map(|value| value.to_string())),
        (
            "metrics-every",
            args.metrics_every.map(|value| value.to_string()),
        ),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            let _ = write!(text, " --{name} {value}");
        }
    }
}

fn markdown(args: &TrafficClaimsArgs, report: &Report) -> String {
    let mut text = String::from("# Claims\n\n");
    let _ = writeln!(
        text,
        "Written by the last run of\n\n```sh\n{}\n```\n\n\
         | claim | on | reported | measured | from | |\n| --- | --- | --- | --- | --- | --- |",
        command(args)
    );
    for row in &report.claims {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            row.claim,
            row.scenario,
            row.reported,
            row.measured,
            row.source,
            row.verdict()
        );
    }
    for surface in &report.t1 {
        let _ = writeln!(
            text,
            "\n## T1 on {}\n\n{} lanes of {} links closed, {:.2} % of the lane area. Mean network \
             speed in m/s; the last column is {} with the closure over the row's controller with \
             all lanes open.\n\n\
             | controller | open | closed | finished, open | closed | ratio |\n\
             | --- | --- | --- | --- | --- | --- |",
            surface.scenario,
            surface.closed.lanes.len(),
            surface.closed.links.len(),
            100.0 * surface.closed.share,
            args.after
        );
        for pair in &surface.controls {
            let _ = writeln!(text, "| {} |", cells(pair).join(" | "));
        }
    }
    for together in &report.t4 {
        let _ = writeln!(
            text,
            "\n## T4 on {}\n\n{} ramps. Speeds in m/s.\n\n\
             | signals | meters | network | expressways | streets | ramp delay, h | finished |\n\
             | --- | --- | --- | --- | --- | --- | --- |",
            together.scenario, together.ramps
        );
        for mode in &together.modes {
            let _ = writeln!(
                text,
                "| {} | {} | {:.2} | {:.2} | {:.2} | {:.1} | {:.0} |",
                mode.control,
                if mode.metered { "on" } else { "off" },
                mode.network_speed,
                mode.expressway_speed,
                mode.street_speed,
                mode.ramp_delay_h,
                mode.finished
            );
        }
    }
    text
}

fn html(args: &TrafficClaimsArgs, report: &Report) -> Result<String, Error> {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Claims</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Claims</h1>\n\
         <div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">claim</th>\
         <th scope=\"col\">bar</th><th scope=\"col\">value</th><th scope=\"col\">verdict</th></tr></thead>\n<tbody>\n"
    );
    for row in &report.claims {
        let value = row
            .value
            .map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
        let _ = writeln!(
            page,
            "<tr><td>{} on {}</td><td>{}</td><td>{value}</td><td>{}</td></tr>",
            row.claim,
            escape(&row.scenario),
            row.bar(),
            row.verdict()
        );
    }
    page.push_str("</tbody>\n</table></div>\n");
    for row in &report.claims {
        let _ = writeln!(
            page,
            "<h2>{} on {}</h2>\n<p>Reported: {}.</p>\n<p>Measured: {}.</p>\n<p>From: {}.</p>",
            row.claim,
            escape(&row.scenario),
            escape(row.reported),
            escape(&row.measured),
            escape(&row.source)
        );
    }
    page.push_str("<h2>Plots</h2>\n");
    for figure in &report.figures {
        let svg = plots::draw(&Plot {
            title: &figure.title,
            x: "time, s",
            y: figure.y,
            lines: &figure.lines,
        })?;
        let _ = writeln!(
            page,
            "<figure>\n<figcaption>{}</figcaption>\n{}\n{svg}\n</figure>",
            escape(&figure.title),
            plots::legend(&figure.lines)
        );
    }
    let _ = writeln!(
        page,
        "<h2>How it was made</h2>\n<p>City Brain {}. The command that makes it again:</p>\n<pre>{}</pre>",
        report.version,
        escape(&command(args))
    );
    page.push_str("</main>\n</body>\n</html>\n");
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        claims: TrafficClaimsArgs,
    }

    /// The command's words for these options.
    fn written(options: &[&str]) -> String {
        let line = Line::parse_from([&["traffic"][..], options].concat());
        command(&line.claims)
    }

    #[test]
    fn the_command_that_is_written_has_every_option_that_was_given() {
        let options = [
            "--scenario",
            "a b.json,flow.json",
            "--only",
            "t1,t3",
            "--seeds",
            "1,2",
            "--share",
            "0.3",
            "--which",
            "innermost",
            "--before",
            "plan",
            "--after",
            "webster",
            "--control",
            "max-pressure",
            "--probes",
            "0.1",
            "--missions",
            "7",
            "--horizon",
            "600",
            "--threads",
            "2",
            "--lane-change",
            "off",
            "--rules",
            "street",
            "--action",
            "10",
            "--yellow",
            "3",
            "--phases",
            "6",
            "--metrics-every",
            "30",
        ];
        let text = written(&options);
        for option in options.iter().filter(|option| option.starts_with("--")) {
            assert!(text.contains(&format!("{option} ")), "{option}: {text}");
        }
        assert!(
            text.contains("--scenario 'a b.json,flow.json' --seeds 1,2 --share 0.3"),
            "{text}"
        );
        assert!(
            text.contains("--which innermost") && text.contains("--lane-change off"),
            "{text}"
        );
        // What is read back from it is written again.
        let words: Vec<&str> = text.split(' ').skip(3).collect();
        let plain: Vec<&str> = words
            .iter()
            .copied()
            .filter(|word| !word.contains('\''))
            .collect();
        let again = Line::parse_from([&["traffic"][..], &plain[1..]].concat());
        assert_eq!(again.claims.missions, 7);
    }
}

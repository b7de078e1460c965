//! The tables of `citybrain traffic event`.

use super::event::Report;
use super::event_advice::Shown;
use super::summary::Figure;
use crate::printer::{Printer, grouped, table};

/// Minutes with one decimal, or that it never was.
fn minutes(figure: Option<Figure>) -> String {
    figure.map_or_else(
        || "never".to_owned(),
        |figure| figure.scaled(1.0 / 60.0).show(1),
    )
}

/// Prints everything for people.
pub(super) fn print(report: &Report, rows: usize, printer: Printer) -> std::io::Result<()> {
    let event = report.event;
    printer.line(format_args!(
        "{}: {} visitors in {} cars, from second {:.0} to {:.0}",
        report.title,
        grouped(report.visitors.into()),
        grouped(event.cars.into()),
        event.start,
        event.end
    ))?;
    print_runs(report, printer)?;
    print_parks(report, rows, printer)?;
    print_links(report, rows, printer)?;
    print_signals(report, rows, printer)?;
    for words in &report.recommendation.words {
        printer.line(words)?;
    }
    Ok(())
}

fn print_runs(report: &Report, printer: Printer) -> std::io::Result<()> {
    let mut lines = table([
        "controller",
        "event",
        "mean speed m/s",
        "delay h",
        "of others",
        "visitor s/way",
        "last in min",
        "clear min",
        "longest queue",
        "not in",
    ]);
    for row in &report.summary {
        let with = |text: String| if row.event { text } else { "-".to_owned() };
        let visitor = row.visitor_delay_s.map(|figure| figure.show(1));
        lines.add_row([
            row.control.clone(),
            if row.event { "with" } else { "without" }.to_owned(),
            row.mean_speed.show(2),
            row.delay_h.show(1),
            row.others_delay_h.show(1),
            with(visitor.unwrap_or_default()),
            with(minutes(row.last_in_s)),
            with(minutes(row.clear_s)),
            row.longest_queue.show(0),
            row.waiting_to_enter.show(0),
        ]);
    }
    printer.line(lines.trim_fmt())
}

fn print_parks(report: &Report, rows: usize, printer: Printer) -> std::io::Result<()> {
    let control = &report.recommendation.control;
    let mut runs = report.runs.iter();
    let shown = runs.find(|run| run.event && run.control == *control);
    let Some(done) = shown.and_then(|run| run.visitor.as_ref()) else {
        return Ok(());
    };
    let mut lines = table(["car park", "room", "cars", "most at once", "have come"]);
    for (park, done) in report.event.parks.iter().zip(&done.parks).take(rows) {
        lines.add_row([
            park.id.clone(),
            park.capacity
                .map_or_else(|| "-".to_owned(), |room| room.to_string()),
            park.cars.to_string(),
            done.most.to_string(),
            done.arrived.to_string(),
        ]);
    }
    printer.line(lines.trim_fmt())
}

fn print_links(report: &Report, rows: usize, printer: Printer) -> std::io::Result<()> {
    let mut lines = table([
        "link",
        "while visitors",
        "vehicles/h",
        "visitors/h",
        "saturation/h",
        "load",
        "of green",
        "over",
        "delay h",
        "queue",
    ]);
    for link in report.recommendation.links.iter().take(rows) {
        lines.add_row([
            link.link.clone(),
            if link.stage == "coming" {
                "come"
            } else {
                "leave"
            }
            .to_owned(),
            format!("{:.0}", link.flow_per_hour),
            format!("{:.0}", link.visitors_per_hour),
            format!("{:.0}", link.saturation_flow_per_hour),
            format!("{:.2}", link.load),
            format!("{:.2}", link.degree_of_saturation),
            format!("{:.0}", link.vehicles_over_capacity),
            format!("{:.2}", link.delay_h),
            link.longest_queue.to_string(),
        ]);
    }
    printer.line(lines.trim_fmt())
}

fn print_signals(report: &Report, rows: usize, printer: Printer) -> std::io::Result<()> {
    let signals = &report.recommendation.signals;
    if signals.is_empty() {
        return printer.line("by Webster's formula no signal's timings change");
    }
    let mut lines = table([
        "signal",
        "load come",
        "leave",
        "usual s",
        "come s",
        "leave s",
    ]);
    let phases = |shown: &Shown| {
        let phases: Vec<String> = shown
            .phases
            .iter()
            .map(|(phase, seconds)| format!("{phase}: {seconds:.0}"))
            .collect();
        format!("{:.0} ({})", shown.cycle_s, phases.join(", "))
    };
    for signal in signals.iter().take(rows) {
        lines.add_row([
            signal.signal.clone(),
            format!("{:.2}", signal.coming.load),
            format!("{:.2}", signal.leaving.load),
            phases(&signal.usual),
            phases(&signal.coming),
            phases(&signal.leaving),
        ]);
    }
    printer.line(lines.trim_fmt())
}

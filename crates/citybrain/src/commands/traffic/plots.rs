//! The plots of the report, as SVG.

use std::fmt::Write;

use plotters::prelude::*;

use crate::error::Error;

/// Size of a plot, pixels.
const SIZE: (u32, u32) = (720, 360);

/// Colours that people with any colour vision can tell apart (Okabe and Ito).
const COLORS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(150, 130, 0),
];

/// A named line.
pub(crate) struct Line {
    /// What the legend calls it.
    pub(crate) name: String,
    /// Its points, from left to right.
    pub(crate) points: Vec<(f64, f64)>,
}

/// What a plot shows.
pub(crate) struct Plot<'a> {
    /// For people who cannot see it.
    pub(crate) title: &'a str,
    /// The horizontal axis, with its unit.
    pub(crate) x: &'a str,
    /// The vertical axis, with its unit.
    pub(crate) y: &'a str,
    /// The lines.
    pub(crate) lines: &'a [Line],
}

/// Draws a plot as an SVG element.
pub(crate) fn draw(plot: &Plot) -> Result<String, Error> {
    let mut svg = String::new();
    render(plot, &mut svg).map_err(|error| Error::internal(format!("drawing a plot: {error}")))?;
    let label = format!(r#"<svg role="img" aria-label="{}" "#, escape(plot.title));
    Ok(svg.replacen("<svg ", &label, 1))
}

fn render(plot: &Plot, svg: &mut String) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let points = || plot.lines.iter().flat_map(|line| &line.points);
    let least = points().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let most = points()
        .map(|point| point.0)
        .fold(f64::NEG_INFINITY, f64::max);
    let top = points().map(|point| point.1).fold(0.0, f64::max);
    let (left, right) = if least < most {
        (least, most)
    } else {
        (0.0, 1.0)
    };
    let top = if top > 0.0 { top * 1.05 } else { 1.0 };

    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(left..right, 0.0..top)?;
    let number = |value: &f64| {
        if top <= 2.0 && *value <= top {
            format!("{value:.2}")
        } else {
            format!("{value:.0}")
        }
    };
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.12))
        .axis_style(BLACK.mix(0.5))
        .x_desc(plot.x)
        .y_desc(plot.y)
        .label_style(("sans-serif", 13))
        .axis_desc_style(("sans-serif", 14))
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&number)
        .draw()?;
    for (index, line) in plot.lines.iter().enumerate() {
        let style = color(index).stroke_width(2);
        chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
    }
    area.present()
}

/// The lines' names with their colours, as an HTML list: beside the plot, so that it hides nothing.
pub(crate) fn legend(lines: &[Line]) -> String {
    let mut list = String::from("<ul class=\"legend\">");
    for (index, line) in lines.iter().enumerate() {
        let RGBColor(red, green, blue) = color(index);
        let name = escape(&line.name);
        // Writing to a `String` cannot fail.
        let _ = write!(
            list,
            "<li><span style=\"background:rgb({red},{green},{blue})\"></span>{name}</li>"
        );
    }
    list.push_str("</ul>");
    list
}

fn color(index: usize) -> RGBColor {
    COLORS[index % COLORS.len()]
}

/// Text as it may stand in HTML and in an attribute's value.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_its_lines_axes_and_label() {
        let lines = [Line {
            name: "a<b".to_owned(),
            points: vec![(0.0, 1.0), (60.0, 5.0)],
        }];
        let svg = draw(&Plot {
            title: "Running & waiting",
            x: "time, s",
            y: "vehicles",
            lines: &lines,
        })
        .unwrap();
        assert!(
            svg.starts_with(r#"<svg role="img" aria-label="Running &amp; waiting" "#),
            "{svg}"
        );
        for part in ["time, s", "vehicles", "<polyline", "</svg>"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        assert!(legend(&lines).contains("rgb(0,114,178)\"></span>a&lt;b</li>"));
    }

    #[test]
    fn a_plot_of_nothing_is_still_a_plot() {
        let plot = Plot {
            title: "t",
            x: "x",
            y: "y",
            lines: &[],
        };
        assert!(draw(&plot).unwrap().contains("</svg>"));
    }
}

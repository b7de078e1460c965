//! Charts as SVG, drawn here: they need no script, no inline style, and print well.

/// Width and height of a chart, in its own units.
pub(super) const WIDTH: f64 = 640.0;
pub(super) const HEIGHT: f64 = 240.0;
/// Room for the labels of the axes.
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 12.0;
/// Most lines or groups of bars: as many as there are colours.
pub(super) const SERIES_MAX: usize = 4;

/// One line or group of bars.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) values: Vec<Option<f64>>,
}

/// A line as the page draws it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: String,
    /// Which colour.
    pub(super) number: usize,
    pub(super) points: String,
    /// Where the last value is.
    pub(super) dots: Vec<(String, String)>,
}

/// A bar.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) number: usize,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
    pub(super) title: String,
}

/// A mark of an axis with its text.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) at: String,
    pub(super) text: String,
}

/// A chart, worked out.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) lines: Vec<Line>,
    pub(super) bars: Vec<Bar>,
    pub(super) names: Vec<(usize, String)>,
    pub(super) x_marks: Vec<Mark>,
    pub(super) y_marks: Vec<Mark>,
}

impl Chart {
    /// Lines over positions with these labels, between `low` and `high` at least.
    pub(super) fn lines(
        title: String,
        labels: &[String],
        series: &[Series],
        range: Option<(f64, f64)>,
    ) -> Self {
        let scale = Scale::of(series, labels.len(), range);
        let line = |(number, one): (usize, &Series)| {
            let at = |(at, value): (usize, &Option<f64>)| {
                value.map(|value| (text(scale.x(at)), text(scale.y(value))))
            };
            let dots: Vec<(String, String)> =
                one.values.iter().enumerate().filter_map(at).collect();
            let points: Vec<String> = dots.iter().map(|(x, y)| format!("{x},{y}")).collect();
            Line {
                name: one.name.clone(),
                number,
                points: points.join(" "),
                dots,
            }
        };
        let lines = series
            .iter()
            .take(SERIES_MAX)
            .enumerate()
            .map(line)
            .collect();
        Self {
            lines,
            ..Self::empty(title, labels, series, &scale)
        }
    }

    /// Groups of bars with these labels, from zero.
    pub(super) fn bars(title: String, labels: &[String], series: &[Series]) -> Self {
        let scale = Scale {
            bars: true,
            ..Scale::of(series, labels.len(), Some((0.0, 0.0)))
        };
        #[expect(clippy::cast_precision_loss, reason = "few series")]
        let width = scale.slot() * 0.8 / series.len().clamp(1, SERIES_MAX) as f64;
        let mut bars = Vec::new();
        for (number, one) in series.iter().take(SERIES_MAX).enumerate() {
            for (at, value) in one.values.iter().enumerate() {
                let Some(value) = value else { continue };
                let (zero, top) = (scale.y(0.0), scale.y(*value));
                #[expect(clippy::cast_precision_loss, reason = "few series")]
                let x = scale.x(at) - scale.slot() * 0.4 + width * number as f64;
                bars.push(Bar {
                    number,
                    x: text(x),
                    y: text(zero.min(top)),
                    width: text(width.max(0.5)),
                    height: text((zero - top).abs()),
                    title: format!(
                        "{}: {} {}",
                        labels.get(at).map_or("", String::as_str),
                        one.name,
                        short(*value)
                    ),
                });
            }
        }
        Self {
            bars,
            ..Self::empty(title, labels, series, &scale)
        }
    }

    fn empty(title: String, labels: &[String], series: &[Series], scale: &Scale) -> Self {
        /// Labels that fit below a chart.
        const LABELS: usize = 8;
        /// Characters of a label that fit.
        const LABEL_CHARACTERS: usize = 12;
        let every = labels.len().div_ceil(LABELS).max(1);
        let label = |(at, label): (usize, &String)| {
            let mut shortened: String = label.chars().take(LABEL_CHARACTERS).collect();
            if shortened.len() < label.len() {
                shortened.push('…');
            }
            Mark {
                at: text(scale.x(at)),
                text: shortened,
            }
        };
        let y = |part: f64| {
            let value = scale.low + (scale.high - scale.low) * part;
            Mark {
                at: text(scale.y(value)),
                text: short(value),
            }
        };
        Self {
            title,
            lines: Vec::new(),
            bars: Vec::new(),
            names: series
                .iter()
                .take(SERIES_MAX)
                .map(|one| one.name.clone())
                .enumerate()
                .collect(),
            x_marks: labels
                .iter()
                .enumerate()
                .step_by(every)
                .map(label)
                .collect(),
            y_marks: [0.0, 0.25, 0.5, 0.75, 1.0].map(y).into(),
        }
    }
}

struct Scale {
    low: f64,
    high: f64,
    count: usize,
    bars: bool,
}

impl Scale {
    fn of(series: &[Series], count: usize, range: Option<(f64, f64)>) -> Self {
        let values = series
            .iter()
            .take(SERIES_MAX)
            .flat_map(|one| one.values.iter().flatten());
        let (mut low, mut high) = range.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
        for value in values {
            low = low.min(*value);
            high = high.max(*value);
        }
        if !(low.is_finite() && high.is_finite()) {
            (low, high) = (0.0, 1.0);
        }
        if (high - low).abs() < f64::EPSILON {
            high = low + 1.0;
        }
        Self {
            low,
            high,
            count,
            bars: false,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a few thousand positions at most"
    )]
    fn slot(&self) -> f64 {
        (WIDTH - LEFT - RIGHT) / self.count.max(1) as f64
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a few thousand positions at most"
    )]
    fn x(&self, at: usize) -> f64 {
        if self.bars || self.count == 1 {
            return LEFT + self.slot() * (at as f64 + 0.5);
        }
        LEFT + (WIDTH - LEFT - RIGHT) * at as f64 / (self.count - 1).max(1) as f64
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - (value - self.low) / (self.high - self.low))
    }
}

fn text(number: f64) -> String {
    format!("{number:.1}")
}

/// A number, short enough for an axis.
fn short(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size >= 1e9 => format!("{:.1}G", value / 1e9),
        _ if size >= 1e6 => format!("{:.1}M", value / 1e6),
        _ if size >= 1e4 => format!("{:.0}k", value / 1e3),
        _ if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greater_values_stand_higher_and_later_ones_further_right() {
        let labels = ["a", "b"].map(str::to_owned);
        let series = [Series {
            name: "x".to_owned(),
            values: vec![Some(1.0), Some(3.0)],
        }];
        let chart = Chart::lines(String::new(), &labels, &series, None);
        let at = |(x, y): &(String, String)| (x.parse::<f64>().unwrap(), y.parse::<f64>().unwrap());
        let (first, last) = (at(&chart.lines[0].dots[0]), at(&chart.lines[0].dots[1]));
        assert!(first.0 < last.0 && first.1 > last.1, "{first:?} {last:?}");
        let bars = Chart::bars(String::new(), &labels, &series).bars;
        let height = |bar: &Bar| bar.height.parse::<f64>().unwrap();
        assert!((height(&bars[1]) / height(&bars[0]) - 3.0).abs() < 0.1);
    }

    #[test]
    fn nothing_and_one_value_can_be_drawn() {
        assert!(Chart::lines(String::new(), &[], &[], None).lines.is_empty());
        let series = [Series {
            name: "x".to_owned(),
            values: vec![Some(5.0)],
        }];
        let chart = Chart::lines(String::new(), &["a".to_owned()], &series, None);
        assert!(!chart.lines[0].points.contains("NaN"));
    }
}

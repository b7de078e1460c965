//! Credibility in two steps: how far a group's own observations are believed, on numbers alone.
//!
//! Jewell's hierarchical credibility model (W. S. Jewell, "The use of collateral data in
//! credibility theory: a hierarchical model", 1975), multiplicative as in Ohlsson ("Simplified
//! estimation of structure parameters in hierarchical credibility", 2005): a value x, relative to
//! its family's mean, is f · e · w with E f = E e = E w = 1: f of the link (variance B, *between
//! links*), e of the row (variance T, *between rows* of a link), w the mean of n observations
//! (variance σ²/n, *within*). The components come from the sums of squares of the nested analysis
//! of variance, set equal to what is expected of them (Searle, Casella and McCulloch, "Variance
//! Components", 1992, ch. 3.6 and 5.2), which is without bias for any numbers of observations,
//! before what comes out negative is set to zero. With N and S the sums of n and n² of a link with
//! m rows:
//!
//! * within a link, Σ n (x − x̄)²: expected σ² (m − 1) + T (N − S/N);
//! * between links, Σ N (x̄ − 1)²: expected σ² (L − 1) + T (Σ S/N − ΣS/ΣN) + B (ΣN − ΣN²/ΣN).
//!
//! A link's sums stand in proportion to f², for which E f² given what was seen serves, and ratios
//! are made of sums and not sums of ratios, or skewed observations would make them too small.
//! The means of families, taken from the same rows, cost degrees of freedom, which are taken off
//! as in the balanced two-way layout. (Squares about a mean that is already drawn to another one
//! would have to be corrected for the drawing; those about x̄ need not be.)
//!
//! With v = T + σ²/n: f is drawn to 1 with q = B / (B + 1/Σ v⁻¹) about the mean with weights v⁻¹, and
//! the row to f with z = T/v. This is the best linear predictor, so its mean squared error is
//! (1 − z) T + (1 − z)² (1 − q) B, to which what the family's mean may be off adds without a
//! covariance (an error of prediction is uncorrelated with all data; Henderson 1975), and what T
//! itself may be off 2 (σ²/n)² v⁻³ Var T (Prasad and Rao, "The estimation of the mean squared error
//! of small-area estimators", 1990). It is never taken for more than σ²/n, the row's own.

/// A row: the mean of some observations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    /// Its link, counted from 0.
    pub(crate) link: usize,
    /// The rows whose mean is its family's, counted from 0.
    pub(crate) family: usize,
    /// Families of one kind share their links (quarter hours of one class), counted from 0.
    pub(crate) kind: usize,
    /// Observations.
    pub(crate) n: f64,
    /// Their mean over the family's.
    pub(crate) x: f64,
    /// Variance of single ones over the square of the family's mean, where there are several.
    pub(crate) variance: Option<f64>,
}

/// What the spread is made of; all relative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Components {
    /// σ²: of single observations about their row's mean, all kinds together; e is in it.
    pub(crate) within: f64,
    /// T: of rows about their link's mean.
    pub(crate) rows: f64,
    /// B: of links about 1.
    pub(crate) links: f64,
}

/// What is made of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Drawn {
    /// Its value over the family's mean.
    pub(crate) x: f64,
    /// Mean squared error, over the square of the value.
    pub(crate) mse: f64,
    /// Share of the value that is not the row's own.
    pub(crate) borrowed: f64,
}

/// A link.
#[derive(Clone, Copy, Debug, Default)]
struct Link {
    /// Σ n, Σ n², Σ n x, rows.
    n: f64,
    squares: f64,
    sum: f64,
    rows: f64,
    /// Kind of its families, by its last row.
    kind: usize,
    /// σ² of its kind.
    within: f64,
    /// f, how far it is believed, and E f² given what was seen.
    factor: f64,
    credible: f64,
    second: f64,
    /// Σ v⁻¹ and Σ v⁻².
    precision: f64,
    precisions: f64,
}

/// A family.
#[derive(Clone, Copy, Debug, Default)]
struct Family {
    n: f64,
    squares: f64,
    /// Σ n² v: n² times the variance of its mean that is not links'.
    errors: f64,
}

/// The model, found.
#[derive(Debug)]
pub(crate) struct Model {
    components: Components,
    /// Variance of the estimate of T.
    rows_error: f64,
    links: Vec<Link>,
    families: Vec<Family>,
    kinds: Vec<Family>,
}

/// The spread of observations about a row's mean where nothing tells it, as a share of the mean.
const SPREAD_UNKNOWN: f64 = 0.5;
/// Least degrees of freedom with which a kind has a spread of its own.
const FREEDOM_LEAST: f64 = 30.0;
/// Times that components and factors are made from one another; they stand still by then.
const PASSES: usize = 4;

impl Model {
    /// Finds components and factors. There must be a row, and numbers of links and families so
    /// that every place below them is taken.
    pub(crate) fn of(rows: &[Seen]) -> Self {
        let count = |pick: fn(&Seen) -> usize| rows.iter().map(pick).max().map_or(0, |at| at + 1);
        let mut links = vec![Link::default(); count(|row| row.link)];
        let mut families = vec![Family::default(); count(|row| row.family)];
        let mut kinds = vec![Family::default(); count(|row| row.kind)];
        for row in rows {
            let link = &mut links[row.link];
            link.n += row.n;
            link.squares += row.n * row.n;
            link.sum += row.n * row.x;
            link.rows += 1.0;
            link.kind = row.kind;
            (link.factor, link.second) = (1.0, 1.0);
            let of_kind = [&mut families[row.family], &mut kinds[row.kind]];
            for family in of_kind {
                family.n += row.n;
                family.squares += row.n * row.n;
            }
        }
        let mut model = Self {
            components: Components::default(),
            rows_error: 0.0,
            links,
            families,
            kinds,
        };
        for _ in 0..PASSES {
            model.components.within = model.spreads(rows);
            (model.components.rows, model.rows_error) = model.between_rows(rows);
            model.components.links = model.between_links();
            model.factors(rows);
        }
        model
    }

    /// What the spread is made of.
    #[cfg(test)]
    pub(crate) const fn components(&self) -> Components {
        self.components
    }

    /// σ² of all kinds together and of each (a motorway's vehicles differ less than those at
    /// signals); a kind with few degrees of freedom has that of all. Not of each link: of skewed
    /// observations, those that happen to lack a long wait would pass for certain.
    fn spreads(&mut self, rows: &[Seen]) -> f64 {
        let mut sums = vec![(0.0, 0.0, 0.0); self.kinds.len()];
        for row in rows {
            if let Some(variance) = row.variance {
                let freedom = (row.n - 1.0).max(0.0);
                let sum = &mut sums[row.kind];
                sum.0 += freedom * variance;
                sum.1 += freedom * self.links[row.link].second;
                sum.2 += freedom;
            }
        }
        let spread: f64 = sums.iter().map(|sum| sum.0).sum();
        let scale: f64 = sums.iter().map(|sum| sum.1).sum();
        let all = if scale > 0.0 {
            spread / scale
        } else {
            SPREAD_UNKNOWN * SPREAD_UNKNOWN
        };
        for link in &mut self.links {
            let (spread, scale, freedom) = sums[link.kind];
            link.within = if freedom >= FREEDOM_LEAST {
                spread / scale
            } else {
                all
            };
        }
        all
    }

    /// T, from what rows are off their link's mean, and its variance, as of normal rows.
    fn between_rows(&self, rows: &[Seen]) -> (f64, f64) {
        let mut spread = 0.0;
        for row in rows {
            let link = &self.links[row.link];
            let off = row.x - link.sum / link.n;
            spread += row.n * off * off;
        }
        let free = |of: &[Family]| -> f64 { of.iter().map(|f| f.squares / f.n).sum() };
        let lost = self.families.len() as f64 - self.kinds.len() as f64;
        let scale = 1.0 + self.components.links;
        let mut chance = -scale * lost * self.components.within;
        let mut divisor = -scale * (free(&self.families) - free(&self.kinds));
        for link in &self.links {
            chance += link.second * link.within * (link.rows - 1.0);
            divisor += link.second * (link.n - link.squares / link.n);
        }
        let t = share(spread - chance, divisor);
        let error = |row: &Seen| {
            let link = &self.links[row.link];
            (row.n * variance(t, link.within, row.n) * link.second).powi(2)
        };
        let errors: f64 = rows.iter().map(error).sum();
        (t, share(2.0 * errors / divisor.abs(), divisor))
    }

    /// B, from what links are off their families.
    fn between_links(&self) -> f64 {
        let t = self.components.rows;
        let scale = 1.0 + self.components.links;
        let (mut spread, mut chance, mut divisor) = (0.0, 0.0, 0.0);
        let mut squares = vec![0.0; self.kinds.len()];
        for link in &self.links {
            let off = link.sum / link.n - 1.0;
            spread += link.n * off * off;
            chance += link.second * (link.within + t * link.squares / link.n);
            squares[link.kind] += link.n * link.n;
        }
        for (kind, squares) in self.kinds.iter().zip(squares) {
            chance -= scale * (self.components.within + t * kind.squares / kind.n);
            divisor += kind.n - squares / kind.n;
        }
        share(spread - chance, divisor)
    }

    /// Each link's factor and each family's error.
    fn factors(&mut self, rows: &[Seen]) {
        let Components { rows: t, links, .. } = self.components;
        for link in &mut self.links {
            (link.precision, link.precisions, link.factor) = (0.0, 0.0, 0.0);
        }
        for family in &mut self.families {
            family.errors = 0.0;
        }
        for row in rows {
            let link = &mut self.links[row.link];
            let v = variance(t, link.within, row.n);
            link.precision += 1.0 / v;
            link.precisions += 1.0 / (v * v);
            link.factor += row.x / v;
            self.families[row.family].errors += row.n * row.n * v;
        }
        for link in &mut self.links {
            let own = link.factor / link.precision;
            let scaled = links * link.precision;
            link.credible = scaled / (1.0 + scaled);
            link.factor = 1.0 + link.credible * (own - 1.0);
            link.second = link.factor * link.factor + (1.0 - link.credible) * links;
        }
    }

    /// Draws a row.
    pub(crate) fn drawn(&self, row: &Seen) -> Drawn {
        let Components { rows: t, links, .. } = self.components;
        let (link, family) = (&self.links[row.link], &self.families[row.family]);
        let v = variance(t, link.within, row.n);
        let (z, q) = (t / v, link.credible);
        let (rest, share) = (1.0 - z, 1.0 / (v * link.precision));
        let squares = family.n * family.n;
        let (of_links, of_rows) = (links * family.squares / squares, family.errors / squares);
        let others = link.precisions / (link.precision * link.precision) - share * share;
        let family_off = (1.0 - q).powi(2) * of_links
            + ((1.0 - q * share).powi(2) + q * q * others.max(0.0)) * of_rows;
        let own = link.within / row.n;
        let of_t = 2.0 * own * own / v.powi(3) * self.rows_error;
        let mse = rest * t + rest * rest * ((1.0 - q) * links + family_off) + of_t;
        Drawn {
            x: link.factor + z * (row.x - link.factor),
            mse: mse.min(own),
            borrowed: rest * (1.0 - row.n / family.n).max(0.0) * (1.0 - q * share),
        }
    }

    /// A row as it is, with nothing borrowed.
    pub(crate) fn alone(&self, row: &Seen) -> Drawn {
        Drawn {
            x: row.x,
            mse: self.links[row.link].within / row.n,
            borrowed: 0.0,
        }
    }
}

/// Variance of a row about its link's mean; never zero, so that it has an inverse.
fn variance(rows: f64, within: f64, n: f64) -> f64 {
    (rows + within / n).max(1e-12)
}

/// A component: what chance leaves over its divisor, where both are there.
fn share(left: f64, divisor: f64) -> f64 {
    if divisor > 0.0 {
        (left / divisor).max(0.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests;

//! How much what is usual on the network says of one link: much where links are alike, little where
//! they differ. Empirical Bayes: the strengths of the gamma and Dirichlet priors of `learn` are
//! those at which links would differ as much as they do.

/// What is known beforehand: the strength of a prior, in observations, and how much that counts.
const BEFORE: (f64, f64) = (3.0, 10.0);
/// Least and greatest strength, observations.
const STRENGTH: (f64, f64) = (1.0, 100.0);
/// Fewer expected observations say nothing of a difference.
const LEAST: f64 = 1e-6;

/// Gathers how much links differ.
///
/// With a Dirichlet prior of strength `a`, Pearson's statistic of `n` observations among `k` lanes
/// is `(k - 1) (n + a) / (1 + a)` in the mean (Mosimann, *On the compound multinomial distribution*,
/// Biometrika 49, 1962); with a gamma prior worth `a` observations, that of a count of which `n` are
/// expected is `1 + n / a`. Sums of both are solved for `a`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Prior {
    /// Sum of `(k - 1) n`, what the statistics could be at most.
    most: f64,
    /// Sum of the statistics.
    found: f64,
    /// Sum of `k - 1`, what they would be if all were alike.
    alike: f64,
}

impl Prior {
    /// So many observations on each lane of a link, of which shares like these are usual.
    pub(super) fn shares(&mut self, counts: &[f64], usual: &[f64]) {
        let all: f64 = counts.iter().sum();
        let shares: f64 = usual.iter().sum();
        if all < LEAST || shares < LEAST || counts.len() < 2 {
            return;
        }
        let free = counts.len() as f64 - 1.0;
        let off = counts.iter().zip(usual).map(|(count, usual)| {
            let expected = all * usual / shares;
            (count - expected).powi(2) / expected.max(LEAST)
        });
        self.found += off.sum::<f64>();
        self.most += free * all;
        self.alike += free;
    }

    /// So many observations where so many are usual.
    pub(super) fn count(&mut self, count: f64, usual: f64) {
        if usual >= LEAST {
            self.found += (count - usual).powi(2) / usual;
            self.most += usual + 1.0;
            self.alike += 1.0;
        }
    }

    /// Observations that what is usual counts for.
    pub(super) fn strength(&self) -> f64 {
        let (strength, weight) = BEFORE;
        let alike = (self.most - self.found).max(0.0) + strength * weight;
        let unlike = (self.found - self.alike).max(0.0) + weight;
        (alike / unlike).clamp(STRENGTH.0, STRENGTH.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_links_are_alike_what_is_usual_says_much_and_where_they_differ_little() {
        let (mut alike, mut unlike) = (Prior::default(), Prior::default());
        for link in 0..80 {
            let off = f64::from(link % 5 - 2);
            alike.shares(
                &[12.0 + off, 3.0 - off / 2.0, 5.0 - off / 2.0],
                &[2.4, 0.6, 1.0],
            );
            unlike.shares(&[12.0 + 5.0 * off, 3.0, 13.0 - 5.0 * off], &[2.4, 0.6, 1.0]);
        }
        assert!(alike.strength() > 50.0, "{alike:?}");
        assert!(unlike.strength() < 5.0, "{unlike:?}");
        let before = Prior::default().strength();
        assert!((before - BEFORE.0).abs() < 1e-9, "{before}");
    }
}

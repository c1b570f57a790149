//! Figures over repeated runs: mean and sample standard deviation, and comparisons over the same splits.

mod multiple;
mod paired;

pub use multiple::{benjamini_hochberg, holm};
pub use paired::{Interval, LEAST_SPLITS, Overlap, Paired};

use std::fmt;

/// Mean and sample standard deviation of some runs; shown as `81.3 ± 2.1`.
///
/// Width, alignment and precision of the format apply: `{:>12.2}`. The precision is 1 unless given.
///
/// # Examples
/// ```
/// use climd_repro::stats::Summary;
/// let accuracy = Summary::of(&[82.0, 79.0, 83.0]).unwrap();
/// assert_eq!(accuracy.to_string(), "81.3 ± 2.1");
/// assert_eq!(Summary::of(&[82.0]).unwrap().to_string(), "82.0");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (divisor `n - 1`); `None` for a single value.
    pub sd: Option<f64>,
    /// Number of values.
    pub n: usize,
}

impl Summary {
    /// Sums up `values`; `None` if there is none, or one is not finite: a run that diverged must not vanish in a mean.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Summary> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        Some(Summary { mean, sd, n })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = f.precision().unwrap_or(1);
        let text = match self.sd {
            Some(sd) => format!("{:.precision$} ± {sd:.precision$}", self.mean),
            None => format!("{:.precision$}", self.mean),
        };
        // not `f.pad`: it would take the precision for a number of characters
        let width = f.width().unwrap_or(0);
        match f.align() {
            Some(fmt::Alignment::Right) => write!(f, "{text:>width$}"),
            Some(fmt::Alignment::Center) => write!(f, "{text:^width$}"),
            Some(fmt::Alignment::Left) | None => write!(f, "{text:<width$}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference: Python, `statistics.mean` and `statistics.stdev`.
    #[test]
    fn mean_and_sd_match_the_reference() {
        let summary = Summary::of(&[83.6, 81.2, 84.9, 79.5, 82.8]).unwrap();
        assert!((summary.mean - 82.4).abs() < 1e-12);
        assert!((summary.sd.unwrap() - 2.103_568_396_796_263_5).abs() < 1e-12, "{summary:?}");
        assert_eq!(summary.n, 5);
    }

    #[test]
    fn width_and_precision_apply() {
        let summary = Summary { mean: 81.333, sd: Some(2.089), n: 3 };
        assert_eq!(format!("[{summary}] [{summary:.2}]"), "[81.3 ± 2.1] [81.33 ± 2.09]");
        assert_eq!(format!("[{summary:>12}] [{summary:<12}]"), "[  81.3 ± 2.1] [81.3 ± 2.1  ]");
        assert_eq!(format!("[{summary:^14.2}]"), "[ 81.33 ± 2.09 ]");
    }

    #[test]
    fn one_value_has_no_sd_and_equal_values_have_0() {
        assert_eq!(Summary::of(&[3.0]), Some(Summary { mean: 3.0, sd: None, n: 1 }));
        assert_eq!(Summary::of(&[3.0, 3.0]), Some(Summary { mean: 3.0, sd: Some(0.0), n: 2 }));
    }

    #[test]
    fn nothing_and_values_that_are_not_finite_have_no_summary() {
        for values in [&[] as &[f64], &[1.0, f64::NAN], &[f64::INFINITY]] {
            assert_eq!(Summary::of(values), None);
        }
    }
}

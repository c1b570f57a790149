//! Two rows of a table, compared over the same splits.
//!
//! Splits of one cohort overlap: each pair of them shares training samples and test samples, so their differences go up
//! and down together, and their mean is less sure than that of as many independent ones. Nadeau and Bengio (2003) put
//! the correlation of two differences at `test / (test + train)`. Then the variance of the mean is `(1/n + test/train)`
//! times the sample variance, and the mean over its root follows Student's t with `n - 1` degrees of freedom, but no
//! more than the groups have that stay together: twenty splits of five hospitals know five hospitals. Interval and p
//! come from that one law, so the interval has 0 outside exactly where p is below 0.05. `tests/coverage.rs` checks both
//! by simulation.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::Summary;

/// Fewer splits than this get no interval and no p that rests on their spread.
pub const LEAST_SPLITS: usize = 5;
/// Above so many differences the signed-rank sum is as good as normal.
const EXACT: usize = 60;
/// Differences whose sizes are closer than this share of the largest are tied: `0.8 - 0.7` is not `0.7 - 0.6` in
/// binary, and accuracies, which are counts over one number, would be ranked by their rounding.
const TIED: f64 = 1e-9;

/// How far the splits of a cohort overlap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Overlap {
    /// Test samples for each training sample.
    pub test_to_train: f64,
    /// Groups whose samples stay together, if there are some: what is independent is a group then.
    pub groups: Option<usize>,
}

impl From<f64> for Overlap {
    /// Of samples that are split one by one.
    fn from(test_to_train: f64) -> Overlap {
        Overlap { test_to_train, groups: None }
    }
}

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The difference of two rows, with what chance would make of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Mean and standard deviation of the differences.
    pub difference: Summary,
    /// Of the mean, with the overlap of the splits counted. None for fewer than [`LEAST_SPLITS`] splits, and if all
    /// differences are the same number but 0: without a spread nothing says how far the mean may be from the truth.
    pub corrected: Option<Interval>,
    /// Two-sided p of the corrected resampled t-test, which belongs to `corrected`. None where that is none; 1 if all
    /// differences are 0.
    pub p_corrected: Option<f64>,
    /// Student's interval of the mean, which takes the splits to be independent. None where `corrected` is none.
    pub plain: Option<Interval>,
    /// Two-sided p of Wilcoxon's signed-rank test, which takes them to be independent, too: zeros dropped, midranks for
    /// ties, exact for up to 60 differences and normal with both corrections above. 1 if all are 0.
    pub p: f64,
}

impl Paired {
    /// Compares by the differences of all splits of a cohort, which overlap so far.
    ///
    /// None if there is no difference, one is not finite, or `test_to_train` is not a finite number from 0 on: a part
    /// that is empty.
    ///
    /// # Source
    /// Nadeau and Bengio, Machine Learning 52, 2003, section 3.
    ///
    /// # Examples
    /// ```
    /// use climd_repro::stats::Paired;
    /// let paired = Paired::of(&[1.0, 3.0, 2.0, 1.5, 2.5], 0.4).unwrap();
    /// let (corrected, plain) = (paired.corrected.unwrap(), paired.plain.unwrap());
    /// assert_eq!(paired.difference.mean, 2.0);
    /// assert!(corrected.low < plain.low && plain.high < corrected.high);
    /// ```
    #[must_use]
    pub fn of(differences: &[f64], overlap: impl Into<Overlap>) -> Option<Paired> {
        let Overlap { test_to_train, groups } = overlap.into();
        if !(test_to_train >= 0.0 && test_to_train.is_finite()) {
            return None;
        }
        let difference = Summary::of(differences)?;
        let Summary { mean, n, .. } = difference;
        let spreads = |sd: &f64| *sd > TIED * mean.abs() || mean == 0.0;
        let enough = difference.sd.filter(|sd| n >= LEAST_SPLITS && spreads(sd));
        let error = |overlap: f64| enough.map(|sd| ((1.0 / n as f64 + overlap) * sd * sd).sqrt());
        let degrees = groups.map_or(n, |groups| groups.min(n)).saturating_sub(1).max(1) as f64;
        let (corrected, plain) = (error(test_to_train), error(0.0));
        Some(Paired {
            difference,
            corrected: corrected.map(|error| student(mean, error, degrees)),
            p_corrected: corrected.map(|error| t_test(mean, error, degrees)),
            plain: plain.map(|error| student(mean, error, n as f64 - 1.0)),
            p: wilcoxon(differences),
        })
    }

    /// The same by the values of both rows, ours minus theirs, split by split.
    #[must_use]
    pub fn between(ours: &[f64], theirs: &[f64], overlap: impl Into<Overlap>) -> Option<Paired> {
        let differences: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours - theirs).collect();
        Paired::of(&differences, overlap)
    }
}

/// The interval of a mean with this standard error.
fn student(mean: f64, error: f64, degrees: f64) -> Interval {
    let quantile = StudentsT::new(0.0, 1.0, degrees).map(|t| t.inverse_cdf(0.975));
    let reach = quantile.map_or(f64::INFINITY, |quantile| quantile * error); // there is no error from 1 on
    Interval { low: mean - reach, high: mean + reach }
}

/// Two-sided p that a mean with this standard error is 0.
fn t_test(mean: f64, error: f64, degrees: f64) -> f64 {
    match error > 0.0 {
        true => two_sided(StudentsT::new(0.0, 1.0, degrees).map(|t| t.cdf(-(mean / error).abs()))),
        false => 1.0, // all differences are 0
    }
}

fn two_sided<E>(tail: Result<f64, E>) -> f64 {
    tail.map_or(1.0, |tail| (2.0 * tail).min(1.0)) // the parameters are valid, so there is no error
}

/// Two-sided p that the differences are symmetric about 0; 1 if all are 0.
fn wilcoxon(differences: &[f64]) -> f64 {
    let tolerance = TIED * differences.iter().fold(0.0, |largest: f64, d| largest.max(d.abs()));
    let mut nonzero: Vec<f64> = differences.iter().copied().filter(|d| d.abs() > tolerance).collect();
    nonzero.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let n = nonzero.len();
    // twice the midranks, which are whole numbers
    let (mut ranks, mut ties) = (Vec::with_capacity(n), 0.0);
    while ranks.len() < n {
        let from = ranks.len();
        let size = nonzero[from..].iter().take_while(|d| d.abs() - nonzero[from].abs() <= tolerance).count();
        ranks.extend(std::iter::repeat_n(2 * from + size + 1, size));
        ties += (size.pow(3) - size) as f64;
    }
    let total: usize = ranks.iter().sum();
    let positive: usize = ranks.iter().zip(&nonzero).filter(|(_, d)| **d > 0.0).map(|(rank, _)| rank).sum();
    let smaller = positive.min(total - positive);
    if n <= EXACT {
        // the share of all 2^n signs whose sum is no larger
        let mut ways = vec![0.0; total + 1];
        ways[0] = 1.0;
        for &rank in &ranks {
            for sum in (rank..=total).rev() {
                ways[sum] += ways[sum - rank];
            }
        }
        return (2.0 * ways[..=smaller].iter().sum::<f64>() / 2f64.powi(n as i32)).min(1.0);
    }
    let n = n as f64;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    let z = (smaller as f64 / 2.0 - n * (n + 1.0) / 4.0 + 0.5) / variance.sqrt(); // 0.5: continuity
    two_sided(Normal::new(0.0, 1.0).map(|normal| normal.cdf(z.min(0.0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    const TEN: [f64; 10] = [1.2, -0.3, 2.5, 0.8, 1.9, -1.1, 0.4, 3.0, 0.1, 1.5];

    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
    }

    /// `n` differences of distinct sizes, a third of them negative.
    fn distinct(n: usize) -> Vec<f64> {
        (0..n).map(|i| 0.1 * ((i * 7) % n + 1) as f64 * if i % 3 == 0 { -1.0 } else { 1.0 }).collect()
    }

    /// `n` differences of few sizes, so that many are tied and some are 0.
    fn tied(n: usize, sizes: usize, shift: f64, seed: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..n).map(|_| (random.next_u64() % sizes as u64) as f64 - shift).collect()
    }

    /// Too simple to be wrong: all 2^n signs.
    fn naive(differences: &[f64]) -> f64 {
        let sizes: Vec<f64> = differences.iter().filter(|d| **d != 0.0).map(|d| d.abs()).collect();
        let rank = |d: f64| {
            let (below, equal) = (sizes.iter().filter(|&&s| s < d).count(), sizes.iter().filter(|&&s| s == d).count());
            below as f64 + (equal as f64 + 1.0) / 2.0
        };
        let ranks: Vec<f64> = sizes.iter().map(|&size| rank(size)).collect();
        let middle = ranks.iter().sum::<f64>() / 2.0;
        let found: f64 = differences.iter().filter(|d| **d > 0.0).map(|d| rank(*d)).sum();
        let far = |signs: &u32| {
            let sum: f64 = ranks.iter().enumerate().filter(|(i, _)| signs >> i & 1 == 1).map(|(_, rank)| rank).sum();
            (sum - middle).abs() >= (found - middle).abs()
        };
        (0..1u32 << ranks.len()).filter(far).count() as f64 / f64::from(1u32 << ranks.len())
    }

    /// Reference: SciPy 1.17, `wilcoxon(d, method="exact").pvalue`.
    #[test]
    fn wilcoxon_without_ties_matches_the_reference() {
        close(wilcoxon(&TEN), 0.037_109_375);
        close(wilcoxon(&distinct(20)), 0.002_712_249_755_859_375);
        close(wilcoxon(&distinct(60)), 0.016_137_123_087_551_33);
    }

    /// Reference: SciPy 1.17, `wilcoxon(d, method=PermutationMethod(n_resamples=10**6)).pvalue`, which takes all signs.
    #[test]
    fn wilcoxon_with_ties_and_zeros_matches_the_reference() {
        close(wilcoxon(&[1.0, 1.0, -2.0, 2.0, 3.0, -1.0, 2.0, 4.0, 0.0, 5.0, 3.0, -3.0]), 0.127_929_687_5);
        close(wilcoxon(&[1.0, 1.0, 0.0, 2.0, -1.0, 3.0]), 0.25);
    }

    #[test]
    fn wilcoxon_with_ties_is_the_share_of_all_signs() {
        for seed in 0..40 {
            let differences = tied(2 + seed as usize % 11, 7, 2.0, seed);
            assert!((wilcoxon(&differences) - naive(&differences)).abs() < 1e-12, "{differences:?}");
        }
    }

    /// Reference: SciPy 1.17, `wilcoxon(d, method="asymptotic", correction=True).pvalue`; the second has ties and
    /// zeros.
    #[test]
    fn wilcoxon_of_many_matches_the_reference() {
        let many: Vec<f64> = (0..80).map(|i| f64::from((i * 37) % 80) - 30.5).collect();
        close(wilcoxon(&many), 0.002_041_345_542_502_607);
        let tied: Vec<f64> = (0..70).map(|i| f64::from((i * 37) % 23) - 8.0).collect();
        close(wilcoxon(&tied), 0.001_663_389_566_292_674_8);
    }

    #[test]
    fn differences_that_only_rounding_parts_are_tied() {
        let counts = [(80, 70), (70, 60), (55, 65), (31, 31), (90, 80), (40, 20)];
        let shares = counts.map(|(a, b)| f64::from(a) / 100.0 - f64::from(b) / 100.0);
        assert!(shares[0] != shares[1], "they are meant to differ in the last bit");
        assert_eq!(wilcoxon(&shares), wilcoxon(&counts.map(|(a, b)| f64::from(a - b))));
    }

    /// Reference: by hand from the published formula, `2 * scipy.stats.t.sf` for the tail and
    /// `scipy.stats.t.ppf(0.975, 9)`, 2.2621571628540993, for the interval. Without overlap both are the ordinary
    /// paired t-test's, `scipy.stats.ttest_1samp`.
    #[test]
    fn the_corrected_test_and_interval_match_the_reference() {
        let paired = |ratio| Paired::of(&TEN, ratio).unwrap();
        close(paired(0.4).p_corrected.unwrap(), 0.296_561_898_412_200_8);
        close(paired(0.0).p_corrected.unwrap(), 0.035_121_909_874_462_25);
        for ratio in [0.0, 0.4] {
            let Paired { difference: Summary { mean, sd, .. }, corrected, plain, .. } = paired(ratio);
            let reach = 2.262_157_162_854_099_3 * (0.1 + ratio).sqrt() * sd.unwrap();
            let Interval { low, high } = corrected.unwrap();
            assert!((low - (mean - reach)).abs() < 1e-7 && (high - (mean + reach)).abs() < 1e-7, "{low} {high}");
            assert_eq!(plain, paired(0.0).corrected);
        }
    }

    #[test]
    fn zero_is_outside_the_interval_where_p_is_small() {
        for shift in 0..60 {
            let differences = TEN.map(|d| d + 0.1 * f64::from(shift));
            let paired = Paired::of(&differences, 3.0 / 7.0).unwrap();
            assert_eq!(paired.p_corrected.unwrap() < 0.05, paired.corrected.unwrap().low > 0.0, "{paired:?}");
        }
    }

    #[test]
    fn a_change_of_sign_changes_no_p_and_mirrors_the_intervals() {
        for differences in [TEN.to_vec(), tied(20, 9, 3.0, 1), distinct(70)] {
            let turned: Vec<f64> = differences.iter().map(|d| -d).collect();
            let (a, b) = (Paired::of(&differences, 0.4).unwrap(), Paired::of(&turned, 0.4).unwrap());
            assert_eq!((a.p, a.p_corrected, a.difference.mean), (b.p, b.p_corrected, -b.difference.mean));
            for (a, b) in [(a.corrected, b.corrected), (a.plain, b.plain)] {
                let (a, b) = (a.unwrap(), b.unwrap());
                assert!((a.low + b.high).abs() < 1e-9 && (a.high + b.low).abs() < 1e-9, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn the_order_of_the_splits_and_the_unit_change_no_p() {
        for differences in [TEN.to_vec(), tied(20, 9, 3.0, 1), distinct(70)] {
            let a = Paired::of(&differences, 0.4).unwrap();
            let reversed: Vec<f64> = differences.iter().rev().copied().collect();
            let percent: Vec<f64> = differences.iter().map(|d| 100.0 * d).collect();
            for b in [reversed, percent].map(|other| Paired::of(&other, 0.4).unwrap()) {
                assert_eq!(a.p, b.p);
                close(a.p_corrected.unwrap(), b.p_corrected.unwrap());
            }
        }
    }

    /// Reference: `scipy.stats.t.ppf(0.975, 3)`, 3.182446305284263, in place of 9 degrees of freedom.
    #[test]
    fn few_groups_have_few_degrees_of_freedom() {
        let of = |groups| Paired::of(&TEN, Overlap { test_to_train: 0.4, groups }).unwrap();
        let (four, alone) = (of(Some(4)), of(None));
        let reach = |of: &Paired| of.corrected.unwrap().high - of.difference.mean;
        close(reach(&four) / reach(&alone), 3.182_446_305_284_263 / 2.262_157_162_854_099_3);
        assert!(four.p_corrected.unwrap() > alone.p_corrected.unwrap());
        assert_eq!((of(Some(10)), of(Some(99)), four.plain), (alone, alone, alone.plain));
    }

    #[test]
    fn fewer_than_five_splits_have_no_interval() {
        for n in 1..LEAST_SPLITS {
            let few = Paired::of(&TEN[..n], 0.4).unwrap();
            assert_eq!((few.corrected, few.plain, few.p_corrected), (None, None, None));
        }
        assert!(Paired::of(&TEN[..LEAST_SPLITS], 0.4).unwrap().corrected.is_some());
    }

    #[test]
    fn edge_cases_have_stated_results() {
        let at = |value| Some(Interval { low: value, high: value });
        assert_eq!(Paired::of(&[2.0], 0.4).unwrap().p, 1.0);
        let zero = Paired::of(&[0.0; 5], 0.4).unwrap();
        assert_eq!((zero.corrected, zero.plain, zero.p, zero.p_corrected), (at(0.0), at(0.0), 1.0, Some(1.0)));
        for constant in [0.5, 0.1, -3.7] {
            // the sd of the second is that of rounding, and not 0
            let same = Paired::of(&[constant; 7], 0.4).unwrap();
            assert_eq!((same.corrected, same.plain, same.p_corrected, same.p), (None, None, None, 0.015625));
        }
        for values in [&[] as &[f64], &[1.0, f64::NAN], &[f64::INFINITY]] {
            assert_eq!(Paired::of(values, 0.4), None);
        }
        for ratio in [f64::NAN, f64::INFINITY, -0.1] {
            assert_eq!(Paired::of(&TEN, ratio), None);
        }
    }
}

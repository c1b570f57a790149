//! Two rows of a table, compared over the same splits.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::Summary;

const RESAMPLES: usize = 10_000;
/// Above so many differences the signed-rank sum is as good as normal.
const EXACT: usize = 60;

/// The difference of two rows, with what chance would make of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Mean and standard deviation of the differences.
    pub difference: Summary,
    /// Lower end of the 95 % percentile bootstrap interval of the mean (10,000 resamples, seeded).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Two-sided p of Wilcoxon's signed-rank test: zeros dropped, midranks for ties, exact for up to 60 differences.
    pub p: f64,
    /// Two-sided p of the corrected resampled t-test (Nadeau and Bengio 2003): splits of one cohort overlap, so the
    /// variance of the mean is `(1/n + test/train)` times that of a difference. None for a single difference.
    pub p_corrected: Option<f64>,
}

impl Paired {
    /// Compares by the differences of all splits, each of which tests on `test_to_train` times as many samples as it
    /// trains on. None if there is no difference, or one is not finite.
    #[must_use]
    pub fn of(differences: &[f64], test_to_train: f64) -> Option<Paired> {
        let difference = Summary::of(differences)?;
        let (low, high) = bootstrap(differences);
        let p_corrected = difference.sd.map(|sd| {
            let n = difference.n as f64;
            let error = ((1.0 / n + test_to_train) * sd * sd).sqrt();
            match error > 0.0 {
                true => two_sided(StudentsT::new(0.0, 1.0, n - 1.0).map(|t| t.cdf(-(difference.mean / error).abs()))),
                false if difference.mean == 0.0 => 1.0,
                false => 0.0, // always the same difference
            }
        });
        Some(Paired { difference, low, high, p: wilcoxon(differences), p_corrected })
    }
}

fn two_sided<E>(tail: Result<f64, E>) -> f64 {
    tail.map_or(1.0, |tail| (2.0 * tail).min(1.0)) // the parameters are valid, so there is no error
}

fn bootstrap(differences: &[f64]) -> (f64, f64) {
    let n = differences.len();
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut draw = || differences[((u64::from(random.next_u32()) * n as u64) >> 32) as usize];
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| (0..n).map(|_| draw()).sum::<f64>() / n as f64).collect();
    means.sort_by(f64::total_cmp);
    // linear between order statistics, as numpy's default
    let quantile = |q: f64| {
        let at = q * (RESAMPLES - 1) as f64;
        let below = means[at as usize];
        below + (means[at as usize + 1] - below) * at.fract()
    };
    (quantile(0.025), quantile(0.975))
}

/// Two-sided p that the differences are symmetric about 0; 1 if all are 0.
fn wilcoxon(differences: &[f64]) -> f64 {
    let mut nonzero: Vec<f64> = differences.iter().copied().filter(|&d| d != 0.0).collect();
    nonzero.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let n = nonzero.len();
    // twice the midranks, which are whole numbers
    let (mut ranks, mut ties) = (Vec::with_capacity(n), 0.0);
    while ranks.len() < n {
        let from = ranks.len();
        let size = nonzero[from..].iter().take_while(|d| d.abs() == nonzero[from].abs()).count();
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

    const TEN: [f64; 10] = [1.2, -0.3, 2.5, 0.8, 1.9, -1.1, 0.4, 3.0, 0.1, 1.5];

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    /// Reference: SciPy, `wilcoxon(d, method="exact")`; with ties and zeros the exact null over all 2^n signs.
    #[test]
    fn wilcoxon_matches_the_reference() {
        close(Paired::of(&TEN, 0.4).unwrap().p, 0.037_109_375);
        close(wilcoxon(&[1.0, 1.0, 0.0, 2.0, -1.0, 3.0]), 0.25);
        let many: Vec<f64> = (0..80).map(|i| f64::from((i * 37) % 80) - 30.5).collect();
        close(wilcoxon(&many), 0.002_041_345_542_502_607);
    }

    /// Reference: by hand from the published formula, `scipy.stats.t.sf` for the tail.
    #[test]
    fn the_corrected_test_matches_the_reference() {
        close(Paired::of(&TEN, 0.4).unwrap().p_corrected.unwrap(), 0.296_561_898_412_200_8);
        // without overlap it is the ordinary paired t-test, `scipy.stats.ttest_1samp`
        close(Paired::of(&TEN, 0.0).unwrap().p_corrected.unwrap(), 0.035_121_909_874_462_25);
    }

    #[test]
    fn the_interval_holds_the_mean_and_is_near_the_normal_one() {
        let paired = Paired::of(&TEN, 0.4).unwrap();
        let half = 1.96 * paired.difference.sd.unwrap() / 10f64.sqrt();
        assert!((paired.low - (paired.difference.mean - half)).abs() < 0.1, "{paired:?}");
        assert!((paired.high - (paired.difference.mean + half)).abs() < 0.1, "{paired:?}");
        assert_eq!(paired, Paired::of(&TEN, 0.4).unwrap());
    }

    #[test]
    fn a_change_of_sign_changes_no_p() {
        let turned = TEN.map(|d| -d);
        let (a, b) = (Paired::of(&TEN, 0.4).unwrap(), Paired::of(&turned, 0.4).unwrap());
        assert_eq!((a.p, a.p_corrected, a.difference.mean), (b.p, b.p_corrected, -b.difference.mean));
    }

    #[test]
    fn edge_cases_have_stated_results() {
        let one = Paired::of(&[2.0], 0.4).unwrap();
        assert_eq!((one.low, one.high, one.p, one.p_corrected), (2.0, 2.0, 1.0, None));
        let zero = Paired::of(&[0.0; 5], 0.4).unwrap();
        assert_eq!((zero.p, zero.p_corrected), (1.0, Some(1.0)));
        assert_eq!(Paired::of(&[], 0.4), None);
        assert_eq!(Paired::of(&[1.0, f64::NAN], 0.4), None);
    }
}

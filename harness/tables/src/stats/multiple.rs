//! Many comparisons at once: p adjusted for how many there are.
//!
//! Of a hundred comparisons with nothing behind them, five have p below 0.05. Holm's p holds the chance of a single
//! false find below 0.05; Benjamini and Hochberg's holds the expected share of false ones among the finds there, and is
//! milder.

/// Holm's step-down p, in the order given; a NaN counts as 1.
///
/// # Source
/// Holm, Scandinavian Journal of Statistics 6, 1979.
#[must_use]
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let (order, mut adjusted, mut least) = (ascending(ps), vec![0.0; ps.len()], 0.0f64);
    for (rank, &at) in order.iter().enumerate() {
        least = least.max((ps.len() - rank) as f64 * valid(ps[at])).min(1.0);
        adjusted[at] = least;
    }
    adjusted
}

/// Benjamini and Hochberg's step-up p, in the order given; a NaN counts as 1.
///
/// # Source
/// Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995.
#[must_use]
pub fn benjamini_hochberg(ps: &[f64]) -> Vec<f64> {
    let (order, mut adjusted, mut most) = (ascending(ps), vec![0.0; ps.len()], 1.0f64);
    for (rank, &at) in order.iter().enumerate().rev() {
        most = most.min(ps.len() as f64 / (rank + 1) as f64 * valid(ps[at]));
        adjusted[at] = most;
    }
    adjusted
}

fn valid(p: f64) -> f64 {
    if p.is_nan() { 1.0 } else { p }
}

fn ascending(ps: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&a, &b| valid(ps[a]).total_cmp(&valid(ps[b])));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[f64], expected: &[f64]) {
        assert!(
            found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12),
            "{found:?}"
        );
    }

    /// By hand from the published rules: sorted 0.005, 0.01, 0.03, 0.04.
    #[test]
    fn adjusted_p_match_the_rules() {
        let ps = [0.01, 0.04, 0.03, 0.005];
        close(&holm(&ps), &[0.03, 0.06, 0.06, 0.02]);
        close(&benjamini_hochberg(&ps), &[0.02, 0.04, 0.04, 0.02]);
    }

    #[test]
    fn one_comparison_stays_and_none_is_none() {
        for adjust in [holm, benjamini_hochberg] {
            close(&adjust(&[0.03]), &[0.03]);
            close(&adjust(&[]), &[]);
            close(&adjust(&[f64::NAN, 0.9]), &[1.0, 1.0]);
        }
    }
}

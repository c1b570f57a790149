//! Which candidate runs on inner splits choose: a learning rate, or a length of training.

use climd_networks::train::Outcome;

/// What a run is chosen by: the class-balanced cross-entropy, after the best division of the logits by one number. NaN
/// where it is not known.
pub(crate) fn loss(run: &Outcome) -> f64 {
    run.quality.map_or(f64::NAN, |quality| quality.scaled_cross_entropy)
}

/// A score of predictions by which runs are chosen; the worst for a run that diverged, whose predictions are one class.
pub(crate) fn unless_diverged(run: &Outcome, score: f64) -> f64 {
    match run.quality {
        Some(quality) if !quality.scaled_cross_entropy.is_finite() => f64::NEG_INFINITY,
        _ => score,
    }
}

/// The candidate of the least loss; of equal ones the nearest to the usual one. Training that diverged is the worst.
pub(crate) fn least(losses: &[f64], usual: usize) -> usize {
    let key = |at: usize| (Some(losses[at]).filter(|loss| loss.is_finite()).unwrap_or(f64::INFINITY), at);
    let order =
        |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.abs_diff(usual).cmp(&b.1.abs_diff(usual)));
    (0..losses.len()).map(key).min_by(order).map_or(usual, |(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_loss_is_chosen_and_ties_go_to_the_usual_candidate() {
        assert_eq!(least(&[0.5, 0.3, 0.4, 0.6], 3), 1);
        assert_eq!(least(&[0.3, 0.3, 0.4, 0.3], 3), 3);
        assert_eq!(least(&[0.3, 0.3, 0.4, 0.5, 0.3], 3), 4);
        assert_eq!(least(&[f64::NAN, 0.9, f64::INFINITY, f64::NAN], 3), 1);
        assert_eq!(least(&[f64::NAN; 4], 3), 3);
    }
}

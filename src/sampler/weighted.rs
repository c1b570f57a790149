//! Random scores. Picking the highest ones draws samples without replacement, in proportion to weights.

use super::random::{Purpose, Words};
use crate::Result;
use crate::error::ArgumentError;

/// Random scores, `ln(u) / weight`. With [`Pick::Highest`](crate::Pick::Highest) the samples of each class are then
/// drawn without replacement, in proportion to the weights. Give new ones to `update` in each epoch.
///
/// # Shapes
/// `weights`: `[N]`, from 1e-30 to 1e30. Returns `[N]`.
///
/// # Errors
/// [`ArgumentError::Weight`] with the position of a weight that is out of range or NaN.
///
/// # Examples
/// ```
/// use climd::{Curriculum, CurriculumSampler, PowerLaw, weighted_scores};
/// let mut sampler = Curriculum::new(&[0, 0, 0, 1], PowerLaw { epochs: 2, ..Default::default() })?.seed(7);
/// sampler.update(0, &weighted_scores(&[1.0, 1.0, 1e6, 1.0], 7, 0)?)?;
/// assert!(sampler.epoch(0)?.indices().contains(&2)); // a million times as likely as its neighbours
/// # Ok::<(), climd::Error>(())
/// ```
///
/// # Source
/// Efraimidis and Spirakis 2006, "Weighted random sampling with a reservoir".
pub fn weighted_scores(weights: &[f64], seed: u64, epoch: usize) -> Result<Vec<f32>> {
    let mut words = Words::new(seed, epoch, Purpose::Redraw, 0);
    let score = |(index, &weight): (usize, &f64)| {
        if !(1e-30..=1e30).contains(&weight) {
            return Err(ArgumentError::Weight { index, found: weight }.into());
        }
        let uniform = (f64::from(words.next()) + 0.5) / (1u64 << 32) as f64;
        Ok((libm::log(uniform) / weight) as f32)
    };
    weights.iter().enumerate().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn the_first_is_drawn_in_proportion_to_its_weight() {
        let weights = [1.0, 2.0, 5.0];
        let mut first = [0u32; 3];
        for seed in 0..8000 {
            let scores = weighted_scores(&weights, seed, 0).unwrap();
            let best = (0..3).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
            first[best] += 1;
        }
        for (&found, weight) in first.iter().zip(weights) {
            assert!((f64::from(found) - 1000.0 * weight).abs() < 150.0, "{first:?}"); // over 3 standard deviations
        }
    }

    #[test]
    fn a_weight_out_of_range_is_named() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-40] {
            let error = weighted_scores(&[1.0, bad], 0, 0).unwrap_err();
            assert!(matches!(error, Error::Argument(ArgumentError::Weight { index: 1, .. })), "{error}");
        }
        assert!(weighted_scores(&[1e-30, 1e30], 0, 0).unwrap().iter().all(|score| score.is_finite()));
    }
}

//! How well a ranking by some scores agrees with the ranking by a full measurement of the same network.

use climd::CurriculumSampler;
use serde::{Deserialize, Serialize};

/// Agreement in one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The epoch.
    pub epoch: usize,
    /// Spearman's correlation with the full measurement within classes, their mean weighted by samples. Of the samples
    /// that have a score; none if no class has three of them that differ.
    pub spearman: Option<f64>,
    /// Share of the epoch's list that is also in the list by the full measurement.
    pub overlap: f64,
    /// The same share for a list in random order.
    pub chance: f64,
}

impl Agreement {
    /// Compares the sampler's ranking in an epoch with that of `full`, which has the scores of a full measurement.
    ///
    /// # Errors
    /// Those of the samplers.
    pub fn of(
        epoch: usize,
        sampler: &dyn CurriculumSampler,
        full: &dyn CurriculumSampler,
        measured: &[f32],
    ) -> climd::Result<Agreement> {
        let list = sampler.epoch(epoch)?;
        let mut there = vec![false; measured.len()];
        full.epoch(epoch)?.indices().iter().for_each(|&sample| there[sample as usize] = true);
        let shared = list.indices().iter().filter(|&&sample| there[sample as usize]).count();
        let (quotas, classes) = (sampler.quotas(epoch)?, sampler.classes());
        let by_chance: f64 = quotas.iter().zip(classes.counts()).map(|(&q, &n)| (q * q) as f64 / n as f64).sum();
        let scores = sampler.state(epoch.into())?.scores().unwrap_or_default();
        let mut means = (0.0, 0.0); // sum, weight
        for class in 0..classes.num_classes() {
            let members = classes.members(class).iter().map(|&sample| sample as usize);
            let pairs = members.filter(|&sample| scores.get(sample).is_some_and(|score| score.is_finite()));
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.map(|sample| (scores[sample], measured[sample])).unzip();
            if let Some(rho) = spearman(&a, &b) {
                means = (means.0 + rho * a.len() as f64, means.1 + a.len() as f64);
            }
        }
        Ok(Agreement {
            epoch,
            spearman: (means.1 > 0.0).then(|| means.0 / means.1),
            overlap: shared as f64 / list.len() as f64,
            chance: by_chance / list.len() as f64,
        })
    }
}

/// Spearman's correlation, with mean ranks for ties; none for fewer than three values, or for equal ones.
fn spearman(a: &[f32], b: &[f32]) -> Option<f64> {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let norm = (product(&a, &a) * product(&b, &b)).sqrt();
    (a.len() >= 3 && norm > 0.0).then(|| product(&a, &b) / norm)
}

/// Ranks from 0; those of equal values are their mean.
fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = first as f64 + (equal.len() as f64 - 1.0) / 2.0;
        equal.iter().for_each(|&at| ranks[at] = mean);
        first += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use climd::{PowerLaw, PowerLawScheduler};

    #[test]
    fn spearman_is_one_for_the_same_order_and_minus_one_for_the_reverse() {
        assert_eq!(spearman(&[1.0, 5.0, 2.0, 9.0], &[0.1, 0.5, 0.2, 0.6]), Some(1.0));
        assert_eq!(spearman(&[1.0, 5.0, 2.0], &[3.0, 1.0, 2.0]), Some(-1.0));
        // by hand: ranks 0, 1.5, 1.5 and 0, 1, 2
        assert!((spearman(&[1.0, 2.0, 2.0], &[1.0, 2.0, 3.0]).unwrap() - 0.75f64.sqrt()).abs() < 1e-12);
        assert_eq!(spearman(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(spearman(&[1.0, 2.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn the_same_scores_agree_and_what_was_not_seen_is_left_out_of_the_correlation() {
        let labels: Vec<u32> = (0..40).map(|i| u32::from(i % 4 == 0)).collect();
        let sampler = || PowerLawScheduler::new(&labels, PowerLaw { epochs: 9, ..Default::default() }).unwrap();
        let scores: Vec<f32> = (0..40).map(|i| (i * 7 % 40) as f32).collect();
        let (mut ours, mut full) = (sampler(), sampler());
        full.update(3, &scores).unwrap();
        ours.observe(2, &(0..20).collect::<Vec<u32>>(), &scores[..20]).unwrap();
        ours.renew(3).unwrap();
        let half = Agreement::of(3, &ours, &full, &scores).unwrap();
        assert_eq!(half.spearman, Some(1.0));
        assert!(half.overlap < 1.0 && half.chance < 1.0);
        assert_eq!(Agreement::of(3, &full, &full, &scores).unwrap().overlap, 1.0);
    }
}

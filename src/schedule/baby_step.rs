//! The ranking in buckets of one size: one more in each step.

use super::{Law, Pick, Quota, Schedule, pacing};
use crate::{ClassIndex, Result};

/// The easiest `ceil(t K / T)` of `K` equal buckets of all samples, classes ignored.
///
/// # Source
/// Bengio et al. 2009; Spitkovsky et al. 2010; `docs/algorithm.md`, "Class-blind schedules".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct BabyStep {
    /// Curriculum epochs `T`, at least 1; later epochs use every sample. Default 100.
    pub epochs: usize,
    /// Buckets `K`, at least 1; no more of them than epochs or samples are used. Default 10.
    pub buckets: usize,
    /// By what samples are ranked; not with replacement. Default: the highest scores first.
    pub pick: Pick,
}

impl Default for BabyStep {
    fn default() -> Self {
        Self { epochs: 100, buckets: 10, pick: Pick::Highest }
    }
}

impl Schedule for BabyStep {
    fn check(&self, _: &ClassIndex) -> Result<()> {
        pacing::check_buckets("BabyStep", self.epochs, self.buckets, self.pick)
    }
    fn quota(&self, epoch: usize, classes: &ClassIndex) -> Quota {
        let (buckets, reached) = pacing::bucket(epoch, self.epochs, self.buckets, classes);
        Quota::Ranks(0..pacing::bucket_end(reached, buckets, classes))
    }
    fn describe(&self) -> String {
        format!("{self:?}")
    }
    fn pick(&self, _: usize) -> Pick {
        self.pick
    }
    fn settles_at(&self) -> usize {
        self.epochs
    }
    fn law(&self, epoch: usize, classes: &ClassIndex) -> Law {
        pacing::law(self.quota(epoch, classes).len() as f64 / classes.num_samples() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_added_one_by_one() {
        let sizes = |buckets| pacing::sizes(&BabyStep { epochs: 10, buckets, ..Default::default() }, 11);
        assert_eq!(sizes(10), [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100]);
        assert_eq!(sizes(5), [20, 20, 40, 40, 60, 60, 80, 80, 100, 100, 100]);
        assert_eq!(sizes(3), [33, 33, 33, 66, 66, 66, 100, 100, 100, 100, 100]);
        assert_eq!(sizes(1000), sizes(10)); // no more buckets than epochs
    }
}

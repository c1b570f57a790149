//! The ranking in buckets of one size: one after the other, each seen once.

use super::{Law, Pick, Quota, Schedule, pacing};
use crate::{ClassIndex, Result};

/// Bucket `ceil(t K / T)` of `K` equal buckets of all samples, alone, classes ignored: easy samples do not come back.
///
/// # Source
/// Bengio et al. 2009; named so by Cirik et al. 2016; `docs/algorithm.md`, "Class-blind schedules".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct OnePass {
    /// Curriculum epochs `T`, at least 1; later epochs use every sample. Default 100.
    pub epochs: usize,
    /// Buckets `K`, at least 1; no more of them than epochs or samples are used. Default 10.
    pub buckets: usize,
    /// By what samples are ranked; not with replacement. Default: the highest scores first.
    pub pick: Pick,
}

impl Default for OnePass {
    fn default() -> Self {
        Self { epochs: 100, buckets: 10, pick: Pick::Highest }
    }
}

impl Schedule for OnePass {
    fn check(&self, _: &ClassIndex) -> Result<()> {
        pacing::check_buckets("OnePass", self.epochs, self.buckets, self.pick)
    }
    fn quota(&self, epoch: usize, classes: &ClassIndex) -> Quota {
        if epoch >= self.epochs {
            return Quota::Ranks(0..classes.num_samples());
        }
        let (buckets, reached) = pacing::bucket(epoch, self.epochs, self.buckets, classes);
        Quota::Ranks(pacing::bucket_end(reached - 1, buckets, classes)..pacing::bucket_end(reached, buckets, classes))
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
    fn buckets_come_one_after_the_other() {
        let classes = ClassIndex::new(&[0; 100]).unwrap();
        let schedule = OnePass { epochs: 10, buckets: 5, ..Default::default() };
        let windows = [0, 1, 4, 8, 9, 10].map(|epoch| schedule.quota(epoch, &classes));
        let expected = [0..20, 0..20, 40..60, 80..100, 80..100, 0..100];
        assert_eq!(windows, expected.map(Quota::Ranks));
    }

    #[test]
    fn no_buckets_are_refused() {
        let error = OnePass { buckets: 0, ..Default::default() }.check(&ClassIndex::new(&[0]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`buckets` is 0, but must be at least 1");
    }
}

//! The ranking in buckets of equal size: each step adds one bucket.

use super::buckets::Buckets;
use super::{Description, Pick, Plan, Schedule};
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
    /// Number of buckets `K`, at least 1. At most as many as epochs or samples are used. Default 10.
    pub buckets: usize,
    /// How samples are ranked; not with replacement. Default: the highest scores first.
    pub pick: Pick,
}

impl Default for BabyStep {
    fn default() -> Self {
        Self { epochs: 100, buckets: 10, pick: Pick::Highest }
    }
}

impl BabyStep {
    fn shared(&self) -> Buckets {
        Buckets { names: ["BabyStep", "baby_step"], epochs: self.epochs, buckets: self.buckets, pick: self.pick }
    }
}

impl Schedule for BabyStep {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        self.shared().plan(epoch, classes, |latest| 0..latest.end)
    }

    fn describe(&self) -> Description {
        self.shared().describe(&Self::default().shared())
    }
}

#[cfg(test)]
mod tests {
    use super::super::growing;
    use super::*;

    #[test]
    fn buckets_are_added_one_by_one() {
        let sizes = |buckets| growing::sizes(&BabyStep { epochs: 10, buckets, ..Default::default() }, 11);
        assert_eq!(sizes(10), [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100]);
        assert_eq!(sizes(5), [20, 20, 40, 40, 60, 60, 80, 80, 100, 100, 100]);
        assert_eq!(sizes(3), [33, 33, 33, 66, 66, 66, 100, 100, 100, 100, 100]);
        assert_eq!(sizes(1000), sizes(10)); // no more buckets than epochs
    }
}

//! The ranking in buckets of equal size: one bucket after another, each used once.

use super::buckets::Buckets;
use super::{Description, Pick, Plan, Schedule};
use crate::{ClassIndex, Result};

/// Only bucket `ceil(t K / T)` of `K` equal buckets of all samples, classes ignored. Easy samples do not come back.
///
/// # Source
/// Bengio et al. 2009; the name is from Cirik et al. 2016; `docs/algorithm.md`, "Class-blind schedules".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct OnePass {
    /// Curriculum epochs `T`, at least 1; later epochs use every sample. Default 100.
    pub epochs: usize,
    /// Number of buckets `K`, at least 1. At most as many as epochs or samples are used. Default 10.
    pub buckets: usize,
    /// How samples are ranked; not with replacement. Default: the highest scores first.
    pub pick: Pick,
}

impl Default for OnePass {
    fn default() -> Self {
        Self { epochs: 100, buckets: 10, pick: Pick::Highest }
    }
}

impl OnePass {
    fn shared(&self) -> Buckets {
        Buckets { names: ["OnePass", "one_pass"], epochs: self.epochs, buckets: self.buckets, pick: self.pick }
    }
}

impl Schedule for OnePass {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        self.shared().plan(epoch, classes, |latest| latest)
    }

    fn describe(&self) -> Description {
        self.shared().describe(&Self::default().shared())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Quota;
    use super::*;

    #[test]
    fn buckets_come_one_after_the_other() {
        let classes = ClassIndex::new(&[0; 100]).unwrap();
        let schedule = OnePass { epochs: 10, buckets: 5, ..Default::default() };
        let windows = [0, 1, 4, 8, 9, 10].map(|epoch| schedule.plan(epoch, &classes).unwrap().quota);
        let expected = [0..20, 0..20, 40..60, 80..100, 80..100, 0..100];
        assert_eq!(windows, expected.map(Quota::Window));
    }

    #[test]
    fn no_buckets_are_refused() {
        let error = OnePass { buckets: 0, ..Default::default() }.check(&ClassIndex::new(&[0]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`buckets` is 0, but must be at least 1");
    }
}

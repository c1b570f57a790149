//! Leaves out the easiest samples of the large classes, after some epochs with all samples.

use super::{Description, Pick, Plan, Schedule};
use crate::error::ArgumentError;
use crate::{ClassIndex, Result};

/// All samples in the first epochs. Then each class above the median size keeps only the share `keep` of its samples,
/// the hardest ones, but at least as many as the median. This is the opposite of easy first. It does harm if labels are
/// noisy.
///
/// # Source
/// Ours: `docs/algorithm.md`, "Class-wise schedules".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct HardMajority {
    /// Number of first epochs with all samples. Default 10.
    pub warm_up: usize,
    /// Share of a large class that is kept, above 0 and at most 1. Default 0.7.
    pub keep: f64,
}

impl Default for HardMajority {
    fn default() -> Self {
        Self { warm_up: 10, keep: 0.7 }
    }
}

impl Schedule for HardMajority {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        if !(self.keep > 0.0 && self.keep <= 1.0) {
            return Err(ArgumentError::OutOfRange {
                argument: "keep",
                found: self.keep,
                range: "above 0, and at most 1",
            }
            .into());
        }
        let counts = classes.counts();
        if epoch < self.warm_up {
            return Ok(Plan::per_class(counts.to_vec()).pick(Pick::Lowest));
        }
        let middle = counts.len() / 2;
        let median = if counts.len() % 2 == 1 { counts[middle] } else { (counts[middle - 1] + counts[middle]) / 2 };
        let kept = |n: usize| libm::floor(self.keep * n as f64 + 1e-9) as usize; // 1e-9: 0.7 * 10 is 7
        let quotas = counts.iter().map(|&n| if n <= median { n } else { kept(n).max(median) }).collect();
        Ok(Plan::per_class(quotas).pick(Pick::Lowest).constant(true))
    }

    fn describe(&self) -> Description {
        let default = Self::default();
        Description::new("hard_majority").field("warm_up", self.warm_up, default.warm_up).field(
            "keep",
            self.keep,
            default.keep,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Quota;
    use super::*;

    fn quotas(counts: &[usize], epoch: usize) -> Quota {
        let labels: Vec<usize> = counts.iter().enumerate().flat_map(|(label, &n)| vec![label; n]).collect();
        HardMajority::default().plan(epoch, &ClassIndex::new(&labels).unwrap()).unwrap().quota
    }

    #[test]
    fn large_classes_lose_their_easiest_but_stay_at_the_median() {
        assert_eq!(quotas(&[305, 103, 92, 80, 32], 9), Quota::PerClass(vec![305, 103, 92, 80, 32]));
        assert_eq!(quotas(&[305, 103, 92, 80, 32], 10), Quota::PerClass(vec![213, 92, 92, 80, 32]));
        assert_eq!(quotas(&[10, 5], 10), Quota::PerClass(vec![7, 5])); // the median of 10 and 5 is 7
        assert_eq!(quotas(&[100, 10, 3, 2], 10), Quota::PerClass(vec![70, 7, 3, 2])); // of 10 and 3: 6
    }

    #[test]
    fn keeping_nothing_is_refused() {
        let error =
            HardMajority { keep: 0.0, ..Default::default() }.check(&ClassIndex::new(&[0]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`keep` is 0, but must be above 0, and at most 1");
    }
}

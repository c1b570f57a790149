//! A growing prefix of the ranking: slow at first, faster later.

use super::{Law, Pick, Quota, Schedule, pacing};
use crate::{ClassIndex, Result};

/// The easiest `l^(1 - t / T)` of all samples, classes ignored.
///
/// # Source
/// Penha and Hauff 2020; `docs/algorithm.md`, "Class-blind schedules".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Geometric {
    /// Curriculum epochs `T`, at least 1; later epochs use every sample. Default 100.
    pub epochs: usize,
    /// Fraction `l` before the first epoch, above 0 and at most 1. Default 0.1.
    pub start: f64,
    /// By what samples are picked; not with replacement. Default: the highest scores.
    pub pick: Pick,
}

impl Default for Geometric {
    fn default() -> Self {
        Self { epochs: 100, start: 0.1, pick: Pick::Highest }
    }
}

impl Geometric {
    fn fraction(&self, epoch: usize) -> f64 {
        libm::exp2((1.0 - pacing::elapsed(epoch, self.epochs)) * libm::log2(self.start)).min(1.0)
    }
}

impl Schedule for Geometric {
    fn check(&self, _: &ClassIndex) -> Result<()> {
        pacing::check("Geometric", self.epochs, self.start, self.pick)
    }
    fn quota(&self, epoch: usize, classes: &ClassIndex) -> Quota {
        pacing::prefix(self.fraction(epoch), classes)
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
    fn law(&self, epoch: usize, _: &ClassIndex) -> Law {
        pacing::law(self.fraction(epoch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_grow_as_the_formula_says() {
        let schedule = Geometric { epochs: 10, ..Default::default() };
        assert_eq!(pacing::sizes(&schedule, 11), [12, 15, 19, 25, 31, 39, 50, 63, 79, 100, 100]);
    }

    #[test]
    fn a_start_of_nothing_is_refused() {
        let error = Geometric { start: 0.0, ..Default::default() }.check(&ClassIndex::new(&[0]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`start` is 0, but must be above 0, and at most 1");
    }
}

//! A growing prefix of the ranking: as much more in each epoch.

use super::{Law, Pick, Quota, Schedule, pacing};
use crate::{ClassIndex, Result};

/// The easiest `l + (1 - l) t / T` of all samples, classes ignored.
///
/// # Source
/// Platanios et al. 2019; `docs/algorithm.md`, "Class-blind schedules".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Linear {
    /// Curriculum epochs `T`, at least 1; later epochs use every sample. Default 100.
    pub epochs: usize,
    /// Fraction `l` before the first epoch, above 0 and at most 1. Default 0.1.
    pub start: f64,
    /// By what samples are picked; not with replacement. Default: the highest scores.
    pub pick: Pick,
}

impl Default for Linear {
    fn default() -> Self {
        Self { epochs: 100, start: 0.1, pick: Pick::Highest }
    }
}

impl Linear {
    fn fraction(&self, epoch: usize) -> f64 {
        self.start + (1.0 - self.start) * pacing::elapsed(epoch, self.epochs)
    }
}

impl Schedule for Linear {
    fn check(&self, _: &ClassIndex) -> Result<()> {
        pacing::check("Linear", self.epochs, self.start, self.pick)
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
        let schedule = Linear { epochs: 10, ..Default::default() };
        assert_eq!(pacing::sizes(&schedule, 12), [19, 28, 37, 46, 55, 64, 73, 82, 91, 100, 100, 100]);
    }
}

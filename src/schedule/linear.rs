//! A growing prefix of the ranking. It grows by the same number in each epoch.

use super::growing::{self, Growing};
use super::{Description, Pick, Plan, Schedule};
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
    /// How samples are picked; not with replacement. Default: the highest scores.
    pub pick: Pick,
}

impl Default for Linear {
    fn default() -> Self {
        Self { epochs: 100, start: 0.1, pick: Pick::Highest }
    }
}

impl Growing for Linear {
    const NAMES: [&'static str; 2] = ["Linear", "linear"];

    fn common(&self) -> (usize, f64, Pick) {
        (self.epochs, self.start, self.pick)
    }

    fn fraction(&self, elapsed: f64) -> f64 {
        self.start + (1.0 - self.start) * elapsed
    }
}

impl Schedule for Linear {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        growing::plan(self, epoch, classes)
    }

    fn describe(&self) -> Description {
        growing::describe(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_grow_as_the_formula_says() {
        let schedule = Linear { epochs: 10, ..Default::default() };
        assert_eq!(growing::sizes(&schedule, 12), [19, 28, 37, 46, 55, 64, 73, 82, 91, 100, 100, 100]);
    }
}

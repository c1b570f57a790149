//! A growing prefix of the ranking. It grows slowly at first, and faster later.

use super::growing::{self, Growing};
use super::{Description, Pick, Plan, Schedule};
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
    /// How samples are picked; not with replacement. Default: the highest scores.
    pub pick: Pick,
}

impl Default for Geometric {
    fn default() -> Self {
        Self { epochs: 100, start: 0.1, pick: Pick::Highest }
    }
}

impl Growing for Geometric {
    const NAMES: [&'static str; 2] = ["Geometric", "geometric"];

    fn common(&self) -> (usize, f64, Pick) {
        (self.epochs, self.start, self.pick)
    }

    fn fraction(&self, elapsed: f64) -> f64 {
        libm::exp2((1.0 - elapsed) * libm::log2(self.start)).min(1.0)
    }
}

impl Schedule for Geometric {
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
        let schedule = Geometric { epochs: 10, ..Default::default() };
        assert_eq!(growing::sizes(&schedule, 11), [12, 15, 19, 25, 31, 39, 50, 63, 79, 100, 100]);
    }

    #[test]
    fn a_start_of_nothing_is_refused() {
        let error = Geometric { start: 0.0, ..Default::default() }.check(&ClassIndex::new(&[0]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`start` is 0, but must be above 0, and at most 1");
    }
}

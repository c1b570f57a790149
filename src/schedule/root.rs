//! A growing prefix of the ranking. It grows fast at first, and slower later.

use super::growing::{self, Growing};
use super::{Description, Pick, Plan, Schedule};
use crate::error::ArgumentError;
use crate::{ClassIndex, Result};

/// The easiest `(l^p + (1 - l^p) t / T)^(1/p)` of all samples, classes ignored.
///
/// # Source
/// Platanios et al. 2019; `docs/algorithm.md`, "Class-blind schedules".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Root {
    /// Curriculum epochs `T`, at least 1; later epochs use every sample. Default 100.
    pub epochs: usize,
    /// Fraction `l` before the first epoch, above 0 and at most 1. Default 0.1.
    pub start: f64,
    /// The root `p`, finite and at least 1. With 1 the schedule is [`Linear`](super::Linear). Default 2.
    pub root: f64,
    /// How samples are picked; not with replacement. Default: the highest scores.
    pub pick: Pick,
}

impl Default for Root {
    fn default() -> Self {
        Self { epochs: 100, start: 0.1, root: 2.0, pick: Pick::Highest }
    }
}

impl Growing for Root {
    const NAMES: [&'static str; 2] = ["Root", "root"];

    fn common(&self) -> (usize, f64, Pick) {
        (self.epochs, self.start, self.pick)
    }

    fn fraction(&self, elapsed: f64) -> f64 {
        let start = libm::pow(self.start, self.root);
        libm::pow(elapsed * (1.0 - start) + start, 1.0 / self.root).min(1.0)
    }
}

impl Schedule for Root {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        if !(self.root >= 1.0 && self.root.is_finite()) {
            return Err(ArgumentError::OutOfRange {
                argument: "root",
                found: self.root,
                range: "finite and at least 1",
            }
            .into());
        }
        growing::plan(self, epoch, classes)
    }

    fn describe(&self) -> Description {
        growing::describe(self).field("root", self.root, Self::default().root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_grow_as_the_formula_says() {
        let schedule = Root { epochs: 10, ..Default::default() };
        assert_eq!(growing::sizes(&schedule, 11), [33, 45, 55, 63, 71, 77, 83, 89, 94, 100, 100]);
        let schedule = Root { root: 5.0, ..schedule };
        assert_eq!(growing::sizes(&schedule, 10), [63, 72, 78, 83, 87, 90, 93, 95, 97, 100]);
    }

    #[test]
    fn a_root_below_one_is_refused() {
        let error = Root { root: 0.5, ..Default::default() }.check(&ClassIndex::new(&[0]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`root` is 0.5, but must be finite and at least 1");
    }
}

//! One schedule first, then another.

use super::{Description, Plan, Schedule};
use crate::{ClassIndex, Result};

/// Uses `before` in the epochs below `at`, then `after`, which counts its epochs from 0.
///
/// Deferred re-balancing (Cao et al. 2019) is [`Uniform`](super::Uniform), then
/// [`ClassBalanced`](super::ClassBalanced) for the last tenth or fifth of the epochs.
///
/// # Examples
/// ```
/// use climd::schedule::{ClassBalanced, Switch, Uniform};
/// use climd::{Curriculum, CurriculumSampler};
/// let schedule = Switch { at: 80, before: Uniform, after: ClassBalanced };
/// let sampler = Curriculum::new(&[0, 0, 0, 1], schedule)?;
/// assert_eq!(sampler.quotas(79)?, [3, 1]);
/// assert_eq!(sampler.quotas(80)?, [2, 2]);
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Switch<A, B> {
    /// The first epoch of `after`.
    pub at: usize,
    /// The schedule of the epochs before it.
    pub before: A,
    /// The schedule from there on.
    pub after: B,
}

impl<A: Schedule, B: Schedule> Schedule for Switch<A, B> {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        match epoch.checked_sub(self.at) {
            Some(epoch) => self.after.plan(epoch, classes),
            None => Ok(self.before.plan(epoch, classes)?.constant(false)), // another plan follows
        }
    }

    fn describe(&self) -> Description {
        Description::new("switch")
            .always("at", self.at)
            .always("before", self.before.describe())
            .always("after", self.after.describe())
    }

    fn check(&self, classes: &ClassIndex) -> Result<()> {
        self.before.check(classes)?;
        self.after.check(classes)
    }

    fn first_window(&self, classes: &ClassIndex) -> Option<usize> {
        let before = self.before.first_window(classes).filter(|&epoch| epoch < self.at);
        before.or_else(|| self.after.first_window(classes)?.checked_add(self.at))
    }
}

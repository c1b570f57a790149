//! One schedule, then another.

use super::{Law, Pick, Quota, Schedule};
use crate::{ClassIndex, Result};

/// `before` in the epochs below `at`, then `after`, which counts its epochs from 0.
///
/// Deferred re-balancing (Cao et al. 2019) is [`Uniform`](crate::Uniform), then
/// [`ClassBalanced`](crate::ClassBalanced) for the last tenth or fifth of the epochs.
///
/// # Examples
/// ```
/// use climd::{ClassBalanced, Curriculum, CurriculumSampler, Switch, Uniform};
/// let schedule = Switch { at: 80, before: Uniform {}, after: ClassBalanced {} };
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

impl<A: Schedule, B: Schedule> Switch<A, B> {
    /// The schedule of an epoch, and the epoch as it counts.
    fn at(&self, epoch: usize) -> (&dyn Schedule, usize) {
        if epoch < self.at { (&self.before, epoch) } else { (&self.after, epoch - self.at) }
    }
}

impl<A: Schedule, B: Schedule> Schedule for Switch<A, B> {
    fn check(&self, classes: &ClassIndex) -> Result<()> {
        self.before.check(classes)?;
        self.after.check(classes)
    }
    fn quota(&self, epoch: usize, classes: &ClassIndex) -> Quota {
        let (schedule, epoch) = self.at(epoch);
        schedule.quota(epoch, classes)
    }
    fn describe(&self) -> String {
        format!("Switch {{ at: {}, before: {}, after: {} }}", self.at, self.before.describe(), self.after.describe())
    }
    fn pick(&self, epoch: usize) -> Pick {
        let (schedule, epoch) = self.at(epoch);
        schedule.pick(epoch)
    }
    fn settles_at(&self) -> usize {
        self.at.saturating_add(self.after.settles_at())
    }
    fn law(&self, epoch: usize, classes: &ClassIndex) -> Law {
        let (schedule, epoch) = self.at(epoch);
        schedule.law(epoch, classes)
    }
}

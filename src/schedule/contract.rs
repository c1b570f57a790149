//! The trait of all schedules.

use super::{Description, Plan, Quota};
use crate::{ClassIndex, Result};

/// Says how many samples an epoch holds, and how they are picked. Epochs count from 0.
///
/// # Examples
/// ```
/// use climd::schedule::Description;
/// use climd::{ClassIndex, Curriculum, CurriculumSampler, Plan, Result, Schedule};
///
/// /// Half of each class, rounded up.
/// struct Half;
///
/// impl Schedule for Half {
///     fn plan(&self, _epoch: usize, classes: &ClassIndex) -> Result<Plan> {
///         Ok(Plan::per_class(classes.counts().iter().map(|n| n.div_ceil(2)).collect()))
///     }
///     fn describe(&self) -> Description {
///         Description::new("half")
///     }
/// }
///
/// let sampler = Curriculum::new(&[0, 0, 0, 0, 1, 1], Half)?;
/// assert_eq!(sampler.quotas(0)?, [2, 1]);
/// # Ok::<(), climd::Error>(())
/// ```
pub trait Schedule: Send + Sync {
    /// The plan of an epoch. It is never empty, and the same at every call.
    ///
    /// # Errors
    /// If the configuration is wrong for these classes.
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan>;

    /// Name and fields of the schedule. A sampler refuses a state with another description.
    fn describe(&self) -> Description;

    /// Checks the configuration. [`Curriculum::new`](crate::Curriculum::new) calls it once. By default it asks for the
    /// plan of the first epoch.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    fn check(&self, classes: &ClassIndex) -> Result<()> {
        self.plan(0, classes).map(drop)
    }

    /// The first epoch whose plan is a window of the ranking, which no cap on groups allows; none if there is no such
    /// epoch. A sampler with a cap calls it once, so that the error does not come in the middle of training. By default
    /// it looks at the first epoch.
    fn first_window(&self, classes: &ClassIndex) -> Option<usize> {
        matches!(self.plan(0, classes), Ok(Plan { quota: Quota::Window(_), .. })).then_some(0)
    }
}

impl<S: Schedule + ?Sized> Schedule for Box<S> {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        (**self).plan(epoch, classes)
    }
    fn describe(&self) -> Description {
        (**self).describe()
    }
    fn check(&self, classes: &ClassIndex) -> Result<()> {
        (**self).check(classes)
    }
    fn first_window(&self, classes: &ClassIndex) -> Option<usize> {
        (**self).first_window(classes)
    }
}

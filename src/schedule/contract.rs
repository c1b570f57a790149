//! What every schedule answers.

use super::{Description, Plan};
use crate::{ClassIndex, Result};

/// How many samples an epoch holds, and by what they are picked. Epochs count from 0.
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
    /// What the epoch holds: never empty, and the same at every call.
    ///
    /// # Errors
    /// Whatever is wrong with the configuration, for these classes.
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan>;

    /// Name and fields: a state taken under another description is refused.
    fn describe(&self) -> Description;

    /// Refuses a configuration that is out of range; called once, by [`Curriculum::new`](crate::Curriculum::new). By
    /// default it asks for the plan of the first epoch.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    fn check(&self, classes: &ClassIndex) -> Result<()> {
        self.plan(0, classes).map(drop)
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
}

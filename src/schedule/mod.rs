//! How many samples of each class an epoch holds, and by what they are picked.
//!
//! A schedule is a plain configuration that answers questions. It never sees scores, so the lengths of all epochs are
//! known before training; which samples, and in what order, is the engine's business. To add one, write a struct in a
//! file of its own and implement [`Schedule`] for it.

mod apportion;
mod baby_step;
mod class_balanced;
mod geometric;
mod hard_majority;
mod linear;
mod one_pass;
mod pacing;
mod power_law;
mod progressively_balanced;
mod root;
mod switch;
mod trim;
mod under_sampling;
mod uniform;

use std::ops::Range;

pub(crate) use apportion::largest_remainder;
pub use apportion::{Overflow, apportion};
pub use baby_step::BabyStep;
pub use class_balanced::ClassBalanced;
pub use geometric::Geometric;
pub use hard_majority::HardMajority;
pub use linear::Linear;
pub use one_pass::OnePass;
pub use power_law::{PowerLaw, TargetLaw};
pub use progressively_balanced::ProgressivelyBalanced;
pub use root::Root;
pub use switch::Switch;
pub use trim::Trim;
pub use under_sampling::UnderSampling;
pub use uniform::Uniform;

use crate::{ClassIndex, Error, Result};

/// What an epoch holds: a window of the whole ranking, or so many samples of each class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quota {
    /// These positions of the ranking of all samples by key, classes ignored; `0..k` are the `k` first.
    Ranks(Range<usize>),
    /// Samples of each class, by rank. Above the size of a class, its samples go round again.
    PerClass(Vec<usize>),
}

impl Quota {
    /// Number of samples in all.
    pub fn len(&self) -> usize {
        match self {
            Quota::Ranks(window) => window.len(),
            Quota::PerClass(quotas) => quotas.iter().fold(0, |sum, &quota| sum.saturating_add(quota)),
        }
    }

    /// Whether no sample is asked for.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// By what the samples of a class are picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Pick {
    /// The highest scores first: easy before hard, as the paper has it. The default.
    #[default]
    Highest,
    /// The lowest scores first: hard before easy.
    Lowest,
    /// A random ranking, the same in all epochs: what is in stays in while its class grows.
    FixedRandom,
    /// A random ranking, drawn anew in each epoch.
    Redraw,
    /// Independent uniform draws from the class, so that a sample may come several times.
    WithReplacement,
}

impl Pick {
    /// Whether the scores decide.
    pub fn by_score(self) -> bool {
        matches!(self, Pick::Highest | Pick::Lowest)
    }
}

/// The law behind an epoch's quotas, for a report.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Law {
    /// Exponent `alpha_t` of the epoch, where the schedule has one; infinite for equal classes, which JSON cannot say.
    pub alpha: Option<f64>,
    /// Progress `w_t` from the schedule's begin (0) to its end (1), or the fraction of the ranking that a class-blind
    /// schedule uses; none if the schedule does not move.
    pub progress: Option<f64>,
    /// Share `q_t(c)` that the law gives each class, by rank, in `[0, 1]`; empty if the schedule ignores classes.
    pub shares: Vec<f64>,
}

/// How many samples an epoch holds, and by what they are picked. Epochs count from 0.
///
/// # Examples
/// ```
/// use climd::{ClassIndex, Curriculum, CurriculumSampler, Quota, Result, Schedule};
///
/// /// Half of each class, rounded up.
/// struct Half;
///
/// impl Schedule for Half {
///     fn check(&self, _: &ClassIndex) -> Result<()> {
///         Ok(())
///     }
///     fn quota(&self, _epoch: usize, classes: &ClassIndex) -> Quota {
///         Quota::PerClass(classes.counts().iter().map(|n| n.div_ceil(2)).collect())
///     }
///     fn describe(&self) -> String {
///         "Half".into()
///     }
/// }
///
/// let sampler = Curriculum::new(&[0, 0, 0, 0, 1, 1], Half)?;
/// assert_eq!(sampler.quotas(0)?, [2, 1]);
/// # Ok::<(), climd::Error>(())
/// ```
pub trait Schedule: Send + Sync {
    /// Refuses a configuration that is out of range; called once, by [`Curriculum::new`](crate::Curriculum::new).
    ///
    /// # Errors
    /// Whatever is wrong with the configuration, for these classes.
    fn check(&self, classes: &ClassIndex) -> Result<()>;

    /// What the epoch holds. Never empty, and the same at every call.
    fn quota(&self, epoch: usize, classes: &ClassIndex) -> Quota;

    /// Name and parameters in one line: a state taken under another description is refused.
    fn describe(&self) -> String;

    /// By what the samples are picked in the epoch.
    fn pick(&self, _epoch: usize) -> Pick {
        Pick::Highest
    }

    /// An epoch from which on quota and pick are always the same, so that a state knows when no later epoch needs the
    /// scores. `usize::MAX`, the default, if there is none.
    fn settles_at(&self) -> usize {
        usize::MAX
    }

    /// The law behind the quotas, for the report; by default the shares that the quotas have.
    fn law(&self, epoch: usize, classes: &ClassIndex) -> Law {
        let shares = match self.quota(epoch, classes) {
            Quota::Ranks(_) => Vec::new(),
            Quota::PerClass(quotas) => {
                let len = quotas.iter().sum::<usize>() as f64;
                quotas.iter().map(|&quota| quota as f64 / len).collect()
            }
        };
        Law { shares, ..Law::default() }
    }
}

impl<S: Schedule + ?Sized> Schedule for Box<S> {
    fn check(&self, classes: &ClassIndex) -> Result<()> {
        (**self).check(classes)
    }
    fn quota(&self, epoch: usize, classes: &ClassIndex) -> Quota {
        (**self).quota(epoch, classes)
    }
    fn describe(&self) -> String {
        (**self).describe()
    }
    fn pick(&self, epoch: usize) -> Pick {
        (**self).pick(epoch)
    }
    fn settles_at(&self) -> usize {
        (**self).settles_at()
    }
    fn law(&self, epoch: usize, classes: &ClassIndex) -> Law {
        (**self).law(epoch, classes)
    }
}

/// Refuses [`Pick::WithReplacement`], which is no curriculum.
fn check_pick(schedule: &'static str, pick: Pick) -> Result<()> {
    match pick {
        Pick::WithReplacement => Err(Error::Pick { schedule, found: pick }),
        _ => Ok(()),
    }
}

//! The plan of one epoch, which a schedule gives.

use std::ops::Range;

/// The plan of one epoch: how many samples, how they are picked, and what the report shows.
///
/// # Examples
/// ```
/// use climd::{Pick, Plan};
/// let plan = Plan::per_class(vec![30, 30, 12]).pick(Pick::Lowest);
/// assert_eq!(plan.quota.len(), 72);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// How many samples.
    pub quota: Quota,
    /// How they are picked. Default: the highest scores.
    pub pick: Pick,
    /// The distribution behind the quotas, for the report. Default: the shares that the quotas have.
    pub target: Option<TargetDistribution>,
    /// Whether all later epochs have this plan. From it a state knows when no epoch needs the scores any more. The
    /// default false is always right.
    pub constant: bool,
}

impl Plan {
    /// This number of samples of each class, largest class first. Above the size of a class, its samples are repeated.
    pub fn per_class(quotas: Vec<usize>) -> Self {
        Self::new(Quota::PerClass(quotas))
    }

    /// These positions of the ranking of all samples, classes ignored; `0..k` are the first `k`.
    pub fn window(positions: Range<usize>) -> Self {
        Self::new(Quota::Window(positions))
    }

    fn new(quota: Quota) -> Self {
        Self { quota, pick: Pick::default(), target: None, constant: false }
    }

    /// The same plan with another pick.
    #[must_use]
    pub fn pick(mut self, pick: Pick) -> Self {
        self.pick = pick;
        self
    }

    /// The same plan with this distribution for the report.
    #[must_use]
    pub fn target(mut self, target: TargetDistribution) -> Self {
        self.target = Some(target);
        self
    }

    /// The same plan; if `constant`, also for all later epochs.
    #[must_use]
    pub fn constant(mut self, constant: bool) -> Self {
        self.constant = constant;
        self
    }
}

/// How many samples an epoch holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quota {
    /// These positions of the ranking of all samples by key, classes ignored; `0..k` are the first `k`.
    Window(Range<usize>),
    /// Number of samples of each class, largest class first. Above the size of a class, its samples are repeated.
    PerClass(Vec<usize>),
}

impl Quota {
    /// Total number of samples.
    pub fn len(&self) -> usize {
        match self {
            Quota::Window(positions) => positions.len(),
            Quota::PerClass(quotas) => quotas.iter().fold(0, |sum, &quota| sum.saturating_add(quota)),
        }
    }

    /// Whether the number of samples is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How the samples of a class are picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Pick {
    /// The highest scores first: easy before hard, as in the paper. The default.
    #[default]
    Highest,
    /// The lowest scores first: hard before easy.
    Lowest,
    /// A random ranking, the same in all epochs. A sample that is in stays in while the quota of its class grows.
    FixedRandom,
    /// A new random ranking in each epoch.
    Redraw,
    /// Independent uniform draws from the class, so that a sample may come several times.
    WithReplacement,
}

impl Pick {
    /// Whether scores decide the pick.
    pub fn by_score(self) -> bool {
        matches!(self, Pick::Highest | Pick::Lowest)
    }

    /// Its name in a configuration file and in a [`Description`](super::Description).
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }
}

/// The distribution behind an epoch's quotas, for a report.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TargetDistribution {
    /// Exponent `alpha_t` of the epoch, if the schedule has one. It is infinite for equal classes, which JSON cannot
    /// store.
    pub alpha: Option<f64>,
    /// Progress `w_t` from the begin of the schedule (0) to its end (1), or the fraction of the ranking that a
    /// class-blind schedule uses. None if the schedule does not change over the epochs.
    pub progress: Option<f64>,
    /// Share `q_t(c)` that each class should have, largest class first, in `[0, 1]`. Empty if the schedule ignores
    /// classes.
    pub shares: Vec<f64>,
}

impl TargetDistribution {
    /// These shares of the classes, largest class first. Empty if the schedule ignores classes.
    pub fn new(shares: Vec<f64>) -> Self {
        Self { shares, ..Self::default() }
    }

    /// The same with this progress, from 0 to 1.
    #[must_use]
    pub fn progress(mut self, progress: f64) -> Self {
        self.progress = Some(progress);
        self
    }

    /// The same with this exponent.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = Some(alpha);
        self
    }
}

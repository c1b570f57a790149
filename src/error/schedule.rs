//! Errors of schedules and their plans.

/// Schedules and their plans.
#[derive(Debug, Clone, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A schedule does not support this pick.
    #[error("`pick` is {found}, which {schedule} cannot do: choose Highest, Lowest, FixedRandom or Redraw")]
    Pick {
        /// Name of the schedule.
        schedule: &'static str,
        /// The pick that it was given.
        found: String,
    },
    /// A schedule asks for samples that the data set does not have.
    #[error("the schedule's plan of epoch {epoch} is impossible: {reason}; mend its `plan`")]
    Quota {
        /// Epoch of the quota, from 0.
        epoch: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Quotas were asked of a schedule that ignores classes.
    #[error("the schedule ignores classes in epoch {epoch}, so it has no quotas: count `epoch({epoch})?.indices()`")]
    ClassBlind {
        /// The epoch, from 0.
        epoch: usize,
    },
    /// A schedule that ignores classes, under a cap by class and group.
    #[error(
        "the schedule asks for a window of the ranking in epoch {epoch}, but groups are capped by class: \
         leave out `groups`, or take a schedule by class"
    )]
    WindowWithCap {
        /// Epoch that was asked about, from 0.
        epoch: usize,
    },
}

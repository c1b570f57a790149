//! Schedules: how many samples of each class an epoch holds, and how they are picked.
//!
//! A schedule is a plain configuration that gives the plan of an epoch. It never sees scores, so the lengths of all
//! epochs are known before training. The engine decides which samples are in, and in what order. To add a schedule,
//! write a struct in its own file, and implement [`Schedule`] for it.
//!
//! | family | schedule | use it |
//! |---|---|---|
//! | by class | [`PowerLaw`] | for the curriculum of the paper: from balanced classes to the long tail |
//! | | [`HardMajority`] | to leave out the easiest samples of large classes, if labels are right |
//! | | [`Trim`] | to leave out the samples with the lowest scores, if labels may be wrong |
//! | classes ignored | [`Linear`], [`Root`], [`Geometric`] | for a growing share of the easiest samples |
//! | | [`BabyStep`], [`OnePass`] | for the same in buckets, added up or one after another |
//! | re-balancing | [`ClassBalanced`], [`UnderSampling`] | for equal classes in every epoch |
//! | | [`ProgressivelyBalanced`] | to go from the data's own class mix to equal classes, or back |
//! | none | [`Uniform`] | as a baseline: all samples in every epoch |
//! | two in turn | [`Switch`] | for deferred re-balancing, and for stages |
//! | any | [`AnySchedule`] | where the user of a program chooses, by name and fields |
//!
//! [`PowerLaw`], [`Schedule`], [`Plan`], [`Pick`] and [`Quota`] are also at the root of the crate.

mod any;
mod apportion;
mod baby_step;
mod buckets;
mod class_balanced;
mod contract;
mod description;
mod geometric;
mod growing;
mod hard_majority;
mod linear;
mod one_pass;
mod plan;
mod power_law;
mod powers;
mod progressively_balanced;
mod root;
mod switch;
mod trim;
mod under_sampling;
mod uniform;

pub use any::AnySchedule;
pub(crate) use apportion::largest_remainder;
pub use apportion::{Overflow, apportion};
pub use baby_step::BabyStep;
pub use class_balanced::ClassBalanced;
pub use contract::Schedule;
pub use description::Description;
pub use geometric::Geometric;
pub use hard_majority::HardMajority;
pub use linear::Linear;
pub use one_pass::OnePass;
pub use plan::{Pick, Plan, Quota, TargetDistribution};
pub use power_law::{PowerLaw, TargetLaw};
pub use progressively_balanced::ProgressivelyBalanced;
pub use root::Root;
pub use switch::Switch;
pub use trim::Trim;
pub use under_sampling::UnderSampling;
pub use uniform::Uniform;

#[cfg(feature = "serde")]
mod no_fields;

use crate::Result;
use crate::error::{ArgumentError, ScheduleError};

/// Checks that a curriculum has at least one epoch.
fn check_epochs(epochs: usize) -> Result<()> {
    if epochs == 0 { Err(ArgumentError::NoEpochs.into()) } else { Ok(()) }
}

/// Checks that the pick is not [`Pick::WithReplacement`], which makes no curriculum.
fn check_pick(schedule: &'static str, pick: Pick) -> Result<()> {
    match pick {
        Pick::WithReplacement => Err(ScheduleError::Pick { schedule, found: format!("{pick:?}") }.into()),
        _ => Ok(()),
    }
}

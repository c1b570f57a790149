//! Shared by [`BabyStep`](super::BabyStep) and [`OnePass`](super::OnePass): the ranking in buckets of equal size.
//!
//! Source: `docs/algorithm.md`, "Class-blind schedules".

use std::ops::Range;

use super::{Description, Pick, Plan, TargetDistribution, check_epochs, check_pick};
use crate::error::ArgumentError;
use crate::{ClassIndex, Result};

/// The parts of a schedule with buckets.
pub(super) struct Buckets {
    /// The name of the schedule in errors, and in a description.
    pub(super) names: [&'static str; 2],
    pub(super) epochs: usize,
    pub(super) buckets: usize,
    pub(super) pick: Pick,
}

impl Buckets {
    /// The plan of an epoch, given the positions of the latest bucket that it reaches.
    pub(super) fn plan(
        &self,
        epoch: usize,
        classes: &ClassIndex,
        positions: impl Fn(Range<usize>) -> Range<usize>,
    ) -> Result<Plan> {
        if self.buckets == 0 {
            return Err(ArgumentError::OutOfRange { argument: "buckets", found: 0.0, range: "at least 1" }.into());
        }
        check_epochs(self.epochs)?;
        check_pick(self.names[0], self.pick)?;
        let n = classes.num_samples();
        let window = if epoch >= self.epochs { 0..n } else { positions(self.latest(epoch, n)) };
        let target = TargetDistribution::default().progress(window.len() as f64 / n as f64);
        Ok(Plan::window(window).pick(self.pick).target(target).constant(epoch >= self.epochs))
    }

    /// Positions of the bucket that an epoch of the curriculum reaches. There are at most as many buckets as epochs or
    /// samples, so that no bucket is empty or skipped.
    fn latest(&self, epoch: usize, num_samples: usize) -> Range<usize> {
        let buckets = self.buckets.min(self.epochs).min(num_samples) as u128;
        let reached = ((epoch as u128 + 1) * buckets).div_ceil(self.epochs as u128); // from 1
        let end = |bucket: u128| (bucket * num_samples as u128 / buckets) as usize;
        end(reached - 1)..end(reached)
    }

    pub(super) fn describe(&self, default: &Buckets) -> Description {
        Description::new(self.names[1])
            .field("epochs", self.epochs, default.epochs)
            .field("buckets", self.buckets, default.buckets)
            .field("pick", self.pick.name(), default.pick.name())
    }
}

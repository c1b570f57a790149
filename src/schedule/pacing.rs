//! What the class-blind schedules share: a prefix of the whole ranking that grows, then everything.
//!
//! Source: `docs/algorithm.md`, "Class-blind schedules".

use super::{Law, Pick, Quota, check_pick};
use crate::{ClassIndex, Error, Result};

/// `t / T` of an epoch, in `(0, 1]`; 1 from epoch `T` on.
pub(super) fn elapsed(epoch: usize, epochs: usize) -> f64 {
    if epoch >= epochs { 1.0 } else { (epoch + 1) as f64 / epochs as f64 }
}

/// The first `fraction` of the ranking, of `floor(fraction * N + 1e-9)` samples, at least 1.
///
/// The 1e-9 makes 91 of `(0.1 + 0.9 * 9 / 10) * 100`, which is a little less in `f64`.
pub(super) fn prefix(fraction: f64, classes: &ClassIndex) -> Quota {
    let n = classes.num_samples();
    Quota::Ranks(0..(libm::floor(fraction * n as f64 + 1e-9) as usize).clamp(1, n))
}

/// The law of a class-blind schedule: how much of the ranking is in use.
pub(super) fn law(fraction: f64) -> Law {
    Law { progress: Some(fraction), ..Law::default() }
}

pub(super) fn check(schedule: &'static str, epochs: usize, start: f64, pick: Pick) -> Result<()> {
    if epochs == 0 {
        return Err(Error::NoEpochs);
    }
    if !(start > 0.0 && start <= 1.0) {
        return Err(Error::OutOfRange { argument: "start", found: start, range: "above 0, and at most 1" });
    }
    check_pick(schedule, pick)
}

/// Samples before the end of bucket `b` of `buckets`: `floor(b * N / K)`, in integers.
pub(super) fn bucket_end(b: usize, buckets: usize, classes: &ClassIndex) -> usize {
    (b as u128 * classes.num_samples() as u128 / buckets as u128) as usize
}

/// The number of buckets, so that none is empty or passed over, and the one of this epoch, from 1.
pub(super) fn bucket(epoch: usize, epochs: usize, buckets: usize, classes: &ClassIndex) -> (usize, usize) {
    let buckets = buckets.min(epochs).min(classes.num_samples());
    let reached = ((epoch.min(epochs - 1) as u128 + 1) * buckets as u128).div_ceil(epochs as u128);
    (buckets, reached as usize)
}

pub(super) fn check_buckets(schedule: &'static str, epochs: usize, buckets: usize, pick: Pick) -> Result<()> {
    if buckets == 0 {
        return Err(Error::OutOfRange { argument: "buckets", found: 0.0, range: "at least 1" });
    }
    check(schedule, epochs, 1.0, pick)
}

/// The sizes of the epochs for 100 samples of one class.
#[cfg(test)]
pub(super) fn sizes(schedule: &impl super::Schedule, epochs: usize) -> Vec<usize> {
    let classes = ClassIndex::new(&[0; 100]).unwrap();
    schedule.check(&classes).unwrap();
    (0..epochs).map(|epoch| schedule.quota(epoch, &classes).len()).collect()
}

//! Shared by [`Linear`](super::Linear), [`Root`](super::Root) and [`Geometric`](super::Geometric): a prefix of the
//! whole ranking that grows until it has all samples.
//!
//! Source: `docs/algorithm.md`, "Class-blind schedules".

use super::{Description, Pick, Plan, TargetDistribution, check_epochs, check_pick};
use crate::error::ArgumentError;
use crate::{ClassIndex, Result};

/// A schedule whose prefix grows from a fraction of the ranking to all of it.
pub(super) trait Growing {
    /// The name of the schedule in errors, and in a description.
    const NAMES: [&'static str; 2];
    /// Number of curriculum epochs, fraction before the first epoch, and pick.
    fn common(&self) -> (usize, f64, Pick);
    /// The fraction of the ranking after the part `elapsed`, in `(0, 1]`, of the curriculum.
    fn fraction(&self, elapsed: f64) -> f64;
}

/// The first `floor(fraction * N + 1e-9)` of the ranking, at least 1.
///
/// With the 1e-9, `(0.1 + 0.9 * 9 / 10) * 100` gives 91, although it is a little less in `f64`.
pub(super) fn plan<G: Growing>(schedule: &G, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
    let (epochs, start, pick) = schedule.common();
    check_epochs(epochs)?;
    if !(start > 0.0 && start <= 1.0) {
        return Err(
            ArgumentError::OutOfRange { argument: "start", found: start, range: "above 0, and at most 1" }.into()
        );
    }
    check_pick(G::NAMES[0], pick)?;
    let elapsed = if epoch >= epochs { 1.0 } else { (epoch + 1) as f64 / epochs as f64 };
    let (fraction, n) = (schedule.fraction(elapsed), classes.num_samples());
    let len = (libm::floor(fraction * n as f64 + 1e-9) as usize).clamp(1, n);
    let target = TargetDistribution::default().progress(fraction);
    Ok(Plan::window(0..len).pick(pick).target(target).constant(epoch >= epochs - 1))
}

pub(super) fn describe<G: Growing + Default>(schedule: &G) -> Description {
    let ((epochs, start, pick), default) = (schedule.common(), G::default().common());
    Description::new(G::NAMES[1]).field("epochs", epochs, default.0).field("start", start, default.1).field(
        "pick",
        pick.name(),
        default.2.name(),
    )
}

/// The sizes of the epochs for 100 samples of one class.
#[cfg(test)]
pub(super) fn sizes(schedule: &impl super::Schedule, epochs: usize) -> Vec<usize> {
    let classes = ClassIndex::new(&[0; 100]).unwrap();
    (0..epochs).map(|epoch| schedule.plan(epoch, &classes).unwrap().quota.len()).collect()
}

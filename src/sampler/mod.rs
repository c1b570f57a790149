//! Makes index lists from quotas: which samples, in what order, for which process.

mod capped;
mod curriculum;
mod epoch;
#[cfg(feature = "serde")]
mod file;
mod order;
mod random;
mod report;
mod scatter;
mod select;
mod settings;
mod shard;
mod state;
pub(crate) mod strata;
#[cfg(feature = "tracing")]
mod trace;
mod warning;
mod weighted;

use std::ops::Range;

pub use curriculum::{Curriculum, PowerLawScheduler};
pub(crate) use epoch::check_batch_size;
pub use epoch::{Epoch, IndexBatches, LastBatch, Position};
pub(crate) use random::{Purpose, Words};
pub use report::{ClassReport, GroupShare, LabelReport, Report, ScoreRange};
pub(crate) use select::key_of_score;
pub use settings::Settings;
pub use shard::ShardRemainder;
pub use state::State;
pub use warning::Warning;
pub use weighted::weighted_scores;

use crate::error::ScheduleError;
use crate::{ClassIndex, Error, Result};

/// The sampler of a training loop: it takes scores and gives index lists, without any framework.
///
/// Epochs count from 0. An epoch depends only on the labels, the configuration, the latest scores and its number. There
/// is no counter that a call advances, and calls may come in any order.
///
/// # Examples
/// ```
/// use climd::{CurriculumSampler, PowerLaw, PowerLawScheduler};
///
/// let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
/// let schedule = PowerLaw { epochs: 4, ..Default::default() };
/// let mut sampler: Box<dyn CurriculumSampler> = Box::new(PowerLawScheduler::new(&labels, schedule)?.seed(7));
/// for epoch in 0..4 {
///     if sampler.wants_scores(epoch) {
///         let scores = vec![0.5; labels.len()]; // from your network
///         sampler.update(epoch, &scores)?;
///     }
///     for (indices, _) in sampler.epoch(epoch)?.batches(2, climd::LastBatch::MergeLone)? {
///         // train on these samples
///         assert!(indices.len() <= 3); // a lone last sample joins the batch before it
///     }
/// }
/// # Ok::<(), climd::Error>(())
/// ```
pub trait CurriculumSampler: Send + Sync {
    /// The classes of the data set.
    fn classes(&self) -> &ClassIndex;

    /// Number of samples of the epoch, known before training.
    ///
    /// # Errors
    /// [`ScheduleError::Quota`] if your own schedule asks for samples that the data do not have, or the error of the
    /// schedule.
    fn epoch_len(&self, epoch: usize) -> Result<usize>;

    /// Whether the epoch should begin with a measurement: false once the scores of that epoch are in, also after a
    /// restore. Also false if the schedule has no plan for the epoch; [`epoch`](Self::epoch) then says why.
    fn wants_scores(&self, epoch: usize) -> bool;

    /// Takes the scores of a measurement at the beginning of `epoch`, wanted or not. Higher scores come earlier.
    ///
    /// # Shapes
    /// `scores`: `[N]`, in the order of the labels.
    ///
    /// # Errors
    /// [`ArgumentError::Length`](crate::error::ArgumentError::Length),
    /// [`MeasureError::ScoreNotFinite`](crate::error::MeasureError::ScoreNotFinite); the sampler is then unchanged.
    fn update(&mut self, epoch: usize, scores: &[f32]) -> Result<()>;

    /// Writes the epoch's index list in training order to `out`, and reuses the memory of `out`.
    ///
    /// # Errors
    /// [`ScheduleError::Quota`] if your own schedule asks for samples that the data do not have.
    ///
    /// # Complexity
    /// O(N + C log C) time; 4 bytes of scratch memory for each sample.
    fn epoch_into(&self, epoch: usize, out: &mut Epoch) -> Result<()>;

    /// What the epoch holds and why: a line for each class, the age of the scores, and warnings.
    ///
    /// # Errors
    /// As [`epoch_into`](Self::epoch_into).
    fn report(&self, epoch: usize) -> Result<Report>;

    /// As [`report`](Self::report), with what its batches are to be warned of: an epoch without a batch, or one that
    /// ends in a lone sample.
    ///
    /// # Errors
    /// As [`report`](Self::report); [`ArgumentError::BatchSize`](crate::error::ArgumentError::BatchSize) for batches
    /// of 0.
    fn report_batches(&self, epoch: usize, batch_size: usize, last: LastBatch) -> Result<Report> {
        check_batch_size(batch_size)?;
        let mut report = self.report(epoch)?;
        report.warnings.extend(last.warning(report.len, batch_size));
        Ok(report)
    }

    /// Number of samples of each class in the epoch, largest class first.
    ///
    /// # Errors
    /// [`ScheduleError::ClassBlind`] if the schedule ignores classes in that epoch; [`ScheduleError::Quota`].
    fn quotas(&self, epoch: usize) -> Result<Vec<usize>>;

    /// Everything that is needed to go on from a position. Give it to [`restore`](Self::restore) of a sampler that was
    /// built in the same way.
    fn state(&self, at: Position) -> State;

    /// Takes the scores of a state and returns its position. Earlier scores of the sampler are dropped.
    ///
    /// # Errors
    /// [`StateError::StateDamaged`](crate::error::StateError::StateDamaged),
    /// [`StateError::StateVersion`](crate::error::StateError::StateVersion), or
    /// [`StateError::StateMismatch`](crate::error::StateError::StateMismatch) for other labels or another
    /// configuration; the sampler is then unchanged.
    fn restore(&mut self, state: &State) -> Result<Position>;

    /// The epoch's index list in training order.
    ///
    /// # Errors
    /// As [`epoch_into`](Self::epoch_into).
    fn epoch(&self, epoch: usize) -> Result<Epoch> {
        let mut out = Epoch::default();
        self.epoch_into(epoch, &mut out)?;
        Ok(out)
    }

    /// Number of gradient steps that these epochs take in one process, known before training.
    ///
    /// # Errors
    /// [`ArgumentError::BatchSize`](crate::error::ArgumentError::BatchSize) for batches of 0; as
    /// [`epoch_len`](Self::epoch_len).
    fn steps(&self, epochs: Range<usize>, batch_size: usize, last: LastBatch) -> Result<usize> {
        check_batch_size(batch_size)?;
        epochs
            .into_iter()
            .try_fold(0usize, |steps, epoch| Ok(steps.saturating_add(last.batches(self.epoch_len(epoch)?, batch_size))))
    }
}

/// The error for a plan that does not fit the data.
fn impossible(epoch: usize, reason: String) -> Error {
    Error::Schedule(ScheduleError::Quota { epoch, reason })
}

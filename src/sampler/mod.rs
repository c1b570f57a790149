//! From quotas to index lists: which samples, in what order, dealt to which process.

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
mod shard;
mod state;
pub(crate) mod strata;
#[cfg(feature = "tracing")]
mod trace;
mod weighted;

use std::ops::Range;

pub use curriculum::{Curriculum, PowerLawScheduler, Settings};
pub(crate) use epoch::check_batch_size;
pub use epoch::{Epoch, IndexBatches, LastBatch, Position};
pub(crate) use random::{Purpose, Words};
pub use report::{ClassReport, GroupShare, LabelReport, Report, ScoreRange, Warning};
pub(crate) use select::key_of_score;
pub use shard::ShardRemainder;
pub use state::State;
pub use weighted::weighted_scores;

use crate::{ClassIndex, Error, Result};

/// What a training loop holds: index lists in, scores out, no framework in between.
///
/// Epochs count from 0. What an epoch holds depends on the labels, the configuration, the latest scores and the epoch
/// alone: there is no counter that a call advances, and no order in which calls must come.
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
///     for (indices, _) in sampler.epoch(epoch)?.batches(2, climd::LastBatch::Keep)? {
///         // train on these samples
///         assert!(indices.len() <= 2);
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
    /// [`Error::Quota`] if a schedule of your own asks for what the data do not have, or its own error.
    fn epoch_len(&self, epoch: usize) -> Result<usize>;

    /// Whether the epoch should begin with a measurement: false once the scores of that epoch are in, also after a
    /// restore. Also false if the schedule has no plan for the epoch; [`epoch`](Self::epoch) then says why.
    fn wants_scores(&self, epoch: usize) -> bool;

    /// Takes the scores of a measurement at the beginning of `epoch`, wanted or not; higher comes earlier.
    ///
    /// # Shapes
    /// `scores`: `[N]`, in the order of the labels.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::ScoreNotFinite`]; the sampler is then unchanged.
    fn update(&mut self, epoch: usize, scores: &[f32]) -> Result<()>;

    /// Writes the epoch's index list to `out` in training order, in the memory that `out` has.
    ///
    /// # Errors
    /// [`Error::Quota`] if a schedule of your own asks for what the data do not have.
    ///
    /// # Complexity
    /// O(N + C log C) time; 4 bytes a sample of scratch.
    fn epoch_into(&self, epoch: usize, out: &mut Epoch) -> Result<()>;

    /// What the epoch holds and why: a line a class, the age of the scores, warnings.
    ///
    /// # Errors
    /// As [`epoch_into`](Self::epoch_into).
    fn report(&self, epoch: usize) -> Result<Report>;

    /// Samples of each class in the epoch, by class, largest first.
    ///
    /// # Errors
    /// [`Error::ClassBlind`] if the schedule ignores classes in that epoch; [`Error::Quota`].
    fn quotas(&self, epoch: usize) -> Result<Vec<usize>>;

    /// All that is needed to go on from a position: give it to [`restore`](Self::restore) of a sampler that was built
    /// alike.
    fn state(&self, at: Position) -> State;

    /// Takes a state's scores and returns its position; what the sampler had is dropped.
    ///
    /// # Errors
    /// [`Error::StateDamaged`], [`Error::StateVersion`], or [`Error::StateMismatch`] for other labels or another
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
    /// [`Error::BatchSize`] for batches of 0; as [`epoch_len`](Self::epoch_len).
    fn steps(&self, epochs: Range<usize>, batch_size: usize, last: LastBatch) -> Result<usize> {
        check_batch_size(batch_size)?;
        epochs
            .into_iter()
            .try_fold(0usize, |steps, epoch| Ok(steps.saturating_add(last.batches(self.epoch_len(epoch)?, batch_size))))
    }
}

/// What is wrong with a plan that the data cannot meet.
fn impossible(epoch: usize, reason: String) -> Error {
    Error::Quota { epoch, reason }
}

//! Makes index lists from quotas: which samples, in what order, for which process.

mod blocks;
mod capped;
mod copies;
mod curriculum;
mod epoch;
#[cfg(feature = "serde")]
mod file;
mod keys;
mod many;
pub(crate) mod observed;
pub(crate) mod order;
mod random;
mod report;
mod scatter;
mod select;
mod settings;
mod shard;
mod spread;
mod state;
pub(crate) mod strata;
#[cfg(feature = "tracing")]
mod trace;
mod warning;
mod weighted;

use std::ops::Range;

pub use blocks::Blocks;
pub use curriculum::{Curriculum, PowerLawScheduler};
pub(crate) use epoch::check_batch_size;
pub use epoch::{Epoch, IndexBatches, LastBatch, Position};
pub(crate) use keys::key_or_stand_in;
pub(crate) use random::{Purpose, Words};
pub use report::{ClassReport, GroupShare, LabelReport, Report, ScoreAges, ScoreRange};
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
/// [`Curriculum`] is the sampler of one process, and [`Distributed`](crate::Distributed) that of one of many. A loop
/// that is written for the trait runs with both: it measures the samples of [`part`](Self::part), and deals each list
/// to [`world_size`](Self::world_size) processes. With many processes, the methods marked *together* communicate: every
/// process calls them, in the same order.
///
/// The trait is sealed: a new kind of curriculum is a [`Schedule`](crate::Schedule).
///
/// # Examples
/// One loop, for one process and for many:
/// ```
/// use climd::{Curriculum, CurriculumSampler, Distributed, Exchange, InProcess, PowerLaw, ShardRemainder};
///
/// fn train(sampler: &mut dyn CurriculumSampler) -> climd::Result<usize> {
///     let mut trained = 0;
///     for epoch in 0..4 {
///         if sampler.wants_scores(epoch) {
///             let scores = vec![0.5; sampler.part().len()]; // of these samples, from your network
///             sampler.update(epoch, &scores)?;
///         }
///         let mine = sampler.part_of_epoch(epoch.into(), ShardRemainder::Pad)?;
///         trained += mine.len(); // train on these samples
///     }
///     Ok(trained)
/// }
///
/// let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
/// let sampler = || Curriculum::new(&labels, PowerLaw { epochs: 4, ..Default::default() });
/// let alone = train(&mut sampler()?)?;
/// let of_two = InProcess::run(2, |comm| train(&mut Distributed::new(sampler()?, comm, Exchange::AllGather)?));
/// assert!(of_two.into_iter().all(|mine| mine.is_ok_and(|mine| mine >= alone / 2)));
/// # Ok::<(), climd::Error>(())
/// ```
///
/// Batches of indices:
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
pub trait CurriculumSampler: sealed::Sealed {
    /// This process's rank, from 0; 0 in one process.
    fn rank(&self) -> usize {
        0
    }

    /// Number of processes.
    fn world_size(&self) -> usize {
        1
    }

    /// The samples that this process measures, whose scores [`update`](Self::update) takes: all of them in one process.
    /// Of many, each has one stretch, which never changes, and which is empty on some if there are more processes than
    /// samples.
    fn part(&self) -> Range<usize>;

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

    /// Whether scores change an epoch from `from` on, or may. If not, nothing needs to be observed any more.
    fn may_need_scores(&self, from: usize) -> bool;

    /// Takes the scores of a measurement at the beginning of `epoch`, wanted or not. Higher scores come earlier.
    /// Together.
    ///
    /// # Shapes
    /// `scores`: one for each sample of [`part`](Self::part), in the order of the labels; `[N]` in one process.
    ///
    /// # Errors
    /// [`ArgumentError::Length`](crate::error::ArgumentError::Length),
    /// [`MeasureError::ScoreNotFinite`](crate::error::MeasureError::ScoreNotFinite), with the sample's index in the
    /// data set. With many processes the others get
    /// [`DistributedError::OtherRank`](crate::error::DistributedError::OtherRank).
    /// The sampler is then unchanged.
    fn update(&mut self, epoch: usize, scores: &[f32]) -> Result<()>;

    /// Notes scores of some samples that this process has just trained on, in the running epoch: they rank from the
    /// next epoch on, after [`renew`](Self::renew). So no forward pass is needed for them. Call it after each step, or
    /// at the end of the epoch. A sample that comes again in the same epoch has the later score. It waits for no other
    /// process.
    ///
    /// # Shapes
    /// `indices`: any samples of the data set, `[n]`; `scores`: `[n]`, of [`measure`](crate::measure), say.
    ///
    /// # Errors
    /// [`ArgumentError::Length`](crate::error::ArgumentError::Length);
    /// [`MeasureError::NoSuchSample`](crate::error::MeasureError::NoSuchSample);
    /// [`MeasureError::ObservedNotFinite`](crate::error::MeasureError::ObservedNotFinite);
    /// [`MeasureError::EpochOver`](crate::error::MeasureError::EpochOver) for an epoch before the running one;
    /// [`MeasureError::NotRenewed`](crate::error::MeasureError::NotRenewed) if what was observed in an earlier epoch
    /// still waits for `renew`; [`ArgumentError::OutOfRange`](crate::error::ArgumentError::OutOfRange) for an epoch of
    /// 8,388,605 or more. The sampler is then unchanged.
    ///
    /// # Complexity
    /// O(n) time; 4 bytes for each sample of the data set from the first call on, until the next full measurement.
    ///
    /// # Examples
    /// ```
    /// use climd::{CurriculumSampler, LastBatch, PowerLaw, PowerLawScheduler, Settings};
    ///
    /// let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
    /// // one full measurement, at the beginning of epoch 1; `first_measure: usize::MAX` is none at all
    /// let settings = Settings { seed: 7, measure_every: 0, ..Default::default() };
    /// let schedule = PowerLaw { epochs: 4, ..Default::default() };
    /// let mut sampler = PowerLawScheduler::new(&labels, schedule)?.settings(settings).running_mean(0.5)?;
    /// for epoch in 0..4 {
    ///     sampler.renew(epoch)?; // scores that were observed in the epoch before are in use from here on
    ///     if sampler.wants_scores(epoch) {
    ///         sampler.update(epoch, &[0.5; 10])?;
    ///     }
    ///     for (indices, _) in sampler.epoch(epoch)?.batches(4, LastBatch::MergeLone)? {
    ///         // your training step; then the scores of its outputs, by `climd::measure`
    ///         let scores = vec![0.4; indices.len()];
    ///         sampler.observe(epoch, indices, &scores)?;
    ///     }
    /// }
    /// sampler.renew(4)?;
    /// assert!(sampler.report(4)?.ages.is_some_and(|ages| ages.renewed == 10)); // epoch 3 had every sample
    /// # Ok::<(), climd::Error>(())
    /// ```
    fn observe(&mut self, epoch: usize, indices: &[u32], scores: &[f32]) -> Result<()>;

    /// Puts scores that were [observed](Self::observe) in epochs before `epoch` to use. Call it at the beginning of
    /// each epoch, also after a restore; `CurriculumLoader::refresh` does. Returns the number of samples that have a
    /// new score. Where nothing waits, nothing changes. Together: of processes that saw the same sample, as in a padded
    /// epoch, the first one counts.
    ///
    /// # Errors
    /// [`DistributedError::RanksDiffer`](crate::error::DistributedError::RanksDiffer) if processes are in different
    /// epochs; those of the communicator.
    fn renew(&mut self, epoch: usize) -> Result<usize>;

    /// Writes the epoch's index list in training order to `out`, and reuses the memory of `out`. Every process gets the
    /// whole list: [`part_of_epoch`](Self::part_of_epoch) gives it its part alone. Together.
    ///
    /// # Errors
    /// [`ScheduleError::Quota`] if your own schedule asks for samples that the data do not have. With many processes,
    /// [`DistributedError::RanksDiffer`](crate::error::DistributedError::RanksDiffer) if they ask for different epochs,
    /// or differ in labels, configuration or scores.
    ///
    /// # Complexity
    /// O(N + C log C) time; 4 bytes of scratch memory for each sample.
    fn epoch_into(&self, epoch: usize, out: &mut Epoch) -> Result<()>;

    /// This process's part of what is left of an epoch from a position on: `epoch(at.epoch)?.skip(at.samples)?`, and
    /// its [`shard`](Epoch::shard); in one process all that is left. With many processes no process makes the whole
    /// list. The loaders take their batches from it. Together.
    ///
    /// A process chooses among its own samples, orders its share of the list, and gets its part from all others: time
    /// and memory go with the part, and so does the traffic if
    /// [`Communicator::all_to_all`](crate::Communicator::all_to_all) is an exchange. Where a list cannot be made so,
    /// the whole one is made and dealt: for a cap of groups, for several labels a sample, for picks that are not by
    /// score unless they take whole classes, for lists of up to 16,384 samples, and, with
    /// [`Exchange::AllGather`](crate::Exchange::AllGather), for more than one class to 1,000 samples.
    ///
    /// # Errors
    /// [`EpochError::Skip`](crate::error::EpochError::Skip) for a position past the end of its epoch; as
    /// [`epoch_into`](Self::epoch_into), also if processes differ in position or `remainder`.
    ///
    /// # Complexity
    /// In one of W processes O(N / W + C) time, 4 to 8 times for the histograms; about 16 bytes of memory for each of
    /// its samples, beside labels and scores.
    ///
    /// # Examples
    /// ```
    /// use climd::{Curriculum, CurriculumSampler, Distributed, Exchange, InProcess, Position, PowerLaw,
    /// ShardRemainder};
    ///
    /// let labels: Vec<u32> = (0..40_000).map(|i| u32::from(i % 5 == 0)).collect();
    /// let parts = InProcess::run(2, |comm| {
    ///     let sampler = Curriculum::new(&labels, PowerLaw { epochs: 4, ..Default::default() })?.seed(7);
    ///     let mut sampler = Distributed::new(sampler, comm, Exchange::Histograms)?;
    ///     sampler.update(2, &vec![0.5; sampler.part().len()])?;
    ///     let part = sampler.part_of_epoch(Position { epoch: 2, samples: 10_001 }, ShardRemainder::Pad)?;
    ///     let whole = sampler.epoch(2)?.skip(10_001)?;
    ///     assert_eq!(part.indices(), whole.shard(sampler.rank(), 2, ShardRemainder::Pad)?.indices());
    ///     Ok::<_, climd::Error>(part.len())
    /// });
    /// assert!(parts.into_iter().all(|len| len == Ok(10_000)));
    /// ```
    fn part_of_epoch(&self, at: Position, remainder: ShardRemainder) -> Result<Epoch>;

    /// What the epoch holds and why: a line for each class, the age of the scores, and warnings.
    /// It is of the list of all processes. Together.
    ///
    /// # Errors
    /// As [`epoch_into`](Self::epoch_into).
    fn report(&self, epoch: usize) -> Result<Report>;

    /// As [`report`](Self::report), with what the batches of each process are to be warned of: an epoch without a
    /// batch, or one that ends in a lone sample. Together.
    ///
    /// # Errors
    /// As [`report`](Self::report); [`ArgumentError::BatchSize`](crate::error::ArgumentError::BatchSize) for batches
    /// of 0.
    fn report_batches(&self, epoch: usize, batch_size: usize, last: LastBatch) -> Result<Report> {
        check_batch_size(batch_size)?;
        let mut report = self.report(epoch)?;
        report.warnings.extend(last.warning(report.len.div_ceil(self.world_size()), batch_size));
        Ok(report)
    }

    /// Number of samples of each class in the epoch, largest class first.
    ///
    /// # Errors
    /// [`ScheduleError::ClassBlind`] if the schedule ignores classes in that epoch; [`ScheduleError::Quota`].
    fn quotas(&self, epoch: usize) -> Result<Vec<usize>>;

    /// Everything that is needed to go on from a position. Give it to [`restore`](Self::restore) of a sampler that was
    /// built in the same way, on any number of processes. Together.
    ///
    /// # Errors
    /// [`EpochError::Skip`](crate::error::EpochError::Skip) for a position past the end of its epoch;
    /// [`StateError::ScoresDropped`](crate::error::StateError::ScoresDropped) if scores may be needed from there on
    /// that the restored state did not have.
    fn state(&self, at: Position) -> Result<State>;

    /// Takes the scores of a state and returns its position. Earlier scores of the sampler are dropped.
    /// Every process gives the same state. Together.
    ///
    /// # Errors
    /// [`StateError::StateDamaged`](crate::error::StateError::StateDamaged),
    /// [`StateError::StateVersion`](crate::error::StateError::StateVersion), or
    /// [`StateError::StateMismatch`](crate::error::StateError::StateMismatch) for other labels or another
    /// configuration; [`StateError::StateContent`](crate::error::StateError::StateContent) for what no sampler writes,
    /// such as a position past the end of its epoch. The sampler is then unchanged.
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

    /// Number of gradient steps that these epochs take, known before training. Of many processes, all take as many, as
    /// their parts are padded to one length.
    ///
    /// # Errors
    /// [`ArgumentError::BatchSize`](crate::error::ArgumentError::BatchSize) for batches of 0; as
    /// [`epoch_len`](Self::epoch_len).
    fn steps(&self, epochs: Range<usize>, batch_size: usize, last: LastBatch) -> Result<usize> {
        check_batch_size(batch_size)?;
        epochs.into_iter().try_fold(0usize, |steps, epoch| {
            Ok(steps.saturating_add(last.batches(self.epoch_len(epoch)?.div_ceil(self.world_size()), batch_size)))
        })
    }
}

pub(crate) mod sealed {
    /// Scores of some samples, observed in an epoch.
    #[derive(Debug)]
    pub struct Seen {
        pub epoch: usize,
        pub indices: Vec<u32>,
        pub scores: Vec<f32>,
    }

    /// What the crate asks of its samplers, and nobody else can give.
    pub trait Sealed {
        /// Returns this result of a rank's own work, which fails on all processes if it fails on one. Together.
        fn agree(&self, done: crate::Result<()>) -> crate::Result<()>;

        /// As [`update`](super::CurriculumSampler::update), with a measurement that may have failed: all processes then
        /// fail, and none waits for the scores.
        fn take_measured(&mut self, epoch: usize, scores: crate::Result<Vec<f32>>) -> crate::Result<()>;

        /// As [`observe`](super::CurriculumSampler::observe), if there is something, and then
        /// [`renew`](super::CurriculumSampler::renew) for `before`. Observing may have failed on some processes.
        fn take_observed(&mut self, before: usize, seen: crate::Result<Option<Seen>>) -> crate::Result<usize>;
    }
}

/// The error for a plan that does not fit the data.
fn impossible(epoch: usize, reason: String) -> Error {
    Error::Schedule(ScheduleError::Quota { epoch, reason })
}

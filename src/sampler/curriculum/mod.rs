//! The engine, which makes a sampler of any schedule.

mod list;
mod scores;
mod state;

use std::ops::Range;
use std::sync::Arc;

use super::observed::Observed;
use super::spread::Kept;
use super::{CurriculumSampler, Epoch, Position, Report, Settings, State, sealed};
use crate::error::{ArgumentError, LabelError, ScheduleError};
use crate::targets::{Population, Targets};
use crate::{ClassIndex, PowerLaw, Quota, Result, Schedule, ShardRemainder};

/// The paper's sampler.
pub type PowerLawScheduler = Curriculum<PowerLaw>;

/// The sampler of any [`Schedule`].
#[derive(Clone)]
pub struct Curriculum<S> {
    population: Arc<Population>,
    schedule: S,
    settings: Settings,
    /// The epoch of the latest measurement.
    measured_at: Option<usize>,
    /// The scores in use, if they are here: NaN for a sample that was never measured nor observed.
    kept: Option<Kept>,
    /// What was observed in training steps since the latest measurement.
    observed: Option<Observed>,
    /// Weight of an observed score against the one before.
    factor: f64,
}

impl<S: Schedule> Curriculum<S> {
    /// A sampler for these labels: one integer for each sample. Gaps and negative values are allowed.
    ///
    /// # Errors
    /// Those of [`ClassIndex::new`] and of the schedule; [`LabelError::LooksUnlabelled`] for labels such as -1 and
    /// -100 beside labels from 0 on: if they are a class, [`from_classes`](Self::from_classes) takes them.
    pub fn new<L: Copy + TryInto<i64>>(labels: &[L], schedule: S) -> Result<Self> {
        let classes = ClassIndex::new(labels)?;
        match classes.unlabelled() {
            Some((index, label, count)) => Err(LabelError::LooksUnlabelled { index, label, count }.into()),
            None => Self::from_classes(classes, schedule),
        }
    }

    /// A sampler for these classes, with any labels.
    ///
    /// # Errors
    /// Those of the schedule.
    pub fn from_classes(classes: impl Into<Arc<ClassIndex>>, schedule: S) -> Result<Self> {
        Self::of(Population::single(classes.into()), schedule)
    }

    /// A sampler for these targets: several labels for each sample, sites, groups with a cap.
    ///
    /// # Errors
    /// Those of the schedule; [`ScheduleError::WindowWithCap`] for a schedule that ignores classes, with a cap.
    pub fn with_targets(targets: Targets, schedule: S) -> Result<Self> {
        Self::of(Population::new(targets)?, schedule)
    }

    fn of(population: Population, schedule: S) -> Result<Self> {
        schedule.check(population.classes())?;
        let (population, settings) = (Arc::new(population), Settings::default());
        let (measured_at, kept, observed, factor) = (None, None, None, 1.0);
        let this = Self { population, schedule, settings, measured_at, kept, observed, factor };
        if this.population.cells().is_some() {
            this.plan(0)?;
            if let Some(epoch) = this.schedule.first_window(this.population.classes()) {
                return Err(ScheduleError::WindowWithCap { epoch }.into());
            }
        }
        Ok(this)
    }

    /// The same sampler with this seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// The same sampler with these settings.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The same sampler with a running mean of observed scores: `(1 - factor) * old + factor * new`, once for each
    /// epoch in which a sample is observed. By default `factor` is 1: the new score is the one that counts. A sample
    /// without a score gets the new one, and a full measurement replaces all scores.
    ///
    /// Outputs of training steps are noisier than those of evaluation mode, by dropout and augmentation.
    ///
    /// # Errors
    /// [`ArgumentError::OutOfRange`] for a factor that is not above 0 and at most 1.
    pub fn running_mean(mut self, factor: f64) -> Result<Self> {
        if !(factor > 0.0 && factor <= 1.0) {
            let range = "above 0 and at most 1";
            return Err(ArgumentError::OutOfRange { argument: "factor", found: factor, range }.into());
        }
        self.factor = factor;
        Ok(self)
    }

    /// The schedule.
    pub fn schedule(&self) -> &S {
        &self.schedule
    }

    /// The targets of the samples: classes, strata, rows of labels.
    pub(crate) fn population(&self) -> &Population {
        &self.population
    }
}

impl<S: Schedule> sealed::Sealed for Curriculum<S> {
    fn agree(&self, done: Result<()>) -> Result<()> {
        done
    }

    fn take_measured(&mut self, epoch: usize, scores: Result<Vec<f32>>) -> Result<()> {
        self.update(epoch, &scores?)
    }

    fn take_observed(&mut self, before: usize, seen: Result<Option<sealed::Seen>>) -> Result<usize> {
        if let Some(sealed::Seen { epoch, indices, scores }) = seen? {
            self.observe(epoch, &indices, &scores)?;
        }
        self.renew(before)
    }
}

impl<S: Schedule> CurriculumSampler for Curriculum<S> {
    fn part(&self) -> Range<usize> {
        0..self.population.len()
    }

    fn classes(&self) -> &ClassIndex {
        self.population.classes()
    }

    fn epoch_len(&self, epoch: usize) -> Result<usize> {
        Ok(self.plan(epoch)?.quota.len())
    }

    fn wants_scores(&self, epoch: usize) -> bool {
        let Settings { first_measure: first, measure_every: every, .. } = self.settings;
        let due = epoch == first || (epoch > first && every > 0 && (epoch - first).is_multiple_of(every));
        due && self.measured_at != Some(epoch) && self.plan(epoch).is_ok_and(|plan| self.uses_scores(&plan))
    }

    fn may_need_scores(&self, from: usize) -> bool {
        self.needs_scores_from(from)
    }

    fn update(&mut self, epoch: usize, scores: &[f32]) -> Result<()> {
        self.check_scores(scores)?;
        self.kept.get_or_insert_default().renew(scores);
        (self.measured_at, self.observed) = (Some(epoch), None);
        Ok(())
    }

    fn observe(&mut self, epoch: usize, indices: &[u32], scores: &[f32]) -> Result<()> {
        self.check_observed(epoch, indices, scores)?;
        let observed = self.observed_mut();
        observed.running = Some(epoch);
        indices.iter().zip(scores).for_each(|(&sample, &score)| observed.note(sample, score));
        Ok(())
    }

    fn renew(&mut self, epoch: usize) -> Result<usize> {
        let waits = self.observed.as_ref().is_some_and(|observed| observed.running.is_some_and(|at| at < epoch));
        Ok(if waits { self.renew_here() } else { 0 })
    }

    fn epoch_into(&self, epoch: usize, out: &mut Epoch) -> Result<()> {
        let plan = self.plan(epoch)?;
        self.fill(epoch, &plan, out)
    }

    fn part_of_epoch(&self, at: Position, _: ShardRemainder) -> Result<Epoch> {
        let whole = self.epoch(at.epoch)?;
        if at.samples == 0 { Ok(whole) } else { whole.skip(at.samples) }
    }

    fn report(&self, epoch: usize) -> Result<Report> {
        let (plan, mut list) = (self.plan(epoch)?, Epoch::default());
        self.fill(epoch, &plan, &mut list)?;
        Ok(self.report_of(&list, plan, self.scores(), self.observed()))
    }

    fn quotas(&self, epoch: usize) -> Result<Vec<usize>> {
        match self.plan(epoch)?.quota {
            Quota::PerClass(quotas) => Ok(quotas),
            Quota::Window(_) => Err(ScheduleError::ClassBlind { epoch }.into()),
        }
    }

    fn state(&self, at: Position) -> Result<State> {
        let runs = self.observed.iter().filter(|observed| observed.running.is_some());
        let waiting = runs.map(Observed::waiting).collect();
        let needed = (self.observed.is_some() || self.kept.is_some()) && self.needs_scores_from(at.epoch);
        self.state_with(at, needed, self.scores(), self.observed(), waiting)
    }

    fn restore(&mut self, state: &State) -> Result<Position> {
        self.check_state(state)?;
        Ok(self.restore_rank(state, 0, 1))
    }
}

impl<S: Schedule> std::fmt::Debug for Curriculum<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Curriculum")
            .field("schedule", &format_args!("{}", self.schedule.describe()))
            .field("settings", &self.settings)
            .field("samples", &self.population.len())
            .field("classes", &self.population.classes().num_classes())
            .field("measured_at", &self.measured_at)
            .finish()
    }
}

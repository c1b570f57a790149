//! The engine, which makes a sampler of any schedule.

use std::ops::Range;
use std::sync::Arc;

use super::capped::{self, Among};
use super::observed::{MAX_EPOCH, Observed};
use super::select::{self, Ranking};
use super::spread::Kept;
use super::state::Pieces;
use super::{CurriculumSampler, Epoch, Position, Report, Settings, State, impossible, order, report, sealed, strata};
use crate::error::{ArgumentError, EpochError, LabelError, MeasureError, ScheduleError, StateError};
use crate::targets::{Population, Targets};
use crate::{ClassIndex, Pick, Plan, PowerLaw, Quota, Result, Schedule, ShardRemainder, Warning};

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
            this.plan(0)?; // some schedules cannot be capped
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

    pub(crate) fn scores(&self) -> Option<&[f32]> {
        self.kept.as_ref().map(Kept::scores)
    }

    /// The seed of the ranking of samples that have no score.
    pub(crate) fn seed_of_stand_in(&self) -> u64 {
        self.settings.seed
    }

    /// What was observed since the latest measurement.
    pub(crate) fn observed(&self) -> Option<&Observed> {
        self.observed.as_ref()
    }

    /// As [`observed`](Self::observed), to be changed; made if there is none, as of samples with the measured scores.
    pub(crate) fn observed_mut(&mut self) -> &mut Observed {
        let (n, measured_at) = (self.population.len(), self.measured_at);
        let observed = self.observed.get_or_insert_with(|| Observed::new(n, measured_at));
        observed.fill(n);
        observed
    }

    /// The epoch of the newest scores in use.
    pub(crate) fn newest(&self) -> Option<usize> {
        self.measured_at.max(self.observed.as_ref().and_then(|observed| observed.over))
    }

    /// Puts what waits to use for these scores of the samples from `first` on, which are held elsewhere.
    pub(crate) fn renew_elsewhere(&mut self, scores: &mut [f32], first: usize) -> usize {
        let factor = self.factor;
        self.observed.as_mut().map_or(0, |observed| observed.renew(scores, first, factor))
    }

    /// Puts what waits to use.
    pub(crate) fn renew_here(&mut self) -> usize {
        let (n, dropped) = (self.population.len(), self.kept.is_none() && self.newest().is_some());
        let Some(observed) = self.observed.as_mut().filter(|observed| observed.running.is_some()) else { return 0 };
        if dropped {
            observed.drop_waiting();
            return 0;
        }
        let kept = self.kept.get_or_insert_with(|| Kept::new(vec![f32::NAN; n]));
        kept.change(|scores| observed.renew(scores, 0, self.factor))
    }

    /// The plan of an epoch, checked against the data.
    pub(crate) fn plan(&self, epoch: usize) -> Result<Plan> {
        let classes = self.population.classes();
        let plan = self.schedule.plan(epoch, classes)?;
        let (n, c) = (classes.num_samples(), classes.num_classes());
        match &plan.quota {
            Quota::Window(_) if self.population.cells().is_some() => {
                return Err(ScheduleError::WindowWithCap { epoch }.into());
            }
            Quota::Window(window) if window.start > window.end || window.end > n => {
                return Err(impossible(epoch, format!("it asks for positions {window:?} of {n} samples")));
            }
            Quota::Window(_) if plan.pick == Pick::WithReplacement => {
                return Err(impossible(epoch, "a window of the ranking cannot be drawn with replacement".into()));
            }
            Quota::PerClass(quotas) if quotas.len() != c => {
                return Err(impossible(epoch, format!("it has {} entries for {c} classes", quotas.len())));
            }
            _ => {}
        }
        match u32::try_from(plan.quota.len()) {
            Ok(0) => Err(impossible(epoch, "it asks for no sample at all".into())),
            Ok(_) => Ok(plan),
            Err(_) => Err(impossible(epoch, format!("it asks for {} samples, 2^32 or more", plan.quota.len()))),
        }
    }

    /// Makes the epoch of these samples, which are ascending with copies side by side.
    pub(crate) fn epoch_of(&self, epoch: usize, quota: &Quota, list: Vec<u32>) -> Epoch {
        let mut out = Epoch { indices: list, ..Epoch::default() };
        self.arrange(epoch, quota, &mut out);
        out
    }

    /// One rank's part of an epoch from a position on, whose list has `total` samples; `counts` are those of the
    /// classes.
    pub(crate) fn dealt(
        &self,
        at: Position,
        part: Vec<u32>,
        counts: Vec<usize>,
        (total, world_size): (usize, usize),
    ) -> Epoch {
        let population = Some(Arc::clone(&self.population));
        let (number, done, world_size) = (at.epoch, at.samples, Some(world_size));
        Epoch { number, indices: part, counts, population, total, done, world_size, ..Epoch::default() }
    }

    /// Records that scores of this epoch exist on other ranks.
    pub(crate) fn measured_elsewhere(&mut self, epoch: usize) {
        (self.measured_at, self.kept, self.observed) = (Some(epoch), None, None);
    }

    /// Takes the scores out, if there are any here. From now on they are elsewhere.
    pub(crate) fn take_scores(&mut self) -> Option<Vec<f32>> {
        self.kept.take().map(Kept::into_scores)
    }

    pub(crate) fn measured_at(&self) -> Option<usize> {
        self.measured_at
    }

    /// [`CurriculumSampler::state`] with these scores, what is known of them, and what waits on each process, all of
    /// which may be from elsewhere. Scores are kept if they are `needed`.
    pub(crate) fn state_with(
        &self,
        at: Position,
        needed: bool,
        scores: Option<&[f32]>,
        observed: Option<&Observed>,
        waiting: Vec<Vec<u32>>,
    ) -> Result<State> {
        if let Some(len) = self.passed(at)? {
            return Err(EpochError::Skip { found: at.samples, len }.into());
        }
        let none; // before the first scores are in use: of every sample
        let scores = match scores {
            None if needed && observed.is_some() && self.newest().is_none() => {
                none = vec![f32::NAN; self.population.len()];
                Some(&none[..])
            }
            scores => scores.filter(|_| needed),
        };
        let observed = observed.map(|observed| Pieces::new(observed, self.factor, waiting, scores.is_some()));
        let (schedule, measured_at) = (self.schedule.describe(), self.measured_at);
        Ok(State::new(&self.population, self.settings, schedule, at, measured_at, scores, observed))
    }

    /// Takes what a state holds, which is checked. Scores that wait are those of this rank.
    pub(crate) fn restore_rank(&mut self, state: &State, rank: usize, world_size: usize) -> Position {
        self.measured_at = state.measured_at();
        self.kept = state.scores().map(Kept::new);
        self.observed = state.observed().and_then(|pieces| pieces.of_rank(rank, world_size));
        if self.newest().is_none() {
            self.kept = None; // no sample has one
        }
        state.position()
    }

    /// The length of the epoch, if the position is past its end.
    fn passed(&self, at: Position) -> Result<Option<usize>> {
        if at.samples == 0 {
            return Ok(None); // and no plan is made
        }
        let len = self.epoch_len(at.epoch)?;
        Ok((at.samples > len).then_some(len))
    }

    pub(crate) fn check_state(&self, state: &State) -> Result<()> {
        state.check(&self.population, self.settings, &self.schedule.describe(), self.factor)?;
        let Position { epoch, samples } = state.position();
        if let Some(len) = self.passed(state.position())? {
            let what = format!("position {samples} of epoch {epoch}, which has {len} samples");
            return Err(StateError::StateContent { what }.into());
        }
        if let Some(what) = state.fault() {
            return Err(StateError::StateContent { what }.into());
        }
        let dropped = (state.measured_at().is_some() || state.observed().is_some()) && !state.has_scores();
        if dropped && self.needs_scores_from(state.position().epoch) {
            return Err(StateError::StateContent {
                what: "a measurement without its scores, which a later epoch needs".into(),
            }
            .into());
        }
        Ok(())
    }

    /// As [`CurriculumSampler::update`], without a copy.
    pub(crate) fn take_all(&mut self, epoch: usize, scores: Vec<f32>) -> Result<()> {
        self.check_scores(&scores)?;
        (self.measured_at, self.kept, self.observed) = (Some(epoch), Some(Kept::new(scores)), None);
        Ok(())
    }

    fn check_scores(&self, scores: &[f32]) -> Result<()> {
        let (found, expected) = (scores.len(), self.population.len());
        if found != expected {
            let rule = "one score for each label";
            return Err(ArgumentError::Length { argument: "scores".into(), found, expected, rule }.into());
        }
        // without an early exit, so that the compiler can check many values at once
        let finite = scores.iter().fold(true, |finite, score| finite & score.is_finite());
        match scores.iter().enumerate().find(|(_, score)| !finite && !score.is_finite()) {
            Some((index, &value)) => Err(MeasureError::ScoreNotFinite { index, value }.into()),
            None => Ok(()),
        }
    }

    /// Checks what [`CurriculumSampler::observe`] is given, before anything is changed.
    pub(crate) fn check_observed(&self, epoch: usize, indices: &[u32], scores: &[f32]) -> Result<()> {
        if scores.len() != indices.len() {
            let (found, expected, rule) = (scores.len(), indices.len(), "one score for each of `indices`");
            return Err(ArgumentError::Length { argument: "scores".into(), found, expected, rule }.into());
        }
        if epoch >= MAX_EPOCH {
            let (found, range) = (epoch as f64, "below 8388605 where scores are observed");
            return Err(ArgumentError::OutOfRange { argument: "epoch", found, range }.into());
        }
        let (running, over) = self.observed.as_ref().map_or((None, None), |seen| (seen.running, seen.over));
        let first = self.measured_at.max(running).max(over.map(|over| over + 1));
        if let Some(first) = first.filter(|&first| epoch < first) {
            return Err(MeasureError::EpochOver { epoch, first }.into());
        }
        if let Some(waiting) = running.filter(|&running| running < epoch) {
            return Err(MeasureError::NotRenewed { epoch, waiting }.into());
        }
        let num_samples = self.population.len();
        if let Some(at) = indices.iter().position(|&sample| sample as usize >= num_samples) {
            return Err(MeasureError::NoSuchSample { at, sample: indices[at].into(), num_samples }.into());
        }
        match scores.iter().position(|score| !score.is_finite()) {
            Some(at) => Err(MeasureError::ObservedNotFinite { sample: indices[at] as usize, value: scores[at] }.into()),
            None => Ok(()),
        }
    }

    /// Hash of the labels, the same on all platforms and in all releases.
    pub(crate) fn hash_of_labels(&self) -> u64 {
        self.population.hash()
    }

    /// Everything that must be equal for two samplers to make the same lists from the same labels and scores.
    pub(crate) fn configuration(&self) -> String {
        let targets = self.population.rule();
        let targets = if targets.is_empty() { String::new() } else { format!(" {targets}") };
        let mean = if self.factor == 1.0 { String::new() } else { format!(" mean {}", self.factor) };
        format!("{:?} {}{targets}{mean}", self.settings, self.schedule.describe())
    }

    /// The targets of the samples: classes, strata, rows of labels.
    pub(crate) fn population(&self) -> &Population {
        &self.population
    }

    /// Counts the samples of `out`, which are ascending with copies side by side, and puts them into training order.
    fn arrange(&self, epoch: usize, quota: &Quota, out: &mut Epoch) {
        out.counts.clear();
        let classes = self.population.classes();
        let everything = match quota {
            Quota::PerClass(quotas) => {
                out.counts.extend_from_slice(quotas);
                quotas == classes.counts() && self.population.cells().is_none()
            }
            Quota::Window(window) => {
                out.counts.resize(classes.num_classes(), 0);
                for &sample in &out.indices {
                    out.counts[classes.sample_classes()[sample as usize] as usize] += 1;
                }
                *window == (0..classes.num_samples())
            }
        };
        // now, while the list is ascending, so that the rows are read in order
        self.population.count_labels(&out.indices, everything, &mut out.labels);
        order::order(&mut out.indices, &mut out.spare, self.settings.seed, epoch);
        (out.number, out.total, out.world_size) = (epoch, out.indices.len(), None);
        (out.start, out.done, out.windows) = (0, 0, None);
        out.population = Some(Arc::clone(&self.population));
    }

    /// Fills `out` with the epoch of this plan; on an error it is as it was.
    pub(crate) fn fill(&self, epoch: usize, plan: &Plan, out: &mut Epoch) -> Result<()> {
        if let (Some(measured_at), None) = (self.newest(), &self.kept)
            && self.uses_scores(plan)
        {
            // and not a random ranking without a word
            return Err(StateError::ScoresDropped { epoch, measured_at }.into());
        }
        let (seed, population) = (self.settings.seed, &*self.population);
        let ranking = Ranking::new(plan.pick, self.kept.as_ref(), seed, epoch);
        let (list, spare) = (&mut out.indices, &mut out.spare);
        match (&plan.quota, population.cells()) {
            (Quota::PerClass(quotas), Some(cells)) => {
                let quotas = strata::quotas(population, quotas);
                let draws = plan.pick == Pick::WithReplacement;
                let among = if draws { Among::Draws { seed, epoch } } else { Among::Keys };
                capped::select(population, cells, &quotas, (&ranking, among), epoch, list, spare);
            }
            (Quota::PerClass(quotas), None) => {
                let quotas = strata::quotas(population, quotas);
                if plan.pick == Pick::WithReplacement {
                    select::draw(population.strata(), &quotas, seed, epoch, list);
                } else {
                    select::by_class(population.strata(), &quotas, &ranking, list, spare);
                }
            }
            (Quota::Window(window), _) => select::window(population.len(), window, &ranking, list, spare),
        }
        self.arrange(epoch, &plan.quota, out);
        Ok(())
    }

    /// Whether scores change an epoch with this plan.
    pub(crate) fn uses_scores(&self, plan: &Plan) -> bool {
        plan.pick.by_score()
            && match &plan.quota {
                Quota::Window(window) => *window != (0..self.population.len()),
                Quota::PerClass(quotas) => {
                    let quotas = strata::quotas(&self.population, quotas);
                    let turns = |at: usize| self.population.cells().is_some_and(|cells| cells.takes_turns(at));
                    let matters = |(at, (&quota, n)): (usize, (&usize, &usize))| {
                        !quota.is_multiple_of(*n) || (quota > 0 && turns(at))
                    };
                    quotas.iter().zip(self.population.strata().counts()).enumerate().any(matters)
                }
            }
    }

    /// The report of the list of this plan, with the scores that it was made from.
    /// `observed` is what all processes know.
    pub(crate) fn report_of(
        &self,
        list: &Epoch,
        plan: Plan,
        scores: Option<&[f32]>,
        observed: Option<&Observed>,
    ) -> Report {
        let missing = self.missing_scores(list.number(), &plan);
        let mut report = report::report(list, &self.population, plan, scores);
        report.measured_at = self.measured_at.filter(|_| scores.is_some());
        report.ages = observed.map(Observed::ages);
        report.warnings.extend(missing);
        report
    }

    /// Whether the epoch does without the scores of a measurement that was due.
    fn missing_scores(&self, epoch: usize, plan: &Plan) -> Option<Warning> {
        let Settings { first_measure: first, measure_every: every, .. } = self.settings;
        let wanted = epoch - epoch.checked_sub(first)?.checked_rem(every).unwrap_or(epoch - first);
        let measured_at = self.measured_at;
        let late = self.uses_scores(plan) && measured_at.is_none_or(|at| at < wanted);
        (late && self.plan(wanted).is_ok_and(|plan| self.uses_scores(&plan)))
            .then_some(Warning::ScoresMissing { wanted, measured_at })
    }

    /// Whether scores change, or may change, this epoch or a later one.
    pub(crate) fn needs_scores_from(&self, epoch: usize) -> bool {
        let classes = self.population.classes().num_classes();
        for epoch in (epoch..).take((LOOK_AHEAD / classes).clamp(MIN_LOOK_AHEAD, MAX_LOOK_AHEAD)) {
            match self.plan(epoch) {
                Ok(plan) if self.uses_scores(&plan) => return true,
                Ok(plan) if plan.constant => return false,
                Ok(_) => {}
                Err(_) => return true,
            }
        }
        true // the plan may still change
    }
}

/// Quotas that are looked at to find an epoch that needs scores, and the fewest and most epochs that are. Scores are
/// kept if the plan is not constant by then, which is always right, and a state is made in milliseconds.
const LOOK_AHEAD: usize = 1_000_000;
const MIN_LOOK_AHEAD: usize = 4;
const MAX_LOOK_AHEAD: usize = 1000;

impl<S: Schedule> sealed::Sealed for Curriculum<S> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn sampler() -> PowerLawScheduler {
        PowerLawScheduler::new(&[0, 0, 0, 1], PowerLaw { epochs: 3, ..Default::default() }).unwrap()
    }

    /// A state of [`sampler`] with a checksum that is right, whatever it holds.
    fn state(epoch: usize, measured_at: Option<usize>, scores: Option<&[f32]>) -> State {
        let sampler = sampler();
        let schedule = sampler.schedule.describe();
        let at = Position::from(epoch);
        State::new(&sampler.population, sampler.settings, schedule, at, measured_at, scores, None)
    }

    #[test]
    fn an_undamaged_state_that_no_sampler_writes_is_refused_by_name() {
        let refused = |state: State| sampler().restore(&state).unwrap_err().to_string();
        assert_eq!(
            refused(state(1, Some(1), Some(&[0.0, 1.0, f32::NAN, 2.0]))),
            "`state` has the score NaN of sample 2, which no sampler writes: use an older checkpoint"
        );
        assert!(refused(state(1, Some(1), None)).starts_with("`state` has a measurement without its scores,"));
        assert!(refused(state(1, None, Some(&[0.0; 4]))).starts_with("`state` has scores without the epoch"));
        let (by, schedule) = (sampler(), sampler().schedule.describe());
        let past = Position { epoch: 0, samples: 5 };
        let past = State::new(&by.population, by.settings, schedule, past, None, None, None);
        let what = format!("position 5 of epoch 0, which has {} samples", by.epoch_len(0).unwrap());
        assert_eq!(refused(past), format!("`state` has {what}, which no sampler writes: use an older checkpoint"));
        sampler().restore(&state(3, Some(1), None)).unwrap(); // no later epoch needs them
        for epoch in [MAX_EPOCH, usize::MAX] {
            let mut observed = Observed::new(4, Some(1));
            observed.running = Some(epoch);
            let (pieces, schedule) = (Pieces::new(&observed, 1.0, vec![], true), by.schedule.describe());
            let at = Position::from(1);
            let late = State::new(&by.population, by.settings, schedule, at, Some(1), Some(&[0.0; 4]), Some(pieces));
            assert!(refused(late).starts_with(&format!("`state` has scores that were observed in epoch {epoch},")));
        }
    }

    #[test]
    fn an_epoch_that_needs_dropped_scores_says_what_to_do() {
        let mut sampler = sampler();
        sampler.restore(&state(3, Some(1), None)).unwrap();
        assert_eq!(sampler.epoch(3).unwrap().len(), 4);
        let error = sampler.epoch(1).unwrap_err();
        assert_eq!(error, Error::State(StateError::ScoresDropped { epoch: 1, measured_at: 1 }));
        assert!(error.to_string().ends_with("restore an earlier state, or measure again and call `update`"), "{error}");
        assert_eq!(sampler.report(1).unwrap_err(), error);
        sampler.update(1, &[0.0; 4]).unwrap();
        sampler.epoch(1).unwrap();
    }
}

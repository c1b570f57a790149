//! The list of an epoch: its plan, checked against the data, and the samples that it picks.

use std::sync::Arc;

use super::Curriculum;
use crate::error::{ScheduleError, StateError};
use crate::sampler::capped::{self, Among};
use crate::sampler::observed::Observed;
use crate::sampler::select::{self, Ranking};
use crate::sampler::{Epoch, Position, Report, Settings, impossible, order, report, strata};
use crate::{Pick, Plan, Quota, Result, Schedule, Warning};

impl<S: Schedule> Curriculum<S> {
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
    pub(crate) fn epoch_of(&self, epoch: usize, plan: &Plan, list: Vec<u32>) -> Epoch {
        let mut out = Epoch { indices: list, ..Epoch::default() };
        self.arrange(epoch, plan, &mut out);
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

    /// Counts the samples of `out`, which are ascending with copies side by side, and puts them into training order.
    fn arrange(&self, epoch: usize, plan: &Plan, out: &mut Epoch) {
        out.counts.clear();
        let classes = self.population.classes();
        let everything = match &plan.quota {
            Quota::PerClass(quotas) => {
                out.counts.extend_from_slice(quotas);
                let draws = plan.pick == Pick::WithReplacement;
                quotas == classes.counts() && self.population.cells().is_none() && !draws
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
        self.arrange(epoch, plan, out);
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
        let late = self.uses_scores(plan) && self.measured_at.is_none_or(|at| at < wanted);
        (late && self.plan(wanted).is_ok_and(|plan| self.uses_scores(&plan)))
            .then(|| Warning::ScoresMissing { wanted, measured_at: self.newest() })
    }

    /// Whether scores change, or may change, this epoch or a later one.
    pub(crate) fn needs_scores_from(&self, epoch: usize) -> bool {
        let classes = self.population.classes().num_classes();
        for epoch in (epoch..=usize::MAX).take((LOOK_AHEAD / classes).clamp(MIN_LOOK_AHEAD, MAX_LOOK_AHEAD)) {
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

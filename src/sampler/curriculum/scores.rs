//! The scores in use: where they are, and how new ones take their place.

use super::Curriculum;
use crate::error::{ArgumentError, MeasureError};
use crate::sampler::observed::{MAX_EPOCH, Observed};
use crate::sampler::spread::Kept;
use crate::{Result, Schedule};

impl<S: Schedule> Curriculum<S> {
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

    pub(crate) fn measured_at(&self) -> Option<usize> {
        self.measured_at
    }

    /// Takes the scores out, if there are any here. From now on they are elsewhere.
    pub(crate) fn take_scores(&mut self) -> Option<Vec<f32>> {
        self.kept.take().map(Kept::into_scores)
    }

    /// Records that scores of this epoch exist on other ranks.
    pub(crate) fn measured_elsewhere(&mut self, epoch: usize) {
        (self.measured_at, self.kept, self.observed) = (Some(epoch), None, None);
    }

    /// As [`CurriculumSampler::update`], without a copy.
    pub(crate) fn take_all(&mut self, epoch: usize, scores: Vec<f32>) -> Result<()> {
        self.check_scores(&scores)?;
        (self.measured_at, self.kept, self.observed) = (Some(epoch), Some(Kept::new(scores)), None);
        Ok(())
    }

    pub(super) fn check_scores(&self, scores: &[f32]) -> Result<()> {
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

    /// Puts what waits to use for these scores of the samples from `first` on, which are held elsewhere.
    pub(crate) fn renew_elsewhere(&mut self, scores: &mut [f32], first: usize) -> usize {
        let factor = self.factor;
        self.observed.as_mut().map_or(0, |observed| observed.renew(scores, first, factor))
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
}

//! What a state holds of a sampler, and what a sampler takes of it.

use super::Curriculum;
use crate::error::{EpochError, StateError};
use crate::sampler::observed::Observed;
use crate::sampler::spread::Kept;
use crate::sampler::state::Pieces;
use crate::sampler::{CurriculumSampler, Position, State};
use crate::{Result, Schedule};

impl<S: Schedule> Curriculum<S> {
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
        if let (Some(measured_at), None) = (self.newest(), scores)
            && self.needs_scores_from(at.epoch)
        {
            // and not a state that `restore` refuses
            return Err(StateError::ScoresDropped { epoch: at.epoch, measured_at }.into());
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::observed::MAX_EPOCH;
    use crate::{Error, PowerLaw, PowerLawScheduler};

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
        // nor is there a state that `restore` refuses
        assert_eq!(sampler.state(1.into()).unwrap_err(), error);
        for at in [3, usize::MAX] {
            let again = sampler.state(at.into()).unwrap();
            sampler.restore(&again).unwrap();
        }
        sampler.update(1, &[0.0; 4]).unwrap();
        sampler.epoch(1).unwrap();
    }
}

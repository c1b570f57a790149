//! The state of a sampler: everything that it needs to go on, and to refuse a state that does not belong to it.
//!
//! A state holds the scores in use, because the network that gave them has changed since. Any serde format can store
//! it. Scores are stored as bits, so that no digit is lost.

use xxhash_rust::xxh3::Xxh3Default;

use super::epoch::Position;
use super::observed::{MAX_EPOCH, Observed};
use super::settings::Settings;
use crate::Result;
use crate::error::StateError;
use crate::schedule::Description;
use crate::targets::Population;

/// Version of the format. Other versions are refused.
const VERSION: u32 = 2;

/// State of a sampler: [`state`](crate::CurriculumSampler::state) returns it, and
/// [`restore`](crate::CurriculumSampler::restore) takes it.
///
/// It takes about 4 bytes for each sample while scores are needed, and a few hundred bytes otherwise. Scores that were
/// observed in training steps take about 2 bytes more.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct State {
    version: u32, // first, so that every release can read it
    num_samples: usize,
    labels: u64, // hash
    settings: Settings,
    schedule: Description,
    targets: String, // what is more than one label a sample; else empty
    position: Position,
    measured_at: Option<usize>,
    scores: Option<Vec<u32>>, // bits of f32; NaN for a sample that was never observed
    checksum: u64,
    #[cfg_attr(feature = "serde", serde(default))]
    observed: Option<Pieces>, // last, as states without it are older
}

/// What was observed in training steps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Pieces {
    factor: u64, // bits of f64
    running: Option<usize>,
    over: Option<usize>,
    /// As [`Observed::to_numbers`]; empty without scores.
    epochs: Vec<u32>,
    /// Of each process: samples and bits of scores of the running epoch, in turn.
    waiting: Vec<Vec<u32>>,
}

impl Pieces {
    /// What all processes have observed, or the latest epoch of it if its scores are not needed.
    pub(super) fn new(observed: &Observed, factor: f64, waiting: Vec<Vec<u32>>, needed: bool) -> Self {
        let Observed { running, over, .. } = *observed;
        let factor = factor.to_bits();
        if !needed {
            return Self { factor, running, over, epochs: vec![], waiting: vec![] };
        }
        let mut epochs = observed.to_numbers();
        waiting.iter().flat_map(|of_process| of_process.chunks(2)).for_each(|pair| epochs[pair[0] as usize] = 1);
        Self { factor, running, over, epochs, waiting }
    }

    /// Its content for a process of so many: what waits came from the process of this rank, or is dealt in turn.
    pub(super) fn of_rank(&self, rank: usize, world_size: usize) -> Option<Observed> {
        let mut observed = Observed::from_numbers(&self.epochs, self.running, self.over)?;
        // the first process has the last word, as in `Distributed::renew`
        for waiting in self.waiting.iter().skip(rank).step_by(world_size).rev() {
            waiting.chunks(2).for_each(|pair| observed.note(pair[0], f32::from_bits(pair[1])));
        }
        Some(observed)
    }

    /// What is wrong with it.
    fn fault(&self, num_samples: usize, scores: Option<&[u32]>) -> Option<String> {
        if let Some(epoch) = [self.running, self.over].into_iter().flatten().find(|epoch| *epoch >= MAX_EPOCH) {
            return Some(format!("scores that were observed in epoch {epoch}"));
        }
        let Some(scores) = scores else {
            let clean = self.epochs.is_empty() && self.waiting.is_empty();
            return (!clean).then(|| "what was observed without the scores of it".into());
        };
        if self.epochs.len() != num_samples || Observed::from_numbers(&self.epochs, None, None).is_none() {
            return Some("epochs of scores that no sample has".into());
        }
        let known = |pair: &[u32]| match *pair {
            [sample, score] => (sample as usize) < num_samples && f32::from_bits(score).is_finite(),
            _ => false,
        };
        let mut pairs = self.waiting.iter().flat_map(|of_process| of_process.chunks(2));
        if !pairs.all(known) || (self.running.is_none() && !self.waiting.iter().all(Vec::is_empty)) {
            return Some("observed scores that no sample has".into());
        }
        if self.running.is_some() && self.over >= self.running {
            return Some("an observed epoch after its end".into());
        }
        let wrong = |(&score, &epoch): (&u32, &u32)| match f32::from_bits(score) {
            score if score.is_nan() => epoch > 1,
            score => !score.is_finite() || epoch == 0,
        };
        let at = scores.iter().zip(&self.epochs).position(wrong)?;
        Some(format!("the score {} of sample {at}", f32::from_bits(scores[at])))
    }
}

impl State {
    pub(super) fn new(
        population: &Population,
        settings: Settings,
        schedule: Description,
        position: Position,
        measured_at: Option<usize>,
        scores: Option<&[f32]>,
        observed: Option<Pieces>,
    ) -> Self {
        let mut state = Self {
            version: VERSION,
            num_samples: population.len(),
            labels: population.hash(),
            settings,
            schedule,
            targets: population.rule().to_owned(),
            position,
            measured_at,
            scores: scores.map(|scores| scores.iter().map(|score| score.to_bits()).collect()),
            checksum: 0,
            observed,
        };
        state.checksum = state.checksum_of_content();
        state
    }

    /// The position where training goes on.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The epoch of the latest measurement, if there was one.
    pub fn measured_at(&self) -> Option<usize> {
        self.measured_at
    }

    /// The checksum of everything in it. Two states are equal if their checksums are.
    pub(crate) fn checksum(&self) -> u64 {
        self.checksum
    }

    /// Refuses a state that is damaged, or of another version, data set or configuration.
    pub(super) fn check(
        &self,
        population: &Population,
        settings: Settings,
        schedule: &Description,
        factor: f64,
    ) -> Result<()> {
        self.check_itself()?;
        let labels = population.hash();
        same("a number of samples of", &self.num_samples, &population.len())?;
        same("targets", &in_words(&self.targets), &in_words(population.rule()))?;
        same("labels of hash", &format_args!("{:016x}", self.labels), &format_args!("{labels:016x}"))?;
        same("seed", &self.settings.seed, &settings.seed)?;
        same("first_measure", &self.settings.first_measure, &settings.first_measure)?;
        same("measure_every", &self.settings.measure_every, &settings.measure_every)?;
        same("schedule", &self.schedule, schedule)?;
        if let Some(observed) = &self.observed {
            same("a running mean of factor", &f64::from_bits(observed.factor), &factor)?;
        }
        match &self.scores {
            Some(scores) => same("a number of scores of", &scores.len(), &population.len()),
            None => Ok(()),
        }
    }

    /// What is in its scores that no sampler writes, if there is something.
    pub(super) fn fault(&self) -> Option<String> {
        let scores = self.scores.as_deref();
        if let Some(observed) = &self.observed {
            return observed.fault(self.num_samples, scores);
        }
        if self.measured_at.is_none() && scores.is_some() {
            return Some("scores without the epoch of their measurement".into());
        }
        let mut scores = scores?.iter().map(|&bits| f32::from_bits(bits)).enumerate();
        scores
            .find(|(_, score)| !score.is_finite())
            .map(|(sample, score)| format!("the score {score} of sample {sample}"))
    }

    /// What was observed in training steps, if anything was.
    pub(super) fn observed(&self) -> Option<&Pieces> {
        self.observed.as_ref()
    }

    /// Checks that a state is not damaged, and has this version.
    pub(super) fn check_itself(&self) -> Result<()> {
        check_version(self.version)?;
        let expected = self.checksum_of_content();
        if self.checksum == expected {
            Ok(())
        } else {
            Err(StateError::StateDamaged { found: self.checksum, expected }.into())
        }
    }

    /// The scores in use, one for each sample, if a later epoch may need them. NaN for a sample that was never measured
    /// nor observed.
    pub fn scores(&self) -> Option<Vec<f32>> {
        self.scores.as_ref().map(|bits| bits.iter().map(|&bits| f32::from_bits(bits)).collect())
    }

    pub(super) fn has_scores(&self) -> bool {
        self.scores.is_some()
    }

    fn checksum_of_content(&self) -> u64 {
        let mut hash = Xxh3Default::new();
        let mut number = |value: u64| hash.update(&value.to_le_bytes());
        let Settings { seed, first_measure, measure_every } = self.settings;
        let Position { epoch, samples } = self.position;
        let schedule = self.schedule.to_string();
        let lengths = [schedule.len(), self.targets.len()];
        for value in [self.num_samples, first_measure, measure_every, epoch, samples].into_iter().chain(lengths) {
            number(value as u64);
        }
        [u64::from(self.version), self.labels, seed].into_iter().for_each(&mut number);
        for value in [self.measured_at, self.scores.as_ref().map(Vec::len)] {
            number(u64::from(value.is_some()));
            number(value.unwrap_or(0) as u64);
        }
        hash.update(schedule.as_bytes());
        hash.update(self.targets.as_bytes());
        self.scores.iter().flatten().for_each(|bits| hash.update(&bits.to_le_bytes()));
        if let Some(Pieces { factor, running, over, epochs, waiting }) = &self.observed {
            let lengths = [epochs.len(), waiting.len()].into_iter().chain(waiting.iter().map(Vec::len));
            // it may be any number here, as nothing of the state is checked yet
            let epoch = |epoch: &Option<usize>| epoch.map_or(0, |epoch| (epoch as u64).wrapping_add(1));
            let numbers = [*factor, epoch(running), epoch(over)].into_iter().chain(lengths.map(|len| len as u64));
            numbers.for_each(|number| hash.update(&number.to_le_bytes()));
            epochs.iter().chain(waiting.iter().flatten()).for_each(|word| hash.update(&word.to_le_bytes()));
        }
        hash.digest()
    }
}

pub(super) fn check_version(found: u32) -> Result<()> {
    if found == VERSION { Ok(()) } else { Err(StateError::StateVersion { found, expected: VERSION }.into()) }
}

fn in_words(targets: &str) -> &str {
    if targets.is_empty() { "of one label a sample" } else { targets }
}

fn same(what: &'static str, found: &impl ToString, expected: &impl ToString) -> Result<()> {
    let (found, expected) = (found.to_string(), expected.to_string());
    if found == expected { Ok(()) } else { Err(StateError::StateMismatch { what, found, expected }.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn population() -> Population {
        Population::single(crate::ClassIndex::new(&[0, 0, 1]).unwrap().into())
    }

    fn any() -> Description {
        Description::new("any").always("steps", 3)
    }

    fn state(scores: &[f32]) -> State {
        let classes = population();
        let mut observed = Observed::new(3, Some(2));
        (observed.running, observed.over) = (Some(3), Some(2));
        let observed = Pieces::new(&observed, 1.0, vec![vec![1, 7]], true);
        State::new(&classes, Settings::default(), any(), Position::from(3), Some(2), Some(scores), Some(observed))
    }

    #[test]
    fn every_field_is_under_the_checksum() {
        let good = state(&[0.0, 1.0, 2.0]);
        let classes = population();
        let check = |state: &State| state.check(&classes, Settings::default(), &any(), 1.0);
        check(&good).unwrap();
        let damage: [fn(&mut State); 15] = [
            |s| s.num_samples += 1,
            |s| s.labels += 1,
            |s| s.settings.seed += 1,
            |s| s.schedule = any().always("more", 1),
            |s| s.targets.push('!'),
            |s| s.position.samples += 1,
            |s| s.measured_at = None,
            |s| s.scores.as_mut().unwrap()[1] += 1,
            |s| s.scores = None,
            |s| s.observed = None,
            |s| s.observed.as_mut().unwrap().factor -= 1,
            |s| s.observed.as_mut().unwrap().running = None,
            |s| s.observed.as_mut().unwrap().over = Some(1),
            |s| s.observed.as_mut().unwrap().epochs[2] += 1,
            |s| s.observed.as_mut().unwrap().waiting[0][1] += 1,
        ];
        for alter in damage {
            let mut bad = good.clone();
            alter(&mut bad);
            assert!(matches!(check(&bad), Err(Error::State(StateError::StateDamaged { .. }))), "{bad:?}");
        }
    }

    #[test]
    fn a_newer_version_is_named() {
        let mut newer = state(&[0.0; 3]);
        newer.version = 3;
        let classes = population();
        let error = newer.check(&classes, Settings::default(), &any(), 1.0).unwrap_err();
        assert_eq!(error, Error::State(StateError::StateVersion { found: 3, expected: 2 }));
    }
}

//! One curriculum for many processes. Each measures its own part, and all get the lists that one process would make.

mod communicator;
mod deal;
mod facts;
mod in_process;
#[cfg(feature = "mpi")]
mod mpi;
mod threshold;

use std::ops::Range;

pub use communicator::Communicator;
use communicator::gather;
pub use in_process::InProcess;
#[cfg(feature = "mpi")]
pub use mpi::Mpi;

use xxhash_rust::xxh3::xxh3_64;

use facts::{Fact, compare, hash_of_plan, hash_of_scores};

use crate::error::{ArgumentError, DistributedError, EpochError, MeasureError};
use crate::sampler::observed::Observed;
use crate::sampler::order;
use crate::sampler::sealed;
use crate::sampler::strata;
use crate::{
    ClassIndex, Curriculum, CurriculumSampler, Epoch, Pick, Plan, Position, Quota, Report, Result, Schedule,
    ShardRemainder, State,
};

/// How ranks that each measured a part of the samples agree on an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Exchange {
    /// Every rank gets all scores, once for each measurement: 4 bytes of traffic and memory for each sample. The
    /// default.
    #[default]
    AllGather,
    /// No rank holds other scores than its own. Together the ranks find the score at which the quota of each class
    /// ends, by summed histograms: 1 KiB for each class in each of 4 to 8 rounds of an epoch, for any number of
    /// samples. Then they gather the chosen indices, 4 bytes each.
    ///
    /// With more than [`MAX_CLASSES`](Self::MAX_CLASSES) classes or strata, or with a cap of groups, it is `AllGather`.
    Histograms,
}

impl Exchange {
    /// The most classes for which histograms are summed: they take 64 MiB in each round.
    pub const MAX_CLASSES: usize = 1 << 16;
}

/// The sampler of one rank in data-parallel training, for example with one process for each GPU.
///
/// Every rank has all labels, and the scores of its own [`part`](CurriculumSampler::part) of the samples.
/// [`epoch`](CurriculumSampler::epoch) gives every rank the same list, to the bit, that one process with all scores
/// would make, and [`part_of_epoch`](CurriculumSampler::part_of_epoch) what this rank trains on of it, while no rank
/// makes the whole.
///
/// The methods that [`CurriculumSampler`] marks *together* communicate: every rank must call them, in the same order.
/// If one of them fails on one rank, it fails on all, and nothing changes on any rank. A loop that is written for the
/// trait runs on one process, too.
///
/// # Examples
/// ```
/// use climd::{Curriculum, CurriculumSampler, Distributed, Exchange, InProcess, PowerLaw, ShardRemainder};
///
/// let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
/// InProcess::run(2, |comm| {
///     let sampler = Curriculum::new(&labels, PowerLaw { epochs: 4, ..Default::default() })?.seed(7);
///     let mut sampler = Distributed::new(sampler, comm, Exchange::AllGather)?;
///     for epoch in 0..4 {
///         if sampler.wants_scores(epoch) {
///             let scores = vec![0.5; sampler.part().len()]; // of these samples, from your network
///             sampler.update(epoch, &scores)?;
///         }
///         let mine = sampler.part_of_epoch(epoch.into(), ShardRemainder::Pad)?;
///         assert_eq!(mine.len(), sampler.epoch_len(epoch)?.div_ceil(2)); // train on these
///     }
///     Ok::<(), climd::Error>(())
/// }).into_iter().collect::<Result<Vec<()>, _>>()?;
/// # Ok::<(), climd::Error>(())
/// ```
pub struct Distributed<S, C> {
    sampler: Curriculum<S>,
    comm: C,
    exchange: Exchange,
    /// Scores of this rank's part, if ranks do not have all scores.
    own: Option<Vec<f32>>,
    labels: u64,        // hash
    configuration: u64, // hash
    scores: u64,        // hash, if every rank has all scores
}

impl<S: Schedule, C: Communicator> Distributed<S, C> {
    /// Wraps a sampler that every rank has built in the same way. Together.
    ///
    /// # Errors
    /// [`DistributedError::RanksDiffer`] if labels, settings or schedule are not those of rank 0;
    /// [`DistributedError::Rank`]; those of the communicator.
    pub fn new(sampler: Curriculum<S>, comm: C, exchange: Exchange) -> Result<Self> {
        let (rank, world_size) = (comm.rank(), comm.world_size());
        if rank >= world_size {
            return Err(DistributedError::Rank { rank, world_size }.into());
        }
        let population = sampler.population();
        // under a cap which samples are candidates is known only where all scores are
        let gathers = population.cells().is_some() || population.strata().num_classes() > Exchange::MAX_CLASSES;
        let exchange = if gathers { Exchange::AllGather } else { exchange };
        let labels = sampler.hash_of_labels();
        let configuration = xxh3_64(format!("{exchange:?} {}", sampler.configuration()).as_bytes());
        let this = Self { sampler, comm, exchange, own: None, labels, configuration, scores: 0 };
        this.check_ranks(0)?;
        Ok(this)
    }

    /// The communicator.
    pub fn communicator(&self) -> &C {
        &self.comm
    }

    /// Whether the plan takes every class whole, any number of times, so that nothing is ranked.
    fn takes_whole_classes(&self, plan: &Plan) -> bool {
        let population = self.sampler.population();
        match &plan.quota {
            Quota::Window(window) => *window == (0..population.len()),
            Quota::PerClass(quotas) => {
                let quotas = strata::quotas(population, quotas);
                let whole = |(&quota, n): (&usize, &usize)| quota.is_multiple_of(*n);
                plan.pick != Pick::WithReplacement && quotas.iter().zip(population.strata().counts()).all(whole)
            }
        }
    }

    /// Keeps scores of this rank's part, which are checked.
    fn store(&mut self, epoch: usize, scores: &[f32]) -> Result<()> {
        match self.exchange {
            Exchange::AllGather => {
                let all = self.gather(scores)?;
                self.scores = hash_of_scores(&all);
                self.sampler.take_all(epoch, all)
            }
            Exchange::Histograms => {
                let own = self.own.get_or_insert_default();
                own.clear();
                own.extend_from_slice(scores);
                self.sampler.measured_elsewhere(epoch);
                Ok(())
            }
        }
    }

    fn check_part(&self, scores: &[f32]) -> Result<()> {
        let part = self.part();
        if scores.len() != part.len() {
            let rule = "one score for each sample of `part()`";
            return Err(ArgumentError::Length {
                argument: "scores".into(),
                found: scores.len(),
                expected: part.len(),
                rule,
            }
            .into());
        }
        match scores.iter().position(|score| !score.is_finite()) {
            Some(at) => Err(MeasureError::ScoreNotFinite { index: part.start + at, value: scores[at] }.into()),
            None => Ok(()),
        }
    }

    /// The scores of all samples.
    fn gather(&self, own: &[f32]) -> Result<Vec<f32>> {
        let bits: Vec<u32> = own.iter().map(|score| score.to_bits()).collect();
        let all = gather(&self.comm, &bits, self.sampler.population().len())?;
        Ok(all.into_iter().map(f32::from_bits).collect())
    }

    /// Of what waits here for `epoch`: the epoch that it was observed in, if it was on any rank, and, of each rank,
    /// samples and bits of scores in turn. Together.
    fn waiting(&self, epoch: usize, running: Option<usize>) -> Result<(Option<usize>, Vec<Vec<u32>>)> {
        let own = match self.sampler.observed() {
            Some(observed) if running.is_some() => observed.waiting(),
            _ => vec![],
        };
        let begun = running.map_or(0, |epoch| epoch as u32 + 1); // below 2^23
        let facts = [epoch as u32, (epoch as u64 >> 32) as u32, begun, own.len() as u32];
        let facts = gather(&self.comm, &facts, facts.len() * self.world_size())?;
        let (mut first, mut lens) = (None::<u32>, Vec::new());
        for (rank, of_rank) in facts.chunks(4).enumerate() {
            let differ = |what, [found, expected]: [u64; 2]| {
                let (found, expected) = (found.to_string(), expected.to_string());
                Err(DistributedError::RanksDiffer { what, rank, found, expected }.into())
            };
            let number = |words: &[u32]| u64::from(words[0]) | u64::from(words[1]) << 32;
            if of_rank[..2] != facts[..2] {
                return differ("epoch", [number(of_rank), number(&facts)]);
            }
            let begun = of_rank[2].checked_sub(1); // none on a rank that had no batch yet
            if let (Some(first), Some(begun)) = (first, begun)
                && first != begun
            {
                return differ("an observed epoch", [begun.into(), first.into()]);
            }
            first = first.or(begun);
            lens.push(of_rank[3] as usize);
        }
        let total = lens.iter().sum();
        let all = if total == 0 { vec![] } else { gather(&self.comm, &own, total)? };
        let samples = self.sampler.population().len();
        let sent = |pair: &[u32]| {
            matches!(*pair, [sample, score]
            if (sample as usize) < samples && f32::from_bits(score).is_finite())
        };
        let mut rest = &all[..];
        let mut of_ranks = Vec::new();
        for len in lens {
            let (of_rank, others) = rest.split_at(len);
            if !of_rank.chunks(2).all(sent) {
                let reason = "it returned what no rank has sent".into();
                return Err(DistributedError::Communication { operation: "all_gather", reason }.into());
            }
            of_ranks.push(of_rank.to_vec());
            rest = others;
        }
        Ok((first.map(|epoch| epoch as usize), of_ranks))
    }

    /// What all ranks have observed, and what waits on each. Nothing if nothing was observed. Together.
    fn observed(&self, epoch: usize) -> Result<(Option<Observed>, Vec<Vec<u32>>)> {
        let own = self.sampler.observed();
        let (running, waiting) = self.waiting(epoch, own.and_then(|observed| observed.running))?;
        if running.is_none() {
            return Ok((own.cloned(), vec![]));
        }
        let (n, measured_at) = (self.sampler.population().len(), self.sampler.measured_at());
        let mut all = own.cloned().unwrap_or_else(|| Observed::new(n, measured_at));
        all.fill(n);
        all.running = running;
        note(&mut all, &waiting);
        Ok((Some(all), waiting))
    }

    /// Returns `result`, unless another rank has an error.
    fn together<T>(&self, result: Result<T>) -> Result<T> {
        let failed = gather(&self.comm, &[u32::from(result.is_err())], self.world_size())?;
        match (result, failed.iter().position(|&failed| failed == 1)) {
            (Ok(_), Some(rank)) => Err(DistributedError::OtherRank { rank }.into()),
            (result, _) => result,
        }
    }

    /// The plan of an epoch, which all ranks have: a schedule may give each of them another one.
    fn agreed_plan(&self, epoch: usize) -> Result<Plan> {
        self.agreed_plan_and(epoch, &[])
    }

    /// As [`agreed_plan`](Self::agreed_plan); all ranks have the same of these facts, too.
    fn agreed_plan_and(&self, epoch: usize, facts: &[Fact]) -> Result<Plan> {
        self.check_ranks(epoch)?;
        let plan = self.together(self.sampler.plan(epoch))?;
        compare(&self.comm, &[&[Fact::hash("a plan of the schedule", hash_of_plan(&plan))], facts].concat())?;
        Ok(plan)
    }

    /// Whether each rank can make its part of the list of this plan alone.
    fn deals(&self, plan: &Plan) -> bool {
        let (population, total) = (self.sampler.population(), plan.quota.len());
        if population.cells().is_some() || population.has_rows() || order::bits_of(total) == 0 {
            return false;
        }
        if total < self.world_size() || self.exchange == Exchange::AllGather && self.histograms_are_large() {
            return false;
        }
        // without scores in use on any rank, they are the stand-in's, which all know
        let known = self.own.is_some() || self.sampler.scores().is_some() || self.sampler.newest().is_none();
        if self.sampler.uses_scores(plan) { known } else { self.takes_whole_classes(plan) }
    }

    /// Whether to sum histograms costs more than to choose among all samples where their scores are.
    fn histograms_are_large(&self) -> bool {
        let population = self.sampler.population();
        population.strata().num_classes().saturating_mul(1000) > population.len()
    }

    /// Fills `out` with all of the epoch of this plan; on an error it is as it was. Together.
    fn whole(&self, epoch: usize, plan: &Plan, out: &mut Epoch) -> Result<()> {
        match self.own.as_ref().filter(|_| self.sampler.uses_scores(plan)) {
            Some(own) => self.epoch_of_parts(epoch, plan, own).map(|made| *out = made),
            None => self.sampler.fill(epoch, plan, out),
        }
    }

    /// The epoch of this plan, by what each rank chooses of its own part.
    fn epoch_of_parts(&self, epoch: usize, plan: &Plan, own: &[f32]) -> Result<Epoch> {
        let chosen = self.chosen(plan, own)?;
        // parts are in the order of the samples, so the whole is ascending
        let list = gather(&self.comm, &chosen, plan.quota.len())?;
        let n = self.sampler.population().len();
        if !list.is_sorted() || list.last().is_some_and(|&last| last as usize >= n) {
            let reason = "it returned what no rank has sent".into();
            return Err(DistributedError::Communication { operation: "all_gather", reason }.into());
        }
        Ok(self.sampler.epoch_of(epoch, plan, list))
    }

    /// The samples of this rank's part that are in the epoch of this plan, ascending. Together.
    fn chosen(&self, plan: &Plan, own: &[f32]) -> Result<Vec<u32>> {
        let lowest = plan.pick == Pick::Lowest;
        let population = self.sampler.population();
        let stand_in = own.iter().any(|score| score.is_nan()).then(|| self.sampler.seed_of_stand_in());
        let part =
            threshold::Part { classes: population.strata(), samples: self.part(), scores: own, lowest, stand_in };
        let quota = match &plan.quota {
            Quota::PerClass(quotas) => Quota::PerClass(strata::quotas(population, quotas).into_owned()),
            window => window.clone(),
        };
        part.chosen(&quota, &self.comm)
    }

    /// Checks that all ranks will make the same list.
    fn check_ranks(&self, epoch: usize) -> Result<()> {
        let measured = self.sampler.measured_at().map_or(0, |at| at.saturating_add(1));
        compare(
            &self.comm,
            &[
                Fact::hash("labels", self.labels),
                Fact::hash("configuration", self.configuration),
                Fact::count("number of epochs up to the latest measurement", measured),
                Fact::hash("scores", self.scores),
                Fact::count("epoch", epoch),
            ],
        )
    }
}

impl<S: Schedule, C: Communicator> sealed::Sealed for Distributed<S, C> {
    fn agree(&self, done: Result<()>) -> Result<()> {
        self.together(done)
    }

    fn take_measured(&mut self, epoch: usize, scores: Result<Vec<f32>>) -> Result<()> {
        let scores = self.together(scores.and_then(|scores| self.check_part(&scores).map(|()| scores)))?;
        self.store(epoch, &scores)
    }

    fn take_observed(&mut self, before: usize, seen: Result<Option<sealed::Seen>>) -> Result<usize> {
        let checked = seen.and_then(|seen| match seen {
            Some(seen) => self.sampler.check_observed(seen.epoch, &seen.indices, &seen.scores).map(|()| Some(seen)),
            None => Ok(None),
        });
        if let Some(sealed::Seen { epoch, indices, scores }) = self.together(checked)? {
            self.observe(epoch, &indices, &scores)?;
        }
        self.renew(before)
    }
}

/// What a method does with many processes. The rest is as for one.
impl<S: Schedule, C: Communicator> CurriculumSampler for Distributed<S, C> {
    fn rank(&self) -> usize {
        self.comm.rank()
    }

    fn world_size(&self) -> usize {
        self.comm.world_size()
    }

    fn part(&self) -> Range<usize> {
        let bound = |rank| {
            let samples = self.sampler.population().len() as u128;
            (samples * rank as u128 / self.world_size() as u128) as usize
        };
        bound(self.rank())..bound(self.rank() + 1)
    }

    fn classes(&self) -> &ClassIndex {
        self.sampler.classes()
    }

    fn epoch_len(&self, epoch: usize) -> Result<usize> {
        self.sampler.epoch_len(epoch)
    }

    /// The same on every rank, without communication.
    fn wants_scores(&self, epoch: usize) -> bool {
        self.sampler.wants_scores(epoch)
    }

    /// The same on every rank, without communication.
    fn may_need_scores(&self, from: usize) -> bool {
        self.sampler.needs_scores_from(from)
    }

    fn update(&mut self, epoch: usize, scores: &[f32]) -> Result<()> {
        self.together(self.check_part(scores))?;
        self.store(epoch, scores)
    }

    /// The samples may be of the part of any rank: those that this one has trained on. Without communication; but in
    /// the same epochs on every rank, or on none: a rank that has trained on no sample observes an empty list.
    fn observe(&mut self, epoch: usize, indices: &[u32], scores: &[f32]) -> Result<()> {
        self.sampler.observe(epoch, indices, scores)
    }

    /// The ranks gather 8 bytes for each observed sample. Every rank puts those of its own part to use, or all of them
    /// with [`Exchange::AllGather`].
    fn renew(&mut self, epoch: usize) -> Result<usize> {
        let running = self.sampler.observed().and_then(|observed| observed.running).filter(|&at| at < epoch);
        let (Some(running), waiting) = self.waiting(epoch, running)? else { return Ok(0) };
        let observed = self.sampler.observed_mut();
        observed.running = Some(running);
        note(observed, &waiting);
        if self.exchange == Exchange::AllGather {
            let renewed = self.sampler.renew_here();
            self.scores = self.sampler.scores().map_or(self.scores, hash_of_scores);
            return Ok(renewed);
        }
        let Range { start, end } = self.part();
        if self.own.is_none() && self.sampler.newest().is_some() {
            return Ok(self.sampler.renew_here()); // dropped, as no later epoch needs them
        }
        let own = self.own.get_or_insert_with(|| vec![f32::NAN; end - start]);
        Ok(self.sampler.renew_elsewhere(own, start))
    }

    fn epoch_into(&self, epoch: usize, out: &mut Epoch) -> Result<()> {
        let plan = self.agreed_plan(epoch)?;
        self.whole(epoch, &plan, out)
    }

    fn part_of_epoch(&self, at: Position, remainder: ShardRemainder) -> Result<Epoch> {
        let same =
            [Fact::count("position", at.samples), Fact::hash("rule for the remainder of a list", remainder as u64)];
        let plan = self.agreed_plan_and(at.epoch, &same)?;
        let (population, total, world_size) = (self.sampler.population(), plan.quota.len(), self.world_size());
        if at.samples > total {
            return Err(EpochError::Skip { found: at.samples, len: total }.into());
        }
        if !self.deals(&plan) {
            let mut list = Epoch::default();
            self.whole(at.epoch, &plan, &mut list)?;
            if at.samples > 0 {
                list = list.skip(at.samples)?;
            }
            return list.shard(self.rank(), world_size, remainder);
        }
        let none;
        let own = match (&self.own, self.sampler.scores()) {
            (Some(own), _) => &own[..],
            (None, Some(scores)) => &scores[self.part()],
            (None, None) => {
                none = vec![f32::NAN; self.part().len()];
                &none[..]
            }
        };
        let chosen = self.chosen(&plan, own)?;
        let counts = match &plan.quota {
            Quota::PerClass(quotas) => quotas.clone(),
            Quota::Window(_) => {
                let mut counts = vec![0u32; population.classes().num_classes()];
                chosen.iter().for_each(|&at| counts[population.classes().sample_classes()[at as usize] as usize] += 1);
                self.comm.all_reduce(&mut counts)?;
                counts.into_iter().map(|count| count as usize).collect()
            }
        };
        let (seed, epoch) = (self.sampler.seed_of_stand_in(), at.epoch);
        let deal = deal::Deal { total, done: at.samples, seed, epoch, remainder };
        let part = deal.part(chosen, population.len(), &self.comm)?;
        Ok(self.sampler.dealt(at, part, counts, (total, world_size)))
    }

    /// With [`Exchange::Histograms`] all scores are gathered for the time of the call: 4 bytes for each sample.
    fn report(&self, epoch: usize) -> Result<Report> {
        let plan = self.agreed_plan(epoch)?;
        let observed = self.observed(epoch)?.0;
        let all = self.own.as_ref().map(|own| self.gather(own)).transpose()?;
        let mut list = Epoch::default();
        self.whole(epoch, &plan, &mut list)?;
        Ok(self.sampler.report_of(&list, plan, all.as_deref().or(self.sampler.scores()), observed.as_ref()))
    }

    fn quotas(&self, epoch: usize) -> Result<Vec<usize>> {
        self.sampler.quotas(epoch)
    }

    /// It is the state of one process, which any number of processes can restore. With [`Exchange::AllGather`], and if
    /// no rank has observed anything, every rank has all of it and waits for no other: one rank alone may take it.
    fn state(&self, at: Position) -> Result<State> {
        let alone = self.exchange == Exchange::AllGather && self.sampler.observed().is_none();
        let (observed, waiting) = if alone { (None, vec![]) } else { self.observed(at.epoch)? };
        let known = observed.is_some() || self.own.is_some() || self.sampler.scores().is_some();
        let needed = known && self.sampler.needs_scores_from(at.epoch);
        let gathered = match &self.own {
            Some(own) if needed => Some(self.gather(own)?),
            _ => None,
        };
        let scores = gathered.as_deref().or(self.sampler.scores());
        self.sampler.state_with(at, needed, scores, observed.as_ref(), waiting)
    }

    fn restore(&mut self, state: &State) -> Result<Position> {
        self.together(self.sampler.check_state(state))?;
        compare(&self.comm, &[Fact::hash("state", state.checksum())])?;
        let position = self.sampler.restore_rank(state, self.rank(), self.world_size());
        self.scores = state.checksum();
        if self.exchange == Exchange::Histograms {
            self.own = self.sampler.take_scores().map(|scores| scores[self.part()].to_vec());
        }
        Ok(position)
    }
}

impl<S: Schedule, C: std::fmt::Debug> std::fmt::Debug for Distributed<S, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { sampler, comm, exchange, .. } = self;
        f.debug_struct("Distributed").field("sampler", sampler).field("comm", comm).field("exchange", exchange).finish()
    }
}

/// Notes what waits on each rank; of two ranks that saw the same sample the first one counts.
fn note(observed: &mut Observed, waiting: &[Vec<u32>]) {
    for pair in waiting.iter().rev().flat_map(|of_rank| of_rank.chunks(2)) {
        observed.note(pair[0], f32::from_bits(pair[1]));
    }
}

//! What must be equal on all ranks, and who differs.

use std::ops::Range;

use xxhash_rust::xxh3::Xxh3Default;

use super::communicator::{Communicator, gather};
use crate::error::DistributedError;
use crate::{Plan, Quota, Result};

/// A value that must be equal on all ranks.
#[derive(Clone, Copy)]
pub(super) struct Fact {
    what: &'static str,
    value: u64,
    hash: bool,
}

impl Fact {
    pub(super) fn hash(what: &'static str, value: u64) -> Self {
        Self { what, value, hash: true }
    }

    pub(super) fn count(what: &'static str, value: usize) -> Self {
        Self { what, value: value as u64, hash: false }
    }

    fn show(&self, value: u64) -> String {
        if self.hash { format!("of hash {value:016x}") } else { value.to_string() }
    }
}

/// Checks that all ranks have the same facts as rank 0. Together.
pub(super) fn compare(comm: &impl Communicator, facts: &[Fact]) -> Result<()> {
    let words: Vec<u32> = facts.iter().flat_map(|fact| [fact.value as u32, (fact.value >> 32) as u32]).collect();
    let world_size = comm.world_size();
    let all = gather(comm, &words, words.len() * world_size)?;
    for (at, fact) in facts.iter().enumerate() {
        let value = |rank: usize| {
            let at = rank * words.len() + 2 * at;
            u64::from(all[at]) | u64::from(all[at + 1]) << 32
        };
        if let Some(rank) = (1..world_size).find(|&rank| value(rank) != value(0)) {
            let (found, expected) = (fact.show(value(rank)), fact.show(value(0)));
            return Err(DistributedError::RanksDiffer { what: fact.what, rank, found, expected }.into());
        }
    }
    Ok(())
}

pub(super) fn hash_of_plan(plan: &Plan) -> u64 {
    let mut hash = Xxh3Default::new();
    let mut number = |value: usize| hash.update(&(value as u64).to_le_bytes());
    number(plan.pick as usize);
    match &plan.quota {
        Quota::PerClass(quotas) => quotas.iter().copied().for_each(number),
        Quota::Window(Range { start, end }) => [0, *start, *end].into_iter().for_each(number),
    }
    hash.digest()
}

pub(super) fn hash_of_scores(scores: &[f32]) -> u64 {
    let mut hash = Xxh3Default::new();
    let mut bytes = [0; 4096];
    for block in scores.chunks(bytes.len() / 4) {
        bytes.chunks_exact_mut(4).zip(block).for_each(|(bytes, score)| bytes.copy_from_slice(&score.to_le_bytes()));
        hash.update(&bytes[..block.len() * 4]);
    }
    hash.digest()
}

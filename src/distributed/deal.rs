//! Gives every rank its part of a list, while no rank has the whole of it.
//!
//! The order of training deals the list to buckets at random, and shuffles each bucket. A rank knows the bucket of each
//! place of the list without the others, as the random words can be entered anywhere. So it deals the samples that it
//! has chosen itself, and sends them to the ranks that own their buckets. An owner has whole buckets then, shuffles
//! them, knows their places in the list, and sends each sample to the rank whose part has that place. It is the list of
//! one process, and a rank does its share of the work.

use std::ops::Range;

use super::{Communicator, gather};
use crate::error::DistributedError;
use crate::sampler::order;
use crate::{Result, ShardRemainder};

/// A list that is dealt.
pub(super) struct Deal {
    /// Length of the list.
    pub(super) total: usize,
    /// How many samples at its start are done, and dealt to nobody.
    pub(super) done: usize,
    pub(super) seed: u64,
    pub(super) epoch: usize,
    pub(super) remainder: ShardRemainder,
}

impl Deal {
    /// This rank's part of what is left of the list, given the samples that it has chosen, ascending; they are below
    /// `num_samples`. The list has at least two buckets, and a sample for each rank. Together.
    pub(super) fn part(&self, chosen: Vec<u32>, num_samples: usize, comm: &impl Communicator) -> Result<Vec<u32>> {
        let (rank, world_size) = (comm.rank(), comm.world_size());
        let first = self.place(chosen.len(), comm)?;
        let own = self.own_buckets(chosen, first, num_samples, comm)?;
        let start = self.place(own.len(), comm)?;

        // to rank `r` go the places `r`, `r + world_size`, ... of what is left
        let left = self.total - self.done;
        let len = self.remainder.part_len(left, world_size);
        let here = |place: usize| place.saturating_sub(start).min(own.len());
        let dealt = &own[here(self.done)..here(self.done + left.min(len * world_size))];
        let first = start.saturating_sub(self.done); // of `dealt`, in what is left
        let to = |rank: usize| (rank + world_size - first % world_size) % world_size;
        let mut counts = Vec::with_capacity(world_size);
        let mut values = Vec::with_capacity(dealt.len());
        for rank in 0..world_size {
            let before = values.len();
            values.extend(dealt.iter().skip(to(rank)).step_by(world_size));
            counts.push(values.len() - before);
        }
        let mut part = comm.all_to_all(&values, &counts)?;
        drop(values);

        // short parts are padded from the start of the whole list
        let missing = (len * world_size).saturating_sub(left);
        let head = gather(comm, &own[..here(missing)], missing)?;
        if part.len() < len {
            part.extend((rank + world_size * (len - 1)).checked_sub(left).and_then(|at| head.get(at)));
        }
        if part.len() != len || part.iter().any(|&sample| sample as usize >= num_samples) {
            return Err(foreign("all_to_all"));
        }
        Ok(part)
    }

    /// Where this rank's samples begin in the list, if it has so many and the ranks have the list together. Together.
    fn place(&self, len: usize, comm: &impl Communicator) -> Result<usize> {
        let lens = gather(comm, &[len as u32], comm.world_size())?;
        let sum = |lens: &[u32]| lens.iter().map(|&len| len as usize).sum::<usize>();
        if sum(&lens) == self.total { Ok(sum(&lens[..comm.rank()])) } else { Err(foreign("all_to_all")) }
    }

    /// The samples of the buckets that this rank owns, shuffled: one stretch of the list.
    fn own_buckets(
        &self,
        chosen: Vec<u32>,
        first: usize,
        num_samples: usize,
        comm: &impl Communicator,
    ) -> Result<Vec<u32>> {
        let (rank, world_size) = (comm.rank(), comm.world_size());
        let bits = order::bits_of(self.total);
        let owned = |rank: usize| -> Range<usize> {
            let bound = |rank| ((1u64 << bits) * rank as u64 / world_size as u64) as usize;
            bound(rank)..bound(rank + 1)
        };
        // a stable counting sort by bucket
        let buckets = order::buckets(first, chosen.len(), bits, self.seed, self.epoch);
        let mut ends = vec![0u32; 1 << bits];
        buckets.iter().for_each(|&bucket| ends[bucket as usize] += 1);
        // for each rank the sizes of its buckets, and then their samples
        let mut counts = Vec::with_capacity(world_size);
        let mut values = vec![0; chosen.len() + ends.len()];
        let mut at = 0;
        for rank in 0..world_size {
            let before = at;
            let of_rank = owned(rank);
            values[at..at + of_rank.len()].copy_from_slice(&ends[of_rank.clone()]);
            at += of_rank.len();
            for end in &mut ends[of_rank] {
                let size = *end as usize;
                *end = at as u32; // where its next sample goes
                at += size;
            }
            counts.push(at - before);
        }
        for (&sample, &bucket) in chosen.iter().zip(&buckets) {
            values[ends[bucket as usize] as usize] = sample;
            ends[bucket as usize] += 1;
        }
        drop((chosen, buckets, ends));
        let received = comm.all_to_all(&values, &counts)?;
        drop(values);

        // of each rank: where the sizes of its buckets begin, and where its samples that are not taken yet do
        let own = owned(rank);
        let (mut parts, mut rest) = (Vec::with_capacity(world_size), 0usize);
        for _ in 0..world_size {
            let samples = rest + own.len();
            let sizes = received.get(rest..samples).ok_or_else(|| foreign("all_to_all"))?;
            parts.push((rest, samples));
            rest = sizes.iter().fold(samples, |end, &size| end.saturating_add(size as usize));
        }
        if rest != received.len() {
            return Err(foreign("all_to_all"));
        }
        let mut list = Vec::with_capacity(received.len() - world_size * own.len());
        for (at, bucket) in own.enumerate() {
            let begin = list.len();
            for (sizes, samples) in &mut parts {
                let end = *samples + received[*sizes + at] as usize;
                list.extend_from_slice(&received[*samples..end]);
                *samples = end;
            }
            order::shuffle(&mut list[begin..], bucket, self.seed, self.epoch);
        }
        match list.iter().all(|&sample| (sample as usize) < num_samples) {
            true => Ok(list),
            false => Err(foreign("all_to_all")),
        }
    }
}

fn foreign(operation: &'static str) -> crate::Error {
    let reason = "it returned what no rank has sent".into();
    DistributedError::Communication { operation, reason }.into()
}

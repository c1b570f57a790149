//! Ranks as processes of an MPI job.

use mpi::collective::SystemOperation;
use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator as _, CommunicatorCollectives as _};

use super::Communicator;
use crate::error::DistributedError;
use crate::{Error, Result};

/// The most words of all ranks in one call, as MPI counts in 32 bits.
const MOST: usize = 1 << 30;

/// The rank of this process in its MPI job.
///
/// A rank that ends without [`finish`](Self::finish), by a returned error or a panic, ends the whole job with a
/// failure. Otherwise the others would wait for it for ever.
pub struct Mpi {
    world: SimpleCommunicator,
    universe: Option<Universe>,
    most: usize,
}

impl Mpi {
    /// Joins the job. Call it once in a process.
    ///
    /// # Errors
    /// [`DistributedError::Communication`] if MPI is running in this process already.
    pub fn new() -> Result<Self> {
        let reason = "MPI was initialised before in this process".into();
        let universe = mpi::initialize()
            .ok_or(Error::Distributed(DistributedError::Communication { operation: "MPI_Init", reason }))?;
        Ok(Self { world: universe.world(), universe: Some(universe), most: MOST })
    }

    /// The same rank with a smaller limit of words in one call, for tests: the limit of MPI needs too much memory.
    #[doc(hidden)]
    #[must_use]
    pub fn at_most(mut self, words: usize) -> Self {
        self.most = words.max(1);
        self
    }

    /// Leaves the job. It waits until all ranks leave.
    pub fn finish(mut self) {
        drop(self.universe.take());
    }

    /// How many words each rank can send in one call.
    fn stride(&self) -> usize {
        (self.most / self.world_size()).max(1)
    }
}

impl Communicator for Mpi {
    fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    fn world_size(&self) -> usize {
        self.world.size() as usize
    }

    fn all_reduce(&self, values: &mut [u32]) -> Result<()> {
        for values in values.chunks_mut(self.most) {
            self.world.all_reduce_into(&values.to_vec()[..], values, SystemOperation::sum());
        }
        Ok(())
    }

    fn all_gather(&self, values: &[u32]) -> Result<Vec<u32>> {
        let mut lengths = vec![0u64; self.world_size()];
        self.world.all_gather_into(&(values.len() as u64), &mut lengths[..]);
        let lengths = as_usize(&lengths);
        let to = starts(&lengths);
        let mut all = vec![0; lengths.iter().sum()];
        let stride = self.stride();
        for done in (0..lengths.iter().copied().max().unwrap_or(0)).step_by(stride) {
            let counts = part(&lengths, done, stride);
            let own = values.get(done..).unwrap_or_default();
            let mut round = vec![0; counts.iter().sum()];
            let mut partition = PartitionMut::new(&mut round[..], as_counts(&counts), as_counts(&starts(&counts)));
            self.world.all_gather_varcount_into(&own[..own.len().min(stride)], &mut partition);
            spread(&round, &counts, &mut all, &to, done);
        }
        Ok(all)
    }

    fn all_to_all(&self, values: &[u32], counts: &[usize]) -> Result<Vec<u32>> {
        let sizes: Vec<u64> = counts.iter().map(|&count| count as u64).collect();
        let (mut theirs, mut most) = (vec![0u64; self.world_size()], 0u64);
        self.world.all_to_all_into(&sizes[..], &mut theirs[..]);
        // all ranks take as many rounds
        self.world.all_reduce_into(&sizes.iter().copied().max().unwrap_or(0), &mut most, SystemOperation::max());
        let theirs = as_usize(&theirs);
        let (from, to) = (starts(counts), starts(&theirs));
        let mut all = vec![0; theirs.iter().sum()];
        let stride = self.stride();
        for done in (0..most as usize).step_by(stride) {
            let (out, back) = (part(counts, done, stride), part(&theirs, done, stride));
            let piece = |(&start, &count)| values.get(start + done..start + done + count).unwrap_or_default();
            let send: Vec<u32> = from.iter().zip(&out).flat_map(piece).copied().collect();
            let mut round = vec![0; back.iter().sum()];
            let send = Partition::new(&send[..], as_counts(&out), as_counts(&starts(&out)));
            let mut receive = PartitionMut::new(&mut round[..], as_counts(&back), as_counts(&starts(&back)));
            self.world.all_to_all_varcount_into(&send, &mut receive);
            spread(&round, &back, &mut all, &to, done);
        }
        Ok(all)
    }
}

/// Lengths were counted in memory, so they fit.
fn as_usize(lengths: &[u64]) -> Vec<usize> {
    lengths.iter().map(|&len| len as usize).collect()
}

/// Where pieces of these lengths begin that follow each other.
fn starts(lengths: &[usize]) -> Vec<usize> {
    lengths.iter().scan(0, |end, &len| Some(std::mem::replace(end, *end + len))).collect()
}

/// How much of each length is in the round that begins at `done`.
fn part(lengths: &[usize], done: usize, stride: usize) -> Vec<usize> {
    lengths.iter().map(|len| len.saturating_sub(done).min(stride)).collect()
}

/// Puts the pieces of a round where they belong in `all`.
fn spread(round: &[u32], counts: &[usize], all: &mut [u32], to: &[usize], done: usize) {
    let mut rest = round;
    for (&count, &start) in counts.iter().zip(to).filter(|&(&count, _)| count > 0) {
        let (piece, others) = rest.split_at(count);
        all[start + done..start + done + count].copy_from_slice(piece);
        rest = others;
    }
}

/// At most [`MOST`], so they fit.
fn as_counts(values: &[usize]) -> Vec<mpi::Count> {
    values.iter().map(|&value| value as mpi::Count).collect()
}

impl Drop for Mpi {
    fn drop(&mut self) {
        if self.universe.is_some() {
            eprintln!("rank {} ends before `Mpi::finish`: the job is aborted", self.world.rank());
            self.world.abort(1);
        }
    }
}

impl std::fmt::Debug for Mpi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mpi").field("rank", &self.rank()).field("world_size", &self.world_size()).finish()
    }
}

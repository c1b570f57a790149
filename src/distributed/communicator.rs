//! The operations that ranks need to communicate.

use crate::Result;
use crate::error::DistributedError;

/// Connects one rank with all others: two collective operations on 32-bit words, and a third that is made of them.
///
/// [`InProcess`](crate::InProcess) implements it for threads and, with feature `mpi`, `Mpi` for MPI. For NCCL, Gloo or
/// sockets, implement it in about twenty lines. Every rank calls the same operations in the same order. A call waits
/// for all ranks. If a rank has died, the call must not wait for it, but return an error or end the job.
pub trait Communicator {
    /// This process's rank, from 0.
    fn rank(&self) -> usize;

    /// Number of processes.
    fn world_size(&self) -> usize;

    /// Replaces each value by its sum over all ranks. The sums fit into 32 bits.
    ///
    /// # Shapes
    /// `values`: the same number on every rank.
    ///
    /// # Errors
    /// [`DistributedError::Communication`](crate::error::DistributedError::Communication) if a rank has died, or called
    /// another operation.
    fn all_reduce(&self, values: &mut [u32]) -> Result<()>;

    /// The values of rank 0, then those of rank 1, and so on.
    ///
    /// # Shapes
    /// `values`: any number, 0 included.
    ///
    /// # Errors
    /// As [`all_reduce`](Self::all_reduce).
    fn all_gather(&self, values: &[u32]) -> Result<Vec<u32>>;

    /// Sends `counts[0]` values to rank 0, the next `counts[1]` to rank 1, and so on. Returns what rank 0 has sent to
    /// this rank, then rank 1, and so on. By itself it gathers all values; implement it if your library has an exchange
    /// of all with all, as a rank then receives its own alone.
    ///
    /// # Shapes
    /// `counts`: one for each rank; their sum is the length of `values`.
    ///
    /// # Errors
    /// As [`all_reduce`](Self::all_reduce).
    fn all_to_all(&self, values: &[u32], counts: &[usize]) -> Result<Vec<u32>> {
        let (rank, world_size) = (self.rank(), self.world_size());
        let own: Vec<u32> = counts.iter().map(|&count| count as u32).collect();
        let all = self.all_gather(&own)?;
        let whole = self.all_gather(values)?;
        let (mut received, mut start) = (Vec::new(), 0usize);
        for (at, &count) in all.iter().enumerate() {
            let end = start.saturating_add(count as usize);
            if at % world_size == rank {
                let reason = || format!("it gave {} values, and not the {end} or more of all ranks", whole.len());
                let error = || DistributedError::Communication { operation: "all_gather", reason: reason() };
                received.extend_from_slice(whole.get(start..end).ok_or_else(error)?);
            }
            start = end;
        }
        Ok(received)
    }
}

impl<C: Communicator + ?Sized> Communicator for &C {
    fn rank(&self) -> usize {
        (**self).rank()
    }

    fn world_size(&self) -> usize {
        (**self).world_size()
    }

    fn all_reduce(&self, values: &mut [u32]) -> Result<()> {
        (**self).all_reduce(values)
    }

    fn all_gather(&self, values: &[u32]) -> Result<Vec<u32>> {
        (**self).all_gather(values)
    }

    fn all_to_all(&self, values: &[u32], counts: &[usize]) -> Result<Vec<u32>> {
        (**self).all_to_all(values, counts)
    }
}

/// The values of all ranks, of which there must be so many.
pub(super) fn gather(comm: &impl Communicator, values: &[u32], expected: usize) -> Result<Vec<u32>> {
    let all = comm.all_gather(values)?;
    if all.len() == expected {
        return Ok(all);
    }
    let reason = format!("it returned {} values, and not the {expected} of all ranks", all.len());
    Err(DistributedError::Communication { operation: "all_gather", reason }.into())
}

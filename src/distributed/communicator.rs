//! The operations that ranks need to communicate.

use crate::Result;

/// Connects one rank with all others: two collective operations on 32-bit words.
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
}

//! What ranks need to be able to say to each other.

use crate::Result;

/// One rank's way to all others: two collective operations on 32-bit words.
///
/// Implemented by [`InProcess`](crate::InProcess) for threads and, with feature `mpi`, by `Mpi`; a job that has another way (NCCL, Gloo,
/// sockets) implements it in some twenty lines. Every rank calls the same operations in the same order. A call waits for all ranks; it must not
/// wait for one that is gone, but return an error, or end the job.
pub trait Communicator {
    /// This process's rank, from 0.
    fn rank(&self) -> usize;

    /// Number of processes.
    fn world_size(&self) -> usize;

    /// Replaces each value by its sum over all ranks, which fits into 32 bits.
    ///
    /// # Shapes
    /// `values`: as many on every rank.
    ///
    /// # Errors
    /// [`Error::Communication`](crate::Error::Communication) if a rank is gone, or called something else.
    fn all_reduce(&self, values: &mut [u32]) -> Result<()>;

    /// The values of rank 0, then those of rank 1, and so on.
    ///
    /// # Shapes
    /// `values`: any number, also none.
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

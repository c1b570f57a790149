//! Errors of many processes.

/// Many processes.
#[derive(Debug, Clone, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[non_exhaustive]
pub enum DistributedError {
    /// A rank is not below the number of processes.
    #[error("`rank` is {rank}, but must be below `world_size`, which is {world_size}")]
    Rank {
        /// Rank found.
        rank: usize,
        /// Number of processes.
        world_size: usize,
    },
    /// A variable of the launcher is missing, or not a number.
    #[error(
        "`{variable}` is {found:?} in the environment, but must be a whole number from 0 on: start all processes with \
         torchrun, mpirun or srun, or pass rank and world size yourself"
    )]
    Launcher {
        /// The variable.
        variable: &'static str,
        /// Its value; empty if it is not set.
        found: String,
    },
    /// Ranks differ in a value that must be equal.
    #[error(
        "rank {rank} has {what} {found}, but rank 0 has {what} {expected}: give every rank the same labels, settings, \
         schedule and checkpoint, and call the same methods on all"
    )]
    RanksDiffer {
        /// What differs.
        what: &'static str,
        /// The first rank that differs from rank 0.
        rank: usize,
        /// Its value there.
        found: String,
        /// Its value on rank 0.
        expected: String,
    },
    /// A call that all ranks made together failed on another rank.
    #[error("the call failed on rank {rank}, so it failed on all: look at the error of that rank")]
    OtherRank {
        /// The first rank that it failed on.
        rank: usize,
    },
    /// Ranks could not communicate.
    #[error("`{operation}` failed: {reason}; look at what happened to that rank, and start the job again")]
    Communication {
        /// The collective operation.
        operation: &'static str,
        /// What went wrong.
        reason: String,
    },
}

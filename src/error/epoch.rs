//! Errors of the list of an epoch and its parts.

/// The list of an epoch, and its parts.
#[derive(Debug, Clone, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[non_exhaustive]
pub enum EpochError {
    /// `shard` was called on the part of one rank.
    #[error("`shard` was called on what is already one rank's part: shard the whole epoch")]
    ShardedTwice,
    /// More samples are to be skipped than are left.
    #[error("`samples` is {found}, but the epoch has {len} left: does the position belong to this epoch?")]
    Skip {
        /// Samples to skip.
        found: usize,
        /// Samples that are left.
        len: usize,
    },
    /// The samples to skip do not divide by the number of ranks.
    #[error("`samples` is {found}, which does not divide among {world_size} ranks: skip first, then shard")]
    SkipSharded {
        /// Samples to skip.
        found: usize,
        /// Number of processes.
        world_size: usize,
    },
    /// `shard_stratified` was called after `skip`.
    #[error(
        "`shard_stratified` was called on an epoch of which {done} samples are done: call it on the whole epoch, and \
         `skip` on the part, with the same number of ranks; or deal the rest with `shard`, if its begin was dealt so"
    )]
    SkippedStratified {
        /// Samples that are done, over all processes.
        done: usize,
    },
    /// `blocks` was called after `skip` or `shard`.
    #[error("`blocks` was called on a part of an epoch: call it on the whole epoch, and `skip` and `shard` then")]
    BlocksOfPart,
    /// A stretch of samples is not part of the data.
    #[error("`samples` is {start}..{end}, which is no part of 0..{len}, the samples of the loader")]
    Samples {
        /// First sample of the stretch.
        start: usize,
        /// The sample after its last.
        end: usize,
        /// Samples of the data.
        len: usize,
    },
}

//! Errors of the state of a sampler, and its file.

/// The state of a sampler, and its file.
#[derive(Debug, Clone, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[non_exhaustive]
pub enum StateError {
    /// A state was written by another version of its format.
    #[error(
        "`state` has format version {found}, but this release reads version {expected}: use the release that wrote it"
    )]
    StateVersion {
        /// Version of the state.
        found: u32,
        /// Version this release reads.
        expected: u32,
    },
    /// A state belongs to another data set or another configuration.
    #[error("`state` was taken with {what} {found}, but this sampler has {expected}: build the sampler as it was then")]
    StateMismatch {
        /// What differs.
        what: &'static str,
        /// Its value in the state.
        found: String,
        /// Its value in the sampler.
        expected: String,
    },
    /// A state was truncated or altered.
    #[error(
        "`state` is damaged: its checksum is {found:016x}, but its content has {expected:016x}; use an older checkpoint"
    )]
    StateDamaged {
        /// Checksum stored in the state.
        found: u64,
        /// Checksum of its content.
        expected: u64,
    },
    /// An undamaged state that no sampler would write.
    #[error("`state` has {what}, which no sampler writes: use an older checkpoint")]
    StateContent {
        /// What is wrong with it.
        what: String,
    },
    /// An epoch needs scores that a restored state did not have.
    #[error(
        "epoch {epoch} needs the scores that were measured in epoch {measured_at}, but the restored state has none, as \
         no epoch after its position was to need them: restore an earlier state, or measure again and call `update`"
    )]
    ScoresDropped {
        /// The epoch that was asked for.
        epoch: usize,
        /// The epoch at whose beginning the scores were measured.
        measured_at: usize,
    },
    /// A state file cannot be read or written.
    #[error("`path`: `{path}` cannot be {done}: {reason}")]
    StateFile {
        /// The file.
        path: String,
        /// `read` or `written`.
        done: &'static str,
        /// What kind of failure it is, for a program that can go on without the file.
        kind: std::io::ErrorKind,
        /// The error of the operating system.
        reason: String,
    },
    /// Bytes hold no state, or only a part of one.
    #[error("`bytes` hold no whole state ({reason}): were they made by `State::to_bytes`? Use an older checkpoint")]
    StateBytes {
        /// What is wrong with them.
        reason: String,
    },
    /// A file holds no state, or only the beginning of one.
    #[error(
        "`path`: `{path}` holds no whole state ({reason}): was it written by `State::save`? Use an older checkpoint"
    )]
    StateFormat {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

//! Errors of an argument that is empty, of the wrong length or out of range.

/// An argument is empty, of the wrong length or out of range.
#[derive(Debug, Clone, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[non_exhaustive]
pub enum ArgumentError {
    /// An argument is empty.
    #[error("`{argument}` is empty, but at least one is needed")]
    Empty {
        /// The empty argument.
        argument: &'static str,
    },
    /// Two arguments that must have the same length do not.
    #[error("`{argument}` has length {found}, but must have length {expected}: {rule}")]
    Length {
        /// The argument of the wrong length.
        argument: String,
        /// Its length.
        found: usize,
        /// The length that was needed.
        expected: usize,
        /// The reason for the needed length.
        rule: &'static str,
    },
    /// A number of a configuration is out of its range, or NaN.
    #[error("`{argument}` is {found}, but must be {range}")]
    OutOfRange {
        /// The field.
        argument: &'static str,
        /// What was found in it.
        found: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// The batch size is 0.
    #[error("`batch_size` is 0, but a batch has at least 1 sample")]
    BatchSize,
    /// The length of the curriculum is 0.
    #[error("`epochs` is 0, but a curriculum has at least 1 epoch")]
    NoEpochs,
    /// A weight of a random draw is out of range.
    #[error(
        "`weights[{index}]` is {found}, but must be from 1e-30 to 1e30: leave the sample out, or scale the weights"
    )]
    Weight {
        /// Position in `weights`.
        index: usize,
        /// The weight found there.
        found: f64,
    },
    /// A continuous target has no bin.
    #[error("`values[{index}]` is {value}, which has no bin: drop the sample, or choose wider bins")]
    ValueNotFinite {
        /// Position in `values`.
        index: usize,
        /// The value found there.
        value: f64,
    },
    /// A part of a split has weight 0.
    #[error("`parts[{index}]` is 0, but a part has a weight of at least 1: leave it out")]
    PartWeight {
        /// Position in `parts`.
        index: usize,
    },
    /// A sample is in a part that does not exist.
    #[error("`of[{index}]` is {part}, but there are {parts} parts: give the parts that the split was made with")]
    PartOutOfRange {
        /// Position in `of`.
        index: usize,
        /// The part found there.
        part: usize,
        /// Number of parts.
        parts: usize,
    },
}

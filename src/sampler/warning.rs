//! What a user should know about an epoch before training on it.

/// A warning about an epoch.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Warning {
    /// The epoch has no sample of the class.
    Empty {
        /// The label.
        label: i64,
    },
    /// A class with more than an equal share of the data has an even larger share of the epoch.
    Overshoot {
        /// The label.
        label: i64,
        /// Its share of the epoch, in `[0, 1]`.
        share: f64,
        /// Its share of the data, in `[0, 1]`.
        natural: f64,
    },
    /// Scores were wanted, and never came: the epoch ranks by older ones, or at random.
    ScoresMissing {
        /// The epoch that wanted them.
        wanted: usize,
        /// The epoch of the newest scores that are used instead, measured or observed; none: a random ranking.
        measured_at: Option<usize>,
    },
    /// The epoch has no batch, as it is smaller than a batch and the last batch is dropped.
    NoBatch {
        /// Samples of the epoch.
        len: usize,
        /// Samples of a batch.
        batch_size: usize,
    },
    /// The epoch ends in a batch of one sample, which batch normalisation cannot train on.
    LoneSample {
        /// Samples of the epoch.
        len: usize,
        /// Samples of a batch.
        batch_size: usize,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Warning::Empty { label } => write!(f, "class {label} has no sample in this epoch"),
            Warning::Overshoot { label, share, natural } => write!(
                f,
                "class {label} is {:.1} % of this epoch, but only {:.1} % of the data",
                100.0 * share,
                100.0 * natural
            ),
            Warning::ScoresMissing { wanted, measured_at: Some(at) } => write!(
                f,
                "scores were wanted in epoch {wanted} and did not come: those of epoch {at} are used; call `refresh` \
                 or `update`"
            ),
            Warning::ScoresMissing { wanted, measured_at: None } => write!(
                f,
                "scores were wanted in epoch {wanted} and never came: samples are ranked at random; call `refresh` or \
                 `update`"
            ),
            Warning::NoBatch { len, batch_size } => write!(
                f,
                "this epoch has no batch: its {len} samples do not fill one of {batch_size}, and `LastBatch::Drop` \
                 leaves them out; use smaller batches, or `LastBatch::MergeLone`"
            ),
            Warning::LoneSample { len: 1, .. } => write!(
                f,
                "this epoch is one sample, so a batch of one: batch normalisation writes NaN into its running variance \
                 then; use fewer curriculum epochs"
            ),
            Warning::LoneSample { len, batch_size } => write!(
                f,
                "the last batch of this epoch is one sample, as {len} are one more than whole batches of {batch_size}: \
                 batch normalisation writes NaN into its running variance then; use `LastBatch::MergeLone`"
            ),
        }
    }
}

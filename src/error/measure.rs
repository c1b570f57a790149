//! Errors of what the measurer is given.

/// What a measurer is given: logits, embeddings, modalities, samples; and the scores that come of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[non_exhaustive]
pub enum MeasureError {
    /// The modalities' embeddings have different widths, so they have no cosine.
    #[error(
        "`embeddings[{modality}]` has width {found}, but `embeddings[0]` has width {expected}: project the embeddings \
         to one width first, by layers that are trained (untrained, their cosines are chance), or measure with \
         `Terms::Confidence`"
    )]
    EmbeddingWidth {
        /// Position of the modality.
        modality: usize,
        /// Width of its embeddings.
        found: usize,
        /// Width of the first modality's embeddings.
        expected: usize,
    },
    /// Embeddings are missing, but the terms compare them.
    #[error(
        "`embeddings` is empty, but `Terms::{terms}` compares modalities by them: give one for each modality, or, \
         for a network of one input and one head, measure with `Terms::Confidence`"
    )]
    NoEmbeddings {
        /// The terms that need them.
        terms: &'static str,
    },
    /// The logits have one column, as for binary cross-entropy, but each class needs a column.
    #[error(
        "`{argument}` has shape {found:?}, one logit a sample, but must have a column for each class: of a network \
         with one output `z` (binary cross-entropy), give the two columns `[0, z]`"
    )]
    OneLogit {
        /// The logits.
        argument: String,
        /// Their shape.
        found: Vec<i64>,
    },
    /// A logit or an embedding is NaN or infinite.
    #[error(
        "`{argument}[{modality}]` is NaN or infinite at sample {sample}: \
         look at the network's output for it, or mark the modality as missing there"
    )]
    NotFinite {
        /// `logits` or `embeddings`.
        argument: &'static str,
        /// Position of the modality.
        modality: usize,
        /// The sample, by its index in the data set.
        sample: usize,
    },
    /// A score is NaN or infinite.
    #[error("`scores[{index}]` is {value}, but scores must be finite: look at the logits of that sample")]
    ScoreNotFinite {
        /// Position in `scores`.
        index: usize,
        /// The score found there.
        value: f32,
    },
    /// An observed score is NaN or infinite.
    #[error("the score of sample {sample} is {value}, but scores must be finite: look at the logits of that sample")]
    ObservedNotFinite {
        /// The sample, by its index in the data set.
        sample: usize,
        /// Its score.
        value: f32,
    },
    /// An observed sample is not part of the data set.
    #[error(
        "`indices[{at}]` is {sample}, but the data set has {num_samples} samples: give indices of the sampler's epochs"
    )]
    NoSuchSample {
        /// Position in `indices`.
        at: usize,
        /// The index found there.
        sample: i64,
        /// Samples in the data set.
        num_samples: usize,
    },
    /// Scores are observed for an epoch whose scores are in use already, or that was measured or observed after it.
    #[error("`epoch` is {epoch}, which is over: observe the samples of an epoch while it runs, now {first} or later")]
    EpochOver {
        /// The epoch.
        epoch: usize,
        /// The first epoch that can be observed.
        first: usize,
    },
    /// What was observed in an earlier epoch is not in use yet.
    #[error(
        "`epoch` is {epoch}, but what was observed in epoch {waiting} is not in use yet: call `renew` (or the loader's \
         `refresh`, which does it) at the beginning of each epoch"
    )]
    NotRenewed {
        /// The epoch.
        epoch: usize,
        /// The epoch that waits.
        waiting: usize,
    },
    /// A batch does not belong to an epoch of this loader.
    #[error("`batch` is of {found}, but must be of `epoch` or `batches` of this loader: only its own can be observed")]
    ForeignBatch {
        /// Where it is from.
        found: &'static str,
    },
    /// A sample has no modality.
    #[error("`present` has no modality for sample {sample}: drop the sample, or give it at least one")]
    NoModality {
        /// The sample, by its index in the data set.
        sample: usize,
    },
    /// An index is not below the number of samples.
    #[error("`indices` has {index}, but the data set has {num_samples} samples: call `reset` and observe again")]
    IndexOutOfRange {
        /// The index found.
        index: i64,
        /// Samples in the data set.
        num_samples: usize,
    },
    /// An index comes twice in one call.
    #[error(
        "`indices` has sample {index} twice in one call, so its score is not defined: call `reset` and observe again"
    )]
    IndexTwice {
        /// The sample.
        index: usize,
    },
    /// Some samples were never measured.
    #[error(
        "{missing} of {num_samples} samples were never observed, sample {first} the first: observe them, then finish"
    )]
    NotObserved {
        /// How many are missing.
        missing: usize,
        /// Samples in the data set.
        num_samples: usize,
        /// The first that is missing.
        first: usize,
    },
}

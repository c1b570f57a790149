//! Errors of an oversampler, and of the part that it is given.

/// A parameter out of its range, or a part that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The number of neighbours is 0.
    #[error("SMOTE: `neighbours` is 0, but must be at least 1: 5 is usual")]
    Neighbours,
    /// A size is below 1.
    #[error("VAE: `{argument}` is {found}, but must be at least 1: {usual} is usual")]
    Size {
        /// The parameter.
        argument: &'static str,
        /// Its value.
        found: i64,
        /// Its default.
        usual: i64,
    },
    /// The weight of the divergence is negative or NaN.
    #[error("VAE: `beta` is {found}, but must be a finite number from 0 on: 1 is usual")]
    Beta {
        /// Its value.
        found: f64,
    },
    /// The learning rate is not above 0, or NaN.
    #[error("VAE: `learning_rate` is {found}, but must be a finite number above 0: 1e-3 is usual")]
    LearningRate {
        /// Its value.
        found: f64,
    },
    /// A value is outside `[0, 1]`. The output of the autoencoder is a probability, so it cannot learn such a value.
    #[error(
        "VAE: row {row} of modality {modality} has {found} in column {column}, but values must be in [0, 1]: scale the \
         part (`Preparation::scale`)"
    )]
    NotScaled {
        /// The modality, from 0.
        modality: usize,
        /// Position of the sample in the part, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The value found there.
        found: f32,
    },
    /// The loss became NaN or infinite.
    #[error("VAE: the loss is {loss} after epoch {epoch}: lower `learning_rate`, which is {learning_rate}")]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// Mean loss of its samples.
        loss: f64,
        /// The learning rate.
        learning_rate: f64,
    },
    /// libtorch failed.
    #[error("VAE: libtorch failed")]
    Torch(#[from] tch::TchError),
}

/// The result of every fallible function of [`oversample`](super).
pub type Result<T> = std::result::Result<T, Error>;

//! The one error type of the crate, nested by area.
//!
//! Every variant says which argument is wrong, where in it, what was found and what to do. `?` makes an [`Error`] of
//! the error of an area.

mod argument;
mod distributed;
mod epoch;
mod file;
mod label;
mod measure;
mod schedule;
mod state;
mod target;
mod tensor;

pub use argument::ArgumentError;
pub use distributed::DistributedError;
pub use epoch::EpochError;
pub use file::FileError;
pub use label::LabelError;
pub use measure::MeasureError;
pub use schedule::ScheduleError;
pub use state::StateError;
pub use target::TargetError;
pub use tensor::TensorError;

/// The result of every fallible function in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, by area.
///
/// # Examples
/// ```
/// use climd::error::{ArgumentError, Error};
///
/// let error = climd::PowerLawScheduler::new::<i64>(&[], climd::PowerLaw::default()).unwrap_err();
/// assert_eq!(error, Error::Argument(ArgumentError::Empty { argument: "labels" }));
/// assert_eq!(error.name(), "Empty");
/// assert_eq!(error.to_string(), "`labels` is empty, but at least one is needed");
/// ```
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is empty, of the wrong length or out of range.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    /// Labels, one class for each sample.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// Several labels for each sample, sites, groups.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// What a measurer is given: logits, embeddings, modalities, samples; and the scores that come of it.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// Schedules and their plans.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The list of an epoch, and its parts.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// Many processes.
    #[error(transparent)]
    Distributed(#[from] DistributedError),
    /// The state of a sampler, and its file.
    #[error(transparent)]
    State(#[from] StateError),
    /// Tensors, their devices and their frameworks.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// Files of rows, and reading them ahead.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The name and the message, so that `fn main() -> climd::Result<()>` shows what is wrong and what to do.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {self}", self.name())
    }
}

impl Error {
    /// The name of the innermost variant, such as `LabelTooLarge`: stable, for logs and for other languages.
    pub fn name(&self) -> &'static str {
        match self {
            Error::Argument(error) => error.into(),
            Error::Label(error) => error.into(),
            Error::Target(error) => error.into(),
            Error::Measure(error) => error.into(),
            Error::Schedule(error) => error.into(),
            Error::Epoch(error) => error.into(),
            Error::Distributed(error) => error.into(),
            Error::State(error) => error.into(),
            Error::Tensor(error) => error.into(),
            Error::File(error) => error.into(),
        }
    }
}

#[cfg(feature = "tch")]
impl From<tch::TchError> for Error {
    fn from(error: tch::TchError) -> Self {
        let text = error.to_string();
        // libtorch appends its C++ stack, which says nothing to a Rust user.
        let message = text.split("\nException raised from").next().unwrap_or(&text).trim().to_owned();
        TensorError::Torch { message }.into()
    }
}

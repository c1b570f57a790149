//! Errors of the crate as exceptions: the same text, and the variant's name as `.kind`.

use climd::{Error as E, error};
use pyo3::create_exception;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

create_exception!(
    climd,
    Error,
    PyValueError,
    "An argument, a configuration or a state that cannot be used. The message names the argument, the place in it, \
     what was found and what to do; `kind` is a short name for programs."
);
create_exception!(
    climd,
    StateError,
    Error,
    "A state that is damaged, of another version, or of other labels or another configuration than the sampler's."
);
create_exception!(
    climd,
    CommunicationError,
    PyRuntimeError,
    "Ranks that differ, or that could not talk to each other."
);

pub type Result<T, X = PyErr> = std::result::Result<T, X>;

/// The exception of an error of the crate.
pub fn raise(error: E) -> PyErr {
    let (kind, text) = (error.name(), text(&error));
    let raised = match error {
        // whether the file could be read at all is no matter of the state
        E::State(error::StateError::StateFile { .. }) => Error::new_err(text),
        E::State(_) => StateError::new_err(text),
        E::Distributed(
            error::DistributedError::RanksDiffer { .. }
            | error::DistributedError::OtherRank { .. }
            | error::DistributedError::Communication { .. },
        ) => CommunicationError::new_err(text),
        _ => Error::new_err(text),
    };
    named(raised, kind)
}

/// An error of the binding itself.
pub fn bad(kind: &str, text: impl Into<String>) -> PyErr {
    named(Error::new_err(text.into()), kind)
}

pub fn named(error: PyErr, kind: &str) -> PyErr {
    // An exception that takes no attribute is still the right one.
    Python::attach(|py| error.value(py).setattr("kind", kind).ok());
    error
}

/// The crate's own text, but for the advice that is Rust.
fn text(error: &E) -> String {
    match error {
        E::Label(error::LabelError::LooksUnlabelled { index, label, count }) => format!(
            "`labels[{index}]` is {label}, beside labels from 0 on: {count} samples look as if they had no label; \
             leave them out, or, if it is a class, number the classes anew: `labels, names = climd.encode(labels)`"
        ),
        E::Argument(error::ArgumentError::OutOfRange { argument: "factor", .. }) => {
            error.to_string().replace("`factor`", "`running_mean`")
        }
        E::Measure(error::MeasureError::NotRenewed { epoch, waiting }) => format!(
            "`epoch` is {epoch}, but what was observed in epoch {waiting} is not in use yet: call `renew` at the \
             beginning of each epoch (`climd.torch.CurriculumSampler` does it when it makes the list of an epoch)"
        ),
        E::Schedule(error::ScheduleError::Quota { .. }) => {
            error.to_string().replace("mend its `plan`", "mend its `quota`")
        }
        E::Target(_) => error.to_string().replace("::", "."), // `Targets.multi_label` is Python's, too
        _ => error.to_string(),
    }
}

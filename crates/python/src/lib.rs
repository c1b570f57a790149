//! climd for Python: labels and scores in, index lists out. The part that is written in Python is in `python/climd`.
//!
//! Three rules hold for every call:
//!
//! * The interpreter's lock is released while the engine works.
//! * The threads are those of this process (`pool`).
//! * Bad input is an exception with the text of the crate (`error`).

mod communicator;
mod epoch;
mod error;
mod measure;
mod pool;
mod sampler;
mod schedule;
mod targets;

use numpy::{Element, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBool;

fn contiguous<'a, T: Element>(name: &str, array: &'a PyReadonlyArray1<'_, T>) -> error::Result<&'a [T]> {
    array.as_slice().map_err(|error| error::bad("Layout", format!("`{name}`: {error}")))
}

/// A whole number from 0 on, as `whole` of `_labels.py`. A bool or a float is refused.
fn whole(name: &str, value: &Bound<'_, PyAny>) -> error::Result<usize> {
    let number =
        Some(value).filter(|value| !value.is_instance_of::<PyBool>()).map(|value| value.call_method0("__index__"));
    let Some(Ok(number)) = number else {
        let found = value.repr()?;
        return Err(error::bad("Kind", format!("`{name}` is {found}, but must be a whole number")));
    };
    let fits = number.extract::<i64>().ok().and_then(|number| usize::try_from(number).ok());
    fits.ok_or_else(|| error::bad("OutOfRange", format!("`{name}` is {number}, but must be from 0 to 2^63 - 1")))
}

/// Rank and world size of this process, from the environment of torchrun, mpirun or srun. Without them `(0, 1)`.
#[pyfunction]
fn rank_and_world_size() -> error::Result<(usize, usize)> {
    climd::rank_and_world_size().map_err(error::raise)
}

/// Sets the number of threads, from the next call on. With 0 it is that of `RAYON_NUM_THREADS` or `OMP_NUM_THREADS`, or
/// the number of cores. The number of threads changes no result.
#[pyfunction]
fn set_num_threads(threads: &Bound<'_, PyAny>) -> error::Result<()> {
    pool::set_num_threads(whole("threads", threads)?);
    Ok(())
}

/// The number of threads of the next call.
#[pyfunction]
fn get_num_threads() -> usize {
    pool::num_threads()
}

/// Every schedule of the crate in JSON, with its fields at their defaults.
#[pyfunction]
fn schedules() -> error::Result<String> {
    let all = climd::schedule::AnySchedule::all();
    serde_json::to_string(&all).map_err(|error| error::bad("Schedule", error.to_string()))
}

#[pymodule(gil_used = false)]
fn _climd(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add("Error", py.get_type::<error::Error>())?;
    m.add("StateError", py.get_type::<error::StateError>())?;
    m.add("CommunicationError", py.get_type::<error::CommunicationError>())?;
    if let Some(class) = schedule::quota_type_error(py) {
        m.add("QuotaTypeError", class)?;
    }
    m.add_class::<epoch::Epoch>()?;
    m.add_class::<sampler::Sampler>()?;
    m.add_class::<targets::Targets>()?;
    m.add_function(wrap_pyfunction!(measure::measure_bf16, m)?)?;
    m.add_function(wrap_pyfunction!(measure::measure_f16, m)?)?;
    m.add_function(wrap_pyfunction!(measure::measure_f32, m)?)?;
    m.add_function(wrap_pyfunction!(measure::measure_f64, m)?)?;
    m.add_function(wrap_pyfunction!(schedules, m)?)?;
    m.add_function(wrap_pyfunction!(rank_and_world_size, m)?)?;
    m.add_function(wrap_pyfunction!(set_num_threads, m)?)?;
    m.add_function(wrap_pyfunction!(get_num_threads, m)?)?;
    Ok(())
}

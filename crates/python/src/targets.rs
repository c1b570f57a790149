//! Several labels a sample, and splits that keep groups together.

use climd::Targets;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::error::{Result, bad, raise};
use crate::{contiguous, pool};

fn multi_hot(py: Python<'_>, table: &PyReadonlyArray2<'_, i8>) -> Result<Targets> {
    let labels = table.as_array().ncols();
    let values = table.as_slice().map_err(|error| bad("Layout", format!("`table`: {error}")))?;
    py.detach(|| pool::run(|| Targets::multi_hot(values, labels))).map_err(raise)
}

#[pyfunction]
pub fn own_labels<'py>(py: Python<'py>, table: PyReadonlyArray2<'py, i8>) -> Result<Bound<'py, PyArray1<i64>>> {
    Ok(multi_hot(py, &table)?.own_labels().into_pyarray(py))
}

#[pyfunction]
pub fn log_odds<'py>(py: Python<'py>, table: PyReadonlyArray2<'py, i8>) -> Result<Bound<'py, PyArray1<f32>>> {
    Ok(multi_hot(py, &table)?.log_odds().map_err(raise)?.into_pyarray(py))
}

/// `labels` or `table`, whichever is there.
#[pyfunction]
pub fn split<'py>(
    py: Python<'py>,
    labels: Option<PyReadonlyArray1<'py, i64>>,
    table: Option<PyReadonlyArray2<'py, i8>>,
    groups: PyReadonlyArray1<'py, i64>,
    parts: Vec<u32>,
    seed: u64,
) -> Result<Bound<'py, PyArray1<u8>>> {
    let targets = match (&labels, &table) {
        (Some(labels), _) => Targets::single(contiguous("labels", labels)?).map_err(raise)?,
        (None, Some(table)) => multi_hot(py, table)?,
        (None, None) => return Err(bad("Empty", "`labels` is empty, but at least one is needed")),
    };
    let groups = contiguous("groups", &groups)?;
    let part = py.detach(|| pool::run(|| climd::split(&targets, groups, &parts, seed))).map_err(raise)?;
    Ok(part.into_pyarray(py))
}

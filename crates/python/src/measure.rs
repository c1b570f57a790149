//! The measurer on arrays, in f32 or f64.

use climd::{Modality, Real, Terms};
use numpy::{Element, IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::error::{Result, bad, raise};
use crate::{contiguous, pool};

type Parts<'py, F> = (Bound<'py, PyArray1<F>>, Vec<Bound<'py, PyArray1<F>>>, Bound<'py, PyArray1<F>>);

/// A label for each sample, or a table of labels.
#[derive(FromPyObject)]
pub enum Labels<'py> {
    One(PyReadonlyArray1<'py, u32>),
    Several(PyReadonlyArray2<'py, i8>),
}

/// Score, confidence of each modality, complementarity.
fn measure<'py, F: Real + Element + Send + Sync>(
    py: Python<'py>,
    labels: &Labels<'py>,
    num_classes: usize,
    logits: &[PyReadonlyArray2<'py, F>],
    embeddings: &[PyReadonlyArray2<'py, F>],
    present: &[PyReadonlyArray1<'py, bool>],
    terms: &str,
) -> Result<Parts<'py, F>> {
    let terms: Terms = serde_json::from_value(terms.into()).map_err(|_| {
        let names = "both, confidence, complementarity or log_likelihood";
        bad("Terms", format!("`terms` is {terms:?}, but must be {names}"))
    })?;
    fn rows<'a, F: Element>(name: &str, m: usize, arrays: &'a [PyReadonlyArray2<'_, F>]) -> Result<&'a [F]> {
        let Some(array) = arrays.get(m) else { return Ok(&[]) };
        array.as_slice().map_err(|error| bad("Layout", format!("`{name}[{m}]`: {error}")))
    }
    let modalities = (0..logits.len().max(embeddings.len())).map(|m| {
        let present = present.get(m).map(|mask| contiguous("present", mask)).transpose()?;
        Ok(Modality { logits: rows("logits", m, logits)?, embeddings: rows("embeddings", m, embeddings)?, present })
    });
    let modalities: Vec<Modality<'_, F>> = modalities.collect::<Result<_>>()?;
    let scores = match labels {
        Labels::One(labels) => {
            let labels = contiguous("labels", labels)?;
            py.detach(|| pool::run(|| climd::measure(labels, num_classes, &modalities, terms)))
        }
        Labels::Several(table) => {
            let columns = table.as_array().ncols();
            let table = table.as_slice().map_err(|error| bad("Layout", format!("`labels`: {error}")))?;
            py.detach(|| pool::run(|| climd::measure_multi_hot(table, columns, &modalities, terms)))
        }
    }
    .map_err(raise)?;
    let confidence = scores.confidence.into_iter().map(|psi| psi.into_pyarray(py)).collect();
    Ok((scores.score.into_pyarray(py), confidence, scores.complementarity.into_pyarray(py)))
}

#[pyfunction]
pub fn measure_f32<'py>(
    py: Python<'py>,
    labels: Labels<'py>,
    num_classes: usize,
    logits: Vec<PyReadonlyArray2<'py, f32>>,
    embeddings: Vec<PyReadonlyArray2<'py, f32>>,
    present: Vec<PyReadonlyArray1<'py, bool>>,
    terms: &str,
) -> Result<Parts<'py, f32>> {
    measure(py, &labels, num_classes, &logits, &embeddings, &present, terms)
}

#[pyfunction]
pub fn measure_f64<'py>(
    py: Python<'py>,
    labels: Labels<'py>,
    num_classes: usize,
    logits: Vec<PyReadonlyArray2<'py, f64>>,
    embeddings: Vec<PyReadonlyArray2<'py, f64>>,
    present: Vec<PyReadonlyArray1<'py, bool>>,
    terms: &str,
) -> Result<Parts<'py, f64>> {
    measure(py, &labels, num_classes, &logits, &embeddings, &present, terms)
}

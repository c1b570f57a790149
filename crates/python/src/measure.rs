//! The measurer on arrays of f16, bf16, f32 or f64.

use climd::{Modality, Terms, Value};
use half::slice::HalfBitsSliceExt;
use half::{bf16, f16};
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

impl Labels<'_> {
    fn samples(&self) -> usize {
        match self {
            Self::One(labels) => labels.as_array().len(),
            Self::Several(table) => table.as_array().nrows(),
        }
    }
}

/// The rows of each array, as they lie in memory: the crate divides them by the number of samples, so that is checked
/// here.
fn rows<'a, F: Element>(
    name: &str,
    arrays: &'a [PyReadonlyArray2<'_, F>],
    labels: &Labels<'_>,
) -> Result<Vec<&'a [F]>> {
    let samples = labels.samples();
    let of_array = |(m, array): (usize, &'a PyReadonlyArray2<'_, F>)| {
        let (found, width) = array.as_array().dim();
        if found != samples {
            let text =
                format!("`{name}[{m}]` has shape [{found}, {width}], but must be [{samples}, width], one row a sample");
            return Err(bad("Shape", text));
        }
        array.as_slice().map_err(|error| bad("Layout", format!("`{name}[{m}]`: {error}")))
    };
    arrays.iter().enumerate().map(of_array).collect()
}

/// Score, confidence of each modality, complementarity.
fn measure<'py, F: Value<Score: Element>>(
    py: Python<'py>,
    labels: &Labels<'py>,
    num_classes: usize,
    logits: &[&[F]],
    embeddings: &[&[F]],
    present: &[PyReadonlyArray1<'py, bool>],
    terms: &str,
) -> Result<Parts<'py, F::Score>> {
    let terms: Terms = serde_json::from_value(terms.into()).map_err(|_| {
        let names = "both, confidence, complementarity or log_likelihood";
        bad("Terms", format!("`terms` is {terms:?}, but must be {names}"))
    })?;
    let modalities = (0..logits.len().max(embeddings.len())).map(|m| {
        let present = present.get(m).map(|mask| contiguous("present", mask)).transpose()?;
        let (logits, embeddings) = (logits.get(m).copied(), embeddings.get(m).copied());
        Ok(Modality { logits: logits.unwrap_or_default(), embeddings: embeddings.unwrap_or_default(), present })
    });
    let modalities: Vec<Modality<'_, F>> = modalities.collect::<Result<_>>()?;
    let scores = match labels {
        Labels::One(labels) => {
            let labels = contiguous("labels", labels)?;
            let work = || climd::measure(labels, num_classes, &modalities, terms);
            py.detach(|| pool::run_for(labels.len(), work))
        }
        Labels::Several(table) => {
            let (samples, columns) = table.as_array().dim();
            let table = table.as_slice().map_err(|error| bad("Layout", format!("`labels`: {error}")))?;
            let work = || climd::measure_multi_hot(table, columns, &modalities, terms);
            py.detach(|| pool::run_for(samples, work))
        }
    }
    .map_err(raise)?;
    let confidence = scores.confidence.into_iter().map(|psi| psi.into_pyarray(py)).collect();
    Ok((scores.score.into_pyarray(py), confidence, scores.complementarity.into_pyarray(py)))
}

/// The function of a type of numbers, with the type of its scores.
macro_rules! measure_of {
    ($name:ident, $number:ty, $score:ty) => {
        #[pyfunction]
        pub fn $name<'py>(
            py: Python<'py>,
            labels: Labels<'py>,
            num_classes: usize,
            logits: Vec<PyReadonlyArray2<'py, $number>>,
            embeddings: Vec<PyReadonlyArray2<'py, $number>>,
            present: Vec<PyReadonlyArray1<'py, bool>>,
            terms: &str,
        ) -> Result<Parts<'py, $score>> {
            let (logits, embeddings) = (rows("logits", &logits, &labels)?, rows("embeddings", &embeddings, &labels)?);
            measure(py, &labels, num_classes, &logits, &embeddings, &present, terms)
        }
    };
}

measure_of!(measure_f16, f16, f32);
measure_of!(measure_f32, f32, f32);
measure_of!(measure_f64, f64, f64);

/// NumPy has no bf16, so the arrays are of its bits.
#[pyfunction]
pub fn measure_bf16<'py>(
    py: Python<'py>,
    labels: Labels<'py>,
    num_classes: usize,
    logits: Vec<PyReadonlyArray2<'py, u16>>,
    embeddings: Vec<PyReadonlyArray2<'py, u16>>,
    present: Vec<PyReadonlyArray1<'py, bool>>,
    terms: &str,
) -> Result<Parts<'py, f32>> {
    fn numbers(rows: Vec<&[u16]>) -> Vec<&[bf16]> {
        rows.into_iter().map(|row| row.reinterpret_cast()).collect()
    }
    let (logits, embeddings) = (rows("logits", &logits, &labels)?, rows("embeddings", &embeddings, &labels)?);
    let (logits, embeddings) = (numbers(logits), numbers(embeddings));
    measure(py, &labels, num_classes, &logits, &embeddings, &present, terms)
}

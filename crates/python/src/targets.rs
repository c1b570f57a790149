//! Targets: several labels a sample, sites, groups; and splits that keep groups together.

use climd::Within;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::error::{Result, bad, raise};
use crate::{contiguous, pool};

/// The engine's part of `climd.Targets`, which checks and converts arrays first.
#[pyclass(frozen, module = "climd._climd")]
pub struct Targets {
    pub inner: climd::Targets,
}

fn made(py: Python<'_>, work: impl FnOnce() -> climd::Result<climd::Targets> + Send) -> Result<Targets> {
    Ok(Targets { inner: py.detach(|| pool::run(work)).map_err(raise)? })
}

#[pymethods]
impl Targets {
    #[staticmethod]
    fn single(py: Python<'_>, labels: PyReadonlyArray1<'_, i64>) -> Result<Self> {
        let labels = contiguous("labels", &labels)?;
        made(py, || climd::Targets::single(labels))
    }

    #[staticmethod]
    fn multi_label(
        py: Python<'_>,
        starts: PyReadonlyArray1<'_, usize>,
        labels: PyReadonlyArray1<'_, u32>,
        num_labels: usize,
    ) -> Result<Self> {
        let (starts, labels) = (contiguous("starts", &starts)?, contiguous("labels", &labels)?);
        made(py, || climd::Targets::multi_label(starts, labels, num_labels))
    }

    #[staticmethod]
    fn multi_hot(py: Python<'_>, table: PyReadonlyArray2<'_, i8>) -> Result<Self> {
        let columns = table.as_array().ncols();
        let values = table.as_slice().map_err(|error| bad("Layout", format!("`table`: {error}")))?;
        made(py, || climd::Targets::multi_hot(values, columns))
    }

    fn unknown(
        &self,
        py: Python<'_>,
        starts: PyReadonlyArray1<'_, usize>,
        labels: PyReadonlyArray1<'_, u32>,
    ) -> Result<Self> {
        let (starts, labels) = (contiguous("starts", &starts)?, contiguous("labels", &labels)?);
        made(py, || self.inner.clone().unknown(starts, labels))
    }

    fn sites(&self, py: Python<'_>, sites: PyReadonlyArray1<'_, i64>, within: &str) -> Result<Self> {
        let within: Within = serde_json::from_value(within.into()).map_err(|_| {
            let text = format!("`within` is {within:?}, but must be \"proportional\" or \"balanced\"");
            bad("Within", text)
        })?;
        let sites = contiguous("sites", &sites)?;
        made(py, || self.inner.clone().sites(sites, within))
    }

    fn groups(&self, py: Python<'_>, groups: PyReadonlyArray1<'_, i64>, cap: usize) -> Result<Self> {
        let groups = contiguous("groups", &groups)?;
        made(py, || self.inner.clone().groups(groups, cap))
    }

    fn num_samples(&self) -> usize {
        self.inner.num_samples()
    }

    fn num_labels(&self) -> Option<usize> {
        self.inner.num_labels()
    }

    fn own_labels<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        py.detach(|| pool::run(|| self.inner.own_labels())).into_pyarray(py)
    }

    fn label_counts<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyArray1<i64>>> {
        let counts = py.detach(|| pool::run(|| self.inner.label_counts())).map_err(raise)?;
        Ok(counts.into_iter().map(|count| count as i64).collect::<Vec<_>>().into_pyarray(py))
    }

    fn log_odds<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyArray1<f32>>> {
        Ok(py.detach(|| pool::run(|| self.inner.log_odds())).map_err(raise)?.into_pyarray(py))
    }

    fn split<'py>(
        &self,
        py: Python<'py>,
        groups: PyReadonlyArray1<'py, i64>,
        parts: Vec<u32>,
        seed: u64,
    ) -> Result<Bound<'py, PyArray1<u8>>> {
        let groups = contiguous("groups", &groups)?;
        let part = py.detach(|| pool::run(|| climd::split(&self.inner, groups, &parts, seed))).map_err(raise)?;
        Ok(part.into_pyarray(py))
    }
}

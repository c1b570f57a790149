//! The list of one epoch, which can be skipped and sharded.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use climd::ShardRemainder;
use numpy::ndarray::ArrayView1;
use numpy::{IntoPyArray, PyArray1, PyArrayMethods};
use pyo3::prelude::*;

use crate::error::{Result, bad, raise};
use crate::whole;

/// The samples of one epoch in training order. After `skip` those that are left, after `shard` those of one process.
#[pyclass(frozen, module = "climd")]
pub struct Epoch {
    inner: climd::Epoch,
    home: Option<Home>,
}

/// The memory of a list that Python does not use any more. The next list is written there. For a list of ten million
/// samples, new memory takes three tenths of the time.
#[derive(Clone, Default)]
pub struct Home(Arc<Mutex<Option<climd::Epoch>>>);

impl Home {
    fn slot(&self) -> MutexGuard<'_, Option<climd::Epoch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The list that `write` makes, in memory that is free.
    pub fn fill<X>(
        &self,
        write: impl FnOnce(&mut climd::Epoch) -> std::result::Result<(), X>,
    ) -> std::result::Result<Epoch, X> {
        let mut epoch = Epoch { inner: self.slot().take().unwrap_or_default(), home: Some(self.clone()) };
        write(&mut epoch.inner)?;
        Ok(epoch)
    }
}

impl Drop for Epoch {
    fn drop(&mut self) {
        if let Some(home) = &self.home {
            *home.slot() = Some(std::mem::take(&mut self.inner));
        }
    }
}

impl From<climd::Epoch> for Epoch {
    fn from(inner: climd::Epoch) -> Self {
        Self { inner, home: None }
    }
}

pub fn even(name: &str) -> Result<ShardRemainder> {
    match name {
        "pad" => Ok(ShardRemainder::Pad),
        "drop" => Ok(ShardRemainder::Drop),
        _ => Err(bad("Remainder", format!("`remainder` is {name:?}, but must be \"pad\" or \"drop\""))),
    }
}

#[pymethods]
impl Epoch {
    /// Number of the epoch, from 0.
    #[getter]
    fn number(&self) -> usize {
        self.inner.number()
    }

    /// Sample indices in training order, `[len]` of uint32: a view of this object's memory, which cannot be written to.
    #[getter]
    fn indices<'py>(slf: &Bound<'py, Self>) -> Bound<'py, PyArray1<u32>> {
        let view = ArrayView1::from(slf.get().inner.indices());
        // SAFETY: the memory is the object's, which is frozen, so it neither moves nor changes; the array keeps it
        // alive, and is made read-only before Python sees it.
        let array = unsafe { PyArray1::borrow_from_array(&view, slf.clone().into_any()) };
        array.readwrite().make_nonwriteable();
        array
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    fn __repr__(&self) -> String {
        format!("Epoch(number={}, samples={})", self.inner.number(), self.inner.len())
    }

    /// The samples that are left after the first `samples`, counted over all processes. To go on with another number of
    /// processes, skip first and shard then.
    fn skip(&self, py: Python<'_>, samples: &Bound<'_, PyAny>) -> Result<Self> {
        let samples = whole("samples", samples)?;
        Ok(py.detach(|| self.inner.skip(samples)).map_err(raise)?.into())
    }

    /// The part of one process: positions `rank`, `rank + world_size`, ... of the list. All parts have the same length:
    /// `remainder="pad"` repeats samples from the start of the list, `"drop"` leaves out the last ones.
    /// `stratified=True` spreads each class evenly over the processes.
    #[pyo3(signature = (rank, world_size, *, remainder = "pad", stratified = false))]
    fn shard(
        &self,
        py: Python<'_>,
        rank: &Bound<'_, PyAny>,
        world_size: &Bound<'_, PyAny>,
        remainder: &str,
        stratified: bool,
    ) -> Result<Self> {
        let (rank, world_size, even) = (whole("rank", rank)?, whole("world_size", world_size)?, even(remainder)?);
        let part = py.detach(|| match stratified {
            true => self.inner.shard_stratified(rank, world_size, even),
            false => self.inner.shard(rank, world_size, even),
        });
        Ok(part.map_err(raise)?.into())
    }

    /// The logarithm of each class's share of the whole epoch, `[num_classes]` of float32, for a loss that corrects for
    /// it. Column `c` is label `c`. `skip` and `shard` do not change it.
    fn log_prior<'py>(&self, py: Python<'py>, num_classes: &Bound<'py, PyAny>) -> Result<Bound<'py, PyArray1<f32>>> {
        let num_classes = whole("num_classes", num_classes)?;
        Ok(py.detach(|| self.inner.log_prior(num_classes)).map_err(raise)?.into_pyarray(py))
    }

    /// How often each label is in the whole epoch, `[L]` of int64, for targets with several labels a sample.
    fn label_counts<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyArray1<i64>>> {
        let counts = self.inner.label_counts().map_err(raise)?;
        Ok(counts.iter().map(|&count| count as i64).collect::<Vec<_>>().into_pyarray(py))
    }

    /// The log odds of each label in the whole epoch, `[L]` of float32, for `prior_corrected_binary_cross_entropy`.
    /// `skip` and `shard` do not change them.
    fn log_odds<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyArray1<f32>>> {
        Ok(self.inner.log_odds().map_err(raise)?.into_pyarray(py))
    }
}

//! One curriculum on many processes: the part of one rank, which sends and receives through a Python object.

use std::sync::{Arc, Mutex, PoisonError};

use climd::error::DistributedError;
use climd::{Communicator, CurriculumSampler, Distributed, Exchange, Position, Result as CrateResult, State};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::epoch::Epoch;
use crate::error::{Result, bad, raise};
use crate::sampler::curriculum;
use crate::schedule::{Boxed, Raised};
use crate::{contiguous, pool};

/// An object with `all_reduce(array)` and `all_gather(array)`, of 32-bit words.
pub struct PyCommunicator {
    object: Py<PyAny>,
    rank: usize,
    world_size: usize,
}

impl PyCommunicator {
    fn call(&self, operation: &'static str, values: &[u32]) -> CrateResult<Vec<u32>> {
        Python::attach(|py| {
            let result = self.object.call_method1(py, operation, (PyArray1::from_slice(py, values),))?;
            Ok(result.extract::<PyReadonlyArray1<'_, u32>>(py)?.as_array().to_vec())
        })
        .map_err(|error: PyErr| DistributedError::Communication { operation, reason: error.to_string() }.into())
    }
}

impl Communicator for PyCommunicator {
    fn rank(&self) -> usize {
        self.rank
    }
    fn world_size(&self) -> usize {
        self.world_size
    }
    fn all_reduce(&self, values: &mut [u32]) -> CrateResult<()> {
        let sum = self.call("all_reduce", values)?;
        if sum.len() != values.len() {
            let reason = format!("it gave {} values for {}", sum.len(), values.len());
            return Err(DistributedError::Communication { operation: "all_reduce", reason }.into());
        }
        values.copy_from_slice(&sum);
        Ok(())
    }
    fn all_gather(&self, values: &[u32]) -> CrateResult<Vec<u32>> {
        self.call("all_gather", values)
    }
}

/// The engine inside `climd.torch.CurriculumSampler` if there are several ranks.
#[pyclass(frozen, module = "climd._climd")]
pub struct Together {
    inner: Mutex<Distributed<Boxed, PyCommunicator>>,
    raised: Raised,
}

impl Together {
    fn with<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Distributed<Boxed, PyCommunicator>) -> CrateResult<R> + Send,
    ) -> Result<R> {
        let done = py.detach(|| {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let inner = &mut *inner;
            pool::run(|| work(inner))
        });
        done.map_err(|error| {
            self.raised.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_else(|| raise(error))
        })
    }
}

#[pymethods]
impl Together {
    #[new]
    #[expect(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        labels: &Bound<'_, PyAny>,
        schedule: &Bound<'_, PyAny>,
        seed: u64,
        first_measure: usize,
        measure_every: usize,
        communicator: Py<PyAny>,
        rank: usize,
        world_size: usize,
        exchange: &str,
    ) -> Result<Self> {
        let agree = match exchange {
            "all_gather" => Exchange::AllGather,
            "histograms" => Exchange::Histograms,
            _ => {
                let text = format!("`exchange` is {exchange:?}, but must be \"all_gather\" or \"histograms\"");
                return Err(bad("Exchange", text));
            }
        };
        let raised: Raised = Arc::new(Mutex::new(None));
        let settings = climd::Settings { seed, first_measure, measure_every };
        let sampler = curriculum(labels, schedule, settings, &raised)?;
        let comm = PyCommunicator { object: communicator, rank, world_size };
        let inner = py.detach(|| pool::run(|| Distributed::new(sampler, comm, agree))).map_err(raise)?;
        Ok(Self { inner: Mutex::new(inner), raised })
    }

    /// The samples that this rank measures.
    fn part(&self, py: Python<'_>) -> Result<(usize, usize)> {
        self.with(py, |s| Ok((s.part().start, s.part().end)))
    }

    fn wants_scores(&self, py: Python<'_>, epoch: usize) -> Result<bool> {
        self.with(py, |s| Ok(s.wants_scores(epoch)))
    }

    fn update(&self, py: Python<'_>, epoch: usize, scores: PyReadonlyArray1<'_, f32>) -> Result<()> {
        let scores = contiguous("scores", &scores)?;
        self.with(py, |s| s.update(epoch, scores))
    }

    fn epoch(&self, py: Python<'_>, epoch: usize) -> Result<Epoch> {
        Ok(self.with(py, |s| s.epoch(epoch))?.into())
    }

    fn state<'py>(&self, py: Python<'py>, epoch: usize, samples: usize) -> Result<Bound<'py, PyBytes>> {
        let bytes = self.with(py, |s| Ok(s.state(Position { epoch, samples })?.to_bytes()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn restore(&self, py: Python<'_>, state: &[u8]) -> Result<(usize, usize)> {
        let at = self.with(py, |s| s.restore(&State::from_bytes(state)?))?;
        Ok((at.epoch, at.samples))
    }
}

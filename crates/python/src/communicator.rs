//! Many processes: an object of Python as the crate's way between ranks.

use climd::error::DistributedError;
use climd::{Communicator, Exchange, Result as CrateResult};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::error::{Result, bad};
use crate::whole;

/// An object with `all_reduce(array)` and `all_gather(array)`, of 32-bit words, and maybe `all_to_all(array, counts)`.
pub struct PyCommunicator {
    object: Py<PyAny>,
    rank: usize,
    world_size: usize,
    exchanges: bool,
}

/// The same without an exchange of all with all, which is then made by gathering.
struct Gathers<'a>(&'a PyCommunicator);

impl Communicator for Gathers<'_> {
    fn rank(&self) -> usize {
        self.0.rank
    }
    fn world_size(&self) -> usize {
        self.0.world_size
    }
    fn all_reduce(&self, values: &mut [u32]) -> CrateResult<()> {
        self.0.all_reduce(values)
    }
    fn all_gather(&self, values: &[u32]) -> CrateResult<Vec<u32>> {
        self.0.all_gather(values)
    }
}

impl PyCommunicator {
    fn call(&self, operation: &'static str, values: &[u32], counts: Option<&[usize]>) -> CrateResult<Vec<u32>> {
        Python::attach(|py| {
            let values = PyArray1::from_slice(py, values);
            let result = match counts {
                Some(counts) => self.object.call_method1(py, operation, (values, counts.to_vec()))?,
                None => self.object.call_method1(py, operation, (values,))?,
            };
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
        let sum = self.call("all_reduce", values, None)?;
        if sum.len() != values.len() {
            let reason = format!("it gave {} values for {}", sum.len(), values.len());
            return Err(DistributedError::Communication { operation: "all_reduce", reason }.into());
        }
        values.copy_from_slice(&sum);
        Ok(())
    }
    fn all_gather(&self, values: &[u32]) -> CrateResult<Vec<u32>> {
        self.call("all_gather", values, None)
    }
    fn all_to_all(&self, values: &[u32], counts: &[usize]) -> CrateResult<Vec<u32>> {
        match self.exchanges {
            true => self.call("all_to_all", values, Some(counts)),
            false => Gathers(self).all_to_all(values, counts),
        }
    }
}

impl PyCommunicator {
    /// Of an object that has `rank` and `world_size`, too.
    pub fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let whole = |name: &str| whole(&format!("communicator.{name}"), &object.getattr(name)?);
        let (rank, world_size) = (whole("rank")?, whole("world_size")?);
        Ok(Self { rank, world_size, exchanges: object.hasattr("all_to_all")?, object: object.clone().unbind() })
    }
}

pub fn exchange(name: &str) -> Result<Exchange> {
    serde_json::from_value(name.into()).map_err(|_| {
        let text = format!("`exchange` is {name:?}, but must be \"all_gather\" or \"histograms\"");
        bad("Exchange", text)
    })
}

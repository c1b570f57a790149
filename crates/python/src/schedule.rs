//! Any schedule: one of the crate, by its name and fields, or a Python object with a method `quota(epoch, counts)`.

use std::sync::{Arc, Mutex, PoisonError};

use climd::error::ScheduleError;
use climd::schedule::{AnySchedule, Description};
use climd::{ClassIndex, Pick, Plan, Schedule};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};

use crate::error::{Result, bad};

/// A schedule of the crate, or one that is written in Python.
pub type Boxed = Box<dyn Schedule>;

/// The exception that a schedule in Python raised. It is kept until the call that used the schedule returns.
pub type Raised = Arc<Mutex<Option<PyErr>>>;

/// The schedule of `{"name": "power_law", "epochs": 30}`; fields that are left out have the crate's defaults.
pub fn from_json(json: &str) -> Result<Boxed> {
    let schedule: AnySchedule = serde_json::from_str(json).map_err(|error| {
        // serde adds "at line 1 column 30", which is about JSON that the user has not written.
        let text = error.to_string();
        bad("Schedule", format!("`schedule`: {}", text.split(" at line ").next().unwrap_or(&text)))
    })?;
    Ok(Box::new(schedule))
}

/// A schedule written in Python.
pub struct FromPython {
    pub object: Py<PyAny>,
    /// Name and parameters, for states and reprs.
    pub described: String,
    pub pick: Pick,
    pub raised: Raised,
}

impl FromPython {
    fn ask(&self, epoch: usize, classes: &ClassIndex) -> PyResult<Vec<usize>> {
        Python::attach(|py| {
            let counts = PyDict::new(py);
            let labels: Vec<i64> = (0..classes.num_classes()).map(|rank| classes.label(rank)).collect();
            for (&label, &count) in labels.iter().zip(classes.counts()) {
                counts.set_item(label, count)?;
            }
            let quota = self.object.bind(py).call_method1("quota", (epoch, counts))?;
            let Ok(by_label) = quota.cast::<PyMapping>() else { return quota.extract() };
            if let Some(label) =
                by_label.keys()?.iter().find(|label| !label.extract::<i64>().is_ok_and(|label| labels.contains(&label)))
            {
                let text = format!("`quota({epoch}, counts)` has a class {label}, which no sample has");
                return Err(bad("Quota", text));
            }
            let of = |label: &i64| if by_label.contains(label)? { by_label.get_item(label)?.extract() } else { Ok(0) };
            labels.iter().map(of).collect()
        })
    }
}

impl Schedule for FromPython {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> climd::Result<Plan> {
        match self.ask(epoch, classes) {
            Ok(quotas) => Ok(Plan::per_class(quotas).pick(self.pick)),
            Err(error) => {
                let reason = error.to_string();
                *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Err(ScheduleError::Quota { epoch, reason }.into())
            }
        }
    }
    fn describe(&self) -> Description {
        Description::new(&*self.described)
    }
    fn check(&self, _: &ClassIndex) -> climd::Result<()> {
        Ok(())
    }
}

//! Any schedule: one of the crate, by its name and fields, or a Python object with a method `quota(epoch, counts)`.

use std::sync::{Arc, Mutex, PoisonError};

use climd::error::ScheduleError;
use climd::schedule::{AnySchedule, Description};
use climd::{ClassIndex, Pick, Plan, Schedule};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyDict, PyMapping, PyType};

use crate::error::{Error, Result, bad, named};

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
            answer(&quota, epoch, &labels)
        })
    }
}

/// What `quota(epoch, counts)` has returned, in the order of `labels`.
fn answer(quota: &Bound<'_, PyAny>, epoch: usize, labels: &[i64]) -> Result<Vec<usize>> {
    let asked = format!("`quota({epoch}, counts)`");
    let samples = |value: &Bound<'_, PyAny>, place: String| {
        value.extract::<usize>().map_err(|error: PyErr| {
            let found = value.repr().map_or_else(|_| "a value".into(), |found| found.to_string());
            let text = format!("{asked} has {found} for {place}, but must have a whole number of samples, 0 or more");
            wrong(value.py(), text, error.is_instance_of::<PyTypeError>(value.py()))
        })
    };
    if let Ok(by_label) = quota.cast::<PyMapping>() {
        let known = |label: &Bound<'_, PyAny>| label.extract::<i64>().is_ok_and(|label| labels.contains(&label));
        if let Some(label) = by_label.keys()?.iter().find(|label| !known(label)) {
            return Err(bad("Quota", format!("{asked} has a class {label}, which no sample has")));
        }
        let of = |label: &i64| match by_label.contains(label)? {
            true => samples(&by_label.get_item(label)?, format!("class {label}")),
            false => Ok(0),
        };
        return labels.iter().map(of).collect();
    }
    let Ok(values) = quota.extract::<Vec<Bound<'_, PyAny>>>() else {
        let text = format!(
            "{asked} is {}, but must be a dictionary by label, or a list in the order of `counts`",
            quota.repr()?
        );
        return Err(wrong(quota.py(), text, true));
    };
    let place = |at: usize| labels.get(at).map_or_else(|| format!("place {at}"), |label| format!("class {label}"));
    values.iter().enumerate().map(|(at, value)| samples(value, place(at))).collect()
}

/// The error of an answer; that of a wrong type is a `TypeError`, too.
fn wrong(py: Python<'_>, text: String, of_type: bool) -> PyErr {
    match quota_type_error(py).filter(|_| of_type) {
        Some(class) => named(PyErr::from_type(class.clone(), text), "Quota"),
        None => bad("Quota", text),
    }
}

/// `climd._climd.QuotaTypeError`, a `climd.Error` and a `TypeError`.
pub fn quota_type_error(py: Python<'_>) -> Option<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let made = CLASS.get_or_try_init(py, || {
        let bases = (py.get_type::<Error>(), py.get_type::<PyTypeError>()); // `create_exception!` takes one base
        let about = [("__module__", "climd._climd"), ("__doc__", "An answer of a schedule that is no quota.")];
        let class = py.get_type::<PyType>().call1(("QuotaTypeError", bases, about.into_py_dict(py)?))?;
        Ok::<_, PyErr>(class.cast_into::<PyType>()?.unbind())
    });
    made.ok().map(|class| class.bind(py))
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

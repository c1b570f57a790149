//! Any schedule: one of the crate's, from its name and fields, or an object of Python with `quota(epoch, counts)`.

use std::sync::{Arc, Mutex, PoisonError};

use climd::error::ScheduleError;
use climd::schedule::{
    BabyStep, ClassBalanced, Description, Geometric, HardMajority, Linear, OnePass, ProgressivelyBalanced, Root,
    Switch, Trim, UnderSampling, Uniform,
};
use climd::{ClassIndex, Pick, Plan, PowerLaw, Schedule};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};
use serde_json::Value;

use crate::error::{Result, bad};

pub type AnySchedule = Box<dyn Schedule>;

/// What Python raised inside a schedule, until the call that asked for it returns.
pub type Raised = Arc<Mutex<Option<PyErr>>>;

/// The schedule of `{"PowerLaw": {"epochs": 30}}`; fields that are left out have the crate's defaults.
pub fn from_json(json: &str) -> Result<AnySchedule> {
    let value: Value = serde_json::from_str(json).map_err(|error| refuse(&error))?;
    from_value(value)
}

fn from_value(value: Value) -> Result<AnySchedule> {
    fn boxed<S: Schedule + serde::de::DeserializeOwned + 'static>(fields: Value) -> Result<AnySchedule> {
        Ok(Box::new(serde_json::from_value::<S>(fields).map_err(|error| refuse(&error))?))
    }
    let Some((name, fields)) = value.as_object().and_then(|map| map.iter().next()) else {
        return Err(bad("Schedule", format!("`schedule` is {value}, but must be a name with its fields")));
    };
    let fields = fields.clone();
    match name.as_str() {
        "BabyStep" => boxed::<BabyStep>(fields),
        "ClassBalanced" => boxed::<ClassBalanced>(fields),
        "Geometric" => boxed::<Geometric>(fields),
        "HardMajority" => boxed::<HardMajority>(fields),
        "Linear" => boxed::<Linear>(fields),
        "OnePass" => boxed::<OnePass>(fields),
        "PowerLaw" => boxed::<PowerLaw>(fields),
        "ProgressivelyBalanced" => boxed::<ProgressivelyBalanced>(fields),
        "Root" => boxed::<Root>(fields),
        "Switch" => {
            let at = fields["at"].as_u64().ok_or_else(|| bad("Schedule", "`at` must be a whole number from 0 on"))?;
            let (before, after) = (from_value(fields["before"].clone())?, from_value(fields["after"].clone())?);
            Ok(Box::new(Switch { at: at as usize, before, after }))
        }
        "Trim" => boxed::<Trim>(fields),
        "UnderSampling" => boxed::<UnderSampling>(fields),
        "Uniform" => boxed::<Uniform>(fields),
        _ => Err(bad("Schedule", format!("`schedule` is {name}, which climd does not have"))),
    }
}

fn refuse(error: &serde_json::Error) -> PyErr {
    // serde's "at line 1 column 30" is about JSON that nobody has written.
    let text = error.to_string();
    bad("Schedule", format!("`schedule`: {}", text.split(" at line ").next().unwrap_or(&text)))
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

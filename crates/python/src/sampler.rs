//! The engine: labels and scores in, index lists out. Every call that may be long releases the interpreter's lock.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use climd::{Curriculum, CurriculumSampler, Distributed, LastBatch, Pick, Position, Report, Settings, State};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::communicator::{self, PyCommunicator};
use crate::epoch::{Epoch, Home, even};
use crate::error::{Result, bad, raise};
use crate::schedule::{Boxed, FromPython, Raised, from_json};
use crate::targets::Targets;
use crate::{contiguous, pool};

type Engine = Box<dyn CurriculumSampler + Send + Sync>;

/// The engine inside `climd.Sampler`, which checks and converts arrays and schedules first.
#[pyclass(frozen, module = "climd._climd")]
pub struct Sampler {
    inner: RwLock<Engine>,
    together: bool,
    lists: Home,
    described: String,
    raised: Raised,
}

impl Sampler {
    fn read<R: Send>(&self, py: Python<'_>, work: impl FnOnce(&Engine) -> R + Send) -> R {
        if self.together {
            return self.write(py, |engine| work(engine)); // two threads of a rank must not talk at once
        }
        py.detach(|| {
            let guard = self.inner.read().unwrap_or_else(PoisonError::into_inner);
            let inner = &*guard;
            pool::run(|| work(inner))
        })
    }

    fn write<R: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Engine) -> R + Send) -> R {
        self.write_here(py, |engine| pool::run(|| work(engine)))
    }

    /// As [`write`](Self::write), for what needs no other threads, which would have to wake up.
    fn write_here<R: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Engine) -> R + Send) -> R {
        py.detach(|| work(&mut self.inner.write().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The exception that a schedule in Python raised. Without one, the error of the crate.
    fn raise(&self, error: climd::Error) -> PyErr {
        raised_or(&self.raised, error)
    }

    /// The result, unless a schedule in Python raised an exception that the engine could not pass on.
    fn unless_raised<T>(&self, result: T) -> Result<T> {
        take(&self.raised).map_or(Ok(result), Err)
    }
}

fn take(raised: &Raised) -> Option<PyErr> {
    raised.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The exception that a schedule in Python raised. Without one, the error of the crate.
fn raised_or(raised: &Raised, error: climd::Error) -> PyErr {
    take(raised).unwrap_or_else(|| raise(error))
}

#[pymethods]
impl Sampler {
    /// `schedule`: JSON of one of the crate's, or `(object, description, pick)`. `communicator`: of one of many ranks.
    #[new]
    #[expect(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        labels: &Bound<'_, PyAny>,
        schedule: &Bound<'_, PyAny>,
        seed: u64,
        first_measure: usize,
        measure_every: usize,
        running_mean: f64,
        communicator: Option<&Bound<'_, PyAny>>,
        exchange: &str,
    ) -> Result<Self> {
        let raised: Raised = Arc::new(Mutex::new(None));
        let settings = Settings { seed, first_measure, measure_every };
        let engine = curriculum(labels, schedule, settings, &raised)?.running_mean(running_mean).map_err(raise)?;
        let described = climd::Schedule::describe(engine.schedule()).to_string();
        let exchange = communicator::exchange(exchange)?;
        let (together, lists) = (communicator.is_some(), Home::default());
        let engine: Engine = match communicator {
            None => Box::new(engine),
            Some(object) => {
                let comm = PyCommunicator::of(object)?;
                Box::new(
                    py.detach(|| pool::run(|| Distributed::new(engine, comm, exchange)))
                        .map_err(|error| raised_or(&raised, error))?,
                )
            }
        };
        let sampler = Self { inner: RwLock::new(engine), together, lists, described, raised };
        sampler.unless_raised(())?;
        Ok(sampler)
    }

    fn describe(&self) -> &str {
        &self.described
    }

    /// The class of each sample, by its label.
    fn labels<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        let labels: Vec<i64> = self.read(py, |engine| {
            let classes = engine.classes();
            classes.sample_classes().iter().map(|&class| classes.label(class as usize)).collect()
        });
        labels.into_pyarray(py)
    }

    /// The samples that this rank measures.
    fn part(&self, py: Python<'_>) -> (usize, usize) {
        let part = self.read(py, |engine| engine.part());
        (part.start, part.end)
    }

    fn num_samples(&self, py: Python<'_>) -> usize {
        self.read(py, |engine| engine.classes().sample_classes().len())
    }

    /// Labels and counts, by class, largest first.
    fn classes(&self, py: Python<'_>) -> Vec<(i64, usize)> {
        self.read(py, |engine| {
            let classes = engine.classes();
            (0..classes.num_classes()).map(|class| (classes.label(class), classes.counts()[class])).collect()
        })
    }

    fn epoch_len(&self, py: Python<'_>, epoch: usize) -> Result<usize> {
        self.read(py, |engine| engine.epoch_len(epoch)).map_err(|error| self.raise(error))
    }

    fn wants_scores(&self, py: Python<'_>, epoch: usize) -> Result<bool> {
        let wants = self.read(py, |engine| engine.wants_scores(epoch));
        self.unless_raised(wants)
    }

    fn update(&self, py: Python<'_>, epoch: usize, scores: PyReadonlyArray1<'_, f32>) -> Result<()> {
        let scores = contiguous("scores", &scores)?;
        self.write(py, |engine| engine.update(epoch, scores)).map_err(|error| self.raise(error))
    }

    /// Whether scores change an epoch from this one on, or may.
    fn may_need_scores(&self, py: Python<'_>, from: usize) -> bool {
        let may = self.read(py, |engine| engine.may_need_scores(from));
        self.unless_raised(()).ok(); // of an epoch that nobody may ask for
        may
    }

    fn observe(
        &self,
        py: Python<'_>,
        epoch: usize,
        indices: PyReadonlyArray1<'_, u32>,
        scores: PyReadonlyArray1<'_, f32>,
    ) -> Result<()> {
        let (indices, scores) = (contiguous("indices", &indices)?, contiguous("scores", &scores)?);
        self.write_here(py, |engine| engine.observe(epoch, indices, scores)).map_err(|error| self.raise(error))
    }

    fn renew(&self, py: Python<'_>, epoch: usize) -> Result<usize> {
        self.write_here(py, |engine| engine.renew(epoch)).map_err(|error| self.raise(error))
    }

    fn epoch(&self, py: Python<'_>, epoch: usize) -> Result<Epoch> {
        let made = self.read(py, |engine| self.lists.fill(|list| engine.epoch_into(epoch, list)));
        made.map_err(|error| self.raise(error))
    }

    /// This rank's part of what is left of the epoch.
    fn part_of_epoch(&self, py: Python<'_>, epoch: usize, samples: usize, remainder: &str) -> Result<Epoch> {
        let (at, remainder) = (Position { epoch, samples }, even(remainder)?);
        let made = self.read(py, |engine| engine.part_of_epoch(at, remainder));
        Ok(made.map_err(|error| self.raise(error))?.into())
    }

    fn quotas(&self, py: Python<'_>, epoch: usize) -> Result<Vec<usize>> {
        self.read(py, |engine| engine.quotas(epoch)).map_err(|error| self.raise(error))
    }

    fn report<'py>(&self, py: Python<'py>, epoch: usize) -> Result<Bound<'py, PyDict>> {
        report(py, &self.read(py, |engine| engine.report(epoch)).map_err(|error| self.raise(error))?)
    }

    fn steps(&self, py: Python<'_>, start: usize, stop: usize, batch_size: usize, last_batch: &str) -> Result<usize> {
        let tail = match last_batch {
            "keep" => LastBatch::Keep,
            "drop" => LastBatch::Drop,
            "merge_lone" => LastBatch::MergeLone,
            _ => {
                let text = format!("`last_batch` is {last_batch:?}, but must be \"keep\", \"drop\" or \"merge_lone\"");
                return Err(bad("LastBatch", text));
            }
        };
        let steps = self.read(py, |engine| engine.steps(start..stop, batch_size, tail));
        steps.map_err(|error| self.raise(error))
    }

    fn state<'py>(&self, py: Python<'py>, epoch: usize, samples: usize) -> Result<Bound<'py, PyBytes>> {
        let bytes = self.read(py, |engine| Ok(engine.state(Position { epoch, samples })?.to_bytes()));
        Ok(PyBytes::new(py, &bytes.map_err(|error| self.raise(error))?))
    }

    fn restore(&self, py: Python<'_>, state: &[u8]) -> Result<(usize, usize)> {
        let at =
            self.write(py, |engine| engine.restore(&State::from_bytes(state)?)).map_err(|error| self.raise(error))?;
        Ok((at.epoch, at.samples))
    }
}

/// The crate's sampler of labels or `Targets`, and of a schedule in JSON or `(object, description, pick)`.
pub fn curriculum(
    labels: &Bound<'_, PyAny>,
    schedule: &Bound<'_, PyAny>,
    settings: Settings,
    raised: &Raised,
) -> Result<Curriculum<Boxed>> {
    let schedule: Boxed = match schedule.extract::<String>() {
        Ok(json) => from_json(&json)?,
        Err(_) => {
            let (object, described, pick): (Py<PyAny>, String, String) = schedule.extract()?;
            Box::new(FromPython { object, described, pick: self::pick(&pick)?, raised: Arc::clone(raised) })
        }
    };
    let py = labels.py();
    let made = match labels.cast::<Targets>() {
        Ok(targets) => {
            let targets = &targets.get().inner;
            py.detach(|| pool::run(|| Curriculum::with_targets(targets.clone(), schedule)))
        }
        Err(_) => {
            let labels: PyReadonlyArray1<'_, i64> = labels.extract()?;
            let labels = contiguous("labels", &labels)?;
            py.detach(|| pool::run(|| Curriculum::new(labels, schedule)))
        }
    };
    Ok(made.map_err(|error| raised_or(raised, error))?.settings(settings))
}

fn pick(name: &str) -> Result<Pick> {
    serde_json::from_value(name.into()).map_err(|_| {
        let names = "highest, lowest, fixed_random, redraw or with_replacement";
        bad("Pick", format!("`pick` is {name:?}, but must be {names}"))
    })
}

/// A report as a dictionary, classes by label.
fn report<'py>(py: Python<'py>, report: &Report) -> Result<Bound<'py, PyDict>> {
    let classes = PyDict::new(py);
    for class in &report.classes {
        let line = PyDict::new(py);
        line.set_item("count", class.count)?;
        line.set_item("quota", class.quota)?;
        line.set_item("target", class.target)?;
        let scores = class.scores.map(|range| {
            let scores = PyDict::new(py);
            scores.set_item("min", range.min)?;
            scores.set_item("mean", range.mean)?;
            scores.set_item("max", range.max)?;
            Ok::<_, PyErr>(scores)
        });
        line.set_item("scores", scores.transpose()?)?;
        classes.set_item(class.label, line)?;
    }
    let labels = PyDict::new(py);
    for label in &report.labels {
        let line = PyDict::new(py);
        line.set_item("carried", label.carried)?;
        line.set_item("realised", label.realised)?;
        line.set_item("quota", label.quota)?;
        line.set_item("prevalence", label.prevalence)?;
        line.set_item("natural", label.natural)?;
        labels.set_item(label.label, line)?;
    }
    let largest = report.largest_group.map(|largest| {
        let line = PyDict::new(py);
        line.set_item("group", largest.group)?;
        line.set_item("samples", largest.samples)?;
        line.set_item("share", largest.share)?;
        Ok::<_, PyErr>(line)
    });
    let ages = report.ages.map(|ages| {
        let line = PyDict::new(py);
        line.set_item("newest", ages.newest)?;
        line.set_item("renewed", ages.renewed)?;
        line.set_item("oldest", ages.oldest)?;
        line.set_item("unseen", ages.unseen)?;
        line.set_item("waiting", ages.waiting)?;
        Ok::<_, PyErr>(line)
    });
    let out = PyDict::new(py);
    out.set_item("epoch", report.epoch)?;
    out.set_item("samples", report.len)?;
    out.set_item("distinct", report.distinct)?;
    out.set_item("alpha", report.target.alpha)?;
    out.set_item("progress", report.target.progress)?;
    out.set_item("measured_at", report.measured_at)?;
    out.set_item("ages", ages.transpose()?)?;
    out.set_item("classes", classes)?;
    out.set_item("labels", labels)?;
    out.set_item("largest_group", largest.transpose()?)?;
    out.set_item("warnings", report.warnings.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Ok(out)
}

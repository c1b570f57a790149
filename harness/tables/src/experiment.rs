//! Rows of a table on the same splits, several runs at a time, each done once and then read from the cache.
//!
//! For each seed:
//!
//! 1. A stratified split is made, and a validation part is taken out of its training part. Groups stay together.
//! 2. The learning rate is chosen: for every row on inner splits of the training part ([`Rate::Own`],
//!    [`Rate::Quick`]), or on the validation part for plain training of the row's network ([`Rate::Tuned`]).
//! 3. The row is trained on the whole training part, and tested once on the test part, after its last step.
//!
//! Nothing is chosen on a test part.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;
use tch::{Device, Tensor};

use crate::cache::Cache;
use crate::least::unless_diverged;
use crate::rate::{Rate, Search, TUNED};
use crate::stats::Overlap;
use crate::study::Plan;
pub use crate::study::{Budget, Row, RowId, Study};
use climd_networks::config::{Part, RunConfig};
use climd_networks::network::LearningRate;
use climd_networks::train::{Outcome, run};

/// Results of one row: a run for each seed.
#[derive(Debug, Clone, Serialize)]
pub struct RowResult {
    /// The row.
    pub row: Row,
    /// Configuration and outcome, by seed.
    pub runs: Vec<(RunConfig, Outcome)>,
    /// How far the splits overlap, before thinning.
    pub overlap: Overlap,
}

impl RowResult {
    /// A value of every run.
    pub fn values(&self, of: impl Fn(&Outcome) -> f64) -> Vec<f64> {
        self.runs.iter().map(|(_, run)| of(run)).collect()
    }

    /// Macro F1 of every run, percent.
    #[must_use]
    pub fn macro_f1(&self) -> Vec<f64> {
        self.values(|run| 100.0 * run.confusion.macro_f1())
    }

    /// Gradient steps of a run.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.runs.first().map_or(0, |(config, _)| config.steps)
    }
}

/// The time of a [`Runner`] is over, before all runs were done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time is over; finished runs are kept, so the same command goes on")]
pub struct TimeIsOver;

/// Does runs: its cache, the number of runs at a time, and who is informed.
#[allow(missing_debug_implementations)] // it holds closures
pub struct Runner<'a> {
    /// Cache of finished runs.
    pub cache: Cache,
    /// Runs at a time, each on one thread.
    pub jobs: usize,
    /// Where to train.
    pub device: Device,
    /// When to stop, with [`TimeIsOver`]; finished runs are in the cache.
    pub until: Option<Instant>,
    /// Called with the number of steps, before the first of them.
    pub planned: &'a (dyn Fn(usize) + Sync),
    /// Called with the loss after each step.
    pub progress: &'a (dyn Fn(&Tensor) + Sync),
}

impl Runner<'_> {
    /// Runs all rows on all splits. `points` is the number of points of curves, which are drawn on the validation part.
    ///
    /// # Errors
    /// If the data or a row cannot be used, before anything is trained; later the first error of any run.
    pub fn rows(&self, study: &Study<'_>, rows: &[Row], part: Part, points: usize) -> Result<Vec<RowResult>> {
        let plan = Plan::new(study)?;
        plan.check(rows, &[part])?;
        let rates = self.rates(&plan, rows)?;
        let mut plans = Vec::new();
        for (at, &seed) in plan.seeds.iter().enumerate() {
            for (row, rates) in rows.iter().zip(&rates) {
                plans.push(plan.config(row, seed, rates[at], part, points)?);
            }
        }
        let overlap = study.overlap(&plan.seeds)?;
        let result = |row: &Row| RowResult { row: row.clone(), runs: Vec::new(), overlap };
        let mut results: Vec<RowResult> = rows.iter().map(result).collect();
        for (at, run) in self.outcomes(&plan, plans)?.into_iter().enumerate() {
            results[at % rows.len()].runs.push(run);
        }
        Ok(results)
    }

    /// For every row, the outcomes by split, rate and part, in this order.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn grid(
        &self,
        study: &Study<'_>,
        rows: &[Row],
        rates: &[LearningRate],
        parts: &[Part],
    ) -> Result<Vec<Vec<Outcome>>> {
        let plan = Plan::new(study)?;
        plan.check(rows, parts)?;
        let mut plans = Vec::new();
        for row in rows {
            for &seed in &plan.seeds {
                for &rate in rates {
                    for &part in parts {
                        plans.push(plan.config(row, seed, rate, part, 0)?);
                    }
                }
            }
        }
        let of_row = plans.len() / rows.len().max(1);
        let outcomes: Vec<Outcome> = self.outcomes(&plan, plans)?.into_iter().map(|(_, outcome)| outcome).collect();
        Ok(outcomes.chunks(of_row.max(1)).map(<[_]>::to_vec).collect())
    }

    /// Whether all runs of a row, and those that its learning rate is chosen from, are in the cache.
    ///
    /// # Errors
    /// Those of the data.
    pub fn is_done(&self, study: &Study<'_>, row: &Row, part: Part, points: usize) -> Result<bool> {
        Ok(self.cached(study, std::slice::from_ref(row), part, points)?.is_some())
    }

    /// As [`rows`](Self::rows), but trains nothing; none if a run is not in the cache.
    ///
    /// # Errors
    /// Those of the data.
    pub fn cached(&self, study: &Study<'_>, rows: &[Row], part: Part, points: usize) -> Result<Option<Vec<RowResult>>> {
        let plan = Plan::new(study)?;
        let cached = |plans: Vec<RunConfig>| -> Result<Option<Vec<(RunConfig, Outcome)>>> {
            let all = |config: RunConfig| Ok(self.cache.get(&config)?.map(|outcome| (config, outcome)));
            plans.into_iter().map(all).collect()
        };
        let Some(rates) = rates(&plan, rows, cached)? else { return Ok(None) };
        let overlap = study.overlap(&plan.seeds)?;
        let mut results = Vec::new();
        for (row, rates) in rows.iter().zip(&rates) {
            let config = |(&seed, &rate)| plan.config(row, seed, rate, part, points);
            let configs = plan.seeds.iter().zip(rates).map(config).collect::<Result<Vec<_>>>()?;
            let Some(runs) = cached(configs)? else { return Ok(None) };
            results.push(RowResult { row: row.clone(), runs, overlap });
        }
        Ok(Some(results))
    }

    /// For every row, the learning rate of each seed.
    fn rates(&self, plan: &Plan<'_>, rows: &[Row]) -> Result<Vec<Vec<LearningRate>>> {
        let all = rates(plan, rows, |plans| self.outcomes(plan, plans).map(Some))?;
        all.context("a run that is not in the cache")
    }

    /// The results of every configuration. Those that are not in the cache are run first.
    fn outcomes(&self, plan: &Plan<'_>, plans: Vec<RunConfig>) -> Result<Vec<(RunConfig, Outcome)>> {
        let mut missing: Vec<&RunConfig> = Vec::new();
        for config in &plans {
            if self.cache.get(config)?.is_none() && !missing.contains(&config) {
                missing.push(config);
            }
        }
        // a run that is the beginning of another one is tested during that run
        let whole = |config: &&&RunConfig| !missing.iter().any(|other| config.begins(other));
        let whole: Vec<&RunConfig> = missing.iter().filter(whole).copied().collect();
        (self.planned)(whole.iter().map(|config| config.steps).sum());
        let in_time = || match self.until {
            Some(until) if Instant::now() >= until => Err(TimeIsOver),
            _ => Ok(()),
        };
        parallel(&whole, self.jobs, |&config| {
            in_time()?;
            let mut parts = plan.study.prepared(&*plan.seen(config.seed, config.part)?)?;
            if let Some(oversampler) = &config.method.oversample {
                parts.train = oversampler.apply(&parts.train, config.seed)?;
            }
            let mut runs: Vec<&RunConfig> = missing.iter().filter(|other| other.begins(config)).copied().collect();
            runs.sort_by_key(|run| run.steps);
            runs.push(config);
            let ends: Vec<usize> = runs.iter().map(|run| run.steps).collect();
            let step = |loss: &Tensor| {
                (self.progress)(loss);
                Ok(in_time()?)
            };
            let outcomes = run(config, &ends, &parts.train, &parts.test, self.device, &step)?;
            runs.iter().zip(&outcomes).try_for_each(|(config, outcome)| self.cache.insert(config, outcome))
        })?;
        let done = |config: RunConfig| {
            let outcome = self.cache.get(&config)?.context("a run that is not in the cache")?;
            Ok((config, outcome))
        };
        plans.into_iter().map(done).collect()
    }
}

/// For every row, the learning rate of each seed, from the outcomes that `outcomes` gives for runs; none where it gives
/// none.
fn rates(
    plan: &Plan<'_>,
    rows: &[Row],
    outcomes: impl Fn(Vec<RunConfig>) -> Result<Option<Vec<(RunConfig, Outcome)>>>,
) -> Result<Option<Vec<Vec<LearningRate>>>> {
    let study = plan.study;
    if let Some(search) = study.rate.search() {
        return searched(plan, rows, search, outcomes);
    }
    match study.rate {
        Rate::Tuned => {
            let plans: Vec<Vec<RunConfig>> = rows.iter().map(|row| plan.tuning(row)).collect::<Result<_>>()?;
            let f1 = |run: &(RunConfig, Outcome)| unless_diverged(&run.1, run.1.confusion.macro_f1());
            let best = |runs: &[(RunConfig, Outcome)]| {
                // the first of equal ones, so the smallest rate
                runs.iter().rev().max_by(|a, b| f1(a).total_cmp(&f1(b))).map(|run| run.0.rate)
            };
            let Some(tried) = outcomes(plans.concat())? else { return Ok(None) };
            let chosen: Vec<LearningRate> = tried.chunks(TUNED.len()).filter_map(best).collect();
            Ok(Some(chosen.chunks(study.seeds as usize).map(<[_]>::to_vec).collect()))
        }
        rate => {
            let of_row = |row: &Row| Some(vec![rate.fixed(&row.method.network)?; study.seeds as usize]);
            Ok(Some(rows.iter().map(of_row).collect::<Option<_>>().context("a network without a learning rate")?))
        }
    }
}

/// As [`rates`], by a search on inner splits. All searches go on at once, so that there are always enough runs for all
/// threads.
fn searched(
    plan: &Plan<'_>,
    rows: &[Row],
    search: Search,
    outcomes: impl Fn(Vec<RunConfig>) -> Result<Option<Vec<(RunConfig, Outcome)>>>,
) -> Result<Option<Vec<Vec<LearningRate>>>> {
    let of_row = |row| plan.seeds.iter().map(move |&seed| (row, seed, search));
    let mut searches: Vec<(&Row, u64, Search)> = rows.iter().flat_map(of_row).collect();
    while searches.iter().any(|(.., search)| search.found().is_none()) {
        let mut open: Vec<_> = searches.iter_mut().filter(|(.., search)| search.found().is_none()).collect();
        let (mut plans, mut ends) = (Vec::new(), Vec::new());
        for (row, seed, search) in &open {
            for (rate, part) in search.wants() {
                plans.push(plan.config(row, *seed, rate, part, 0)?);
            }
            ends.push(plans.len());
        }
        let Some(tried) = outcomes(plans)? else { return Ok(None) };
        let mut from = 0;
        for ((.., search), end) in open.iter_mut().zip(ends) {
            *search = search.renew(&tried[from..end]);
            from = end;
        }
    }
    let found: Vec<LearningRate> = searches.iter().filter_map(|(.., search)| search.found()).collect();
    Ok(Some(found.chunks(plan.study.seeds as usize).map(<[_]>::to_vec).collect()))
}

/// Calls `f` for every item on `jobs` threads. Results are in the order of the items. libtorch gets one thread in each.
///
/// Plain threads and not a pool of rayon, as a run that waits in a pool may get another run to do meanwhile.
///
/// # Errors
/// The first error of any item. No more items are begun then.
pub fn parallel<T: Sync, R: Send>(items: &[T], jobs: usize, f: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                tch::set_num_threads(1);
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = f(item);
                    if result.is_err() {
                        next.store(items.len(), Ordering::Relaxed); // no more items are begun
                    }
                    done.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    done.sort_by_key(|&(at, _)| at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_and_an_error_ends_it() {
        let items: Vec<usize> = (0..50).collect();
        assert_eq!(parallel(&items, 3, |&i| Ok(i * i)).unwrap()[49], 49 * 49);
        let error = parallel(&items, 3, |&i| if i == 7 { anyhow::bail!("seven") } else { Ok(i) }).unwrap_err();
        assert_eq!(error.to_string(), "seven");
    }
}

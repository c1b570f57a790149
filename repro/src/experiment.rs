//! All arms on the same splits, several runs at a time.
//!
//! For each seed: a stratified split; a validation part out of its training part, on which the learning rate is chosen
//! for the baseline and inherited by the other arms, and on which the curves are drawn; then every arm anew on the
//! whole training part, judged once on the test part after its last step. Nothing is chosen on a test part.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::data::{Dataset, Preparation, Prepared, stratified_split};
use crate::train::{Arm, LearningRate, Outcome, Run, Setting, run};

/// Learning rates to choose from, with cosine decay.
const RATES: [f64; 3] = [1e-4, 3e-4, 1e-3];
/// The paper's, constant.
const PAPER_RATE: f64 = 5e-5;
const TEST_SHARE: f64 = 0.3;
const VALIDATION_SHARE: f64 = 0.2;
const CURVE_POINTS: usize = 40;

/// Where the learning rate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
    /// The best of 1e-4, 3e-4 and 1e-3 for the baseline on validation, with cosine decay; for each split anew.
    Tuned,
    /// The paper's 5e-5, constant.
    Paper,
}

impl Rate {
    fn candidates(self) -> Vec<LearningRate> {
        match self {
            Rate::Tuned => RATES.iter().map(|&start| LearningRate { start, cosine: true }).collect(),
            Rate::Paper => vec![LearningRate { start: PAPER_RATE, cosine: false }],
        }
    }
}

/// What came of one seed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SeedResult {
    /// Seed of the split, the weights and the sampler.
    pub seed: u64,
    /// The learning rate of all arms.
    pub rate: LearningRate,
    /// Macro F1 of the baseline on validation with each rate to choose from.
    pub validation: Vec<(f64, f64)>,
    /// Trained without the validation part and judged on it, in the order of [`Arm::ALL`]: for the curves.
    pub inner: Vec<Outcome>,
    /// Trained on the whole training part and judged on the test part, in the order of [`Arm::ALL`].
    pub test: Vec<Outcome>,
}

/// Number of runs of an experiment: of `E` epochs each, on the training part or, most of them, on four fifths of it.
#[must_use]
pub fn num_runs(rate: Rate, seeds: u64) -> usize {
    // the baseline's inner runs are those that the rate is chosen by
    seeds as usize * (rate.candidates().len() + (Arm::ALL.len() - 1) + Arm::ALL.len())
}

/// Runs everything, `jobs` runs at a time on one thread each. `progress(loss)` after each step.
///
/// # Errors
/// The first of any run.
pub fn experiment(
    dataset: &Dataset,
    setting: &Setting,
    rate: Rate,
    seeds: u64,
    jobs: usize,
    progress: &(dyn Fn(&Tensor) + Sync),
) -> Result<Vec<SeedResult>> {
    let preparation = Preparation::of(dataset.layout);
    let prepared: Vec<(Prepared, Prepared)> = (0..seeds)
        .map(|seed| {
            let split = match &dataset.split {
                Some(fixed) => fixed.clone(),
                None => stratified_split(&dataset.labels, TEST_SHARE, seed)?,
            };
            let inner = split.validation(&dataset.labels, VALIDATION_SHARE, seed)?;
            Ok((Prepared::fit(dataset, &inner, &preparation)?, Prepared::fit(dataset, &split, &preparation)?))
        })
        .collect::<Result<_>>()?;
    let one = |seed: usize, arm: Arm, rate: LearningRate, inner: bool| {
        let part = if inner { &prepared[seed].0 } else { &prepared[seed].1 };
        let curve_points = if inner { CURVE_POINTS } else { 0 };
        run(
            &Run { arm, seed: seed as u64, rate, train: &part.train, judged: &part.test, curve_points },
            setting,
            &|loss| progress(loss),
        )
    };

    let rates = rate.candidates();
    let every_seed = || 0..prepared.len();
    let tuning: Vec<(usize, LearningRate)> =
        every_seed().flat_map(|seed| rates.iter().map(move |&rate| (seed, rate))).collect();
    let tuned = parallel(&tuning, jobs, |&(seed, rate)| one(seed, Arm::Baseline, rate, true))?;
    let mut results: Vec<SeedResult> = tuned
        .chunks(rates.len())
        .zip(0..)
        .map(|(outcomes, seed)| {
            let f1 = |i: &usize| outcomes[*i].confusion.macro_f1();
            // the first of equal ones: the smaller rate
            let best = (0..rates.len()).rev().max_by(|a, b| f1(a).total_cmp(&f1(b))).unwrap_or(0);
            let validation = (0..rates.len()).map(|i| (rates[i].start, f1(&i))).collect();
            let inner = vec![outcomes[best].clone()];
            SeedResult { seed, rate: rates[best], validation, inner, test: Vec::new() }
        })
        .collect();

    let arms = || Arm::ALL.into_iter().map(|arm| (arm, false)).chain(Arm::ALL[1..].iter().map(|&arm| (arm, true)));
    let rest: Vec<(usize, Arm, bool)> =
        every_seed().flat_map(|seed| arms().map(move |(arm, inner)| (seed, arm, inner))).collect();
    let outcomes = parallel(&rest, jobs, |&(seed, arm, inner)| one(seed, arm, results[seed].rate, inner))?;
    for (&(seed, _, inner), outcome) in rest.iter().zip(outcomes) {
        let list = if inner { &mut results[seed].inner } else { &mut results[seed].test };
        list.push(outcome);
    }
    Ok(results)
}

/// `f` of every item on so many threads, in the order of the items. libtorch gets one thread in each.
///
/// Plain threads rather than a pool of rayon's: a run that waits in a pool may be given another run to do meanwhile.
fn parallel<T: Sync, R: Send>(items: &[T], jobs: usize, f: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
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
                        next.store(items.len(), Ordering::Relaxed); // nothing more is begun
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

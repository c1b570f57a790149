//! The study of samplers on data with several labels for each sample.
//!
//! For each split, every row is trained with each learning rate on the training part, and the rate is the best one on
//! the validation part. Thresholds are tuned there, too. Nothing is chosen on the test part.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use climd_data::MultiLabel;
use climd_networks::multi_label::{Arm, LabelsOutcome, LabelsRun, VERSION, run};

use crate::cache::Cache;
use crate::record::Record;
use crate::stats::{Paired, Summary};

/// Rows of the study, by id and name. The first is the one that the others are compared with.
pub const ROWS: [(Arm, &str, &str); 6] = [
    (Arm::Plain, "plain", "plain: all samples, binary cross-entropy"),
    (Arm::Prior, "prior", "prior-corrected binary cross-entropy"),
    (Arm::Climd, "climd", "curriculum"),
    (Arm::ClimdPrior, "climd-prior", "curriculum, prior-corrected"),
    (Arm::ClassAware, "class-aware", "class-aware draws"),
    (Arm::ClassAwareNone, "class-aware-none", "class-aware draws, no label as one more"),
];
type Metric = fn(&LabelsOutcome) -> f64;
const METRICS: [(&str, Metric); 3] = [
    ("mean average precision", |of| of.mean_average_precision),
    ("tuned macro F1 of labels", |of| of.tuned_macro_f1),
    ("macro F1 of labels at 1/2", |of| of.macro_f1),
];
const RATES: [f64; 3] = [3e-3, 1e-2, 3e-2];
const EPOCHS: usize = 20;
const BATCH_SIZE: usize = 64;

/// Trains all rows on all splits, and writes `targets-NAME.csv`.
///
/// # Errors
/// Those of the data, the cache, climd and libtorch.
pub fn study(
    folder: &Path,
    seeds: u64,
    jobs: usize,
    runs: &Path,
    out: &Path,
    watch: &(dyn Fn(usize, usize) + Sync),
) -> Result<()> {
    let data = MultiLabel::load(folder)?;
    let cache: Cache<LabelsRun, LabelsOutcome> = Cache::open(&runs.join(format!("{}.jsonl", data.name)))?;
    let fingerprint = data.fingerprint();
    let config = |seed, arm, rate| LabelsRun {
        version: VERSION,
        data: data.name.clone(),
        fingerprint: fingerprint.clone(),
        seed,
        arm,
        rate,
        epochs: EPOCHS,
        batch_size: BATCH_SIZE,
    };
    let mut missing = Vec::new();
    for seed in 0..seeds {
        for (arm, ..) in ROWS {
            for rate in RATES {
                let config = config(seed, arm, rate);
                if cache.get(&config)?.is_none() {
                    missing.push(config);
                }
            }
        }
    }
    watch(0, missing.len());
    let (next, done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(None));
    let work = || {
        tch::set_num_threads(1);
        while let Some(config) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
            let kept = run(config, &data).and_then(|outcome| cache.insert(config, &outcome));
            watch(done.fetch_add(1, Ordering::Relaxed) + 1, missing.len());
            if let Err(error) = kept {
                next.store(missing.len(), Ordering::Relaxed);
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(work);
        }
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let best = |arm| -> Result<Vec<LabelsOutcome>> {
        let of_seed = |seed| {
            let all = RATES.map(|rate| cache.get(&config(seed, arm, rate)));
            let all = all.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten();
            let best = all.reduce(|best, other| if other.validation > best.validation { other } else { best });
            best.context("a run is missing")
        };
        (0..seeds).map(of_seed).collect()
    };
    let rows: Vec<Vec<LabelsOutcome>> = ROWS.iter().map(|&(arm, ..)| best(arm)).collect::<Result<_>>()?;
    write(out, &data.name, &rows).with_context(|| format!("--out: `{}` cannot be written", out.display()))
}

fn write(out: &Path, name: &str, rows: &[Vec<LabelsOutcome>]) -> Result<()> {
    fs::create_dir_all(out)?;
    let mut file = csv::Writer::from_path(out.join(format!("targets-{name}.csv")))?;
    let round = |value: f64| (value * 1e6).round() / 1e6; // as the other tables
    for ((_, id, row), outcomes) in ROWS.iter().zip(rows) {
        for (metric, of) in METRICS {
            let values = |outcomes: &[LabelsOutcome]| outcomes.iter().map(|run| 100.0 * of(run)).collect::<Vec<f64>>();
            let (ours, plain) = (values(outcomes), values(&rows[0]));
            let [train, test] = outcomes[0].samples;
            let paired = Paired::between(&ours, &plain, test as f64 / train as f64).filter(|_| *id != "plain");
            let summary = Summary::of(&ours);
            let ends = paired.and_then(|paired| paired.corrected);
            let plain_ends = paired.and_then(|paired| paired.plain);
            file.serialize(Record {
                table: "targets (tuned learning rate)".into(),
                data: name.into(),
                id: format!("baseline/{id}"),
                row: (*row).into(),
                metric: metric.into(),
                mean: summary.map(|of| round(of.mean)),
                sd: summary.and_then(|of| of.sd).map(round),
                seeds: outcomes.len(),
                steps: EPOCHS * train.div_ceil(BATCH_SIZE),
                beside: paired.map(|_| "baseline/plain".into()),
                fixed_beforehand: paired.map(|_| *id != "class-aware-none"),
                difference: paired.map(|of| round(of.difference.mean)),
                low: ends.map(|of| round(of.low)),
                high: ends.map(|of| round(of.high)),
                p_corrected: paired.and_then(|of| of.p_corrected).map(round),
                plain_low: plain_ends.map(|of| round(of.low)),
                plain_high: plain_ends.map(|of| round(of.high)),
                p: paired.map(|of| round(of.p)),
                ..Record::default()
            })?;
        }
    }
    Ok(file.flush()?)
}

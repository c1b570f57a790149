//! Promise: a finished run is not done again, and a table that was interrupted goes on.

mod common;

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use climd::PowerLaw;
use climd_mllc::{Cohort, FoldRun, Manifest, Study};
use climd_networks::config::Part;
use climd_networks::network::LearningRate;
use climd_repro::cache::Cache;
use climd_repro::experiment::Row;
use climd_repro::tables::main_job;
use common::{HEADER, folder};
use tch::Device;

/// 24 patients with laboratory values alone, so that a run takes no time; `afp` is of the first.
fn cohort(afp: f32) -> Cohort {
    let label = |row: usize| ["normal", "metastatic", "hcc"][row % 3];
    let rows: String = (1..24).map(|row| format!("p{row},{},,,{row},{}\n", label(row), row % 5)).collect();
    let folder = folder(&format!("{HEADER}p0,normal,,,{afp},1\n{rows}"));
    Cohort::new(&Manifest::read(folder.path(), 64, false).unwrap(), None)
}

fn study<'a>(cohort: &'a Cohort, cache: &'a Cache<FoldRun>) -> Study<'a> {
    let rate = LearningRate { start: 1e-3, cosine: true };
    let (folds, seed, epochs, batch_size, resnet, device) = (2, 0, 2, 4, None, Device::Cpu);
    Study { cohort, folds, seed, epochs, batch_size, rate, resnet, device, cache }
}

/// The results of all rows as JSON, the steps that were planned, and those that were done.
fn run(study: &Study<'_>) -> (anyhow::Result<String>, usize, usize) {
    let (planned, done) = (Cell::new(0), AtomicUsize::new(0));
    let schedule = PowerLaw { epochs: study.epochs, ..Default::default() };
    let rows: Vec<Row> = main_job(schedule).into_iter().map(|row| row.row).collect();
    let step = |_: &tch::Tensor| {
        done.fetch_add(1, Ordering::Relaxed);
    };
    let results = study.rows(&rows, Part::Test, 0, 1, &|steps| planned.set(steps), &step);
    (results.map(|results| serde_json::to_string(&results).unwrap()), planned.get(), done.into_inner())
}

fn open(folder: &tempfile::TempDir) -> (PathBuf, Cache<FoldRun>) {
    let file = folder.path().join("runs/mllc.jsonl");
    let cache = Cache::open(&file).unwrap();
    (file, cache)
}

/// 4 rows on 2 folds, 2 epochs of 3 batches each.
const STEPS: usize = 4 * 2 * 2 * 3;

#[test]
fn a_second_table_trains_nothing_and_one_that_was_interrupted_goes_on() {
    let (folder, cohort) = (tempfile::tempdir().unwrap(), cohort(2.0));
    let (file, cache) = open(&folder);
    let (first, planned, done) = run(&study(&cohort, &cache));
    let (first, kept) = (first.unwrap(), fs::read_to_string(&file).unwrap());
    assert_eq!((planned, done, kept.lines().count()), (STEPS, STEPS, 8));

    let (_, cache) = open(&folder);
    let (again, planned, done) = run(&study(&cohort, &cache));
    // of the same runs, as their seconds are the same
    assert_eq!((again.unwrap(), planned, done), (first, 0, 0));
    assert_eq!(fs::read_to_string(&file).unwrap(), kept);

    // a killed process left half of its last line
    fs::write(&file, &kept[..kept.len() - 9]).unwrap();
    let (_, cache) = open(&folder);
    let (_, planned, done) = run(&study(&cohort, &cache));
    assert_eq!((planned, done), (STEPS / 8, STEPS / 8));
    let whole = fs::read_to_string(&file).unwrap();
    let seven = kept.lines().take(7).map(|line| line.len() + 1).sum();
    assert!(whole.lines().count() == 8 && whole[..seven] == kept[..seven]);
}

#[test]
fn what_changes_a_run_is_in_its_key_and_where_it_is_done_is_not() {
    let (folder, cohort, other) = (tempfile::tempdir().unwrap(), cohort(2.0), cohort(3.0));
    let (_, cache) = open(&folder);
    let study = study(&cohort, &cache);
    run(&study).0.unwrap();
    let weights = folder.path().join("resnet.ot");
    fs::write(&weights, "no weights, so the run is refused once it is planned").unwrap();
    let (rate, constant) = (LearningRate { start: 2e-3, cosine: true }, LearningRate { start: 1e-3, cosine: false });
    let changed = [
        Study { seed: 1, ..study.clone() }, // its first fold has the seed of the second one before
        Study { folds: 3, ..study.clone() },
        Study { epochs: 3, ..study.clone() },
        Study { batch_size: 3, ..study.clone() },
        Study { rate, ..study.clone() },
        Study { rate: constant, ..study.clone() },
        Study { resnet: Some(weights), ..study.clone() },
        Study { cohort: &other, ..study.clone() },
    ];
    let all = |study: &Study<'_>| {
        let none = Cache::default();
        run(&Study { cache: &none, ..study.clone() }).1
    };
    for study in &changed {
        assert_eq!(run(study).1, all(study), "{study:?}");
    }
    assert_eq!(run(&study).1, 0);
}

//! Promise: a finished run is not done again, a table that was interrupted goes on, and the committed table is what the
//! committed runs say.

mod common;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use climd::PowerLaw;
use climd_mllc::text::{Features, Source};
use climd_mllc::{Cohort, FoldRun, Manifest, Study, synthetic};
use climd_networks::config::Part;
use climd_networks::network::LearningRate;
use climd_networks::train::Outcome;
use climd_repro::cache::Cache;
use climd_repro::experiment::{Row, RowResult};
use climd_repro::rate::Rate;
use climd_repro::results::Page;
use climd_repro::section::Section;
use climd_repro::tables::{Table, main_job};
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

fn results() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/results")
}

#[derive(serde::Deserialize, serde::Serialize)]
struct Line {
    config: FoldRun,
    outcome: Outcome,
}

/// The committed runs, each of which has its key in its line.
fn committed() -> Vec<Line> {
    let text = fs::read_to_string(results().join("runs/mllc.jsonl")).unwrap();
    let read = |line| {
        let run: Line = serde_json::from_str(line).unwrap();
        let start = format!(r#"{{"config":{},"outcome":"#, serde_json::to_string(&run.config).unwrap());
        assert!(line.starts_with(&start), "{start}\n{line}");
        run
    };
    text.lines().map(read).collect()
}

/// The rows are those of the command in docs/mllc.md: four, on five folds.
#[test]
fn the_committed_table_is_what_the_committed_runs_say() {
    let runs = committed();
    let mut rows = main_job(PowerLaw { epochs: 20, ..Default::default() });
    rows.iter_mut().for_each(|row| row.paper = None);
    let of_row = |row: &Row| {
        let mut runs: Vec<&Line> = runs.iter().filter(|run| run.config.run.method == row.method).collect();
        runs.sort_by_key(|run| run.config.fold);
        assert!(runs.len() == 5 && runs.iter().all(|run| run.config.folds == 5), "{}", row.name);
        let runs = runs.into_iter().map(|run| (run.config.run.clone(), run.outcome.clone())).collect();
        RowResult { row: row.clone(), runs, overlap: (64.0 / 256.0).into() }
    };
    let of_rows: Vec<RowResult> = rows.iter().map(|row| of_row(&row.row)).collect();
    assert_eq!(runs.len(), 5 * rows.len());
    let mut page = Page::of(Table::Mllc, "synthetic".into(), climd_mllc::CLASSES.map(String::from).to_vec());
    page.push(Section::new(Rate::Given(runs[0].config.run.rate.start), &rows, &of_rows));
    let written = tempfile::tempdir().unwrap();
    page.write(written.path()).unwrap();
    let read = |folder: &Path| fs::read_to_string(folder.join("mllc-synthetic.csv")).unwrap();
    assert_eq!(read(written.path()), read(&results()));
}

/// A machine that draws other patients would train every run again.
#[test]
fn the_look_alike_has_the_fingerprint_of_the_committed_runs() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::write(folder.path(), synthetic::PATIENTS, 0).unwrap();
    let manifest = Manifest::read(folder.path(), 64, false).unwrap();
    let values = vec![0.5; synthetic::PATIENTS]; // they depend on the machine, so they are in no fingerprint
    let texts = Features { values, width: 1, model: String::new(), source: Source::Computed, cut: 0 };
    let cohort = Cohort::new(&manifest, Some(&texts));
    let of_runs = committed();
    assert!(of_runs.iter().all(|run| run.config.run.data.fingerprint == cohort.fingerprint()));
    assert!(of_runs.iter().all(|run| run.config.image_size == Some(64) && run.config.text_model.is_some()));
}

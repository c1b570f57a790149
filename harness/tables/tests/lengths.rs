//! Promise: a reader can ask how long to train on their own data, and every method gets a length of its own, from inner
//! splits alone.

mod clinic;

use std::process::Command;

use climd_networks::config::Part;
use climd_repro::answer::rows;
use climd_repro::cache::Cache;
use climd_repro::changes::Changes;
use climd_repro::experiment::{RowResult, Runner, Study};
use climd_repro::rate::Rate;
use climd_repro::record::Record;
use clinic::folder;
use tch::Device;

#[test]
fn every_method_has_a_length_of_its_own_from_inner_splits() {
    let place = tempfile::tempdir().unwrap();
    let (data, out) = (folder(place.path(), false), place.path().join("out"));
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_climd-repro"));
        command.args([
            "lengths", "--quiet", "--jobs", "2", "--epochs", "8", "--seeds", "5", "--shares", "25", "20", "200",
        ]);
        command.args(["--inner", "1", "--data"]).arg(&data).arg("--out").arg(&out);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let page = run();
    assert!(page.contains("5 splits") && page.contains("pictures/lengths-clinic-8-epochs.svg"), "{page}");
    let columns = page.lines().find(|line| line.starts_with("| macro F1 ")).unwrap();
    let columns: Vec<&str> = columns.split('|').map(str::trim).collect();
    // a quarter and a fifth of eight are both two, which counts once
    assert_eq!(columns[2..6], ["2 epochs", "8 epochs", "16 epochs", "chosen"]);
    assert_eq!(page, run()); // from the runs that were kept
    assert!(out.join("pictures/lengths-clinic-8-epochs.svg").exists());

    let mut csv = csv::Reader::from_path(out.join("lengths-8-epochs.csv")).unwrap();
    let records: Vec<Record> = csv.deserialize().map(Result::unwrap).collect();
    let mean = |id: String| records.iter().find(|record| record.id == id).and_then(|record| record.mean).unwrap();
    let dataset = climd_data::Dataset::load(&data).unwrap();
    let of = |epochs: usize, part: Part| -> Vec<RowResult> {
        let (changes, rate) = (Changes::default(), Rate::One);
        let study = Study { dataset: &dataset, changes, epochs, batch_size: 32, first_seed: 0, seeds: 5, rate };
        let cache = Cache::open(&out.join("runs/clinic.jsonl")).unwrap();
        let planned = |steps: usize| assert_eq!(steps, 0, "a run that was not done");
        let runner = Runner { cache, jobs: 1, device: Device::Cpu, until: None, planned: &planned, progress: &|_| {} };
        runner.rows(&study, &rows(epochs), part, 0).unwrap()
    };
    let lengths = [2, 8, 16];
    let [inner, test] = [Part::Inner(0), Part::Test].map(|part| lengths.map(|epochs| of(epochs, part)));
    for (row, result) in test[1].iter().enumerate() {
        let of_split = |split: usize| {
            let loss = |at: usize| inner[at][row].runs[split].1.quality.unwrap().scaled_cross_entropy;
            let best = (0..3).min_by(|&a, &b| loss(a).total_cmp(&loss(b))).unwrap();
            100.0 * test[best][row].runs[split].1.confusion.macro_f1()
        };
        let expected = (0..5).map(of_split).sum::<f64>() / 5.0;
        let found = mean(format!("chosen/{}", result.row.id.arm));
        assert!((found - expected).abs() < 1e-5, "{}: {found} {expected}", result.row.name);
        for (epochs, of_length) in lengths.iter().zip(&test) {
            let f1 = of_length[row].runs.iter().map(|(_, run)| 100.0 * run.confusion.macro_f1());
            let expected = f1.sum::<f64>() / 5.0;
            assert!((mean(format!("{epochs}-epochs/{}", result.row.id.arm)) - expected).abs() < 1e-5);
        }
    }
}

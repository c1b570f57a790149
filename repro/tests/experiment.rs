//! Promise: all arms of an experiment are compared fairly, and a seed gives one result whatever runs beside it.

use climd::PowerLaw;
use climd_repro::data::{Dataset, Layout, Table};
use climd_repro::experiment::{Rate, SeedResult, experiment, num_runs};
use climd_repro::summary;
use climd_repro::train::{Arm, Setting, class_distribution};
use tch::Device;

/// Two modalities, three classes of 60, 20 and 10, told apart by a column each.
fn dataset() -> Dataset {
    let labels: Vec<usize> = (0..90).map(|i| if i < 60 { 0 } else { 1 + usize::from(i >= 80) }).collect();
    let table = |name: &str, width: usize, shift: usize| Table {
        name: name.into(),
        columns: (0..width).map(|column| format!("{name}{column}")).collect(),
        rows: 90,
        values: (0..90)
            .flat_map(|row| {
                let label = labels[row];
                (0..width).map(move |column| {
                    let noise = ((row * 7919 + column * 104_729 + shift) % 1009) as f32 / 1009.0;
                    noise + if column == label { 0.5 } else { 0.0 }
                })
            })
            .collect(),
    };
    let modalities = vec![table("a", 12, 0), table("b", 7, 500)];
    let classes = ["x", "y", "z"].map(Into::into).to_vec();
    Dataset { layout: Layout::Mogonet, modalities, labels, classes, split: None }
}

fn run(jobs: usize) -> Vec<SeedResult> {
    let schedule = PowerLaw { epochs: 6, ..Default::default() };
    let network = climd_repro::network::BaselineConfig { hidden: 16, ..Default::default() };
    let setting = Setting { epochs: 6, batch_size: 16, schedule, network, device: Device::Cpu };
    experiment(&dataset(), &setting, Rate::Tuned, 2, jobs, &|_| {}).unwrap()
}

#[test]
fn every_arm_takes_the_same_steps_and_the_last_ones_see_everything() {
    let results = run(2);
    assert_eq!(results.len(), 2);
    for seed in &results {
        assert_eq!((seed.inner.len(), seed.test.len(), seed.validation.len()), (4, 4, 3));
        // 63 training samples in batches of 16, 6 epochs
        assert!(seed.test.iter().all(|run| run.steps == 24));
        let judged: usize = seed.test[0].confusion.counts().iter().flatten().sum();
        assert_eq!(judged, 27);
        // the curriculum's arms measured, the others had nothing to measure
        let measured: Vec<bool> = seed.test.iter().map(|run| run.measuring_seconds > 0.0).collect();
        assert_eq!(measured, [false, false, true, true]);
        let best = seed.validation.iter().map(|&(_, f1)| f1).fold(0.0, f64::max);
        assert_eq!(seed.inner[0].confusion.macro_f1(), best);
    }
    assert_eq!(num_runs(Rate::Tuned, 2), 2 * (3 + 3 + 4));
}

#[test]
fn a_seed_gives_one_result_however_many_runs_go_on_beside_it() {
    let predictions = |results: Vec<SeedResult>| -> Vec<String> {
        let outcomes = results.into_iter().flat_map(|seed| seed.test.into_iter().chain(seed.inner));
        outcomes.map(|run| format!("{:?} {:?}", run.confusion, run.curve)).collect()
    };
    assert_eq!(predictions(run(1)), predictions(run(3)));
}

#[test]
fn the_tables_name_every_arm_and_class() {
    let results = run(2);
    for table in [
        summary::metrics_table(&results, true),
        summary::recall_table(&results, &dataset().classes),
        summary::time_table(&results),
    ] {
        assert!(Arm::ALL.iter().all(|arm| table.contains(arm.name())), "{table}");
        assert_eq!(table.lines().count(), 6, "{table}");
    }
    assert!(summary::recall_table(&results, &dataset().classes).contains("| z "));
}

#[test]
fn the_class_distribution_is_by_label_and_ends_in_the_data() {
    let schedule = PowerLaw { epochs: 4, ..Default::default() };
    let labels = [2, 2, 2, 2, 2, 2, 0, 0, 0, 0];
    let epochs = class_distribution(&labels, 3, &schedule).unwrap();
    assert_eq!(epochs.len(), 4);
    assert_eq!(epochs[3], [4, 0, 6]);
}

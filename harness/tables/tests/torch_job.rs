//! Promise: the main job in PyTorch (`make brca-python`) has the splits, columns, first weights, steps and lists of the
//! one in Rust. This test makes them anew and compares them with `golden/brca_splits.json`, from which
//! `scripts/brca_torch.py` takes its splits, and with which `crates/python/tests/test_main_job.py` compares the rest.

use std::fs;
use std::path::Path;

use climd::{Curriculum, CurriculumSampler, LastBatch, PowerLaw, schedule::Uniform};
use climd_data::{Dataset, Prepared};
use climd_networks::config::{Part, ScheduleConfig};
use climd_networks::network::{Training, with_seed};
use climd_networks::train::tensors;
use climd_repro::changes::Changes;
use climd_repro::experiment::Study;
use climd_repro::rate::Rate;
use climd_repro::tables::main_job;
use serde_json::{Value, json};
use tch::{Device, nn};

const SEEDS: u64 = 5;
const EPOCHS: usize = 100;
/// Epochs whose lists are compared: the first ones, the curriculum's middle and end, and all samples after it.
const LOOKED_AT: [usize; 5] = [0, 1, 50, 99, 100];

/// FNV-1a of numbers as 32-bit words, little end first.
fn hash(numbers: impl Iterator<Item = u32>) -> String {
    let bytes = numbers.flat_map(u32::to_le_bytes);
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}

/// Scores that Python makes too, in the place of a network's.
fn scores(samples: usize, epoch: usize) -> Vec<f32> {
    let word = |i: usize| ((i * 7 + epoch * 13) as u64).wrapping_mul(2654435761) >> 3 & 0xffff_ffff;
    (0..samples).map(|i| (word(i) >> 8) as f32 / 16777216.0).collect()
}

fn lists(labels: &[usize], schedule: &ScheduleConfig, seed: u64) -> Vec<String> {
    let mut sampler = Curriculum::new(labels, schedule.build()).unwrap().seed(seed);
    let list = |epoch: usize| {
        if sampler.wants_scores(epoch) {
            sampler.update(epoch, &scores(labels.len(), epoch)).unwrap();
        }
        hash(sampler.epoch(epoch).unwrap().indices().iter().copied())
    };
    LOOKED_AT.into_iter().map(list).collect()
}

fn split(study: &Study<'_>, seed: u64) -> Value {
    let [test, validation] = [Part::Test, Part::Validation].map(|part| study.parts(seed, part).unwrap());
    let Prepared { fitted, train, .. } = &test;
    let columns: Vec<String> =
        fitted.modalities.iter().map(|table| hash(table.chosen.iter().map(|&column| column as u32))).collect();
    let sums: Vec<f64> = train.values.iter().map(|values| values.iter().copied().map(f64::from).sum::<f64>()).collect();

    let (x, y) = tensors(train, Device::Cpu).unwrap();
    let rows = main_job(PowerLaw { epochs: EPOCHS, ..Default::default() });
    let row = |arm: &str| &rows.iter().find(|row| row.row.id.arm == arm).unwrap().row.method;
    let vs = nn::VarStore::new(Device::Cpu);
    let training = Training { x: &x, labels: &y, num_classes: study.dataset.classes.len() as i64 };
    with_seed(seed, || row("plain").network.build(&vs.root(), &training)).unwrap();
    let first = |name: &str| {
        let weights = &vs.variables()[name];
        Vec::<f32>::try_from(weights.flatten(0, -1).narrow(0, 0, 3)).unwrap()
    };
    let plain = Curriculum::new(&train.labels, Uniform).unwrap();
    json!({
        "seed": seed,
        "test": test.test.rows,
        "validation": validation.test.rows,
        "columns": columns,
        "sums": sums,
        "weights": {"encoder0": first("encoder0.linear.weight"), "classifier": first("classifier.weight")},
        "steps": plain.steps(0..EPOCHS, study.batch_size, LastBatch::Keep).unwrap(),
        "uniform": lists(&train.labels, &row("plain").schedule, seed),
        "power_law": lists(&train.labels, &row("climd").schedule, seed),
    })
}

/// Whether two values are the same. Numbers with a point may differ in their last digits, which depend on the machine.
fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| same(a, &b[key])),
        (Value::Number(a), Value::Number(b)) if a.is_f64() => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-5 * b.abs()
        }
        (a, b) => a == b,
    }
}

#[test]
fn the_splits_are_those_that_python_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dataset = Dataset::load(root.join("data/brca")).expect("`make data` fetches it");
    let (changes, epochs, batch_size, first_seed) = (Changes::default(), EPOCHS, 32, 0);
    let study = Study { dataset: &dataset, changes, epochs, batch_size, first_seed, seeds: SEEDS, rate: Rate::Tuned };
    let splits: Vec<Value> = (0..SEEDS).map(|seed| split(&study, seed)).collect();
    let path = root.join("harness/tables/tests/golden/brca_splits.json");
    if std::env::var_os("CLIMD_WRITE_LISTS").is_some() {
        let lines: Vec<String> = splits.iter().map(Value::to_string).collect();
        fs::write(&path, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
    }
    let file: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(file.len(), splits.len());
    for (found, expected) in splits.iter().zip(&file) {
        assert!(same(found, expected), "{found}\nis not\n{expected}");
    }
}

//! Promise: Python makes the lists of Rust. `golden/lists.json` holds hashes of lists of every schedule, pick and seed,
//! whole and dealt to ranks; this test makes them anew, and `crates/python/tests/test_lists.py` makes them through
//! Python. `golden/observed_lists.json` has those of runs that observe their steps (`test_observe.py`).

#![cfg(feature = "serde")]

use climd::schedule::AnySchedule;
use climd::{Curriculum, CurriculumSampler, Position, Settings, Targets, split};
use serde_json::{Value, json};

const SAMPLES: u64 = 3000;
const EPOCHS: usize = 7;

/// A word for any number, which Python makes too.
fn word(i: u64) -> u64 {
    (i.wrapping_mul(2654435761) >> 3) & 0xffff_ffff
}

/// Five classes of 50, 25, 15, 8 and 2 percent.
fn labels() -> Vec<u32> {
    let label = |i| [50, 75, 90, 98].iter().filter(|&&bound| word(i) % 100 >= bound).count() as u32;
    (0..SAMPLES).map(label).collect()
}

fn scores(epoch: usize) -> Vec<f32> {
    (0..SAMPLES).map(|i| (word(i * 7 + epoch as u64 * 13) >> 8) as f32 / 16777216.0).collect()
}

/// FNV-1a of the indices as bytes, little end first.
fn hash(indices: &[u32]) -> String {
    hash_of_bytes(&indices.iter().flat_map(|index| index.to_le_bytes()).collect::<Vec<_>>())
}

fn hash_of_bytes(bytes: &[u8]) -> String {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, step))
}

/// The class of Python with this schedule: `PowerLaw` of `power_law`.
fn class(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// `{"PowerLaw": {"epochs": 5}}`, which names a class of Python, as the crate writes it.
fn tagged(spec: &Value) -> Value {
    let (wanted, fields) = spec.as_object().unwrap().iter().next().unwrap();
    let mut fields = fields.clone();
    for part in ["before", "after"] {
        if let Some(inner) = fields.get_mut(part) {
            *inner = tagged(inner);
        }
    }
    fields["name"] = json!(AnySchedule::NAMES.iter().find(|name| class(name) == *wanted).unwrap());
    fields
}

fn schedule(spec: &Value) -> AnySchedule {
    serde_json::from_value(tagged(spec)).unwrap()
}

fn specs() -> Vec<Value> {
    let mut specs = vec![
        json!({"PowerLaw": {"epochs": 5, "law": "zipf", "overflow": "repeat"}}),
        json!({"PowerLaw": {"epochs": 5, "law": "empirical", "overflow": "truncate", "alpha": 2.5}}),
        json!({"UnderSampling": {"strength": 0.5, "redraw": true}}),
        json!({"UnderSampling": {}}),
        json!({"ClassBalanced": {}}),
        json!({"ProgressivelyBalanced": {"epochs": 5, "reversed": true}}),
        json!({"HardMajority": {"warm_up": 1}}),
        json!({"Trim": {"ramp": 3}}),
        json!({"Uniform": {}}),
        json!({"Switch": {"at": 3, "before": {"PowerLaw": {"epochs": 3}}, "after": {"ClassBalanced": {}}}}),
    ];
    for pick in ["highest", "lowest", "fixed_random", "redraw"] {
        specs.push(json!({"PowerLaw": {"epochs": 5, "pick": pick}}));
        for name in ["Linear", "Root", "Geometric"] {
            specs.push(json!({name: {"epochs": 5, "pick": pick}}));
        }
        for name in ["BabyStep", "OnePass"] {
            specs.push(json!({name: {"epochs": 5, "buckets": 3, "pick": pick}}));
        }
    }
    // a schedule that is not above, at its defaults
    for name in AnySchedule::NAMES.iter().map(|name| class(name)) {
        if !specs.iter().any(|spec| spec.get(&name).is_some()) {
            specs.push(json!({name: {}}));
        }
    }
    specs
}

fn case(spec: &Value, seed: u64) -> Value {
    let mut sampler = Curriculum::new(&labels(), schedule(spec)).unwrap().seed(seed);
    let (mut whole, mut dealt, mut stratified) = (Vec::new(), Vec::new(), Vec::new());
    for epoch in 0..EPOCHS {
        if sampler.wants_scores(epoch) {
            sampler.update(epoch, &scores(epoch)).unwrap();
        }
        let list = sampler.epoch(epoch).unwrap();
        whole.push(hash(list.indices()));
        dealt.push(hash(list.skip(5).unwrap().shard(1, 3, Default::default()).unwrap().indices()));
        stratified.push(hash(list.shard_stratified(2, 3, Default::default()).unwrap().indices()));
    }
    json!({"schedule": spec, "seed": seed, "whole": whole, "dealt": dealt, "stratified": stratified})
}

#[test]
fn the_lists_are_those_that_python_is_compared_with() {
    let cases: Vec<Value> = specs().iter().flat_map(|spec| [7, u64::MAX].map(|seed| case(spec, seed))).collect();
    compare("lists.json", &cases);
}

/// Compares cases with those of a file under `golden/`, which `CLIMD_WRITE_LISTS=1` writes.
fn compare(file: &str, cases: &[Value]) {
    let path = format!("{}/tests/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("CLIMD_WRITE_LISTS").is_some() {
        let lines: Vec<String> = cases.iter().map(Value::to_string).collect();
        std::fs::write(&path, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
    }
    let file: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(file.len(), cases.len(), "run `CLIMD_WRITE_LISTS=1 cargo test --test lists`");
    for (case, expected) in cases.iter().zip(&file) {
        let found: Value = serde_json::from_str(&case.to_string()).unwrap(); // reading may round a number
        assert_eq!(&found, expected);
    }
}

/// Six labels a sample, the first of them most often; one in fifty is unknown.
const LABELS: u64 = 6;

fn table() -> Vec<i8> {
    let cell = |sample: u64, label: u64| match word(sample * 31 + label * 7919) % 100 {
        99 if label > 0 => -1,
        share => i8::from(share < 40 / (label + 1)),
    };
    (0..SAMPLES).flat_map(|sample| (0..LABELS).map(move |label| cell(sample, label))).collect()
}

/// The columns of a table with this value, as compressed rows.
fn rows(table: &[i8], value: i8) -> (Vec<usize>, Vec<u32>) {
    let (mut starts, mut labels) = (vec![0], Vec::new());
    for row in table.chunks(LABELS as usize) {
        labels.extend((0..).zip(row).filter(|(_, cell)| **cell == value).map(|(label, _)| label));
        starts.push(labels.len());
    }
    (starts, labels)
}

fn targets(spec: &Value) -> Targets {
    let mut targets = match spec["labels"].as_str().unwrap() {
        "single" => Targets::single(&labels()).unwrap(),
        "multi_hot" => Targets::multi_hot(&table(), LABELS as usize).unwrap(),
        _ => {
            let [(starts, labels), (unsure, unknown)] = [1, -1].map(|value| rows(&table(), value));
            Targets::multi_label(&starts, &labels, LABELS as usize).unwrap().unknown(&unsure, &unknown).unwrap()
        }
    };
    if let Some(within) = spec.get("within") {
        let sites: Vec<u64> = (0..SAMPLES).map(|i| word(i * 5) % 3).collect();
        targets = targets.sites(&sites, serde_json::from_value(within.clone()).unwrap()).unwrap();
    }
    if let Some(cap) = spec.get("cap") {
        targets = targets.groups(&patients(), cap.as_u64().unwrap() as usize).unwrap();
    }
    targets
}

fn patients() -> Vec<u64> {
    (0..SAMPLES).map(|i| word(i * 3) % 700).collect()
}

fn case_of_targets(spec: &Value) -> Value {
    let targets = targets(spec);
    let own: Vec<u32> = targets.own_labels().iter().map(|&label| label as u32).collect();
    let part: Vec<u32> = split(&targets, &patients(), &[7, 1, 2], 7).unwrap().into_iter().map(u32::from).collect();
    let mut sampler = Curriculum::with_targets(targets, schedule(&spec["schedule"])).unwrap().seed(7);
    let (mut whole, mut dealt, mut counts, mut odds, mut reports) = (vec![], vec![], vec![], vec![], vec![]);
    for epoch in 0..EPOCHS {
        if sampler.wants_scores(epoch) {
            sampler.update(epoch, &scores(epoch)).unwrap();
        }
        let list = sampler.epoch(epoch).unwrap();
        whole.push(hash(list.indices()));
        dealt.push(hash(list.skip(5).unwrap().shard(1, 3, Default::default()).unwrap().indices()));
        if let (Ok(of_list), Ok(log_odds)) = (list.label_counts(), list.log_odds()) {
            counts.push(of_list.to_vec());
            odds.push(hash(&log_odds.iter().map(|value| value.to_bits()).collect::<Vec<_>>()));
        }
        let report = serde_json::to_value(sampler.report(epoch).unwrap()).unwrap();
        reports.push(json!({"labels": report["labels"], "largest_group": report["largest_group"]}));
    }
    json!({"targets": spec, "own": hash(&own), "split": hash(&part), "whole": whole, "dealt": dealt, "counts": counts,
        "odds": odds, "reports": [reports[1], reports[EPOCHS - 1]]})
}

#[test]
fn the_lists_of_targets_are_those_that_python_is_compared_with() {
    let specs = [
        json!({"labels": "single", "cap": 1, "schedule": {"PowerLaw": {"epochs": 5}}}),
        json!({"labels": "single", "within": "balanced", "schedule": {"ClassBalanced": {}}}),
        json!({"labels": "multi_hot", "schedule": {"PowerLaw": {"epochs": 5}}}),
        json!({"labels": "multi_hot", "within": "proportional", "cap": 2, "schedule": {"Uniform": {}}}),
        json!({"labels": "multi_label", "within": "balanced", "cap": 1, "schedule": {"PowerLaw": {"pick": "redraw"}}}),
        json!({"labels": "multi_label", "within": "proportional", "schedule": {"UnderSampling": {"redraw": true}}}),
    ];
    let cases: Vec<Value> = specs.iter().map(case_of_targets).collect();
    compare("target_lists.json", &cases);
}

/// The score of a sample in a step of an epoch.
fn observed_score(epoch: usize, sample: u32) -> f32 {
    (word(u64::from(sample) * 11 + epoch as u64 * 17) >> 8) as f32 / 16777216.0
}

/// A run that observes its steps: lists, ages and, in the middle of each epoch, states.
fn case_of_observed(spec: &Value) -> Value {
    let number = |name: &str| spec[name].as_u64().unwrap() as usize;
    let settings = Settings { seed: 7, first_measure: number("first_measure"), measure_every: number("measure_every") };
    let targets = targets(spec);
    let sampler = Curriculum::with_targets(targets, schedule(&spec["schedule"])).unwrap().settings(settings);
    let mut sampler = sampler.running_mean(spec["running_mean"].as_f64().unwrap()).unwrap();
    let (mut whole, mut ages, mut states, mut renewed) = (vec![], vec![], vec![], vec![]);
    for epoch in 0..EPOCHS {
        renewed.push(sampler.renew(epoch).unwrap());
        if sampler.wants_scores(epoch) {
            sampler.update(epoch, &scores(epoch)).unwrap();
        }
        let list = sampler.epoch(epoch).unwrap().into_indices();
        whole.push(hash(&list));
        let batches = list.chunks(64);
        let half = batches.len() / 2;
        for (at, batch) in batches.enumerate() {
            let scores: Vec<f32> = batch.iter().map(|&sample| observed_score(epoch, sample)).collect();
            sampler.observe(epoch, batch, &scores).unwrap();
            if at == half {
                let at = Position { epoch, samples: 64 * half + batch.len() };
                states.push(hash_of_bytes(&sampler.state(at).unwrap().to_bytes()));
                ages.push(serde_json::to_value(sampler.report(epoch).unwrap().ages).unwrap());
            }
        }
    }
    json!({"run": spec, "whole": whole, "states": states, "ages": ages, "renewed": renewed})
}

#[test]
fn the_lists_of_observed_steps_are_those_that_python_is_compared_with() {
    let power_law = json!({"PowerLaw": {"epochs": 5}});
    let run = |first_measure: usize, measure_every: usize, running_mean: f64, labels: &str, schedule: &Value| {
        json!({"first_measure": first_measure, "measure_every": measure_every, "running_mean": running_mean,
            "labels": labels, "schedule": schedule})
    };
    let specs = [
        run(1, 0, 1.0, "single", &power_law),
        run(1, 3, 0.25, "single", &power_law),
        run(2, 0, 1.0, "single", &json!({"Linear": {"epochs": 5, "pick": "lowest"}})),
        run(1, 0, 0.5, "multi_hot", &power_law),
    ];
    compare("observed_lists.json", &specs.iter().map(case_of_observed).collect::<Vec<_>>());
}

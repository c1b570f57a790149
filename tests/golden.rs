//! Promise: the crate agrees with the float64 reference of the equations (`tests/golden`, seed 2025).
//!
//! Real numbers agree within `tol * max(1, |b|)`, integers and index lists exactly. Random streams and orders are not
//! public. Tests beside their code in `src/sampler` pin them.

use approx::relative_eq;
use climd::schedule::*;
use climd::*;
use serde::Deserialize;

fn load<T: serde::de::DeserializeOwned>(json: &str) -> Vec<T> {
    serde_json::from_str(json).unwrap()
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(relative_eq!(a, b, epsilon = tolerance, max_relative = tolerance), "{what}[{i}]: {a} is not {b}");
    }
}

// By hand, so that this runs without feature `serde` too.
fn target_law(name: &str) -> TargetLaw {
    match name {
        "power_law" => TargetLaw::PowerLaw,
        "zipf" => TargetLaw::Zipf,
        "empirical" => TargetLaw::Empirical,
        _ => panic!("{name}"),
    }
}

fn pick(name: &str) -> Pick {
    match name {
        "highest" => Pick::Highest,
        "lowest" => Pick::Lowest,
        "fixed_random" => Pick::FixedRandom,
        "redraw" => Pick::Redraw,
        "with_replacement" => Pick::WithReplacement,
        _ => panic!("{name}"),
    }
}

#[derive(Deserialize)]
struct MeasureCase {
    n: usize,
    classes: usize,
    labels: Vec<u32>,
    logits: Vec<Vec<f64>>,
    embeddings: Vec<Vec<f64>>,
    psi: Vec<Vec<f64>>,
    phi: Vec<f64>,
    score: Vec<f64>,
}

#[test]
fn slices_measure_like_the_reference_in_both_precisions() {
    for case in load::<MeasureCase>(include_str!("golden/measure.json")) {
        let check = |scores: Scores<f64>, tolerance: f64| {
            assert_eq!(scores.score.len(), case.n);
            assert_near(&scores.score, &case.score, tolerance, "score");
            assert_near(&scores.complementarity, &case.phi, tolerance, "phi");
            for (psi, expected) in scores.confidence.iter().zip(&case.psi) {
                assert_near(psi, expected, tolerance, "psi");
            }
        };
        let modalities: Vec<Modality<'_, f64>> = case
            .logits
            .iter()
            .zip(&case.embeddings)
            .map(|(logits, embeddings)| Modality { logits, embeddings, present: None })
            .collect();
        check(measure(&case.labels, case.classes, &modalities, Terms::Both).unwrap(), 1e-10);

        let narrow = |rows: &[Vec<f64>]| -> Vec<Vec<f32>> {
            rows.iter().map(|row| row.iter().map(|&x| x as f32).collect()).collect()
        };
        let wide = |row: Vec<f32>| row.into_iter().map(f64::from).collect::<Vec<_>>();
        let (logits, embeddings) = (narrow(&case.logits), narrow(&case.embeddings));
        let modalities: Vec<Modality<'_>> = logits
            .iter()
            .zip(&embeddings)
            .map(|(logits, embeddings)| Modality { logits, embeddings, present: None })
            .collect();
        let scores = measure(&case.labels, case.classes, &modalities, Terms::Both).unwrap();
        let (score, complementarity) = (wide(scores.score), wide(scores.complementarity));
        let confidence = scores.confidence.into_iter().map(wide).collect();
        check(Scores { score, confidence, complementarity }, 1e-5);
    }
}

#[cfg(feature = "tch")]
#[test]
fn tensors_measure_like_the_reference_in_both_precisions() {
    use tch::{Kind, Tensor};
    for case in load::<MeasureCase>(include_str!("golden/measure.json")) {
        for (kind, tolerance) in [(Kind::Double, 1e-10), (Kind::Float, 1e-5)] {
            let tensors = |rows: &[Vec<f64>]| -> Vec<Tensor> {
                rows.iter().map(|row| Tensor::from_slice(row).view([case.n as i64, -1]).to_kind(kind)).collect()
            };
            let mut measurer = MultimodalMeasurer::new(&case.labels).unwrap();
            let all = Tensor::arange(case.n as i64, (Kind::Int64, tch::Device::Cpu));
            measurer.observe(&all, &tensors(&case.logits), &tensors(&case.embeddings)).unwrap();
            let scores = measurer.finish_parts::<f64>().unwrap();
            assert_near(&scores.score, &case.score, tolerance, "score");
            assert_near(&scores.complementarity, &case.phi, tolerance, "phi");
            for (psi, expected) in scores.confidence.iter().zip(&case.psi) {
                assert_near(psi, expected, tolerance, "psi");
            }
        }
    }
}

#[derive(Deserialize)]
struct ScheduleCase {
    counts_by_rank: Vec<usize>,
    gamma: f64,
    epochs: usize,
    law: String,
    alpha: Option<f64>,
    zipf: f64,
    rows: Vec<ScheduleRow>,
}

#[derive(Deserialize)]
struct ScheduleRow {
    t: usize,
    size: usize,
    q: Vec<f64>,
    quotas: Vec<usize>,
    truncate: Vec<usize>,
    repeat: Vec<usize>,
}

#[test]
fn quotas_are_those_of_the_reference() {
    for case in load::<ScheduleCase>(include_str!("golden/schedule.json")) {
        let labels: Vec<usize> =
            case.counts_by_rank.iter().enumerate().flat_map(|(label, &n)| vec![label; n]).collect();
        let classes = ClassIndex::new(&labels).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
        let alpha = classes.hill_exponent() / case.gamma;
        assert!(case.alpha.map_or(alpha.is_infinite(), |expected| near(alpha, expected)));
        // of equal counts the reference is 0 but for rounding
        let zipf = classes.zipf_exponent();
        assert!(near(zipf, case.zipf) || (zipf == 0.0 && case.zipf < 1e-15), "{zipf} is not {}", case.zipf);
        for row in &case.rows {
            let sampler = |overflow| {
                let (gamma, epochs, law) = (case.gamma, case.epochs, target_law(&case.law));
                PowerLawScheduler::new(&labels, PowerLaw { epochs, gamma, law, overflow, ..Default::default() })
                    .unwrap()
            };
            let epoch = row.t - 1;
            let redistribute = sampler(Overflow::Redistribute);
            assert_near(&redistribute.report(epoch).unwrap().target.shares, &row.q, 1e-9, "q");
            assert_eq!(redistribute.epoch_len(epoch).unwrap(), row.size);
            assert_eq!(redistribute.quotas(epoch).unwrap(), row.quotas);
            assert_eq!(sampler(Overflow::Truncate).quotas(epoch).unwrap(), row.truncate);
            assert_eq!(sampler(Overflow::Repeat).quotas(epoch).unwrap(), row.repeat);
        }
    }
}

#[derive(Deserialize)]
struct OrderFile {
    lists: Vec<ListCase>,
}

#[derive(Deserialize)]
struct ListCase {
    labels: Vec<u32>,
    scores: Option<Vec<f32>>,
    epochs: usize,
    gamma: f64,
    seed: u64,
    pick: String,
    indices: Vec<Vec<u32>>,
}

/// The quotas of a power law under any pick: `PowerLaw` itself refuses to draw with replacement.
struct AnyPick(PowerLaw, Pick);

impl Schedule for AnyPick {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        // the reference draws as the last epoch of the curriculum does, also after it
        Ok(self.0.plan(epoch.min(self.0.epochs - 1), classes)?.pick(self.1))
    }
    fn describe(&self) -> Description {
        self.0.describe()
    }
}

#[test]
fn index_lists_are_those_of_the_reference() {
    let file: OrderFile = serde_json::from_str(include_str!("golden/order.json")).unwrap();
    for case in file.lists {
        let schedule = PowerLaw { epochs: case.epochs, gamma: case.gamma, ..Default::default() };
        let mut sampler = Curriculum::new(&case.labels, AnyPick(schedule, pick(&case.pick))).unwrap().seed(case.seed);
        if let Some(scores) = &case.scores {
            sampler.update(0, scores).unwrap();
        }
        for (epoch, expected) in case.indices.iter().enumerate() {
            assert_eq!(sampler.epoch(epoch).unwrap().indices(), expected, "{}, epoch {epoch}", case.pick);
        }
    }
}

#[test]
fn the_public_schedules_give_the_same_lists() {
    let file: OrderFile = serde_json::from_str(include_str!("golden/order.json")).unwrap();
    for case in file.lists.into_iter().filter(|case| case.pick != "with_replacement") {
        let schedule =
            PowerLaw { epochs: case.epochs, gamma: case.gamma, pick: pick(&case.pick), ..Default::default() };
        let mut sampler = PowerLawScheduler::new(&case.labels, schedule).unwrap().seed(case.seed);
        if let Some(scores) = &case.scores {
            sampler.update(3, scores).unwrap(); // at whatever epoch: the latest scores count
        }
        for (epoch, expected) in case.indices.iter().enumerate() {
            assert_eq!(sampler.epoch(epoch).unwrap().indices(), expected);
        }
    }
}

#[derive(Deserialize)]
struct PacingCase {
    name: String,
    epochs: usize,
    c0: f64,
    fractions: std::collections::BTreeMap<String, f64>,
}

#[test]
fn class_blind_schedules_keep_the_pace_of_the_reference() {
    let classes = ClassIndex::new(&[0; 1000]).unwrap();
    for case in load::<PacingCase>(include_str!("golden/pacing.json")) {
        let (epochs, start) = (case.epochs, case.c0);
        let schedule: Box<dyn Schedule> = match case.name.as_str() {
            "linear" => Box::new(Linear { epochs, start, ..Default::default() }),
            "root" => Box::new(Root { epochs, start, ..Default::default() }),
            "geometric" => Box::new(Geometric { epochs, start, ..Default::default() }),
            name => panic!("{name}"),
        };
        for (t, &fraction) in &case.fractions {
            let epoch = t.parse::<usize>().unwrap() - 1;
            let plan = schedule.plan(epoch, &classes).unwrap();
            assert_near(&[plan.target.unwrap().progress.unwrap()], &[fraction], 1e-12, &case.name);
            assert_eq!(plan.quota, Quota::Window(0..(fraction * 1000.0 + 1e-9) as usize));
        }
    }
}

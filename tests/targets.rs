//! Promise: several labels, sites, groups and splits agree with the reference (`golden/targets.json`, seed 2025).
//! Targets with one label for each sample give the same lists as labels.

use climd::schedule::Description;
use climd::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    targets: Vec<Case>,
    weighted: Vec<f32>,
    bins: Vec<i64>,
}

#[derive(Deserialize)]
struct Case {
    rows: Vec<Vec<u32>>,
    groups: Vec<i64>,
    sites: Option<Vec<i64>>,
    within: String,
    cap: Option<usize>,
    scores: Vec<f32>,
    own: Vec<i64>,
    classes: Vec<i64>,
    counts: Vec<usize>,
    epochs: Vec<Lists>,
    split: Vec<u8>,
}

#[derive(Deserialize)]
struct Lists {
    quotas: Vec<usize>,
    log_odds: Vec<f64>,
    highest: Vec<u32>,
    lowest: Vec<u32>,
    fixed_random: Vec<u32>,
    redraw: Vec<u32>,
    with_replacement: Vec<u32>,
}

fn golden() -> File {
    serde_json::from_str(include_str!("golden/targets.json")).unwrap()
}

/// Compressed rows.
fn compressed(rows: &[Vec<u32>]) -> (Vec<usize>, Vec<u32>) {
    let ends = rows.iter().scan(0, |end, row| {
        *end += row.len();
        Some(*end)
    });
    (std::iter::once(0).chain(ends).collect(), rows.concat())
}

impl Case {
    fn labels(&self) -> Targets {
        let (starts, labels) = compressed(&self.rows);
        Targets::multi_label(&starts, &labels, self.epochs[0].log_odds.len()).unwrap()
    }

    fn targets(&self) -> Targets {
        let mut targets = self.labels();
        if let Some(sites) = &self.sites {
            let within = if self.within == "balanced" { Within::Balanced } else { Within::Proportional };
            targets = targets.sites(sites, within).unwrap();
        }
        match self.cap {
            Some(cap) => targets.groups(&self.groups, cap).unwrap(),
            None => targets,
        }
    }
}

/// The quotas of a power law under any pick: `PowerLaw` itself refuses to draw with replacement.
struct AnyPick(PowerLaw, Pick);

impl Schedule for AnyPick {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        Ok(self.0.plan(epoch, classes)?.pick(self.1))
    }
    fn describe(&self) -> Description {
        self.0.describe()
    }
}

#[test]
fn own_labels_and_splits_are_those_of_the_reference() {
    for case in golden().targets {
        let targets = case.labels();
        assert_eq!(targets.own_labels(), case.own);
        assert_eq!(split(&targets, &case.groups, &[3, 1, 1], 2025).unwrap(), case.split);
    }
}

#[test]
fn weighted_scores_and_bins_are_those_of_the_reference() {
    let file = golden();
    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let scores = weighted_scores(&[1.0, 2.0, 0.5, 4.0], 42, 3).unwrap();
    assert_eq!(bits(&scores), bits(&file.weighted));
    assert_eq!(quantile_bins(&[5.0, 1.0, 1.0, 9.0, 1.0, 2.0], 3).unwrap(), file.bins);
}

#[test]
fn lists_of_several_labels_sites_and_groups_are_those_of_the_reference_under_any_number_of_threads() {
    for (number, case) in golden().targets.iter().enumerate() {
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| check(number, case));
        }
    }
}

fn check(number: usize, case: &Case) {
    let law = PowerLaw { epochs: 5, ..Default::default() };
    for pick in [Pick::Highest, Pick::Lowest, Pick::FixedRandom, Pick::Redraw, Pick::WithReplacement] {
        let schedule = AnyPick(law.clone(), pick);
        let mut sampler = Curriculum::with_targets(case.targets(), schedule).unwrap().seed(42);
        let classes = sampler.classes();
        assert_eq!(classes.counts(), case.counts);
        assert_eq!((0..classes.num_classes()).map(|class| classes.label(class)).collect::<Vec<_>>(), case.classes);
        sampler.update(0, &case.scores).unwrap();
        for (epoch, lists) in case.epochs.iter().enumerate() {
            let what = format!("case {number}, {pick:?}, epoch {epoch}");
            let expected = match pick {
                Pick::Highest => &lists.highest,
                Pick::Lowest => &lists.lowest,
                Pick::FixedRandom => &lists.fixed_random,
                Pick::Redraw => &lists.redraw,
                _ => &lists.with_replacement,
            };
            assert_eq!(sampler.quotas(epoch).unwrap(), lists.quotas, "{what}");
            let found = sampler.epoch(epoch).unwrap();
            assert_eq!(found.indices(), expected, "{what}");
            assert_eq!(sampler.epoch_len(epoch).unwrap(), expected.len(), "{what}");
            if pick == Pick::Highest {
                for (found, expected) in found.log_odds().unwrap().iter().zip(&lists.log_odds) {
                    assert!((f64::from(*found) - expected).abs() < 1e-6, "{what}");
                }
            }
        }
    }
}

#[test]
fn one_label_a_sample_gives_the_same_lists_reports_and_states_however_it_is_said() {
    let labels = [3u32, 0, 0, 1, 1, 0, 3, 0, 2, 0, 1, 0];
    let starts: Vec<usize> = (0..=labels.len()).collect();
    let schedule = || PowerLaw { epochs: 4, ..Default::default() };
    let scores: Vec<f32> = (0..12).map(|i| (i * 5 % 7) as f32).collect();
    let mut today = PowerLawScheduler::new(&labels, schedule()).unwrap().seed(3);
    let mut single = Curriculum::with_targets(Targets::single(&labels).unwrap(), schedule()).unwrap().seed(3);
    let rows = Targets::multi_label(&starts, &labels, 4).unwrap();
    let mut rows = Curriculum::with_targets(rows, schedule()).unwrap().seed(3);
    for sampler in [&mut today, &mut single, &mut rows] {
        sampler.update(1, &scores).unwrap();
    }
    for epoch in 0..6 {
        let expected = today.epoch(epoch).unwrap();
        assert_eq!(single.epoch(epoch).unwrap().indices(), expected.indices());
        assert_eq!(rows.epoch(epoch).unwrap().indices(), expected.indices());
        assert_eq!(single.report(epoch).unwrap(), today.report(epoch).unwrap());
        assert_eq!(single.state(epoch.into()).unwrap(), today.state(epoch.into()).unwrap());
        assert!(single.clone().restore(&today.state(epoch.into()).unwrap()).is_ok());
        // each column's counts are its class's
        let counts = rows.epoch(epoch).unwrap().label_counts().unwrap().to_vec();
        let prior = expected.log_prior(4).unwrap();
        for (count, prior) in counts.iter().zip(prior) {
            let share = (*count as f32).max(0.5) / expected.len() as f32;
            assert!((share.ln() - prior).abs() < 1e-6);
        }
    }
}

//! The rows of the tables that the paper does not have.

use climd::PowerLaw;
use climd::schedule::{ClassBalanced, HardMajority, ProgressivelyBalanced, Switch, Trim, Uniform};

use super::methods::{PRIOR, climd, corrected, random_order, with_loss, with_prior, with_schedule};
use super::rows::{Rows, TableRow, own};
use climd_networks::config::{Method, ScheduleConfig, Scoring};
use climd_networks::criterion::Loss;
use climd_networks::redrawn::Redrawn;

pub(super) fn beyond(epochs: usize) -> Vec<TableRow> {
    let half = epochs.div_ceil(2);
    let mut rows = Rows::start();
    rows.probes();
    rows.curriculum(0, "climd", "CLIMD", climd(epochs), None);
    rows.curriculum(0, "climd-random", "CLIMD, random order", random_order(epochs), None);
    rows.push(0, "prior", "prior correction", with_loss(PRIOR), None);
    rows.push(0, "prior-half", "prior correction, tau 1/2", with_loss(Loss::Prior { tau: 0.5 }), None);
    rows.push(0, "post-hoc", "post-hoc adjustment", with_loss(Loss::PostHoc { tau: 1.0 }), None);
    rows.curriculum(0, "climd-prior", "CLIMD + prior", corrected(climd(epochs)), None);
    rows.curriculum(0, "climd-half-prior", "CLIMD + prior, T = E/2", corrected(climd(half)), None);
    rows.push(0, "hard-majority-prior", "HardMajority + prior", with_prior(hard_majority(epochs)), None);
    let random = ScheduleConfig::RandomMajority(Redrawn(hard_majority(epochs)));
    rows.push(0, "hard-majority-random-prior", "HardMajority at random + prior", with_prior(random), None);
    let switch = Switch {
        at: half,
        before: PowerLaw { epochs: half, ..Default::default() },
        after: HardMajority { warm_up: 0, ..Default::default() },
    };
    rows.push(
        0,
        "climd-then-hard-prior",
        "CLIMD, then HardMajority, + prior",
        with_prior(ScheduleConfig::PowerLawThenHard(switch)),
        None,
    );
    rows.push(0, "trim-prior", "Trim + prior", with_prior(trim(0.1, epochs)), None);
    rows.push(0, "deferred", "deferred re-balancing", deferred(epochs), None);
    for (reversed, arm, name) in [
        (false, "progressively-balanced", "ProgressivelyBalanced"),
        (true, "progressively-balanced-reversed", "ProgressivelyBalanced, reversed"),
    ] {
        let schedule = ProgressivelyBalanced { epochs, reversed };
        rows.push(0, arm, name, with_schedule(schedule), None);
    }
    rows.0
}

/// Arms that the advice rests on.
pub(super) const ADVICE: [&str; 11] = [
    "plain",
    "climd",
    "climd-random",
    "prior",
    "prior-half",
    "post-hoc",
    "climd-half-prior",
    "hard-majority-prior",
    "hard-majority-random-prior",
    "trim-prior",
    "deferred",
];

/// Chosen before any split was evaluated.
pub(super) fn advice(epochs: usize) -> Vec<TableRow> {
    let wanted = |row: &TableRow| ADVICE.iter().any(|arm| row.row.id == own(arm));
    beyond(epochs).into_iter().filter(wanted).collect()
}

/// Chosen before its splits were evaluated.
pub(super) fn label_noise(epochs: usize) -> Vec<TableRow> {
    const HALF: Loss = Loss::Prior { tau: 0.5 };
    let trimmed = |drop, loss| Method { loss, ..with_schedule(trim(drop, epochs)) };
    let mut rows = Rows::start();
    rows.push(0, "prior", "prior correction", with_loss(PRIOR), None);
    rows.push(0, "prior-half", "prior correction, tau 1/2", with_loss(HALF), None);
    rows.push(0, "trim-prior", "Trim + prior", trimmed(0.1, PRIOR), None);
    let random = ScheduleConfig::RandomTrim(Redrawn(trim(0.1, epochs)));
    rows.push(0, "trim-random-prior", "Trim at random + prior", with_prior(random), None);
    rows.push(0, "trim20-prior", "Trim 20 % + prior", trimmed(0.2, PRIOR), None);
    rows.push(0, "trim-prior-half", "Trim + prior, tau 1/2", trimmed(0.1, HALF), None);
    rows.0
}

/// Chosen before its splits were evaluated, but for the curriculum that is measured once.
pub(super) fn observe(epochs: usize) -> Vec<TableRow> {
    let scored = |measure_every, factor| {
        let scoring = Scoring { measure_every, factor };
        Method { scoring: Some(scoring), ..climd(epochs) }
    };
    let mut rows = Rows::start();
    rows.push(0, "climd", "CLIMD", climd(epochs), None);
    for (arm, name, method) in [
        ("climd-observed", "CLIMD observed, measured in every 10th epoch", scored(Some(10), Some(1.0))),
        (
            "climd-observed-half",
            "CLIMD observed, mean of factor 1/2, measured in every 10th epoch",
            scored(Some(10), Some(0.5)),
        ),
        ("climd-observed-once", "CLIMD observed, measured once", scored(Some(0), Some(1.0))),
        ("climd-observed-never", "CLIMD observed, never measured", scored(None, Some(1.0))),
        ("climd-every-10", "CLIMD measured in every 10th epoch", scored(Some(10), None)),
        ("climd-once", "CLIMD measured once", scored(Some(0), None)),
    ] {
        rows.push(0, arm, name, method, None);
    }
    rows.push(0, "climd-random", "CLIMD, random order", random_order(epochs), None);
    rows.0
}

fn deferred(epochs: usize) -> Method {
    let at = epochs * 4 / 5;
    with_schedule(ScheduleConfig::DeferredRebalancing(Switch { at, before: Uniform, after: ClassBalanced }))
}

fn hard_majority(epochs: usize) -> HardMajority {
    HardMajority { warm_up: epochs / 10, ..Default::default() }
}

fn trim(drop: f64, epochs: usize) -> Trim {
    Trim { drop, ramp: epochs / 5 }
}

//! Report of an epoch, as numbers that can be logged.

use super::Epoch;
use super::warning::Warning;
use crate::schedule::TargetDistribution;
use crate::targets::Population;
use crate::{ClassIndex, Plan, Quota};

/// What an epoch holds and why.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Report {
    /// The epoch, from 0.
    pub epoch: usize,
    /// Length of its list.
    pub len: usize,
    /// Number of different samples in it.
    pub distinct: usize,
    /// The distribution behind the quotas: exponent, progress, target share of each class.
    pub target: TargetDistribution,
    /// The epoch at whose beginning the scores that the sampler has were measured, also where this epoch needs no
    /// ranking. None if there are none: a random ranking takes their place.
    pub measured_at: Option<usize>,
    /// How old the scores in use are, if some were observed in training steps since the latest measurement.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub ages: Option<ScoreAges>,
    /// A line for each class, largest first.
    pub classes: Vec<ClassReport>,
    /// A line for each label, ascending; empty for one label a sample.
    #[cfg_attr(feature = "serde", serde(default))]
    pub labels: Vec<LabelReport>,
    /// The group that has most of the list; none without groups.
    #[cfg_attr(feature = "serde", serde(default))]
    pub largest_group: Option<GroupShare>,
    /// Warnings for the user.
    pub warnings: Vec<Warning>,
}

/// How old the scores of the samples are, where some were observed in training steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ScoreAges {
    /// The epoch of the newest score in use: that in which it was observed, or at whose beginning it was measured.
    pub newest: Option<usize>,
    /// Samples whose score is of the newest epoch.
    pub renewed: usize,
    /// The epoch of the oldest score in use.
    pub oldest: Option<usize>,
    /// Samples that have no score yet, and rank by the random stand-in.
    pub unseen: usize,
    /// Samples that were observed since, whose new score ranks from the next epoch on. They count in no other line.
    pub waiting: usize,
}

/// How an epoch holds one of several labels.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LabelReport {
    /// The label, a column.
    pub label: usize,
    /// Samples of the data that carry it.
    pub carried: usize,
    /// Samples of the list that carry it, copies counted.
    pub realised: usize,
    /// Number of samples in the list with this own label, the rarest label that they have. None if it is not the own
    /// label of any sample, and so comes only together with others.
    pub quota: Option<usize>,
    /// Share of the list that carries it, of those of which it is known, in `[0, 1]`.
    pub prevalence: f64,
    /// The same of the data.
    pub natural: f64,
}

/// A group and its part of an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct GroupShare {
    /// The group; of equal ones the smallest.
    pub group: i64,
    /// Its samples in the list, copies counted.
    pub samples: usize,
    /// Its share of the list, in `[0, 1]`.
    pub share: f64,
}

/// What an epoch holds of one class.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ClassReport {
    /// The label.
    pub label: i64,
    /// Number of samples in the data set. Under a cap, as many as an epoch can hold.
    pub count: usize,
    /// Number of samples in the epoch's list.
    pub quota: usize,
    /// Share of the list that the schedule aims at, in `[0, 1]`. None if the schedule ignores classes.
    pub target: Option<f64>,
    /// Scores of all samples of the class that have one. None if none has.
    pub scores: Option<ScoreRange>,
}

/// Smallest, mean and largest score of a class.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ScoreRange {
    /// Smallest score.
    pub min: f32,
    /// Mean score.
    pub mean: f32,
    /// Largest score.
    pub max: f32,
}

pub(super) fn report(epoch: &Epoch, population: &Population, plan: Plan, scores: Option<&[f32]>) -> Report {
    let classes = population.classes();
    let target = plan.target.unwrap_or_else(|| match plan.quota {
        Quota::Window(_) => TargetDistribution::default(),
        Quota::PerClass(quotas) => {
            TargetDistribution::new(quotas.iter().map(|&quota| quota as f64 / epoch.total as f64).collect())
        }
    });
    let mut times = vec![0u32; population.len()];
    epoch.indices.iter().for_each(|&sample| times[sample as usize] += 1);
    let largest = population.cells().and_then(|cells| cells.largest_group(&times));
    let lines: Vec<ClassReport> = (0..classes.num_classes())
        .map(|class| ClassReport {
            label: classes.label(class),
            count: classes.counts()[class],
            quota: epoch.counts[class],
            target: target.shares.get(class).copied(),
            scores: scores.and_then(|scores| score_range(classes.members(class), scores)),
        })
        .collect();
    Report {
        epoch: epoch.number,
        len: epoch.len(),
        distinct: times.iter().filter(|&&times| times > 0).count(),
        target,
        measured_at: None,
        ages: None,
        warnings: lines.iter().filter_map(|line| warn(line, epoch.len(), classes)).collect(),
        classes: lines,
        labels: labels(epoch, population),
        largest_group: largest.map(|(group, samples)| {
            let share = samples as f64 / epoch.len() as f64;
            GroupShare { group, samples, share }
        }),
    }
}

fn labels(epoch: &Epoch, population: &Population) -> Vec<LabelReport> {
    let (classes, natural) = (population.classes(), population.natural());
    let mut quotas = vec![None; natural.carried.len()];
    for (class, &quota) in epoch.counts.iter().enumerate() {
        // the classes of samples without labels are negative
        if let Some(slot) = usize::try_from(classes.label(class)).ok().and_then(|label| quotas.get_mut(label)) {
            *slot = Some(quota);
        }
    }
    let share = |carried: usize, unknown: Option<&usize>, len: usize| match len - unknown.copied().unwrap_or(0) {
        0 => 0.0,
        known => carried as f64 / known as f64,
    };
    let line = |(label, (&realised, quota)): (usize, (&usize, Option<usize>))| LabelReport {
        label,
        carried: natural.carried[label],
        realised,
        quota,
        prevalence: share(realised, epoch.labels.unknown.get(label), epoch.len()),
        natural: share(natural.carried[label], natural.unknown.get(label), population.len()),
    };
    epoch.labels.carried.iter().zip(quotas).enumerate().map(line).collect()
}

fn score_range(members: &[u32], scores: &[f32]) -> Option<ScoreRange> {
    let of_class = || members.iter().map(|&sample| scores[sample as usize]).filter(|score| !score.is_nan());
    let known = of_class().count();
    (known > 0).then(|| ScoreRange {
        min: of_class().fold(f32::INFINITY, f32::min),
        mean: (of_class().map(f64::from).sum::<f64>() / known as f64) as f32,
        max: of_class().fold(f32::NEG_INFINITY, f32::max),
    })
}

fn warn(class: &ClassReport, len: usize, classes: &ClassIndex) -> Option<Warning> {
    let (label, n, c) = (class.label, classes.num_samples(), classes.num_classes());
    if class.quota == 0 {
        return Some(Warning::Empty { label });
    }
    // Integers, so that an equal share is no overshoot.
    let large = class.count as u128 * c as u128 > n as u128;
    let overshoots = class.quota as u128 * n as u128 > class.count as u128 * len as u128;
    let (share, natural) = (class.quota as f64 / len as f64, class.count as f64 / n as f64);
    (large && overshoots).then_some(Warning::Overshoot { label, share, natural })
}

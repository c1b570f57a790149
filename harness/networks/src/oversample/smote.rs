//! SMOTE (Chawla et al. 2002) over the concatenated modalities.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::{Error, Result, lacking};
use climd_data::Part;

/// Makes a synthetic sample between a real sample and one of its nearest neighbours in the class, both drawn uniformly.
///
/// All modalities share the real sample, the neighbour and the position between them, so that the result is one
/// synthetic patient. A class with a single sample has no neighbours, and is filled with copies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Smote {
    /// Number of neighbours, at least 1. A smaller class uses all its other samples. Default 5.
    pub neighbours: usize,
    /// Whether every column draws its own position, as in the 2002 pseudo-code. Default false.
    pub per_attribute: bool,
    /// Whether a modality's part of a distance is divided by its width. Default false.
    pub balanced_distance: bool,
}

impl Default for Smote {
    fn default() -> Self {
        Self { neighbours: 5, per_attribute: false, balanced_distance: false }
    }
}

impl Smote {
    pub(super) fn check(&self) -> Result<()> {
        if self.neighbours == 0 { Err(Error::Neighbours) } else { Ok(()) }
    }

    pub(super) fn extend(&self, part: &mut Part, seed: u64) {
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x53_4d4f_5445);
        let n = part.labels.len();
        let widths: Vec<usize> = part.values.iter().map(|values| values.len() / n).collect();
        for (label, members, lacks) in lacking(part) {
            if lacks == 0 {
                continue;
            }
            let neighbours = self.nearest(part, &widths, &members);
            for _ in 0..lacks {
                let base = below(&mut random, members.len());
                let others = &neighbours[base];
                let other = if others.is_empty() { base } else { others[below(&mut random, others.len())] };
                let (base, other) = (members[base], members[other]);
                let mut position = unit(&mut random);
                for (values, &width) in part.values.iter_mut().zip(&widths) {
                    for column in 0..width {
                        let (a, b) = (values[base * width + column], values[other * width + column]);
                        values.push(between(a, b, position));
                        if self.per_attribute {
                            position = unit(&mut random);
                        }
                    }
                }
                part.labels.push(label);
                part.rows.push(part.rows[base]);
            }
        }
    }

    /// For each member, the positions in `members` of its nearest neighbours; ties to the smaller. Distances are f64.
    fn nearest(&self, part: &Part, widths: &[usize], members: &[usize]) -> Vec<Vec<usize>> {
        let n = members.len();
        let mut distances = vec![0.0; n * n];
        for (values, &width) in part.values.iter().zip(widths) {
            let weight = if self.balanced_distance { 1.0 / width as f64 } else { 1.0 };
            let row = |at: usize| &values[members[at] * width..][..width];
            for i in 0..n {
                for j in 0..i {
                    let squares = row(i).iter().zip(row(j)).map(|(a, b)| f64::from(a - b).powi(2));
                    let distance = weight * squares.sum::<f64>();
                    distances[i * n + j] += distance;
                    distances[j * n + i] += distance;
                }
            }
        }
        let of_member = |i: usize| {
            let mut others: Vec<usize> = (0..n).filter(|&j| j != i).collect();
            // stable: ties to the smaller
            others.sort_by(|&a, &b| distances[i * n + a].total_cmp(&distances[i * n + b]));
            others.truncate(self.neighbours);
            others
        };
        (0..n).map(of_member).collect()
    }
}

/// The value at `position` between `a` and `b`, in f32. Never beyond `b`: [`unit`] stays far enough below 1.
fn between(a: f32, b: f32, position: f32) -> f32 {
    a + position * (b - a)
}

/// A number in `0..bound`. A class is small, so the bias of the multiplication is below 2^-40.
fn below(random: &mut impl Rng, bound: usize) -> usize {
    ((u128::from(random.next_u64()) * bound as u128) >> 64) as usize
}

/// A number in `[0, 1)`, in steps of 2^-24, which f32 holds exactly.
fn unit(random: &mut impl Rng) -> f32 {
    (random.next_u32() >> 8) as f32 / (1 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::super::tests::{part, sizes};
    use super::*;
    use crate::oversample::Oversampler;

    fn apply(smote: Smote, seed: u64) -> Part {
        Oversampler::Smote(smote).apply(&part(), seed).unwrap()
    }

    /// Values of a sample over both modalities.
    fn row(part: &Part, at: usize) -> Vec<f32> {
        [&part.values[0][at * 3..][..3], &part.values[1][at * 2..][..2]].concat()
    }

    #[test]
    fn every_class_that_occurs_gets_as_large_as_the_largest_and_real_samples_stay() {
        let (before, after) = (part(), apply(Smote::default(), 1));
        assert_eq!(sizes(&after), [12, 0, 12, 12]);
        assert_eq!((&after.labels[..18], &after.rows[..18]), (&before.labels[..], &before.rows[..]));
        assert!((0..18).all(|at| row(&after, at) == row(&before, at)));
        assert_eq!(after.rows.len(), after.labels.len());
        assert_eq!(after.values[0].len(), 36 * 3);
    }

    #[test]
    fn a_sample_lies_between_its_parents_at_one_position_in_all_modalities() {
        let (real, after) = (part(), apply(Smote::default(), 1));
        for at in (0..36).filter(|&at| at >= 18 && after.labels[at] == 2) {
            let base = real.rows.iter().position(|&r| r == after.rows[at]).unwrap();
            let (x, a) = (row(&after, at), row(&real, base));
            let fits = |other: usize| {
                let b = row(&real, other);
                let positions: Vec<f32> = (0..5).map(|c| (x[c] - a[c]) / (b[c] - a[c])).collect();
                positions.iter().all(|u| (0.0..1.0).contains(u) && (u - positions[0]).abs() < 1e-4)
            };
            assert!((12..17).any(|other| other != base && fits(other)), "sample {at}");
        }
    }

    #[test]
    fn a_single_sample_is_copied() {
        let after = apply(Smote::default(), 1);
        assert!((18..36).filter(|&at| after.labels[at] == 3).all(|at| row(&after, at) == row(&part(), 17)));
    }

    /// Positions per attribute too: every value on its own.
    #[test]
    fn every_value_lies_between_those_of_the_parents() {
        let (one, many) = (apply(Smote::default(), 1), apply(Smote { per_attribute: true, ..Smote::default() }, 1));
        assert_ne!(one.values, many.values);
        for after in [one, many] {
            for at in (18..36).filter(|&at| after.labels[at] == 2) {
                let (x, real) = (row(&after, at), part());
                let a = row(&real, real.rows.iter().position(|&r| r == after.rows[at]).unwrap());
                let between = |other: usize| {
                    let b = row(&real, other);
                    (0..5).all(|c| a[c].min(b[c]) <= x[c] && x[c] <= a[c].max(b[c]))
                };
                assert!((12..17).any(between), "sample {at}");
            }
        }
    }

    #[test]
    fn rounding_leads_past_no_parent() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut value = || unit(&mut random) * 10f32.powi(-(below(&mut random, 8) as i32));
        for _ in 0..100_000 {
            let (a, b) = (value(), value());
            let last = between(a, b, 1.0 - f32::EPSILON / 2.0); // the largest that `unit` gives
            assert!(a.min(b) <= last && last <= a.max(b), "{a} {b} {last}");
        }
    }

    #[test]
    fn neighbours_are_the_nearest_of_the_class_ties_to_the_smaller() {
        let (real, members) = (part(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        let found = Smote::default().nearest(&real, &[3, 2], &members);
        for (i, found) in found.iter().enumerate() {
            let squared = |j: usize| -> f64 {
                let (a, b) = (row(&real, i), row(&real, j));
                a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
            };
            let worst = found.iter().map(|&j| squared(j)).fold(0.0, f64::max);
            assert_eq!(found.len(), 5);
            assert!(
                !found.contains(&i) && members.iter().all(|&j| j == i || found.contains(&j) || squared(j) >= worst)
            );
        }
        // equal distances go to the smaller numbers; in a class of three a sample has at most two neighbours
        let same = Part { rows: vec![0; 3], values: vec![vec![0.5; 3]], labels: vec![0; 3] };
        assert_eq!(Smote::default().nearest(&same, &[1], &[0, 1, 2]), [[1, 2], [0, 2], [0, 1]]);
        let nearest = Smote { neighbours: 1, ..Smote::default() };
        assert_eq!(nearest.nearest(&same, &[1], &[0, 1, 2]), [[1], [0], [0]]);
    }

    /// If a value here changes, every cached run with SMOTE changes: raise both of `config::VERSIONS`.
    #[test]
    fn samples_are_pinned() {
        let after = apply(Smote::default(), 1);
        assert_eq!(after.rows[18..24], [113, 112, 114, 115, 114, 113]);
        assert_eq!(row(&after, 18), [0.136_334_64, 0.931_181_1, 0.726_027_37, 0.520_873_8, 0.315_720_17]);
    }

    #[test]
    fn one_neighbour_is_the_nearest_and_a_balanced_distance_may_name_another() {
        // column 0 is a wide modality: three columns of difference 0.2 against one column of 0.3
        let values = vec![vec![0.0, 0.0, 0.0, 0.2, 0.2, 0.2, 0.0, 0.0, 0.0], vec![0.0, 0.0, 0.3]];
        let part = Part { rows: vec![0, 1, 2], values, labels: vec![0; 3] };
        let nearest = |balanced_distance| {
            let smote = Smote { neighbours: 1, balanced_distance, ..Smote::default() };
            smote.nearest(&part, &[3, 1], &[0, 1, 2])[0].clone()
        };
        assert_eq!((nearest(false), nearest(true)), (vec![2], vec![1]));
    }

    #[test]
    fn a_seed_gives_the_same_samples_and_another_seed_others() {
        assert_eq!(apply(Smote::default(), 1), apply(Smote::default(), 1));
        assert_ne!(apply(Smote::default(), 1), apply(Smote::default(), 2));
        assert!(Oversampler::Smote(Smote { neighbours: 0, ..Smote::default() }).check().is_err());
    }
}

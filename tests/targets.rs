//! Promise: several labels, sites, groups and splits agree with the reference (`golden/targets.json`, seed 2025).

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
    own: Vec<i64>,
    split: Vec<u8>,
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
        let num_labels = labels.iter().max().map_or(1, |&label| label as usize + 1);
        Targets::multi_label(&starts, &labels, num_labels).unwrap()
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
    let scores = weighted_scores(&[1.0, 2.0, 0.5, 4.0], 42, 3).unwrap();
    assert_eq!(
        scores.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        file.weighted.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    );
    assert_eq!(quantile_bins(&[5.0, 1.0, 1.0, 9.0, 1.0, 2.0], 3).unwrap(), file.bins);
}

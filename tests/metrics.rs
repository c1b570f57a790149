//! Promise: the metrics agree with scikit-learn on the same predictions, also with zero divisions.
//!
//! `golden/metrics.json` comes from `golden/metrics.py` with scikit-learn 1.9.1.

use climd::error::ArgumentError;
use climd::{ConfusionMatrix, Error};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    labels: Vec<i64>,
    predictions: Vec<i64>,
    classes: Vec<i64>,
    confusion: Vec<Vec<usize>>,
    accuracy: f64,
    balanced_accuracy: f64,
    f1: Vec<f64>,
    macro_f1: f64,
    weighted_f1: f64,
    recall: Vec<f64>,
}

#[test]
fn metrics_are_those_of_scikit_learn() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/metrics.json")).unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let found = ConfusionMatrix::new(&case.labels, &case.predictions).unwrap();
        assert_eq!(found.labels(), case.classes, "{}", case.name);
        assert_eq!(found.counts(), case.confusion, "{}", case.name);
        let pairs = [
            (vec![found.accuracy()], vec![case.accuracy], "accuracy"),
            (vec![found.balanced_accuracy()], vec![case.balanced_accuracy], "balanced accuracy"),
            (vec![found.macro_f1()], vec![case.macro_f1], "macro F1"),
            (vec![found.weighted_f1()], vec![case.weighted_f1], "weighted F1"),
            (found.f1(), case.f1, "F1"),
            (found.recall(), case.recall, "recall"),
        ];
        for (found, expected, what) in pairs {
            let near = found.len() == expected.len() && found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(near, "{what} of `{}`: {found:?} is not {expected:?}", case.name);
        }
    }
}

#[test]
fn the_worked_example_has_the_published_values() {
    let metrics = ConfusionMatrix::new(&[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 1, 0]).unwrap();
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 5e-7, "{found} is not {expected}");
    near(metrics.accuracy(), 0.666667);
    near(metrics.weighted_f1(), 0.6);
    near(metrics.macro_f1(), 0.488889);
    for (found, expected) in metrics.f1().into_iter().zip([2.0 / 3.0, 0.8, 0.0]) {
        near(found, expected);
    }
}

#[test]
fn nothing_to_compare_is_refused() {
    assert_eq!(
        ConfusionMatrix::new::<i64, i64>(&[], &[]).unwrap_err(),
        Error::Argument(ArgumentError::Empty { argument: "labels" })
    );
    assert_eq!(
        ConfusionMatrix::new(&[1, 2], &[1]).unwrap_err().to_string(),
        "`predictions` has length 1, but must have length 2: one prediction for each label"
    );
}

#[test]
fn the_pairs_that_occur_are_the_counts_that_are_not_zero() {
    let metrics = ConfusionMatrix::new(&[5, 5, -2, 9, 5], &[5, 9, 5, 9, 9]).unwrap();
    assert_eq!(metrics.labels(), [-2, 5, 9]);
    assert_eq!(metrics.cells().collect::<Vec<_>>(), [(-2, 5, 1), (5, 5, 1), (5, 9, 2), (9, 9, 1)]);
    assert_eq!(metrics.counts(), [[0, 1, 0], [0, 1, 2], [0, 0, 1]]);
}

/// A dense table would have 200,000 by 200,000 counts of 8 bytes: 320 GB.
#[test]
fn many_labels_take_the_memory_of_their_samples() {
    let labels: Vec<i64> = (0..200_000).collect();
    let predictions: Vec<i64> = labels.iter().map(|label| label / 2 * 2).collect(); // half of them right
    let metrics = ConfusionMatrix::new(&labels, &predictions).unwrap();
    assert_eq!(metrics.cells().count(), 200_000);
    assert_eq!((metrics.accuracy(), metrics.balanced_accuracy()), (0.5, 0.5));
    assert!((metrics.macro_f1() - 1.0 / 3.0).abs() < 1e-12); // 2/3 of the even labels, 0 of the odd ones
    assert!((metrics.weighted_f1() - 1.0 / 3.0).abs() < 1e-12);
}

#[cfg(feature = "serde")]
mod files {
    use super::*;

    #[test]
    fn a_file_holds_the_labels_and_all_counts() {
        let metrics = ConfusionMatrix::new(&[5, 5, -2, 9, 5], &[5, 9, 5, 9, 9]).unwrap();
        let text = serde_json::to_string(&metrics).unwrap();
        assert_eq!(text, r#"{"labels":[-2,5,9],"counts":[[0,1,0],[0,1,2],[0,0,1]]}"#);
        assert_eq!(serde_json::from_str::<ConfusionMatrix>(&text).unwrap(), metrics);
        let many: Vec<i64> = (0..2_000).collect();
        let metrics = ConfusionMatrix::new(&many, &many).unwrap();
        let text = serde_json::to_string(&metrics).unwrap();
        assert_eq!(serde_json::from_str::<ConfusionMatrix>(&text).unwrap(), metrics);
    }

    #[test]
    fn what_is_no_confusion_matrix_is_refused_when_it_is_read() {
        let max = usize::MAX;
        let cases = [
            (r#"{"labels":[],"counts":[]}"#.into(), "`counts` has no sample"),
            (r#"{"labels":[1],"counts":[[0]]}"#.into(), "`counts` has no sample"),
            (r#"{"labels":[1,2],"counts":[[1,0]]}"#.into(), "`counts` has 1 rows, but must have 2, one a label"),
            (r#"{"labels":[1],"counts":[[1],[1]]}"#.into(), "`counts` has 2 rows, but must have 1, one a label"),
            (r#"{"labels":[1,2],"counts":[[1,0],[1]]}"#.into(), "`counts[1]` has 1 columns, but must have 2"),
            (r#"{"labels":[1,2],"counts":[[1,0],[1,2,3]]}"#.into(), "`counts[1]` has 3 columns, but must have 2"),
            (r#"{"labels":[2,1],"counts":[[1,0],[1,1]]}"#.into(), "must be ascending, but 2 is followed by 1"),
            (r#"{"labels":[1,1],"counts":[[1,0],[1,1]]}"#.into(), "must be ascending, but 1 is followed by 1"),
            (r#"{"labels":[1],"counts":[[-1]]}"#.into(), "invalid value: integer `-1`"),
            (format!(r#"{{"labels":[1,2],"counts":[[{max},1],[0,0]]}}"#), "more samples than can be counted"),
            (format!(r#"{{"labels":[1],"counts":[[{max}]]}}"#), "more samples than can be counted"),
        ];
        for (text, expected) in cases {
            let error = serde_json::from_str::<ConfusionMatrix>(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}

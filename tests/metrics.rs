//! Promise: the metrics are scikit-learn's on the same predictions, zero divisions included.
//!
//! `golden/metrics.json` comes from `golden/metrics.py` with scikit-learn 1.9.1.

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
    assert_eq!(ConfusionMatrix::new(&[], &[]).unwrap_err(), Error::Empty { argument: "labels" });
    assert_eq!(
        ConfusionMatrix::new(&[1, 2], &[1]).unwrap_err().to_string(),
        "`predictions` has length 1, but must have length 2: one prediction for each label"
    );
}

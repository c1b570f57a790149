//! Promise: metrics of several labels agree with scikit-learn on the same scores, also with ties, unknown entries and
//! zero divisions.
//!
//! `golden/label_metrics.json` comes from `golden/label_metrics.py` with scikit-learn 1.9.1.

use climd::LabelMetrics;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    num_labels: usize,
    targets: Vec<i8>,
    scores: Vec<f32>,
    average_precision: Vec<f64>,
    mean_average_precision: f64,
    auc: Vec<Option<f64>>,
    f1: Vec<f64>,
    macro_f1: f64,
    micro_f1: f64,
    tuned_f1: Vec<f64>,
}

#[test]
fn metrics_of_several_labels_are_those_of_scikit_learn() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/label_metrics.json")).unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let found = LabelMetrics::new(&case.targets, &case.scores, case.num_labels).unwrap();
        let half = vec![0.5; case.num_labels];
        let auc: Vec<f64> = case.auc.iter().map(|auc| auc.unwrap_or(f64::NAN)).collect();
        let defined: Vec<f64> = case.auc.iter().flatten().copied().collect();
        let mean_auc = defined.iter().sum::<f64>() / defined.len() as f64;
        let pairs = [
            (found.average_precision(), case.average_precision, "average precision"),
            (vec![found.mean_average_precision()], vec![case.mean_average_precision], "mean average precision"),
            (found.auc(), auc, "AUC"),
            (vec![found.mean_auc()], vec![mean_auc], "mean AUC"),
            (found.f1(&half).unwrap(), case.f1, "F1"),
            (vec![found.macro_f1(&half).unwrap()], vec![case.macro_f1], "macro F1"),
            (vec![found.micro_f1(&half).unwrap()], vec![case.micro_f1], "micro F1"),
            (found.f1(&found.tuned_thresholds()).unwrap(), case.tuned_f1, "F1 at tuned thresholds"),
        ];
        for (found, expected, what) in pairs {
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12 || (a.is_nan() && b.is_nan());
            let near = found.len() == expected.len() && found.iter().zip(&expected).all(near);
            assert!(near, "{what} of `{}`: {found:?} is not {expected:?}", case.name);
        }
    }
}

#[test]
fn a_tuned_threshold_is_the_highest_of_equal_ones_and_infinite_where_nothing_can_be_found() {
    // F1 is 2/3 from 0.9 on and from 0.3 on
    let metrics = LabelMetrics::new(&[1, 0, 0, 1], &[0.9, 0.8, 0.7, 0.3], 1).unwrap();
    assert_eq!(metrics.tuned_thresholds(), [0.9]);
    assert_eq!(LabelMetrics::new(&[0, -1], &[0.9, 0.8], 1).unwrap().tuned_thresholds(), [f32::INFINITY]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let message = |targets: &[i8], scores: &[f32], num_labels| {
        LabelMetrics::new(targets, scores, num_labels).unwrap_err().to_string()
    };
    assert_eq!(message(&[], &[], 2), "`targets` is empty, but at least one is needed");
    for (targets, scores) in [(&[1, 0][..], &[0.5, 0.5][..]), (&[7], &[]), (&[], &[])] {
        assert_eq!(message(targets, scores, 0), "`num_labels` is 0, but must be at least 1");
    }
    assert_eq!(
        message(&[1, 0], &[0.5, 0.5], usize::MAX),
        format!(
            "`targets` has length 2, but must have length {}: whole rows of `num_labels` values, at least 1",
            usize::MAX
        )
    );
    assert_eq!(
        message(&[1, 0, 1], &[0.0; 3], 2),
        "`targets` has length 3, but must have length 4: whole rows of `num_labels` values, at least 1"
    );
    assert_eq!(message(&[1, 0], &[0.0], 2), "`scores` has length 1, but must have length 2: one score for each target");
    assert_eq!(
        message(&[1, 0, 1, 7], &[0.0; 4], 2),
        "sample 1 has 7 for label 1, but an entry is 1 (has it), 0 (has it not) or -1 (unknown): recode it"
    );
    assert!(message(&[1, 0], &[0.0, f32::NAN], 2).starts_with("`scores[1]` is NaN"));
    let metrics = LabelMetrics::new(&[1, 0], &[0.5, 0.5], 2).unwrap();
    assert_eq!(
        metrics.f1(&[0.5]).unwrap_err().to_string(),
        "`thresholds` has length 1, but must have length 2: one for each label"
    );
}

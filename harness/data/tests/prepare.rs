//! Promise: preparation is fitted on training rows alone, and agrees with scipy.

use climd_data::{Dataset, Fitted, Keep, Layout, Preparation, Prepared, Split, anova_f, stratified_split};

mod made;
use made::{synthetic, table};

/// Reference: scipy 1.17.1, `f_oneway(*[X[y == c, j] for c in range(3)]).statistic`.
#[test]
fn anova_f_matches_scipy() {
    let labels = [0, 0, 0, 1, 1, 2, 2];
    let values = [
        [1.0, 10.0, 0.5],
        [2.0, 12.0, 0.25],
        [4.0, 9.0, 0.125],
        [3.0, 11.0, 0.75],
        [7.0, 10.0, 0.5],
        [8.0, 10.5, 0.25],
        [6.0, 13.0, 1.0],
    ];
    let f = anova_f(&table(3, values.concat()), &[0, 1, 2, 3, 4, 5, 6], &labels);
    for (found, expected) in f.iter().zip([3.688311688311688, 0.6360373295046664, 0.9884169884169888]) {
        assert!((found - expected).abs() < 1e-12 * expected, "{found} {expected}");
    }
}

#[test]
fn constant_columns_have_f_0_and_perfect_ones_an_infinite_f() {
    let values = [[0.1, 5.0], [0.1, 5.0], [0.1, 7.1], [0.1, 7.1]].concat();
    assert_eq!(anova_f(&table(2, values), &[0, 1, 2, 3], &[0, 0, 1, 1]), [0.0, f64::INFINITY]);
    let single = anova_f(&table(1, vec![1.0, 2.0]), &[0, 1], &[0, 0]);
    assert_eq!(single, [0.0]);
}

#[test]
fn best_columns_stay_in_their_order_and_ties_go_to_the_smaller() {
    // columns: noise, constant, perfect, constant, good
    let rows =
        [[1.0, 2.0, 0.0, 9.0, 1.0], [3.0, 2.0, 0.0, 9.0, 2.0], [1.0, 2.0, 1.0, 9.0, 5.0], [2.0, 2.0, 1.0, 9.0, 6.0]];
    let dataset = Dataset { modalities: vec![table(5, rows.concat())], ..synthetic(&[2, 2], 3) };
    let chosen = |count| {
        let preparation = Preparation { keep: Keep::Top(vec![count]), scale: true };
        Fitted::new(&dataset, &[0, 1, 2, 3], &preparation).unwrap().modalities.remove(0)
    };
    assert_eq!(chosen(1).chosen, [2]);
    assert_eq!(chosen(2).chosen, [2, 4]);
    assert_eq!(chosen(3).chosen, [0, 2, 4]);
    assert_eq!(chosen(4).chosen, [0, 1, 2, 4]);
    assert_eq!(chosen(99).chosen, [0, 1, 2, 3, 4]);
    assert_eq!(chosen(2).columns, ["c2", "c4"]);
}

#[test]
fn scaling_uses_training_rows_and_does_not_clip() {
    let values = vec![0.0, 7.0, 4.0, 7.0, 2.0, 8.0, 6.0, 7.0];
    let dataset = Dataset { modalities: vec![table(2, values)], ..synthetic(&[2, 2], 3) };
    let split = Split { train: vec![0, 1], test: vec![2, 3] };
    let all = Preparation { keep: Keep::All, scale: true };
    let prepared = Prepared::fit(&dataset, &split, &all).unwrap();
    assert_eq!(prepared.train.values[0], [0.0, 0.0, 1.0, 0.0]);
    assert_eq!(prepared.test.values[0], [0.5, 0.0, 1.5, 0.0]); // constant in training: 0 everywhere
    assert_eq!((prepared.test.labels, prepared.test.rows), (vec![1, 1], vec![2, 3]));
    let unscaled = Prepared::fit(&dataset, &split, &Preparation { scale: false, ..all }).unwrap();
    assert_eq!(unscaled.test.values[0], [2.0, 8.0, 6.0, 7.0]);
}

#[test]
fn gaps_are_the_mean_of_the_training_rows() {
    let gap = f32::NAN;
    // the second column has a gap in training, the third no number in training
    let values = vec![0.0, 1.0, gap, 4.0, 4.0, gap, 2.0, gap, gap, gap, gap, 9.0, 8.0, 2.0, 5.0];
    let dataset = Dataset { modalities: vec![table(3, values)], ..synthetic(&[3, 2], 3) };
    let split = Split { train: vec![0, 1, 2], test: vec![3, 4] };
    let keep = Keep::All;
    let plain = Prepared::fit(&dataset, &split, &Preparation { keep: keep.clone(), scale: false }).unwrap();
    assert_eq!(plain.train.values[0], [0.0, 1.0, 0.0, 4.0, 4.0, 0.0, 2.0, 2.5, 0.0]);
    assert_eq!(plain.test.values[0], [2.0, 2.5, 9.0, 8.0, 2.0, 5.0]);
    let scaled = Prepared::fit(&dataset, &split, &Preparation { keep, scale: true }).unwrap();
    assert_eq!(scaled.train.values[0], [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.5, 0.5, 0.0]);
    assert_eq!(scaled.test.values[0][..3], [0.5, 0.5, 0.0]);

    // columns are ranked as if the means stood there, so a gap makes no column last
    let rows = [[1.0, 0.0], [2.0, gap], [1.0, 1.0], [2.0, 1.0]].concat();
    let dataset = Dataset { modalities: vec![table(2, rows)], ..synthetic(&[2, 2], 3) };
    let preparation = Preparation { keep: Keep::Top(vec![1]), scale: true };
    assert_eq!(Fitted::new(&dataset, &[0, 1, 2, 3], &preparation).unwrap().modalities[0].chosen, [1]);
}

#[test]
fn test_rows_change_nothing_that_was_fitted() {
    let dataset = synthetic(&[40, 20, 10], 30);
    let split = stratified_split(&dataset.labels, 0.3, 2).unwrap();
    let preparation = Preparation { keep: Keep::Top(vec![10, 5]), scale: true };
    let before = Prepared::fit(&dataset, &split, &preparation).unwrap();

    let mut poisoned = dataset.clone();
    for table in &mut poisoned.modalities {
        let width = table.columns.len();
        for &row in &split.test {
            table.values[row * width..][..width].iter_mut().for_each(|value| *value = 1000.0 - 50.0 * *value);
        }
    }
    split.test.iter().for_each(|&row| poisoned.labels[row] = 0);
    let after = Prepared::fit(&poisoned, &split, &preparation).unwrap();
    assert_eq!(before.fitted, after.fitted);
    assert_eq!(before.train, after.train);
    assert_ne!(before.test, after.test);
}

#[test]
fn defaults_follow_the_layout() {
    assert_eq!(Preparation::of(Layout::Brca), Preparation { keep: Keep::Top(vec![1000, 1000, 503]), scale: true });
    assert_eq!(Preparation::of(Layout::Mogonet), Preparation { keep: Keep::All, scale: true });
}

#[test]
fn preparations_that_do_not_fit_are_refused() {
    let dataset = synthetic(&[4, 4], 3);
    let fit = |train: &[usize], test: &[usize], keep: Keep| {
        let split = Split { train: train.to_vec(), test: test.to_vec() };
        Prepared::fit(&dataset, &split, &Preparation { keep, scale: true }).unwrap_err().to_string()
    };
    let outside = "is row 8, but there are 8 rows from 0: use a split of this data set";
    assert_eq!(fit(&[0, 8], &[], Keep::All), format!("`split.train[1]` {outside}"));
    assert_eq!(fit(&[0], &[8], Keep::All), format!("`split.test[0]` {outside}"));
    assert_eq!(
        fit(&[0, 5], &[5], Keep::All),
        "row 5 is in `split.train` and in `split.test`: a test row that trains is leakage, remove it from one"
    );
    assert_eq!(
        fit(&[0, 1], &[5], Keep::Top(vec![1, 1])),
        "`train` has samples of 1 class, but at least 2 are needed: use a stratified split"
    );
    assert_eq!(
        fit(&[], &[5], Keep::All),
        "`train` has samples of 0 classes, but at least 1 is needed: use a stratified split"
    );
    assert_eq!(
        fit(&[0, 5], &[1], Keep::Top(vec![1])),
        "`keep` names 1 modalities, but the data set has 2: give one number for each"
    );
    assert_eq!(
        fit(&[0, 5], &[1], Keep::Top(vec![1, 0])),
        "`keep[1]` is 0, but a modality needs at least one column: or leave it out of the folder"
    );
}

#[test]
fn what_was_fitted_is_refused_by_other_tables() {
    let all = Preparation { keep: Keep::All, scale: true };
    let fitted = Fitted::new(&synthetic(&[4, 4], 3), &[0, 5], &all).unwrap();
    assert_eq!(
        fitted.apply(&synthetic(&[4, 4], 4), &[0]).unwrap_err().to_string(),
        "`dataset` has columns [4, 4], but this was fitted on columns [3, 3]: \
         apply it to the data set that it was fitted on"
    );
}

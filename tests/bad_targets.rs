//! Promise: wrong labels, sites, groups, splits and bins are errors that name the argument, the place and what to do.

use climd::*;

fn message<T>(result: Result<T>) -> String {
    result.err().expect("an error").to_string()
}

fn two() -> Targets {
    Targets::multi_label(&[0, 1, 3], &[0, 0, 1], 2).unwrap()
}

#[test]
fn rows_that_do_not_ascend_or_end_elsewhere() {
    assert_eq!(message(Targets::multi_label(&[0], &[], 2)), "`starts` is empty, but at least one is needed");
    assert_eq!(
        message(Targets::multi_label(&[0, 2, 1, 3], &[0, 1, 0], 2)),
        "`starts[2]` is 1 for 3 labels: a row begins where the one before it ends, so starts never descend"
    );
    assert_eq!(
        message(Targets::multi_label(&[0, 1, 2], &[0, 1, 0], 2)),
        "`starts[2]` is 2 for 3 labels: the last start is the number of entries"
    );
    assert_eq!(
        message(Targets::multi_label(&[1, 3], &[0, 1, 0], 2)),
        "`starts[0]` is 1 for 3 labels: the first row begins at 0"
    );
    assert!(Targets::multi_label(&[0, usize::MAX], &[0], 2).is_err());
    assert!(message(two().unknown(&[0, 2, 1], &[1])).starts_with("`unknown starts[2]` is 1 for 1 labels"));
}

#[test]
fn a_label_past_the_columns() {
    assert_eq!(
        message(Targets::multi_label(&[0, 1, 1, 3], &[0, 1, 5], 2)),
        "`labels[2]` is 5, of sample 2, but there are columns 0 to 1: number the labels from 0, or raise `num_labels`"
    );
    assert!(message(Targets::multi_label(&[0, 0], &[], 0)).starts_with("`num_labels` is 0, but must be from 1"));
    assert!(Targets::multi_label(&[0, 0], &[], usize::MAX).is_err());
}

#[test]
fn lengths_that_differ() {
    assert_eq!(
        message(two().sites(&[1], Within::Balanced)),
        "`sites` has length 1, but must have length 2: one for each sample"
    );
    assert_eq!(message(two().groups(&[1; 3], 1)), "`groups` has length 3, but must have length 2: one for each sample");
    assert_eq!(
        message(two().unknown(&[0, 0], &[])),
        "`unknown starts` has length 2, but must have length 3: one for each sample, and the end"
    );
    assert_eq!(
        message(Targets::multi_hot(&[1, 0, 1], 2)),
        "`values` has length 3, but must have length 4: whole rows of `num_labels` values"
    );
    assert_eq!(message(Targets::multi_hot(&[], 2)), "`values` is empty, but at least one is needed");
    for values in [&[1][..], &[1, 7], &[]] {
        let expected = "`num_labels` is 0, but must be from 1 to 2147483647, as a label is a column";
        assert_eq!(message(Targets::multi_hot(values, 0)), expected);
    }
}

#[test]
fn a_table_entry_without_a_meaning() {
    assert_eq!(
        message(Targets::multi_hot(&[1, 0, 0, 2], 2)),
        "sample 1 has 2 for label 1, but an entry is 1 (has it), 0 (has it not) or -1 (unknown): recode it"
    );
}

#[test]
fn a_label_that_is_present_and_unknown() {
    assert_eq!(
        message(two().unknown(&[0, 1, 2], &[1, 1])),
        "sample 1 has label 1 and has it unknown: leave it out of one of the two"
    );
}

#[test]
fn a_cap_of_nothing_and_groups_beyond_64_bits() {
    assert_eq!(
        message(two().groups(&[1, 2], 0)),
        "`cap` is 0, but must be at least 1: an epoch that takes no sample of a group has none"
    );
    assert_eq!(
        message(two().groups(&[1, u64::MAX], 1)),
        "`groups[1]` does not fit into a 64-bit signed integer: number them anew"
    );
}

#[test]
fn parts_that_want_nothing_or_are_none() {
    let refused = |parts: &[u32]| message(split(&two(), &[1, 2], parts, 7));
    assert_eq!(refused(&[]), "`parts` is empty, but at least one is needed");
    assert_eq!(refused(&[7, 0, 2]), "`parts[1]` is 0, but a part has a weight of at least 1: leave it out");
    assert_eq!(refused(&[1; 257]), "`parts` is 257, but must be at most 256 parts");
    assert_eq!(
        message(split(&two(), &[1], &[1, 1], 7)),
        "`groups` has length 1, but must have length 2: one for each sample"
    );
    assert_eq!(
        message(split_errors(&two(), &[0, 2], &[1, 1])),
        "`of[1]` is 2, but there are 2 parts: give the parts that the split was made with"
    );
    assert_eq!(
        message(split_errors(&two(), &[0], &[1, 1])),
        "`of` has length 1, but must have length 2: one part for each sample"
    );
}

#[test]
fn one_label_where_several_are_needed() {
    let one = Targets::single(&[0, 1, 1]).unwrap();
    assert_eq!(
        message(one.log_odds()),
        "`Targets::label_counts` needs targets of several labels, but each sample has one: \
         build them with `Targets::multi_label`"
    );
    assert!(message(one.unknown(&[0, 0, 0, 0], &[])).starts_with("`Targets::unknown` needs targets of several labels"));
}

#[test]
fn values_without_a_bin_and_weights_out_of_range() {
    assert_eq!(
        message(quantile_bins(&[1.0, f64::NAN], 2)),
        "`values[1]` is NaN, which has no bin: drop the sample, or choose wider bins"
    );
    for (bins, found) in [(0, "0"), (usize::MAX, "18446744073709552000")] {
        let expected = format!("`bins` is {found}, but must be from 1 to 4294967296, as there are fewer samples");
        assert_eq!(message(quantile_bins(&[1.0, 2.0], bins)), expected);
    }
    assert_eq!(message(width_bins(&[1.0], 0.0, 0.0)), "`width` is 0, but must be finite and above 0");
    assert_eq!(
        message(weighted_scores(&[1.0, 0.0], 7, 0)),
        "`weights[1]` is 0, but must be from 1e-30 to 1e30: leave the sample out, or scale the weights"
    );
}

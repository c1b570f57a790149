//! Errors of several labels for each sample, sites and groups.

use super::label::columns;

/// Several labels for each sample, sites, groups.
#[derive(Debug, Clone, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[non_exhaustive]
pub enum TargetError {
    /// Compressed rows do not ascend, or do not end with their labels.
    #[error("`{argument}[{index}]` is {found} for {entries} labels: {rule}")]
    RowStarts {
        /// The argument.
        argument: &'static str,
        /// Position in it.
        index: usize,
        /// The start found there.
        found: usize,
        /// Labels of all rows.
        entries: usize,
        /// What is allowed.
        rule: &'static str,
    },
    /// A label is not below the number of columns.
    #[error(
        "`{argument}[{entry}]` is {label}, of sample {sample}, but there are {}: number the labels from 0, or raise \
         `num_labels`",
        columns(*num_labels)
    )]
    LabelPastColumns {
        /// The argument.
        argument: &'static str,
        /// Position in it.
        entry: usize,
        /// The sample whose label it is.
        sample: usize,
        /// The label found there.
        label: u32,
        /// Number of columns.
        num_labels: usize,
    },
    /// An entry of a table of labels is not 1, 0 or -1.
    #[error(
        "sample {sample} has {found} for label {label}, but an entry is 1 (has it), 0 (has it not) or -1 (unknown): \
         recode it"
    )]
    MultiHot {
        /// The sample.
        sample: usize,
        /// The label.
        label: usize,
        /// The entry found there.
        found: i64,
    },
    /// A label of a sample is both present and unknown.
    #[error("sample {sample} has label {label} and has it unknown: leave it out of one of the two")]
    PresentAndUnknown {
        /// The sample.
        sample: usize,
        /// The label.
        label: u32,
    },
    /// A site or a group does not fit into an `i64`.
    #[error("`{argument}[{index}]` does not fit into a 64-bit signed integer: number them anew")]
    ValueTooLarge {
        /// `sites` or `groups`.
        argument: &'static str,
        /// Position in it.
        index: usize,
    },
    /// A method for several labels was called on targets with one label for each sample.
    #[error(
        "`{what}` needs targets of several labels, but each sample has one: build them with `Targets::multi_label`"
    )]
    OneLabel {
        /// What was asked.
        what: &'static str,
    },
    /// One class prior was asked of an epoch whose samples can have several labels.
    #[error(
        "`log_prior` is of one label a sample, but samples can have several here: use `log_odds` and a sigmoid loss"
    )]
    SeveralLabels,
}

//! Errors of labels of one class each.

/// Labels, one class for each sample.
#[derive(Debug, Clone, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[non_exhaustive]
pub enum LabelError {
    /// More samples than 32-bit indices can name.
    #[error("`labels` has {found} samples, but at most {max} can be indexed: split the data set", max = u32::MAX)]
    TooManySamples {
        /// Samples found.
        found: usize,
    },
    /// A label does not fit into an `i64`.
    #[error("`{argument}[{index}]` does not fit into a 64-bit signed integer: renumber the classes")]
    LabelTooLarge {
        /// `labels` or `predictions`.
        argument: &'static str,
        /// Position in `labels`.
        index: usize,
    },
    /// A label is not a column of the logits.
    #[error(
        "`labels[{index}]` is {label}, but the logits have {columns}: {remedy}",
        remedy = if *label < 0 {
            "number the classes from 0, or leave out the samples that have no label"
        } else {
            "number the classes from 0, or widen the last layer"
        },
        columns = columns(*num_classes)
    )]
    LabelOutsideLogits {
        /// Position in `labels`.
        index: usize,
        /// The label found there.
        label: i64,
        /// Width of the logits.
        num_classes: usize,
    },
    /// A label such as -1 beside labels from 0 on, which probably means "no label".
    #[error(
        "`labels[{index}]` is {label}, beside labels from 0 on: {count} samples look as if they had no label; leave \
         them out (`CurriculumLoader::leave_out(&[{label}])`, or keep the others of your lists), or, if it is a class, \
         say so: `Curriculum::from_classes(ClassIndex::new(&labels)?, schedule)`"
    )]
    LooksUnlabelled {
        /// Position of the first one in `labels`.
        index: usize,
        /// The label found there.
        label: i64,
        /// Number of samples with it.
        count: usize,
    },
    /// A class is not a column of the logits.
    #[error("`num_logits` is {num_logits}, but label {label} occurs: {}", to_be_columns(*num_logits))]
    PriorWidth {
        /// The width that was given.
        num_logits: usize,
        /// A label that is not below it.
        label: i64,
    },
}

/// Names the columns of a width in words. A width of 0 has no last one.
pub(super) fn columns(width: usize) -> String {
    width.checked_sub(1).map_or_else(|| "no columns".into(), |last| format!("columns 0 to {last}"))
}

fn to_be_columns(width: usize) -> String {
    match width.checked_sub(1) {
        Some(last) => format!("labels must be 0 to {last} to be columns"),
        None => "give the number of columns of the logits, at least 1".into(),
    }
}

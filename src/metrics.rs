//! Metrics for imbalanced classes. They agree with scikit-learn, also with zero divisions.

use crate::Result;
use crate::error::{ArgumentError, LabelError};
use crate::labels::whole;

/// Counts of true against predicted labels, and the metrics that follow from them.
///
/// The classes are the labels that occur, true or predicted, ascending. A division of 0 by 0 gives 0. Pairs of labels
/// that do not occur take no memory: at most 16 bytes for each sample are kept, for any number of classes.
///
/// # Examples
/// ```
/// let metrics = climd::ConfusionMatrix::new(&[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 1, 0])?;
/// assert_eq!(metrics.accuracy(), 4.0 / 6.0);
/// assert!((metrics.macro_f1() - 0.488889).abs() < 1e-6);
/// assert_eq!(metrics.recall(), [2.0 / 3.0, 1.0, 0.0]);
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionMatrix {
    labels: Vec<i64>,
    cells: Vec<Cell>, // pairs that occur, by row, then by column
}

/// How often one class was predicted as another, or as itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    row: u32,    // true
    column: u32, // predicted
    count: usize,
}

impl ConfusionMatrix {
    /// Compares predictions with labels.
    ///
    /// # Shapes
    /// `labels` and `predictions`: `[N]`, integers of any type.
    ///
    /// # Errors
    /// [`ArgumentError::Empty`]; [`ArgumentError::Length`] if they differ in length; [`LabelError::TooManySamples`]
    /// (2^31 and more); [`LabelError::LabelTooLarge`] (above `i64::MAX`).
    ///
    /// # Complexity
    /// O(N log N) time.
    pub fn new<L, P>(labels: &[L], predictions: &[P]) -> Result<Self>
    where
        L: Copy + TryInto<i64>,
        P: Copy + TryInto<i64>,
    {
        if labels.is_empty() {
            return Err(ArgumentError::Empty { argument: "labels" }.into());
        }
        if predictions.len() != labels.len() {
            let (found, expected, rule) = (predictions.len(), labels.len(), "one prediction for each label");
            return Err(ArgumentError::Length { argument: "predictions".into(), found, expected, rule }.into());
        }
        if labels.len() > u32::MAX as usize / 2 {
            // two labels for each sample, numbered in 32 bits
            return Err(LabelError::TooManySamples { found: labels.len() }.into());
        }
        let (labels, predictions) = (whole("labels", labels)?, whole("predictions", predictions)?);
        let mut classes = [&labels[..], &predictions[..]].concat();
        classes.sort_unstable();
        classes.dedup();
        // Every label is in `classes`, so the position is always the one found.
        let class = |label: &i64| classes.binary_search(label).unwrap_or_else(|at| at) as u32;
        let mut pairs: Vec<(u32, u32)> =
            labels.iter().zip(&predictions).map(|(label, prediction)| (class(label), class(prediction))).collect();
        pairs.sort_unstable();
        let alike = pairs.chunk_by(|a, b| a == b);
        let cells = alike.map(|pairs| Cell { row: pairs[0].0, column: pairs[0].1, count: pairs.len() }).collect();
        Ok(Self { labels: classes, cells })
    }

    /// The labels of the rows and columns, ascending.
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// Number of samples by true label (row) and predicted label (column). It takes 8 bytes for each pair of classes:
    /// with thousands of classes use [`cells`](Self::cells).
    pub fn counts(&self) -> Vec<Vec<usize>> {
        let mut counts = vec![vec![0; self.labels.len()]; self.labels.len()];
        for cell in &self.cells {
            counts[cell.row as usize][cell.column as usize] = cell.count;
        }
        counts
    }

    /// The pairs that occur, sorted: true label, predicted label, number of samples.
    pub fn cells(&self) -> impl Iterator<Item = (i64, i64, usize)> {
        let label = |class: u32| self.labels[class as usize];
        self.cells.iter().map(move |cell| (label(cell.row), label(cell.column), cell.count))
    }

    /// Share of right predictions, in `[0, 1]`.
    pub fn accuracy(&self) -> f64 {
        ratio(self.right().iter().sum(), self.total())
    }

    /// Share of each class's samples that were predicted right, by label, in `[0, 1]`; 0 for a label that is only
    /// predicted.
    pub fn recall(&self) -> Vec<f64> {
        self.right().into_iter().zip(self.support()).map(|(right, support)| ratio(right, support)).collect()
    }

    /// F1 of each class, by label, in `[0, 1]`.
    pub fn f1(&self) -> Vec<f64> {
        let whole = self.support().into_iter().zip(self.sums(|cell| Some(cell.column)));
        self.right()
            .into_iter()
            .zip(whole)
            .map(|(right, (support, predicted))| ratio(2 * right, support + predicted))
            .collect()
    }

    /// Mean F1 over the classes that occur, true or predicted, in `[0, 1]`.
    pub fn macro_f1(&self) -> f64 {
        let f1 = self.f1();
        f1.iter().sum::<f64>() / f1.len() as f64
    }

    /// Mean F1 weighted by the classes' true counts, in `[0, 1]`.
    pub fn weighted_f1(&self) -> f64 {
        let weighted = self.f1().into_iter().zip(self.support()).map(|(f1, support)| f1 * support as f64);
        weighted.sum::<f64>() / self.total() as f64
    }

    /// Mean recall over the classes that have samples, in `[0, 1]`.
    pub fn balanced_accuracy(&self) -> f64 {
        let recall = self.recall().into_iter().zip(self.support());
        let real: Vec<f64> = recall.filter(|&(_, support)| support > 0).map(|(recall, _)| recall).collect();
        real.iter().sum::<f64>() / real.len() as f64
    }

    fn total(&self) -> usize {
        self.cells.iter().map(|cell| cell.count).sum()
    }

    /// Number of samples of each class.
    fn support(&self) -> Vec<usize> {
        self.sums(|cell| Some(cell.row))
    }

    /// Number of samples of each class that were predicted right.
    fn right(&self) -> Vec<usize> {
        self.sums(|cell| (cell.row == cell.column).then_some(cell.row))
    }

    /// Sums of the cells by class.
    fn sums(&self, class: impl Fn(&Cell) -> Option<u32>) -> Vec<usize> {
        let mut sums = vec![0; self.labels.len()];
        for cell in &self.cells {
            if let Some(class) = class(cell) {
                sums[class as usize] += cell.count;
            }
        }
        sums
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A file holds the labels and all counts, row by row. A file that is not a confusion matrix is an error.
#[cfg(feature = "serde")]
mod file {
    use serde::de::{Error as _, SeqAccess, Visitor};
    use serde::ser::SerializeStruct;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Cell, ConfusionMatrix};

    impl Serialize for ConfusionMatrix {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut file = serializer.serialize_struct("ConfusionMatrix", 2)?;
            file.serialize_field("labels", &self.labels)?;
            file.serialize_field("counts", &Rows(self))?;
            file.end()
        }
    }

    /// Writes one row at a time, so that the whole table is never in memory.
    struct Rows<'a>(&'a ConfusionMatrix);

    impl Serialize for Rows<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let ConfusionMatrix { labels, cells } = self.0;
            let mut cells = cells.as_slice();
            serializer.collect_seq((0..labels.len()).map(|row| {
                let (of_row, rest) = cells.split_at(cells.partition_point(|cell| cell.row as usize <= row));
                cells = rest;
                let mut counts = vec![0; labels.len()];
                of_row.iter().for_each(|cell| counts[cell.column as usize] = cell.count);
                counts
            }))
        }
    }

    #[derive(Deserialize)]
    struct File {
        labels: Vec<i64>,
        counts: Vec<Row>,
    }

    /// Length of a row, and its counts that are not 0.
    struct Row(usize, Vec<(u32, usize)>);

    impl<'de> Deserialize<'de> for Row {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Counts;

            impl<'de> Visitor<'de> for Counts {
                type Value = Row;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a row of counts")
                }

                fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Row, A::Error> {
                    let mut row = Row(0, Vec::new());
                    while let Some(count) = seq.next_element::<usize>()? {
                        let column = u32::try_from(row.0).map_err(|_| A::Error::custom("a row of 2^32 counts"))?;
                        if count > 0 {
                            row.1.push((column, count));
                        }
                        row.0 += 1;
                    }
                    Ok(row)
                }
            }

            deserializer.deserialize_seq(Counts)
        }
    }

    impl<'de> Deserialize<'de> for ConfusionMatrix {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let File { labels, counts } = File::deserialize(deserializer)?;
            let classes = labels.len();
            if let Some(pair) = labels.windows(2).find(|pair| pair[0] >= pair[1]) {
                let reason = format!("`labels` must be ascending, but {} is followed by {}", pair[0], pair[1]);
                return Err(D::Error::custom(reason));
            }
            if counts.len() != classes {
                let reason = format!("`counts` has {} rows, but must have {classes}, one a label", counts.len());
                return Err(D::Error::custom(reason));
            }
            if let Some(row) = counts.iter().position(|row| row.0 != classes) {
                let found = counts[row].0;
                let reason = format!("`counts[{row}]` has {found} columns, but must have {classes}, one a label");
                return Err(D::Error::custom(reason));
            }
            let rows = counts.into_iter().zip(0u32..);
            let cells: Vec<Cell> = rows
                .flat_map(|(Row(_, of_row), row)| {
                    of_row.into_iter().map(move |(column, count)| Cell { row, column, count })
                })
                .collect();
            let total = cells.iter().try_fold(0usize, |sum, cell| sum.checked_add(cell.count));
            match total {
                // doubled in F1
                Some(total) if (1..=usize::MAX / 2).contains(&total) => Ok(Self { labels, cells }),
                Some(0) => Err(D::Error::custom("`counts` has no sample, but at least one is needed")),
                _ => Err(D::Error::custom("`counts` has more samples than can be counted")),
            }
        }
    }
}

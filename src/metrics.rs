//! How good predictions are where classes are imbalanced. The numbers are scikit-learn's, zero divisions included.

use crate::{Error, Result};

/// Counts of true against predicted labels, and the metrics that follow from them.
///
/// The classes are the labels that occur, true or predicted, ascending. A ratio of nothing to nothing is 0.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ConfusionMatrix {
    labels: Vec<i64>,
    counts: Vec<Vec<usize>>, // [true][predicted]
}

impl ConfusionMatrix {
    /// Compares predictions with labels.
    ///
    /// # Shapes
    /// `labels` and `predictions`: `[N]`.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Length`] if they differ in length.
    pub fn new(labels: &[i64], predictions: &[i64]) -> Result<Self> {
        if labels.is_empty() {
            return Err(Error::Empty { argument: "labels" });
        }
        if predictions.len() != labels.len() {
            let (found, expected, rule) = (predictions.len(), labels.len(), "one prediction for each label");
            return Err(Error::Length { argument: "predictions".into(), found, expected, rule });
        }
        let mut classes: Vec<i64> = labels.iter().chain(predictions).copied().collect();
        classes.sort_unstable();
        classes.dedup();
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        // Every label is in `classes`, so the position is always the one found.
        let class = |label: &i64| classes.binary_search(label).unwrap_or_else(|at| at);
        for (label, prediction) in labels.iter().zip(predictions) {
            counts[class(label)][class(prediction)] += 1;
        }
        Ok(Self { labels: classes, counts })
    }

    /// The labels, ascending: those of the rows and columns.
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// Samples by true label (row) and predicted label (column).
    pub fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }

    /// Share of right predictions, in `[0, 1]`.
    pub fn accuracy(&self) -> f64 {
        let right = (0..self.labels.len()).map(|c| self.counts[c][c]).sum();
        ratio(right, self.counts.iter().flatten().sum())
    }

    /// Share of each class's samples that are found, by label, in `[0, 1]`; 0 for a label that is only predicted.
    pub fn recall(&self) -> Vec<f64> {
        (0..self.labels.len()).map(|c| ratio(self.counts[c][c], self.support(c))).collect()
    }

    /// F1 of each class, by label, in `[0, 1]`.
    pub fn f1(&self) -> Vec<f64> {
        let predicted = |c: usize| self.counts.iter().map(|row| row[c]).sum::<usize>();
        (0..self.labels.len()).map(|c| ratio(2 * self.counts[c][c], self.support(c) + predicted(c))).collect()
    }

    /// Mean F1 over the classes that occur, true or predicted, in `[0, 1]`.
    pub fn macro_f1(&self) -> f64 {
        let f1 = self.f1();
        f1.iter().sum::<f64>() / f1.len() as f64
    }

    /// Mean F1 weighted by the classes' true counts, in `[0, 1]`.
    pub fn weighted_f1(&self) -> f64 {
        let total: usize = self.counts.iter().flatten().sum();
        self.f1().iter().enumerate().map(|(c, f1)| f1 * self.support(c) as f64).sum::<f64>() / total as f64
    }

    /// Mean recall over the classes that have samples, in `[0, 1]`.
    pub fn balanced_accuracy(&self) -> f64 {
        let recall = self.recall();
        let real: Vec<f64> = (0..recall.len()).filter(|&c| self.support(c) > 0).map(|c| recall[c]).collect();
        real.iter().sum::<f64>() / real.len() as f64
    }

    /// True samples of a class.
    fn support(&self, class: usize) -> usize {
        self.counts[class].iter().sum()
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

//! Which row to use, and how sure that is.

use climd::ConfusionMatrix;

use crate::experiment::RowResult;
use crate::patients::Counts;
use crate::stats::{LEAST_SPLITS, Paired, Summary, holm};
use crate::study::RowId;

/// A finding counts if its p, adjusted for the number of rows, is below this level.
const LEVEL: f64 = 0.05;

/// A row beside plain training.
#[derive(Debug, Clone)]
pub struct Compared {
    /// Identity of the row.
    pub id: RowId,
    /// Its name.
    pub name: String,
    /// Macro F1, percent.
    pub macro_f1: Summary,
    /// The difference to plain training, points; none for plain training itself.
    pub gain: Option<Paired>,
    /// Holm's p of the difference among all rows; none with too few splits.
    pub holm: Option<f64>,
}

impl Compared {
    /// Whether it is told from plain training, and on which side.
    #[must_use]
    pub fn told(&self) -> Option<f64> {
        let gain = self.gain?.difference.mean;
        self.holm.filter(|&p| p < LEVEL).map(|_| gain.signum())
    }
}

/// Samples of one class that two rows find, over the splits.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// Mean number in a test part.
    pub tested: f64,
    /// Mean number that plain training finds.
    pub plain: f64,
    /// How many more the other row finds.
    pub gained: Paired,
    /// How many more samples of other classes it calls by this name.
    pub wrongly: Paired,
}

/// What the comparison says.
#[derive(Debug, Clone)]
pub struct Choice {
    /// All rows, plain training first.
    pub rows: Vec<Compared>,
    /// The number of the row to use; 0, plain training, if none is told to be ahead of it.
    pub chosen: usize,
}

impl Choice {
    /// Compares the rows, of which the first is plain training. None if there is no split.
    ///
    /// Of the rows that are told to be ahead of plain training the first is chosen: it is the simplest. A later one is
    /// chosen if it is told to be ahead of that.
    #[must_use]
    pub fn of(results: &[RowResult]) -> Option<Choice> {
        let plain = results.first()?;
        let mut rows = Vec::new();
        for result in results {
            let gain = (result.row.id != plain.row.id).then(|| paired(result, plain)).flatten();
            let (id, name) = (result.row.id, result.row.name.clone());
            rows.push(Compared { id, name, macro_f1: Summary::of(&macro_f1(result))?, gain, holm: None });
        }
        let ps: Option<Vec<f64>> = rows[1..].iter().map(|row| row.gain.and_then(|gain| gain.p_corrected)).collect();
        if let Some(ps) = ps {
            rows[1..].iter_mut().zip(holm(&ps)).for_each(|(row, p)| row.holm = Some(p));
        }
        let mut chosen = 0;
        for at in (1..rows.len()).filter(|&at| rows[at].told() == Some(1.0)) {
            let ahead = || paired(&results[at], &results[chosen])?.corrected;
            if chosen == 0 || ahead().is_some_and(|interval| interval.low > 0.0) {
                chosen = at;
            }
        }
        Some(Choice { rows, chosen })
    }

    /// Whether there are enough splits for an interval.
    #[must_use]
    pub fn has_intervals(&self) -> bool {
        self.rows[0].macro_f1.n >= LEAST_SPLITS
    }
}

fn macro_f1(result: &RowResult) -> Vec<f64> {
    result.runs.iter().map(|(_, run)| 100.0 * run.confusion.macro_f1()).collect()
}

fn paired(ours: &RowResult, theirs: &RowResult) -> Option<Paired> {
    differences(ours, theirs, |confusion| 100.0 * confusion.macro_f1())
}

fn differences(ours: &RowResult, theirs: &RowResult, of: impl Fn(&ConfusionMatrix) -> f64) -> Option<Paired> {
    let runs = ours.runs.iter().zip(&theirs.runs);
    let differences: Vec<f64> = runs.map(|((_, a), (_, b))| of(&a.confusion) - of(&b.confusion)).collect();
    Paired::of(&differences, ours.test_to_train)
}

/// For each class, what a row finds beside plain training.
#[must_use]
pub(super) fn found(ours: &RowResult, plain: &RowResult, num_classes: usize) -> Option<Vec<Found>> {
    let of_class = |class: usize| {
        let found = |confusion: &ConfusionMatrix| Counts::of(confusion, num_classes).found[class] as f64;
        let called = |confusion: &ConfusionMatrix| Counts::of(confusion, num_classes).called[class] as f64;
        let tested = |confusion: &ConfusionMatrix| {
            confusion.cells().filter(|cell| cell.0 == class as i64).map(|cell| cell.2 as f64).sum()
        };
        let mean = |of: &dyn Fn(&ConfusionMatrix) -> f64| {
            Some(Summary::of(&plain.runs.iter().map(|(_, run)| of(&run.confusion)).collect::<Vec<_>>())?.mean)
        };
        let (gained, wrongly) = (differences(ours, plain, found)?, differences(ours, plain, called)?);
        Some(Found { tested: mean(&tested)?, plain: mean(&found)?, gained, wrongly })
    };
    (0..num_classes).map(of_class).collect()
}

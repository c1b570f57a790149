//! Which row to use, and how sure that is.

use climd::ConfusionMatrix;

use crate::experiment::RowResult;
use crate::patients::Counts;
use crate::stats::{LEAST_SPLITS, Paired, Summary, holm};
use crate::study::RowId;

/// A finding counts if its p, adjusted for the number of rows, is below this level.
const LEVEL: f64 = 0.05;

/// A difference among several.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// The difference, points.
    pub gain: Paired,
    /// Holm's p among all comparisons; none without a p of its own.
    pub holm: Option<f64>,
}

impl Told {
    fn new(gain: Paired) -> Told {
        Told { gain, holm: None }
    }

    /// Adjusts for how many there are.
    fn adjust<'a>(all: impl Iterator<Item = &'a mut Told>) {
        let mut all: Vec<&mut Told> = all.collect();
        // one without a p counts, too: it is not known beforehand which will have none
        let ps: Vec<f64> = all.iter().map(|told| told.gain.p_corrected.unwrap_or(f64::NAN)).collect();
        let adjusted = holm(&ps).into_iter();
        all.iter_mut().zip(adjusted).for_each(|(told, p)| told.holm = told.gain.p_corrected.map(|_| p));
    }

    /// Its side, if it is told.
    #[must_use]
    pub fn side(&self) -> Option<f64> {
        self.holm.filter(|&p| p < LEVEL).map(|_| self.gain.difference.mean.signum())
    }
}

/// A row beside plain training.
#[derive(Debug, Clone)]
pub struct Compared {
    /// Identity of the row.
    pub id: RowId,
    /// Its name.
    pub name: String,
    /// Macro F1, percent.
    pub macro_f1: Summary,
    /// The difference to plain training, each with its own length; none for plain training itself.
    pub gain: Option<Told>,
    /// The difference to itself after as many epochs as usual; none if no length was chosen.
    pub length: Option<Told>,
}

impl Compared {
    /// Whether it is told from plain training, and on which side.
    #[must_use]
    pub fn told(&self) -> Option<f64> {
        self.gain?.side()
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
    /// The number of the simplest row that is told to be ahead of plain training, if a later one was chosen.
    pub simpler: Option<usize>,
}

impl Choice {
    /// Compares the rows, of which the first is plain training, with each other and with themselves after as many
    /// epochs as usual. None if there is no split.
    ///
    /// Of the rows that are told to be ahead of plain training the first is chosen: it is the simplest. If later ones
    /// are told to be ahead of that, the one that is furthest ahead is chosen. Holm's p counts all comparisons with
    /// plain training and all of lengths; and then those with the simplest.
    #[must_use]
    pub fn of(results: &[RowResult], usual: Option<&[RowResult]>) -> Option<Choice> {
        let plain = results.first()?;
        let mut rows = Vec::new();
        for (at, result) in results.iter().enumerate() {
            let gain = (result.row.id != plain.row.id).then(|| paired(result, plain)).flatten().map(Told::new);
            let length = usual.and_then(|usual| paired(result, usual.get(at)?)).map(Told::new);
            let (id, name) = (result.row.id, result.row.name.clone());
            rows.push(Compared { id, name, macro_f1: Summary::of(&result.macro_f1())?, gain, length });
        }
        Told::adjust(rows.iter_mut().flat_map(|row| [row.gain.as_mut(), row.length.as_mut()]).flatten());
        let ahead: Vec<usize> = (1..rows.len()).filter(|&at| rows[at].told() == Some(1.0)).collect();
        let Some((&simplest, later)) = ahead.split_first() else {
            return Some(Choice { rows, chosen: 0, simpler: None });
        };
        let beside = |&at: &usize| Some((at, Told::new(paired(&results[at], &results[simplest])?)));
        let mut further: Vec<(usize, Told)> = later.iter().filter_map(beside).collect();
        Told::adjust(further.iter_mut().map(|(_, told)| told));
        further.retain(|(_, told)| told.side() == Some(1.0));
        let most = further.iter().max_by(|(_, a), (_, b)| a.gain.difference.mean.total_cmp(&b.gain.difference.mean));
        let (chosen, simpler) = most.map_or((simplest, None), |&(at, _)| (at, Some(simplest)));
        Some(Choice { rows, chosen, simpler })
    }

    /// How many differences Holm's p counts.
    #[must_use]
    pub fn comparisons(&self) -> usize {
        self.rows.iter().map(|row| row.gain.iter().len() + row.length.iter().len()).sum()
    }

    /// What its own length does for the row to use, if it is told.
    #[must_use]
    pub fn told_length(&self) -> Option<Told> {
        self.rows[self.chosen].length.filter(|length| length.side().is_some())
    }

    /// The same rows, of which none is told from another one.
    #[must_use]
    pub(super) fn without_findings(mut self) -> Choice {
        for row in &mut self.rows {
            [&mut row.gain, &mut row.length].into_iter().flatten().for_each(|told| told.holm = None);
        }
        Choice { chosen: 0, simpler: None, ..self }
    }

    /// Whether there are enough splits for an interval.
    #[must_use]
    pub fn has_intervals(&self) -> bool {
        self.rows[0].macro_f1.n >= LEAST_SPLITS
    }
}

fn paired(ours: &RowResult, theirs: &RowResult) -> Option<Paired> {
    Paired::between(&ours.macro_f1(), &theirs.macro_f1(), ours.overlap)
}

/// For each class, what a row finds beside plain training.
#[must_use]
pub(super) fn found(ours: &RowResult, plain: &RowResult, num_classes: usize) -> Option<Vec<Found>> {
    let of_class = |class: usize| {
        let found = |confusion: &ConfusionMatrix| Counts::of(confusion, num_classes).found[class] as f64;
        let called = |confusion: &ConfusionMatrix| Counts::of(confusion, num_classes).called[class] as f64;
        let tested = |confusion: &ConfusionMatrix| {
            confusion.cells().filter(|cell| cell.0 == class as i64).map(|cell| cell.2).sum::<usize>() as f64
        };
        let values = |row: &RowResult, of: &dyn Fn(&ConfusionMatrix) -> f64| row.values(|run| of(&run.confusion));
        let mean = |of: &dyn Fn(&ConfusionMatrix) -> f64| Some(Summary::of(&values(plain, of))?.mean);
        let differences =
            |of: &dyn Fn(&ConfusionMatrix) -> f64| Paired::between(&values(ours, of), &values(plain, of), ours.overlap);
        let (gained, wrongly) = (differences(&found)?, differences(&called)?);
        Some(Found { tested: mean(&tested)?, plain: mean(&found)?, gained, wrongly })
    };
    (0..num_classes).map(of_class).collect()
}

//! A line of the map's CSV file: a method in a cell.

use serde::{Deserialize, Serialize};

use super::grid::Cell;
use crate::experiment::RowResult;
use crate::record::round;
use crate::stats::{Paired, Summary};

/// A method in a cell. In a cell with too few patients for its imbalance no line has splits.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // the page describes the columns
pub struct Line {
    pub data: String,
    pub ratio: u32,
    pub noise: u32,
    pub budget: u32,
    pub method: String,
    pub name: String,
    pub splits: usize,
    pub steps: usize,
    pub patients: Option<f64>,
    pub mean: Option<f64>,
    pub sd: Option<f64>,
    pub plain: Option<f64>,
    pub plain_low: Option<f64>,
    pub plain_high: Option<f64>,
    pub plain_p: Option<f64>,
    pub prior: Option<f64>,
    pub prior_low: Option<f64>,
    pub prior_high: Option<f64>,
    pub prior_p: Option<f64>,
}

/// The difference to another row: its mean, its corrected interval, and the p of that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside {
    /// Points of macro F1.
    pub difference: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Two-sided p.
    pub p: f64,
}

impl Beside {
    /// The same difference, seen from the other row.
    #[must_use]
    pub fn reversed(self) -> Beside {
        // not `-`, which makes -0 of 0
        Beside { difference: 0.0 - self.difference, low: 0.0 - self.high, high: 0.0 - self.low, p: self.p }
    }

    /// Whether the interval leaves 0 out.
    #[must_use]
    pub fn is_told(self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

impl Line {
    /// The lines of a cell, from its rows, of which the first is plain training and the second prior correction.
    /// `patients`: mean number in the training part.
    #[must_use]
    pub fn of_cell(data: &str, cell: Cell, patients: f64, results: &[RowResult]) -> Vec<Line> {
        let beside = |result: &RowResult, other: usize| {
            let other = results.get(other).filter(|other| other.row.id != result.row.id)?;
            Paired::between(&result.macro_f1(), &other.macro_f1(), result.overlap)
        };
        let of_row = |result: &RowResult| {
            let summary = Summary::of(&result.macro_f1());
            let line = Line {
                splits: result.runs.len(),
                steps: result.steps(),
                patients: Some(round(patients)),
                mean: summary.map(|of| round(of.mean)),
                sd: summary.and_then(|of| of.sd).map(round),
                ..Line::empty(data, cell, result.row.id.arm, &result.row.name)
            };
            let (plain, prior) = (Columns::of(beside(result, 0)), Columns::of(beside(result, 1)));
            Line {
                plain: plain.difference,
                plain_low: plain.low,
                plain_high: plain.high,
                plain_p: plain.p,
                prior: prior.difference,
                prior_low: prior.low,
                prior_high: prior.high,
                prior_p: prior.p,
                ..line
            }
        };
        results.iter().map(of_row).collect()
    }

    /// A method that was not run.
    #[must_use]
    pub fn empty(data: &str, Cell { budget, ratio, noise }: Cell, method: &str, name: &str) -> Line {
        let (data, method, name) = (data.to_owned(), method.to_owned(), name.to_owned());
        Line { data, ratio, noise, budget, method, name, ..Default::default() }
    }

    /// Its cell.
    #[must_use]
    pub fn cell(&self) -> Cell {
        Cell { budget: self.budget, ratio: self.ratio, noise: self.noise }
    }

    /// Beside plain training; none for plain training itself, and with too few splits for an interval.
    #[must_use]
    pub fn beside_plain(&self) -> Option<Beside> {
        Some(Beside { difference: self.plain?, low: self.plain_low?, high: self.plain_high?, p: self.plain_p? })
    }

    /// Beside prior correction; none for prior correction itself, and with too few splits for an interval.
    #[must_use]
    pub fn beside_prior(&self) -> Option<Beside> {
        Some(Beside { difference: self.prior?, low: self.prior_low?, high: self.prior_high?, p: self.prior_p? })
    }
}

/// A comparison as columns, rounded.
#[derive(Default)]
struct Columns {
    difference: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    p: Option<f64>,
}

impl Columns {
    fn of(paired: Option<Paired>) -> Columns {
        let Some(paired) = paired else { return Columns::default() };
        Columns {
            difference: Some(round(paired.difference.mean)),
            low: paired.corrected.map(|of| round(of.low)),
            high: paired.corrected.map(|of| round(of.high)),
            p: paired.p_corrected.map(round),
        }
    }
}

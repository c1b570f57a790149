//! Which method is best in a cell, and whether that is told.

use super::grid::Cell;
use super::line::{Beside, Line};

/// Arms whose names in lines are known here: what nothing is added to, and the loss alone.
pub(super) const PLAIN: &str = "plain";
pub(super) const PRIOR: &str = "prior";

/// A letter or two for a method, where its name has no room.
pub(super) fn mark(method: &str) -> &str {
    match method {
        PLAIN => "0",
        PRIOR => "P",
        "climd" => "C",
        "climd-half-prior" => "CP",
        "trim-prior" => "T",
        "hard-majority-prior" => "H",
        other => other,
    }
}

/// A cell on one data set: its lines, one a method. At least one line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place<'a> {
    /// The methods.
    pub lines: &'a [Line],
}

/// The method with the best mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best<'a> {
    /// Its line.
    pub line: &'a Line,
    /// Beside plain training; if that is the best, plain training beside the next. None with too few splits.
    pub beside: Option<Beside>,
}

impl Best<'_> {
    /// Whether it is told from plain training, or plain training from the next.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.beside.is_some_and(|of| of.low > 0.0)
    }

    /// Whether it is plain training.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.line.method == PLAIN
    }
}

impl<'a> Place<'a> {
    /// All cells of these lines; those of one cell stand together.
    pub fn all(lines: &'a [Line]) -> impl Iterator<Item = Place<'a>> {
        lines.chunk_by(|a, b| (&a.data, a.cell()) == (&b.data, b.cell())).map(|lines| Place { lines })
    }

    /// The data set.
    #[must_use]
    pub fn data(&self) -> &'a str {
        &self.lines[0].data
    }

    /// The cell.
    #[must_use]
    pub fn cell(&self) -> Cell {
        self.lines[0].cell()
    }

    /// The best method; of equal ones the first, which is the simplest. None where patients are too few.
    #[must_use]
    pub fn best(&self) -> Option<Best<'a>> {
        let best = first_best(self.lines.iter())?;
        let beside = match best.method.as_str() {
            PLAIN => first_best(self.lines.iter().filter(|line| line.method != PLAIN))
                .and_then(|next| Some(next.beside_plain()?.reversed())),
            _ => best.beside_plain(),
        };
        Some(Best { line: best, beside })
    }
}

fn first_best<'a>(lines: impl Iterator<Item = &'a Line>) -> Option<&'a Line> {
    let known = lines.filter(|line| line.mean.is_some());
    known.reduce(|best, line| if line.mean > best.mean { line } else { best })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const CELL: Cell = Cell { budget: 10, ratio: 50, noise: 40 };

    /// A line whose differences to plain training and to prior correction have intervals one point wide to both sides.
    pub(crate) fn line(data: &str, method: &str, mean: f64, plain: f64, prior: f64) -> Line {
        let beside = |other: f64, is_other: bool| (!is_other).then_some(mean - other);
        let p = |difference: f64| if difference.abs() > 1.0 { 0.001 } else { 0.5 };
        let (plain, prior) = (beside(plain, method == PLAIN), beside(prior, method == PRIOR));
        Line {
            splits: 10,
            steps: 30,
            patients: Some(200.0),
            mean: Some(mean),
            sd: Some(1.0),
            plain,
            plain_low: plain.map(|of| of - 1.0),
            plain_high: plain.map(|of| of + 1.0),
            plain_p: plain.map(p),
            prior,
            prior_low: prior.map(|of| of - 1.0),
            prior_high: prior.map(|of| of + 1.0),
            prior_p: prior.map(p),
            ..Line::empty(data, CELL, method, &format!("name of {method}"))
        }
    }

    /// Plain training, prior correction and CLIMD with these means.
    pub(crate) fn place(data: &str, [plain, prior, climd]: [f64; 3]) -> Vec<Line> {
        [(PLAIN, plain), (PRIOR, prior), ("climd", climd)]
            .map(|(method, mean)| line(data, method, mean, plain, prior))
            .into()
    }

    /// Prior correction is 10 points ahead of plain training on each set, and CLIMD `gains` more.
    pub(crate) fn sets(gains: &[f64]) -> Vec<Line> {
        let of_set = |(at, gain): (usize, &f64)| place(&format!("set {at}"), [60.0, 70.0, 70.0 + gain]);
        gains.iter().enumerate().flat_map(of_set).collect()
    }

    #[test]
    fn the_best_mean_wins_and_is_told_if_its_interval_is_above_0() {
        let best = |means| {
            let lines = place("one", means);
            let best = Place { lines: &lines }.best().unwrap();
            (best.line.method.clone(), best.is_told(), best.beside.unwrap().difference)
        };
        assert_eq!(best([70.0, 72.0, 71.0]), ("prior".into(), true, 2.0));
        assert_eq!(best([70.0, 70.5, 69.0]), ("prior".into(), false, 0.5));
        // plain training is judged beside the next, not the last
        assert_eq!(best([70.0, 69.5, 60.0]), ("plain".into(), false, 0.5));
        assert_eq!(best([70.0, 60.0, 68.0]), ("plain".into(), true, 2.0));
    }

    #[test]
    fn of_equal_methods_the_first_wins_and_is_not_told() {
        let best = |means| {
            let lines = place("one", means);
            let best = Place { lines: &lines }.best().unwrap();
            (best.line.method.clone(), best.is_told())
        };
        assert_eq!(best([70.0, 70.0, 70.0]), ("plain".into(), false));
        assert_eq!(best([60.0, 70.0, 70.0]), ("prior".into(), true));
    }

    #[test]
    fn without_splits_nothing_is_best_and_with_few_nothing_is_told() {
        let lines = [PLAIN, PRIOR].map(|method| Line::empty("one", CELL, method, method));
        assert_eq!(Place { lines: &lines }.best(), None);
        let mut lines = place("one", [60.0, 70.0, 61.0]);
        lines.iter_mut().for_each(|line| (line.plain_low, line.plain_high, line.plain_p) = (None, None, None));
        let best = Place { lines: &lines }.best().unwrap();
        assert_eq!((best.line.method.as_str(), best.beside, best.is_told()), ("prior", None, false));
    }
}

//! Where a sampler does more than prior correction alone, on several data sets at once.

use std::collections::BTreeMap;

use super::best::{PLAIN, PRIOR};
use super::grid::Cell;
use super::line::{Beside, Line};
use crate::stats::benjamini_hochberg;

/// A regime shows itself on so many data sets.
pub(super) const SETS: usize = 3;

/// A sampler beside prior correction alone, on one data set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared<'a> {
    /// The data set.
    pub data: &'a str,
    /// The difference.
    pub beside: Beside,
    /// Benjamini and Hochberg's p among all comparisons of the map.
    pub bh: f64,
}

/// A sampler in one cell, on all data sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Across<'a> {
    /// The cell.
    pub cell: Cell,
    /// Name of the sampler's row.
    pub name: &'a str,
    /// Set by set, in the order of the lines.
    pub sets: Vec<Compared<'a>>,
}

impl Across<'_> {
    /// Number of sets where it is told ahead of prior correction alone.
    #[must_use]
    pub fn ahead(&self) -> usize {
        self.sets.iter().filter(|of| of.beside.low > 0.0).count()
    }

    /// Whether it is a regime.
    #[must_use]
    pub fn is_regime(&self) -> bool {
        self.ahead() >= SETS
    }

    /// The difference that as many sets reach as a regime needs. None with fewer sets.
    #[must_use]
    pub fn reached(&self) -> Option<f64> {
        let mut differences: Vec<f64> = self.sets.iter().map(|of| of.beside.difference).collect();
        differences.sort_by(|a, b| b.total_cmp(a));
        differences.get(SETS - 1).copied()
    }
}

/// All samplers in all cells, the one that comes nearest to a regime first: told ahead on the most sets, then with the
/// largest difference that is reached.
#[must_use]
pub fn across(lines: &[Line]) -> Vec<Across<'_>> {
    let samplers = lines.iter().filter(|line| ![PLAIN, PRIOR].contains(&line.method.as_str()));
    let compared: Vec<(&Line, Beside)> = samplers.filter_map(|line| Some((line, line.beside_prior()?))).collect();
    let ps: Vec<f64> = compared.iter().map(|(_, beside)| beside.p).collect();
    let mut by_cell: BTreeMap<(Cell, &str), Across<'_>> = BTreeMap::new();
    for (&(line, beside), bh) in compared.iter().zip(benjamini_hochberg(&ps)) {
        let new = || Across { cell: line.cell(), name: &line.name, sets: Vec::new() };
        let of_cell = by_cell.entry((line.cell(), &line.method)).or_insert_with(new);
        of_cell.sets.push(Compared { data: &line.data, beside, bh });
    }
    let mut all: Vec<Across<'_>> = by_cell.into_values().collect();
    let reached = |of: &Across<'_>| of.reached().unwrap_or(f64::NEG_INFINITY);
    // stable: then by cell
    all.sort_by(|a, b| b.ahead().cmp(&a.ahead()).then(reached(b).total_cmp(&reached(a))));
    all
}

#[cfg(test)]
mod tests {
    use super::super::best::tests::sets;
    use super::*;

    #[test]
    fn a_regime_is_told_on_three_sets_in_one_cell() {
        let two = sets(&[2.0, 2.0, 0.5, -3.0]);
        let found = across(&two);
        assert_eq!((found.len(), found[0].sets.len(), found[0].ahead(), found[0].is_regime()), (1, 4, 2, false));
        assert_eq!(found[0].reached(), Some(0.5));
        let three = sets(&[2.0, 2.0, 1.5, -3.0]);
        let found = across(&three);
        assert!(found[0].is_regime() && found[0].reached() == Some(1.5) && found[0].name == "name of climd");
        // the same three, but in two cells
        let mut apart = sets(&[2.0, 2.0, 1.5]);
        apart.iter_mut().filter(|line| line.data == "set 2").for_each(|line| line.ratio = 20);
        let found = across(&apart);
        assert_eq!(found.iter().map(Across::ahead).collect::<Vec<_>>(), [2, 1]);
        assert!(found.iter().all(|of| !of.is_regime() && of.reached().is_none()));
    }

    #[test]
    fn prior_correction_beside_itself_and_plain_training_are_no_samplers() {
        let all = sets(&[0.0; 3]);
        assert!(across(&all).iter().flat_map(|of| &of.sets).count() == 3);
        assert_eq!(across(&[]), []);
    }

    #[test]
    fn p_are_adjusted_for_all_comparisons_of_the_map() {
        let all = sets(&[2.0, 0.5, 0.5, 0.5]); // p 0.001, and three times 0.5
        let bhs: Vec<f64> = across(&all)[0].sets.iter().map(|of| of.bh).collect();
        assert_eq!(bhs, [0.004, 0.5, 0.5, 0.5]);
    }
}

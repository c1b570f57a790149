//! Where the learning rate of a run comes from, and the search for it.

use climd_networks::config::{Part, RunConfig, VERSIONS};
use climd_networks::network::{LearningRate, NetworkConfig};
use climd_networks::train::Outcome;

use crate::least::{least, loss};

const PAPER_RATE: f64 = 5e-5;
/// The best single rate of `docs/results/rates.md`.
const ONE_RATE: f64 = 3e-3;
/// Candidates of [`Rate::Tuned`].
pub(crate) const TUNED: [f64; 4] = [1e-4, 3e-4, 1e-3, 3e-3];
/// Candidates of [`Rate::Own`], which a search may come to.
const GRID: [f64; 9] = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1];

/// Source of the learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// Each row's own, for each split, with cosine decay: of the least scaled class-balanced cross-entropy over three
    /// inner splits of the training part. The search begins with 1e-3, 3e-3 and 1e-2, and goes on beyond an end while
    /// that end is the best.
    Own,
    /// As [`Rate::Own`], but the best of 3e-4, 1e-3 and 3e-3 on one inner split: a third of the runs, for many settings
    /// at once.
    Quick,
    /// 3e-3 with cosine decay for all rows and splits: the best single one on splits that are in no table.
    One,
    /// The best of 1e-4, 3e-4, 1e-3 and 3e-3 for plain training on validation, with cosine decay, for each split.
    Tuned,
    /// The paper's 5e-5, constant.
    Paper,
    /// The rate and the training of each network's authors, for networks where these are known.
    Native,
    /// This one with cosine decay for all rows and splits.
    Given(f64),
}

impl Rate {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Rate::Own => "own",
            Rate::Quick => "quick",
            Rate::One => "one",
            Rate::Tuned => "tuned",
            Rate::Paper => "paper",
            Rate::Native => "native",
            Rate::Given(_) => "given",
        }
    }

    /// The heading of its rows.
    #[must_use]
    pub fn heading(self) -> String {
        let heading = match self {
            Rate::Own => "Learning rate chosen for every row on three inner splits, cosine decay",
            Rate::Quick => "Learning rate chosen for every row from three on one inner split, cosine decay",
            Rate::One => "One learning rate for all, 3e-3 with cosine decay",
            Rate::Tuned => "Learning rate chosen on validation for the baseline, cosine decay",
            Rate::Paper => "The paper's learning rate, a constant 5e-5",
            Rate::Native => "Protocol `native`: full batches, and learning rate and steps of each network's authors",
            Rate::Given(start) => return format!("One learning rate for all, {start:e} with cosine decay"),
        };
        heading.into()
    }

    /// The version of its runs: those of the newer rules all have measures of their probabilities.
    pub(crate) fn version(self) -> u32 {
        let [old, new] = VERSIONS;
        if matches!(self, Rate::Own | Rate::Quick | Rate::One | Rate::Given(_)) { new } else { old }
    }

    /// The parts of a split on which it is chosen.
    pub(crate) fn parts(self) -> Vec<Part> {
        match self {
            Rate::Tuned => vec![Part::Validation],
            _ => (0..self.search().map_or(0, |search| search.repeats)).map(Part::Inner).collect(),
        }
    }

    /// On how many inner splits what it leaves open is chosen.
    #[must_use]
    pub fn inner(self) -> u32 {
        self.search().map_or(1, |search| search.repeats)
    }

    /// How a rate is searched for on inner splits, where it is.
    pub(crate) fn search(self) -> Option<Search> {
        match self {
            Rate::Own => Some(Search::new((4, 6), 3, true)),
            Rate::Quick => Some(Search::new((3, 5), 1, false)),
            Rate::One | Rate::Tuned | Rate::Paper | Rate::Native | Rate::Given(_) => None,
        }
    }

    /// The rate of all splits, where nothing is chosen.
    pub(crate) fn fixed(self, network: &NetworkConfig) -> Option<LearningRate> {
        match self {
            Rate::Own | Rate::Quick | Rate::Tuned => None,
            Rate::Native => network.recipe().map(|recipe| recipe.rate),
            Rate::One => Some(LearningRate { start: ONE_RATE, cosine: true }),
            Rate::Given(start) => Some(LearningRate { start, cosine: true }),
            Rate::Paper => Some(LearningRate { start: PAPER_RATE, cosine: false }),
        }
    }
}

/// The search for the rate of one row on one split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Search {
    /// The first and the last candidate so far, in the grid.
    ends: (usize, usize),
    /// The one that ties go to.
    middle: usize,
    /// Repeats of the inner split for each candidate.
    repeats: u32,
    /// Whether it goes on beyond an end while that end is the best.
    widens: bool,
    /// The best candidate, once no further one is wanted.
    found: Option<usize>,
}

impl Search {
    fn new((low, high): (usize, usize), repeats: u32, widens: bool) -> Search {
        Search { ends: (low, high), middle: (low + high) / 2, repeats, widens, found: None }
    }

    /// The rate, once it is found.
    pub(crate) fn found(self) -> Option<LearningRate> {
        self.found.map(rate)
    }

    /// The runs that it needs now: for each candidate so far, all repeats.
    pub(crate) fn wants(self) -> impl Iterator<Item = (LearningRate, Part)> {
        let (low, high) = self.ends;
        (low..=high).flat_map(move |at| (0..self.repeats).map(move |repeat| (rate(at), Part::Inner(repeat))))
    }

    /// Goes on with the outcomes of the runs that it wanted.
    pub(crate) fn renew(self, runs: &[(RunConfig, Outcome)]) -> Search {
        let mean = |runs: &[(_, Outcome)]| runs.iter().map(|(_, run)| loss(run)).sum::<f64>() / runs.len() as f64;
        self.after(&runs.chunks(self.repeats as usize).map(mean).collect::<Vec<_>>())
    }

    /// Goes on with the mean loss of every candidate so far.
    fn after(self, losses: &[f64]) -> Search {
        let Search { ends: (low, high), middle, widens, .. } = self;
        let best = low + least(losses, middle - low);
        match best {
            _ if widens && best == low && low > 0 => Search { ends: (low - 1, high), ..self },
            _ if widens && best == high && high + 1 < GRID.len() => Search { ends: (low, high + 1), ..self },
            _ => Search { found: Some(best), ..self },
        }
    }
}

fn rate(at: usize) -> LearningRate {
    LearningRate { start: GRID[at], cosine: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_goes_on_until_the_best_is_inside() {
        let search = Rate::Own.search().unwrap();
        let rates: Vec<f64> = search.wants().step_by(3).map(|(rate, _)| rate.start).collect();
        assert_eq!(rates, [1e-3, 3e-3, 1e-2]);
        assert_eq!(search.after(&[0.5, 0.4, 0.6]).found().unwrap().start, 3e-3);
        let up = search.after(&[0.5, 0.4, 0.3]);
        assert_eq!((up.found(), up.wants().last().unwrap()), (None, (rate(7), Part::Inner(2))));
        assert_eq!(up.after(&[0.5, 0.4, 0.3, 0.35]).found().unwrap().start, 1e-2);
        let down = search.after(&[0.3, 0.4, 0.5]);
        assert_eq!(down.wants().next().unwrap(), (rate(3), Part::Inner(0)));
        assert_eq!(down.after(&[0.35, 0.3, 0.4, 0.5]).found().unwrap().start, 1e-3);
    }

    #[test]
    fn a_quick_search_ends_with_its_three_candidates() {
        let search = Rate::Quick.search().unwrap();
        let wanted: Vec<(f64, Part)> = search.wants().map(|(rate, part)| (rate.start, part)).collect();
        assert_eq!(wanted, [3e-4, 1e-3, 3e-3].map(|rate| (rate, Part::Inner(0))));
        assert_eq!(search.after(&[0.3, 0.4, 0.5]).found().unwrap().start, 3e-4);
        assert_eq!(search.after(&[0.5, 0.4, 0.3]).found().unwrap().start, 3e-3);
        assert_eq!(search.after(&[0.3, 0.3, 0.3]).found().unwrap().start, 1e-3);
    }

    #[test]
    fn ties_go_to_the_middle_and_divergence_is_worst() {
        let search = Rate::Own.search().unwrap();
        assert_eq!(search.after(&[0.3, 0.3, 0.3]).found().unwrap().start, 3e-3);
        assert_eq!(search.after(&[f64::NAN; 3]).found().unwrap().start, 3e-3);
        assert_eq!(search.after(&[0.4, 0.3, f64::NAN]).found().unwrap().start, 3e-3);
    }

    #[test]
    fn a_search_ends_at_the_end_of_the_grid() {
        let mut search = Rate::Own.search().unwrap();
        for candidates in 3..=7 {
            assert_eq!(search.found(), None);
            search = search.after(&(0..candidates).map(|at| at as f64).collect::<Vec<_>>());
        }
        assert_eq!(search.found().unwrap().start, 1e-5);
    }
}

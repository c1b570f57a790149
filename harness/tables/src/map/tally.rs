//! How often each method is best, and told from others, over the cells.

use super::best::Place;
use super::line::{Beside, Line};
use crate::stats::benjamini_hochberg;

/// Below this level a p that is adjusted for all comparisons counts.
const LEVEL: f64 = 0.05;

/// In how many cells a method is best, and in how many of these that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wins {
    /// Cells in which it is best.
    pub best: usize,
    /// Of these, cells in which it is told from plain training; for plain training itself, from the next method.
    pub told: usize,
}

impl Wins {
    /// Those of the methods that `is_meant` names, in these cells.
    #[must_use]
    pub fn of(places: &[Place<'_>], is_meant: impl Fn(&str) -> bool) -> Wins {
        let mut wins = Wins::default();
        for best in places.iter().filter_map(Place::best).filter(|best| is_meant(&best.line.method)) {
            wins.best += 1;
            wins.told += usize::from(best.is_told());
        }
        wins
    }
}

/// Comparisons with 0 outside their interval, on one side of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// All.
    pub all: usize,
    /// Those that are also told among all comparisons, by Benjamini and Hochberg's p.
    pub among_all: usize,
}

/// Comparisons of some methods with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Comparisons {
    /// How many there are.
    pub n: usize,
    /// Above 0.
    pub ahead: Told,
    /// Below 0.
    pub behind: Told,
}

/// Those of `beside` in all lines, with p adjusted for all of them; then only those that `is_meant` names count.
pub(super) fn comparisons(
    lines: &[Line],
    beside: impl Fn(&Line) -> Option<Beside>,
    is_meant: impl Fn(&str) -> bool,
) -> Comparisons {
    let all: Vec<(&Line, Beside)> = lines.iter().filter_map(|line| Some((line, beside(line)?))).collect();
    let ps: Vec<f64> = all.iter().map(|(_, of)| of.p).collect();
    let mut found = Comparisons::default();
    for (&(line, of), bh) in all.iter().zip(benjamini_hochberg(&ps)) {
        if !is_meant(&line.method) {
            continue;
        }
        found.n += 1;
        if of.is_told() {
            let side = if of.low > 0.0 { &mut found.ahead } else { &mut found.behind };
            side.all += 1;
            side.among_all += usize::from(bh < LEVEL);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::best::tests::place;
    use super::*;

    #[test]
    fn wins_and_comparisons_are_counted_by_method_and_side() {
        let sets = [("one", [60.0, 70.0, 50.0]), ("two", [60.0, 60.5, 63.0]), ("three", [60.0, 59.5, 59.0])];
        let lines: Vec<Line> = sets.iter().flat_map(|&(data, means)| place(data, means)).collect();
        let places: Vec<Place<'_>> = Place::all(&lines).collect();
        let wins = |method: &str| Wins::of(&places, |of| of == method);
        assert_eq!(wins("plain"), Wins { best: 1, told: 0 });
        assert_eq!(wins("prior"), Wins { best: 1, told: 1 });
        assert_eq!(wins("climd"), Wins { best: 1, told: 1 });
        assert_eq!(Wins::of(&places, |_| true), Wins { best: 3, told: 2 });

        let found = comparisons(&lines, Line::beside_plain, |method| method == "climd");
        let one = Told { all: 1, among_all: 1 };
        assert_eq!(found, Comparisons { n: 3, ahead: one, behind: one });
        // one p of 0.03 among forty of 0.5 counts alone, but not among all
        let mut many: Vec<Line> = (0..40).flat_map(|set| place(&set.to_string(), [60.0, 60.5, 60.0])).collect();
        many.retain(|line| line.method == "prior");
        many.push(Line { plain_p: Some(0.03), ..place("last", [60.0, 70.0, 60.0])[1].clone() });
        let found = comparisons(&many, Line::beside_plain, |_| true);
        assert_eq!((found.n, found.ahead), (41, Told { all: 1, among_all: 0 }));
    }
}

//! The page of the map: what it says, the picture, and the figures behind it.

use std::fmt::Write as _;

use comfy_table::{Table as Grid, presets};

use super::best::{PLAIN, PRIOR, Place, mark};
use super::grid::{BUDGETS, Cell, NOISES, RATIOS};
use super::line::{Beside, Line};
use super::regime::{Across, SETS, across};
use super::tally::{Comparisons, Told, Wins, comparisons};

/// Splits from here on are in no search.
const FRESH: u64 = 20;
/// So many cells are shown that come nearest to a regime, where none is one.
const NEAREST: usize = 5;

/// The page. `stem` is the name of the picture; `lines` stand in the order of the CSV file, of which it says nothing
/// that is not there.
#[must_use]
pub fn page(lines: &[Line], stem: &str, first_seed: u64) -> String {
    Page::new(lines, stem, first_seed).text()
}

/// The heading, which is also the picture's.
#[must_use]
pub(super) fn title(first_seed: u64) -> String {
    let splits = if first_seed > 0 { format!(" Fresh splits, from {first_seed} on") } else { String::new() };
    format!("When does a curriculum pay?{splits}")
}

struct Page<'a> {
    lines: &'a [Line],
    stem: &'a str,
    first_seed: u64,
    places: Vec<Place<'a>>,
    /// Methods with their names, in the order of the lines.
    methods: Vec<(&'a str, &'a str)>,
    sets: Vec<&'a str>,
}

impl<'a> Page<'a> {
    fn new(lines: &'a [Line], stem: &'a str, first_seed: u64) -> Page<'a> {
        let (mut methods, mut sets) = (Vec::new(), Vec::new());
        for line in lines {
            let (method, data) = ((line.method.as_str(), line.name.as_str()), line.data.as_str());
            if !methods.contains(&method) {
                methods.push(method);
            }
            if !sets.contains(&data) {
                sets.push(data);
            }
        }
        Page { lines, stem, first_seed, places: Place::all(lines).collect(), methods, sets }
    }

    fn text(&self) -> String {
        let mut text = format!("# {}\n\n", title(self.first_seed));
        let splits = self.lines.iter().map(|line| line.splits).max().unwrap_or(0);
        if splits == 0 {
            text += "**We cannot tell yet.** No cell is done. The same command goes on where this one stopped.\n";
            return text;
        }
        let regimes = across(self.lines);
        text += &self.answer();
        text += &self.answer_of_regimes(&regimes);
        let _ = write!(
            text,
            "\n![The best method in every cell](pictures/{}.svg)\n\nEach tile is a cell: the method with the best mean \
             macro F1 over {splits} splits. Full colour and a star: its corrected interval beside plain training is \
             above 0; where plain training is best, that beside the next method.\n",
            self.stem
        );
        text += &self.by_method();
        text += &self.by_axis();
        text += &self.regimes(&regimes);
        text += &self.notes(splits);
        for &data in &self.sets {
            text += &self.set(data);
        }
        text
    }

    fn name(&self, method: &str) -> &'a str {
        self.methods.iter().find(|of| of.0 == method).map_or("", |of| of.1)
    }

    fn wins(&self, is_meant: impl Fn(&str) -> bool) -> Wins {
        Wins::of(&self.places, is_meant)
    }

    /// Who is best, first.
    fn answer(&self) -> String {
        let all = self.wins(|_| true);
        let mut top: Vec<(&str, Wins)> =
            self.methods.iter().map(|&(method, _)| (method, self.wins(|of| of == method))).collect();
        top.sort_by_key(|(_, wins)| std::cmp::Reverse(wins.best)); // stable: of equal ones the simplest
        let Some(&(most, wins)) = top.first() else { return String::new() };
        let from = |method: &str| if method == PLAIN { "the next method" } else { "plain training" };
        let mut text = format!(
            "**{} is best most often: in {} of {} cells, told from {} in {}.**",
            capital(self.name(most)),
            wins.best,
            all.best,
            from(most),
            wins.told
        );
        if most != PLAIN {
            let Wins { best, told } = self.wins(|of| of == PLAIN);
            let _ = write!(text, " Plain training is best in {best}, told from {} in {told}.", from(PLAIN));
        }
        let Wins { best, told } = self.wins(|of| of.starts_with("climd"));
        let _ = write!(
            text,
            " The curriculum, alone or with prior correction, is best in {best}, told from plain training in {told}."
        );
        let missing = |budget: u32| {
            let of_budget = |cell: &Cell| cell.budget == budget;
            let all = self.sets.len() * Cell::all().into_iter().filter(of_budget).count();
            all - self.places.iter().filter(|of| of_budget(&of.cell())).count()
        };
        let missing: Vec<(u32, usize)> = BUDGETS.iter().map(|&budget| (budget, missing(budget))).collect();
        let all: usize = missing.iter().map(|(_, cells)| cells).sum();
        if all > 0 {
            let some = missing.iter().filter(|(_, cells)| *cells > 0);
            let some: Vec<String> =
                some.map(|(budget, cells)| format!("{cells} with {budget} % of the steps")).collect();
            let _ = write!(text, " The map is not whole: {all} cells were not run ({}).", some.join(", "));
        }
        text + "\n"
    }

    /// Whether a sampler does more than prior correction alone on several sets at once.
    fn answer_of_regimes(&self, all: &[Across<'_>]) -> String {
        let Comparisons { n, ahead, behind } = comparisons(self.lines, sampler_beside_prior, |_| true);
        let found = all.iter().filter(|of| of.is_regime()).count();
        let mut text = match found {
            0 => format!("\n**In no cell is a sampler told ahead of prior correction alone on {} sets.**", words(SETS)),
            _ => format!(
                "\n**A sampler is told ahead of prior correction alone on {} sets or more in {found} {}** \
                 ([which](#samplers-beside-prior-correction-alone)).",
                words(SETS),
                if found == 1 { "case" } else { "cases" }
            ),
        };
        let _ = write!(
            text,
            " The {n} comparisons of a sampler with prior correction alone: {} told ahead, {} behind. Adjusted for \
             their number: {} ahead, {} behind.",
            ahead.all, behind.all, ahead.among_all, behind.among_all
        );
        let mut highs: Vec<f64> = all.iter().flat_map(|of| &of.sets).map(|of| of.beside.high).collect();
        highs.sort_by(f64::total_cmp);
        if let (Some(half), Some(most)) = (highs.get(highs.len() / 2), highs.get(highs.len() * 9 / 10)) {
            let _ = write!(
                text,
                " How large a gain could still be: half of the intervals end below {half:+.1} points, nine in ten \
                 below {most:+.1}."
            );
        }
        text + "\n"
    }

    fn by_method(&self) -> String {
        let mut grid = Grid::new();
        grid.load_style(presets::ASCII_MARKDOWN).set_header([
            "method",
            "on tiles",
            "best in",
            "of these told",
            "ahead of plain training",
            "behind it",
            "ahead of prior correction",
            "behind it",
        ]);
        for &(method, name) in &self.methods {
            let Wins { best, told } = self.wins(|of| of == method);
            let mut row = vec![name.to_owned(), mark(method).to_owned(), best.to_string(), told.to_string()];
            let plain = comparisons(self.lines, Line::beside_plain, |of| of == method);
            let prior = comparisons(self.lines, sampler_beside_prior, |of| of == method);
            for (of, is_itself) in [(plain, method == PLAIN), (prior, !is_sampler(method))] {
                let side = |Told { all, among_all }: Told| format!("{all} ({among_all})");
                let sides = [of.ahead, of.behind].map(|told| if is_itself { "-".to_owned() } else { side(told) });
                row.extend(sides);
            }
            grid.add_row(row);
        }
        let few = self.places.iter().filter(|place| place.best().is_none()).count();
        let few = if few > 0 { format!(" Further cells with too few patients: {few}.") } else { String::new() };
        format!(
            "\n## Method by method\n\nNumbers of cells, of {}.{few} Told: the corrected interval leaves 0 out. In \
             brackets: also with Benjamini and Hochberg's p below 0.05 among all such comparisons of the \
             map.\n\n{grid}\n",
            self.wins(|_| true).best
        )
    }

    /// Where which method is best.
    fn by_axis(&self) -> String {
        let mut grid = Grid::new();
        let names = self.methods.iter().map(|(_, name)| (*name).to_owned());
        grid.load_style(presets::ASCII_MARKDOWN).set_header(["cells".to_owned()].into_iter().chain(names));
        let mut add = |name: String, is_in: &dyn Fn(Cell) -> bool| {
            let places: Vec<Place<'_>> = self.places.iter().copied().filter(|place| is_in(place.cell())).collect();
            if places.iter().all(|place| place.best().is_none()) {
                return;
            }
            let wins = self.methods.iter().map(|(method, _)| {
                let Wins { best, told } = Wins::of(&places, |of| of == *method);
                format!("{best} ({told})")
            });
            grid.add_row([name].into_iter().chain(wins));
        };
        for budget in BUDGETS {
            add(format!("{budget} % of the steps"), &|cell| cell.budget == budget);
        }
        for ratio in RATIOS {
            add(format!("{ratio}:1"), &|cell| cell.ratio == ratio);
        }
        for noise in NOISES {
            add(format!("{noise} % wrong labels"), &|cell| cell.noise == noise);
        }
        format!(
            "\n## Where each is best\n\nNumbers of cells in which a method is best; in brackets, in which it is \
             told.\n\n{grid}\n"
        )
    }

    fn regimes(&self, all: &[Across<'_>]) -> String {
        let found: Vec<&Across<'_>> = all.iter().filter(|of| of.is_regime()).collect();
        let shown: Vec<&Across<'_>> = if found.is_empty() { all.iter().take(NEAREST).collect() } else { found.clone() };
        if shown.is_empty() {
            return String::new();
        }
        let mut text = String::from("\n## Samplers beside prior correction alone\n\n");
        let rule = format!("told ahead on {} sets in one cell", words(SETS));
        match found.is_empty() {
            true => {
                let _ = write!(text, "No sampler is {rule}. These come nearest.");
            }
            false => {
                let _ = write!(text, "All that are {rule}.");
            }
        }
        text += " Points of macro F1; \\*: the corrected interval leaves 0 out; \\*\\*: also among all comparisons of \
                 the map.";
        if let (false, 0) = (found.is_empty(), self.first_seed) {
            let mut cells: Vec<String> = found.iter().map(|of| of.cell.to_string()).collect();
            cells.sort();
            cells.dedup();
            let _ = write!(
                text,
                " They were searched for, so they count only once fresh splits and a set that was not in the search \
                 show them, too:\n\n    climd-repro map --data {} --cells {} --first-seed {FRESH} --seeds 20",
                self.sets.join(" "),
                cells.join(" ")
            );
        }
        let mut grid = Grid::new();
        let header = ["imbalance", "wrong labels", "steps", "sampler", "told ahead on"].map(str::to_owned);
        let sets = self.sets.iter().map(|&set| set.to_owned());
        grid.load_style(presets::ASCII_MARKDOWN).set_header(header.into_iter().chain(sets));
        for of in shown {
            let Cell { budget, ratio, noise } = of.cell;
            let ahead = format!("{} of {}", of.ahead(), of.sets.len());
            let row = [format!("{ratio}:1"), format!("{noise} %"), format!("{budget} %"), of.name.to_owned(), ahead];
            let of_set = |data: &&str| {
                let compared = of.sets.iter().find(|of| of.data == *data);
                compared.map_or_else(|| "-".to_owned(), |of| ends(of.beside, of.bh < 0.05))
            };
            grid.add_row(row.into_iter().chain(self.sets.iter().map(of_set)));
        }
        let _ = write!(text, "\n\n{grid}\n");
        text
    }

    fn notes(&self, splits: usize) -> String {
        let fresh = match self.first_seed {
            0 => String::new(),
            from => format!(" They begin with number {from}, so none of them was in a search."),
        };
        format!(
            "\n## How to read it\n\n* Written by `climd-repro map`; every figure is in `{}.csv`, a line for each \
             method in each cell: `patients` of a training part, `mean` and `sd` of macro F1, and the differences \
             `plain` and `prior` to plain training and to prior correction, each with the ends `low` and `high` of its \
             corrected interval and the `p` of that.\n* **Splits.** {splits} in each cell, the same for all \
             methods.{fresh} Test parts are never thinned, and their labels never made wrong: under imbalance a test \
             has another class distribution than training, which favours prior correction.\n* **Best.** The best \
             method is picked on the splits that judge it, so its gain is a bit too large. Of equal ones the simplest \
             is taken.\n* **Imbalance.** Training parts are thinned to exactly this ratio of the largest to the \
             smallest class. So the number of patients differs: at 1:1 every class is as small as the smallest. A \
             cross: the smallest class would have fewer than three.\n* **Wrong labels.** This share of the training \
             labels is replaced, by all other classes alike.\n* **Steps.** Percent of the steps of all epochs; \
             curricula, ramps and the decay of the learning rate end with training.\n* **Learning rate.** For every \
             row and split its own, with cosine decay: the best of 3e-4, 1e-3 and 3e-3 on one inner split of the \
             training part, by class-balanced cross-entropy after the best division of the logits. One rate for all \
             would not do where training is short ([rates-10-epochs.md](rates-10-epochs.md)).\n* **Intervals** count \
             that splits of one cohort overlap ([how](README.md#how-to-read-a-table)). They say nothing about another \
             hospital.\n",
            self.stem
        )
    }

    /// The cells of one data set.
    fn set(&self, data: &str) -> String {
        let mut grid = Grid::new();
        let header = ["imbalance", "wrong labels", "patients for training"].map(str::to_owned);
        let budgets = BUDGETS.iter().map(|budget| format!("{budget} % of the steps"));
        grid.load_style(presets::ASCII_MARKDOWN).set_header(header.into_iter().chain(budgets));
        let place = |cell: Cell| self.places.iter().find(|of| of.data() == data && of.cell() == cell);
        for ratio in RATIOS {
            for noise in NOISES {
                let places = BUDGETS.map(|budget| place(Cell { budget, ratio, noise }));
                if places.iter().all(Option::is_none) {
                    continue;
                }
                let patients = places.iter().flatten().find_map(|place| place.lines[0].patients);
                let patients = patients.map_or_else(|| "too few".to_owned(), |n| format!("{n:.0}"));
                let shown = places.map(|place| match place.map(Place::best) {
                    None => String::new(),
                    Some(None) => "×".to_owned(),
                    Some(Some(best)) => {
                        let beside = best.beside.map_or_else(String::new, |of| format!(" {}", ends(of, false)));
                        format!("{}{beside}", mark(&best.line.method))
                    }
                });
                grid.add_row([format!("{ratio}:1"), format!("{noise} %"), patients].into_iter().chain(shown));
            }
        }
        let marks: Vec<String> = self.methods.iter().map(|(method, name)| format!("{} {name}", mark(method))).collect();
        format!(
            "\n## {data}\n\nThe best method, and its gain over plain training; for plain training, over the next. \
             {}.\n\n{grid}\n",
            marks.join(", ")
        )
    }
}

fn sampler_beside_prior(line: &Line) -> Option<Beside> {
    line.beside_prior().filter(|_| is_sampler(&line.method))
}

fn is_sampler(method: &str) -> bool {
    ![PLAIN, PRIOR].contains(&method)
}

/// `+1.2 [+0.3, +2.1] \*`.
fn ends(Beside { difference, low, high, .. }: Beside, among_all: bool) -> String {
    let told = low > 0.0 || high < 0.0;
    let stars = match (told, among_all) {
        (true, true) => " \\*\\*",
        (true, false) => " \\*",
        _ => "",
    };
    format!("{difference:+.1} [{low:+.1}, {high:+.1}]{stars}")
}

/// A small number as a word.
fn words(number: usize) -> String {
    const WORDS: [&str; 6] = ["no", "one", "two", "three", "four", "five"];
    WORDS.get(number).map_or_else(|| number.to_string(), |&word| word.to_owned())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::super::best::tests::{CELL, sets};
    use super::*;

    #[test]
    fn the_answer_comes_first_and_counts_cells() {
        let text = page(&sets(&[-2.0, -2.0, 0.5]), "map", 0);
        let start = "# When does a curriculum pay?\n\n**Name of prior is best most often: in 2 of 3 cells, told from \
                     plain training in 2.** Plain training is best in 0, told from the next method in 0. The \
                     curriculum, alone or with prior correction, is best in 1, told from plain training in 1.";
        assert!(text.starts_with(start), "{text}");
        let missing = "The map is not whole: 237 cells were not run (57 with 10 % of the steps, 60 with 25 % of the \
                       steps, 60 with 50 % of the steps, 60 with 100 % of the steps).";
        assert!(text.contains(missing), "{text}");
        assert!(text.contains("pictures/map.svg") && text.contains("picked on the splits that judge it"), "{text}");
    }

    #[test]
    fn a_regime_is_the_headline_with_the_command_that_tests_it() {
        let text = page(&sets(&[2.0, 2.0, 1.5, -3.0]), "map", 0);
        assert!(text.contains("**A sampler is told ahead of prior correction alone on three sets or more in 1 case**"));
        assert!(text.contains("The 4 comparisons of a sampler with prior correction alone: 3 told ahead, 1 behind."));
        let command =
            format!("climd-repro map --data set 0 set 1 set 2 set 3 --cells {CELL} --first-seed 20 --seeds 20");
        assert!(text.contains(&command), "{text}");
        let row = text.lines().find(|line| line.contains("| 3 of 4")).unwrap();
        assert!(row.contains("+1.5 [+0.5, +2.5] \\*\\*") && row.contains("-3.0 [-4.0, -2.0] \\*\\*"), "{row}");
        // the fresh splits are the test
        let text = page(&sets(&[2.0, 2.0, 1.5]), "map-from20", 20);
        assert!(!text.contains("--cells") && text.contains("They begin with number 20"), "{text}");
    }

    #[test]
    fn without_a_regime_the_page_says_within_which_bounds() {
        let text = page(&sets(&[2.0, 2.0, 0.5, -3.0]), "map", 0);
        assert!(
            text.contains("**In no cell is a sampler told ahead of prior correction alone on three sets.**"),
            "{text}"
        );
        // intervals end at -2, 1.5, 3 and 3
        assert!(text.contains("half of the intervals end below +3.0 points, nine in ten below +3.0"), "{text}");
        assert!(text.contains("No sampler is told ahead on three sets in one cell. These come nearest."), "{text}");
        assert!(!text.contains("--cells"), "{text}");
    }

    #[test]
    fn a_cell_with_too_few_patients_has_a_cross_and_a_map_without_runs_says_so() {
        let few = Cell { ratio: 100, ..CELL };
        let mut lines = sets(&[-2.0]);
        lines.extend(["plain", "prior", "climd"].map(|of| Line::empty("set 0", few, of, &format!("name of {of}"))));
        let text = page(&lines, "map", 0);
        let cells = text.split("\n## set 0\n").nth(1).unwrap();
        let row = |start: &str| cells.lines().find(|line| line.starts_with(start)).unwrap().replace(' ', "");
        assert_eq!(row("| 100:1"), "|100:1|40%|toofew|×||||");
        assert_eq!(row("| 50:1"), "|50:1|40%|200|P+10.0[+9.0,+11.0]\\*||||");
        assert!(text.contains("Further cells with too few patients: 1."), "{text}");
        assert!(page(&lines[3..], "map", 0).contains("**We cannot tell yet.**"));
        assert!(page(&[], "map", 0).contains("**We cannot tell yet.**"));
    }
}

//! The page for the reader: what to use, by how much, how sure, who is found, and the code.

use std::fmt::Write as _;

use climd_networks::train::Outcome;
use comfy_table::{Table as Grid, presets};

use super::choice::{Compared, Told, found};
use super::{ARMS, Answer, Arm, Choice};
use crate::candidates::words;
use crate::section::{difference, or_dash, p_value};
use crate::stats::{LEAST_SPLITS, Paired};

/// With fewer it is said that they are few.
const FEW_UNITS: usize = 20;

const RUST: &str = include_str!("steps/loop.rs");
const PYTHON: &str = include_str!("steps/loop.py");

/// `+1.2 [+0.3, +2.1]`.
fn ends(paired: &Paired) -> String {
    difference(paired)[0].clone()
}

impl Answer {
    /// The page; `command` is what made it.
    #[must_use]
    pub fn page(&self, command: &str) -> String {
        let mut text = format!("# What to use on {}\n\n", self.data);
        let Some(choice) = Choice::of(&self.results, self.lengths.as_ref().map(|of| of.usual.as_slice())) else {
            let _ = write!(
                text,
                "**We cannot tell yet.** The time was over before all methods were trained on one split. Finished runs \
                 are kept: the same command goes on where this one stopped. Give it more `--minutes`, or use `--lr one \
                 --shares 100`, which trains each method once a split instead of about twenty times.\n\n    {command}\n"
            );
            return text;
        };
        // with two of a class, chance looks like a finding: `tests/coverage.rs`, by samples
        let choice = if self.with(|units| units == 2).is_empty() { choice } else { choice.without_findings() };
        text += &self.verdict(&choice);
        text += "\n## By how much\n\n";
        text += &self.rows(&choice);
        text += &self.how_long(&choice);
        text += &self.patients(&choice);
        text += &self.how_sure(&choice, command);
        text += &self.code(&choice);
        text
    }

    /// The answer, first.
    fn verdict(&self, choice: &Choice) -> String {
        let (splits, all) = (self.done(), choice.comparisons());
        let goes_on = if splits < self.splits {
            "The same command with more `--minutes` goes on.".to_owned()
        } else if splits < self.wanted as usize {
            format!("No more splits differ: more {} are needed.", self.unit())
        } else if self.groups.is_some() {
            "Ask for more `--seeds`; if no more splits differ, more groups are needed.".to_owned()
        } else {
            "Ask for more `--seeds`.".to_owned()
        };
        if !choice.has_intervals() {
            return format!(
                "**We cannot tell yet.** {splits} of {} splits are done, and fewer than {LEAST_SPLITS} have no \
                 interval. {goes_on} Until then: plain training.\n",
                self.splits
            );
        }
        let pairs = self.with(|units| units == 2);
        if !pairs.is_empty() {
            return format!(
                "**We cannot tell.** Of a class with two {} one is tested and one trained on, and chance then looks \
                 like a finding: {}. Until there are more: plain training.\n",
                self.unit(),
                pairs.join(", ")
            );
        }
        let chosen = &choice.rows[choice.chosen];
        let text = match &chosen.gain {
            Some(told) => {
                format!(
                    "**Use {}.** It gains {} points of macro F1 over plain training (95 % interval over {splits} \
                     splits, p {} after Holm for {all} comparisons).\n",
                    chosen.name,
                    ends(&told.gain),
                    p_value(told.holm),
                ) + &match choice.simpler {
                    Some(simpler) => format!(
                        "\n{} is ahead of plain training, too, and simpler. {} is told from it, by a second test among \
                     the methods that are ahead.\n",
                        choice.rows[simpler].name, chosen.name
                    ),
                    None => String::new(),
                }
            }
            None => {
                let bounds = |row: &Compared| Some(format!("{} {}", row.name, ends(&row.gain?.gain)));
                let all: Vec<String> = choice.rows.iter().filter_map(bounds).collect();
                format!(
                    "**Train plainly: we cannot tell any method from plain training.** That is no proof that none \
                     helps. Over {splits} splits the differences of macro F1 lie, with 95 % intervals, at: {}.\n",
                    all.join("; ")
                )
            }
        };
        text + &self.told_length(choice)
    }

    /// The classes with such a number of samples, or groups, with how many they have.
    fn with(&self, is_meant: impl Fn(usize) -> bool) -> Vec<String> {
        let units = self.classes.iter().zip(self.groups.as_ref().unwrap_or(&self.sizes));
        units.filter(|(_, n)| is_meant(**n)).map(|(class, n)| format!("{class} ({n})")).collect()
    }

    fn unit(&self) -> &'static str {
        if self.groups.is_some() { "groups" } else { "samples" }
    }

    /// The share of the samples that is tested, `30 %`; with groups also the least and the most.
    fn tested(&self) -> String {
        let all: usize = self.sizes.iter().sum();
        let of_split =
            |run: &Outcome| 100.0 * run.confusion.cells().map(|cell| cell.2).sum::<usize>() as f64 / all as f64;
        let mut shares = self.results[0].values(of_split);
        shares.sort_by(f64::total_cmp);
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        match (self.groups.is_some(), shares.as_slice()) {
            (true, [least, .., most]) => format!("{mean:.0} % ({least:.0} to {most:.0})"),
            _ => format!("{mean:.0} %"),
        }
    }

    /// What is told of the length of training.
    fn told_length(&self, choice: &Choice) -> String {
        let own = |row: usize| self.lengths.as_ref().and_then(|lengths| lengths.of_row(row));
        let (Some(told), Some([half, ..])) = (choice.told_length(), own(choice.chosen)) else { return String::new() };
        let (usual, half, shown, p) = (words(self.epochs), words(half), ends(&told.gain), p_value(told.holm));
        if told.gain.difference.mean > 0.0 {
            return format!(
                "\n**Train it for about {half}, and choose how long on held-out training samples.** That gains \
                 {shown} points over {usual} (p {p} after Holm).\n"
            );
        }
        format!(
            "\n**Train it for {usual}.** A length that is chosen on held-out training samples loses: {shown} points \
             (p {p} after Holm). So the differences above are of training that is too short or too long: compare the \
             methods again with `--shares 100`.\n"
        )
    }

    /// The lengths that were chosen, and what they do for each row.
    fn how_long(&self, choice: &Choice) -> String {
        let Some(lengths) = &self.lengths else { return String::new() };
        let mut grid = Grid::new();
        let header = ["method".to_owned(), "epochs".into(), format!("over {} [95 %]", words(self.epochs))];
        grid.load_style(presets::ASCII_MARKDOWN).set_header(header);
        for (at, row) in choice.rows.iter().enumerate() {
            let epochs = lengths.of_row(at).map(|[half, low, high]| format!("{half} ({low} to {high})"));
            let gain = row.length.map(|length| ends(&length.gain));
            grid.add_row([row.name.clone(), epochs.unwrap_or_default(), gain.unwrap_or_default()]);
        }
        format!(
            "\n## How long to train\n\nEpochs that inner splits of the training part choose, as the median over the \
             splits, the least and the most; and what that gains over {} of the same method.\n\n{grid}\n",
            words(self.epochs)
        )
    }

    fn rows(&self, choice: &Choice) -> String {
        let mut grid = Grid::new();
        let header = ["method", "macro F1", "over plain training [95 %]", "p", "p after Holm", "told from plain"];
        grid.load_style(presets::ASCII_MARKDOWN).set_header(header);
        for row in &choice.rows {
            let side = match row.told() {
                Some(sign) if sign > 0.0 => "ahead",
                Some(_) => "behind",
                None => "no",
            };
            let compared = match &row.gain {
                Some(Told { gain, holm }) => [ends(gain), p_value(gain.p_corrected), p_value(*holm), side.to_owned()],
                None => ["-"; 4].map(str::to_owned),
            };
            grid.add_row([row.name.clone(), or_dash(Some(row.macro_f1))].into_iter().chain(compared));
        }
        format!("Percent, mean and standard deviation over the splits.\n\n{grid}\n")
    }

    /// Who is found and who is not, with the row that is chosen, or else the loss that knows the class frequencies.
    fn patients(&self, choice: &Choice) -> String {
        let shown = choice.chosen.max(1);
        let Some(all) = found(&self.results[shown], &self.results[0], self.classes.len()) else { return String::new() };
        let mut grid = Grid::new();
        let header = ["class", "in a test part", "plain training finds", "gained [95 %]", "wrongly called so [95 %]"];
        grid.load_style(presets::ASCII_MARKDOWN).set_header(header);
        for (class, of) in self.classes.iter().zip(all) {
            let [tested, plain] = [of.tested, of.plain].map(|n| format!("{n:.1}"));
            // of a class that is never tested none can be found
            let gained = if of.tested > 0.0 { ends(&of.gained) } else { "-".to_owned() };
            grid.add_row([class.clone(), tested, plain, gained, ends(&of.wrongly)]);
        }
        let who = if self.groups.is_some() { "samples" } else { "patients" };
        format!(
            "\n## How many {who} are gained and lost\n\n{}, beside plain training; means of counts of {who} in a test \
             part.\n\n{grid}\n",
            choice.rows[shown].name
        )
    }

    fn how_sure(&self, choice: &Choice, command: &str) -> String {
        let (splits, shares) = (self.done(), self.tested());
        let length = match (&self.lengths, self.rate.inner()) {
            (None, _) => format!("every method takes as many steps as {} of plain training", words(self.epochs)),
            (Some(_), 1) => "every method trains as long as one inner split says".to_owned(),
            (Some(_), inner) => format!("every method trains as long as {inner} inner splits say"),
        };
        let mut text = format!(
            "\n## How sure\n\n* {splits} of {} splits, stratified, {shares} for testing{}. The intervals count that \
             splits of one cohort overlap (Nadeau and Bengio 2003). They say nothing about another hospital.\n* {}; \
             {length}, and is judged once, after the last step. No rate and no length is chosen on a test part; the \
             method is, so its gain is a bit too large.\n",
            self.splits,
            if self.groups.is_some() { "; rows of one group stay together" } else { "" },
            self.rate.heading(),
        );
        if self.lengths.is_none() {
            text += "* A shorter training may do more than any method, above all where labels are wrong: leave \
                     `--shares` out, and every method gets a length of its own.\n";
        }
        if self.splits < self.wanted as usize {
            let _ = writeln!(
                text,
                "* {} splits were wanted, but only {} can be used and differ in what they test: the {} are too few.",
                self.wanted,
                self.splits,
                self.unit()
            );
        }
        let few = self.with(|units| units < FEW_UNITS);
        if !few.is_empty() {
            let _ = writeln!(
                text,
                "* Small classes, in {}: {}. Each of them moves macro F1 by points, and nobody can be sure of them.",
                self.unit(),
                few.join(", ")
            );
        }
        if choice.has_intervals() {
            text += "* A difference but 0 without an interval is the same in all splits, so nothing says how far it \
                     may be from the truth.\n";
        }
        if choice.has_intervals() && splits < self.splits {
            text +=
                "* The time was over before all splits were done. With more `--minutes` the intervals get narrower.\n";
        }
        text += "* The network is an early fusion of one encoder a table. With your own network the answer may differ: \
                 compare there, too.\n";
        for note in &self.notes {
            let _ = writeln!(text, "* Noted about the files: {note}.");
        }
        let again = if splits < self.splits { "; the same command goes on where it stopped" } else { "" };
        let _ = write!(text, "\nMade by the command below{again}.\n\n    {command}\n");
        text
    }

    fn code(&self, choice: &Choice) -> String {
        let id = choice.rows[choice.chosen].id.arm;
        let Some(Arm { rust, python, .. }) = ARMS.iter().find(|arm| arm.id == id) else { return String::new() };
        let shorter = choice.told_length().filter(|told| told.gain.difference.mean > 0.0);
        let own = shorter.and_then(|_| self.lengths.as_ref()?.of_row(choice.chosen));
        let epochs = own.map_or(self.epochs, |[half, ..]| half);
        format!(
            "\n## The code for it\n\nPyTorch, with `import climd`, `import torch.nn.functional as F` and `from \
             climd.torch import CurriculumSampler, Measurer, prior_corrected_cross_entropy`; `net.views` gives the \
             logits and the embeddings of every modality:\n\n```python\nepochs = {epochs}\n{python}{PYTHON}```\n\n\
             Rust, with `use climd::*` and `use climd::schedule::*`:\n\n```rust\nlet epochs = \
             {epochs};\n{rust}{RUST}```\n\nPredict with the plain logits.\n"
        )
    }
}

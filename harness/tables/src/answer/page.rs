//! The page for the reader: what to use, by how much, how sure, who is found, and the code.

use std::fmt::Write as _;

use comfy_table::{Table as Grid, presets};

use super::choice::{Compared, found};
use super::{ARMS, Answer, Arm, Choice};
use crate::section::{difference, or_dash, p_value};
use crate::stats::{LEAST_SPLITS, Paired};

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
        let Some(choice) = Choice::of(&self.results) else {
            let _ = write!(
                text,
                "**We cannot tell yet.** The time was over before all methods were trained on one split. Finished runs \
                 are kept: the same command goes on where this one stopped. Give it more `--minutes`, or use `--lr \
                 one`, which trains each method once a split instead of about ten times.\n\n    {command}\n"
            );
            return text;
        };
        text += &self.verdict(&choice);
        text += "\n## By how much\n\n";
        text += &self.rows(&choice);
        text += &self.patients(&choice);
        text += &self.how_sure(&choice, command);
        text += &self.code(&choice);
        text
    }

    /// The answer, first.
    fn verdict(&self, choice: &Choice) -> String {
        let (splits, rows) = (self.splits(), choice.rows.len() - 1);
        if !choice.has_intervals() {
            return format!(
                "**We cannot tell yet.** {splits} of {} splits are done, and fewer than {LEAST_SPLITS} have no \
                 interval. The same command with more `--minutes` goes on. Until then: plain training.\n",
                self.wanted
            );
        }
        let chosen = &choice.rows[choice.chosen];
        match (&chosen.gain, chosen.holm) {
            (Some(gain), Some(p)) => format!(
                "**Use {}.** It gains {} points of macro F1 over plain training (95 % interval over {splits} splits, \
                 p {} after Holm for {rows} comparisons).\n",
                chosen.name,
                ends(gain),
                p_value(Some(p)),
            ),
            _ => {
                let bounds = |row: &Compared| Some(format!("{} {}", row.name, ends(row.gain.as_ref()?)));
                let all: Vec<String> = choice.rows.iter().filter_map(bounds).collect();
                format!(
                    "**Train plainly: we cannot tell any method from plain training.** That is no proof that none \
                     helps. Over {splits} splits the differences of macro F1 lie, with 95 % intervals, at: {}.\n",
                    all.join("; ")
                )
            }
        }
    }

    fn rows(&self, choice: &Choice) -> String {
        let mut grid = Grid::new();
        let header = ["method", "macro F1", "over plain training [95 %]", "p", "p after Holm", "told from plain"];
        grid.load_style(presets::ASCII_MARKDOWN).set_header(header);
        for row in &choice.rows {
            let told = match row.told() {
                Some(sign) if sign > 0.0 => "ahead",
                Some(_) => "behind",
                None => "no",
            };
            let [gain, told] = match &row.gain {
                Some(gain) => [ends(gain), told.to_owned()],
                None => ["-", "-"].map(str::to_owned),
            };
            let p = p_value(row.gain.and_then(|gain| gain.p_corrected));
            grid.add_row([row.name.clone(), or_dash(Some(row.macro_f1)), gain, p, p_value(row.holm), told]);
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
            grid.add_row([class.clone(), tested, plain, ends(&of.gained), ends(&of.wrongly)]);
        }
        let who = if self.grouped { "samples" } else { "patients" };
        format!(
            "\n## How many {who} are gained and lost\n\n{}, beside plain training; means of counts of {who} in a test \
             part.\n\n{grid}\n",
            choice.rows[shown].name
        )
    }

    fn how_sure(&self, choice: &Choice, command: &str) -> String {
        let splits = self.splits();
        let mut text = format!(
            "\n## How sure\n\n* {splits} of {} splits, stratified, 30 % for testing{}. The intervals count that splits \
             of one cohort overlap (Nadeau and Bengio 2003). They say nothing about another hospital.\n * {}; every \
             method takes as many steps as {} epochs of plain training, and is judged once, after the last step. No \
             rate and no epoch is chosen on a test part; the method is, so its gain is a bit too large.\n",
            self.wanted,
            if self.grouped { "; rows of one group stay together" } else { "" },
            self.rate.heading(),
            self.epochs
        );
        text += "* A shorter training may do more than any method, above all where labels are wrong: `climd-repro \
                 lengths --inner 1` on the same folder finds a length for each.\n";
        let few: Vec<String> = self.classes.iter().zip(&self.sizes).filter(|(_, n)| **n < 20).map(said).collect();
        if !few.is_empty() {
            let _ = writeln!(
                text,
                "* Small classes: {}. Each of their samples moves macro F1 by points, and none can be sure of them.",
                few.join(", ")
            );
        }
        if choice.has_intervals() && (splits as u64) < self.wanted {
            text +=
                "* The time was over before all splits were done. With more `--minutes` the intervals get narrower.\n";
        }
        text += "* The network is an early fusion of one encoder a table. With your own network the answer may differ: \
                 compare there, too.\n";
        let _ =
            write!(text, "\nMade by the command below; the same command goes on where it stopped.\n\n    {command}\n");
        text
    }

    fn code(&self, choice: &Choice) -> String {
        let id = choice.rows[choice.chosen].id.arm;
        let Some(Arm { rust, python, .. }) = ARMS.iter().find(|arm| arm.id == id) else { return String::new() };
        format!(
            "\n## The code for it\n\nPyTorch, with `import climd`, `import torch.nn.functional as F` and `from \
             climd.torch import CurriculumSampler, Measurer, prior_corrected_cross_entropy`; `net.views` gives the \
             logits and the embeddings of every modality:\n\n```python\n{python}{PYTHON}```\n\nRust, with `use \
             climd::*` and `use climd::schedule::*`:\n\n```rust\n{rust}{RUST}```\n\nPredict with the plain logits.\n"
        )
    }
}

fn said((class, n): (&String, &usize)) -> String {
    format!("{class} ({n})")
}

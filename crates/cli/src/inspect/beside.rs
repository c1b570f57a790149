//! Columns beside the classes: further labels of a sample, its patient, its hospital.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use climd::{CurriculumSampler, Epoch};
use climd_csv::Labels;
use comfy_table::{Table, presets};
use serde::Serialize;

use super::Sampler;

/// Labels of samples that may have several labels, as in the file.
#[derive(Debug)]
pub(super) struct Findings {
    names: Vec<String>,
    starts: Vec<usize>,
    labels: Vec<u32>,
}

/// What the page shows of labels.
#[derive(Debug, Serialize)]
pub(super) struct Seen {
    pub(super) names: Vec<String>,
    /// Number of samples with both of two labels; on the diagonal, with the label.
    pub(super) together: Vec<Vec<usize>>,
    pub(super) left_out: usize,
    /// How often each epoch of the page has each label.
    pub(super) epochs: Vec<Vec<usize>>,
    /// The labels in this order.
    #[serde(skip)]
    pub(super) order: Vec<usize>,
}

/// A value of a column for each sample.
#[derive(Debug)]
pub(super) struct Values {
    /// Name of the column.
    pub(super) column: String,
    names: Vec<String>,
    of_sample: Vec<usize>,
}

impl Findings {
    /// None if every sample has one label.
    pub(super) fn of(labels: &Labels) -> Option<Findings> {
        let Labels { classes, starts, labels: all, .. } = labels;
        labels.single().is_none().then(|| Findings {
            names: classes.clone(),
            starts: starts.clone(),
            labels: all.clone(),
        })
    }

    fn of_sample(&self, sample: usize) -> &[u32] {
        &self.labels[self.starts[sample]..self.starts[sample + 1]]
    }

    /// Number of samples with each label.
    fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        self.labels.iter().for_each(|&label| counts[label as usize] += 1);
        counts
    }

    /// Labels, those of most samples first.
    fn order(&self) -> Vec<usize> {
        let counts = self.counts();
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.sort_by_key(|&label| Reverse(counts[label]));
        order
    }

    /// Number of samples that have both of two labels, the smaller one first.
    fn pairs(&self) -> BTreeMap<(u32, u32), usize> {
        let mut pairs = BTreeMap::new();
        for sample in 0..self.starts.len() - 1 {
            let labels = self.of_sample(sample);
            for (at, &a) in labels.iter().enumerate() {
                labels[at + 1..].iter().for_each(|&b| *pairs.entry((a, b)).or_default() += 1);
            }
        }
        pairs
    }

    /// Says how many samples have several labels, which labels come together most, and counts every label in these
    /// epochs.
    pub(super) fn text(&self, sampler: &Sampler, epochs: &[usize]) -> climd::Result<String> {
        const SHOWN: usize = 20;
        let n = self.starts.len() - 1;
        let several = (0..n).filter(|&sample| self.of_sample(sample).len() > 1).count();
        let none = (0..n).filter(|&sample| self.of_sample(sample).is_empty()).count();
        let mut together: Vec<((u32, u32), usize)> = self.pairs().into_iter().collect();
        together.sort_by_key(|&(_, count)| Reverse(count));
        let name = |label: u32| &self.names[label as usize];
        let shown = together.iter().take(5).map(|&((a, b), count)| format!("{} with {} ({count})", name(a), name(b)));
        let shown: Vec<String> = shown.collect();
        let pairs =
            if shown.is_empty() { String::new() } else { format!("\nmost often together: {}", shown.join(", ")) };
        let mut out = format!(
            "{several} of {n} samples have several labels, {none} have none; the classes are a sample's rarest label, \
             which decides when it comes{pairs}\n"
        );
        if !epochs.is_empty() {
            let mut table = Table::new();
            table.load_style(presets::NOTHING);
            let header = ["label", "samples", "prevalence"].map(str::to_owned).into_iter();
            table.set_header(header.chain(epochs.iter().map(|epoch| format!("epoch {epoch}"))));
            let lists = epochs.iter().map(|&epoch| sampler.epoch(epoch)).collect::<climd::Result<Vec<Epoch>>>()?;
            let counts = lists.iter().map(Epoch::label_counts).collect::<climd::Result<Vec<_>>>()?;
            let (all, labels) = (self.counts(), self.names.len());
            for (at, label) in self.order().into_iter().enumerate() {
                if labels <= SHOWN || at < SHOWN / 2 || at >= labels - SHOWN / 2 {
                    let share = format!("{:.1} %", 100.0 * all[label] as f64 / n as f64);
                    let cells = [self.names[label].clone(), all[label].to_string(), share].into_iter();
                    table.add_row(cells.chain(counts.iter().map(|counts| counts[label].to_string())));
                }
                if labels > SHOWN && at == SHOWN / 2 - 1 {
                    table.add_row([format!("... {} more", labels - SHOWN)]);
                }
            }
            out += &format!("{table}\n");
        }
        let labels = self.names.len();
        out += &format!(
            "in code: `Targets::multi_label(&starts, &labels, {labels})?`, and `prior_corrected_bce` for the loss\n"
        );
        Ok(out)
    }

    /// What the page shows of the labels; of many, the most and the least frequent ones.
    pub(super) fn seen(&self, most: usize) -> Seen {
        let (all, order, pairs) = (self.counts(), self.order(), self.pairs());
        let labels = order.len();
        let order: Vec<usize> = (order.into_iter().enumerate())
            .filter(|&(at, _)| labels <= most || at < most / 2 || at >= labels - most / 2)
            .map(|(_, label)| label)
            .collect();
        let both = |a: usize, b: usize| match a == b {
            true => all[a],
            false => pairs.get(&(a.min(b) as u32, a.max(b) as u32)).copied().unwrap_or(0),
        };
        Seen {
            names: order.iter().map(|&label| self.names[label].clone()).collect(),
            together: order.iter().map(|&a| order.iter().map(|&b| both(a, b)).collect()).collect(),
            left_out: labels - order.len(),
            epochs: Vec::new(),
            order,
        }
    }
}

impl Values {
    pub(super) fn new(column: String, values: &[String]) -> Values {
        let mut names = values.to_vec();
        names.sort_unstable();
        names.dedup();
        let of_sample = values.iter().map(|value| names.partition_point(|name| name < value)).collect();
        Values { column, names, of_sample }
    }

    /// The number of the value of each sample.
    pub(super) fn of_sample(&self) -> &[usize] {
        &self.of_sample
    }

    /// The value that most of these samples have, of equally frequent ones the first, and how many have it.
    pub(super) fn largest(&self, samples: impl Iterator<Item = usize>) -> (&str, usize) {
        let mut counts = vec![0; self.names.len()];
        samples.for_each(|sample| counts[self.of_sample[sample]] += 1);
        let largest = (0..counts.len()).max_by_key(|&value| (counts[value], Reverse(value)));
        largest.map_or(("", 0), |value| (&self.names[value], counts[value]))
    }

    /// Says how many groups (patients) there are, the size of the largest, its largest share of an epoch, and what to
    /// do.
    pub(super) fn as_groups(&self, sampler: &Sampler, epochs: &[usize], cap: Option<usize>) -> climd::Result<String> {
        let n = self.of_sample.len();
        let (most, count) = self.largest(0..n);
        let mut worst = (0.0, 0, most);
        for &epoch in epochs {
            let list = sampler.epoch(epoch)?;
            let (value, count) = self.largest(list.indices().iter().map(|&sample| sample as usize));
            let share = count as f64 / list.len().max(1) as f64;
            if share > worst.0 {
                worst = (share, epoch, value);
            }
        }
        let code = match cap {
            Some(cap) => format!("with at most {cap} of one in each class: `Targets::groups(&groups, {cap})?`"),
            None => "cap them with `Targets::groups`; `--cap 2` shows the epochs of that".into(),
        };
        Ok(format!(
            "group {}: {} groups of {n} samples; the largest, {most}, has {count} of them ({:.1} %), and of the epochs \
             shown {} has most of one, {:.1} % of epoch {}\n\
             in code: keep groups together with `climd::split`; {code}\n",
            self.column,
            self.names.len(),
            100.0 * count as f64 / n as f64,
            worst.2,
            100.0 * worst.0,
            worst.1
        ))
    }

    /// Counts the samples of each class at each site, and finds classes of only one site. `names` are those of the
    /// classes.
    pub(super) fn as_sites(&self, sampler: &Sampler, names: &[&str]) -> (String, Vec<String>) {
        const SHOWN: usize = 12;
        let classes = sampler.classes();
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let sites = self.names.len().min(SHOWN);
        table.set_header(["class".to_owned()].into_iter().chain(self.names[..sites].iter().cloned()));
        let mut alone = Vec::new();
        for (rank, class) in names.iter().enumerate() {
            let mut counts = vec![0; self.names.len()];
            classes.members(rank).iter().for_each(|&sample| counts[self.of_sample[sample as usize]] += 1);
            table.add_row([(*class).to_owned()].into_iter().chain(counts[..sites].iter().map(ToString::to_string)));
            let mut there = (0..counts.len()).filter(|&site| counts[site] > 0);
            if let (Some(site), None) = (there.next(), there.next())
                && self.names.len() > 1
            {
                alone.push(format!("{class} ({})", self.names[site]));
            }
        }
        let more = match self.names.len() - sites {
            0 => String::new(),
            more => format!("; {more} more are not shown"),
        };
        let text = format!("site {}: {} sites{more}\n{table}\n", self.column, self.names.len());
        let warning = format!(
            "only one site has samples of: {}; a network may learn the site instead of the class",
            alone.join(", ")
        );
        (text, if alone.is_empty() { Vec::new() } else { vec![warning] })
    }

    /// Counts the samples of each site in the data and in these epochs, the sites of most samples first.
    pub(super) fn in_epochs(&self, sampler: &Sampler, epochs: &[usize]) -> climd::Result<String> {
        const SHOWN: usize = 12;
        let counts = |samples: &mut dyn Iterator<Item = usize>| {
            let mut counts = vec![0; self.names.len()];
            samples.for_each(|sample| counts[self.of_sample[sample]] += 1);
            counts
        };
        let mut columns = vec![counts(&mut (0..self.of_sample.len()))];
        for &epoch in epochs {
            let list = sampler.epoch(epoch)?;
            columns.push(counts(&mut list.indices().iter().map(|&sample| sample as usize)));
        }
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by_key(|&site| Reverse(columns[0][site]));
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let header = [self.column.clone(), "samples".to_owned()].into_iter();
        table.set_header(header.chain(epochs.iter().map(|epoch| format!("epoch {epoch}"))));
        for site in order.into_iter().take(SHOWN) {
            let cells = columns.iter().map(|counts| {
                let share = 100.0 * counts[site] as f64 / counts.iter().sum::<usize>().max(1) as f64;
                format!("{} ({share:.1} %)", counts[site])
            });
            table.add_row([self.names[site].clone()].into_iter().chain(cells));
        }
        Ok(format!("{table}\nin code: `Targets::sites` shares each class out among them\n"))
    }
}

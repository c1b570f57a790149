//! Columns beside the classes: further labels of a sample, its patient, its hospital.

use std::collections::{BTreeMap, HashMap};

use climd::{CurriculumSampler, Epoch};
use climd_csv::Labels;
use comfy_table::{Table, presets};

use super::Sampler;

/// Labels of samples that may have several labels, as in the file.
#[derive(Debug)]
pub(super) struct Findings {
    names: Vec<String>,
    starts: Vec<usize>,
    labels: Vec<u32>,
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

    /// Number of these samples with each label.
    fn counts(&self, samples: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        samples.for_each(|sample| self.of_sample(sample).iter().for_each(|&label| counts[label as usize] += 1));
        counts
    }

    /// Says how many samples have several labels, which labels come together most, and counts every label in these
    /// epochs.
    pub(super) fn text(&self, sampler: &Sampler, epochs: &[usize]) -> climd::Result<String> {
        let n = self.starts.len() - 1;
        let several = (0..n).filter(|&sample| self.of_sample(sample).len() > 1).count();
        let none = (0..n).filter(|&sample| self.of_sample(sample).is_empty()).count();
        let mut pairs: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for sample in 0..n {
            let labels = self.of_sample(sample);
            for (at, &a) in labels.iter().enumerate() {
                labels[at + 1..].iter().for_each(|&b| *pairs.entry((a, b)).or_default() += 1);
            }
        }
        let mut together: Vec<((u32, u32), usize)> = pairs.into_iter().collect();
        together.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let name = |label: u32| &self.names[label as usize];
        let shown = together.iter().take(5).map(|&((a, b), count)| format!("{} with {} ({count})", name(a), name(b)));
        let shown: Vec<String> = shown.collect();
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let header = ["label", "samples"].map(str::to_owned).into_iter();
        table.set_header(header.chain(epochs.iter().map(|epoch| format!("epoch {epoch}"))));
        let lists = epochs.iter().map(|&epoch| sampler.epoch(epoch)).collect::<climd::Result<Vec<Epoch>>>()?;
        let counts: Vec<Vec<usize>> =
            lists.iter().map(|list| self.counts(list.indices().iter().map(|&sample| sample as usize))).collect();
        let all = self.counts(0..n);
        for (label, name) in self.names.iter().enumerate() {
            let cells = [name.clone(), all[label].to_string()].into_iter();
            table.add_row(cells.chain(counts.iter().map(|counts| counts[label].to_string())));
        }
        let pairs =
            if shown.is_empty() { String::new() } else { format!("\nmost often together: {}", shown.join(", ")) };
        Ok(format!(
            "{several} of {n} samples have several labels, {none} have none; the classes above are a sample's rarest \
             label, which decides when it comes{pairs}\n{table}\nin code: `Targets::multi_label(&starts, &labels, \
             {})?`, and `prior_corrected_bce` for the loss\n",
            self.names.len()
        ))
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

    /// Says how many groups (patients) there are, the size of the largest, its largest share of an epoch, and what to
    /// do.
    pub(super) fn as_groups(&self, sampler: &Sampler, epochs: &[usize]) -> climd::Result<String> {
        let largest_of = |samples: &mut dyn Iterator<Item = usize>| {
            let mut counts: HashMap<usize, usize> = HashMap::new();
            samples.for_each(|sample| *counts.entry(self.of_sample[sample]).or_default() += 1);
            // of equal ones the first by name, as the order of a map is random
            counts.into_iter().max_by_key(|&(value, count)| (count, std::cmp::Reverse(value))).unwrap_or((0, 0))
        };
        let n = self.of_sample.len();
        let (most, count) = largest_of(&mut (0..n));
        let mut worst = (0.0, 0, most);
        for &epoch in epochs {
            let list = sampler.epoch(epoch)?;
            let (value, count) = largest_of(&mut list.indices().iter().map(|&sample| sample as usize));
            let share = count as f64 / list.len().max(1) as f64;
            if share > worst.0 {
                worst = (share, epoch, value);
            }
        }
        Ok(format!(
            "group {}: {} groups of {n} samples; the largest, {}, has {count} of them ({:.1} %), and of the epochs \
             shown {} has most of one, {:.1} % of epoch {}\nin code: keep groups together with `climd::split`, and cap \
             them with `Targets::groups`\n",
            self.column,
            self.names.len(),
            self.names[most],
            100.0 * count as f64 / n as f64,
            self.names[worst.2],
            100.0 * worst.0,
            worst.1
        ))
    }

    /// Counts the samples of each class at each site, and finds classes of only one site. `names` are those of the
    /// classes.
    pub(super) fn as_sites(&self, sampler: &Sampler, names: &[String]) -> (String, Vec<String>) {
        const SHOWN: usize = 12;
        let classes = sampler.classes();
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let sites = self.names.len().min(SHOWN);
        table.set_header(["class".to_owned()].into_iter().chain(self.names[..sites].iter().cloned()));
        let mut alone = Vec::new();
        for rank in 0..classes.num_classes() {
            let mut counts = vec![0; self.names.len()];
            classes.members(rank).iter().for_each(|&sample| counts[self.of_sample[sample as usize]] += 1);
            let class = &names[classes.label(rank) as usize];
            table.add_row([class.clone()].into_iter().chain(counts[..sites].iter().map(ToString::to_string)));
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
        let text = format!(
            "site {}: {} sites{more}\n{table}\nin code: `Targets::sites` shares each class out among them\n",
            self.column,
            self.names.len()
        );
        let warning = format!(
            "only one site has samples of: {}; a network may learn the site instead of the class",
            alone.join(", ")
        );
        (text, if alone.is_empty() { Vec::new() } else { vec![warning] })
    }
}

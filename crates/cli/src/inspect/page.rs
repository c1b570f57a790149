//! Writes the page: one file that needs no network. Data are aggregated here, so that a page of a million samples is as
//! small as one of a thousand.

use anyhow::Result;
use climd::CurriculumSampler;
use serde::Serialize;

use super::beside::Seen;
use super::{Inspection, words};

/// Number of epochs on the slider.
const EPOCHS: usize = 100;
/// Number of classes, and of labels, with their own row: half of them the largest, half the smallest.
const CLASSES: usize = 200;
/// Number of cells of all classes together. A class with fewer samples than cells shows every sample.
const CELLS: usize = 6000;
/// Number of bins of a histogram.
const BINS: usize = 30;
/// Number of rows in the table of the hardest samples: in all, and at most of one class.
const HARDEST: (usize, usize) = (1000, 20);
/// The most samples whose names are all in the page, and the number of names in each cell if there are more.
const NAMED: (usize, usize) = (20_000, 5);

#[derive(Serialize)]
struct Page {
    title: String,
    summary: String,
    warnings: Vec<String>,
    beside: String,
    advice: &'static str,
    code: &'static str,
    words: Vec<(&'static str, &'static str)>,
    samples: usize,
    left_out: usize,
    classes: Vec<Class>,
    epochs: Vec<Epoch>,
    histograms: Option<Histograms>,
    hardest: Vec<Hard>,
    /// If samples have any number of labels.
    findings: Option<Seen>,
    groups: Option<Groups>,
}

#[derive(Serialize)]
struct Groups {
    column: String,
    /// For each epoch the group that has most samples, and how many.
    largest: Vec<(String, usize)>,
}

#[derive(Serialize)]
struct Class {
    name: String,
    count: usize,
    /// For every cell the names of its samples; only the first few if there are many.
    ids: Vec<Vec<String>>,
}

#[derive(Serialize)]
struct Epoch {
    epoch: usize,
    len: usize,
    alpha: Option<f64>,
    quotas: Vec<usize>,
    /// For each class one digit for each cell, from 0 (none of its samples are in the epoch) to 9 (all are).
    cells: Vec<String>,
}

#[derive(Serialize)]
struct Histograms {
    low: f32,
    high: f32,
    /// Counts by class.
    counts: Vec<[usize; BINS]>,
}

#[derive(Serialize)]
struct Hard {
    class: String,
    id: String,
    score: f32,
    /// First epoch on the slider that has the sample.
    enters: u32,
}

impl Inspection {
    /// The page for a browser, with all data in it. `ids`: a name for each sample; by default its number from 1.
    ///
    /// # Errors
    /// Those of the sampler.
    pub fn page(&self, title: &str, ids: Option<&[String]>) -> Result<String> {
        let (classes, last) = (self.sampler.classes(), self.epochs - 1);
        let (n, c) = (self.targets.num_samples(), classes.num_classes());
        let id = |sample: u32| match ids {
            Some(ids) => ids[sample as usize].clone(),
            None => (sample + 1).to_string(),
        };
        let shown: Vec<usize> =
            (0..c).filter(|&rank| c <= CLASSES || rank < CLASSES / 2 || rank >= c - CLASSES / 2).collect();
        let steps = last.min(EPOCHS - 1);
        let epochs: Vec<usize> = (0..=steps).map(|at| at * last / steps.max(1)).collect();

        // without scores, samples are placed by the first epoch that has them
        let mut enters = vec![u32::MAX; n];
        let mut held = Vec::with_capacity(epochs.len());
        let mut findings = self.findings.as_ref().map(|findings| findings.seen(CLASSES));
        let mut groups = self.groups.as_ref().map(|of| Groups { column: of.column.clone(), largest: Vec::new() });
        for &epoch in &epochs {
            let list = self.sampler.epoch(epoch)?;
            if let Some(findings) = &mut findings {
                let counts = list.label_counts()?;
                findings.epochs.push(findings.order.iter().map(|&label| counts[label]).collect());
            }
            if let (Some(page), Some(of)) = (&mut groups, &self.groups) {
                let (name, count) = of.largest(list.indices().iter().map(|&sample| sample as usize));
                page.largest.push((name.to_owned(), count));
            }
            let mut inside = vec![false; n];
            for &sample in list.indices() {
                inside[sample as usize] = true;
                enters[sample as usize] = enters[sample as usize].min(epoch as u32);
            }
            held.push(inside);
        }
        let rows: Vec<Vec<u32>> = shown
            .iter()
            .map(|&rank| {
                let mut members = classes.members(rank).to_vec();
                match &self.scores {
                    Some(scores) => members.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize])),
                    None => members.sort_by_key(|&sample| enters[sample as usize]),
                }
                members
            })
            .collect();
        let width = (CELLS / shown.len()).max(10);
        let epochs = epochs.iter().zip(&held).map(|(&epoch, inside)| {
            let quotas = self.class_counts(epoch)?;
            let alpha = self.sampler.report(epoch)?.target.alpha.filter(|alpha| alpha.is_finite());
            let cells = rows.iter().map(|row| cells(row, width, inside)).collect();
            let len = quotas.iter().sum();
            Ok(Epoch { epoch, len, alpha, quotas: shown.iter().map(|&rank| quotas[rank]).collect(), cells })
        });
        let most = if n <= NAMED.0 { usize::MAX } else { NAMED.1 };
        let page = Page {
            title: title.to_owned(),
            summary: self.summary(),
            warnings: self.warnings()?,
            beside: self.beside(false)?,
            advice: self.advice().text,
            code: self.advice().code,
            words: words::of(self.sampler.schedule()),
            samples: n,
            findings,
            groups,
            left_out: c - shown.len(),
            epochs: epochs.collect::<Result<_>>()?,
            classes: (shown.iter().zip(&rows))
                .map(|(&rank, row)| Class {
                    name: self.name(rank).to_owned(),
                    count: row.len(),
                    ids: cells_of(row, width)
                        .map(|members| members.iter().take(most).map(|&sample| id(sample)).collect())
                        .collect(),
                })
                .collect(),
            histograms: self.scores.as_ref().map(|scores| histograms(scores, &rows)),
            hardest: match &self.scores {
                None => Vec::new(),
                Some(scores) => {
                    let each = (HARDEST.0 / shown.len()).clamp(1, HARDEST.1);
                    let of_class = |(&rank, row): (&usize, &Vec<u32>)| {
                        let last = row.iter().rev().take(each).copied().collect::<Vec<u32>>();
                        last.into_iter().map(move |sample| (rank, sample))
                    };
                    let hard = |(rank, sample): (usize, u32)| Hard {
                        class: self.name(rank).to_owned(),
                        id: id(sample),
                        score: scores[sample as usize],
                        enters: enters[sample as usize],
                    };
                    shown.iter().zip(&rows).flat_map(of_class).map(hard).collect()
                }
            },
        };
        // no string may end the script that contains it
        let data = serde_json::to_string(&page)?.replace('<', "\\u003c");
        Ok(include_str!("page.html").replace("\"DATA\"", &data))
    }
}

/// The share of each cell's samples that is in the epoch, in ninths; at least one ninth if any are.
fn cells(row: &[u32], width: usize, inside: &[bool]) -> String {
    let digit = |members: &[u32]| {
        let held = members.iter().filter(|&&sample| inside[sample as usize]).count();
        char::from(b'0' + (held * 9 / members.len()).max(usize::from(held > 0)) as u8)
    };
    cells_of(row, width).map(digit).collect()
}

/// The samples of each cell.
fn cells_of(row: &[u32], width: usize) -> impl Iterator<Item = &[u32]> {
    let cells = row.len().min(width);
    (0..cells).map(move |at| &row[at * row.len() / cells..(at + 1) * row.len() / cells])
}

fn histograms(scores: &[f32], rows: &[Vec<u32>]) -> Histograms {
    let low = scores.iter().copied().fold(f32::INFINITY, f32::min);
    let high = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let bin = |score: f32| ((score - low) / (high - low).max(f32::MIN_POSITIVE) * BINS as f32) as usize;
    let count = |row: &Vec<u32>| {
        let mut counts = [0; BINS];
        row.iter().for_each(|&sample| counts[bin(scores[sample as usize]).min(BINS - 1)] += 1);
        counts
    };
    Histograms { low, high, counts: rows.iter().map(count).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_has_something_is_not_empty() {
        let inside: Vec<bool> = (0..40).map(|sample| sample < 20 || sample == 39).collect();
        let row: Vec<u32> = (0..40).collect();
        assert_eq!(cells(&row, 4, &inside), "9901");
        assert_eq!(cells(&row, 100, &inside).len(), 40); // one sample in each cell
    }

    #[test]
    fn every_sample_is_in_a_bin() {
        let found = histograms(&[0.0, 1.0, 0.5, 1.0], &[vec![0, 1], vec![2, 3]]);
        assert_eq!(found.counts.iter().map(|counts| counts.iter().sum::<usize>()).collect::<Vec<_>>(), [2, 2]);
        assert_eq!((found.counts[0][0], found.counts[0][BINS - 1], found.counts[1][BINS / 2]), (1, 1, 1));
        let same = histograms(&[2.0, 2.0], &[vec![0, 1]]);
        assert_eq!(same.counts[0].iter().sum::<usize>(), 2);
    }
}

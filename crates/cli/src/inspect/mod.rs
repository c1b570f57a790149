//! What a curriculum would do with a user's classes: in words, and as a page to look at.

mod advice;
mod page;
pub mod table;

use std::fmt::Write;

use anyhow::{Result, ensure};
use climd::{Curriculum, CurriculumSampler, PowerLaw, PowerLawScheduler};
use comfy_table::{Table, presets};

/// A curriculum over labels of any kind.
#[derive(Debug)]
pub struct Inspection {
    /// Names of the classes, sorted; a label of the sampler is a position here.
    names: Vec<String>,
    sampler: PowerLawScheduler,
    scores: Option<Vec<f32>>,
}

impl Inspection {
    /// For these labels, as text, one a sample.
    ///
    /// # Errors
    /// Those of [`Curriculum::new`].
    pub fn new(labels: &[String], schedule: PowerLaw) -> Result<Self> {
        let mut names = labels.to_vec();
        names.sort_unstable();
        names.dedup();
        let codes: Vec<usize> = labels.iter().map(|label| names.partition_point(|name| name < label)).collect();
        let sampler: PowerLawScheduler = Curriculum::new(&codes, schedule)?;
        Ok(Self { names, sampler, scores: None })
    }

    /// The same with scores, one a sample, that rank the samples in every epoch.
    ///
    /// # Errors
    /// If their number is another; those of [`CurriculumSampler::update`].
    pub fn scores(mut self, scores: Vec<f32>) -> Result<Self> {
        let n = self.sampler.classes().num_samples();
        ensure!(
            scores.len() == n,
            "there are {} scores for {n} labels: give one a sample, in the same order",
            scores.len()
        );
        self.sampler.update(0, &scores)?;
        self.scores = Some(scores);
        Ok(self)
    }

    fn ratio(&self) -> f64 {
        let counts = self.sampler.classes().counts();
        counts[0] as f64 / counts[counts.len() - 1] as f64
    }

    fn name(&self, rank: usize) -> &str {
        &self.names[self.sampler.classes().label(rank) as usize]
    }

    fn warnings(&self) -> Result<Vec<String>> {
        Ok(advice::warnings(&self.sampler, self.ratio(), &self.names)?)
    }

    fn advice(&self) -> &'static str {
        let counts = self.sampler.classes().counts();
        advice::advice(counts.len(), self.ratio(), counts[counts.len() - 1])
    }

    /// Imbalance and exponents, in two lines.
    fn summary(&self) -> String {
        let (classes, gamma) = (self.sampler.classes(), self.sampler.schedule().gamma);
        format!(
            "{} samples of {} classes, {:.1}:1 from the largest to the smallest\nZipf exponent {:.2}; the paper's alpha(T) {:.2}, with gamma {gamma}\n",
            classes.num_samples(),
            classes.num_classes(),
            self.ratio(),
            classes.zipf_exponent(),
            classes.hill_exponent() / gamma
        )
    }

    /// Imbalance, quotas at five epochs, warnings, advice.
    ///
    /// # Errors
    /// Those of the sampler.
    pub fn text(&self) -> Result<String> {
        let mut out = format!("{}\n{}\n\n", self.summary(), self.quotas()?);
        for line in self.warnings()? {
            writeln!(out, "warning: {line}")?;
        }
        let advice = self.advice();
        writeln!(out, "\nadvice, from our measurements on five data sets (docs/results/advice.md):\n{advice}")?;
        Ok(out)
    }

    fn quotas(&self) -> Result<Table> {
        const SHOWN: usize = 20;
        let classes = self.sampler.classes();
        let (c, counts) = (classes.num_classes(), classes.counts());
        let last = self.sampler.schedule().epochs - 1;
        let mut points = vec![0, last / 4, last / 2, 3 * last / 4, last];
        points.dedup();
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let epochs = points.iter().map(|epoch| format!("epoch {epoch}"));
        table.set_header(["class", "samples"].map(str::to_owned).into_iter().chain(epochs));
        let quotas = points.iter().map(|&epoch| self.sampler.quotas(epoch)).collect::<climd::Result<Vec<_>>>()?;
        for rank in (0..c).filter(|&rank| c <= SHOWN || rank < SHOWN / 2 || rank >= c - SHOWN / 2) {
            let cells = [self.name(rank).to_owned(), counts[rank].to_string()];
            table.add_row(cells.into_iter().chain(quotas.iter().map(|quota| quota[rank].to_string())));
            if c > SHOWN && rank == SHOWN / 2 - 1 {
                table.add_row([format!("... {} more", c - SHOWN)]);
            }
        }
        let all = ["all".to_owned(), classes.num_samples().to_string()];
        table.add_row(all.into_iter().chain(quotas.iter().map(|quota| quota.iter().sum::<usize>().to_string())));
        Ok(table)
    }
}

//! Rows of a table, cross-validated: the same folds, first weights and number of gradient steps for all of them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use climd::schedule::Uniform;
use climd::{Curriculum, CurriculumSampler, LastBatch};
use climd_data::Split;
use climd_networks::config::{DataConfig, Part, RunConfig, VERSIONS};
use climd_networks::network::LearningRate;
use climd_repro::cache::Cache;
use climd_repro::experiment::{Row, RowResult, parallel};
use climd_repro::stats::Overlap;
use tch::{Device, Tensor};

use crate::cohort::Cohort;
use crate::folds::Rows;
use crate::key::FoldRun;
use crate::resnet;
use crate::train::{Setup, run};

/// Settings that all rows share.
#[derive(Debug, Clone)]
pub struct Study<'a> {
    /// The patients.
    pub cohort: &'a Cohort,
    /// Folds; each is the test part once.
    pub folds: usize,
    /// Seed of the folds. Fold `i` draws weights, dropout and order from `seed + i`.
    pub seed: u64,
    /// Epochs of plain training, which set the number of steps.
    pub epochs: usize,
    /// Samples in each batch.
    pub batch_size: usize,
    /// The learning rate, the same for all rows.
    pub rate: LearningRate,
    /// Weights of the image encoder; none: new ones.
    pub resnet: Option<PathBuf>,
    /// Where to train.
    pub device: Device,
    /// Finished runs, which are not done again. Each run is added as it ends.
    pub cache: &'a Cache<FoldRun>,
}

impl Study<'_> {
    /// The folds, each with its training part. Rows of one group are in one fold.
    ///
    /// # Errors
    /// [`Error::ClassTooSmall`](crate::Error::ClassTooSmall) if a class has fewer patients (groups, where there are
    /// such) than there are folds, or fewer than three.
    pub fn splits(&self) -> Result<Vec<Split>> {
        self.rows_of().folds(self.folds, self.seed)
    }

    fn rows_of(&self) -> Rows<'_> {
        let Cohort { labels, groups, classes, .. } = self.cohort;
        Rows { labels, groups, classes }
    }

    /// All rows on all folds. Runs that are not in the cache are done, `jobs` at a time. `points` is the number of
    /// points of curves.
    ///
    /// `planned` is called with the number of steps before the first, `progress` with the loss after each.
    ///
    /// # Errors
    /// Those of [`splits`](Self::splits), of the cache, and the first of any run.
    pub fn rows(
        &self,
        rows: &[Row],
        part: Part,
        points: usize,
        jobs: usize,
        planned: &dyn Fn(usize),
        progress: &(dyn Fn(&Tensor) + Sync),
    ) -> Result<Vec<RowResult>> {
        let mut splits = self.splits()?;
        if part == Part::Validation {
            for (seed, split) in (self.seed..).zip(&mut splits) {
                *split = self.rows_of().validation(split, seed)?;
            }
        }
        let plans = self.plans(&splits, rows, part, points)?;
        let mut missing = Vec::new();
        for plan in &plans {
            if self.cache.get(&plan.1)?.is_none() {
                missing.push(plan);
            }
        }
        planned(missing.iter().map(|(_, config)| config.run.steps).sum());
        let setup = Setup {
            modalities: self.cohort.modalities.clone(),
            num_classes: self.cohort.classes.len(),
            resnet: self.resnet.clone(),
            device: self.device,
        };
        parallel(&missing, jobs, |(split, config)| {
            let [train, judged] = self.cohort.parts(split)?;
            self.cache.insert(config, &run(&config.run, &setup, &train, &judged, progress)?)
        })?;
        let overlap = Overlap::from(splits[0].test.len() as f64 / splits[0].train.len() as f64);
        let result = |row: &Row| RowResult { row: row.clone(), runs: Vec::new(), overlap };
        let mut results: Vec<RowResult> = rows.iter().map(result).collect();
        for (at, (_, config)) in plans.into_iter().enumerate() {
            let outcome = self.cache.get(&config)?.context("a run that is not in the cache")?;
            results[at % rows.len()].runs.push((config.run, outcome));
        }
        Ok(results)
    }

    /// The runs of all rows, fold by fold.
    fn plans<'s>(
        &self,
        splits: &'s [Split],
        rows: &[Row],
        part: Part,
        points: usize,
    ) -> Result<Vec<(&'s Split, FoldRun)>> {
        let fingerprint = self.cohort.fingerprint();
        let image_weights = self.resnet.as_deref().map(resnet::digest).transpose()?;
        let mut plans = Vec::new();
        for (fold, split) in (0..).zip(splits) {
            let labels: Vec<usize> = split.train.iter().map(|&row| self.cohort.labels[row]).collect();
            let steps = Curriculum::new(&labels, Uniform)?.steps(0..self.epochs, self.batch_size, LastBatch::Keep)?;
            let plan = |row: &Row| FoldRun {
                run: RunConfig {
                    version: VERSIONS[1],
                    data: DataConfig { name: "mllc".into(), fingerprint: fingerprint.clone(), ..DataConfig::default() },
                    seed: self.seed + fold,
                    part,
                    method: row.method.clone(),
                    rate: self.rate,
                    batch_size: self.batch_size,
                    steps,
                    points,
                    native: None,
                },
                fold,
                folds: self.folds,
                image_size: self.cohort.image_size,
                image_weights: image_weights.clone(),
                text_model: self.cohort.text_model.clone(),
            };
            plans.extend(rows.iter().map(|row| (split, plan(row))));
        }
        Ok(plans)
    }
}

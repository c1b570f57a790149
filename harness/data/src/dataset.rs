//! A data set in memory: modalities that share their rows, and one label for each row.

use std::collections::HashSet;
use std::path::Path;

use super::draw::{Purpose, shuffle};
use super::groups::random_groups;
use super::split::{members, stratified_split};
use super::{Error, Result, Split, Table};

/// The folder layout of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `rna.csv`, `meth.csv`, `mirna.csv`, `target.csv`: a header, a patient id first in each row, no split.
    Brca,
    /// The same, with other modalities: `target.csv`, and the files that `modalities.txt` names, one in each line.
    Listed,
    /// `1_tr.csv`, `1_te.csv`, ... and `labels_tr.csv`, `labels_te.csv`: numbers without header, already split, columns
    /// already selected.
    Mogonet,
}

/// Features and labels of the same samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The last part of the folder's path.
    pub name: String,
    /// The layout it was read from.
    pub layout: Layout,
    /// One table for each modality. Each has one row for each sample, in the order of `labels`.
    pub modalities: Vec<Table>,
    /// `[samples]`, in `0..classes.len()`; every class occurs.
    pub labels: Vec<usize>,
    /// Names of the classes, by label.
    pub classes: Vec<String>,
    /// Rows with the same number, for example of one patient, are never in two parts of a split. None without a column
    /// `group` in `target.csv`.
    pub groups: Option<Vec<usize>>,
    /// The fixed split, if the layout has one.
    pub split: Option<Split>,
    /// What the user should know about the files: an index that was left out, blank rows, decimal commas,
    /// missing numbers, a feature that is a copy of the labels.
    pub notes: Vec<String>,
}

impl Dataset {
    /// The name of a folder's data set.
    pub(super) fn name_of(folder: &Path) -> String {
        // `.` and `..` get the name of the folder that they mean
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        folder.file_name().map_or_else(|| "data".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// The fixed split, or one that tests 30 % of each class. Groups stay together: 30 % of them are tested, at random,
    /// so the share of the rows varies where groups are large.
    ///
    /// # Errors
    /// [`Error::Split`]; [`Error::EmptyPart`] and [`Error::ClassNotTrained`] for a split that cannot be used.
    pub fn test_split(&self, seed: u64) -> Result<Split> {
        let split = match (&self.split, &self.groups) {
            (Some(fixed), _) => fixed.clone(),
            (None, Some(groups)) => random_groups(&self.labels, groups, [7, 3], seed)?,
            (None, None) => stratified_split(&self.labels, 0.3, seed)?,
        };
        self.with_trained_classes(self.with_rows(split, "test")?)
    }

    /// Takes 20 % of each class out of the training part of `of`, for validation. Groups stay together. `labels` are
    /// those of training: some may be wrong on purpose.
    ///
    /// # Errors
    /// Those of [`Split::validation`]; [`Error::Split`]; [`Error::EmptyPart`].
    pub fn validation_split(&self, of: &Split, labels: &[usize], seed: u64) -> Result<Split> {
        let split = match &self.groups {
            Some(groups) => of.random_validation(labels, groups, seed)?,
            None => of.validation(labels, 0.2, seed)?,
        };
        self.with_rows(split, "validation")
    }

    /// The split, if both parts have rows. `part` is the name of the part that is judged.
    fn with_rows(&self, split: Split, part: &'static str) -> Result<Split> {
        let Split { train, test } = &split;
        if !train.is_empty() && !test.is_empty() {
            return Ok(split);
        }
        let rows = [&train[..], test].concat();
        let part = if test.is_empty() { part } else { "training" };
        Err(Error::EmptyPart { part, rows: rows.len(), groups: self.groups_of(&rows) })
    }

    /// The split, if no class is tested that was not trained.
    fn with_trained_classes(&self, split: Split) -> Result<Split> {
        let trained: HashSet<usize> = split.train.iter().map(|&row| self.labels[row]).collect();
        let mut tested = split.test.iter().map(|&row| self.labels[row]);
        let Some(label) = tested.find(|label| !trained.contains(label)) else { return Ok(split) };
        let rows: Vec<usize> = (0..self.len()).filter(|&row| self.labels[row] == label).collect();
        let class = self.classes[label].clone();
        Err(Error::ClassNotTrained { class, rows: rows.len(), groups: self.groups_of(&rows) })
    }

    /// How many groups these rows have.
    fn groups_of(&self, rows: &[usize]) -> Option<usize> {
        let of = self.groups.as_ref()?;
        Some(rows.iter().map(|&row| of[row]).collect::<HashSet<usize>>().len())
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no samples. A loaded data set always has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Number of samples of each class, by label.
    #[must_use]
    pub fn class_sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.classes.len()];
        self.labels.iter().for_each(|&label| sizes[label] += 1);
        sizes
    }

    /// A seeded, stratified subset for quick runs: classes in proportion, but at least three of a class that has three.
    ///
    /// Rows keep their order. A fixed split is cut to the subset, in proportion, and a class on both sides stays on
    /// both. If `samples` is not below the number of samples, the result is the whole data set.
    ///
    /// # Errors
    /// [`Error::SliceTooSmall`] if three of every class are more than `samples`.
    pub fn slice(&self, samples: usize, seed: u64) -> Result<Dataset> {
        if samples >= self.len() {
            return Ok(self.clone());
        }
        let mut strata = self.strata();
        let least = strata.iter().map(|stratum| stratum.quota).sum();
        if samples < least {
            return Err(Error::SliceTooSmall { found: samples, least });
        }
        for _ in least..samples {
            // to the stratum furthest below its share, ties to the first; one has room, as rows are left
            let behind = |s: &Stratum| (s.rows.len() * samples) as i128 - (s.quota * self.len()) as i128;
            let open = strata.iter_mut().filter(|stratum| stratum.quota < stratum.rows.len());
            if let Some(stratum) = open.rev().max_by_key(|stratum| behind(stratum)) {
                stratum.quota += 1;
            }
        }
        let mut rows = Vec::with_capacity(samples);
        for (stream, mut stratum) in strata.into_iter().enumerate() {
            shuffle(&mut stratum.rows, seed, Purpose::Slice, stream);
            rows.extend_from_slice(&stratum.rows[..stratum.quota]);
        }
        rows.sort_unstable();
        Ok(self.take(&rows))
    }

    /// Groups of rows that are drawn together, with the least number of each: a class, or one side of the split of a
    /// class.
    fn strata(&self) -> Vec<Stratum> {
        let classes = members(&self.labels);
        let Some(split) = &self.split else {
            return classes.into_iter().map(|rows| Stratum { quota: rows.len().min(3), rows }).collect();
        };
        let is_test = |row: &usize| split.test.binary_search(row).is_ok();
        let sides = classes.into_iter().flat_map(|rows| {
            let (test, train): (Vec<usize>, Vec<usize>) = rows.into_iter().partition(is_test);
            // three in all, and at least one on each side that has one
            let trained = train.len().min(3 - test.len().min(1));
            let tested = test.len().min(3 - trained);
            [Stratum { quota: trained, rows: train }, Stratum { quota: tested, rows: test }]
        });
        sides.collect()
    }

    /// These rows (ascending) of every table, and the part of the split within them.
    fn take(&self, rows: &[usize]) -> Dataset {
        let cut = |side: &[usize]| -> Vec<usize> {
            (0..rows.len()).filter(|&position| side.binary_search(&rows[position]).is_ok()).collect()
        };
        Dataset {
            name: self.name.clone(),
            layout: self.layout,
            modalities: self.modalities.iter().map(|table| table.take(rows)).collect(),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            classes: self.classes.clone(),
            groups: self.groups.as_ref().map(|groups| rows.iter().map(|&row| groups[row]).collect()),
            split: self.split.as_ref().map(|split| Split { train: cut(&split.train), test: cut(&split.test) }),
            notes: self.notes.clone(),
        }
    }
}

struct Stratum {
    quota: usize,
    rows: Vec<usize>,
}

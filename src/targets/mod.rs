//! Targets of samples: one label or several, a site, and a group.
//!
//! Schedules use classes. The class of a sample with several labels is its own label: the rarest one that it has. Sites
//! divide classes into strata, which share the quota of the class. A cap says how many samples of one group an epoch
//! takes from one stratum. Source: `docs/algorithm.md`, "More than one label".

mod cells;
mod codes;
mod population;
mod rows;

pub(crate) use cells::Cells;
pub(crate) use codes::Codes;
pub(crate) use population::{LabelCounts, Population};
use rows::{Own, Rows, check_width, hash_words};

use crate::error::{ArgumentError, TargetError};
use crate::labels::check_table;
use crate::{ClassIndex, Result};

/// How the quota of a class is shared among its sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Within {
    /// In proportion to the samples of the class at each site. The default.
    #[default]
    Proportional,
    /// As equally as the samples of the sites allow, so that the scanner does not reveal the class.
    Balanced,
}

/// The labels of a data set, with the groups (patients) and sites of its samples: what
/// [`Curriculum::with_targets`](crate::Curriculum::with_targets) takes.
///
/// With several labels, the class of a sample is its *own label*: the label that the fewest samples have, of equally
/// rare ones the largest. A sample without labels has own label -1, or -2 if some of its labels are unknown.
///
/// # Examples
/// ```
/// use climd::{Curriculum, CurriculumSampler, PowerLaw, Targets, Within};
/// // six X-rays of four patients, findings 0, 1 and 2; CheXpert's coding: -1 is unknown
/// let findings = [1, 0, 0,   1, 1, 0,   0, 0, 0,   1, 0, 1,   0, -1, 0,   1, 0, 0];
/// let targets = Targets::multi_hot(&findings, 3)?
///     .sites(&[0, 0, 1, 1, 0, 1], Within::Proportional)?
///     .groups(&[7, 7, 7, 8, 9, 10], 1)?; // an epoch has at most one X-ray a patient, of each finding and site
/// assert_eq!(targets.own_labels(), [0, 1, -1, 2, -2, 0]);
/// let sampler = Curriculum::with_targets(targets, PowerLaw { epochs: 4, ..Default::default() })?;
/// let epoch = sampler.epoch(3)?;
/// assert_eq!(epoch.label_counts()?, [4, 1, 1]);
/// assert_eq!(epoch.log_odds()?[1], (1.0f32 / 4.0).ln()); // 1 of the 5 of whom finding 1 is known
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Targets {
    labels: Labels,
    unknown: Option<Rows>,
    sites: Option<(Codes, Within)>,
    groups: Option<(Codes, usize)>,
}

#[derive(Debug, Clone)]
enum Labels {
    One(ClassIndex),
    Several(Rows),
}

impl Targets {
    /// One label for each sample: any integers. Gaps and negative values are allowed.
    ///
    /// # Errors
    /// As [`ClassIndex::new`].
    pub fn single<L: Copy + TryInto<i64>>(labels: &[L]) -> Result<Self> {
        Ok(Self::of(Labels::One(ClassIndex::new(labels)?)))
    }

    /// Any number of labels for each sample, as compressed rows: those of sample `i` are
    /// `labels[starts[i]..starts[i + 1]]`.
    ///
    /// # Shapes
    /// `starts`: `[N + 1]`, ascending from 0 to the length of `labels`; `labels`: columns below `num_labels`. A label
    /// that comes twice in a row counts once.
    ///
    /// # Errors
    /// [`ArgumentError::Empty`] for no samples;
    /// [`LabelError::TooManySamples`](crate::error::LabelError::TooManySamples); [`TargetError::RowStarts`];
    /// [`TargetError::LabelPastColumns`]; [`ArgumentError::OutOfRange`] for `num_labels` of 0 or from 2^31 on, or
    /// 2^32 labels in all.
    ///
    /// # Complexity
    /// Linear in samples and labels. 4 bytes are kept for each.
    pub fn multi_label(starts: &[usize], labels: &[u32], num_labels: usize) -> Result<Self> {
        Ok(Self::of(Labels::Several(Rows::new(["starts", "labels"], starts, labels, num_labels)?)))
    }

    /// Any number of labels for each sample, as a table of 1 (yes), 0 (no) and -1 (unknown), as in CheXpert.
    ///
    /// # Shapes
    /// `values`: `[N, num_labels]`, row-major.
    ///
    /// # Errors
    /// [`ArgumentError::Empty`]; [`ArgumentError::Length`] if it does not divide into rows; [`TargetError::MultiHot`]
    /// for another value; as [`multi_label`](Self::multi_label).
    pub fn multi_hot(values: &[i8], num_labels: usize) -> Result<Self> {
        check_width(num_labels)?;
        check_table("values", values.len(), num_labels, "whole rows of `num_labels` values")?;
        let (mut starts, mut labels) = (vec![0], Vec::new());
        let (mut unknown_starts, mut unknown) = (vec![0], Vec::new());
        for (sample, row) in values.chunks(num_labels).enumerate() {
            for (label, &value) in (0..).zip(row) {
                match value {
                    0 => {}
                    1 => labels.push(label),
                    -1 => unknown.push(label),
                    found => {
                        return Err(TargetError::MultiHot { sample, label: label as usize, found: found.into() }.into());
                    }
                }
            }
            starts.push(labels.len());
            unknown_starts.push(unknown.len());
        }
        let targets = Self::multi_label(&starts, &labels, num_labels)?;
        if unknown.is_empty() { Ok(targets) } else { targets.unknown(&unknown_starts, &unknown) }
    }

    /// The same targets with unknown labels: it is not known whether these samples have them. They do not count.
    ///
    /// # Shapes
    /// As [`multi_label`](Self::multi_label), for the same samples and columns.
    ///
    /// # Errors
    /// As there; [`TargetError::PresentAndUnknown`] for a label that the sample has; [`TargetError::OneLabel`] for
    /// targets of one label a sample.
    pub fn unknown(mut self, starts: &[usize], labels: &[u32]) -> Result<Self> {
        let Labels::Several(rows) = &self.labels else {
            return Err(TargetError::OneLabel { what: "Targets::unknown" }.into());
        };
        if starts.len() != rows.len() + 1 {
            let (found, expected, rule) = (starts.len(), rows.len() + 1, "one for each sample, and the end");
            return Err(ArgumentError::Length { argument: "unknown starts".into(), found, expected, rule }.into());
        }
        let unknown = Rows::new(["unknown starts", "unknown labels"], starts, labels, rows.num_labels())?;
        if let Some((sample, label)) = rows.in_both(&unknown) {
            return Err(TargetError::PresentAndUnknown { sample, label }.into());
        }
        self.unknown = Some(unknown);
        Ok(self)
    }

    /// The same targets with sites: a scanner, a hospital, or another variable that the network must not learn.
    ///
    /// # Shapes
    /// `values`: `[N]`, any integers.
    ///
    /// # Errors
    /// [`ArgumentError::Length`]; [`TargetError::ValueTooLarge`].
    pub fn sites<V: Copy + TryInto<i64>>(mut self, values: &[V], within: Within) -> Result<Self> {
        self.sites = Some((Codes::new("sites", values, self.num_samples())?, within));
        Ok(self)
    }

    /// The same targets with groups, for example patients. An epoch takes at most `cap` samples of one group from each
    /// class, and from each site of the class. Over the epochs the samples of a group take turns.
    ///
    /// # Shapes
    /// `values`: `[N]`, any integers; `cap`: at least 1.
    ///
    /// # Errors
    /// [`ArgumentError::Length`]; [`TargetError::ValueTooLarge`]; [`ArgumentError::OutOfRange`] for a cap of 0.
    pub fn groups<V: Copy + TryInto<i64>>(mut self, values: &[V], cap: usize) -> Result<Self> {
        if cap == 0 {
            let range = "at least 1: an epoch that takes no sample of a group has none";
            return Err(ArgumentError::OutOfRange { argument: "cap", found: 0.0, range }.into());
        }
        self.groups = Some((Codes::new("groups", values, self.num_samples())?, cap));
        Ok(self)
    }

    /// Number of samples `N`.
    pub fn num_samples(&self) -> usize {
        match &self.labels {
            Labels::One(classes) => classes.sample_classes().len(),
            Labels::Several(rows) => rows.len(),
        }
    }

    /// Number of columns `L`. None for targets with one label for each sample.
    pub fn num_labels(&self) -> Option<usize> {
        match &self.labels {
            Labels::One(_) => None,
            Labels::Several(rows) => Some(rows.num_labels()),
        }
    }

    /// The labels of a sample, ascending. None for targets with one label for each sample.
    ///
    /// # Panics
    /// If `sample` is not below [`num_samples`](Self::num_samples), as a slice does.
    pub fn labels(&self, sample: usize) -> Option<&[u32]> {
        match &self.labels {
            Labels::One(_) => None,
            Labels::Several(rows) => Some(rows.row(sample)),
        }
    }

    /// The class of each sample, `[N]`: its label, or its own label; -1 if it has none, -2 if some are unknown.
    pub fn own_labels(&self) -> Vec<i64> {
        match &self.labels {
            Labels::One(classes) => {
                classes.sample_classes().iter().map(|&class| classes.label(class as usize)).collect()
            }
            Labels::Several(rows) => {
                let Own { numbers, by_rarity, .. } = rows.own(self.unknown.as_ref());
                numbers.into_iter().map(|number| by_rarity.label(number)).collect()
            }
        }
    }

    /// Number of samples with each label, `[L]`.
    ///
    /// # Errors
    /// [`TargetError::OneLabel`] for targets of one label a sample: [`ClassIndex::counts`] has them.
    pub fn label_counts(&self) -> Result<Vec<usize>> {
        match &self.labels {
            Labels::One(_) => Err(TargetError::OneLabel { what: "Targets::label_counts" }.into()),
            Labels::Several(rows) => Ok(rows.count_all()),
        }
    }

    /// The log odds of each label in the data, `[L]`: `ln(max(k, 1/2) / max(known - k, 1/2))` for the `k` samples that
    /// carry it of the `known` of which it is known.
    ///
    /// # Errors
    /// [`TargetError::OneLabel`] for targets of one label a sample.
    pub fn log_odds(&self) -> Result<Vec<f32>> {
        let counts = self.label_counts()?;
        let unknown = self.unknown.as_ref().map_or_else(|| vec![0; counts.len()], Rows::count_all);
        Ok(log_odds(&counts, &unknown, self.num_samples()))
    }

    fn of(labels: Labels) -> Self {
        Self { labels, unknown: None, sites: None, groups: None }
    }
}

/// The log odds of each label in a list of `len` samples, `counts` of which have it and `unknown` of which may.
pub(crate) fn log_odds(counts: &[usize], unknown: &[usize], len: usize) -> Vec<f32> {
    let odds = |(&k, &unknown): (&usize, &usize)| {
        libm::log((k as f64).max(0.5) / ((len - unknown - k) as f64).max(0.5)) as f32
    };
    counts.iter().zip(unknown).map(odds).collect()
}

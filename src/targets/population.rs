//! All targets of a data set: classes for the schedules, their strata, the rooms under a cap, and the rows of labels.

use std::sync::{Arc, OnceLock};

use xxhash_rust::xxh3::Xxh3Default;

use super::{Cells, Labels, Own, Rows, Targets, Within, hash_words, log_odds};
use crate::{ClassIndex, Result};

/// The targets of a data set, for the engine.
#[derive(Debug, Clone)]
pub(crate) struct Population {
    classes: Arc<ClassIndex>,
    strata: Option<Strata>,
    cells: Option<Cells>,
    labels: Option<SeveralLabels>,
    extras: u64, // hash of sites, groups and cap; 0 without
    rule: String,
    hash: OnceLock<u64>,
}

/// Classes divided by site.
#[derive(Debug, Clone)]
pub(crate) struct Strata {
    pub(crate) within: Within,
    /// Strata, larger ones first. Of equal ones first that of the larger class, then that of the smaller site.
    pub(crate) index: ClassIndex,
    /// Strata of each class, larger ones first.
    pub(crate) of_class: Vec<Vec<u32>>,
}

#[derive(Debug, Clone)]
struct SeveralLabels {
    rows: Rows,
    unknown: Option<Rows>,
    carried: Vec<usize>,   // in the data
    uncertain: Vec<usize>, // in the data; empty if all is known
}

/// How often an epoch has each label, and for how many of its samples the label is unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LabelCounts {
    pub(crate) carried: Vec<usize>, // [L]; empty for one label a sample
    pub(crate) unknown: Vec<usize>, // [L], or empty if all is known
}

impl LabelCounts {
    pub(crate) fn log_odds(&self, len: usize) -> Vec<f32> {
        let known;
        let unknown = if self.unknown.is_empty() {
            known = vec![0; self.carried.len()];
            &known
        } else {
            &self.unknown
        };
        log_odds(&self.carried, unknown, len)
    }
}

impl Population {
    pub(crate) fn new(targets: Targets) -> Result<Self> {
        let rule = targets.rule();
        let Targets { labels, unknown, sites, groups } = targets;
        let (mut classes, labels) = match labels {
            Labels::One(classes) => (classes, None),
            Labels::Several(rows) => {
                let Own { numbers, by_rarity, carried } = rows.own(unknown.as_ref());
                let uncertain = unknown.as_ref().map_or_else(Vec::new, Rows::count_all);
                let classes = ClassIndex::numbered(numbers, by_rarity.len(), |number| by_rarity.label(number));
                (classes, Some(SeveralLabels { rows, unknown, carried, uncertain }))
            }
        };
        let mut extras = Xxh3Default::new();
        if let Some((sites, within)) = &sites {
            extras.update(&[1, *within as u8]);
            hash_words(&mut extras, &sites.of);
            sites.values.iter().for_each(|value| extras.update(&value.to_le_bytes()));
        }
        if let Some((groups, cap)) = &groups {
            extras.update(&[2]);
            extras.update(&(*cap as u64).to_le_bytes());
            hash_words(&mut extras, &groups.of);
        }
        let extras = if sites.is_some() || groups.is_some() { extras.digest() } else { 0 };

        let of_sites = sites.as_ref().map(|(sites, _)| sites);
        let mut cells = groups.map(|(groups, cap)| Cells::new(&classes, of_sites, groups, cap));
        if let Some(cells) = &cells {
            let rooms = cells.rooms(classes.sample_classes(), classes.num_classes());
            classes = classes.with_rooms(&rooms);
        }
        let strata = match &sites {
            Some((sites, within)) if sites.len() > 1 => Some(Strata::new(&classes, sites, *within, cells.as_ref())?),
            _ => None, // a single site divides nothing
        };
        if let Some(cells) = &mut cells {
            let index = strata.as_ref().map_or(&classes, |strata| &strata.index);
            cells.set_strata(index.sample_classes(), index.num_classes());
        }
        let classes = Arc::new(classes);
        Ok(Self { classes, strata, cells, labels, extras, rule, hash: OnceLock::new() })
    }

    pub(crate) fn single(classes: Arc<ClassIndex>) -> Self {
        let rule = String::new();
        Self { classes, strata: None, cells: None, labels: None, extras: 0, rule, hash: OnceLock::new() }
    }

    /// Number of samples in the data set.
    pub(crate) fn len(&self) -> usize {
        self.classes.sample_classes().len()
    }

    pub(crate) fn classes(&self) -> &ClassIndex {
        &self.classes
    }

    /// The strata that samples are picked from. Without sites, these are the classes.
    pub(crate) fn strata(&self) -> &ClassIndex {
        self.sites().map_or(&self.classes, |strata| &strata.index)
    }

    pub(crate) fn sites(&self) -> Option<&Strata> {
        self.strata.as_ref()
    }

    pub(crate) fn cells(&self) -> Option<&Cells> {
        self.cells.as_ref()
    }

    /// Whether a sample can have more than one label.
    pub(crate) fn has_rows(&self) -> bool {
        self.labels.is_some()
    }

    /// How often the data have each label.
    pub(crate) fn natural(&self) -> LabelCounts {
        self.labels.as_ref().map_or_else(LabelCounts::default, |labels| LabelCounts {
            carried: labels.carried.clone(),
            unknown: labels.uncertain.clone(),
        })
    }

    /// Counts the labels of a list; an ascending list is faster. `everything` means each sample once.
    pub(crate) fn count_labels(&self, list: &[u32], everything: bool, counts: &mut LabelCounts) {
        counts.carried.clear();
        counts.unknown.clear();
        let Some(labels) = &self.labels else { return };
        if everything {
            counts.carried.extend_from_slice(&labels.carried);
            counts.unknown.extend_from_slice(&labels.uncertain);
            return;
        }
        labels.rows.count(list, &mut counts.carried);
        if let Some(unknown) = &labels.unknown {
            unknown.count(list, &mut counts.unknown);
        }
    }

    /// The targets in words, for a state. Empty for targets with one label for each sample and nothing else.
    pub(crate) fn rule(&self) -> &str {
        &self.rule
    }

    /// XXH3 hash of all targets in the order of the samples, the same on all platforms and in all releases.
    pub(crate) fn hash(&self) -> u64 {
        *self.hash.get_or_init(|| {
            let mut hash = Xxh3Default::new();
            match &self.labels {
                None => {
                    let classes = &self.classes;
                    let labels = classes.sample_classes().iter().map(|&class| classes.label(class as usize));
                    labels.for_each(|label| hash.update(&label.to_le_bytes()));
                }
                Some(labels) => {
                    labels.rows.hash(&mut hash);
                    if let Some(unknown) = &labels.unknown {
                        unknown.hash(&mut hash);
                    }
                }
            }
            if self.extras != 0 {
                hash.update(&self.extras.to_le_bytes());
            }
            hash.digest()
        })
    }
}

impl Strata {
    fn new(classes: &ClassIndex, sites: &super::Codes, within: Within, cells: Option<&Cells>) -> Result<Self> {
        let num_sites = sites.len() as u64;
        let number = |(&class, &site): (&u32, &u32)| u64::from(class) * num_sites + u64::from(site);
        let numbers: Vec<u64> = classes.sample_classes().iter().zip(&sites.of).map(number).collect();
        let mut index = ClassIndex::new(&numbers)?;
        if let Some(cells) = cells {
            let rooms = cells.rooms(index.sample_classes(), index.num_classes());
            index = index.with_rooms(&rooms);
        }
        let mut of_class = vec![Vec::new(); classes.num_classes()];
        for stratum in 0..index.num_classes() {
            of_class[(index.label(stratum) as u64 / num_sites) as usize].push(stratum as u32);
        }
        Ok(Self { within, index, of_class })
    }
}

impl Targets {
    fn rule(&self) -> String {
        let mut parts = Vec::new();
        if let Labels::Several(rows) = &self.labels {
            parts.push(format!("{} labels", rows.num_labels()));
        }
        if let Some((sites, within)) = self.sites.as_ref().filter(|(sites, _)| sites.len() > 1) {
            parts.push(format!("{} sites {within:?}", sites.len()));
        }
        if let Some((groups, cap)) = &self.groups {
            parts.push(format!("{} groups capped at {cap}", groups.len()));
        }
        parts.join(", ")
    }
}

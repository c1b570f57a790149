//! A cap: how many samples of one group an epoch can take from one stratum.
//!
//! A cell holds the samples of one group in one class and site. An epoch takes at most `cap` of them, the room of the
//! cell; over the epochs its samples take turns. The cells of a stratum lie together, so its room is known before any
//! score.

use std::ops::Range;

use rayon::prelude::*;

use super::codes::Codes;
use crate::ClassIndex;

/// The cells of a data set.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    cap: usize,
    samples: Vec<u32>,         // by cell, ascending in each
    starts: Vec<u32>,          // samples of a cell: samples[starts[cell]..starts[cell + 1]]
    groups: Vec<u32>,          // by cell, as a number in `names`
    names: Vec<i64>,           // groups, ascending
    strata: Vec<Range<usize>>, // cells of a stratum, larger strata first
    overfull: Vec<bool>,       // by stratum: has a cell with more samples than the cap
}

impl Cells {
    /// The cells of these classes. [`set_strata`](Self::set_strata) assigns them to strata.
    pub(super) fn new(classes: &ClassIndex, sites: Option<&Codes>, groups: Codes, cap: usize) -> Self {
        let key = |sample: u32| {
            let site = sites.map_or(0, |sites| sites.of[sample as usize]);
            (u64::from(site) << 32 | u64::from(groups.of[sample as usize]), sample)
        };
        let (mut samples, mut starts, mut of) = (Vec::with_capacity(groups.of.len()), vec![0], Vec::new());
        for class in 0..classes.num_classes() {
            let mut members: Vec<(u64, u32)> = classes.members(class).iter().map(|&sample| key(sample)).collect();
            members.par_sort_unstable();
            for cell in members.chunk_by(|a, b| a.0 == b.0) {
                samples.extend(cell.iter().map(|&(_, sample)| sample));
                starts.push(samples.len() as u32);
                of.push(cell[0].0 as u32);
            }
        }
        // they grew by doubling
        starts.shrink_to_fit();
        of.shrink_to_fit();
        Self { cap, samples, starts, groups: of, names: groups.values, strata: Vec::new(), overfull: Vec::new() }
    }

    /// Sums of the rooms of cells, by the numbers in `of`: `[num]`.
    pub(super) fn rooms(&self, of: &[u32], num: usize) -> Vec<usize> {
        let mut rooms = vec![0; num];
        for cell in 0..self.groups.len() {
            rooms[of[self.cell(cell)[0] as usize] as usize] += self.room(cell);
        }
        rooms
    }

    /// Assigns samples to strata. The cells of a stratum lie together.
    pub(super) fn set_strata(&mut self, of: &[u32], num_strata: usize) {
        self.strata = vec![0..0; num_strata];
        self.overfull = vec![false; num_strata];
        for cell in 0..self.groups.len() {
            let stratum_of = of[self.cell(cell)[0] as usize] as usize;
            let stratum = &mut self.strata[stratum_of];
            *stratum = if stratum.start == stratum.end { cell..cell + 1 } else { stratum.start..cell + 1 };
            self.overfull[stratum_of] |= self.cell(cell).len() > self.cap;
        }
    }

    /// The cells of a stratum.
    pub(crate) fn of_stratum(&self, stratum: usize) -> Range<usize> {
        self.strata[stratum].clone()
    }

    /// Whether the candidates of a stratum depend on the epoch.
    pub(crate) fn takes_turns(&self, stratum: usize) -> bool {
        self.overfull[stratum]
    }

    /// The samples of a cell, ascending.
    pub(crate) fn cell(&self, cell: usize) -> &[u32] {
        &self.samples[self.starts[cell] as usize..self.starts[cell + 1] as usize]
    }

    /// Number of samples of a cell that an epoch can hold.
    pub(crate) fn room(&self, cell: usize) -> usize {
        self.cell(cell).len().min(self.cap)
    }

    /// The group with most samples in a list, and their number. `times` says how often the list has each sample.
    pub(crate) fn largest_group(&self, times: &[u32]) -> Option<(i64, usize)> {
        let mut totals = vec![0usize; self.names.len()];
        for (cell, &group) in self.groups.iter().enumerate() {
            totals[group as usize] +=
                self.cell(cell).iter().map(|&sample| times[sample as usize] as usize).sum::<usize>();
        }
        // of equal ones the first, so the smallest
        let largest = (0..totals.len()).max_by_key(|&group| (totals[group], std::cmp::Reverse(group)))?;
        Some((self.names[largest], totals[largest]))
    }
}

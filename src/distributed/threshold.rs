//! Selects samples if no rank has all scores: the ranks find the end of each class's quota by summed histograms.
//!
//! A sample's place in its class is a 64-bit number: its key, then its index inverted. So of equal keys the smaller
//! index comes first, and no two places are equal. The place at which a quota ends is found one byte after another,
//! from the top byte on. In each round all ranks look at the places that begin with the bytes found so far, and sum up
//! how many of them have each value of the next byte. Four rounds find the key. Four more are needed only if a tie must
//! be broken.

use std::ops::Range;

use super::Communicator;
use crate::sampler::{Purpose, Words, key_or_stand_in};
use crate::{ClassIndex, Quota, Result};

/// The samples of one rank, and their scores.
pub(super) struct Part<'a> {
    pub(super) classes: &'a ClassIndex,
    pub(super) samples: Range<usize>,
    pub(super) scores: &'a [f32], // NaN for a sample that has none
    pub(super) lowest: bool,
    /// The seed of the stand-in, if a score is NaN.
    pub(super) stand_in: Option<u64>,
}

/// A search among the places of one class, or of all samples.
#[derive(Debug, Clone, Copy)]
struct Search {
    /// Bytes found so far, in the low end.
    found: u64,
    /// Number of places that are still to be taken among those that begin with `found`.
    left: u32,
    /// The lowest place that is in, once it is known. `None` with `left` 0 means that no place is in.
    end: Option<u64>,
}

impl Part<'_> {
    /// The samples of this part that are in the epoch, ascending, copies side by side. Together.
    pub(super) fn chosen(&self, quota: &Quota, comm: &impl Communicator) -> Result<Vec<u32>> {
        let mut list = Vec::new();
        match quota {
            Quota::PerClass(quotas) => {
                let counts = self.classes.counts();
                let left: Vec<u32> = quotas.iter().zip(counts).map(|(quota, n)| (quota % n) as u32).collect();
                let ends = self.ends(&left, |class| class as usize, comm)?;
                self.visit(|sample, class, place| {
                    let class = class as usize;
                    let more = ends[class].is_some_and(|end| place >= end);
                    let copies = quotas[class] / counts[class] + usize::from(more);
                    list.extend(std::iter::repeat_n(sample, copies));
                });
            }
            Quota::Window(window) => {
                let end = |count: usize| -> Result<_> { Ok(self.ends(&[count as u32], |_| 0, comm)?[0]) };
                let (first, last) = (end(window.start)?, end(window.end)?);
                self.visit(|sample, _, place| {
                    let before = |end: Option<u64>| end.is_some_and(|end| place >= end);
                    if before(last) && !before(first) {
                        list.push(sample);
                    }
                });
            }
        }
        Ok(list)
    }

    /// For each group the lowest place that is in, if as many as `counts` says are in. `group` maps a class to its
    /// group.
    fn ends(&self, counts: &[u32], group: impl Fn(u32) -> usize, comm: &impl Communicator) -> Result<Vec<Option<u64>>> {
        let mut searches: Vec<Search> = counts.iter().map(|&left| Search { found: 0, left, end: None }).collect();
        for shift in (0..u64::BITS).step_by(8).rev() {
            if searches.iter().all(|search| search.left == 0) {
                break; // the same on every rank
            }
            let mut histograms = vec![0u32; searches.len() << 8];
            self.visit(|_, class, place| {
                let group = group(class);
                let search = searches[group];
                // shifted twice, as a single shift could be by all 64 bits
                if search.left > 0 && place >> shift >> 8 == search.found {
                    histograms[group << 8 | (place >> shift & 0xFF) as usize] += 1;
                }
            });
            comm.all_reduce(&mut histograms)?;
            for (search, histogram) in searches.iter_mut().zip(histograms.chunks(1 << 8)) {
                search.descend(histogram, shift);
            }
        }
        Ok(searches.into_iter().map(|search| search.end).collect())
    }

    /// Calls `visit(sample, class, place)` for each sample of the part.
    fn visit(&self, mut visit: impl FnMut(u32, u32, u64)) {
        let mut words = self.stand_in.map(|seed| Words::new(seed, 0, Purpose::StandIn, 0));
        words.iter_mut().for_each(|words| words.skip(self.samples.start));
        for (&score, sample) in self.scores.iter().zip(self.samples.clone()) {
            let key = key_or_stand_in(score, self.lowest, words.as_mut().map_or(0, Words::next));
            let place = u64::from(key) << 32 | u64::from(!(sample as u32));
            visit(sample as u32, self.classes.sample_classes()[sample], place);
        }
    }
}

impl Search {
    /// Goes one byte further, given how many places have each value of the byte.
    fn descend(&mut self, histogram: &[u32], shift: u32) {
        if self.left == 0 {
            return;
        }
        for byte in (0..1 << 8).rev() {
            let count = histogram[byte as usize];
            if count >= self.left {
                self.found = self.found << 8 | byte;
                if count == self.left {
                    (self.left, self.end) = (0, Some(self.found << shift)); // all places that begin so are in
                }
                return;
            }
            self.left -= count;
        }
    }
}

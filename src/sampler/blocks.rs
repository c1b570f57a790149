//! An order that reads a file in blocks: blocks in random order, and the samples of some blocks mixed.
//!
//! The list is already in a random order. So its samples are only dealt to windows, and keep their order there: within
//! a window every order is equally likely. Source: the idea of shuffled shards and a shuffle buffer (WebDataset,
//! MosaicML Streaming); the rule is ours, as a buffer would need a counter that every call advances.

use std::ops::Range;

use super::order::fisher_yates;
use super::random::{Purpose, Words};
use super::scatter::{Items, scatter};
use crate::Result;
use crate::error::ArgumentError;

/// How far a list may be from the order of a file, for [`Epoch::blocks`](crate::Epoch::blocks).
///
/// Samples `0..rows` are block 0, the next are block 1, and so on. Each epoch shuffles the blocks and takes them in
/// groups, the windows, with about as many samples each. The samples of a window are in random order. So at most about
/// `window` rows have to be in memory at once, and they are read a block at a time.
///
/// The price: the samples of a batch come from the blocks of one window. If rows lie in the file in random order, a
/// batch is as mixed as ever. If they are sorted by class or by patient, its classes vary more. So write the rows in
/// random order, once; or take small blocks and a large window. `docs/guide/large.md` has numbers.
///
/// # Examples
/// ```
/// use climd::{Blocks, CurriculumSampler, PowerLaw, PowerLawScheduler};
///
/// let labels: Vec<i64> = (0..1000).map(|i| i % 3).collect();
/// let sampler = PowerLawScheduler::new(&labels, PowerLaw::default())?.seed(7);
/// let epoch = sampler.epoch(99)?;
/// let near = epoch.blocks(Blocks { rows: 10, window: 100, seed: 7 })?;
/// // the first 100 samples are of ten blocks
/// let mut blocks: Vec<u32> = near.indices()[..100].iter().map(|sample| sample / 10).collect();
/// blocks.sort_unstable();
/// blocks.dedup();
/// assert_eq!(blocks.len(), 10);
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Blocks {
    /// Rows of the file in a block, at least 1. Default 256. A block should have a megabyte or more.
    pub rows: usize,
    /// Samples that are mixed with each other, and so are in memory together, at least 1. Default 16,384.
    pub window: usize,
    /// Seed of the order of the blocks. Default 0.
    pub seed: u64,
}

impl Default for Blocks {
    fn default() -> Self {
        Self { rows: 256, window: 16_384, seed: 0 }
    }
}

/// Which window each block is in.
#[derive(Debug, PartialEq)]
pub(crate) struct Windows {
    rows: usize,
    of_block: Vec<u32>,
}

impl Windows {
    /// The window of a sample.
    pub(crate) fn of(&self, sample: u32) -> u32 {
        self.of_block[sample as usize / self.rows]
    }
}

impl Blocks {
    /// Puts the list into blocks. It is in random order.
    pub(super) fn arrange(self, list: &[u32], epoch: usize) -> Result<(Vec<u32>, Windows)> {
        for (argument, found) in [("rows", self.rows), ("window", self.window)] {
            if found == 0 {
                return Err(ArgumentError::OutOfRange { argument, found: 0.0, range: "at least 1" }.into());
            }
        }
        let num_blocks = list.iter().max().map_or(0, |&sample| sample as usize / self.rows + 1);
        let mut of_block = vec![0; num_blocks]; // first the number of samples, then the window
        for &sample in list {
            of_block[sample as usize / self.rows] += 1;
        }
        let mut order: Vec<u32> = (0..num_blocks as u32).filter(|&block| of_block[block as usize] > 0).collect();
        fisher_yates(&mut order, &mut Words::new(self.seed, epoch, Purpose::Blocks, 0));
        // as even as blocks allow: a small last window would be mixed less than the others
        let num_windows = list.len().div_ceil(self.window);
        let (mut before, mut window, mut used) = (0u64, 0u64, 0);
        for block in order {
            let samples = std::mem::replace(&mut of_block[block as usize], used);
            before += u64::from(samples);
            let at = before * num_windows as u64 / list.len() as u64;
            if at > window && before < list.len() as u64 {
                (window, used) = (at, used + 1); // a block longer than a window makes one window of many
            }
        }
        let windows = Windows { rows: self.rows, of_block };
        let mut out = vec![0; list.len()];
        scatter(&Dealt { list, windows: &windows }, used as usize + 1, None, &mut out);
        Ok((out, windows))
    }
}

/// The window of each sample of a list.
struct Dealt<'a> {
    list: &'a [u32],
    windows: &'a Windows,
}

impl Items for Dealt<'_> {
    fn visit(&self, items: Range<usize>, mut to: impl FnMut(usize, u32)) {
        self.list[items].iter().for_each(|&sample| to(self.windows.of(sample) as usize, sample));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One block after the other, with vectors: too simple to be wrong.
    fn naive(blocks: Blocks, list: &[u32], epoch: usize) -> Vec<u32> {
        let in_block = |block: u32| list.iter().filter(move |&&sample| sample / blocks.rows as u32 == block);
        let last = list.iter().max().map_or(0, |sample| sample / blocks.rows as u32);
        let mut order: Vec<u32> = (0..=last).filter(|&block| in_block(block).count() > 0).collect();
        fisher_yates(&mut order, &mut Words::new(blocks.seed, epoch, Purpose::Blocks, 0));
        let share = list.len().div_ceil(blocks.window);
        let (mut out, mut window, mut before, mut at) = (vec![], vec![], 0, 0);
        for block in order {
            window.push(block);
            before += in_block(block).count();
            if before * share / list.len() > at || before == list.len() {
                at = before * share / list.len();
                out.extend(list.iter().filter(|&&sample| window.contains(&(sample / blocks.rows as u32))));
                window.clear();
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn any_list_keeps_its_samples_and_is_the_naive_one(
            list in prop::collection::vec(0u32..500, 0..400), rows in 1usize..60, window in 1usize..200, seed: u64,
        ) {
            let blocks = Blocks { rows, window, seed };
            let (out, windows) = blocks.arrange(&list, 3).unwrap();
            prop_assert_eq!(&out, &naive(blocks, &list, 3));
            prop_assert!(out.is_sorted_by_key(|&sample| windows.of(sample)));
            let sorted = |mut list: Vec<u32>| { list.sort_unstable(); list };
            prop_assert_eq!(sorted(out), sorted(list));
        }
    }

    #[test]
    fn windows_have_about_as_many_samples() {
        let list: Vec<u32> = (0..10_000).filter(|sample| sample % 7 != 0).collect();
        let (out, windows) = Blocks { rows: 16, window: 1000, seed: 1 }.arrange(&list, 0).unwrap();
        let sizes: Vec<usize> = out.chunk_by(|&a, &b| windows.of(a) == windows.of(b)).map(<[u32]>::len).collect();
        assert_eq!(sizes.len(), 9); // 8,571 samples
        assert!(sizes.iter().all(|&size| (936..=968).contains(&size)), "{sizes:?}"); // 952, and a block
    }

    /// Changing these lists changes every user's runs: a breaking release and a changelog line.
    #[test]
    fn orders_are_the_pinned_ones() {
        let list: Vec<u32> = (0..12).rev().collect();
        let blocks = Blocks { rows: 2, window: 4, seed: 42 };
        let of = |epoch| blocks.arrange(&list, epoch).unwrap().0;
        assert_eq!(of(3), [3, 2, 1, 0, 11, 10, 7, 6, 9, 8, 5, 4]);
        assert_eq!(of(4), [9, 8, 7, 6, 5, 4, 3, 2, 11, 10, 1, 0]);
    }

    #[test]
    fn every_order_of_three_blocks_comes_equally_often() {
        let mut seen = std::collections::HashMap::new();
        for seed in 0..6000 {
            let (out, _) = Blocks { rows: 1, window: 1, seed }.arrange(&[0, 1, 2], 0).unwrap();
            *seen.entry(out).or_insert(0u32) += 1;
        }
        let chi: f64 = seen.values().map(|&n| (f64::from(n) - 1000.0).powi(2) / 1000.0).sum();
        assert!(seen.len() == 6 && chi < 20.5, "chi-squared of 5 degrees of freedom is {chi}"); // p = 0.001
    }
}

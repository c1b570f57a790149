//! A stable counting sort in parallel: items are put into groups, and keep their order within a group.
//!
//! Every thread first counts how many items of its stretch go to each group. Then it is known where the items of each
//! stretch begin in each group, and all stretches are written at once.

use std::ops::Range;

use rayon::prelude::*;

/// Items with groups. The result for one stretch of items does not depend on other stretches.
pub(super) trait Items: Sync {
    /// Calls `to(group, value)` for each of these items in order.
    fn visit(&self, items: Range<usize>, to: impl FnMut(usize, u32));
}

/// The least number of items for a thread.
const STRETCH: usize = 1 << 16;

/// Writes the values of group 0 to `out`, then those of group 1, and so on. Returns the size of each group. `sizes` are
/// the sizes, if they are known before.
pub(super) fn scatter(items: &impl Items, groups: usize, sizes: Option<&[usize]>, out: &mut [u32]) -> Vec<usize> {
    let len = out.len();
    // few stretches, as each has a table of groups, which should be small beside its items
    let stretches = (2 * rayon::current_num_threads()).min(len / STRETCH.max(16 * groups)).max(1);
    let start = |at: usize| (len as u128 * at as u128 / stretches as u128) as usize;
    let count = |at: usize| {
        let mut counts = vec![0; groups];
        items.visit(start(at)..start(at + 1), |group, _| counts[group] += 1);
        counts
    };
    let counts: Vec<Vec<usize>> = match sizes {
        Some(sizes) if stretches == 1 => vec![sizes.to_vec()],
        _ => (0..stretches).into_par_iter().map(count).collect(),
    };
    let mut slots: Vec<Vec<_>> = (0..stretches).map(|_| Vec::with_capacity(groups)).collect();
    let (mut totals, mut rest) = (vec![0; groups], out);
    for (group, total) in totals.iter_mut().enumerate() {
        for (slots, counts) in slots.iter_mut().zip(&counts) {
            let (part, tail) = rest.split_at_mut(counts[group]);
            slots.push(part.iter_mut());
            *total += counts[group];
            rest = tail;
        }
    }
    slots.into_par_iter().enumerate().for_each(|(at, mut slots)| {
        items.visit(start(at)..start(at + 1), |group, value| {
            // there is a slot, as it was counted
            if let Some(slot) = slots[group].next() {
                *slot = value;
            }
        });
    });
    totals
}

/// The first `len` places of a memory, with whatever is in them. What is there already is not written again; new memory
/// is not written at all, so that places that are never used take no pages.
pub(super) fn room(memory: &mut Vec<u32>, len: usize) -> &mut [u32] {
    if memory.len() < len {
        *memory = Vec::new(); // freed before there is more
        *memory = vec![0; len];
    }
    &mut memory[..len]
}

/// Consecutive parts of these sizes.
pub(super) fn split<'a, T>(mut list: &'a mut [T], sizes: &[usize]) -> Vec<&'a mut [T]> {
    let mut parts = Vec::with_capacity(sizes.len());
    for &size in sizes {
        let (part, rest) = list.split_at_mut(size);
        parts.push(part);
        list = rest;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Squares(usize);

    impl Items for Squares {
        fn visit(&self, items: Range<usize>, mut to: impl FnMut(usize, u32)) {
            items.for_each(|i| to(i * i % self.0, i as u32));
        }
    }

    #[test]
    fn groups_are_in_order_under_any_number_of_threads() {
        for (len, groups) in [(0, 1), (1, 3), (1000, 7), (5 * STRETCH + 3, 10), (4 * STRETCH, 5000), (300_000, 100_000)]
        {
            let mut expected = vec![Vec::new(); groups];
            (0..len).for_each(|i| expected[i * i % groups].push(i as u32));
            let sizes: Vec<usize> = expected.iter().map(Vec::len).collect();
            for threads in [1, 2, 5] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                for known in [None, Some(&sizes[..])] {
                    let mut out = vec![9; len];
                    assert_eq!(pool.install(|| scatter(&Squares(groups), groups, known, &mut out)), sizes);
                    assert!(out == expected.concat(), "{len} to {groups}, {threads} threads");
                }
            }
        }
    }
}

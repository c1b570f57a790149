//! Which samples, under a cap: a group's samples take turns, and each stratum picks among those whose turn it is.
//!
//! Of a cell with `size` samples and room for `room`, ranked by key, epoch `e` has the places `e * room`,
//! `e * room + 1`, ..., counted round and round. Candidates lie by stratum, each stratum is picked by itself, and the
//! whole is sorted: so neither the number of threads nor the layout of the cells can be seen in the list.
//! Source: `docs/algorithm.md`, "Groups".

use rayon::prelude::*;

use super::keys::{CHUNK, Keys};
use super::random::{Purpose, Words};
use super::select::Ranking;
use crate::targets::{Cells, Population};

/// By what a stratum picks among its candidates.
#[derive(Debug, Clone, Copy)]
pub(super) enum Among {
    /// The highest keys.
    Keys,
    /// Uniform draws with replacement.
    Draws { seed: u64, epoch: usize },
}

/// Makes `out` the samples of these quotas of strata, ascending, copies adjacent. `spare` lends its memory.
pub(super) fn select(
    population: &Population,
    cells: &Cells,
    quotas: &[usize],
    (ranking, among): (&Ranking<'_>, Among),
    epoch: usize,
    out: &mut Vec<u32>,
    spare: &mut Vec<u32>,
) {
    let keys = ranking.keys(population.len(), spare);
    let of_stratum = |(stratum, &quota): (usize, &usize)| -> Vec<u32> {
        if quota == 0 {
            return Vec::new();
        }
        let mut candidates = candidates(cells, stratum, &keys, epoch);
        let (whole, rest) = (quota / candidates.len(), quota % candidates.len());
        match among {
            Among::Draws { seed, epoch } => {
                candidates.sort_unstable();
                let mut words = Words::new(seed, epoch, Purpose::Replacement, stratum as u32);
                let n = candidates.len() as u32;
                (0..quota).map(|_| candidates[words.below(n) as usize]).collect()
            }
            Among::Keys => {
                if rest > 0 {
                    candidates.select_nth_unstable_by_key(rest - 1, |&sample| keys.place(sample));
                }
                let mut chosen = candidates.repeat(whole);
                chosen.extend_from_slice(&candidates[..rest]);
                chosen
            }
        }
    };
    // of few samples a single thread is done before another wakes up
    let strata = quotas.par_iter().enumerate().with_min_len(if population.len() < CHUNK { quotas.len() } else { 1 });
    let chosen: Vec<Vec<u32>> = strata.map(of_stratum).collect();
    out.clear();
    chosen.iter().for_each(|chosen| out.extend_from_slice(chosen));
    out.par_sort_unstable();
}

/// The samples of a stratum whose turn it is.
fn candidates(cells: &Cells, stratum: usize, keys: &Keys<'_>, epoch: usize) -> Vec<u32> {
    let (mut out, mut ranked) = (Vec::new(), Vec::new());
    for cell in cells.of_stratum(stratum) {
        let (samples, room) = (cells.cell(cell), cells.room(cell));
        if samples.len() == room {
            out.extend_from_slice(samples);
            continue;
        }
        ranked.clear();
        ranked.extend_from_slice(samples);
        ranked.sort_unstable_by_key(|&sample| keys.place(sample));
        let first = (epoch as u128 * room as u128 % samples.len() as u128) as usize;
        out.extend(ranked.iter().cycle().skip(first).take(room));
    }
    out
}

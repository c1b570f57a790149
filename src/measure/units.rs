//! Eq. 2-3 in f32 of any number of modalities, of which some may be missing, in time that is linear in them.
//!
//! For rows `u` of length 1, `sum of cosines = |sum u|^2 - sum |u|^2`. Lengths are combined in f64.

// Loops over indices, as closures may not be inlined, and then are not compiled for wide registers.
#![allow(clippy::needless_range_loop)]

use super::along::{ALONG, Along, BLOCK, Cut, STRETCH, halves, is_exact};
use super::lanes::in_memory;
use super::load::{Load, load};
use crate::raw::{Kernel, prefetch};

/// Eq. 2-3 of samples. The result is [`NOT_HERE`] if a length is 0, or outside the range in which squares of f32 are
/// exact enough.
///
/// The rows of a sample are taken in groups of [`GROUP`], and the last `R` of them in one, so that the loop over the
/// rows of a group is written out, and their sums stay in registers.
pub(super) struct Units<'a, T, const R: usize> {
    pub(super) rows: &'a [&'a [T]],               // M times [n, width]
    pub(super) present: &'a [Option<&'a [bool]>], // M times [n]; None if no sample lacks the modality
    pub(super) width: usize,
    pub(super) out: &'a mut [f32],
}

/// The processor foresees what is read of five modalities, but not of more: their rows are asked for so many samples
/// ahead.
const AHEAD: usize = 12;

/// Most rows whose sums stay in registers.
pub(super) const GROUP: usize = 8;

impl<T: Load, const R: usize> Kernel for Units<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, present, width, out } = self;
        let (count, cut) = (rows.len(), Cut::of(width));
        let (mut has, mut squares) = (vec![[true; BLOCK]; count], vec![[1.0f64; BLOCK]; count]); // [M][BLOCK]
        let (mut here, mut factors) = (vec![&rows[0][..0]; BLOCK * count], vec![0.0f32; BLOCK * count]); // [BLOCK][M]
        let mut sums = vec![[0.0; ALONG]; width.div_ceil(ALONG)];
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let from = block * BLOCK;
            for (has, present) in has.iter_mut().zip(present) {
                if let Some(present) = present {
                    has.iter_mut().zip(&present[from..]).for_each(|(has, present)| *has = *present);
                }
            }
            for (i, here) in here.chunks_exact_mut(count).enumerate().take(out.len()) {
                // Instead of a row that is missing, another one is read, and counts 0 times.
                let first = (0..count).find(|&m| has[m][i]).unwrap_or(0);
                for (m, here) in here.iter_mut().enumerate() {
                    let m = if has[m][i] { m } else { first };
                    *here = &rows[m][(from + i) * width..];
                }
                if count > 5 {
                    for rows in rows {
                        let ahead = (from + i + AHEAD) * width;
                        prefetch(rows.get(ahead..ahead + width).unwrap_or_default());
                    }
                }
                let (groups, last) = split::<_, R>(here);
                for (group, squares) in groups.iter().zip(squares.chunks_exact_mut(GROUP)) {
                    let found = square(group, &cut);
                    for r in 0..GROUP {
                        squares[r][i] = found[r];
                    }
                }
                let found = square(last, &cut);
                for r in 0..R {
                    squares[count - R + r][i] = found[r];
                }
            }
            let (mut lengths, mut bad, mut number) = ([0.0f64; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
            for m in 0..count {
                let mut inverses = [0.0; BLOCK];
                for i in 0..BLOCK {
                    let square = if has[m][i] { squares[m][i] } else { f64::INFINITY };
                    let inverse = (1.0 / square.sqrt()) as f32;
                    bad[i] += if has[m][i] && !is_exact(square) { 1.0 } else { 0.0 };
                    lengths[i] += if has[m][i] { f64::from(inverse) * f64::from(inverse) * square } else { 0.0 };
                    number[i] += if has[m][i] { 1.0 } else { 0.0 };
                    inverses[i] = inverse; // 0 if the row is missing
                }
                let inverses = in_memory(inverses);
                for i in 0..BLOCK {
                    factors[i * count + m] = inverses[i];
                }
            }
            let mut of_sums = [0.0; BLOCK];
            for i in 0..out.len() {
                if bad[i] == 0.0 && number[i] > 1.0 {
                    let (groups, last) = split::<_, R>(&here[i * count..][..count]);
                    let (of_groups, of_last) = split::<_, R>(&factors[i * count..][..count]);
                    if !groups.is_empty() {
                        sums.fill([0.0; ALONG]);
                        for (rows, factors) in groups.iter().zip(of_groups) {
                            add_rows(rows, &cut, factors, &mut sums);
                        }
                    }
                    of_sums[i] = square_of_sum(last, &cut, of_last, &sums);
                }
            }
            let mut found = [0.0; BLOCK];
            for i in 0..BLOCK {
                let phi = 1.0 - (of_sums[i] - lengths[i]) / (number[i] * (number[i] - 1.0));
                let phi = if phi < 0.0 { 0.0 } else { phi } as f32;
                let phi = if number[i] > 1.0 { phi } else { 0.0 };
                found[i] = if bad[i] == 0.0 { phi } else { NOT_HERE };
            }
            out.copy_from_slice(&found[..out.len()]);
        }
    }
}

/// The groups of a sample, and its last `R` values.
#[inline(always)]
fn split<V, const R: usize>(values: &[V]) -> (&[[V; GROUP]], &[V; R]) {
    let (last, groups) = (values.last_chunk(), values[..values.len() - R].as_chunks().0);
    (groups, last.expect("at least `R` values"))
}

/// Adds `sum of factor * row` to the sums, lane by lane.
#[inline(always)]
fn add_rows<T: Load, const R: usize>(rows: &[&[T]; R], cut: &Cut, factors: &[f32; R], sums: &mut [Along]) {
    let chunks = chunks(rows, cut);
    for at in 0..cut.whole {
        sums[at] = add_scaled(sums[at], &loaded(&chunks, at), factors);
    }
    if let Some(sum) = sums.get_mut(cut.whole) {
        *sum = add_scaled(*sum, &last_chunks(rows, cut), factors);
    }
}

/// `|sums + sum of factor * row|^2`.
#[inline(always)]
fn square_of_sum<T: Load, const R: usize>(rows: &[&[T]; R], cut: &Cut, factors: &[f32; R], sums: &[Along]) -> f64 {
    let chunks = chunks(rows, cut);
    let (mut total, mut lanes) = (0.0, [0.0; ALONG]);
    for at in 0..cut.whole {
        lanes = add_square(lanes, add_scaled(sums[at], &loaded(&chunks, at), factors));
        if at % (STRETCH / ALONG) == STRETCH / ALONG - 1 {
            total += f64::from(halves(in_memory(lanes)));
            lanes = [0.0; ALONG];
        }
    }
    if let Some(&sum) = sums.get(cut.whole) {
        lanes = add_square(lanes, add_scaled(sum, &last_chunks(rows, cut), factors));
    }
    total + f64::from(halves(in_memory(lanes)))
}

/// The whole chunks of each row.
#[inline(always)]
fn chunks<'a, T: Load, const R: usize>(rows: &[&'a [T]; R], cut: &Cut) -> [&'a [[T; ALONG]]; R] {
    let mut chunks: [&[[T; ALONG]]; R] = [&[]; R];
    for r in 0..R {
        chunks[r] = &rows[r].as_chunks().0[..cut.whole];
    }
    chunks
}

/// The chunk of each row at `at`.
#[inline(always)]
fn loaded<T: Load, const R: usize>(chunks: &[&[[T; ALONG]]; R], at: usize) -> [Along; R] {
    let mut x = [[0.0; ALONG]; R];
    for r in 0..R {
        x[r] = load(&chunks[r][at]);
    }
    x
}

/// What is left of each row, and zeros.
#[inline(always)]
fn last_chunks<T: Load, const R: usize>(rows: &[&[T]; R], cut: &Cut) -> [Along; R] {
    let mut x = [[0.0; ALONG]; R];
    for r in 0..R {
        x[r] = cut.last(rows[r]);
    }
    x
}

/// `sum + factor * x` of all rows, one after the other.
#[inline(always)]
fn add_scaled<const R: usize>(mut sum: Along, x: &[Along; R], factors: &[f32; R]) -> Along {
    for r in 0..R {
        for lane in 0..ALONG {
            sum[lane] += factors[r] * x[r][lane];
        }
    }
    sum
}

#[inline(always)]
fn add_square(mut lanes: Along, x: Along) -> Along {
    for lane in 0..ALONG {
        lanes[lane] += x[lane] * x[lane];
    }
    lanes
}

/// `|row|^2` of each row.
#[inline(always)]
fn square<T: Load, const R: usize>(rows: &[&[T]; R], cut: &Cut) -> [f64; R] {
    let mut totals = [0.0; R];
    let chunks = chunks(rows, cut);
    for from in (0..cut.whole + usize::from(cut.left > 0)).step_by(STRETCH / ALONG) {
        let mut lanes = [[0.0; ALONG]; R];
        for at in from..cut.whole.min(from + STRETCH / ALONG) {
            let x = loaded(&chunks, at);
            for r in 0..R {
                lanes[r] = add_square(lanes[r], x[r]);
            }
        }
        if from + STRETCH / ALONG > cut.whole && cut.left > 0 {
            let x = last_chunks(rows, cut);
            for r in 0..R {
                lanes[r] = add_square(lanes[r], x[r]);
            }
        }
        let lanes = in_memory(lanes);
        for r in 0..R {
            totals[r] += f64::from(halves(lanes[r]));
        }
    }
    totals
}

/// Stands for a result that must be computed in f64. No result is negative.
pub(super) const NOT_HERE: f32 = -1.0;

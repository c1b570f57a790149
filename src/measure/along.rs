//! What the kernels of Eq. 2-3 share: eight lanes along a row, and the order in which they are summed.

// Loops over indices, as closures may not be inlined, and then are not compiled for wide registers.
#![allow(clippy::needless_range_loop)]

use super::lanes::in_memory;
use super::load::{Load, load};

/// Lanes along a row: one register of AVX2, so that the products of three modalities stay in registers.
pub(super) const ALONG: usize = 8;
pub(super) type Along = [f32; ALONG];

/// Number of terms that are summed in f32 before f64, 64 in each lane: the error does not grow with the width.
pub(super) const STRETCH: usize = 64 * ALONG;

/// Number of samples for which Eq. 3 is computed at once.
pub(super) const BLOCK: usize = 8;

/// How rows of a width are cut into chunks.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// Whole chunks.
    pub(super) whole: usize,
    /// Values that are left.
    pub(super) left: usize,
    keep: [u32; ALONG], // all ones in the lanes of what is left
}

impl Cut {
    #[inline(always)]
    pub(super) fn of(width: usize) -> Self {
        let (whole, left) = (width / ALONG, width % ALONG);
        let mut keep = [0; ALONG];
        keep[..left].fill(u32::MAX);
        Self { whole, left, keep }
    }

    /// What is left of the first row after whole chunks, and zeros. A whole register is loaded, with numbers of the
    /// next row, as one value after another takes longer than all else.
    #[inline(always)]
    pub(super) fn last<T: Load>(&self, rows: &[T]) -> Along {
        let rest = &rows[self.whole * ALONG..];
        let Some(chunk) = rest.first_chunk::<ALONG>() else { return copied(&rest[..self.left]) };
        let mut last = load(chunk);
        for (x, keep) in last.iter_mut().zip(self.keep) {
            *x = f32::from_bits(x.to_bits() & keep);
        }
        last
    }
}

/// These values, and zeros.
#[cold]
fn copied<T: Load>(values: &[T]) -> Along {
    let mut copied = [0.0; ALONG];
    for (copied, x) in copied.iter_mut().zip(values) {
        *copied = x.load();
    }
    copied
}

/// Whether this square is exact enough in f32, and not near the limits of its range.
#[inline(always)]
pub(super) fn is_exact(square: f64) -> bool {
    (1e-20..1e20).contains(&square)
}

/// The sum of all lanes, halves first.
#[inline(always)]
pub(super) fn halves(x: Along) -> f32 {
    let four: [f32; 4] = std::array::from_fn(|lane| x[lane] + x[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// [`halves`] of each sample of a block. One step is done for all samples before the next, which takes half as many
/// operations.
#[inline(always)]
pub(super) fn halves_of_all(x: &[Along; BLOCK]) -> [f32; BLOCK] {
    let (mut four, mut two, mut one) = ([[0.0; 4]; BLOCK], [[0.0; 2]; BLOCK], [0.0; BLOCK]);
    for i in 0..BLOCK {
        for lane in 0..4 {
            four[i][lane] = x[i][lane] + x[i][lane + 4];
        }
    }
    let four = in_memory(four);
    for i in 0..BLOCK {
        for lane in 0..2 {
            two[i][lane] = four[i][lane] + four[i][lane + 2];
        }
    }
    let two = in_memory(two);
    for i in 0..BLOCK {
        one[i] = two[i][0] + two[i][1];
    }
    one
}

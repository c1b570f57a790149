//! Eq. 2-3 in f32 of two to four modalities: all products of two rows stay in registers.
//!
//! * [`Complements`]: eight lanes along a row.
//! * [`Narrow`]: the same for rows of up to eight values; each lane is a sample.
//!
//! Products are combined in f64. A row whose squares could leave the range of f32 is multiplied in f64.

// Loops over indices, as closures may not be inlined, and then are not compiled for wide registers.
#![allow(clippy::needless_range_loop)]

use super::along::{ALONG, Along, BLOCK, Cut, STRETCH, halves, halves_of_all, is_exact};
use super::lanes::in_memory;
use super::load::{Load, load};
use crate::raw::Kernel;

/// Eq. 2-3 of samples with `M` rows each, `M` times `[n, width]`; NaN if a value of a row is not finite.
pub(super) struct Complements<'a, T, const M: usize> {
    pub(super) rows: [&'a [T]; M],
    pub(super) width: usize,
    pub(super) out: &'a mut [f32],
}

impl<T: Load, const M: usize> Kernel for Complements<'_, T, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, width, out } = self;
        let cut = Cut::of(width);
        let mut last = [[[[0.0; ALONG]; BLOCK]; M]; M]; // sums of the last stretch of each row, lane by lane
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let from = block * BLOCK;
            let mut products = [[[0.0f64; BLOCK]; M]; M]; // [a][b], a <= b
            for i in 0..out.len() {
                let rows = rows.map(|rows| &rows[(from + i) * width..]);
                let mut at = 0;
                while at + STRETCH < width {
                    let lanes = in_memory(multiply(&rows, at / ALONG, &cut));
                    for a in 0..M {
                        for b in a..M {
                            products[a][b][i] += f64::from(halves(lanes[a][b]));
                        }
                    }
                    at += STRETCH;
                }
                let lanes = multiply(&rows, at / ALONG, &cut);
                for a in 0..M {
                    for b in a..M {
                        last[a][b][i] = lanes[a][b];
                    }
                }
            }
            for a in 0..M {
                for b in a..M {
                    let sums = halves_of_all(&last[a][b]);
                    for i in 0..BLOCK {
                        products[a][b][i] += f64::from(sums[i]);
                    }
                }
            }
            combine(&rows.map(|rows| &rows[from * width..]), width, &mut products, out);
        }
    }
}

/// As [`Complements`], with the same bits, for rows of at most [`ALONG`] values: each lane is a sample, as few lanes
/// along such a row would be in use, and their sum would take longer than the products.
pub(super) struct Narrow<'a, T, const M: usize> {
    pub(super) rows: [&'a [T]; M],
    pub(super) width: usize,
    pub(super) out: &'a mut [f32],
}

impl<T: Load, const M: usize> Kernel for Narrow<'_, T, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, width, out } = self;
        let mut columns = [[[0.0; BLOCK]; ALONG]; M]; // beyond the width they stay 0
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let from = block * BLOCK;
            for m in 0..M {
                for (i, row) in (0..BLOCK).zip(rows[m][from * width..].chunks_exact(width)) {
                    for (column, x) in columns[m].iter_mut().zip(row) {
                        column[i] = x.load();
                    }
                }
            }
            let mut products = [[[0.0f64; BLOCK]; M]; M]; // [a][b], a <= b
            for a in 0..M {
                for b in a..M {
                    for i in 0..BLOCK {
                        let mut lanes = [0.0; ALONG];
                        for lane in 0..ALONG {
                            lanes[lane] += columns[a][lane][i] * columns[b][lane][i];
                        }
                        products[a][b][i] += f64::from(halves(lanes));
                    }
                }
            }
            combine(&rows.map(|rows| &rows[from * width..]), width, &mut products, out);
        }
    }
}

/// Eq. 3 of the first samples of these rows, a block or less, from their products.
#[inline(always)]
fn combine<T: Load, const M: usize>(
    rows: &[&[T]; M],
    width: usize,
    products: &mut [[[f64; BLOCK]; M]; M],
    out: &mut [f32],
) {
    let mut exact = true; // of all at once, as hardly any is not
    for m in 0..M {
        for i in 0..out.len() {
            exact &= is_exact(products[m][m][i]);
        }
    }
    if !exact {
        for i in 0..out.len() {
            if !(0..M).all(|m| is_exact(products[m][m][i])) {
                multiply_in_double(&rows.map(|rows| &rows[i * width..][..width]), i, products);
            }
        }
    }
    out.copy_from_slice(&from_products(products)[..out.len()]);
}

/// Products of the rows of sample `i` of the block in f64, for the few rows whose squares leave the range of f32.
#[inline(always)]
fn multiply_in_double<T: Load, const M: usize>(rows: &[&[T]; M], i: usize, products: &mut [[[f64; BLOCK]; M]; M]) {
    for a in 0..M {
        for b in a..M {
            let terms = rows[a].iter().zip(rows[b]).map(|(x, y)| f64::from(x.load()) * f64::from(y.load()));
            products[a][b][i] = terms.sum();
        }
    }
}

/// Eq. 3. The cosine of a row of length 0 is 0. The result is NaN if a length is not finite.
#[inline(always)]
fn from_products<const M: usize>(products: &[[[f64; BLOCK]; M]; M]) -> [f32; BLOCK] {
    let norms: [[f64; BLOCK]; M] = std::array::from_fn(|m| products[m][m].map(f64::sqrt));
    let (mut sum, mut bad) = ([0.0; BLOCK], [0.0; BLOCK]);
    for a in 0..M {
        for b in a + 1..M {
            for i in 0..BLOCK {
                let lengths = norms[a][i] * norms[b][i];
                // if a length is 0, the product is 0, and is divided by 1
                sum[i] += products[a][b][i] / if lengths == 0.0 { 1.0 } else { lengths };
            }
        }
        for i in 0..BLOCK {
            bad[i] += norms[a][i] * 0.0;
        }
    }
    let pairs = (M * (M - 1) / 2) as f64;
    std::array::from_fn(|i| {
        let phi = 1.0 - sum[i] / pairs;
        (if phi < 0.0 { 0.0 } else { phi } + bad[i]) as f32
    })
}

/// Products of every two rows, lane by lane: `[a][b]` for `a <= b`. From this chunk on, at most a stretch.
#[inline(always)]
fn multiply<T: Load, const M: usize>(rows: &[&[T]; M], from: usize, cut: &Cut) -> [[Along; M]; M] {
    let mut lanes = [[[0.0; ALONG]; M]; M];
    let to = cut.whole.min(from + STRETCH / ALONG);
    let chunks = rows.map(|row| &row.as_chunks::<ALONG>().0[from..to]);
    for at in 0..to - from {
        let mut x = [[0.0; ALONG]; M];
        for m in 0..M {
            x[m] = load(&chunks[m][at]);
        }
        add(&mut lanes, &x);
    }
    if to == cut.whole && to < from + STRETCH / ALONG && cut.left > 0 {
        let mut x = [[0.0; ALONG]; M];
        for m in 0..M {
            x[m] = cut.last(rows[m]);
        }
        add(&mut lanes, &x);
    }
    lanes
}

#[inline(always)]
fn add<const M: usize>(lanes: &mut [[Along; M]; M], x: &[Along; M]) {
    for a in 0..M {
        for b in a..M {
            for lane in 0..ALONG {
                lanes[a][b][lane] += x[a][lane] * x[b][lane];
            }
        }
    }
}

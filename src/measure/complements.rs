//! Eq. 2-3 in f32: one minus the mean cosine of the rows of a sample, eight lanes along a row.
//!
//! * [`Complements`]: two to four modalities. All products of two rows stay in registers. [`Narrow`] is the same for
//!   rows of up to eight values.
//! * [`Units`]: more, or some are missing. For rows `u` of length 1, `sum of cosines = |sum u|^2 - sum |u|^2`, so that
//!   time is linear in the modalities.
//!
//! What [`confidence`](super::confidence) says of values that are not finite, and [`lanes`](super::lanes) of the
//! compiler, holds here, too. Products and lengths are combined in f64. A row whose squares could leave the range of
//! f32 is multiplied in f64.

// Loops over indices, as closures may not be inlined, and then are not compiled for wide registers.
#![allow(clippy::needless_range_loop)]

use super::lanes::in_memory;
use super::load::{Load, load};
use crate::raw::{Kernel, prefetch, wide};

/// Eq. 2-3 of samples with `M` rows each, `M` times `[n, width]`; NaN if a value of a row is not finite.
struct Complements<'a, T, const M: usize> {
    rows: [&'a [T]; M],
    width: usize,
    out: &'a mut [f32],
}

/// Lanes along a row: one register of AVX2, so that the products of three modalities stay in registers.
const ALONG: usize = 8;
type Along = [f32; ALONG];

impl<T: Load, const M: usize> Kernel for Complements<'_, T, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, width, out } = self;
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut products = [[[0.0f64; BLOCK]; M]; M]; // [a][b], a <= b
            for i in 0..out.len() {
                let at = block * BLOCK + i;
                let rows = rows.map(|rows| &rows[at * width..][..width]);
                // f32 sums of up to 64 terms in a lane, then f64: the error does not grow with the width
                for from in (0..width).step_by(64 * ALONG) {
                    let lanes = in_memory(multiply(&rows.map(|row| &row[from..width.min(from + 64 * ALONG)])));
                    for a in 0..M {
                        for b in a..M {
                            products[a][b][i] += f64::from(halves(lanes[a][b]));
                        }
                    }
                }
                if !(0..M).all(|m| is_exact(products[m][m][i])) {
                    multiply_in_double(&rows, i, &mut products);
                }
            }
            out.copy_from_slice(&from_products(&products)[..out.len()]);
        }
    }
}

/// Number of samples for which Eq. 3 is computed at once.
const BLOCK: usize = 8;

/// Whether this square is exact enough in f32, and not near the limits of its range.
#[inline(always)]
fn is_exact(square: f64) -> bool {
    (1e-20..1e20).contains(&square)
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

/// As [`Complements`], with the same bits, for rows of at most [`ALONG`] values: each lane is a sample, as few lanes
/// along such a row would be in use, and their sum would take longer than the products.
struct Narrow<'a, T, const M: usize> {
    rows: [&'a [T]; M],
    width: usize,
    out: &'a mut [f32],
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
            let mut exact = true;
            for m in 0..M {
                for i in 0..out.len() {
                    exact &= is_exact(products[m][m][i]);
                }
            }
            if !exact {
                for i in 0..out.len() {
                    let rows = rows.map(|rows| &rows[(from + i) * width..][..width]);
                    if !(0..M).all(|m| is_exact(products[m][m][i])) {
                        multiply_in_double(&rows, i, &mut products);
                    }
                }
            }
            out.copy_from_slice(&from_products(&products)[..out.len()]);
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

/// Products of every two rows, lane by lane: `[a][b]` for `a <= b`.
#[inline(always)]
fn multiply<T: Load, const M: usize>(rows: &[&[T]; M]) -> [[Along; M]; M] {
    let mut lanes = [[[0.0; ALONG]; M]; M];
    let chunks = rows.map(|row| row.as_chunks::<ALONG>());
    for at in 0..chunks[0].0.len() {
        let mut x = [[0.0; ALONG]; M];
        for m in 0..M {
            x[m] = load(&chunks[m].0[at]);
        }
        add(&mut lanes, &x);
    }
    if !chunks[0].1.is_empty() {
        let mut x = [[0.0; ALONG]; M];
        for (x, (_, rest)) in x.iter_mut().zip(chunks) {
            x.iter_mut().zip(rest).for_each(|(x, value)| *x = value.load());
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

/// Eq. 2-3 of samples with any number of modalities, some of which may be missing, in linear time. The result is
/// [`NOT_HERE`] if a length is 0 or outside the range in which squares of f32 are exact
/// enough.
///
/// The rows of a sample are taken in groups of [`GROUP`], and the last `R` of them in one, so that the loop over the
/// rows of a group is written out, and their sums stay in registers.
struct Units<'a, T, const R: usize> {
    rows: &'a [&'a [T]],               // M times [n, width]
    present: &'a [Option<&'a [bool]>], // M times [n]; None if no sample lacks the modality
    width: usize,
    out: &'a mut [f32],
}

/// Stands for a result that must be computed in f64. No result is negative.
pub(super) const NOT_HERE: f32 = -1.0;

/// The processor foresees what is read of five modalities, but not of more: their rows are asked for so many samples
/// ahead.
const AHEAD: usize = 12;

/// Most rows whose sums stay in registers.
const GROUP: usize = 8;

impl<T: Load, const R: usize> Kernel for Units<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, present, width, out } = self;
        let count = rows.len();
        let has = |m: usize, sample: usize| present[m].is_none_or(|present| present[sample]);
        let (mut squares, mut factors) = (vec![[1.0f64; BLOCK]; count], vec![0.0f32; BLOCK * count]);
        let mut here: Vec<&[T]> = vec![&[]; BLOCK * count]; // [BLOCK][M]
        let mut sums = vec![[0.0; ALONG]; width.div_ceil(ALONG)];
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let from = block * BLOCK;
            for (i, here) in here.chunks_exact_mut(count).enumerate().take(out.len()) {
                // Instead of a row that is missing, another one is read, and counts 0 times.
                let first = (0..count).find(|&m| has(m, from + i)).unwrap_or(0);
                for (m, here) in here.iter_mut().enumerate() {
                    let m = if has(m, from + i) { m } else { first };
                    *here = &rows[m][(from + i) * width..][..width];
                }
                if count > 5 {
                    for rows in rows {
                        let ahead = (from + i + AHEAD) * width;
                        prefetch(rows.get(ahead..ahead + width).unwrap_or_default());
                    }
                }
                let (groups, last) = split::<_, R>(here);
                for (group, squares) in groups.iter().zip(squares.chunks_exact_mut(GROUP)) {
                    let found = square(group);
                    for r in 0..GROUP {
                        squares[r][i] = found[r];
                    }
                }
                let found = square(last);
                for r in 0..R {
                    squares[count - R + r][i] = found[r];
                }
            }
            for (m, squares) in squares.iter().enumerate() {
                let mut inverses = [0.0; BLOCK];
                for i in 0..BLOCK {
                    inverses[i] = (1.0 / squares[i].sqrt()) as f32;
                }
                let inverses = in_memory(inverses);
                for i in 0..BLOCK {
                    factors[i * count + m] = inverses[i];
                }
            }
            for (i, out) in out.iter_mut().enumerate() {
                let (mut lengths, mut exact, mut rows) = (0.0, true, 0);
                let factors = &mut factors[i * count..][..count];
                for (m, factor) in factors.iter_mut().enumerate() {
                    if has(m, from + i) {
                        exact &= (1e-20..1e20).contains(&squares[m][i]);
                        lengths += f64::from(*factor) * f64::from(*factor) * squares[m][i];
                        rows += 1;
                    } else {
                        *factor = 0.0;
                    }
                }
                *out = NOT_HERE;
                if exact && rows < 2 {
                    *out = 0.0;
                } else if exact {
                    let (groups, last) = split::<_, R>(&here[i * count..][..count]);
                    let (of_groups, of_last) = split::<_, R>(factors);
                    if !groups.is_empty() {
                        sums.fill([0.0; ALONG]);
                        for (rows, factors) in groups.iter().zip(of_groups) {
                            add_rows(rows, factors, &mut sums);
                        }
                    }
                    let phi = 1.0 - (square_of_sum(last, of_last, &sums) - lengths) / f64::from(rows * (rows - 1));
                    *out = if phi < 0.0 { 0.0 } else { phi } as f32;
                }
            }
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
fn add_rows<T: Load, const R: usize>(rows: &[&[T]; R], factors: &[f32; R], sums: &mut [Along]) {
    let (whole, chunks) = (rows[0].len() / ALONG, chunks(rows));
    for at in 0..whole {
        sums[at] = add_scaled(sums[at], &loaded(&chunks, at), factors);
    }
    if let Some(sum) = sums.get_mut(whole) {
        *sum = add_scaled(*sum, &last_chunks(rows), factors);
    }
}

/// `|sums + sum of factor * row|^2`.
#[inline(always)]
fn square_of_sum<T: Load, const R: usize>(rows: &[&[T]; R], factors: &[f32; R], sums: &[Along]) -> f64 {
    let (whole, chunks) = (rows[0].len() / ALONG, chunks(rows));
    let (mut total, mut lanes) = (0.0, [0.0; ALONG]);
    for at in 0..whole {
        lanes = add_square(lanes, add_scaled(sums[at], &loaded(&chunks, at), factors));
        if at % (STRETCH / ALONG) == STRETCH / ALONG - 1 {
            total += f64::from(halves(in_memory(lanes)));
            lanes = [0.0; ALONG];
        }
    }
    if let Some(&sum) = sums.get(whole) {
        lanes = add_square(lanes, add_scaled(sum, &last_chunks(rows), factors));
    }
    total + f64::from(halves(in_memory(lanes)))
}

/// The whole chunks of each row, as many as of the first.
#[inline(always)]
fn chunks<'a, T: Load, const R: usize>(rows: &[&'a [T]; R]) -> [&'a [[T; ALONG]]; R] {
    let whole = rows[0].len() / ALONG;
    let mut chunks: [&[[T; ALONG]]; R] = [&[]; R];
    for r in 0..R {
        chunks[r] = &rows[r].as_chunks().0[..whole];
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
fn last_chunks<T: Load, const R: usize>(rows: &[&[T]; R]) -> [Along; R] {
    let mut x = [[0.0; ALONG]; R];
    for r in 0..R {
        for (x, value) in x[r].iter_mut().zip(rows[r].as_chunks::<ALONG>().1) {
            *x = value.load();
        }
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

/// Number of terms that are summed in f32 before f64: 64 in each lane.
const STRETCH: usize = 64 * ALONG;

/// `|row|^2` of each row.
#[inline(always)]
fn square<T: Load, const R: usize>(rows: &[&[T]; R]) -> [f64; R] {
    let mut totals = [0.0; R];
    let (width, whole, chunks) = (rows[0].len(), rows[0].len() / ALONG, chunks(rows));
    for from in (0..width.div_ceil(ALONG)).step_by(STRETCH / ALONG) {
        let mut lanes = [[0.0; ALONG]; R];
        for at in from..whole.min(from + STRETCH / ALONG) {
            let x = loaded(&chunks, at);
            for r in 0..R {
                lanes[r] = add_square(lanes[r], x[r]);
            }
        }
        if from + STRETCH / ALONG > whole && width > whole * ALONG {
            let x = last_chunks(rows);
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

/// The sum of all lanes, halves first.
#[inline(always)]
fn halves(x: Along) -> f32 {
    let four: [f32; 4] = std::array::from_fn(|lane| x[lane] + x[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Eq. 2-3 of all samples. `rows`: `M` times `[n, width]`; `present`: `M` times `[n]`, or None if no sample lacks the
/// modality. The result is [`NOT_HERE`] for samples that must be measured in f64.
pub(super) fn complements<T: Load>(rows: &[&[T]], present: &[Option<&[bool]>], width: usize, out: &mut [f32]) {
    let whole = present.iter().all(Option::is_none);
    match *rows {
        [a, b] if whole => of_all([a, b], width, out),
        [a, b, c] if whole => of_all([a, b, c], width, out),
        [a, b, c, d] if whole => of_all([a, b, c, d], width, out),
        _ => {
            macro_rules! by_last_group {
                ($($rows:literal)*) => {
                    match rows.len() % GROUP {
                        $($rows => wide(Units::<T, $rows> { rows, present, width, out }),)*
                        _ => wide(Units::<T, GROUP> { rows, present, width, out }),
                    }
                };
            }
            by_last_group!(1 2 3 4 5 6 7);
        }
    }
}

/// [`complements`] of samples that have all `M` rows.
fn of_all<T: Load, const M: usize>(rows: [&[T]; M], width: usize, out: &mut [f32]) {
    if width <= ALONG {
        wide(Narrow { rows, width, out });
    } else {
        wide(Complements { rows, width, out });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Too simple to be wrong: a row after another, each with the present ones alone.
    fn naive_units(rows: &[&[f32]], present: &[Option<&[bool]>], width: usize, n: usize) -> Vec<f32> {
        let square = |row: &[f32]| -> f64 {
            let of_part = |part: &[f32]| {
                let mut lanes = [0.0f32; ALONG];
                part.iter().enumerate().for_each(|(at, x)| lanes[at % ALONG] += x * x);
                f64::from(halves(lanes))
            };
            row.chunks(STRETCH).map(of_part).fold(0.0, |sum, part| sum + part)
        };
        let measure = |sample: usize| {
            let here = (0..rows.len()).filter(|&m| present[m].is_none_or(|present| present[sample]));
            let here: Vec<&[f32]> = here.map(|m| &rows[m][sample * width..][..width]).collect();
            let squares: Vec<f64> = here.iter().map(|row| square(row)).collect();
            let inverses: Vec<f32> = squares.iter().map(|square| (1.0 / square.sqrt()) as f32).collect();
            if !squares.iter().all(|square| (1e-20..1e20).contains(square)) {
                return NOT_HERE;
            }
            if here.len() < 2 {
                return 0.0;
            }
            let each = |(square, &inverse): (&f64, &f32)| f64::from(inverse) * f64::from(inverse) * square;
            let lengths: f64 = squares.iter().zip(&inverses).map(each).fold(0.0, |sum, length| sum + length);
            let sum = |at: usize| here.iter().zip(&inverses).fold(0.0, |sum, (row, factor)| sum + factor * row[at]);
            let sums: Vec<f32> = (0..width).map(sum).collect();
            let phi = 1.0 - (square(&sums) - lengths) / (here.len() * (here.len() - 1)) as f64;
            if phi < 0.0 { 0.0 } else { phi as f32 }
        };
        (0..n).map(measure).collect()
    }

    fn value() -> impl Strategy<Value = f32> {
        let odd = prop::sample::select(vec![0.0, -0.0, 1e-45, -1e-40, 1e4, 1e-12, 1e12, 1e30, f32::NAN, f32::INFINITY]);
        prop_oneof![60 => -30.0f32..30.0, 1 => odd]
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|x| x.to_bits()).collect()
    }

    proptest! {
        /// Many modalities, or a mask: the same bits as one row after another.
        #[test]
        fn groups_of_rows_have_the_bits_of_the_naive_twin(
            count in 1usize..20,
            width in prop_oneof![1usize..40, Just(511), Just(520), Just(1040)],
            n in 1usize..20,
            masks in prop::collection::vec(prop::option::of(prop::collection::vec(prop::bool::weighted(0.7), 20)), 20),
            seed in prop::collection::vec(value(), 997),
        ) {
            let rows: Vec<Vec<f32>> = (0..count)
                .map(|m| (0..n * width).map(|at| seed[(at * 31 + at / 97 + m * 17) % 997]).collect())
                .collect();
            let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
            let masks: Vec<Option<&[bool]>> =
                masks.iter().take(count).map(|mask| mask.as_ref().map(|mask| &mask[..n])).collect();
            prop_assume!(count > 4 || count == 1 || masks.iter().any(Option::is_some));
            let mut found = vec![0.0; n];
            complements(&rows, &masks, width, &mut found);
            prop_assert_eq!(bits(&found), bits(&naive_units(&rows, &masks, width, n)));
        }

        /// The code of other machines, and the safe twin of the dispatch: the same code without wide registers.
        #[test]
        fn bits_of_complements_do_not_depend_on_the_width_of_the_registers(
            width in 1usize..40,
            seed in prop::collection::vec(value(), 97),
        ) {
            let n = 19;
            let rows = [1, 2, 3].map(|shift| -> Vec<f32> {
                (0..n * width).map(|i| seed[(i * 31 + i / 97 + shift) % 97]).collect()
            });
            let rows = [&rows[0][..], &rows[1], &rows[2]];
            let mask: Vec<bool> = (0..n).map(|i| i % 3 > 0).collect();
            let present = [None, Some(&mask[..]), None];
            let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
            complements(&rows, &present, width, &mut a);
            Units::<f32, 3> { rows: &rows, present: &present, width, out: &mut b }.run();
            prop_assert_eq!(bits(&a), bits(&b));
            let bits = |x: &[f32]| x.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }).collect::<Vec<_>>();
            complements(&rows, &[None; 3], width, &mut a);
            Complements { rows, width, out: &mut b }.run();
            prop_assert_eq!(bits(&a), bits(&b));
            if width <= ALONG {
                Narrow { rows, width, out: &mut b }.run();
                prop_assert_eq!(bits(&a), bits(&b));
            }
        }
    }

    #[test]
    fn a_row_that_is_not_finite_is_nan_and_its_neighbours_are_not() {
        for width in [3, 16, 37] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut rows = vec![0.5; 20 * width];
                rows[7 * width + width - 1] = bad;
                let (other, mut out) = (vec![1.0; rows.len()], vec![0.0; 20]);
                complements(&[&rows, &other], &[None; 2], width, &mut out);
                let nan: Vec<usize> = (0..20).filter(|&i| out[i].is_nan()).collect();
                assert_eq!(nan, [7], "{width} {bad}");
            }
        }
    }
}

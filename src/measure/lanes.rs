//! The measurer's arithmetic in f32, sixteen values at a time, with the same bits on every machine.
//!
//! **What is computed.** [`LogProbabilities`] is `ln softmax(row)[label]`, [`Confidence`] is Eq. 1 of it.
//! [`Complements`] and [`AnyComplements`] are Eq. 2-3: one minus the mean cosine of the rows of a sample.
//!
//! **Why this way.** Exponentials take most of the time of a measurement, and `libm` computes one at a time. So all
//! functions here are plain loops over arrays of a fixed length, and [`wide`] compiles them for the widest registers
//! that the machine may use.
//!
//! * Up to 16 classes, a lane is a row: sixteen rows at once, without a sum over lanes ([`across`]). With more classes,
//!   the lanes lie along one row ([`along`]).
//! * With two to four modalities, all products of two rows stay in registers. With more, or if some are missing, one
//!   sum over all rows replaces the pairs, so that time is linear in the modalities.
//!
//! **Errors.** `exp` and `ln` are exact to two units in the last place: they are Cephes' polynomials. The largest logit
//! is subtracted first, so no `exp` overflows. A lane sums at most 64 terms in f32, and these sums go through f64, so
//! the error does not grow with classes or width. Products and lengths are
//! combined in f64. A row whose squares could leave the range
//! of f32 is multiplied in f64.
//!
//! **Values that are not finite.** `x * 0.0` is 0 for a finite `x`, and NaN otherwise. The kernels add these zeros up
//! and add the sum to the result. So a bad row gives NaN without a branch, and the caller looks for the reason only
//! then.
//!
//! **What the compiler is trusted with.** Only with speed. Rust neither reorders nor fuses floating-point operations,
//! so the bits do not depend on how a loop is vectorised. The order of every sum is written out ([`tree`], [`halves`]).
//! A test compares the kernels with the same code compiled without wide registers.

use crate::raw::{Kernel, wide};

const LANES: usize = 16;
type Lanes = [f32; LANES];

/// `exp(x)` for `x <= 88`, to 2 units in the last place; 0 below -87, where results are no normal numbers.
///
/// Cephes' reduction and polynomial.
#[inline(always)]
fn exp(x: Lanes) -> Lanes {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to a whole number in the low bits
    let mut out = [0.0; LANES];
    for (out, x) in out.iter_mut().zip(x) {
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let n = shifted - ROUND;
        let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
        let mut p = 1.987_569_1e-4;
        p = p * r + 1.398_199_9e-3;
        p = p * r + 8.333_452e-3;
        p = p * r + 4.166_579_6e-2;
        p = p * r + 0.166_666_66;
        p = p * r + 0.5;
        let p = p * (r * r) + r + 1.0;
        let scaled = f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23));
        *out = if x < -87.0 { 0.0 } else { scaled };
    }
    out
}

/// `ln(x)` for finite `x >= 1`, to 2 units in the last place. Cephes' reduction and polynomial.
#[inline(always)]
fn ln(x: Lanes) -> Lanes {
    let mut out = [0.0; LANES];
    for (out, x) in out.iter_mut().zip(x) {
        // x = m 2^e with m from sqrt(1/2) to sqrt(2)
        let above = x.to_bits().wrapping_sub(0x3f35_04f3);
        let e = ((above as i32) >> 23) as f32;
        let m = f32::from_bits((above & 0x007f_ffff).wrapping_add(0x3f35_04f3)) - 1.0;
        let mut p = 7.037_683_6e-2;
        p = p * m - 0.115_146_1;
        p = p * m + 0.116_769_98;
        p = p * m - 0.124_201_41;
        p = p * m + 0.142_493_23;
        p = p * m - 0.166_680_57;
        p = p * m + 0.200_007_15;
        p = p * m - 0.249_999_94;
        p = p * m + 0.333_333_3;
        let z = m * m;
        let y = m * z * p + e * -2.121_944_4e-4 - 0.5 * z;
        *out = m + y + e * 0.693_359_4;
    }
    out
}

/// Eq. 1, `sigmoid(log_p / C)`; NaN stays NaN.
struct Confidence<'a> {
    log_p: &'a mut [f32],
    num_classes: usize,
}

impl Kernel for Confidence<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let per_class = 1.0 / self.num_classes as f32;
        for chunk in self.log_p.chunks_mut(LANES) {
            let mut x = [0.0; LANES];
            for (x, log_p) in x.iter_mut().zip(chunk.iter()) {
                *x = -log_p * per_class;
            }
            let exps = exp(x.map(|x| if x > 88.0 { 88.0 } else { x }));
            for ((psi, x), exp) in chunk.iter_mut().zip(x).zip(exps) {
                *psi = if x > 88.0 { 0.0 } else { 1.0 / (1.0 + exp) };
            }
        }
    }
}

/// `ln softmax(row)[label]` of every row, `[n, C]`; NaN if a value of the row is not finite.
struct LogProbabilities<'a> {
    rows: &'a [f32],
    num_classes: usize,
    labels: &'a [u32],
    out: &'a mut [f32],
}

impl Kernel for LogProbabilities<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, num_classes, labels, out } = self;
        let blocks = rows.chunks(LANES * num_classes).zip(labels.chunks(LANES)).zip(out.chunks_mut(LANES));
        for ((rows, labels), out) in blocks {
            let (mut gaps, mut sums) = ([0.0; LANES], [1.0; LANES]);
            macro_rules! by_width {
                ($($few:literal)*) => {
                    match num_classes {
                        $($few => across::<$few>(rows, labels, &mut gaps, &mut sums),)*
                        _ => along(rows, num_classes, labels, &mut gaps, &mut sums),
                    }
                };
            }
            by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
            let logs = ln(sums);
            for ((out, gap), log) in out.iter_mut().zip(gaps).zip(logs) {
                *out = gap - log;
            }
        }
    }
}

/// Few classes: each lane is a row. Writes `logit - max` of the label, NaN for a bad row, and the sum of
/// `exp(x - max)`.
#[inline(always)]
fn across<const C: usize>(rows: &[f32], labels: &[u32], gaps: &mut Lanes, sums: &mut Lanes) {
    let mut columns = [[0.0; LANES]; C];
    let (rows, _) = rows.as_chunks::<C>();
    for (lane, row) in rows.iter().enumerate() {
        for (column, &x) in columns.iter_mut().zip(row) {
            column[lane] = x;
        }
    }
    let (mut max, mut bad) = (columns[0], [0.0; LANES]);
    for column in &columns {
        for lane in 0..LANES {
            max[lane] = if column[lane] > max[lane] { column[lane] } else { max[lane] };
            bad[lane] += column[lane] * 0.0; // NaN for a value that is not finite
        }
    }
    *sums = [0.0; LANES];
    for column in &columns {
        let mut x = [0.0; LANES];
        for lane in 0..LANES {
            x[lane] = column[lane] - max[lane];
        }
        for (sum, exp) in sums.iter_mut().zip(exp(x)) {
            *sum += exp;
        }
    }
    for (lane, (row, &label)) in rows.iter().zip(labels).enumerate() {
        gaps[lane] = row[label as usize] - max[lane] + bad[lane];
    }
    // the logarithm of a bad row must stay in its range
    for (sum, bad) in sums.iter_mut().zip(bad) {
        *sum = if bad == 0.0 { *sum } else { 1.0 };
    }
}

/// Many classes: the lanes lie along a row, one row after another.
#[inline(always)]
fn along(rows: &[f32], num_classes: usize, labels: &[u32], gaps: &mut Lanes, sums: &mut Lanes) {
    for (at, (row, &label)) in rows.chunks_exact(num_classes).zip(labels).enumerate() {
        let (chunks, rest) = row.as_chunks::<LANES>();
        let (mut max, mut bad) = ([row[0]; LANES], [0.0; LANES]);
        for chunk in chunks {
            for lane in 0..LANES {
                max[lane] = if chunk[lane] > max[lane] { chunk[lane] } else { max[lane] };
                bad[lane] += chunk[lane] * 0.0;
            }
        }
        for (lane, &x) in rest.iter().enumerate() {
            max[lane] = if x > max[lane] { x } else { max[lane] };
            bad[lane] += x * 0.0;
        }
        let (max, bad) = (in_memory(max), tree(in_memory(bad)));
        let max = max.into_iter().fold(row[0], |max, x| if x > max { x } else { max });
        let mut total = 0.0f64;
        // sixteen f32 sums of up to 64 terms each, then f64: the error does not grow with the number of classes
        for chunks in chunks.chunks(64) {
            let mut sum = [0.0; LANES];
            for chunk in chunks {
                for (sum, exp) in sum.iter_mut().zip(exp(chunk.map(|x| x - max))) {
                    *sum += exp;
                }
            }
            total += f64::from(tree(in_memory(sum)));
        }
        let mut last = [f32::NEG_INFINITY; LANES];
        for (last, &x) in last.iter_mut().zip(rest) {
            *last = x - max;
        }
        total += f64::from(tree(exp(last)));
        gaps[at] = row[label as usize] - max + bad;
        sums[at] = if bad == 0.0 { total as f32 } else { 1.0 };
    }
}

/// Returns the same array. It forces the compiler to have the whole array here, so that it keeps it in one register
/// until now, and not as single lanes for the code that follows.
#[inline(always)]
fn in_memory<T>(lanes: T) -> T {
    std::hint::black_box(lanes)
}

/// The sum of all lanes, halves first.
#[inline(always)]
fn tree(x: Lanes) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|lane| x[lane] + x[lane + 8]);
    let four: [f32; 4] = std::array::from_fn(|lane| eight[lane] + eight[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Eq. 2-3 of samples with `M` rows each, `M` times `[n, width]`; NaN if a value of a row is not finite.
struct Complements<'a, const M: usize> {
    rows: [&'a [f32]; M],
    width: usize,
    out: &'a mut [f32],
}

/// Lanes along a row: one register of AVX2, so that the products of three modalities stay in registers.
const ALONG: usize = 8;
type Along = [f32; ALONG];

impl<const M: usize> Kernel for Complements<'_, M> {
    type Output = ();

    #[allow(clippy::needless_range_loop)] // `i` is a sample, in rows, products and scores
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
                // squares may leave the range of f32: such rows are rare, and are multiplied in f64
                if !(0..M).all(|m| (1e-20..1e20).contains(&products[m][m][i])) {
                    for a in 0..M {
                        for b in a..M {
                            let terms = rows[a].iter().zip(rows[b]).map(|(&x, &y)| f64::from(x) * f64::from(y));
                            products[a][b][i] = terms.sum();
                        }
                    }
                }
            }
            out.copy_from_slice(&from_products(&products)[..out.len()]);
        }
    }
}

/// Number of samples for which Eq. 3 is computed at once.
const BLOCK: usize = 8;

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
fn multiply<const M: usize>(rows: &[&[f32]; M]) -> [[Along; M]; M] {
    let mut lanes = [[[0.0; ALONG]; M]; M];
    let chunks = rows.map(|row| row.as_chunks::<ALONG>());
    for at in 0..chunks[0].0.len() {
        let x: [Along; M] = std::array::from_fn(|m| chunks[m].0[at]);
        add(&mut lanes, &x);
    }
    if !chunks[0].1.is_empty() {
        let mut x = [[0.0; ALONG]; M];
        for (x, (_, rest)) in x.iter_mut().zip(chunks) {
            x[..rest.len()].copy_from_slice(rest);
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

/// Eq. 2-3 of samples with any number of modalities, some of which may be missing, in linear time: for rows `u` of
/// length 1, `sum of cosines = |sum u|^2 - sum |u|^2`. The result is [`NOT_HERE`] for fewer than two rows, and if a
/// length is 0 or outside the range in which squares of f32 are exact enough.
struct AnyComplements<'a> {
    rows: &'a [&'a [f32]],             // M times [n, width]
    present: &'a [Option<&'a [bool]>], // M times [n]; None if no sample lacks the modality
    width: usize,
    out: &'a mut [f32],
}

/// Stands for a result that must be computed in f64. No result is negative.
pub(super) const NOT_HERE: f32 = -1.0;

impl Kernel for AnyComplements<'_> {
    type Output = ();

    #[allow(clippy::needless_range_loop)] // `i` is a sample, in rows, squares and scores
    #[inline(always)]
    fn run(self) {
        let Self { rows, present, width, out } = self;
        let has = |m: usize, sample: usize| present[m].is_none_or(|present| present[sample]);
        let row = |m: usize, sample: usize| &rows[m][sample * width..][..width];
        let (mut squares, mut inverses) = (vec![[1.0f64; BLOCK]; rows.len()], vec![[0.0f32; BLOCK]; rows.len()]);
        let mut here: Vec<Scaled<'_>> = Vec::with_capacity(rows.len()); // of a sample
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let from = block * BLOCK;
            for (m, squares) in squares.iter_mut().enumerate() {
                for i in 0..out.len() {
                    squares[i] = if has(m, from + i) { square(row(m, from + i)) } else { 1.0 };
                }
            }
            for (inverses, squares) in inverses.iter_mut().zip(&squares) {
                for i in 0..BLOCK {
                    inverses[i] = (1.0 / squares[i].sqrt()) as f32;
                }
            }
            for (i, out) in out.iter_mut().enumerate() {
                let (mut lengths, mut exact) = (0.0, true);
                here.clear();
                for m in (0..rows.len()).filter(|&m| has(m, from + i)) {
                    let (square, inverse) = (squares[m][i], inverses[m][i]);
                    exact &= (1e-20..1e20).contains(&square);
                    lengths += f64::from(inverse) * f64::from(inverse) * square;
                    let (chunks, rest) = row(m, from + i).as_chunks();
                    here.push((chunks, rest, inverse));
                }
                let pairs = here.len() * here.len().saturating_sub(1);
                *out = NOT_HERE;
                if exact && pairs > 0 {
                    let phi = 1.0 - (square_of_sum(&here) - lengths) / pairs as f64;
                    *out = if phi < 0.0 { 0.0 } else { phi } as f32;
                }
            }
        }
    }
}

/// A row in registers, what is left of it, and its factor.
type Scaled<'a> = (&'a [Along], &'a [f32], f32);

/// `|sum of factor * row|^2`.
#[inline(always)]
fn square_of_sum(rows: &[Scaled<'_>]) -> f64 {
    let (chunks, rest) = (rows[0].0.len(), rows[0].1.len());
    let (mut total, mut lanes) = (0.0, [0.0; ALONG]);
    for at in 0..chunks {
        let mut sum = [0.0; ALONG];
        for (row, _, factor) in rows {
            let x = row[at];
            (0..ALONG).for_each(|lane| sum[lane] += factor * x[lane]);
        }
        (0..ALONG).for_each(|lane| lanes[lane] += sum[lane] * sum[lane]);
        if at % (STRETCH / ALONG) == STRETCH / ALONG - 1 {
            total += f64::from(halves(in_memory(std::mem::take(&mut lanes))));
        }
    }
    if rest > 0 {
        let mut sum = [0.0; ALONG];
        for (_, row, factor) in rows {
            sum.iter_mut().zip(*row).for_each(|(sum, x)| *sum += factor * x);
        }
        (0..ALONG).for_each(|lane| lanes[lane] += sum[lane] * sum[lane]);
    }
    total + f64::from(halves(in_memory(lanes)))
}

/// Number of terms that are summed in f32 before f64: 64 in each lane.
const STRETCH: usize = 64 * ALONG;

/// `|row|^2`.
#[inline(always)]
fn square(row: &[f32]) -> f64 {
    let mut total = 0.0;
    for part in row.chunks(STRETCH) {
        let mut lanes = [0.0; ALONG];
        let (chunks, rest) = part.as_chunks::<ALONG>();
        for x in chunks {
            for lane in 0..ALONG {
                lanes[lane] += x[lane] * x[lane];
            }
        }
        lanes.iter_mut().zip(rest).for_each(|(lane, x)| *lane += x * x);
        total += f64::from(halves(in_memory(lanes)));
    }
    total
}

/// The sum of all lanes, halves first.
#[inline(always)]
fn halves(x: Along) -> f32 {
    let four: [f32; 4] = std::array::from_fn(|lane| x[lane] + x[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// See [`Confidence`].
pub(super) fn confidence(log_p: &mut [f32], num_classes: usize) {
    wide(Confidence { log_p, num_classes });
}

/// See [`LogProbabilities`].
pub(super) fn log_probabilities(rows: &[f32], num_classes: usize, labels: &[u32], out: &mut [f32]) {
    wide(LogProbabilities { rows, num_classes, labels, out });
}

/// Eq. 2-3 of all samples. `rows`: `M` times `[n, width]`; `present`: `M` times `[n]`, or None if no sample lacks the
/// modality. The result is [`NOT_HERE`] for samples that must be measured in f64.
pub(super) fn complements(rows: &[&[f32]], present: &[Option<&[bool]>], width: usize, out: &mut [f32]) {
    let whole = present.iter().all(Option::is_none);
    match *rows {
        [a, b] if whole => wide(Complements { rows: [a, b], width, out }),
        [a, b, c] if whole => wide(Complements { rows: [a, b, c], width, out }),
        [a, b, c, d] if whole => wide(Complements { rows: [a, b, c, d], width, out }),
        _ => wide(AnyComplements { rows, present, width, out }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Distance from the exact value in units of its last place as f32.
    fn ulps(found: f32, exact: f64) -> f64 {
        let unit = f64::from((exact as f32).next_up()) - f64::from(exact as f32);
        (f64::from(found) - exact).abs() / unit
    }

    #[test]
    fn the_exponential_is_right_to_two_units_in_the_last_place() {
        let mut worst = 0.0f64;
        for i in 0..2_000_000u32 {
            let x = -87.0 + 175.0 * (i as f32 / 2e6);
            worst = worst.max(ulps(exp([x; LANES])[3], f64::from(x).exp()));
        }
        assert!(worst < 2.0, "{worst}");
        assert_eq!(exp([0.0; LANES]), [1.0; LANES]);
        for x in [-87.1, -104.0, -1e4, f32::MIN, f32::NEG_INFINITY] {
            assert_eq!(exp([x; LANES]), [0.0; LANES]);
        }
    }

    #[test]
    fn the_logarithm_is_right_to_two_units_in_the_last_place() {
        let mut worst = 0.0f64;
        for i in 0..2_000_000u32 {
            let x = f32::from_bits(0x3f80_0000 + i * 500); // from 1 to above 1e21
            let found = ln([x; LANES])[5];
            worst = worst.max(if x == 1.0 { f64::from(found) } else { ulps(found, f64::from(x).ln()) });
        }
        assert!(worst < 2.0, "{worst}");
    }

    /// `ln softmax(row)[label]` in f64.
    fn reference(row: &[f32], label: usize) -> f64 {
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|&x| (f64::from(x) - f64::from(max)).exp()).sum();
        f64::from(row[label]) - f64::from(max) - sum.ln()
    }

    fn assert_near(found: f32, expected: f64) {
        assert!((f64::from(found) - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found} {expected}");
    }

    fn value() -> impl Strategy<Value = f32> {
        let odd = prop::sample::select(vec![0.0, -0.0, 1e-45, -1e-40, 1e4, -1e4, 88.0, -88.0, 1e30, -1e30]);
        prop_oneof![4 => -30.0f32..30.0, 1 => odd]
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|x| x.to_bits()).collect()
    }

    proptest! {
        #[test]
        fn log_probabilities_are_near_the_reference(
            num_classes in prop_oneof![1usize..40, Just(1000)],
            n in 1usize..40,
            seed in prop::collection::vec(value(), 97),
        ) {
            let rows: Vec<f32> = (0..n * num_classes).map(|i| seed[(i * 31 + i / 97) % 97]).collect();
            let labels: Vec<u32> = (0..n).map(|i| (i * 7 % num_classes) as u32).collect();
            let mut out = vec![0.0; n];
            log_probabilities(&rows, num_classes, &labels, &mut out);
            for (i, row) in rows.chunks_exact(num_classes).enumerate() {
                assert_near(out[i], reference(row, labels[i] as usize));
            }
            confidence(&mut out, num_classes);
            prop_assert!(out.iter().all(|psi| (0.0..=0.5).contains(psi)));
        }

        /// The code of other machines, and the safe twin of the dispatch: the same code without wide registers.
        #[test]
        fn bits_do_not_depend_on_the_width_of_the_registers(
            num_classes in prop_oneof![1usize..40, Just(300)],
            width in 1usize..40,
            seed in prop::collection::vec(value(), 97),
        ) {
            let n = 19;
            let rows = |shift: usize, width: usize| -> Vec<f32> {
                (0..n * width).map(|i| seed[(i * 31 + i / 97 + shift) % 97]).collect()
            };
            let (logits, labels) = (rows(0, num_classes), (0..n).map(|i| (i % num_classes) as u32).collect::<Vec<_>>());
            let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
            log_probabilities(&logits, num_classes, &labels, &mut a);
            LogProbabilities { rows: &logits, num_classes, labels: &labels, out: &mut b }.run();
            prop_assert_eq!(bits(&a), bits(&b));
            confidence(&mut a, num_classes);
            Confidence { log_p: &mut b, num_classes }.run();
            prop_assert_eq!(bits(&a), bits(&b));
            let rows = [rows(1, width), rows(2, width), rows(3, width)];
            let rows = [&rows[0][..], &rows[1], &rows[2]];
            let mask: Vec<bool> = (0..n).map(|i| i % 3 > 0).collect();
            let present = [None, Some(&mask[..]), None];
            complements(&rows, &present, width, &mut a);
            AnyComplements { rows: &rows, present: &present, width, out: &mut b }.run();
            prop_assert_eq!(bits(&a), bits(&b));
            complements(&rows, &[None; 3], width, &mut a);
            Complements { rows, width, out: &mut b }.run();
            prop_assert_eq!(bits(&a), bits(&b));
        }
    }

    #[test]
    fn a_row_that_is_not_finite_is_nan_and_its_neighbours_are_not() {
        for num_classes in [3, 16, 37] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut rows = vec![0.5; 20 * num_classes];
                rows[7 * num_classes + num_classes - 1] = bad;
                let mut out = vec![0.0; 20];
                log_probabilities(&rows, num_classes, &[0; 20], &mut out);
                let nan: Vec<usize> = (0..20).filter(|&i| out[i].is_nan()).collect();
                assert_eq!(nan, [7], "{num_classes} {bad}");
                let other = vec![1.0; rows.len()];
                complements(&[&rows, &other], &[None; 2], num_classes, &mut out);
                let nan: Vec<usize> = (0..20).filter(|&i| out[i].is_nan()).collect();
                assert_eq!(nan, [7], "{num_classes} {bad}");
            }
        }
    }
}

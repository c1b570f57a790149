//! Eq. 1: the log-probability of a sample's class in one modality, and its confidence.
//!
//! [`LogProbabilities`] is `ln softmax(row)[label]`, [`Confidence`] is Eq. 1 of it. Eq. 2-3 are in
//! [`complements`](super::complements), made in the same way: of the functions in [`lanes`](super::lanes).
//!
//! **Lanes.** Up to 32 classes, a lane is a row: sixteen rows at once, without a sum over lanes ([`across`], and from
//! 17 on [`across_many`], which has the numbers in memory). With more classes, the lanes lie along one row ([`along`]).
//!
//! **Errors.** The largest logit is subtracted first, so no `exp` overflows. A lane sums at most 64 terms in f32, and
//! these sums go through f64, so the error does not grow with the number of classes.
//!
//! **Values that are not finite.** `x * 0.0` is 0 for a finite `x`, and NaN otherwise. The kernels add these zeros up
//! and add the sum to the result. So a bad row gives NaN without a branch, and the caller looks for the reason only
//! then.
//!
//! A test compares the kernels with the same code compiled without wide registers.

use super::lanes::{LANES, Lanes, exp, exps, in_memory, largest, ln, minus, plus, select, tree, tree_of};
use super::load::{Load, load};
use crate::raw::{Kernel, widest};

/// Most classes of which each lane is a row.
const MOST_COLUMNS: usize = 32;

/// Arrays whose exponentials are computed at once.
const AT_ONCE: usize = 4;

/// Blocks of sixteen rows that are laid out as columns before the first of them is computed, as a wide load that comes
/// soon after the narrow stores of its numbers waits for them.
const BLOCKS: usize = 4;

/// Rows of these blocks.
const ROWS: usize = BLOCKS * LANES;

/// See [`Confidence`].
pub(super) fn confidence(log_p: &mut [f32], num_classes: usize) {
    widest(Confidence { log_p, num_classes });
}

/// See [`LogProbabilities`].
pub(super) fn log_probabilities<T: Load>(rows: &[T], num_classes: usize, labels: &[u32], out: &mut [f32]) {
    if num_classes <= MOST_COLUMNS {
        widest(LogProbabilities::<T, false> { rows, num_classes, labels, out });
    } else {
        widest(LogProbabilities::<T, true> { rows, num_classes, labels, out });
    }
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
        let (chunks, rest) = self.log_p.as_chunks_mut();
        for chunk in chunks {
            sigmoid(chunk, per_class);
        }
        if !rest.is_empty() {
            let mut last = [0.0; LANES];
            last[..rest.len()].copy_from_slice(rest);
            sigmoid(&mut last, per_class);
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

/// `sigmoid(factor * x)` in place, for `x <= 0`.
#[inline(always)]
fn sigmoid(x: &mut Lanes, factor: f32) {
    let mut limited = [0.0; LANES];
    for lane in 0..LANES {
        x[lane] = -x[lane] * factor;
        limited[lane] = if x[lane] > 88.0 { 88.0 } else { x[lane] };
    }
    let exps = exp(limited);
    for lane in 0..LANES {
        x[lane] = if x[lane] > 88.0 { 0.0 } else { 1.0 / (1.0 + exps[lane]) };
    }
}

/// `ln softmax(row)[label]` of every row, `[n, C]`; NaN if a value of the row is not finite. With more than
/// [`MOST_COLUMNS`] classes `ALONG` must be true. With more than [`LANES`] both ways have the same bits.
struct LogProbabilities<'a, T, const ALONG: bool> {
    rows: &'a [T],
    num_classes: usize,
    labels: &'a [u32],
    out: &'a mut [f32],
}

impl<T: Load, const ALONG: bool> Kernel for LogProbabilities<'_, T, ALONG> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, num_classes, labels, out } = self;
        let mut columns = [[T::ZERO; LANES]; MOST_COLUMNS];
        let blocks = rows.chunks(ROWS * num_classes).zip(labels.chunks(ROWS)).zip(out.chunks_mut(ROWS));
        for ((rows, labels), out) in blocks {
            let (mut gaps, mut sums) = ([[0.0; LANES]; BLOCKS], [[1.0; LANES]; BLOCKS]);
            macro_rules! by_width {
                ($($few:literal)*) => {
                    match num_classes {
                        $($few if !ALONG => across::<T, $few>(rows, labels, &mut gaps, &mut sums),)*
                        _ => {
                            let blocks = rows.chunks(LANES * num_classes).zip(labels.chunks(LANES));
                            for ((rows, labels), (gaps, sums)) in blocks.zip(gaps.iter_mut().zip(&mut sums)) {
                                if ALONG {
                                    along(rows, num_classes, labels, gaps, sums);
                                } else {
                                    across_many(rows, num_classes, labels, &mut columns, gaps, sums);
                                }
                            }
                        }
                    }
                };
            }
            by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
            for (out, (gaps, sums)) in out.chunks_mut(LANES).zip(gaps.iter().zip(sums)) {
                let (mut log_p, logs) = (*gaps, ln(sums));
                for lane in 0..LANES {
                    log_p[lane] -= logs[lane];
                }
                out.copy_from_slice(&log_p[..out.len()]);
            }
        }
    }
}

/// Few classes, up to [`ROWS`] rows: each lane is a row. Writes `logit - max` of the label, NaN for a bad row, and the
/// sum of `exp(x - max)`.
#[inline(always)]
fn across<T: Load, const C: usize>(rows: &[T], labels: &[u32], gaps: &mut [Lanes; BLOCKS], sums: &mut [Lanes; BLOCKS]) {
    let (mut columns, mut of_labels) = ([[[T::ZERO; LANES]; C]; BLOCKS], [[T::ZERO; LANES]; BLOCKS]);
    let blocks = rows.as_chunks::<C>().0.chunks(LANES).zip(labels.chunks(LANES));
    for ((rows, labels), (columns, of_labels)) in blocks.zip(columns.iter_mut().zip(&mut of_labels)) {
        lay_out(rows, columns);
        for (lane, (row, &label)) in rows.iter().zip(labels).enumerate() {
            of_labels[lane] = row[label as usize];
        }
    }
    for block in 0..labels.len().div_ceil(LANES) {
        across_block(&columns[block], &of_labels[block], &mut gaps[block], &mut sums[block]);
    }
}

/// Up to sixteen rows as columns. What is left of the columns stays as it is.
#[inline(always)]
fn lay_out<T: Load, const C: usize>(rows: &[[T; C]], columns: &mut [[T; LANES]; C]) {
    match rows.first_chunk::<LANES>() {
        // the compiler shuffles registers for few columns, where it would store one number after another
        Some(rows) if C <= 8 => {
            for c in 0..C {
                for lane in 0..LANES {
                    columns[c][lane] = rows[lane][c];
                }
            }
        }
        _ => {
            for (lane, row) in rows.iter().enumerate() {
                for (column, &x) in columns.iter_mut().zip(row) {
                    column[lane] = x;
                }
            }
        }
    }
}

/// [`across`] of one block.
#[inline(always)]
fn across_block<T: Load, const C: usize>(
    values: &[[T; LANES]; C],
    of_labels: &[T; LANES],
    gaps: &mut Lanes,
    sums: &mut Lanes,
) {
    let mut columns = [[0.0; LANES]; C];
    for (column, values) in columns.iter_mut().zip(values) {
        *column = load(values);
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
    let of_labels = load(of_labels);
    for lane in 0..LANES {
        gaps[lane] = of_labels[lane] - max[lane] + bad[lane];
    }
    // the logarithm of a bad row must stay in its range
    for (sum, bad) in sums.iter_mut().zip(bad) {
        *sum = if bad == 0.0 { *sum } else { 1.0 };
    }
}

/// As [`across_block`], for more classes. The order of the sums is that of [`along`].
#[inline(always)]
fn across_many<T: Load>(
    rows: &[T],
    num_classes: usize,
    labels: &[u32],
    columns: &mut [[T; LANES]; MOST_COLUMNS],
    gaps: &mut Lanes,
    sums: &mut Lanes,
) {
    let columns = &mut columns[..num_classes];
    let mut of_labels = [T::ZERO; LANES];
    for (lane, (row, &label)) in rows.chunks_exact(num_classes).zip(labels).enumerate() {
        for (column, &x) in columns.iter_mut().zip(row) {
            column[lane] = x;
        }
        of_labels[lane] = row[label as usize];
    }
    let (mut max, mut bad) = (load(&columns[0]), [0.0; LANES]);
    for column in columns.iter() {
        let column = load(column);
        for lane in 0..LANES {
            max[lane] = if column[lane] > max[lane] { column[lane] } else { max[lane] };
            bad[lane] += column[lane] * 0.0; // NaN for a value that is not finite
        }
    }
    let (whole, last) = columns.as_chunks::<LANES>();
    let mut terms = [[0.0; LANES]; LANES];
    for columns in whole {
        add_exps(&mut terms, columns, &max);
    }
    let mut total = tree_of(&terms).map(f64::from);
    if !last.is_empty() {
        let mut terms = [[0.0; LANES]; LANES];
        add_exps(&mut terms, last, &max);
        let of_last = tree_of(&terms);
        for lane in 0..LANES {
            total[lane] += f64::from(of_last[lane]);
        }
    }
    let of_labels = load(&of_labels);
    for lane in 0..LANES {
        gaps[lane] = of_labels[lane] - max[lane] + bad[lane];
        sums[lane] = if bad[lane] == 0.0 { total[lane] as f32 } else { 1.0 };
    }
}

/// Adds `exp(column - max)` of up to sixteen columns to as many terms.
#[inline(always)]
fn add_exps<T: Load>(terms: &mut [Lanes; LANES], columns: &[[T; LANES]], max: &Lanes) {
    for (terms, columns) in terms.chunks_mut(AT_ONCE).zip(columns.chunks(AT_ONCE)) {
        let mut x = [[f32::NEG_INFINITY; LANES]; AT_ONCE];
        for (x, column) in x.iter_mut().zip(columns) {
            let column = load(column);
            for lane in 0..LANES {
                x[lane] = column[lane] - max[lane];
            }
        }
        for (term, exp) in terms.iter_mut().zip(exps(x)) {
            *term = plus(*term, exp);
        }
    }
}

/// Many classes: the lanes lie along a row, one row after another. All maxima of a few rows come before their
/// exponentials, which need them, so that the processor need not wait for one row to begin the next.
#[inline(always)]
fn along<T: Load>(rows: &[T], num_classes: usize, labels: &[u32], gaps: &mut Lanes, sums: &mut Lanes) {
    let left = num_classes % LANES;
    let mut keep = [0; LANES]; // all ones in the lanes of what is left of a row
    keep[..left].fill(u32::MAX);
    let at_once = (4096 / num_classes).clamp(1, LANES); // in the nearest cache
    for from in (0..labels.len()).step_by(at_once) {
        let to = labels.len().min(from + at_once);
        let (mut largest, mut bad) = ([0.0; LANES], [0.0; LANES]);
        for at in from..to {
            (largest[at], bad[at]) = extremes(&rows[at * num_classes..], num_classes, &keep);
        }
        for at in from..to {
            let total = sum_of_exps(&rows[at * num_classes..], num_classes, &keep, largest[at]);
            let of_label = rows[at * num_classes..][labels[at] as usize].load();
            gaps[at] = of_label - largest[at] + bad[at];
            sums[at] = if bad[at] == 0.0 { total } else { 1.0 };
        }
    }
}

/// The largest number of the first row, if all are finite, and a sum that is 0 if they are, and else NaN.
#[inline(always)]
fn extremes<T: Load>(rows: &[T], num_classes: usize, keep: &[u32; LANES]) -> (f32, f32) {
    let first = rows[0].load();
    let (mut max, mut bad) = ([first; LANES], [0.0; LANES]);
    for chunk in rows[..num_classes].as_chunks::<LANES>().0 {
        let chunk = load(chunk);
        for lane in 0..LANES {
            max[lane] = if chunk[lane] > max[lane] { chunk[lane] } else { max[lane] };
            bad[lane] += chunk[lane] * 0.0;
        }
    }
    if !num_classes.is_multiple_of(LANES) {
        let last = select(keep, last_chunk(rows, num_classes), first);
        for lane in 0..LANES {
            max[lane] = if last[lane] > max[lane] { last[lane] } else { max[lane] };
            bad[lane] += last[lane] * 0.0;
        }
    }
    (largest(in_memory(max)), tree(in_memory(bad)))
}

/// Sum of `exp(x - max)` over the first row: sixteen f32 sums of up to 64 terms each, then f64, so that the error does
/// not grow with the number of classes.
#[inline(always)]
fn sum_of_exps<T: Load>(rows: &[T], num_classes: usize, keep: &[u32; LANES], max: f32) -> f32 {
    let mut total = 0.0f64;
    for chunks in rows[..num_classes].as_chunks::<LANES>().0.chunks(64) {
        let mut sum = [0.0; LANES];
        let (several, rest) = chunks.as_chunks::<AT_ONCE>();
        for chunks in several {
            let mut x = [[0.0; LANES]; AT_ONCE];
            for k in 0..AT_ONCE {
                x[k] = minus(load(&chunks[k]), max);
            }
            for exp in exps(x) {
                sum = plus(sum, exp);
            }
        }
        for chunk in rest {
            sum = plus(sum, exp(minus(load(chunk), max)));
        }
        total += f64::from(tree(in_memory(sum)));
    }
    if !num_classes.is_multiple_of(LANES) {
        let last = minus(last_chunk(rows, num_classes), max);
        total += f64::from(tree(in_memory(exp(select(keep, last, f32::NEG_INFINITY)))));
    }
    total as f32
}

/// What is left of the first row after whole chunks, then anything: mostly numbers of the next row, as a whole register
/// is quick to load.
#[inline(always)]
fn last_chunk<T: Load>(rows: &[T], num_classes: usize) -> Lanes {
    let left = num_classes % LANES;
    let rest = &rows[num_classes - left..];
    if let Some(chunk) = rest.first_chunk() {
        return load(chunk);
    }
    let mut last = [0.0; LANES];
    for (last, x) in last.iter_mut().zip(&rest[..left]) {
        *last = x.load();
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::wide;
    use proptest::prelude::*;

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
            num_classes in prop_oneof![1usize..70, Just(300)],
            seed in prop::collection::vec(value(), 97),
        ) {
            let n = 19;
            let logits: Vec<f32> = (0..n * num_classes).map(|i| seed[(i * 31 + i / 97) % 97]).collect();
            let labels: Vec<u32> = (0..n).map(|i| (i % num_classes) as u32).collect();
            let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
            log_probabilities(&logits, num_classes, &labels, &mut a);
            let (rows, labels) = (&logits[..], &labels[..]);
            if num_classes <= MOST_COLUMNS {
                LogProbabilities::<f32, false> { rows, num_classes, labels, out: &mut b }.run();
                prop_assert_eq!(bits(&a), bits(&b));
                wide(LogProbabilities::<f32, false> { rows, num_classes, labels, out: &mut b });
                prop_assert_eq!(bits(&a), bits(&b));
            }
            // with more than 16 classes the sums have the same order
            if num_classes > LANES {
                LogProbabilities::<f32, true> { rows, num_classes, labels, out: &mut b }.run();
                prop_assert_eq!(bits(&a), bits(&b));
                wide(LogProbabilities::<f32, true> { rows, num_classes, labels, out: &mut b });
                prop_assert_eq!(bits(&a), bits(&b));
                widest(LogProbabilities::<f32, true> { rows, num_classes, labels, out: &mut b });
                prop_assert_eq!(bits(&a), bits(&b));
            }
            confidence(&mut a, num_classes);
            let mut c = b.clone();
            Confidence { log_p: &mut b, num_classes }.run();
            prop_assert_eq!(bits(&a), bits(&b));
            wide(Confidence { log_p: &mut c, num_classes });
            prop_assert_eq!(bits(&a), bits(&c));
        }
    }

    /// Too simple to be wrong: one value after another, in the order that the lanes have.
    fn naive_log_probability(row: &[f32], label: usize) -> f32 {
        if !row.iter().all(|x| x.is_finite()) {
            return f32::NAN;
        }
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let exps: Vec<f32> = row.iter().map(|&x| exp([x - max; LANES])[0]).collect();
        let mut sum = exps.iter().fold(0.0, |sum, exp| sum + exp);
        if row.len() > 16 {
            let whole = row.len() / LANES * LANES;
            let of_lanes = |exps: &[f32]| {
                let mut lanes = [0.0; LANES];
                exps.iter().enumerate().for_each(|(at, exp)| lanes[at % LANES] += exp);
                f64::from(tree(lanes))
            };
            let total: f64 = exps[..whole].chunks(64 * LANES).map(of_lanes).fold(0.0, |sum, part| sum + part);
            sum = (total + of_lanes(&exps[whole..])) as f32;
        }
        row[label] - max - ln([sum; LANES])[0]
    }

    proptest! {
        #[test]
        fn log_probabilities_have_the_bits_of_the_naive_twin(
            num_classes in prop_oneof![1usize..70, Just(100), Just(1000), Just(1025), Just(2100), Just(4100)],
            n in 1usize..40,
            seed in prop::collection::vec(prop_oneof![
                200 => value(),
                1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]),
            ], 1997),
        ) {
            let rows: Vec<f32> = (0..n * num_classes).map(|i| seed[(i * 31 + i / 97) % 1997]).collect();
            let labels: Vec<u32> = (0..n).map(|i| (i * 7 % num_classes) as u32).collect();
            let mut found = vec![0.0; n];
            log_probabilities(&rows, num_classes, &labels, &mut found);
            let rows = rows.chunks_exact(num_classes).zip(&labels);
            let exact: Vec<f32> = rows.map(|(row, &label)| naive_log_probability(row, label as usize)).collect();
            for (found, exact) in found.into_iter().zip(exact) {
                let same = found.to_bits() == exact.to_bits() || found.is_nan() && exact.is_nan();
                prop_assert!(same, "{} {}", found, exact);
            }
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
            }
        }
    }
}

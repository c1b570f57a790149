//! Eq. 1-3 in f64, some values at a time, with the bits of one value at a time.
//!
//! f64 is for reference, so its results are those of `libm` and of plain sums. [`exp`] does what `libm::exp` does, in
//! the same order and without branches, and the sums of a row keep their order: the compiler may vectorise all of it
//! without changing a bit. Tests compare each function with the plain one.

use super::lanes::in_memory;
use crate::raw::{Kernel, wide};

pub(super) const LANES: usize = 8;
pub(super) type Lanes = [f64; LANES];

/// `libm::exp`, to the bit, where the result is a normal number: for `|x| < 700`. Of any other `x` the result is of no
/// use, as [`exponentials`] replaces it.
///
/// FreeBSD's `e_exp.c`, as `libm` has it.
#[inline(always)]
fn exp(x: Lanes) -> Lanes {
    const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52: adding it rounds to a whole number in the low bits
    let mut out = [0.0; LANES];
    for (out, x) in out.iter_mut().zip(x) {
        let size = x.abs().to_bits() >> 32;
        // the whole number between x / ln 2 and 0 that is nearest to the former, give or take a half
        let scaled = std::f64::consts::LOG2_E * x + f64::copysign(0.5, x);
        let nearest = (scaled + ROUND) - ROUND;
        let beyond = nearest.abs() > scaled.abs();
        let towards_zero = if beyond { nearest - f64::copysign(1.0, x) } else { nearest };
        let k = if size >= 0x3ff0_a2b2 { towards_zero } else { f64::copysign(1.0, x) };
        let k = if size > 0x3fd6_2e42 { k } else { 0.0 };
        let (high, low) = (x - k * 6.931_471_803_691_238e-1, k * 1.908_214_929_270_587_7e-10);
        let r = high - low;
        let z = r * r;
        let mut p = 4.138_136_797_057_238_5e-8;
        p = p * z - 1.653_390_220_546_525_2e-6;
        p = p * z + 6.613_756_321_437_934e-5;
        p = p * z - 2.777_777_777_701_559_3e-3;
        p = p * z + 0.166_666_666_666_666_02;
        let c = r - z * p;
        let y = 1.0 + (r * c / (2.0 - c) - low + high);
        let y = f64::from_bits(y.to_bits().wrapping_add((k + ROUND).to_bits() << 52));
        *out = if size > 0x3e30_0000 { y } else { 1.0 + x };
    }
    out
}

/// `libm::exp` of every value, in place.
#[inline(always)]
pub(super) fn exponentials(values: &mut [f64]) {
    let (chunks, rest) = values.as_chunks_mut::<LANES>();
    let mut last = [0.0; LANES];
    last.iter_mut().zip(rest.iter()).for_each(|(last, x)| *last = *x);
    let all = |x: &mut Lanes| {
        let largest = x.iter().fold(0.0, |largest: f64, x| if x.abs() > largest { x.abs() } else { largest });
        *x = if largest < 700.0 { exp(*x) } else { x.map(libm::exp) };
    };
    chunks.iter_mut().for_each(all);
    if !rest.is_empty() {
        all(&mut last);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// `ln softmax(row)[label]` of every row, `[n, C]`; NaN if a value of the row is not finite.
struct LogProbabilities<'a> {
    rows: &'a [f64],
    num_classes: usize,
    labels: &'a [u32],
    out: &'a mut [f64],
}

/// Values whose exponentials are computed at once: few enough for the nearest cache.
pub(super) const BUFFER: usize = 1024;

impl Kernel for LogProbabilities<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, num_classes, labels, out } = self;
        let at_once = (BUFFER / num_classes).max(1);
        let mut exps = vec![0.0; at_once.min(out.len()) * num_classes];
        let mut gaps = vec![0.0; at_once];
        let blocks = rows.chunks(at_once * num_classes).zip(labels.chunks(at_once)).zip(out.chunks_mut(at_once));
        for ((rows, labels), out) in blocks {
            let exps = &mut exps[..rows.len()];
            let of_rows = rows.chunks_exact(num_classes).zip(exps.chunks_exact_mut(num_classes));
            for ((row, exps), (&label, gap)) in of_rows.zip(labels.iter().zip(&mut gaps)) {
                let max = row.iter().copied().fold(row[0], |max, x| if x > max { x } else { max });
                let bad = row.iter().fold(0.0, |bad, x| bad + x * 0.0); // NaN for a value that is not finite
                exps.iter_mut().zip(row).for_each(|(exp, x)| *exp = x - max);
                *gap = row[label as usize] - max + bad;
            }
            exponentials(exps);
            for ((out, gap), exps) in out.iter_mut().zip(&gaps).zip(exps.chunks_exact(num_classes)) {
                // the largest term is 1, so the sum is neither 0 nor infinite, for any gap between logits
                *out = if gap.is_nan() { f64::NAN } else { gap - libm::log(exps.iter().sum()) };
            }
        }
    }
}

/// Eq. 1, `sigmoid(log_p / C)`; NaN stays NaN.
struct Confidence<'a> {
    log_p: &'a mut [f64],
    num_classes: usize,
}

impl Kernel for Confidence<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let num_classes = self.num_classes as f64;
        self.log_p.iter_mut().for_each(|x| *x = -*x / num_classes);
        exponentials(self.log_p);
        self.log_p.iter_mut().for_each(|x| *x = 1.0 / (1.0 + *x));
    }
}

/// Eq. 2-3 of samples of which all rows have a length. The result is negative for others, and for fewer than two rows.
struct Complements<'a> {
    rows: &'a [&'a [f64]],             // M times [n, width]
    present: &'a [Option<&'a [bool]>], // M times [n]; None if no sample lacks the modality
    width: usize,
    out: &'a mut [f64],
}

impl Kernel for Complements<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, present, width, out } = self;
        let mut here: Vec<(&[f64], f64)> = Vec::with_capacity(rows.len()); // of a sample, with their lengths
        for (sample, out) in out.iter_mut().enumerate() {
            here.clear();
            let of_sample = rows.iter().zip(present).filter(|(_, mask)| mask.is_none_or(|mask| mask[sample]));
            here.extend(of_sample.map(|(rows, _)| (&rows[sample * width..][..width], 0.0)));
            let mut plain = here.len() > 1;
            for (row, length) in &mut here {
                let square = dot(row, row);
                plain &= (1e-200..1e200).contains(&square);
                *length = square.sqrt();
            }
            let mut sum = 0.0;
            for (a, (row, length)) in here.iter().enumerate() {
                for (other, other_length) in &here[a + 1..] {
                    sum += dot(row, other) / (length * other_length);
                }
            }
            let pairs = here.len() * here.len().saturating_sub(1) / 2;
            let phi = 1.0 - sum / pairs as f64;
            let phi = if phi < 0.0 { 0.0 } else { phi };
            *out = if plain { phi } else { -1.0 };
        }
    }
}

/// The product of two rows, in a fixed order of eight lanes.
#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let ((chunks_a, rest_a), (chunks_b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (x, y) in chunks_a.iter().zip(chunks_b) {
        (0..LANES).for_each(|lane| lanes[lane] += x[lane] * y[lane]);
    }
    let mut lanes = in_memory(lanes);
    lanes.iter_mut().zip(rest_a.iter().zip(rest_b)).for_each(|(lane, (x, y))| *lane += x * y);
    lanes.iter().sum()
}

/// See [`Confidence`].
pub(super) fn confidence(log_p: &mut [f64], num_classes: usize) {
    wide(Confidence { log_p, num_classes });
}

/// See [`LogProbabilities`].
pub(super) fn log_probabilities(rows: &[f64], num_classes: usize, labels: &[u32], out: &mut [f64]) {
    wide(LogProbabilities { rows, num_classes, labels, out });
}

/// Eq. 2-3 of all samples. `rows`: `M` times `[n, width]`; `present`: `M` times `[n]`. Negative for a sample that has
/// fewer than two rows, or one whose square is 0 or may leave the range.
pub(super) fn complements(rows: &[&[f64]], present: &[Option<&[bool]>], width: usize, out: &mut [f64]) {
    wide(Complements { rows, present, width, out });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exponentials_have_the_bits_of_libm() {
        let mut word = 1u64;
        let mut next = || {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (word >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        };
        let mut values: Vec<f64> = vec![0.0, -0.0, 1e-300, -1e-300, 5e-324, 699.9999, -699.9999, 700.0, -700.0];
        for edge in
            [f64::from_bits(0x3fd6_2e42 << 32), f64::from_bits(0x3ff0_a2b2 << 32), f64::from_bits(0x3e30_0000 << 32)]
        {
            let near = [-1e-6, -1e-9, -1e-16, 0.0, 1e-16, 1e-9, 1e-6].map(|by| edge * (1.0 + by));
            values.extend(near.into_iter().flat_map(|x| [x, -x]));
        }
        // half-way between whole numbers of ln 2, where the nearest one changes
        values.extend((-1000..1000).map(|k| (f64::from(k) + 0.5) * std::f64::consts::LN_2));
        for scale in [1e-9, 1e-7, 0.5, 1.0, 3.0, 40.0, 1400.0, 1600.0, 1e9] {
            values.extend((0..200_000).map(|_| scale * next()));
        }
        values.extend([f64::MIN, f64::MAX, f64::NEG_INFINITY, f64::INFINITY, -745.2, -708.5]);
        let exact: Vec<u64> = values.iter().map(|&x| libm::exp(x).to_bits()).collect();
        let mut found = values.clone();
        exponentials(&mut found);
        for ((x, found), exact) in values.iter().zip(found).zip(exact) {
            assert_eq!(found.to_bits(), exact, "{x:e}");
        }
    }

    /// `ln softmax(row)[label]`; NaN if anything in the row is not finite.
    fn log_probability(row: &[f64], label: usize) -> f64 {
        if !row.iter().all(|x| x.is_finite()) {
            return f64::NAN;
        }
        let max = row.iter().copied().fold(row[0], |max, x| if x > max { x } else { max });
        let sum: f64 = row.iter().map(|&x| libm::exp(x - max)).sum();
        row[label] - max - libm::log(sum)
    }

    fn value() -> impl Strategy<Value = f64> {
        let odd = vec![0.0, -0.0, 1e-320, 1e4, -1e4, 1e300, -1e300, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY];
        prop_oneof![40 => -30.0..30.0, 2 => -800.0..800.0, 1 => prop::sample::select(odd)]
    }

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
    }

    proptest! {
        #[test]
        fn log_probabilities_have_the_bits_of_one_value_at_a_time(
            num_classes in prop_oneof![1usize..40, Just(1000), Just(1500)],
            n in 1usize..40,
            seed in prop::collection::vec(value(), 997),
        ) {
            let rows: Vec<f64> = (0..n * num_classes).map(|i| seed[(i * 31 + i / 97) % 997]).collect();
            let labels: Vec<u32> = (0..n).map(|i| (i * 7 % num_classes) as u32).collect();
            let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
            log_probabilities(&rows, num_classes, &labels, &mut a);
            let each = rows.chunks_exact(num_classes).zip(&labels);
            let exact: Vec<f64> = each.map(|(row, &label)| log_probability(row, label as usize)).collect();
            prop_assert_eq!(bits(&a), bits(&exact));
            LogProbabilities { rows: &rows, num_classes, labels: &labels, out: &mut b }.run();
            prop_assert_eq!(bits(&a), bits(&b));
            confidence(&mut a, num_classes);
            let exact: Vec<f64> = exact.iter().map(|&x| 1.0 / (1.0 + libm::exp(-x / num_classes as f64))).collect();
            prop_assert_eq!(bits(&a), bits(&exact));
            Confidence { log_p: &mut b, num_classes }.run();
            prop_assert_eq!(bits(&a), bits(&b));
        }
    }
}

//! The mean of `ln p` over the labels of a sample, for a sigmoid head: in f64, some values at a time, with the bits of
//! one value at a time by `libm`.

use super::double::{BUFFER, LANES, Lanes, exponentials};
use super::value::{Real, Value};
use crate::raw::{Kernel, wide};

/// See [`MeanLogSigmoids`].
pub(super) fn mean_log_sigmoids<F: Value>(rows: &[F], num_labels: usize, labels: &[i8], out: &mut [F::Score]) {
    wide(MeanLogSigmoids { rows, num_labels, labels, out });
}

/// Mean over the known labels of every row, `[n, num_labels]`, of `ln sigmoid(z)` if the sample has the label, and of
/// `ln sigmoid(-z)` if not; 0 if none is known. NaN if a value of the row is not finite.
struct MeanLogSigmoids<'a, F, S> {
    rows: &'a [F],
    num_labels: usize,
    labels: &'a [i8],
    out: &'a mut [S],
}

impl<F: Value<Score = S>, S: Real> Kernel for MeanLogSigmoids<'_, F, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, num_labels, labels, out } = self;
        let at_once = (BUFFER / num_labels).max(1);
        let buffer = (at_once.min(out.len()) * num_labels).next_multiple_of(LANES);
        let (mut logits, mut logs) = (vec![0.0f64; buffer], vec![0.0; buffer]);
        let blocks = rows.chunks(at_once * num_labels).zip(labels.chunks(at_once * num_labels));
        for ((rows, labels), out) in blocks.zip(out.chunks_mut(at_once)) {
            for ((log, logit), &z) in logs.iter_mut().zip(&mut logits).zip(rows) {
                *logit = z.into();
                *log = -logit.abs();
            }
            exponentials(&mut logs);
            for chunk in logs.as_chunks_mut().0 {
                *chunk = log1p(*chunk);
            }
            for ((term, &z), &label) in logs.iter_mut().zip(&logits).zip(labels) {
                let z_of_label = if label == 1 { z } else { -z };
                let log = if z_of_label < 0.0 { z_of_label } else { 0.0 } - *term;
                *term = if label < 0 { 0.0 } else { log } + z * 0.0; // NaN for a value that is not finite
            }
            let of_rows = logs.chunks_exact(num_labels).zip(labels.chunks_exact(num_labels));
            for (out, (terms, labels)) in out.iter_mut().zip(of_rows) {
                let sum = terms.iter().fold(0.0, |sum, term| sum + term);
                let known = labels.iter().filter(|label| **label >= 0).count().max(1);
                let mean = sum / known as f64;
                *out = S::of(if mean < S::LOWEST { S::LOWEST } else { mean });
            }
        }
    }
}

/// `libm::log1p`, to the bit, for `0 <= x <= 1`.
///
/// FreeBSD's `s_log1p.c`, as `libm` has it.
#[inline(always)]
fn log1p(x: Lanes) -> Lanes {
    const HALF: u64 = 0x3fe6_a09e << 32; // sqrt(1/2), from below
    let mut out = [0.0; LANES];
    for (out, x) in out.iter_mut().zip(x) {
        // 1 + x = 2^k (1 + f), with 1 + f from sqrt(1/2) to sqrt(2), and c for what 1 + x lost
        let u = 1.0 + x;
        let above = u.to_bits().wrapping_add((0x3ff0_0000 << 32) - HALF);
        let small = x.to_bits() < 0x3fda_827a << 32;
        let k = if above >= 0x4000_0000 << 32 && !small { 1.0 } else { 0.0 };
        let c = if small { 0.0 } else { (x - (u - 1.0)) / u };
        let f = if small { x } else { f64::from_bits((above & 0x000f_ffff_ffff_ffff) + HALF) - 1.0 };
        let half_square = 0.5 * f * f;
        let s = f / (2.0 + f);
        let z = s * s;
        let w = z * z;
        let even = w * (0.399_999_999_994_094_2 + w * (0.222_221_984_321_497_84 + w * 0.153_138_376_992_093_73));
        let odd = 0.285_714_287_436_623_9 + w * (0.181_835_721_616_180_5 + w * 0.147_981_986_051_165_86);
        let r = z * (0.666_666_666_666_673_5 + w * odd) + even;
        *out = s * (half_square + r) + (k * 1.908_214_929_270_587_7e-10 + c) - half_square
            + f
            + k * 0.693_147_180_369_123_8;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::value::sealed::Real as _;
    use proptest::prelude::*;

    #[test]
    fn logarithms_have_the_bits_of_libm() {
        let mut values = vec![0.0, 5e-324, 1e-310, 1e-300, f64::EPSILON, f64::EPSILON / 2.0, f64::EPSILON / 4.0, 1.0];
        for edge in [f64::from_bits(0x3fda_827a << 32), std::f64::consts::SQRT_2 - 1.0, 0.5] {
            values.extend([-1e-6, -1e-9, -1e-16, 0.0, 1e-16, 1e-9, 1e-6].map(|by| edge * (1.0 + by)));
            values.extend([edge.next_down(), edge.next_up()]);
        }
        let mut word = 1u64;
        for at in 0..1_000_000 {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let x = (word >> 11) as f64 / (1u64 << 53) as f64;
            values.push(if at % 2 == 0 { x } else { libm::exp(-40.0 * x) });
        }
        for chunk in values.chunks(LANES) {
            let mut x = [0.0; LANES];
            x[..chunk.len()].copy_from_slice(chunk);
            for (found, x) in log1p(x).into_iter().zip(x) {
                assert_eq!(found.to_bits(), libm::log1p(x).to_bits(), "{x:e}");
            }
        }
    }

    /// A label after another.
    fn plain<F: Value>(row: &[F], labels: &[i8]) -> F::Score {
        if !row.iter().all(|&z| Into::<f64>::into(z).is_finite()) {
            return F::Score::of(f64::NAN);
        }
        let (mut sum, mut known) = (0.0, 0u32);
        for (&z, &label) in row.iter().zip(labels).filter(|(_, label)| **label >= 0) {
            let z: f64 = z.into();
            let z = if label == 1 { z } else { -z };
            sum += z.min(0.0) - libm::log1p(libm::exp(-z.abs())); // ln sigmoid(z)
            known += 1;
        }
        F::Score::of((sum / f64::from(known.max(1))).max(F::Score::LOWEST))
    }

    fn value() -> impl Strategy<Value = f64> {
        let odd = vec![0.0, -0.0, 1e-45, 1e4, -1e4, 1e30, f64::from(f32::MIN), f64::NAN, f64::INFINITY];
        prop_oneof![200 => -30.0..30.0, 5 => -800.0..800.0, 1 => prop::sample::select(odd)]
    }

    fn check<F: Value>(rows: &[F], num_labels: usize, labels: &[i8]) {
        let n = rows.len() / num_labels;
        let zero = F::Score::of(0.0);
        let (mut wide, mut narrow) = (vec![zero; n], vec![zero; n]);
        mean_log_sigmoids(rows, num_labels, labels, &mut wide);
        MeanLogSigmoids { rows, num_labels, labels, out: &mut narrow }.run();
        let each = rows.chunks(num_labels).zip(labels.chunks(num_labels)).map(|(row, labels)| plain(row, labels));
        let bits = |x: F::Score| -> u64 {
            let x: f64 = x.into();
            if x.is_nan() { f64::NAN } else { x }.to_bits()
        };
        for ((exact, wide), narrow) in each.zip(wide).zip(narrow) {
            assert_eq!([bits(wide), bits(narrow)], [bits(exact); 2]);
        }
    }

    proptest! {
        #[test]
        fn means_have_the_bits_of_one_label_at_a_time(
            num_labels in prop_oneof![1usize..40, Just(1030)],
            n in 1usize..100,
            seed in prop::collection::vec(value(), 997),
            signs in prop::collection::vec(-1i8..=1, 101),
        ) {
            let rows: Vec<f64> = (0..n * num_labels).map(|i| seed[(i * 31 + i / 97) % 997]).collect();
            let labels: Vec<i8> = (0..n * num_labels).map(|i| signs[i % 101]).collect();
            check(&rows, num_labels, &labels);
            check(&rows.iter().map(|&z| z as f32).collect::<Vec<_>>(), num_labels, &labels);
            #[cfg(feature = "half")]
            check(&rows.iter().map(|&z| half::f16::from_f64(z)).collect::<Vec<_>>(), num_labels, &labels);
        }
    }
}

//! Eq. 2-3 of one sample, one number after another in f64. The kernels of f32 and f64 leave to it samples whose squares
//! come near the ends of their range, and the tests of [`slices`](super::slices) compare with it.

use super::value::Value;
use super::value::sealed::Real as _;

/// Eq. 2-3: one minus the mean cosine over ordered pairs, at least 0; 0 for fewer than 2 rows; NaN if a row is not
/// finite.
pub(super) fn complement<F: Value>(rows: &[&[F]]) -> F::Score {
    if rows.len() < 2 {
        let finite = rows.iter().all(|row| row.iter().all(|x| x.finite()));
        return F::Score::of(if finite { 0.0 } else { f64::NAN });
    }
    let mut sum = 0.0;
    for (a, row) in rows.iter().enumerate() {
        for other in &rows[a + 1..] {
            sum += cosine(row, other);
        }
    }
    let pairs = (rows.len() * (rows.len() - 1) / 2) as f64;
    let phi = 1.0 - sum / pairs;
    F::Score::of(if phi < 0.0 { 0.0 } else { phi }) // not `max`, which would hide a NaN
}

/// Cosine of two rows, 0 if one has no length.
fn cosine<F: Value>(a: &[F], b: &[F]) -> f64 {
    let (mut dot, mut aa, mut bb) = products(a, b, 1.0, 1.0);
    // Squares of f32 stay in the range of f64. Squares of f64 may not, so such rows are scaled first.
    let safe = |x: f64| x == 0.0 || (1e-200..1e200).contains(&x);
    if !(safe(aa) && safe(bb)) || (aa == 0.0 || bb == 0.0) {
        let scale = |row: &[F]| row.iter().fold(0.0, |max: f64, &x| max.max(Into::<f64>::into(x).abs()));
        let (max_a, max_b) = (scale(a), scale(b));
        if aa.is_nan() || bb.is_nan() || max_a.is_infinite() || max_b.is_infinite() {
            return f64::NAN;
        }
        if max_a == 0.0 || max_b == 0.0 {
            return 0.0;
        }
        (dot, aa, bb) = products(a, b, max_a, max_b);
    }
    dot / (aa.sqrt() * bb.sqrt())
}

/// `a.b`, `a.a` and `b.b` of the rows divided by these scales, in f64 and in a fixed order of eight lanes.
fn products<F: Value>(a: &[F], b: &[F], scale_a: f64, scale_b: f64) -> (f64, f64, f64) {
    let mut lanes = [[0.0; 8]; 3];
    let mut add = |lane: usize, x: F, y: F| {
        let (x, y): (f64, f64) = (x.into(), y.into());
        let (x, y) = if scale_a == 1.0 && scale_b == 1.0 { (x, y) } else { (x / scale_a, y / scale_b) };
        lanes[0][lane] += x * y;
        lanes[1][lane] += x * x;
        lanes[2][lane] += y * y;
    };
    let (chunks_a, chunks_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let (rest_a, rest_b) = (chunks_a.remainder(), chunks_b.remainder());
    for (x, y) in chunks_a.zip(chunks_b) {
        for lane in 0..8 {
            add(lane, x[lane], y[lane]);
        }
    }
    for (lane, (&x, &y)) in rest_a.iter().zip(rest_b).enumerate() {
        add(lane, x, y);
    }
    let total = |lanes: [f64; 8]| lanes.iter().sum();
    (total(lanes[0]), total(lanes[1]), total(lanes[2]))
}

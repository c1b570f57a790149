//! Functions of sixteen numbers at a time in f32, with the same bits on every machine.
//!
//! **Why this way.** Exponentials take most of the time of a measurement, and `libm` computes one at a time. So all
//! functions here are plain loops over arrays of a fixed length, and [`wide`](crate::raw::wide) compiles the kernels
//! that call them for the widest registers that the machine may use.
//!
//! **Errors.** `exp` and `ln` are exact to two units in the last place: they are Cephes' polynomials.
//!
//! **What the compiler is trusted with.** Only with speed. Rust neither reorders nor fuses floating-point operations,
//! so the bits do not depend on how a loop is vectorised. The order of every sum is written out ([`tree`]).

/// Numbers that a function here takes: one register of AVX-512, two of AVX2.
pub(super) const LANES: usize = 16;
pub(super) type Lanes = [f32; LANES];

/// `exp(x)` for `x <= 88`, to 2 units in the last place; 0 below -87, where results are no normal numbers.
///
/// Cephes' reduction and polynomial. Each step is done for all `K` arrays before the next one, since a step waits for
/// the one before it, and a processor sees only so many operations ahead.
#[inline(always)]
pub(super) fn exps<const K: usize>(x: [Lanes; K]) -> [Lanes; K] {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to a whole number in the low bits
    let mut out = [[0.0; LANES]; K];
    for lane in 0..LANES {
        let (mut shifted, mut r, mut p) = ([0.0f32; K], [0.0; K], [1.987_569_1e-4; K]);
        for k in 0..K {
            shifted[k] = x[k][lane] * std::f32::consts::LOG2_E + ROUND;
        }
        for k in 0..K {
            r[k] = x[k][lane] - (shifted[k] - ROUND) * 0.693_359_4;
        }
        for k in 0..K {
            r[k] -= (shifted[k] - ROUND) * -2.121_944_4e-4;
        }
        for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5] {
            for k in 0..K {
                p[k] = p[k] * r[k] + coefficient;
            }
        }
        for k in 0..K {
            p[k] = p[k] * (r[k] * r[k]) + r[k] + 1.0;
        }
        for k in 0..K {
            let scaled = f32::from_bits(p[k].to_bits().wrapping_add(shifted[k].to_bits() << 23));
            out[k][lane] = if x[k][lane] < -87.0 { 0.0 } else { scaled };
        }
    }
    out
}

/// See [`exps`].
#[inline(always)]
pub(super) fn exp(x: Lanes) -> Lanes {
    exps([x])[0]
}

/// `ln(x)` for finite `x >= 1`, to 2 units in the last place. Cephes' reduction and polynomial.
#[inline(always)]
pub(super) fn ln(x: Lanes) -> Lanes {
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

/// [`tree`] of each lane of sixteen arrays.
#[inline(always)]
pub(super) fn tree_of(x: &[Lanes; LANES]) -> Lanes {
    let mut four = [[0.0; LANES]; 4];
    for at in 0..4 {
        four[at] = plus(plus(x[at], x[at + 8]), plus(x[at + 4], x[at + 12]));
    }
    plus(plus(four[0], four[2]), plus(four[1], four[3]))
}

#[inline(always)]
pub(super) fn minus(mut x: Lanes, y: f32) -> Lanes {
    for x in &mut x {
        *x -= y;
    }
    x
}

#[inline(always)]
pub(super) fn plus(mut x: Lanes, y: Lanes) -> Lanes {
    for lane in 0..LANES {
        x[lane] += y[lane];
    }
    x
}

/// `x` in the lanes whose mask is all ones, and `other` in those whose mask is 0.
#[inline(always)]
pub(super) fn select(mask: &[u32; LANES], mut x: Lanes, other: f32) -> Lanes {
    for lane in 0..LANES {
        x[lane] = f32::from_bits(x[lane].to_bits() & mask[lane] | other.to_bits() & !mask[lane]);
    }
    x
}

/// The largest of all lanes, if none is NaN.
#[inline(always)]
pub(super) fn largest(x: Lanes) -> f32 {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let eight: [f32; 8] = std::array::from_fn(|lane| larger(x[lane], x[lane + 8]));
    let four: [f32; 4] = std::array::from_fn(|lane| larger(eight[lane], eight[lane + 4]));
    larger(larger(four[0], four[2]), larger(four[1], four[3]))
}

/// Returns the same array. It forces the compiler to have the whole array here, so that it keeps it in one register
/// until now, and not as single lanes for the code that follows.
#[inline(always)]
pub(super) fn in_memory<T>(lanes: T) -> T {
    std::hint::black_box(lanes)
}

/// The sum of all lanes, halves first.
#[inline(always)]
pub(super) fn tree(x: Lanes) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|lane| x[lane] + x[lane + 8]);
    let four: [f32; 4] = std::array::from_fn(|lane| eight[lane] + eight[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

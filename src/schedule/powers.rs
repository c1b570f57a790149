//! Powers of 1, 2, 3 and so on, some at a time, with the bits of `libm::pow`: quotas rest on them, so they must be the
//! same on every machine.

use std::f64::consts::LN_2;

use rayon::prelude::*;

use super::apportion::CLASSES;
use crate::raw::{Kernel, wide};

/// `c^-exponent` for `c` in `1..=num_classes`. The exponent is not negative, and finite.
pub(super) fn powers(exponent: f64, num_classes: usize) -> Vec<f64> {
    let mut powers = vec![0.0; num_classes];
    let chunks = powers.par_chunks_mut(CLASSES).enumerate();
    chunks.for_each(|(at, powers)| wide(Powers { first: at * CLASSES + 1, exponent, powers }));
    powers
}

const LANES: usize = 8;
type Lanes = [f64; LANES];

/// Makes `powers` those of numbers that follow each other from `first` on.
struct Powers<'a> {
    first: usize,
    exponent: f64,
    powers: &'a mut [f64],
}

impl Kernel for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { first, exponent, powers } = self;
        // the last one is the least: above the subnormal numbers, and so are all
        let last = (first + powers.len() - 1) as f64;
        let is_normal = exponent * last.log2() < 1000.0; // by far not 1022, so the error of `log2` does not matter
        // libm divides for -1; and 1 to any power is 1, which the lanes do not give
        if exponent == 0.0 || exponent == 1.0 || !is_normal {
            powers.iter_mut().zip(first..).for_each(|(power, c)| *power = libm::pow(c as f64, -exponent));
            return;
        }
        let (chunks, rest) = powers.as_chunks_mut::<LANES>();
        let mut c: Lanes = std::array::from_fn(|lane| (first + lane) as f64);
        for chunk in chunks {
            *chunk = power(c, -exponent);
            c.iter_mut().for_each(|c| *c += LANES as f64);
        }
        let left = rest.len();
        rest.copy_from_slice(&power(c, -exponent)[..left]);
        if first == 1 {
            powers[0] = 1.0;
        }
    }
}

/// The number without the low half of its bits.
#[inline(always)]
fn high(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & (u64::MAX << 32))
}

/// `libm::pow`, to the bit, where `x` is above 1, `y` negative and not -1, and the result at least 2^-1020.
///
/// FreeBSD's `e_pow.c`, as `libm` has it.
#[inline(always)]
fn power(x: Lanes, y: f64) -> Lanes {
    const BITS: u64 = (1 << 52) - 1; // of the fraction
    const ONE: u64 = 0x3ff << 52;
    const WHOLE: f64 = (1u64 << 52) as f64; // adding it leaves a whole number in the low bits
    const ROUND: f64 = 1.5 * WHOLE; // the same for negative ones
    const LOG: [f64; 6] = [
        0.599_999_999_999_994_6,
        0.428_571_428_578_550_2,
        0.333_333_329_818_377_43,
        0.272_728_123_808_534,
        0.230_660_745_775_561_75,
        0.206_975_017_800_338_42,
    ];
    const EXP: [f64; 5] = [
        0.166_666_666_666_666_02,
        -0.002_777_777_777_701_559_3,
        6.613_756_321_437_934e-5,
        -1.653_390_220_546_525_2e-6,
        4.138_136_797_057_238_5e-8,
    ];
    let y_high = high(y);
    let mut out = [0.0; LANES];
    for (out, x) in out.iter_mut().zip(x) {
        // x = 2^n a, where a is near 1, or near 3/2
        let fraction = x.to_bits() & BITS;
        let (is_near_half, is_near_two) = (fraction >= 0x3_988f << 32, fraction >= 0xb_b67a << 32);
        let is_middle = is_near_half & !is_near_two;
        let base = if is_middle { 1.5 } else { 1.0 };
        let a_bits = (fraction | ONE) - if is_near_two { 1 << 52 } else { 0 };
        let a = f64::from_bits(a_bits);
        let n =
            f64::from_bits((x.to_bits() >> 52) | WHOLE.to_bits()) - WHOLE - if is_near_two { 1022.0 } else { 1023.0 };

        // s = (a - base) / (a + base), in two parts
        let u = a - base;
        let v = 1.0 / (a + base);
        let s = u * v;
        let s_high = high(s);
        let sum_bits = ((a_bits >> 33) | 0x2000_0000) + 0x0008_0000 + if is_middle { 1 << 18 } else { 0 };
        let sum_high = f64::from_bits(sum_bits << 32);
        let sum_low = a - (sum_high - base);
        let s_low = v * ((u - s_high * sum_high) - s_high * sum_low);

        // log2 of x, in two parts
        let z = s * s;
        let mut r = z * z * (LOG[0] + z * (LOG[1] + z * (LOG[2] + z * (LOG[3] + z * (LOG[4] + z * LOG[5])))));
        r += s_low * (s_high + s);
        let square = s_high * s_high;
        let t_high = high(3.0 + square + r);
        let t_low = r - ((t_high - 3.0) - square);
        let u = s_high * t_high;
        let v = s_low * t_high + t_low * s;
        let p_high = high(u + v);
        let p_low = v - (p_high - u);
        let z_high = 0.961_796_700_954_437_3 * p_high;
        let log_low = if is_middle { 1.350_039_202_129_749e-8 } else { 0.0 };
        let z_low = -7.028_461_650_952_758e-9 * p_high + p_low * 0.961_796_693_925_975_6 + log_low;
        let log_high = if is_middle { 0.584_962_487_220_764_2 } else { 0.0 };
        let t1 = high(((z_high + z_low) + log_high) + n);
        let t2 = z_low - (((t1 - n) - log_high) - z_high);

        // times y, as a whole number and the rest
        let low = (y - y_high) * t1 + y * t2;
        let product = y_high * t1;
        let z = low + product;
        let size = high(z).abs();
        let above = ((size + 0.5) + WHOLE) - WHOLE;
        let nearest = above - if above > size + 0.5 { 1.0 } else { 0.0 };
        let whole = if z.to_bits() >> 32 & 0x7fff_ffff > 0x3fe0_0000 { -nearest } else { 0.0 };
        let rest = product - whole;

        // 2 to that power
        let t = high(low + rest);
        let u = t * 0.693_147_182_464_599_6;
        let v = (low - (t - rest)) * LN_2 + t * -1.904_654_299_957_768e-9;
        let z = u + v;
        let w = v - (z - u);
        let t = z * z;
        let t1 = z - t * (EXP[0] + t * (EXP[1] + t * (EXP[2] + t * (EXP[3] + t * EXP[4]))));
        let r = (z * t1) / (t1 - 2.0) - (w + z * w);
        let z = 1.0 - (r - z);
        *out = f64::from_bits(z.to_bits().wrapping_add((whole + ROUND).to_bits() << 52));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(exponent: f64, num_classes: usize) {
        for (power, c) in powers(exponent, num_classes).into_iter().zip(1..) {
            assert_eq!(power.to_bits(), libm::pow(f64::from(c), -exponent).to_bits(), "{c}^-{exponent:e}");
        }
    }

    #[test]
    fn powers_have_the_bits_of_libm() {
        let mut exponents = vec![0.0, 1e-300, 1e-100, 1e-17, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0, 60.0, 75.0];
        exponents.extend([0.5f64, 1.0, 2.0].iter().flat_map(|edge| [edge.next_down(), edge.next_up()]));
        exponents.extend([80.0, 1000.0, 1e5, 3e9, 1e12, 1e100, 1e300]); // some results are subnormal, or 0
        for exponent in exponents {
            for num_classes in [1, 2, 7, 8, 9, 70_000] {
                check(exponent, num_classes);
            }
        }
    }

    proptest! {
        #[test]
        fn any_powers_have_the_bits_of_libm(exponent in prop_oneof![0.0..4.0f64, 0.0..100.0f64], n in 1usize..30_000) {
            check(exponent, n);
        }
    }

    /// The code of other machines: the same without wide registers.
    #[test]
    fn bits_do_not_depend_on_the_width_of_the_registers() {
        let (mut narrow, exponent) = (vec![0.0; 5000], 1.37);
        Powers { first: 1, exponent, powers: &mut narrow }.run();
        assert_eq!(narrow, powers(exponent, 5000));
    }
}

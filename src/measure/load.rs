//! Numbers that the kernels read in place and compute in f32.
//!
//! f16 and bf16 are converted where they are loaded, so nothing is copied, and the arithmetic is that of f32: the same
//! bits as from a copy in f32. The conversion is exact.

/// A number that is one of f32, exactly.
pub(super) trait Load: Copy + Send + Sync + 'static {
    const ZERO: Self;
    /// The number as f32. A NaN stays a NaN.
    fn load(self) -> f32;
}

impl Load for f32 {
    const ZERO: Self = 0.0;
    #[inline(always)]
    fn load(self) -> f32 {
        self
    }
}

#[cfg(feature = "half")]
impl Load for half::bf16 {
    const ZERO: Self = half::bf16::ZERO;
    #[inline(always)]
    fn load(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }
}

/// Plain operations on the bits: neither the conversion of `half` nor one with an `if` is vectorised.
#[cfg(feature = "half")]
impl Load for half::f16 {
    const ZERO: Self = half::f16::ZERO;
    #[inline(always)]
    fn load(self) -> f32 {
        const BIAS: u32 = 112 << 23; // of the exponents
        let bits = u32::from(self.to_bits());
        let magnitude = bits & 0x7fff;
        // all ones, or 0
        let is_subnormal = ((magnitude as i32 - 0x0400) >> 31) as u32;
        let is_infinite = ((0x7bff - magnitude as i32) >> 31) as u32;
        let normal = (magnitude << 13) + BIAS + (is_infinite & BIAS);
        // the last place of numbers from 0.5 on is the smallest number of f16
        let subnormal = (f32::from_bits(0x3f00_0000 + magnitude) - 0.5).to_bits();
        let magnitude = subnormal & is_subnormal | normal & !is_subnormal;
        f32::from_bits(magnitude | (bits & 0x8000) << 16)
    }
}

/// The numbers of an array as f32.
#[inline(always)]
pub(super) fn load<T: Load, const N: usize>(values: &[T; N]) -> [f32; N] {
    let mut loaded = [0.0; N];
    for at in 0..N {
        loaded[at] = values[at].load();
    }
    loaded
}

#[cfg(all(test, feature = "half"))]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_16_bits_is_loaded_exactly() {
        for bits in 0..=u16::MAX {
            let (small, brain) = (half::f16::from_bits(bits), half::bf16::from_bits(bits));
            for (found, exact) in [(small.load(), small.to_f32()), (brain.load(), brain.to_f32())] {
                assert!(
                    found.to_bits() == exact.to_bits() || found.is_nan() && exact.is_nan(),
                    "{bits} {found} {exact}"
                );
            }
        }
    }
}

//! All `unsafe` code of the crate. Each block has the reason why it is sound, and a safe twin that tests compare with.

/// A computation that is faster with wide registers.
///
/// Rust neither reorders nor fuses floating-point operations, so the same code gives the same bits on every target.
/// `run`, and every function that it calls, must be `#[inline(always)]`: only inlined code is compiled for wide
/// registers.
pub(crate) trait Kernel {
    /// The result.
    type Output;
    /// Computes the result.
    fn run(self) -> Self::Output;
}

/// Runs the kernel, compiled for AVX2 if the machine has it, else compiled for the target.
pub(crate) fn wide<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<K: Kernel>(kernel: K) -> K::Output {
            kernel.run()
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the machine has the one feature that `avx2` is compiled for.
            return unsafe { avx2(kernel) };
        }
    }
    kernel.run()
}

/// As [`wide`], but compiled for AVX-512 if the machine has it, and the compiler knows it. For kernels that gain by it.
pub(crate) fn widest<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(all(target_arch = "x86_64", avx512))]
    {
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
        fn avx512<K: Kernel>(kernel: K) -> K::Output {
            kernel.run()
        }
        macro_rules! has {
            ($($feature:tt)*) => { $(std::arch::is_x86_feature_detected!($feature))&&* };
        }
        if has!("avx512f" "avx512vl" "avx512dq" "avx512bw") {
            // SAFETY: the machine has the four features that `avx512` is compiled for.
            return unsafe { avx512(kernel) };
        }
    }
    wide(kernel)
}

/// Asks the processor for these values, which are needed soon. Nothing happens on machines where we cannot ask.
#[inline(always)]
pub(crate) fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks((64 / size_of::<T>()).max(1)) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which reads nothing and faults at no address; every x86-64 has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// The memory of a tensor of this kind on the CPU whose values lie row by row without gaps. None for any other tensor.
#[cfg(feature = "tch")]
pub(crate) fn values<T: Plain>(tensor: &tch::Tensor) -> Option<&[T]> {
    let plain = tensor.defined()
        && tensor.kind() == T::KIND
        && tensor.device() == tch::Device::Cpu
        && !tensor.is_sparse()
        && !tensor.is_mkldnn()
        && !tensor.is_neg()
        && tensor.is_contiguous();
    if !plain {
        return None;
    }
    let (len, start) = (tensor.numel(), tensor.data_ptr().cast::<T>());
    if len == 0 {
        return Some(&[]);
    }
    if start.is_null() {
        return None; // zeros that are not in memory
    }
    // SAFETY: a dense, contiguous CPU tensor of kind `T::KIND` holds `numel` initialised `T` from `data_ptr` on, laid
    // out as `Plain` promises. The slice borrows the tensor, which keeps its storage alive and in place. No caller
    // in this crate lets another thread write through another handle during this call, and the slice does not outlive
    // a measurement that was handed the tensors by reference.
    Some(unsafe { std::slice::from_raw_parts(start, len) })
}

/// Numbers that are read from the memory of tensors.
///
/// # Safety
/// Every pattern of bits is one, and libtorch lays those of [`KIND`](Self::KIND) out as Rust does.
#[cfg(feature = "tch")]
pub(crate) unsafe trait Plain {
    /// Kind of the tensors that have such numbers. (That of tch's `Element` is wrong for bf16.)
    const KIND: tch::Kind;
}
// SAFETY: IEEE 754 single precision in both.
#[cfg(feature = "tch")]
unsafe impl Plain for f32 {
    const KIND: tch::Kind = tch::Kind::Float;
}
// SAFETY: IEEE 754 half precision in both.
#[cfg(feature = "tch")]
unsafe impl Plain for half::f16 {
    const KIND: tch::Kind = tch::Kind::Half;
}
// SAFETY: the upper half of an f32 in both.
#[cfg(feature = "tch")]
unsafe impl Plain for half::bf16 {
    const KIND: tch::Kind = tch::Kind::BFloat16;
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "tch")]
    #[test]
    fn values_are_what_a_copy_holds_and_other_tensors_are_left_alone() {
        use tch::{Device, Kind, Tensor};
        let tensor = Tensor::arange(24, (Kind::Float, Device::Cpu)).view([4, 6]);
        let copy: Vec<f32> = tensor.view(-1).try_into().unwrap();
        assert_eq!(super::values::<f32>(&tensor), Some(copy.as_slice()));
        let part = tensor.narrow(0, 1, 2); // contiguous, but from the second row on
        assert_eq!(super::values::<f32>(&part), Some(&copy[6..18]));
        for other in [
            tensor.transpose(0, 1),
            tensor.narrow(1, 0, 2),
            tensor.to_kind(Kind::Double),
            tensor.to_sparse_sparse_dim(2),
        ] {
            assert_eq!(super::values::<f32>(&other), None);
        }
        let half = tensor.to_kind(Kind::Half);
        let exact: Vec<half::f16> = copy.iter().map(|&x| half::f16::from_f32(x)).collect();
        assert_eq!(super::values(&half), Some(exact.as_slice()));
        assert_eq!(super::values::<half::bf16>(&half), None);
        let exact: Vec<half::bf16> = copy.iter().map(|&x| half::bf16::from_f32(x)).collect();
        assert_eq!(super::values(&tensor.to_kind(Kind::BFloat16)), Some(exact.as_slice()));
        assert_eq!(super::values::<f32>(&tensor.narrow(0, 0, 0)), Some(&[][..]));
    }
}

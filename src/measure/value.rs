//! Types of a network's outputs, and of scores. Each kind has the kernels of its precision.

/// A type of scores: `f32` or `f64`.
pub trait Real: Value<Score = Self> + sealed::Real {}
impl Real for f32 {}
impl Real for f64 {}

/// A type of a network's outputs: `f32` or `f64`; with feature `half`, also `half::f16` and `half::bf16`.
///
/// f16 and bf16 are read in place and computed in f32: the scores have the bits of those of a copy in f32.
pub trait Value: sealed::Value<Out = Self::Score> {
    /// Type of the scores: `f64` for `f64`, and `f32` for all others.
    type Score: Real;
}

impl Value for f32 {
    type Score = f32;
}
impl Value for f64 {
    type Score = f64;
}
#[cfg(feature = "half")]
impl Value for half::f16 {
    type Score = f32;
}
#[cfg(feature = "half")]
impl Value for half::bf16 {
    type Score = f32;
}

pub(super) mod sealed {
    use super::super::{complements, confidence, double, load::Load};

    /// The operations that scores need. `exp` of f64 is from `libm`, so that it has the same bits everywhere.
    pub trait Real:
        Copy
        + Send
        + Sync
        + PartialOrd
        + std::fmt::Debug
        + std::ops::Add<Output = Self>
        + std::ops::Sub<Output = Self>
        + Into<f64>
        + 'static
    {
        /// The lowest number: what a log-likelihood is that lies beyond.
        const LOWEST: f64;
        fn of(value: f64) -> Self;
        /// Eq. 1 of every `ln p`, in place.
        fn confidence(log_p: &mut [Self], num_classes: usize);
    }

    /// The kernels, which read the outputs in place.
    pub trait Value: Copy + Send + Sync + std::fmt::Debug + Into<f64> + 'static {
        type Out: Real;
        fn finite(self) -> bool;
        /// `ln softmax(row)[label]` of every row, `[n, num_classes]`. NaN if a value of the row is not finite.
        fn log_probabilities(rows: &[Self], num_classes: usize, labels: &[u32], out: &mut [Self::Out]);
        /// Eq. 2-3 of every sample over the modalities that it has: `rows` are `M` times `[n, width]`, `present` `M`
        /// times `[n]`. NaN if a value is not finite. Negative for a sample that it cannot measure.
        fn complements(rows: &[&[Self]], present: &[Option<&[bool]>], width: usize, out: &mut [Self::Out]);
    }

    impl Real for f32 {
        const LOWEST: f64 = f32::MIN as f64;
        fn of(value: f64) -> Self {
            value as f32
        }
        fn confidence(log_p: &mut [f32], num_classes: usize) {
            confidence::confidence(log_p, num_classes);
        }
    }

    impl Real for f64 {
        const LOWEST: f64 = f64::MIN;
        fn of(value: f64) -> Self {
            value
        }
        fn confidence(log_p: &mut [f64], num_classes: usize) {
            double::confidence(log_p, num_classes);
        }
    }

    impl<T: Load + std::fmt::Debug + Into<f64>> Value for T {
        type Out = f32;
        fn finite(self) -> bool {
            self.load().is_finite()
        }
        fn log_probabilities(rows: &[T], num_classes: usize, labels: &[u32], out: &mut [f32]) {
            confidence::log_probabilities(rows, num_classes, labels, out);
        }
        fn complements(rows: &[&[T]], present: &[Option<&[bool]>], width: usize, out: &mut [f32]) {
            complements::complements(rows, present, width, out);
        }
    }

    impl Value for f64 {
        type Out = f64;
        fn finite(self) -> bool {
            self.is_finite()
        }
        fn log_probabilities(rows: &[f64], num_classes: usize, labels: &[u32], out: &mut [f64]) {
            double::log_probabilities(rows, num_classes, labels, out);
        }
        fn complements(rows: &[&[f64]], present: &[Option<&[bool]>], width: usize, out: &mut [f64]) {
            double::complements(rows, present, width, out);
        }
    }
}

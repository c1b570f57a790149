//! A data set of any size, for what measures.

/// Labels with a long tail, and scores without a pattern.
pub fn long_tail(n: usize, classes: usize) -> (Vec<u32>, Vec<f32>) {
    let mut word = 1u64;
    let mut noise = || {
        word = word.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (word >> 40) as f32 / (1 << 24) as f32
    };
    let labels =
        (0..n).map(|i| if i < classes { i as u32 } else { (noise().powi(3) * classes as f32) as u32 }).collect();
    (labels, (0..n).map(|_| noise()).collect())
}

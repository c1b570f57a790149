//! What a quota means for the samples of a class.

/// How often a quota takes each of `n` samples, and how many of them it takes once more.
pub(super) fn copies_and_rest(quota: usize, n: usize) -> (usize, usize) {
    if quota <= n { (0, quota) } else { (quota / n, quota % n) }
}

//! Turns shares into whole numbers of samples, in exact integers.
//!
//! A share becomes an integer weight once. After that nothing is rounded, so the quotas are the same on every platform
//! and have the right sum. Source: `docs/algorithm.md`, "How many".

use std::cmp::Reverse;

use rayon::prelude::*;

use crate::Result;
use crate::error::ArgumentError;

/// What happens if the share of a class asks for more samples than the class has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Overflow {
    /// The class gives all its samples, and the other classes share the rest in proportion. The default.
    #[default]
    Redistribute,
    /// The class gives all its samples, and the rest is lost: the epoch shrinks.
    Truncate,
    /// The samples of the class are repeated. This is oversampling, which the paper does not do.
    Repeat,
}

impl Overflow {
    /// The name in a configuration file and in a description.
    pub(super) fn name(self) -> &'static str {
        self.into()
    }
}

/// Number of samples of each class for an epoch of `size` samples, in proportion to `shares`.
///
/// # Shapes
/// `counts` and `shares`: `[C]`, larger classes first (of equal remainders the first gets the sample). Returns `[C]`,
/// of sum `size` for `Redistribute` (at most the sum of `counts`) and `Repeat`, at most `size` for `Truncate`.
///
/// # Errors
/// [`ArgumentError::Empty`] for no classes; [`ArgumentError::Length`] if the lengths differ;
/// [`ArgumentError::OutOfRange`] for a share that is not in `[0, 1]`, or a size of 2^32 and more.
///
/// # Examples
/// ```
/// use climd::schedule::{Overflow, apportion};
/// let shares = [0.7, 0.2, 0.1];
/// assert_eq!(apportion(&[50, 30, 20], &shares, 80, Overflow::Redistribute)?, [50, 20, 10]);
/// assert_eq!(apportion(&[50, 30, 20], &shares, 80, Overflow::Truncate)?, [50, 16, 8]);
/// assert_eq!(apportion(&[50, 30, 20], &shares, 80, Overflow::Repeat)?, [56, 16, 8]);
/// # Ok::<(), climd::Error>(())
/// ```
///
/// # Complexity
/// O(C log C).
pub fn apportion(counts: &[usize], shares: &[f64], size: usize, overflow: Overflow) -> Result<Vec<usize>> {
    if counts.is_empty() {
        return Err(ArgumentError::Empty { argument: "counts" }.into());
    }
    if shares.len() != counts.len() {
        let rule = "one share for each of `counts`";
        return Err(ArgumentError::Length {
            argument: "shares".into(),
            found: shares.len(),
            expected: counts.len(),
            rule,
        }
        .into());
    }
    if let Some(&found) = shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
        return Err(ArgumentError::OutOfRange { argument: "shares", found, range: "a number from 0 to 1" }.into());
    }
    if u32::try_from(size).is_err() {
        return Err(ArgumentError::OutOfRange { argument: "size", found: size as f64, range: "below 2^32" }.into());
    }
    let weights: Vec<u64> = shares.iter().map(|&share| weight(share)).collect();
    Ok(match overflow {
        Overflow::Redistribute => redistribute(counts, &weights, size),
        Overflow::Truncate => {
            largest_remainder(&weights, size).iter().zip(counts).map(|(&share, &count)| share.min(count)).collect()
        }
        Overflow::Repeat => largest_remainder(&weights, size),
    })
}

/// A share in `[0, 1]` as an integer. It is never 0, so that rounding alone leaves out no class.
fn weight(share: f64) -> u64 {
    ((share * (1u64 << 40) as f64).round_ties_even() as u64).max(1)
}

/// Whole parts of `size` in proportion to `weights`. The rest goes to the largest remainders, ties to the first.
pub(crate) fn largest_remainder(weights: &[u64], size: usize) -> Vec<usize> {
    let total: u128 = weights.iter().map(|&w| u128::from(w)).sum();
    let exact = |w: u64| size as u128 * u128::from(w);
    let divided = weights.par_iter().with_min_len(1024).enumerate().map(|(class, &w)| {
        let part = exact(w) / total;
        (part as usize, (Reverse(exact(w) - part * total), class))
    });
    let (mut parts, mut by_remainder): (Vec<usize>, Vec<_>) = divided.unzip();
    let left = size - parts.iter().sum::<usize>();
    // fewer are left than there are classes; the class number makes every key different
    by_remainder.select_nth_unstable(left);
    for &(_, class) in &by_remainder[..left] {
        parts[class] += 1;
    }
    parts
}

/// Fills every class whose proportional part would reach its count, and shares the rest among the others. This is
/// repeated until no class is filled. Then the open classes share by largest remainder.
///
/// Filling a class never lowers the part of another, so one pass by the size at which each class fills is enough.
fn redistribute(counts: &[usize], weights: &[u64], size: usize) -> Vec<usize> {
    // n_c / w_c ascending, cross-multiplied: a total order in integers. The rounded quotient tells most of them apart:
    // it never falls where the exact one rises, as counts and weights are below 2^53.
    let quotient = |(class, (&n, &w)): (usize, (&usize, &u64))| ((n as f64 / w as f64).to_bits(), class);
    let mut by_room: Vec<(u64, usize)> = counts.iter().zip(weights).enumerate().map(quotient).collect();
    by_room.par_sort_unstable_by(|&(a_rounded, a), &(b_rounded, b)| {
        let exact = || {
            let left = counts[a] as u128 * u128::from(weights[b]);
            left.cmp(&(counts[b] as u128 * u128::from(weights[a])))
        };
        a_rounded.cmp(&b_rounded).then_with(exact)
    });
    let mut open_weight: u128 = weights.iter().map(|&w| u128::from(w)).sum();
    let (mut left, mut quotas) = (size, counts.to_vec());
    let mut is_open = vec![true; counts.len()];
    for (_, class) in by_room {
        let (count, weight) = (counts[class], u128::from(weights[class]));
        if (left as u128) * weight < count as u128 * open_weight {
            break;
        }
        left -= count;
        open_weight -= weight;
        is_open[class] = false;
    }
    // by class again, largest first: ties of remainders go to the larger class
    let open: Vec<usize> = (0..counts.len()).filter(|&class| is_open[class]).collect();
    if !open.is_empty() {
        let weights: Vec<u64> = open.iter().map(|&class| weights[class]).collect();
        for (class, quota) in open.into_iter().zip(largest_remainder(&weights, left)) {
            quotas[class] = quota;
        }
    }
    quotas
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition of the specification: rounds over the open classes.
    fn naive_redistribute(counts: &[usize], weights: &[u64], size: usize) -> Vec<usize> {
        let (mut out, mut left) = (counts.to_vec(), size);
        let mut open: Vec<usize> = (0..counts.len()).collect();
        while !open.is_empty() {
            let total: u128 = open.iter().map(|&c| u128::from(weights[c])).sum();
            let full = |c: &usize| left as u128 * u128::from(weights[*c]) >= counts[*c] as u128 * total;
            let filled: Vec<usize> = open.iter().copied().filter(full).collect();
            if filled.is_empty() {
                let parts = largest_remainder(&open.iter().map(|&c| weights[c]).collect::<Vec<_>>(), left);
                open.iter().zip(parts).for_each(|(&c, part)| out[c] = part);
                break;
            }
            left -= filled.iter().map(|&c| counts[c]).sum::<usize>();
            open.retain(|c| !filled.contains(c));
        }
        out
    }

    proptest! {
        #[test]
        fn one_sorted_pass_is_the_round_by_round_definition(
            classes in prop::collection::vec((1usize..2000, 1u64..1 << 41), 1..60), share in 0.0..=1.0f64,
        ) {
            let (counts, weights): (Vec<usize>, Vec<u64>) = classes.into_iter().unzip();
            let size = (counts.iter().sum::<usize>() as f64 * share) as usize;
            prop_assert_eq!(redistribute(&counts, &weights, size), naive_redistribute(&counts, &weights, size));
        }

        #[test]
        fn largest_remainder_is_within_one_of_proportional(
            weights in prop::collection::vec(1u64..1 << 41, 1..60), size in 0usize..100_000,
        ) {
            let parts = largest_remainder(&weights, size);
            let total: u64 = weights.iter().sum();
            prop_assert_eq!(parts.iter().sum::<usize>(), size);
            for (&part, &w) in parts.iter().zip(&weights) {
                let exact = size as u128 * u128::from(w);
                prop_assert!((exact / u128::from(total)).abs_diff(part as u128) <= 1);
            }
        }
    }

    #[test]
    fn a_share_that_is_not_a_number_is_refused() {
        let error = apportion(&[3], &[f64::NAN], 1, Overflow::Repeat).unwrap_err();
        assert_eq!(error.to_string(), "`shares` is NaN, but must be a number from 0 to 1");
    }

    #[test]
    fn brca_quotas_match_the_reference() {
        // golden schedule.json: power law, gamma 0.3, t = 5 of 10
        let q = [0.308460596102, 0.20822888537, 0.175256724332, 0.158903797662, 0.149149996534];
        assert_eq!(apportion(&[305, 103, 92, 80, 32], &q, 306, Overflow::Redistribute).unwrap(), [99, 67, 57, 51, 32]);
    }
}

//! Turns shares into whole numbers of samples, in exact integers.
//!
//! A share becomes an integer weight once. After that nothing is rounded, so the quotas are the same on every platform
//! and have the right sum. Source: `docs/algorithm.md`, "How many".

use std::cmp::{Ordering, Reverse};

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
    if let Some(&found) = shares.par_iter().with_min_len(CLASSES).find_first(|share| !(0.0..=1.0).contains(*share)) {
        return Err(ArgumentError::OutOfRange { argument: "shares", found, range: "a number from 0 to 1" }.into());
    }
    if u32::try_from(size).is_err() {
        return Err(ArgumentError::OutOfRange { argument: "size", found: size as f64, range: "below 2^32" }.into());
    }
    let weights: Vec<u64> = shares.par_iter().with_min_len(CLASSES).map(|&share| weight(share)).collect();
    Ok(match overflow {
        Overflow::Redistribute => redistribute(counts, &weights, size),
        Overflow::Truncate => {
            largest_remainder(&weights, size).iter().zip(counts).map(|(&share, &count)| share.min(count)).collect()
        }
        Overflow::Repeat => largest_remainder(&weights, size),
    })
}

/// A share in `[0, 1]` as an integer, ties to even. It is never 0, so that rounding alone leaves out no class.
fn weight(share: f64) -> u64 {
    const WHOLE: f64 = (1u64 << 52) as f64; // from here on a number has no fraction: it was rounded to the nearest
    let rounded = share * (1u64 << 40) as f64 + WHOLE;
    (rounded.to_bits() & ((1 << 52) - 1)).max(1)
}

/// Number of classes that are worth a thread.
pub(super) const CLASSES: usize = 1 << 12;

/// Whole parts of `size` in proportion to `weights`. The rest goes to the largest remainders, ties to the first.
pub(crate) fn largest_remainder(weights: &[u64], size: usize) -> Vec<usize> {
    let total = sum(weights);
    let rounded = size as f64 / total as f64;
    let divide = |weight: u64| {
        let exact = size as u128 * u128::from(weight);
        // the rounded quotient is at most one too large or too small, as it is below 2^33
        let part = u128::from(((weight as f64 * rounded) as u64).saturating_sub(1));
        let mut rest = exact - part * total;
        let mut more = 0;
        while rest >= total {
            (rest, more) = (rest - total, more + 1);
        }
        (part as usize + more, rest)
    };
    // the remainders are counted by their high bits, so that only those near the last that gets one are compared
    let shift = (u128::BITS - total.leading_zeros()).saturating_sub(u8::BITS);
    let count = |(parts, weights): (&mut [usize], &[u64])| {
        let mut counts = [0u32; 256];
        for (part, &weight) in parts.iter_mut().zip(weights) {
            let (whole, rest) = divide(weight);
            *part = whole;
            counts[(rest >> shift) as usize] += 1;
        }
        (counts, parts.iter().sum::<usize>())
    };
    let mut parts = vec![0; weights.len()];
    let chunks = parts.par_chunks_mut(CLASSES).zip(weights.par_chunks(CLASSES));
    let counts: Vec<_> = chunks.map(count).collect();
    let mut left = size - counts.iter().map(|&(_, sum)| sum).sum::<usize>(); // fewer than there are classes
    let mut last = 255;
    loop {
        let here = counts.iter().map(|(counts, _)| counts[last] as usize).sum();
        if left <= here {
            break;
        }
        (left, last) = (left - here, last - 1);
    }
    let give = |(at, (parts, weights)): (usize, (&mut [usize], &[u64]))| -> Vec<_> {
        let mut near = Vec::new();
        for (class, (part, &weight)) in (at * CLASSES..).zip(parts.iter_mut().zip(weights)) {
            let rest = divide(weight).1;
            match ((rest >> shift) as usize).cmp(&last) {
                Ordering::Greater => *part += 1,
                Ordering::Equal => near.push((Reverse(rest), class)),
                Ordering::Less => {}
            }
        }
        near
    };
    let chunks = parts.par_chunks_mut(CLASSES).zip(weights.par_chunks(CLASSES)).enumerate();
    let mut near = chunks.map(give).collect::<Vec<_>>().concat();
    if left < near.len() {
        near.select_nth_unstable(left); // the class makes every key different
    }
    near[..left].iter().for_each(|&(_, class)| parts[class] += 1);
    parts
}

/// Fills every class whose proportional part would reach its count, and shares the rest among the others. This is
/// repeated until no class is filled. Then the open classes share by largest remainder.
///
/// The rounds are Newton's method for the `x` at which the smaller ones of `n_c` and `x w_c` have sum `size`. Every
/// round halves what is missing of the sum, or the weight of the open classes, at the least; so they are few.
fn redistribute(counts: &[usize], weights: &[u64], size: usize) -> Vec<usize> {
    let total = sum(weights);
    let (mut filled, mut filled_weight) = (0, 0);
    let is_full = loop {
        let (left, open) = ((size - filled) as u128, total - filled_weight);
        // once filled, a class stays it: filling another one never lowers its part
        let is_full = move |n: usize, weight: u64| left * u128::from(weight) >= n as u128 * open;
        let classes = counts.par_chunks(CLASSES).zip(weights.par_chunks(CLASSES));
        let full = classes.map(|(counts, weights)| {
            let full = counts.iter().zip(weights).filter(|&(&n, &weight)| is_full(n, weight));
            full.fold((0, 0), |(n, w), (more, &weight)| (n + more, w + u128::from(weight)))
        });
        let now = full.reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        if now == (filled, filled_weight) {
            break is_full;
        }
        (filled, filled_weight) = now;
    };
    // by class again, largest first: ties of remainders go to the larger class
    let open: Vec<usize> = (0..counts.len()).filter(|&class| !is_full(counts[class], weights[class])).collect();
    let mut quotas = counts.to_vec();
    if !open.is_empty() {
        let weights: Vec<u64> = open.iter().map(|&class| weights[class]).collect();
        for (class, quota) in open.into_iter().zip(largest_remainder(&weights, size - filled)) {
            quotas[class] = quota;
        }
    }
    quotas
}

fn sum(weights: &[u64]) -> u128 {
    weights.par_iter().with_min_len(CLASSES).map(|&weight| u128::from(weight)).sum()
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
    fn a_weight_is_the_nearest_whole_number_ties_to_even() {
        let unit = 1.0 / (1u64 << 40) as f64;
        let shares = [0.0, unit / 4.0, 1.5, 2.5, 3.5, 3.75, 4.25, 1e9 + 0.5, 1.0 / unit - 0.5, 1.0 / unit];
        for share in shares.map(|whole| whole * unit).into_iter().chain((1..999).map(|x| 1.0 / f64::from(x))) {
            assert_eq!(weight(share), ((share / unit).round_ties_even() as u64).max(1), "{share}");
        }
    }

    /// More classes than a thread takes; many equal remainders.
    #[test]
    fn of_equal_remainders_the_first_ones_get_more() {
        let classes = 3 * CLASSES + 5;
        let parts = largest_remainder(&vec![7; classes], 2 * classes + CLASSES + 3);
        assert!(parts.iter().enumerate().all(|(class, &part)| part == if class < CLASSES + 3 { 3 } else { 2 }));
        assert_eq!(largest_remainder(&[1, 1, 2], 8), [2, 2, 4]);
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

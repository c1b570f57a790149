//! The quota of a class among its sites.

use std::borrow::Cow;

use crate::schedule::{Overflow, apportion, largest_remainder};
use crate::targets::{Population, Within};

/// Quotas of strata, larger strata first, from those of classes, larger classes first.
pub(crate) fn quotas<'a>(population: &Population, quotas: &'a [usize]) -> Cow<'a, [usize]> {
    let Some(sites) = population.sites() else { return Cow::Borrowed(quotas) };
    let sizes = sites.index.counts();
    if quotas == population.classes().counts() {
        return Cow::Owned(sizes.to_vec()); // all that there is
    }
    let mut out = vec![0; sizes.len()];
    for (&quota, strata) in quotas.iter().zip(&sites.of_class) {
        let mine: Vec<usize> = strata.iter().map(|&stratum| sizes[stratum as usize]).collect();
        let parts = match sites.within {
            Within::Proportional => {
                let weights: Vec<u64> = mine.iter().map(|&size| size as u64).collect();
                largest_remainder(&weights, quota)
            }
            Within::Balanced => {
                let overflow = if quota > mine.iter().sum() { Overflow::Repeat } else { Overflow::Redistribute };
                let shares = vec![1.0 / mine.len() as f64; mine.len()];
                // as many shares as strata, all in [0, 1], so this cannot fail
                apportion(&mine, &shares, quota, overflow).unwrap_or_default()
            }
        };
        strata.iter().zip(parts).for_each(|(&stratum, part)| out[stratum as usize] = part);
    }
    Cow::Owned(out)
}

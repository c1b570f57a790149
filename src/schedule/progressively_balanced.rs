//! From the data's own class mix to balance, by repeating what is rare.

use super::{Law, Overflow, Pick, Quota, Schedule, apportion::apportion};
use crate::{ClassIndex, Error, Result};

/// As many samples as the data set in every epoch, shared among the classes by `(1 - w_t) n_c / N + w_t / C`, where
/// `w_t` runs from 0 to 1 and stays there. Above the size of a class its samples go round again.
///
/// # Source
/// Kang et al. 2020, "Decoupling representation and classifier for long-tailed recognition".
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct ProgressivelyBalanced {
    /// Epochs `T` until the end of the way, at least 1. Default 100.
    pub epochs: usize,
    /// Whether the way goes from balance to the data instead. Default false.
    pub reversed: bool,
}

impl Default for ProgressivelyBalanced {
    fn default() -> Self {
        Self { epochs: 100, reversed: false }
    }
}

impl Schedule for ProgressivelyBalanced {
    fn check(&self, _: &ClassIndex) -> Result<()> {
        if self.epochs == 0 { Err(Error::NoEpochs) } else { Ok(()) }
    }

    fn quota(&self, epoch: usize, classes: &ClassIndex) -> Quota {
        let shares = self.law(epoch, classes).shares;
        // Shares are in [0, 1] and one for each class, so this cannot fail.
        let quotas = apportion(classes.counts(), &shares, classes.num_samples(), Overflow::Repeat);
        Quota::PerClass(quotas.unwrap_or_default())
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }

    fn pick(&self, _: usize) -> Pick {
        Pick::Redraw
    }

    fn settles_at(&self) -> usize {
        self.epochs
    }

    fn law(&self, epoch: usize, classes: &ClassIndex) -> Law {
        let done = if epoch >= self.epochs - 1 { 1.0 } else { epoch as f64 / (self.epochs - 1) as f64 };
        let balance = if self.reversed { 1.0 - done } else { done };
        let (n, c) = (classes.num_samples() as f64, classes.num_classes() as f64);
        let share = |&count: &usize| ((1.0 - balance) * count as f64 / n + balance / c).min(1.0);
        Law { alpha: None, progress: Some(done), shares: classes.counts().iter().map(share).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotas(epoch: usize, reversed: bool) -> Vec<usize> {
        let labels: Vec<u32> = (0..).zip([60, 30, 10]).flat_map(|(label, n)| vec![label; n]).collect();
        let schedule = ProgressivelyBalanced { epochs: 3, reversed };
        let Quota::PerClass(quotas) = schedule.quota(epoch, &ClassIndex::new(&labels).unwrap()) else { unreachable!() };
        quotas
    }

    #[test]
    fn the_way_goes_from_the_data_to_balance_and_back() {
        assert_eq!(quotas(0, false), [60, 30, 10]);
        assert_eq!(quotas(1, false), [47, 32, 21]); // 46.67, 31.67, 21.67: equal remainders, the larger classes first
        assert_eq!(quotas(2, false), [34, 33, 33]);
        assert_eq!(quotas(usize::MAX, false), [34, 33, 33]);
        assert_eq!(quotas(0, true), [34, 33, 33]);
        assert_eq!(quotas(2, true), [60, 30, 10]);
    }
}

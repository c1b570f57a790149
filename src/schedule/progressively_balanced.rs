//! From the data's own class mix to balance, by repeating samples of rare classes.

use super::{Description, Overflow, Pick, Plan, Schedule, TargetDistribution, apportion, check_epochs};
use crate::{ClassIndex, Result};

/// Every epoch has as many samples as the data set. The share of a class is `(1 - w_t) n_c / N + w_t / C`, where `w_t`
/// goes from 0 to 1 and stays there. Above the size of a class its samples are repeated.
///
/// # Source
/// Kang et al. 2020, "Decoupling representation and classifier for long-tailed recognition".
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct ProgressivelyBalanced {
    /// Epochs `T` until classes are equal, at least 1. Default 100.
    pub epochs: usize,
    /// Whether the schedule goes from equal classes to the data instead. Default false.
    pub reversed: bool,
}

impl Default for ProgressivelyBalanced {
    fn default() -> Self {
        Self { epochs: 100, reversed: false }
    }
}

impl Schedule for ProgressivelyBalanced {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        check_epochs(self.epochs)?;
        let done = if epoch >= self.epochs - 1 { 1.0 } else { epoch as f64 / (self.epochs - 1) as f64 };
        let balance = if self.reversed { 1.0 - done } else { done };
        let (n, c) = (classes.num_samples() as f64, classes.num_classes() as f64);
        let share = |&count: &usize| ((1.0 - balance) * count as f64 / n + balance / c).min(1.0);
        let shares: Vec<f64> = classes.counts().iter().map(share).collect();
        let quotas = apportion(classes.counts(), &shares, classes.num_samples(), Overflow::Repeat)?;
        let target = TargetDistribution::new(shares).progress(done);
        Ok(Plan::per_class(quotas).pick(Pick::Redraw).target(target).constant(epoch >= self.epochs - 1))
    }

    fn describe(&self) -> Description {
        let default = Self::default();
        Description::new("progressively_balanced").field("epochs", self.epochs, default.epochs).field(
            "reversed",
            self.reversed,
            default.reversed,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Quota;
    use super::*;

    fn quotas(epoch: usize, reversed: bool) -> Vec<usize> {
        let labels: Vec<u32> = (0..).zip([60, 30, 10]).flat_map(|(label, n)| vec![label; n]).collect();
        let schedule = ProgressivelyBalanced { epochs: 3, reversed };
        let plan = schedule.plan(epoch, &ClassIndex::new(&labels).unwrap()).unwrap();
        let Quota::PerClass(quotas) = plan.quota else { unreachable!() };
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

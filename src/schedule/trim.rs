//! Leaves out the samples with the lowest scores of each class, for labels that may be wrong.

use super::{Description, Plan, Schedule};
use crate::error::ArgumentError;
use crate::{ClassIndex, Result};

/// Leaves out the samples with the lowest scores of every class. Their share grows to `drop` over `ramp` epochs.
///
/// # Source
/// Ours: `docs/algorithm.md`, "Class-wise schedules".
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Trim {
    /// Share of each class that is left out at the end, at least 0 and below 1. Default 0.1.
    pub drop: f64,
    /// Number of epochs until then; 0: at once. Default 10.
    pub ramp: usize,
}

impl Default for Trim {
    fn default() -> Self {
        Self { drop: 0.1, ramp: 10 }
    }
}

impl Schedule for Trim {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        if !(0.0..1.0).contains(&self.drop) {
            return Err(ArgumentError::OutOfRange {
                argument: "drop",
                found: self.drop,
                range: "at least 0, and below 1",
            }
            .into());
        }
        let ramp = if epoch >= self.ramp { 1.0 } else { epoch as f64 / self.ramp as f64 };
        // never the whole class, although a share just below 1 may round to it
        let left = |&n: &usize| n - (libm::floor(n as f64 * self.drop * ramp + 1e-9) as usize).min(n - 1);
        Ok(Plan::per_class(classes.counts().iter().map(left).collect()).constant(epoch >= self.ramp))
    }

    fn describe(&self) -> Description {
        let default = Self::default();
        Description::new("trim").field("drop", self.drop, default.drop).field("ramp", self.ramp, default.ramp)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Quota;
    use super::*;

    #[test]
    fn the_share_left_out_grows_to_its_end() {
        let labels: Vec<u32> = (0..).zip([100, 25, 4]).flat_map(|(label, n)| vec![label; n]).collect();
        let classes = ClassIndex::new(&labels).unwrap();
        let schedule = Trim { drop: 0.2, ramp: 4 };
        let quotas = [0, 1, 2, 4, 9].map(|epoch| schedule.plan(epoch, &classes).unwrap().quota);
        let expected = [[100, 25, 4], [95, 24, 4], [90, 23, 4], [80, 20, 4], [80, 20, 4]];
        assert_eq!(quotas, expected.map(|quotas| Quota::PerClass(quotas.to_vec())));
        assert_eq!(Trim { drop: 0.2, ramp: 0 }.plan(0, &classes).unwrap().quota, Quota::PerClass(vec![80, 20, 4]));
        let nearly_all = Trim { drop: 1.0 - f64::EPSILON, ramp: 0 };
        assert_eq!(nearly_all.plan(0, &classes).unwrap().quota, Quota::PerClass(vec![1, 1, 1]));
    }

    #[test]
    fn leaving_everything_out_is_refused() {
        let error = Trim { drop: 1.0, ramp: 0 }.check(&ClassIndex::new(&[0]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`drop` is 1, but must be at least 0, and below 1");
    }
}

//! Random undersampling: larger classes lose samples, until they are as small as the smallest class.

use super::{Description, Pick, Plan, Schedule};
use crate::error::ArgumentError;
use crate::{ClassIndex, Result};

/// Random samples of every class, as many as the smallest class has. With a strength below 1, larger classes keep more.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct UnderSampling {
    /// Strength `a` in `[0, 1]`: a class of `n_c` samples keeps `ceil(n_c^(1-a) * n_min^a)`. With 1, the default,
    /// classes are equal; with 0 they keep all samples.
    pub strength: f64,
    /// Whether each epoch draws again. Default: one draw for all epochs, so the other samples are never used.
    pub redraw: bool,
}

impl Default for UnderSampling {
    fn default() -> Self {
        Self { strength: 1.0, redraw: false }
    }
}

impl Schedule for UnderSampling {
    fn plan(&self, _: usize, classes: &ClassIndex) -> Result<Plan> {
        if !(0.0..=1.0).contains(&self.strength) {
            let range = "a number from 0 to 1";
            return Err(ArgumentError::OutOfRange { argument: "strength", found: self.strength, range }.into());
        }
        let counts = classes.counts();
        let min = counts[counts.len() - 1] as f64;
        let keep = |&n: &usize| {
            let kept = libm::pow(n as f64, 1.0 - self.strength) * libm::pow(min, self.strength);
            n.min(libm::ceil(kept - 1e-9) as usize).max(1) // 1e-9: a rounding error must not raise a whole number
        };
        let pick = if self.redraw { Pick::Redraw } else { Pick::FixedRandom };
        Ok(Plan::per_class(counts.iter().map(keep).collect()).pick(pick).constant(true))
    }

    fn describe(&self) -> Description {
        let default = Self::default();
        Description::new("under_sampling").field("strength", self.strength, default.strength).field(
            "redraw",
            self.redraw,
            default.redraw,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Quota;
    use super::*;

    fn kept(strength: f64) -> Quota {
        let labels: Vec<u32> = (0..).zip([305, 103, 92, 80, 32]).flat_map(|(label, n)| vec![label; n]).collect();
        UnderSampling { strength, redraw: false }.plan(0, &ClassIndex::new(&labels).unwrap()).unwrap().quota
    }

    #[test]
    fn strength_goes_from_everything_to_balance() {
        assert_eq!(kept(1.0), Quota::PerClass(vec![32; 5]));
        assert_eq!(kept(0.0), Quota::PerClass(vec![305, 103, 92, 80, 32]));
        assert_eq!(kept(0.5), Quota::PerClass(vec![99, 58, 55, 51, 32])); // ceil of sqrt(n * 32)
    }

    #[test]
    fn a_strength_above_one_is_refused() {
        let schedule = UnderSampling { strength: 1.5, redraw: false };
        let error = schedule.check(&ClassIndex::new(&[0]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`strength` is 1.5, but must be a number from 0 to 1");
    }
}

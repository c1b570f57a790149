//! No curriculum: every sample in every epoch.

use super::{Law, Pick, Quota, Schedule};
use crate::{ClassIndex, Result};

/// Every sample once in every epoch, shuffled: plain training, as a baseline under the same engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Uniform {}

impl Schedule for Uniform {
    fn check(&self, _: &ClassIndex) -> Result<()> {
        Ok(())
    }
    fn quota(&self, _: usize, classes: &ClassIndex) -> Quota {
        Quota::PerClass(classes.counts().to_vec())
    }
    fn describe(&self) -> String {
        "Uniform".into()
    }
    fn pick(&self, _: usize) -> Pick {
        Pick::FixedRandom // nothing is left out, so nothing is picked
    }
    fn settles_at(&self) -> usize {
        0
    }
    fn law(&self, _: usize, classes: &ClassIndex) -> Law {
        let shares = classes.counts().iter().map(|&n| n as f64 / classes.num_samples() as f64).collect();
        Law { shares, ..Law::default() }
    }
}

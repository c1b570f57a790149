//! Class-balanced sampling: as many draws from every class, with replacement.

use super::{Pick, Quota, Schedule, largest_remainder};
use crate::{ClassIndex, Result};

/// `N / C` uniform draws from every class, with replacement: what a weighted random sampler does, but with exact
/// counts, so that length and class prior of an epoch are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct ClassBalanced {}

impl Schedule for ClassBalanced {
    fn check(&self, _: &ClassIndex) -> Result<()> {
        Ok(())
    }
    fn quota(&self, _: usize, classes: &ClassIndex) -> Quota {
        Quota::PerClass(largest_remainder(&vec![1; classes.num_classes()], classes.num_samples()))
    }
    fn describe(&self) -> String {
        "ClassBalanced".into()
    }
    fn pick(&self, _: usize) -> Pick {
        Pick::WithReplacement
    }
    fn settles_at(&self) -> usize {
        0
    }
}

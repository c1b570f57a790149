//! Class-balanced sampling: the same number of draws from every class, with replacement.

use super::{Description, Pick, Plan, Schedule, largest_remainder};
use crate::{ClassIndex, Result};

/// `N / C` uniform draws from every class, with replacement. This is what a weighted random sampler does, but with
/// exact counts. So the length and the class prior of an epoch are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "super::no_fields::NoFields", into = "super::no_fields::NoFields"))]
pub struct ClassBalanced;

impl Schedule for ClassBalanced {
    fn plan(&self, _: usize, classes: &ClassIndex) -> Result<Plan> {
        let quotas = largest_remainder(&vec![1; classes.num_classes()], classes.num_samples());
        Ok(Plan::per_class(quotas).pick(Pick::WithReplacement).constant(true))
    }

    fn describe(&self) -> Description {
        Description::new("class_balanced")
    }
}

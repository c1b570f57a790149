//! No curriculum: all samples in every epoch.

use super::{Description, Pick, Plan, Schedule};
use crate::{ClassIndex, Result};

/// All samples once in every epoch, shuffled. This is plain training, as a baseline under the same engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "super::no_fields::NoFields", into = "super::no_fields::NoFields"))]
pub struct Uniform;

impl Schedule for Uniform {
    fn plan(&self, _: usize, classes: &ClassIndex) -> Result<Plan> {
        // nothing is left out, so nothing is picked
        Ok(Plan::per_class(classes.counts().to_vec()).pick(Pick::FixedRandom).constant(true))
    }

    fn describe(&self) -> Description {
        Description::new("uniform")
    }
}

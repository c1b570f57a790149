//! Synthetic samples for the smaller classes, until every class is as large as the largest.
//!
//! Both methods act on a training part alone, after it is scaled. The same seed gives the same samples.

mod smote;
mod vae;

pub use smote::Smote;
pub use vae::{Reconstruction, Vae};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::data::Part;

/// A way to make samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Oversampler {
    /// Between neighbours of a class.
    Smote(Smote),
    /// From a conditional variational autoencoder.
    Vae(Vae),
}

impl Oversampler {
    /// Refuses parameters out of their ranges.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<()> {
        match self {
            Oversampler::Smote(smote) => smote.check(),
            Oversampler::Vae(vae) => vae.check(),
        }
    }

    /// The part with its own samples first, as they are, and the synthetic ones behind them, class by class.
    ///
    /// A synthetic sample has the row number of the real sample it was made from; one of the autoencoder's, that of the
    /// first of its class.
    ///
    /// # Errors
    /// As [`check`](Self::check); those of libtorch.
    pub fn apply(&self, part: &Part, seed: u64) -> Result<Part> {
        self.check()?;
        let mut part = part.clone();
        match self {
            Oversampler::Smote(smote) => smote.extend(&mut part, seed),
            Oversampler::Vae(vae) => vae.extend(&mut part, seed)?,
        }
        Ok(part)
    }
}

/// The classes that occur, with the positions of their samples and the number that they lack.
fn lacking(part: &Part) -> Vec<(usize, Vec<usize>, usize)> {
    let mut members = vec![Vec::new(); part.labels.iter().max().map_or(0, |&largest| largest + 1)];
    part.labels.iter().enumerate().for_each(|(at, &label)| members[label].push(at));
    let largest = members.iter().map(Vec::len).max().unwrap_or(0);
    let occurs = |(label, members): (usize, Vec<usize>)| {
        let lacks = largest - members.len();
        (!members.is_empty()).then_some((label, members, lacks))
    };
    members.into_iter().enumerate().filter_map(occurs).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Two modalities of 3 and 2 columns in `[0, 1]`; classes 0, 2 and 3 of 12, 5 and 1 samples, class 1 of none.
    pub(crate) fn part() -> Part {
        let labels: Vec<usize> = [vec![0; 12], vec![2; 5], vec![3; 1]].concat();
        let cell = |row: usize, column: usize| ((row * 7919 + column * 104_729) % 1009) as f32 / 1009.0;
        let table = |from: usize, to: usize| (0..18).flat_map(|row| (from..to).map(move |c| cell(row, c))).collect();
        Part { rows: (100..118).collect(), values: vec![table(0, 3), table(3, 5)], labels }
    }

    pub(crate) fn sizes(part: &Part) -> Vec<usize> {
        (0..4).map(|class| part.labels.iter().filter(|&&label| label == class).count()).collect()
    }
}

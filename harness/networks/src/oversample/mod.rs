//! Synthetic samples for the smaller classes, until every class is as large as the largest.
//!
//! Both methods use a scaled training part alone. Random numbers come from ChaCha8, keyed by seed and method. Only the
//! first weights of the autoencoder come from libtorch, drawn under a lock. So the same seed gives the same samples,
//! also if other runs work at the same time. Samples of the autoencoder also need the same build of libtorch and the
//! same number of threads.

mod error;
mod smote;
mod vae;

pub use error::{Error, Result};
pub use smote::Smote;
pub use vae::{Reconstruction, Vae};

use serde::{Deserialize, Serialize};

use climd_data::Part;

/// A method that makes samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Oversampler {
    /// Samples between neighbours of a class.
    Smote(Smote),
    /// Samples of a conditional variational autoencoder.
    Vae(Vae),
}

impl Oversampler {
    /// Checks that all parameters are in their ranges.
    ///
    /// # Errors
    /// The first parameter that is not.
    pub fn check(&self) -> Result<()> {
        match self {
            Oversampler::Smote(smote) => smote.check(),
            Oversampler::Vae(vae) => vae.check(),
        }
    }

    /// The part with its real samples first, unchanged, and then the synthetic samples, class by class.
    ///
    /// SMOTE's samples have the row number of the real sample that they were made from. The autoencoder's samples have
    /// the row number of the first sample of their class. So several samples may have the same row number.
    ///
    /// # Errors
    /// As [`check`](Self::check); [`Error::NotScaled`], [`Error::Diverged`] and [`Error::Torch`] of the autoencoder.
    pub fn apply(&self, part: &Part, seed: u64) -> Result<Part> {
        self.check()?;
        let mut part = part.clone();
        if part.labels.is_empty() {
            return Ok(part);
        }
        match self {
            Oversampler::Smote(smote) => smote.extend(&mut part, seed),
            Oversampler::Vae(vae) => vae.extend(&mut part, seed)?,
        }
        Ok(part)
    }
}

/// The classes that occur, each with the positions of its samples and the number of samples that it lacks.
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

    #[test]
    fn no_sample_gives_no_sample() {
        let empty = Part { rows: Vec::new(), values: vec![Vec::new(); 2], labels: Vec::new() };
        for method in [Oversampler::Smote(Smote::default()), Oversampler::Vae(Vae::default())] {
            assert_eq!(method.apply(&empty, 1).unwrap(), empty);
        }
    }

    #[test]
    fn a_configuration_survives_json_and_may_be_partial() {
        let method = Oversampler::Vae(Vae { per_class: true, posterior: true, ..Vae::default() });
        let text = serde_json::to_string(&method).unwrap();
        assert_eq!(serde_json::from_str::<Oversampler>(&text).unwrap(), method);
        let partial: Oversampler = serde_json::from_str(r#"{"name":"smote","neighbours":3}"#).unwrap();
        assert_eq!(partial, Oversampler::Smote(Smote { neighbours: 3, ..Smote::default() }));
    }

    /// The text is a key of the run cache, so a new option must be left out if it is off.
    #[test]
    fn the_default_is_written_as_ever() {
        let text = |method| serde_json::to_string(&method).unwrap();
        assert_eq!(
            text(Oversampler::Smote(Smote::default())),
            r#"{"name":"smote","neighbours":5,"per_attribute":false,"balanced_distance":false}"#
        );
        assert_eq!(
            text(Oversampler::Vae(Vae::default())),
            concat!(
                r#"{"name":"vae","hidden":256,"latent":32,"beta":1.0,"epochs":200,"batch_size":64,"#,
                r#""learning_rate":0.001,"reconstruction":"bernoulli","posterior":false}"#
            )
        );
    }

    pub(crate) fn sizes(part: &Part) -> Vec<usize> {
        (0..4).map(|class| part.labels.iter().filter(|&&label| label == class).count()).collect()
    }
}

//! What is changed in a training part before anything is learned from it; the test part never changes.

use anyhow::Result;

use climd_data::{Dataset, Preparation, Prepared, Split, neighbours};
use climd_networks::config::{DataConfig, NoiseKind, Thinning};

/// Changes to the training part of every split. The default changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Changes {
    /// Ratio of the largest to the smallest class after thinning the training part.
    pub imbalance: Option<f64>,
    /// How it is thinned to this ratio. None: no class beyond what it has, so a lower ratio changes nothing.
    pub thinning: Option<Thinning>,
    /// Share of training labels that are replaced by wrong ones.
    pub noise: f64,
    /// Which wrong ones. None: those of all other classes alike.
    pub noise_kind: Option<NoiseKind>,
}

impl Changes {
    /// What follows the name of the data: `, 50:1, 20 % noise`.
    pub(crate) fn words(&self) -> String {
        self.parts().into_iter().map(|(words, _)| format!(", {words}")).collect()
    }

    /// The same in names of files: `-50to1-noise20`.
    pub(crate) fn stem(&self) -> String {
        self.parts().into_iter().map(|(_, stem)| format!("-{stem}")).collect()
    }

    /// Every change, in words and in names of files.
    fn parts(&self) -> Vec<(String, String)> {
        let mut parts = Vec::new();
        if let Some(ratio) = self.imbalance {
            parts.push((format!("{ratio}:1"), format!("{ratio}to1")));
            parts.extend(self.thinning.map(|Thinning::Exact| ("exactly".into(), "exactly".into())));
        }
        if self.noise > 0.0 {
            let percent = 100.0 * self.noise;
            parts.push((format!("{percent:.0} % noise"), format!("noise{percent:.0}")));
            parts.extend(self.noise_kind.map(|NoiseKind::Neighbour| ("neighbour".into(), "neighbour".into())));
        }
        parts
    }

    /// What stands in the keys of runs; what changes nothing is no part of them.
    pub(crate) fn config(&self, dataset: &Dataset) -> DataConfig {
        let &Changes { imbalance, noise, .. } = self;
        let thinning = self.thinning.filter(|_| imbalance.is_some());
        let noise_kind = self.noise_kind.filter(|_| noise > 0.0);
        let (name, fingerprint) = (dataset.name.clone(), dataset.fingerprint());
        DataConfig { name, fingerprint, imbalance, thinning, noise, noise_kind }
    }

    /// A split after the changes, and the labels of all samples as its training sees them.
    pub(crate) fn apply(&self, dataset: &Dataset, mut split: Split, seed: u64) -> Result<(Split, Vec<usize>)> {
        let labels = &dataset.labels;
        if let Some(ratio) = self.imbalance {
            split = match self.thinning {
                None => split.thin(labels, ratio, seed)?,
                Some(Thinning::Exact) => split.thin_exactly(labels, ratio, seed)?,
            };
        }
        let labels = match self.noise_kind.filter(|_| self.noise > 0.0) {
            None => split.noisy_labels(labels, self.noise, seed)?,
            Some(NoiseKind::Neighbour) => {
                let train = Prepared::fit(dataset, &split, &Preparation::of(dataset.layout))?.train;
                let neighbours = neighbours(&train, dataset.classes.len())?;
                split.confused_labels(labels, &neighbours, self.noise, seed)?
            }
        };
        Ok((split, labels))
    }
}

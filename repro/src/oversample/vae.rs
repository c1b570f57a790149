//! Samples of a conditional variational autoencoder (Kingma and Welling 2014) over the concatenated modalities.

use anyhow::{Result, ensure};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use tch::nn::{self, Module, OptimizerConfig};
use tch::{Device, Kind, Reduction, Tensor};

use super::lacking;
use crate::data::Part;
use crate::network::{linear_uniform, with_seed};

/// One network for all classes, whose label is an input of encoder and decoder: a rare class cannot train its own.
///
/// Trained on the CPU on all samples, Adam, last epoch. Then each class's missing samples are decoded from the normal
/// prior. Values are taken to be in `[0, 1]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vae {
    /// Width of the one hidden layer of encoder and decoder, at least 1. Default 256.
    pub hidden: i64,
    /// Width of the code, at least 1. Default 32.
    pub latent: i64,
    /// Weight of the divergence from the prior, at least 0. Default 1.
    pub beta: f64,
    /// Epochs, at least 1. Default 200.
    pub epochs: usize,
    /// Samples a batch, at least 1. Default 64.
    pub batch_size: usize,
    /// Learning rate, above 0. Default 1e-3.
    pub learning_rate: f64,
    /// What a value is taken to be. Default: a probability.
    pub reconstruction: Reconstruction,
    /// Whether codes are drawn around those of real samples of the class, instead of from the prior. Default false.
    pub posterior: bool,
}

/// The loss of a reconstructed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reconstruction {
    /// Binary cross-entropy.
    Bernoulli,
    /// Squared error: a variance of 1/2.
    Gaussian,
}

impl Default for Vae {
    fn default() -> Self {
        Self {
            hidden: 256,
            latent: 32,
            beta: 1.0,
            epochs: 200,
            batch_size: 64,
            learning_rate: 1e-3,
            reconstruction: Reconstruction::Bernoulli,
            posterior: false,
        }
    }
}

impl Vae {
    pub(super) fn check(&self) -> Result<()> {
        let &Vae { hidden, latent, beta, epochs, batch_size, learning_rate, .. } = self;
        ensure!(
            hidden > 0 && latent > 0,
            "VAE: `hidden` and `latent` are {hidden} and {latent}, but must be at least 1"
        );
        ensure!(epochs > 0 && batch_size > 0, "VAE: `epochs` and `batch_size` must be at least 1");
        ensure!(beta >= 0.0 && beta.is_finite(), "VAE: `beta` is {beta}, but must be a number from 0 on");
        ensure!(learning_rate > 0.0, "VAE: `learning_rate` is {learning_rate}, but must be above 0");
        Ok(())
    }

    pub(super) fn extend(&self, part: &mut Part, seed: u64) -> Result<()> {
        let n = part.labels.len();
        let widths: Vec<i64> = part.values.iter().map(|values| (values.len() / n) as i64).collect();
        let tables =
            part.values.iter().zip(&widths).map(|(values, width)| Tensor::from_slice(values).view([n as i64, *width]));
        let x = Tensor::cat(&tables.collect::<Vec<_>>(), 1);
        let labels: Vec<i64> = part.labels.iter().map(|&label| label as i64).collect();
        let num_classes = labels.iter().max().map_or(0, |largest| largest + 1);
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x56_4145);
        let network = self.train(&x, &Tensor::from_slice(&labels), num_classes, seed, &mut random)?.0;
        for (label, members, lacks) in lacking(part) {
            if lacks == 0 {
                continue;
            }
            let one_hot = Tensor::full([lacks as i64], label as i64, (Kind::Int64, Device::Cpu)).one_hot(num_classes);
            let mut code = normal(&mut random, lacks as i64, self.latent);
            if self.posterior {
                let draw = |_| members[((u128::from(random.next_u64()) * members.len() as u128) >> 64) as usize] as i64;
                let bases: Vec<i64> = (0..lacks).map(draw).collect();
                let x = x.index_select(0, &Tensor::from_slice(&bases));
                let (mean, log_variance) = tch::no_grad(|| network.encode(&x, &one_hot));
                code = mean + (log_variance * 0.5).exp() * code;
            }
            let made = tch::no_grad(|| network.decode(&code, &one_hot)).sigmoid();
            for (values, made) in part.values.iter_mut().zip(made.split_with_sizes(&widths, 1)) {
                values.extend(Vec::<f32>::try_from(made.contiguous().view(-1))?);
            }
            part.labels.extend(std::iter::repeat_n(label, lacks));
            part.rows.extend(std::iter::repeat_n(part.rows[members[0]], lacks));
        }
        Ok(())
    }

    /// The trained network, with the mean loss of a sample in the first and in the last epoch.
    fn train(
        &self,
        x: &Tensor,
        labels: &Tensor,
        num_classes: i64,
        seed: u64,
        random: &mut ChaCha8Rng,
    ) -> Result<(Network, [f64; 2])> {
        let (n, width) = x.size2()?;
        let one_hot = labels.one_hot(num_classes).to_kind(Kind::Float);
        let vs = nn::VarStore::new(Device::Cpu);
        let network = with_seed(seed, || Network::new(&vs.root(), width, num_classes, self));
        let mut optimiser = nn::Adam::default().build(&vs, self.learning_rate)?;
        let mut order: Vec<i64> = (0..n).collect();
        let mut losses = Vec::with_capacity(self.epochs);
        for _ in 0..self.epochs {
            for last in (1..order.len()).rev() {
                order.swap(last, ((u128::from(random.next_u64()) * (last as u128 + 1)) >> 64) as usize);
            }
            let mut total = 0.0;
            for batch in order.chunks(self.batch_size) {
                let rows = Tensor::from_slice(batch);
                let (x, e) = (x.index_select(0, &rows), one_hot.index_select(0, &rows));
                let (mean, log_variance) = network.encode(&x, &e);
                let noise = normal(random, batch.len() as i64, self.latent);
                let logits = network.decode(&(&mean + (&log_variance * 0.5).exp() * noise), &e);
                let reconstruction = match self.reconstruction {
                    Reconstruction::Bernoulli => {
                        logits.binary_cross_entropy_with_logits::<Tensor>(&x, None, None, Reduction::Sum)
                    }
                    Reconstruction::Gaussian => (logits.sigmoid() - &x).square().sum(Kind::Float),
                };
                let loss = (reconstruction + divergence(&mean, &log_variance) * self.beta) / batch.len() as f64;
                optimiser.backward_step(&loss);
                total += f64::try_from(loss)? * batch.len() as f64;
            }
            losses.push(total / n as f64);
        }
        Ok((network, [losses[0], losses[losses.len() - 1]]))
    }
}

/// `KL(N(mean, exp(log_variance)) || N(0, 1))`, summed over everything.
fn divergence(mean: &Tensor, log_variance: &Tensor) -> Tensor {
    (mean.square() + log_variance.exp() - log_variance - 1.0).sum(Kind::Float) * 0.5
}

/// `[rows, columns]` standard normal.
fn normal(random: &mut ChaCha8Rng, rows: i64, columns: i64) -> Tensor {
    let values: Vec<f32> = (0..rows * columns).map(|_| StandardNormal.sample(random)).collect();
    Tensor::from_slice(&values).view([rows, columns])
}

#[derive(Debug)]
struct Network {
    encoder: nn::Linear,
    mean: nn::Linear,
    log_variance: nn::Linear,
    decoder: nn::Linear,
    output: nn::Linear,
}

impl Network {
    fn new(vs: &nn::Path<'_>, width: i64, num_classes: i64, config: &Vae) -> Self {
        let &Vae { hidden, latent, .. } = config;
        Self {
            encoder: linear_uniform(vs / "encoder", width + num_classes, hidden),
            mean: linear_uniform(vs / "mean", hidden, latent),
            log_variance: linear_uniform(vs / "log_variance", hidden, latent),
            decoder: linear_uniform(vs / "decoder", latent + num_classes, hidden),
            output: linear_uniform(vs / "output", hidden, width),
        }
    }

    fn encode(&self, x: &Tensor, one_hot: &Tensor) -> (Tensor, Tensor) {
        let hidden = self.encoder.forward(&Tensor::cat(&[x, &one_hot.to_kind(Kind::Float)], 1)).relu();
        (self.mean.forward(&hidden), self.log_variance.forward(&hidden).clamp(-10.0, 10.0))
    }

    fn decode(&self, code: &Tensor, one_hot: &Tensor) -> Tensor {
        let input = Tensor::cat(&[code, &one_hot.to_kind(Kind::Float)], 1);
        self.output.forward(&self.decoder.forward(&input).relu())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{part, sizes};
    use super::*;
    use crate::oversample::Oversampler;

    fn small() -> Vae {
        Vae { hidden: 16, latent: 2, epochs: 40, batch_size: 8, ..Vae::default() }
    }

    fn apply(vae: Vae, seed: u64) -> Part {
        tch::set_num_threads(1);
        Oversampler::Vae(vae).apply(&part(), seed).unwrap()
    }

    #[test]
    fn the_divergence_is_0_for_the_prior_and_a_half_for_a_mean_of_1() {
        let zeros = Tensor::zeros([3, 4], tch::kind::FLOAT_CPU);
        assert_eq!(f64::try_from(divergence(&zeros, &zeros)).unwrap(), 0.0);
        assert_eq!(f64::try_from(divergence(&zeros.ones_like(), &zeros)).unwrap(), 0.5 * 12.0);
    }

    #[test]
    fn the_loss_falls() {
        tch::set_num_threads(1);
        let part = part();
        let x = Tensor::from_slice(&part.values[0]).view([18, 3]);
        let labels: Vec<i64> = part.labels.iter().map(|&label| label as i64).collect();
        for reconstruction in [Reconstruction::Bernoulli, Reconstruction::Gaussian] {
            let vae = Vae { reconstruction, ..small() };
            let mut random = ChaCha8Rng::seed_from_u64(1);
            let (_, [first, last]) = vae.train(&x, &Tensor::from_slice(&labels), 4, 1, &mut random).unwrap();
            assert!(last < first, "{first} {last}");
        }
    }

    #[test]
    fn every_class_that_occurs_gets_as_large_as_the_largest_with_values_from_0_to_1() {
        for vae in [small(), Vae { posterior: true, ..small() }] {
            let after = apply(vae, 1);
            assert_eq!(sizes(&after), [12, 0, 12, 12]);
            assert_eq!(after.values[1].len(), 36 * 2);
            assert!(after.values.iter().flatten().all(|value| (0.0..=1.0).contains(value)));
            assert_eq!(after.values[0][..18 * 3], part().values[0][..]);
        }
    }

    #[test]
    fn the_code_and_the_class_matter() {
        let after = apply(small(), 1);
        let row = |at: usize| &after.values[0][at * 3..][..3];
        assert_ne!(row(18), row(19)); // same class, another code
        let far = Vae { epochs: 400, ..small() };
        let mut separated = part();
        for (at, &label) in separated.labels.clone().iter().enumerate() {
            separated.values[0][at * 3..][..3].fill(if label == 0 { 0.95 } else { 0.05 });
        }
        let made = Oversampler::Vae(far).apply(&separated, 1).unwrap();
        let mean = made.values[0][18 * 3..].iter().sum::<f32>() / (18.0 * 3.0);
        assert!(mean < 0.3, "classes 2 and 3 have values of 0.05, but theirs are {mean}");
    }

    #[test]
    fn a_seed_gives_the_same_samples_and_another_seed_others() {
        assert_eq!(apply(small(), 1), apply(small(), 1));
        assert_ne!(apply(small(), 1), apply(small(), 2));
        assert!(Oversampler::Vae(Vae { epochs: 0, ..small() }).check().is_err());
    }
}

//! Synthetic samples from a conditional variational autoencoder (Kingma and Welling 2014) over the concatenated
//! modalities.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use tch::nn::{self, Module, OptimizerConfig};
use tch::{Device, Kind, Reduction, Tensor};

use super::{Error, Result, lacking};
use crate::network::{linear_uniform, with_seed};
use climd_data::Part;

/// One network for all classes, as a rare class has too few samples for its own. The label is an input of encoder and
/// decoder.
///
/// It is trained on the CPU with all samples, by Adam, and the last epoch is used. The first weights are PyTorch's
/// defaults. Then the missing samples of each class are decoded from the normal prior. Each value is the mean of its
/// distribution, in `[0, 1]`; real values must be in this range, too.
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
    /// Samples in each batch, at least 1. Default 64.
    pub batch_size: usize,
    /// Learning rate, above 0. Default 1e-3.
    pub learning_rate: f64,
    /// Distribution of a reconstructed value. Default: Bernoulli.
    pub reconstruction: Reconstruction,
    /// Whether codes are drawn around the codes of real samples, instead of from the prior. Default false.
    pub posterior: bool,
    /// Whether every class that lacks samples has its own network, trained on its samples alone. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")] // a later option: written only if it is on
    pub per_class: bool,
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
            per_class: false,
        }
    }
}

impl Vae {
    pub(super) fn check(&self) -> Result<()> {
        let (usual, whole) = (Vae::default(), |size: usize| i64::try_from(size).unwrap_or(i64::MAX));
        let sizes = [
            ("hidden", self.hidden, usual.hidden),
            ("latent", self.latent, usual.latent),
            ("epochs", whole(self.epochs), whole(usual.epochs)),
            ("batch_size", whole(self.batch_size), whole(usual.batch_size)),
        ];
        if let Some(&(argument, found, usual)) = sizes.iter().find(|(_, found, _)| *found < 1) {
            return Err(Error::Size { argument, found, usual });
        }
        if !(self.beta >= 0.0 && self.beta.is_finite()) {
            return Err(Error::Beta { found: self.beta });
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return Err(Error::LearningRate { found: self.learning_rate });
        }
        Ok(())
    }

    /// `part` has at least one sample.
    pub(super) fn extend(&self, part: &mut Part, seed: u64) -> Result<()> {
        let n = part.labels.len();
        let widths: Vec<i64> = part.values.iter().map(|values| (values.len() / n) as i64).collect();
        for (modality, (values, &width)) in part.values.iter().zip(&widths).enumerate() {
            if let Some(at) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
                let (row, column) = (at / width as usize, at % width as usize);
                return Err(Error::NotScaled { modality, row, column, found: values[at] });
            }
        }
        let tables =
            part.values.iter().zip(&widths).map(|(values, width)| Tensor::from_slice(values).view([n as i64, *width]));
        let x = Tensor::cat(&tables.collect::<Vec<_>>(), 1);
        let labels: Vec<i64> = part.labels.iter().map(|&label| label as i64).collect();
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x56_4145);
        let shared = match self.per_class {
            true => None,
            false => {
                let num_classes = labels.iter().max().map_or(0, |largest| largest + 1);
                let one_hot = Tensor::from_slice(&labels).one_hot(num_classes).to_kind(Kind::Float);
                let network = self.train(&x, &one_hot, seed, &mut random)?.0;
                Some((network, one_hot))
            }
        };
        for (label, members, lacks) in lacking(part) {
            if lacks == 0 {
                continue;
            }
            let rows: Vec<i64> = members.iter().map(|&member| member as i64).collect();
            let rows = Tensor::from_slice(&rows);
            let own; // the class's own network, if it has one
            let (network, condition) = match &shared {
                Some((network, one_hot)) => (network, one_hot.index_select(0, &rows)),
                None => {
                    let nothing = Tensor::zeros([members.len() as i64, 0], (Kind::Float, Device::Cpu));
                    let weights = random.next_u64();
                    own = self.train(&x.index_select(0, &rows), &nothing, weights, &mut random)?.0;
                    (&own, nothing)
                }
            };
            let _guard = tch::no_grad_guard();
            // [lacks, C]: all members have the same condition
            let condition = condition.narrow(0, 0, 1).expand([lacks as i64, -1], false);
            let mut code = normal(&mut random, lacks as i64, self.latent);
            if self.posterior {
                let draw = |_| members[((u128::from(random.next_u64()) * members.len() as u128) >> 64) as usize] as i64;
                let bases: Vec<i64> = (0..lacks).map(draw).collect();
                let x = x.index_select(0, &Tensor::from_slice(&bases));
                let (mean, log_variance) = network.encode(&x, &condition);
                code = mean + (log_variance * 0.5).exp() * code;
            }
            let made = network.decode(&code, &condition).sigmoid();
            for (values, made) in part.values.iter_mut().zip(made.split_with_sizes(&widths, 1)) {
                values.extend(Vec::<f32>::try_from(made.contiguous().view(-1))?);
            }
            part.labels.extend(std::iter::repeat_n(label, lacks));
            part.rows.extend(std::iter::repeat_n(part.rows[members[0]], lacks));
        }
        Ok(())
    }

    /// The network trained on `x` (`[n, d]`) and `condition` (`[n, C]`, `C` may be 0), with the mean loss of a sample
    /// in the first and in the last epoch.
    fn train(&self, x: &Tensor, condition: &Tensor, seed: u64, random: &mut ChaCha8Rng) -> Result<(Network, [f64; 2])> {
        let (n, width) = x.size2()?;
        let (_, num_classes) = condition.size2()?;
        let vs = nn::VarStore::new(Device::Cpu);
        let network = with_seed(seed, || Network::new(&vs.root(), width, num_classes, self));
        let mut optimiser = nn::Adam::default().build(&vs, self.learning_rate)?;
        let mut order: Vec<i64> = (0..n).collect();
        let mut losses = Vec::with_capacity(self.epochs);
        for epoch in 1..=self.epochs {
            for last in (1..order.len()).rev() {
                order.swap(last, ((u128::from(random.next_u64()) * (last as u128 + 1)) >> 64) as usize);
            }
            let mut total = 0.0;
            for batch in order.chunks(self.batch_size) {
                let rows = Tensor::from_slice(batch);
                let (x, condition) = (x.index_select(0, &rows), condition.index_select(0, &rows));
                let (mean, log_variance) = network.encode(&x, &condition);
                let noise = normal(random, batch.len() as i64, self.latent);
                let logits = network.decode(&(&mean + (&log_variance * 0.5).exp() * noise), &condition);
                let loss = (self.reconstruction.loss(&logits, &x) + divergence(&mean, &log_variance) * self.beta)
                    / batch.len() as f64;
                optimiser.backward_step(&loss);
                total += f64::try_from(loss)? * batch.len() as f64;
            }
            let loss = total / n as f64;
            if !loss.is_finite() {
                return Err(Error::Diverged { epoch, loss, learning_rate: self.learning_rate });
            }
            losses.push(loss);
        }
        Ok((network, [losses[0], losses[losses.len() - 1]]))
    }
}

impl Reconstruction {
    /// Sum over all samples and columns.
    fn loss(self, logits: &Tensor, x: &Tensor) -> Tensor {
        match self {
            Reconstruction::Bernoulli => {
                logits.binary_cross_entropy_with_logits::<Tensor>(x, None, None, Reduction::Sum)
            }
            Reconstruction::Gaussian => (logits.sigmoid() - x).square().sum(Kind::Float),
        }
    }
}

/// `KL(N(mean, exp(log_variance)) || N(0, 1))`, summed over all samples and columns.
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

    fn encode(&self, x: &Tensor, condition: &Tensor) -> (Tensor, Tensor) {
        let hidden = self.encoder.forward(&Tensor::cat(&[x, condition], 1)).relu();
        (self.mean.forward(&hidden), self.log_variance.forward(&hidden).clamp(-10.0, 10.0))
    }

    /// Logits of the values.
    fn decode(&self, code: &Tensor, condition: &Tensor) -> Tensor {
        let input = Tensor::cat(&[code, condition], 1);
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
            let one_hot = Tensor::from_slice(&labels).one_hot(4).to_kind(Kind::Float);
            let (_, [first, last]) = vae.train(&x, &one_hot, 1, &mut random).unwrap();
            assert!(last < first, "{first} {last}");
        }
    }

    #[test]
    fn reconstructions_have_closed_forms() {
        let (logits, x) = (Tensor::zeros([2, 3], tch::kind::FLOAT_CPU), Tensor::ones([2, 3], tch::kind::FLOAT_CPU));
        let loss = |reconstruction: Reconstruction| f64::try_from(reconstruction.loss(&logits, &x)).unwrap();
        assert!((loss(Reconstruction::Bernoulli) - 6.0 * std::f64::consts::LN_2).abs() < 1e-6);
        assert_eq!(loss(Reconstruction::Gaussian), 6.0 * 0.25);
    }

    #[test]
    fn layers_have_the_specified_sizes_and_pytorchs_first_weights() {
        let vs = nn::VarStore::new(Device::Cpu);
        with_seed(1, || Network::new(&vs.root(), 2503, 5, &Vae::default()));
        let variables = vs.variables();
        for (name, outputs, inputs) in [
            ("encoder", 256, 2503 + 5),
            ("mean", 32, 256),
            ("log_variance", 32, 256),
            ("decoder", 256, 32 + 5),
            ("output", 2503, 256),
        ] {
            let (weight, bias) = (&variables[&format!("{name}.weight")], &variables[&format!("{name}.bias")]);
            assert_eq!((weight.size(), bias.size()), (vec![outputs, inputs], vec![outputs]), "{name}");
            let bound = 1.0 / (inputs as f64).sqrt();
            for tensor in [weight, bias] {
                let largest = f64::try_from(tensor.abs().max()).unwrap();
                assert!((0.8 * bound..=bound + 1e-7).contains(&largest), "{name}: {largest} {bound}");
            }
        }
    }

    #[test]
    fn every_class_that_occurs_gets_as_large_as_the_largest_with_values_from_0_to_1() {
        let per_class = Vae { per_class: true, ..small() };
        for vae in
            [small(), Vae { posterior: true, ..small() }, Vae { posterior: true, ..per_class.clone() }, per_class]
        {
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
    fn a_class_of_its_own_network_knows_no_other_class() {
        let vae = Vae { per_class: true, ..small() };
        let mut other = part();
        other.values[0][..12 * 3].fill(0.5); // class 0, which lacks no samples
        let made = |part: &Part| Oversampler::Vae(vae.clone()).apply(part, 1).unwrap().values[0][18 * 3..].to_vec();
        assert_eq!(made(&other), made(&part()));
        let shared = Oversampler::Vae(small()).apply(&other, 1).unwrap().values[0][18 * 3..].to_vec();
        assert_ne!(shared, apply(small(), 1).values[0][18 * 3..]);
    }

    /// Two modes, 0.05 and 0.95. Without the divergence, the code of a real sample decodes to one of them.
    #[test]
    fn codes_around_real_samples_decode_to_their_like() {
        tch::set_num_threads(1);
        let mut part = part();
        for at in 12..17 {
            let mode = if at % 2 == 0 { 0.05 } else { 0.95 };
            part.values[0][at * 3..][..3].fill(mode);
            part.values[1][at * 2..][..2].fill(mode);
        }
        let vae = Vae { posterior: true, beta: 0.0, epochs: 500, reconstruction: Reconstruction::Gaussian, ..small() };
        let made = Oversampler::Vae(vae).apply(&part, 1).unwrap();
        let class: Vec<&[f32]> =
            (18..36).filter(|&at| made.labels[at] == 2).map(|at| &made.values[0][at * 3..][..3]).collect();
        let near = |mode: f32| class.iter().filter(|row| row.iter().all(|x| (x - mode).abs() < 0.15)).count();
        assert_eq!(near(0.05) + near(0.95), 7, "{class:?}");
        assert!(near(0.05) > 0 && near(0.95) > 0);
    }

    #[test]
    fn runs_beside_each_other_disturb_none() {
        let alone = apply(small(), 1);
        std::thread::scope(|scope| {
            let runs: Vec<_> = [1, 2, 1, 3].map(|seed| scope.spawn(move || apply(small(), seed))).into_iter().collect();
            let runs: Vec<Part> = runs.into_iter().map(|run| run.join().unwrap()).collect();
            assert!(runs[0] == alone && runs[2] == alone && runs[1] != alone);
        });
    }

    #[test]
    fn bad_parameters_and_values_are_refused_by_name() {
        let message = |vae: Vae| vae.check().unwrap_err().to_string();
        assert!(message(Vae { epochs: 0, ..small() }).contains("`epochs` is 0"));
        assert!(message(Vae { batch_size: 0, ..small() }).contains("`batch_size` is 0"));
        assert!(message(Vae { hidden: -1, ..small() }).contains("`hidden` is -1"));
        assert!(message(Vae { latent: 0, ..small() }).contains("`latent` is 0, but must be at least 1: 32 is usual"));
        assert!(message(Vae { beta: f64::NAN, ..small() }).contains("`beta` is NaN"));
        assert!(message(Vae { learning_rate: f64::INFINITY, ..small() }).contains("`learning_rate` is inf"));
        let mut part = part();
        part.values[1][2 * 3 + 1] = 1.5;
        let error = Oversampler::Vae(small()).apply(&part, 1).unwrap_err().to_string();
        assert!(error.contains("row 3 of modality 1 has 1.5 in column 1"), "{error}");
        let wild = Vae { learning_rate: 1e30, ..small() };
        let error = Oversampler::Vae(wild).apply(&super::super::tests::part(), 1).unwrap_err();
        assert!(matches!(error, Error::Diverged { epoch: 1.., .. }), "{error}");
    }

    #[test]
    fn a_seed_gives_the_same_samples_and_another_seed_others() {
        assert_eq!(apply(small(), 1), apply(small(), 1));
        assert_ne!(apply(small(), 1), apply(small(), 2));
    }
}

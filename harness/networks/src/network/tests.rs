//! Tests that all networks share.

use super::*;
use crate::criterion::Loss;
use tch::nn::{OptimizerConfig, VarStore};
use tch::{Device, IndexOp, Kind};

pub(super) struct Case {
    /// The network in the size of the paper.
    pub(super) config: NetworkConfig,
    /// A small one for tests.
    pub(super) small: NetworkConfig,
    /// Number of parameters of `config` for BRCA: widths 1000, 1000, 503 and five classes.
    pub(super) parameters: usize,
    /// Width of the embeddings of `small`.
    pub(super) width: i64,
}

pub(super) fn check(case: Case) {
    check_with(case, true);
}

/// Checks a network whose samples depend on each other in evaluation.
pub(super) fn check_together(case: Case) {
    check_with(case, false);
}

fn check_with(case: Case, alone: bool) {
    tch::set_num_threads(1); // with more, libtorch's sums depend on how busy the machine is
    parameters(&case);
    for widths in [&[7][..], &[7, 3], &[7, 3, 11], &[7, 3, 11, 2, 5]] {
        shapes_and_evaluation(&case, widths, alone);
    }
    loss_is_finite(&case);
    it_learns_and_all_of_it(&case);
    weights_survive_a_file(&case);
}

/// A criterion of two classes, 3 and 1 samples.
pub(super) fn criterion(loss: Loss) -> Criterion {
    Criterion::new(loss, &climd::ClassIndex::new(&[0, 0, 0, 1]).unwrap(), 4).unwrap()
}

fn inputs(n: i64, widths: &[i64]) -> Vec<Tensor> {
    with_seed(1, || widths.iter().map(|&width| Tensor::rand([n, width], tch::kind::FLOAT_CPU)).collect())
}

/// 40 samples of two classes, told apart by all columns.
fn separable(widths: &[i64]) -> (Vec<Tensor>, Tensor) {
    let labels = Tensor::arange(40, (Kind::Int64, Device::Cpu)).remainder(2);
    let shift = labels.view([-1, 1]).to_kind(Kind::Float);
    (inputs(40, widths).iter().map(|x| x * 0.5 + &shift * 0.5).collect(), labels)
}

fn build(config: &NetworkConfig, x: &[Tensor], labels: &Tensor, num_classes: i64) -> (VarStore, Box<dyn Network>) {
    let vs = VarStore::new(Device::Cpu);
    let training = Training { x, labels, num_classes };
    let network = with_seed(1, || config.build(&vs.root(), &training)).unwrap();
    (vs, network)
}

fn parameters(case: &Case) {
    let x = inputs(20, &[1000, 1000, 503]);
    let (vs, _) = build(&case.config, &x, &Tensor::zeros([20], (Kind::Int64, Device::Cpu)), 5);
    assert_eq!(vs.trainable_variables().iter().map(Tensor::numel).sum::<usize>(), case.parameters);
}

fn shapes_and_evaluation(case: &Case, widths: &[i64], alone: bool) {
    let (train, labels) = separable(widths);
    let (_vs, network) = build(&case.small, &train, &labels, 4);
    for n in [1, 6] {
        let x = inputs(n, widths);
        let out = network.forward(&x, None, None);
        assert_eq!(out.fused.size(), [n, 4]);
        assert_eq!((out.logits.len(), out.embeddings.len()), (widths.len(), widths.len()));
        assert!(out.logits.iter().all(|x| x.size() == [n, 4]));
        assert!(out.embeddings.iter().all(|x| x.size() == [n, case.width]));
        assert_eq!(out.fused, network.forward(&x, None, None).fused);
        // in reverse order, and alone if samples do not mix, each sample has the same output
        let turned: Vec<Tensor> = x.iter().map(|x| x.flip([0])).collect();
        let largest = |x: Tensor| f64::try_from(x.abs().max()).unwrap();
        assert!(largest(&out.fused - network.forward(&turned, None, None).fused.flip([0])) < 1e-5);
        let first: Vec<Tensor> = x.iter().map(|x| x.i(..1)).collect();
        assert!(!alone || largest(out.fused.i(..1) - network.forward(&first, None, None).fused) < 1e-5);
    }
    // a training sample has the same output in a batch, here out of order and twice, as among all samples
    let all = network.forward(&train, Some(&Tensor::arange(40, (Kind::Int64, Device::Cpu))), None);
    let rows = Tensor::from_slice(&[7i64, 2, 39, 7]);
    let batch: Vec<Tensor> = train.iter().map(|x| x.index_select(0, &rows)).collect();
    let out = network.forward(&batch, Some(&rows), None);
    let pairs = out.logits.iter().zip(&all.logits).chain(out.embeddings.iter().zip(&all.embeddings));
    for (found, expected) in pairs.chain([(&out.fused, &all.fused)]) {
        assert!(found.allclose(&expected.index_select(0, &rows), 1e-5, 1e-5, false));
    }
    let zeros: Vec<Tensor> = train.iter().map(Tensor::zeros_like).collect();
    let rows = Tensor::arange(40, (Kind::Int64, Device::Cpu));
    let out = network.forward(&zeros, Some(&rows), None);
    let loss = network.loss(&out, &labels, &criterion(Loss::CrossEntropy)).unwrap();
    assert!(f64::try_from(loss).unwrap().is_finite());
}

fn loss_is_finite(case: &Case) {
    let (x, labels) = separable(&[7, 3]);
    let (_vs, network) = build(&case.small, &x, &labels, 2);
    let mut out = network.forward(&x, Some(&Tensor::arange(40, (Kind::Int64, Device::Cpu))), None);
    out.fused = (&out.fused.sign() + 0.5).sign() * 200.0;
    out.logits = out.logits.iter().map(|x| x.sign() * 200.0).collect();
    let criterion = Criterion::new(Loss::Prior { tau: 1.0 }, &climd::ClassIndex::new(&[0, 1, 1]).unwrap(), 2).unwrap();
    assert!(f64::try_from(network.loss(&out, &labels, &criterion).unwrap()).unwrap().is_finite());
}

fn it_learns_and_all_of_it(case: &Case) {
    let (x, labels) = separable(&[10, 4]);
    let (vs, network) = build(&case.small, &x, &labels, 2);
    let criterion = Criterion::new(Loss::CrossEntropy, &climd::ClassIndex::new(&[0, 1]).unwrap(), 2).unwrap();
    let mut optimiser = nn::Adam::default().build(&vs, 1e-3).unwrap();
    let mut dropout = Dropout::new(case.small.dropout(), 1);
    let rows = Tensor::arange(40, (Kind::Int64, Device::Cpu));
    for step in 0..200 {
        let out = network.forward(&x, Some(&rows), Some(&mut dropout));
        optimiser.backward_step(&network.loss(&out, &labels, &criterion).unwrap());
        if step == 0 {
            for (name, parameter) in vs.variables() {
                let gradient = parameter.grad();
                let moved = gradient.defined() && f64::try_from(gradient.abs().sum(Kind::Float)).unwrap() > 0.0;
                assert!(moved || !parameter.requires_grad(), "{name} has no gradient");
            }
        }
    }
    let predictions = network.forward(&x, Some(&rows), None).fused.argmax(1, false);
    let right = f64::try_from(predictions.eq_tensor(&labels).to_kind(Kind::Float).mean(Kind::Float)).unwrap();
    assert!(right >= 0.95, "{right}");
}

fn weights_survive_a_file(case: &Case) {
    let (x, labels) = separable(&[5]);
    let (vs, network) = build(&case.small, &x, &labels, 3);
    let file = tempfile::NamedTempFile::with_suffix(".safetensors").unwrap();
    vs.save(file.path()).unwrap();
    let mut other_vs = VarStore::new(Device::Cpu);
    let training = Training { x: &x, labels: &labels, num_classes: 3 };
    let other = with_seed(2, || case.small.build(&other_vs.root(), &training)).unwrap();
    assert_ne!(network.forward(&x, None, None).fused, other.forward(&x, None, None).fused);
    other_vs.load(file.path()).unwrap();
    assert_eq!(network.forward(&x, None, None).fused, other.forward(&x, None, None).fused);
}

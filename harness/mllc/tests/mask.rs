//! Promise: a modality that a patient lacks is masked in the measurer, and has no effect in the network.

mod common;

use climd::CurriculumLoader;
use climd_data::Split;
use climd_mllc::text::{Features, Source};
use climd_mllc::{Cohort, Manifest, Mllc, Modality, Samples};
use climd_networks::criterion::{Criterion, Loss};
use climd_networks::network::{BaselineConfig, Dropout, with_seed};
use common::{HEADER, folder};
use tch::{Device, Kind, Tensor, nn};

/// Patients 0 to 3; 1 has no image, 2 no laboratory value.
fn cohort() -> Cohort {
    let rows = "p1,normal,a.png,pain,1,2\np2,hcc,,pain,3,\np3,normal,a.png,pain,,\np4,hcc,a.png,pain,5,6\n";
    let manifest = Manifest::read(folder(&format!("{HEADER}{rows}")).path(), 64, false).unwrap();
    let texts = Features { values: vec![0.5; 12], width: 3, model: "none".into(), source: Source::Computed, cut: 0 };
    Cohort::new(&manifest, Some(&texts))
}

fn samples(cohort: &Cohort) -> Samples {
    let [train, test] = cohort.parts(&Split { train: vec![0, 1, 2, 3], test: vec![1] }).unwrap();
    assert_eq!(Vec::<bool>::try_from(test.present.view(-1)).unwrap(), [false, true, true]);
    train
}

fn network(samples: &Samples) -> (nn::VarStore, Mllc) {
    let vs = nn::VarStore::new(Device::Cpu);
    let modalities = [Modality::Image, Modality::Text, Modality::Laboratory];
    let config = BaselineConfig { hidden: 8, ..Default::default() };
    let network = with_seed(1, || Mllc::new(&vs.root(), &modalities, &samples.x, 3, &config));
    (vs, network)
}

fn batch(samples: &Samples) -> Vec<Tensor> {
    samples.x.iter().chain([&samples.present]).map(Tensor::shallow_clone).collect()
}

#[test]
fn empty_cells_become_the_mask() {
    let cohort = cohort();
    assert_eq!(cohort.modalities, [Modality::Image, Modality::Text, Modality::Laboratory]);
    let expected = [[true; 3], [false, true, true], [true, true, false], [true; 3]];
    assert_eq!(cohort.present, expected);
    let samples = samples(&cohort);
    assert_eq!(Vec::<bool>::try_from(samples.present.view(-1)).unwrap(), expected.concat());
}

#[test]
fn the_measurer_never_looks_at_what_is_missing() {
    let samples = samples(&cohort());
    // NaN wherever a patient lacks the modality
    let outputs = |x: &[Tensor]| {
        let missing = x[3].logical_not();
        let of = |m: i64, width: i64| {
            let value = Tensor::arange(width, tch::kind::FLOAT_CPU).expand([x[0].size()[0], width], false);
            value.masked_fill(&missing.narrow(1, m, 1), f64::NAN)
        };
        ((0..3).map(|m| of(m, 3)).collect(), (0..3).map(|m| of(m, 4)).collect())
    };
    let scores = samples.loader(2, Device::Cpu).unwrap().measure(0..4, outputs).unwrap();
    assert!(scores.iter().all(|score| score.is_finite()));
    // the same without the mask is refused
    let bare = CurriculumLoader::new(batch(&samples), Tensor::from_slice(&[0i64, 2, 0, 2]), 2).unwrap();
    let error = bare.measure(0..4, outputs);
    assert!(matches!(error, Err(climd::Error::Measure(climd::error::MeasureError::NotFinite { .. }))), "{error:?}");
}

#[test]
fn the_network_never_looks_at_what_is_missing() {
    let samples = samples(&cohort());
    let mut x = batch(&samples);
    let run = |x: &[Tensor], train: bool| {
        let (vs, network) = network(&samples);
        let mut dropout = Dropout::new(0.0, 0);
        let out = network.forward(x, train.then_some(&mut dropout));
        let statistics: Vec<(String, Tensor)> =
            vs.variables().into_iter().filter(|(name, _)| name.contains("running")).collect();
        (out.fused, out.embeddings, statistics.into_iter().collect::<std::collections::BTreeMap<_, _>>())
    };
    let before = [false, true].map(|train| run(&x, train));
    for (m, row) in [(0, 1), (2, 2)] {
        assert!(
            before.iter().all(|(_, embeddings, _)| embeddings[m].get(row).abs().sum(Kind::Float) == Tensor::from(0f32))
        );
        x[m] = x[m].copy();
        let _ = x[m].get(row).fill_(77.0);
    }
    for (train, before) in [false, true].into_iter().zip(before) {
        let after = run(&x, train);
        assert_eq!(after.0, before.0);
        assert_eq!(after.2, before.2); // of batch normalisation
    }
}

#[test]
fn a_batch_in_which_nobody_has_an_image_has_a_loss() {
    let samples = samples(&cohort());
    let (vs, network) = network(&samples);
    let row = Tensor::from_slice(&[1i64]);
    let x: Vec<Tensor> = batch(&samples).iter().map(|x| x.index_select(0, &row)).collect();
    let out = network.forward(&x, Some(&mut Dropout::new(0.5, 0)));
    let classes = climd::ClassIndex::new(&[0, 1, 2]).unwrap();
    let criterion = Criterion::new(Loss::CrossEntropy, &classes, 3).unwrap();
    let loss = network.loss(&out, &Tensor::from_slice(&[2i64]), &criterion).unwrap();
    loss.backward();
    let head = vs.variables()["fusion.image.head.weight"].grad();
    assert!(loss.double_value(&[]).is_finite() && head.abs().sum(Kind::Float).double_value(&[]) == 0.0);
}

//! Promise: what an attack found stays mended: a panic in a closure, tensors of another layout or size, a communicator
//! that lies, numbers at the end of their range.

mod common;

use climd::error::{LabelError, TargetError};
use climd::schedule::*;
use climd::*;
use common::labels_of;

#[test]
fn a_log_likelihood_beyond_the_range_is_the_lowest_number() {
    let far = [3e38f32, -3e38, 0.0, 1.0];
    let modality = Modality { logits: &far, embeddings: &[], present: None };
    let scores = measure(&[1, 1], 2, &[modality], Terms::LogLikelihood).unwrap().score;
    assert_eq!(scores[0], f32::MIN);
    assert!((scores[1] + 0.313_261_7).abs() < 1e-6);
    let two = measure(&[1, 1], 2, &[modality, modality], Terms::LogLikelihood).unwrap().score;
    assert_eq!(two, scores, "the mean of two is no further");
    assert_eq!(measure(&[1, 1], 2, &[modality], Terms::Confidence).unwrap().score[0], 0.0);
    let far = [1.7e308f64, -1.7e308];
    let modality = Modality { logits: &far, embeddings: &[], present: None };
    assert_eq!(measure(&[1], 2, &[modality], Terms::LogLikelihood).unwrap().score, [f64::MIN]);
    // so the sampler takes them
    let mut sampler = PowerLawScheduler::new(&[0, 0], PowerLaw::default()).unwrap();
    sampler.update(1, &scores).unwrap();
}

/// A width of 0 has no last column to name.
#[test]
fn no_columns_are_said_as_such() {
    let label = LabelError::LabelOutsideLogits { index: 0, label: 0, num_classes: 0 }.to_string();
    assert!(label.starts_with("`labels[0]` is 0, but the logits have no columns: "), "{label}");
    let past = TargetError::LabelPastColumns { argument: "labels", entry: 0, sample: 0, label: 0, num_labels: 0 };
    assert!(past.to_string().starts_with("`labels[0]` is 0, of sample 0, but there are no columns: "), "{past}");
}

#[test]
fn absurd_widths_are_refused_and_not_allocated() {
    let epoch = Curriculum::new(&[0, 1, 1], schedule::Uniform).unwrap().epoch(0).unwrap();
    for width in [(1 << 24) + 1, 1 << 40, 1 << 63, usize::MAX] {
        let error = epoch.log_prior(width).unwrap_err().to_string();
        assert!(error.contains("must be at most 2^24, the columns of the logits"), "{error}");
        assert!(!Error::Label(LabelError::PriorWidth { num_logits: width, label: 0 }).to_string().is_empty());
        assert!(
            !Error::Label(LabelError::LabelOutsideLogits { index: 0, label: 0, num_classes: width })
                .to_string()
                .is_empty()
        );
        #[cfg(feature = "tch")]
        {
            let classes = ClassIndex::new(&[0, 1, 1]).unwrap();
            assert!(matches!(
                inverse_frequency_weights(&classes, width),
                Err(Error::Argument(error::ArgumentError::OutOfRange { .. }))
            ));
            assert!(matches!(
                effective_number_weights(&classes, width, 0.9),
                Err(Error::Argument(error::ArgumentError::OutOfRange { .. }))
            ));
        }
    }
    assert_eq!(epoch.log_prior(1 << 20).unwrap().len(), 1 << 20);
}

/// Returns so many values too few or too many, from its call number `after` on, or what no rank has sent.
struct Lying {
    comm: InProcess,
    after: usize,
    lie: fn(&mut Vec<u32>),
    calls: std::cell::Cell<usize>,
}

impl Communicator for Lying {
    fn rank(&self) -> usize {
        self.comm.rank()
    }
    fn world_size(&self) -> usize {
        self.comm.world_size()
    }
    fn all_reduce(&self, values: &mut [u32]) -> Result<()> {
        self.comm.all_reduce(values)
    }
    fn all_gather(&self, values: &[u32]) -> Result<Vec<u32>> {
        let mut all = self.comm.all_gather(values)?;
        self.calls.set(self.calls.get() + 1);
        if self.calls.get() > self.after {
            (self.lie)(&mut all);
        }
        Ok(all)
    }
}

#[test]
fn a_communicator_that_returns_too_little_or_other_values_is_an_error() {
    let labels = labels_of(&[40, 9, 3], 2);
    let lies: [fn(&mut Vec<u32>); 5] = [
        |all| all.clear(),
        |all| _ = all.pop(),
        |all| all.push(7),
        |all| all.iter_mut().for_each(|value| *value = u32::MAX),
        |all| all.reverse(),
    ];
    for exchange in [Exchange::AllGather, Exchange::Histograms] {
        for (which, lie) in lies.into_iter().enumerate() {
            for after in 0..8 {
                let outcomes = InProcess::run(2, |comm| -> Result<Vec<u32>> {
                    let comm = Lying { comm, after, lie, calls: Default::default() };
                    let sampler = Curriculum::new(&labels, PowerLaw { epochs: 9, ..Default::default() })?;
                    let mut sampler = Distributed::new(sampler, comm, exchange)?;
                    let scores: Vec<f32> = sampler.part().map(|sample| sample as f32).collect();
                    sampler.update(1, &scores)?;
                    let list = sampler.epoch(4)?.indices().to_vec();
                    sampler.state(Position::from(4))?;
                    Ok(list)
                });
                for outcome in outcomes.into_iter().flatten() {
                    // a lie that is consistent is not seen, but what comes is a list of the data
                    assert!(outcome.iter().all(|&sample| (sample as usize) < labels.len()), "{which} {after}");
                    assert!(which > 2 || after > 3, "lie {which} from call {after} on was not seen");
                }
            }
        }
    }
    let error = InProcess::run(2, |comm| {
        let comm = Lying { comm, after: 0, lie: lies[1], calls: Default::default() };
        let sampler = Curriculum::new(&labels, PowerLaw::default()).unwrap();
        Distributed::new(sampler, comm, Exchange::AllGather).map(drop).unwrap_err().to_string()
    });
    assert!(error[0].contains("`all_gather` failed: it returned 19 values, and not the 20 of all ranks"), "{error:?}");
}

#[cfg(feature = "tch")]
mod tensors {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use climd::error::{MeasureError, TensorError};
    use tch::{Device, Kind, Tensor, kind::FLOAT_CPU};

    fn loader() -> CurriculumLoader {
        let labels: Vec<i64> = (0..20).map(|i| i64::from(i >= 14)).collect();
        CurriculumLoader::new(vec![Tensor::rand([20, 4], FLOAT_CPU)], Tensor::from_slice(&labels), 4).unwrap()
    }

    fn outputs(x: &[Tensor]) -> (Vec<Tensor>, Vec<Tensor>) {
        (vec![x[0].narrow(1, 0, 2)], vec![x[0].shallow_clone()])
    }

    fn gradients_are_recorded() -> bool {
        let weight = Tensor::ones([2], FLOAT_CPU).set_requires_grad(true);
        (&weight * 2.0).requires_grad()
    }

    #[test]
    fn a_panic_in_the_closure_leaves_gradients_on_and_everything_usable() {
        let loader = loader();
        let mut sampler =
            PowerLawScheduler::new(loader.labels(), PowerLaw { epochs: 4, ..Default::default() }).unwrap();
        let before = sampler.state(Position::from(1)).unwrap();
        let calls = std::cell::Cell::new(0);
        let panics = |x: &[Tensor]| {
            calls.set(calls.get() + 1);
            if calls.get() == 3 {
                panic!("a network that does not like its third batch");
            }
            outputs(x)
        };
        assert!(gradients_are_recorded());
        assert!(catch_unwind(AssertUnwindSafe(|| loader.refresh(&mut sampler, 1, panics))).is_err());
        assert!(gradients_are_recorded());
        assert!(catch_unwind(AssertUnwindSafe(|| loader.measure(0..20, |_| panic!("at once")))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| loader.try_outputs(|_| panic!("at once")))).is_err());
        assert!(gradients_are_recorded());
        tch::no_grad(|| {
            let _ = loader.measure(0..20, outputs).unwrap();
            assert!(!gradients_are_recorded(), "what was off stays off");
        });
        assert_eq!(sampler.state(Position::from(1)).unwrap(), before);
        assert!(sampler.wants_scores(1) && loader.refresh(&mut sampler, 1, outputs).unwrap());
        assert_eq!(loader.epoch(&sampler, 1).unwrap().count(), 3);
    }

    #[test]
    fn an_epoch_of_other_data_is_refused_and_not_dealt_out() {
        let larger = Curriculum::new(&[0; 21], schedule::Uniform).unwrap().epoch(0).unwrap();
        let smaller = Curriculum::new(&[0, 1], schedule::Uniform).unwrap().epoch(0).unwrap();
        for (epoch, found) in
            [(larger.clone(), 21), (smaller, 2), (larger.shard(0, 3, ShardRemainder::Pad).unwrap(), 21)]
        {
            assert_eq!(
                loader().batches(epoch).unwrap_err().to_string(),
                format!(
                    "`sampler` has length {found}, but must have length 20: the sampler must be built from \
                     `loader.labels()`"
                )
            );
        }
        assert_eq!(loader().batches(Epoch::default()).unwrap().count(), 0);
    }

    #[test]
    fn tensors_that_are_not_dense_are_named() {
        let dense = || Tensor::rand([4, 3], FLOAT_CPU);
        let sparse = || [dense().to_sparse_sparse_dim(2), dense().to_sparse_csr(None), dense().to_sparse_csc(None)];
        let labels = || Tensor::from_slice(&[0i64, 1, 0, 0]);
        let others = sparse().into_iter().map(|tensor| (tensor, "sparse"));
        for (tensor, what) in others.chain([(dense().to_mkldnn(), "an MKL-DNN tensor")]) {
            let named = |error: Error, argument: &str| {
                assert!(
                    error
                        .to_string()
                        .starts_with(&format!("`{argument}` is {what}, but must be dense: call `to_dense`")),
                    "{error}"
                );
            };
            let error = CurriculumLoader::new(vec![dense(), tensor.shallow_clone()], labels(), 2).unwrap_err();
            named(error, "modalities[1]");
            let mut measurer = MultimodalMeasurer::new(&[0, 1, 0, 0]).unwrap();
            let indices = Tensor::from_slice(&[0i64, 1, 2, 3]);
            let error = measurer.observe(&indices, &[tensor.shallow_clone()], &[dense()]).unwrap_err();
            named(error, "logits[0]");
            let error = measurer.observe(&indices, &[dense()], &[tensor.shallow_clone()]).unwrap_err();
            named(error, "embeddings[0]");
            let error = prior_corrected_cross_entropy(&tensor, &labels(), &[0.0; 3], 1.0).unwrap_err();
            named(error, "logits");
        }
        let mut measurer = MultimodalMeasurer::new(&[0, 1, 0, 0]).unwrap();
        let indices = Tensor::from_slice(&[0i64, 1, 2, 3]).to_sparse_sparse_dim(1);
        let error = measurer.observe(&indices, &[dense()], &[dense()]).unwrap_err();
        assert!(
            matches!(error, Error::Tensor(TensorError::NotDense { ref argument, .. }) if argument == "indices"),
            "{error}"
        );
        let sparse = labels().to_sparse_sparse_dim(1);
        let error = CurriculumLoader::new(vec![dense()], sparse, 2).unwrap_err();
        assert!(
            matches!(error, Error::Tensor(TensorError::NotDense { ref argument, .. }) if argument == "labels"),
            "{error}"
        );
        let mask = Tensor::ones([4, 1], (Kind::Bool, Device::Cpu)).to_sparse_sparse_dim(2);
        let loader = CurriculumLoader::new(vec![dense()], labels(), 2).unwrap();
        let error = loader.present(&mask).unwrap_err();
        assert!(
            matches!(error, Error::Tensor(TensorError::NotDense { ref argument, .. }) if argument == "mask"),
            "{error}"
        );
    }

    #[test]
    fn a_device_that_is_not_there_is_named() {
        for (device, there) in [(Device::Mps, tch::utils::has_mps()), (Device::Vulkan, tch::utils::has_vulkan())] {
            if !there {
                assert_eq!(
                    loader().device(device).unwrap_err().to_string(),
                    format!(
                        "`device` is {device:?}, which libtorch does not have here: use the CPU, or a build of \
                         libtorch that has it"
                    )
                );
            }
        }
    }

    #[test]
    fn the_right_modality_is_named_beyond_32_767() {
        let (count, bad) = (33_000, 32_900);
        let columns = |kind: Kind, at: usize| -> Vec<Tensor> {
            let value = |m: usize| if m == at { f32::NAN } else { 1.0 };
            (0..count).map(|m| Tensor::from_slice(&[value(m)]).view([1, 1]).to_kind(kind)).collect()
        };
        let index = Tensor::from_slice(&[0i64]);
        let mut measurer = MultimodalMeasurer::new(&[0]).unwrap().terms(Terms::Confidence);
        measurer.observe(&index, &columns(Kind::Float, bad), &[]).unwrap(); // in the CPU's memory
        let expected = |argument| Error::Measure(MeasureError::NotFinite { argument, modality: bad, sample: 0 });
        assert_eq!(measurer.finish().unwrap_err(), expected("logits"));
        let mut measurer = MultimodalMeasurer::new(&[0]).unwrap(); // by libtorch
        measurer.observe(&index, &columns(Kind::Double, count), &columns(Kind::Double, bad)).unwrap();
        assert_eq!(measurer.finish().unwrap_err(), expected("embeddings"));
    }

    #[test]
    fn a_log_likelihood_of_tensors_beyond_the_range_is_the_lowest_number() {
        let far = Tensor::from_slice(&[3e38f32, -3e38]).view([1, 2]);
        for logits in [vec![far.shallow_clone()], vec![far.shallow_clone(), far.shallow_clone()]] {
            let mut measurer = MultimodalMeasurer::new(&[1]).unwrap().terms(Terms::LogLikelihood);
            assert_eq!(measurer.measure(&logits, &[]).unwrap(), [f32::MIN]);
        }
        let far = Tensor::from_slice(&[1e300f64, -1e300]).view([1, 2]);
        let mut measurer = MultimodalMeasurer::new(&[1]).unwrap().terms(Terms::LogLikelihood);
        assert_eq!(measurer.measure(&[far], &[]).unwrap(), [f32::MIN]);
    }
}

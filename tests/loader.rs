//! Promise: `CurriculumLoader` gives the rows of the sampler's epoch, from any position on, and measures only if the
//! sampler wants scores.
#![cfg(feature = "tch")]

mod common;

use climd::error::{ArgumentError, MeasureError};
use climd::schedule::*;
use climd::*;
use common::ranks::Counted;
use common::tensors::loader::{self as check, data, loader, sampler};
use common::tensors::outputs::{ALL_TERMS, Outputs, mask};
use tch::{Device, Kind, Tensor};

const CPU: Device = Device::Cpu;

fn indices(batches: Batches<'_>) -> Vec<i64> {
    batches.flat_map(|batch| Vec::<i64>::try_from(&batch.indices).unwrap()).collect()
}

#[test]
fn batches_carry_the_rows_of_the_samplers_epoch() {
    check::batches_carry_the_rows_of_the_samplers_epoch(CPU);
}

#[test]
fn refresh_measures_when_wanted_whatever_the_batch_size() {
    check::refresh_measures_when_wanted_whatever_the_batch_size(CPU);
}

#[test]
fn an_epoch_goes_on_from_any_position() {
    let loader = loader(&[19, 7, 3], 4, CPU);
    let sampler = sampler(&loader);
    let whole: Vec<Batch> = loader.epoch(&sampler, 2).unwrap().collect();
    for cut in 0..whole.len() - 1 {
        let rest: Vec<Batch> = loader.epoch(&sampler, whole[cut].position).unwrap().collect();
        assert_eq!(rest.len(), whole.len() - cut - 1);
        for (a, b) in rest.iter().zip(&whole[cut + 1..]) {
            assert_eq!((&a.indices, &a.labels, a.position), (&b.indices, &b.labels, b.position));
            assert_eq!(a.modalities, b.modalities);
        }
    }
    assert_eq!(whole.last().unwrap().position, Position::from(3));
}

#[test]
fn the_tail_is_kept_or_dropped_and_len_counts_what_comes() {
    for (last, sizes) in [(LastBatch::Keep, vec![4, 4, 4, 3]), (LastBatch::Drop, vec![4, 4, 4])] {
        let loader = loader(&[19, 7, 3], 4, CPU).last_batch(last);
        let sampler = sampler(&loader); // 15 of 29 samples in the second of 4 epochs
        let mut batches = loader.epoch(&sampler, 1).unwrap();
        for (i, size) in sizes.iter().enumerate() {
            assert_eq!(batches.len(), sizes.len() - i);
            assert_eq!(batches.next().unwrap().labels.size(), [*size]);
        }
        assert_eq!((batches.len(), batches.next().is_none()), (0, true));
        assert_eq!(sampler.steps(1..2, 4, last).unwrap(), sizes.len());
    }
}

#[test]
fn all_is_every_sample_once_in_the_order_of_the_data() {
    let loader = loader(&[19, 7, 3], 4, CPU).last_batch(LastBatch::Drop); // for training, not for evaluation
    assert_eq!((loader.len(), loader.is_empty(), loader.all().len()), (29, false, 8));
    assert_eq!(indices(loader.all()), (0..29).collect::<Vec<i64>>());
    let labels: Vec<i64> = loader.all().flat_map(|batch| Vec::<i64>::try_from(&batch.labels).unwrap()).collect();
    assert_eq!(labels, loader.labels());
    let first = loader.all().next().unwrap();
    assert_eq!(first.modalities[0], data(29, CPU)[0].narrow(0, 0, 4));
    assert_eq!(loader.measure_batch_size(10).unwrap().all().len(), 3);
}

#[test]
fn the_sampler_can_be_updated_in_the_loop_over_batches() {
    let loader = loader(&[19, 7, 3], 4, CPU);
    let mut sampler = sampler(&loader);
    let before = sampler.epoch(1).unwrap();
    let mut seen = Vec::new();
    for batch in loader.epoch(&sampler, 1).unwrap() {
        let scores: Vec<f32> = (0..29).map(|i| (i + seen.len()) as f32).collect();
        sampler.update(1, &scores).unwrap(); // compiles: the batches borrow the loader alone
        seen.extend(Vec::<i64>::try_from(&batch.indices).unwrap());
    }
    let expected: Vec<i64> = before.indices().iter().map(|&sample| sample.into()).collect();
    assert_eq!(seen, expected, "an epoch that has begun stays as it is");
    assert_ne!(sampler.epoch(1).unwrap().indices(), before.indices());
}

#[test]
fn a_part_of_an_epoch_is_dealt_as_well() {
    let loader = loader(&[19, 7, 3], 4, CPU);
    let sampler = sampler(&loader);
    let part = sampler.epoch(2).unwrap().shard(1, 2, ShardRemainder::Pad).unwrap();
    let expected: Vec<i64> = part.indices().iter().map(|&sample| sample.into()).collect();
    let first = loader.batches(part.clone()).unwrap().next().unwrap();
    assert_eq!(first.position, Position { epoch: 2, samples: 8 }); // 4 of each of 2 processes
    assert_eq!(indices(loader.batches(part).unwrap()), expected);
}

#[test]
fn it_works_with_any_sampler_behind_a_box() {
    let loader = loader(&[19, 7, 3], 4, CPU);
    let mut samplers: Vec<Box<dyn CurriculumSampler>> = vec![
        Box::new(sampler(&loader)),
        Box::new(Curriculum::new(loader.labels(), Uniform).unwrap()),
        Box::new(Curriculum::new(loader.labels(), ClassBalanced).unwrap()),
    ];
    let network = |x: &[Tensor]| {
        let number = x[2].to_kind(Kind::Float).unsqueeze(1);
        (vec![number.repeat([1, 3])], vec![number])
    };
    let measured: Vec<bool> =
        samplers.iter_mut().map(|sampler| loader.refresh(sampler.as_mut(), 1, network).unwrap()).collect();
    assert_eq!(measured, [true, false, false]);
    let lengths: Vec<usize> =
        samplers.iter().map(|sampler| indices(loader.epoch(sampler.as_ref(), 1).unwrap()).len()).collect();
    assert_eq!(lengths, [15, 29, 29]);
}

#[test]
fn a_single_modality_of_booleans_and_labels_of_any_integer_kind_are_data() {
    for kind in [Kind::Uint8, Kind::Int8, Kind::Int16, Kind::Int, Kind::Int64] {
        let flags = Tensor::from_slice(&[true, false, true, false]);
        let labels = Tensor::from_slice(&[0i64, 1, 0, 0]).to_kind(kind);
        let loader = CurriculumLoader::new(vec![flags.shallow_clone()], labels, 2).unwrap();
        assert_eq!(loader.labels(), [0, 1, 0, 0]);
        let sampler = Curriculum::new(loader.labels(), Uniform).unwrap();
        for batch in loader.epoch(&sampler, 0).unwrap() {
            assert_eq!(batch.labels.kind(), Kind::Int64);
            assert_eq!(batch.modalities, [flags.index_select(0, &batch.indices)]);
        }
    }
}

#[test]
fn a_mask_and_the_terms_reach_the_measurement() {
    let outputs = Outputs::new(10, 2, 3, 4, 1).masked(2);
    let (logits, embeddings) = outputs.tensors(Kind::Float, CPU);
    let labels: Vec<i64> = outputs.labels.iter().map(|&label| label.into()).collect();
    // logits and embeddings of a modality side by side, as one tensor of data
    let side_by_side: Vec<Tensor> = logits.iter().zip(&embeddings).map(|(a, b)| Tensor::cat(&[a, b], 1)).collect();
    let mask = mask(outputs.present.as_ref().unwrap());
    for terms in ALL_TERMS {
        let loader = CurriculumLoader::new(
            side_by_side.iter().map(Tensor::shallow_clone).collect(),
            Tensor::from_slice(&labels),
            3,
        )
        .unwrap()
        .terms(terms)
        .present(&mask)
        .unwrap();
        let mut found = sampler(&loader);
        let split = |x: &[Tensor]| {
            let part = |from: i64, len: i64| x.iter().map(|x| x.narrow(1, from, len)).collect::<Vec<_>>();
            (part(0, 3), part(3, 4))
        };
        assert!(loader.refresh(&mut found, 1, split).unwrap());
        let mut expected = sampler(&loader);
        let scores: Vec<f32> =
            outputs.rounded_to(Kind::Float).by_slices(terms).score.iter().map(|&x| x as f32).collect();
        expected.update(1, &scores).unwrap();
        let ranges = |sampler: &PowerLawScheduler| -> Vec<ScoreRange> {
            sampler.report(1).unwrap().classes.iter().filter_map(|class| class.scores).collect()
        };
        assert_eq!(ranges(&found).len(), ranges(&expected).len());
        for (a, b) in ranges(&found).iter().zip(&ranges(&expected)) {
            assert!((a.min - b.min).abs() < 1e-5 && (a.mean - b.mean).abs() < 1e-5, "{terms:?}: {a:?} is not {b:?}");
        }
    }
}

#[test]
fn a_failed_refresh_leaves_the_sampler_as_it_was() {
    let loader = loader(&[19, 7, 3], 4, CPU);
    let mut sampler = sampler(&loader);
    let before = sampler.state(1.into()).unwrap();
    let broken = |x: &[Tensor]| {
        let number = x[2].to_kind(Kind::Float).unsqueeze(1);
        let logits = (&number - 20.0).log().repeat([1, 3]); // of a negative number NaN, of 0 infinite
        (vec![logits], vec![number])
    };
    let error = loader.refresh(&mut sampler, 1, broken).unwrap_err();
    assert_eq!(error, Error::Measure(MeasureError::NotFinite { argument: "logits", modality: 0, sample: 0 }));
    assert_eq!(sampler.state(1.into()).unwrap(), before);
    assert!(sampler.wants_scores(1));
}

#[test]
fn data_that_are_no_data_set_are_named() {
    let labels = || Tensor::from_slice(&[0i64, 1, 0]);
    let rows = |n: i64| Tensor::zeros([n, 2], (Kind::Float, CPU));
    let refused = |modalities: Vec<Tensor>, labels: Tensor, batch_size: usize| {
        CurriculumLoader::new(modalities, labels, batch_size).unwrap_err().to_string()
    };
    assert_eq!(refused(vec![rows(3)], labels(), 0), "`batch_size` is 0, but a batch has at least 1 sample");
    assert_eq!(
        refused(vec![rows(3), rows(4)], labels(), 2),
        "`modalities[1]` has shape [4, 2], but must be [3, ...]: a row for each label"
    );
    assert_eq!(
        refused(vec![Tensor::from(1.0)], labels(), 2),
        "`modalities[0]` has shape [], but must be [3, ...]: a row for each label"
    );
    assert_eq!(refused(vec![], labels(), 2), "`modalities` is empty, but at least one is needed");
    assert_eq!(refused(vec![rows(0)], labels().narrow(0, 0, 0), 2), "`labels` is empty, but at least one is needed");
    assert_eq!(
        refused(vec![rows(3)], labels().to_kind(Kind::Float), 2),
        "`labels` is of kind Float, but must be an integer kind or Bool: of whole numbers, take \
         `labels.to_kind(Kind::Int64)`"
    );
    assert_eq!(
        refused(vec![rows(3), Tensor::new()], labels(), 2),
        "`modalities[1]` is an undefined tensor: was it ever assigned?"
    );
    assert_eq!(refused(vec![rows(3)], Tensor::new(), 2), "`labels` is an undefined tensor: was it ever assigned?");
    let loader = || CurriculumLoader::new(vec![rows(3)], labels(), 2).unwrap();
    assert_eq!(loader().measure_batch_size(0).unwrap_err(), Error::Argument(ArgumentError::BatchSize));
    let mask = Tensor::ones([2, 1], (Kind::Bool, CPU));
    assert_eq!(
        loader().present(&mask).unwrap_err().to_string(),
        "`mask` has shape [2, 1], but must be [3, M]: a row for each label"
    );
}

#[test]
fn a_sampler_of_other_data_and_a_position_beyond_the_epoch_are_named() {
    let loader = loader(&[19, 7, 3], 4, CPU);
    let mut other = PowerLawScheduler::new(&[0, 0, 0, 1], PowerLaw { epochs: 4, ..Default::default() }).unwrap();
    assert_eq!(
        loader.epoch(&other, 1).unwrap_err().to_string(),
        "`sampler` has length 4, but must have length 29: the sampler must be built from `loader.labels()`"
    );
    let calls = std::cell::Cell::new(0);
    let error = loader.refresh(&mut other, 1, |_| {
        calls.set(calls.get() + 1);
        (vec![], vec![])
    });
    assert_eq!(
        error.unwrap_err().to_string(),
        "`sampler` has length 4, but must have length 29: the sampler must be built from `loader.labels()`"
    );
    assert_eq!(calls.get(), 0, "nothing is measured for a sampler that cannot take it");
    let sampler = sampler(&loader);
    assert_eq!(
        loader.epoch(&sampler, Position { epoch: 1, samples: 16 }).unwrap_err().to_string(),
        "`samples` is 16, but the epoch has 15 left: does the position belong to this epoch?"
    );
}

#[test]
fn a_cuda_device_that_is_not_there_is_named() {
    let devices = tch::Cuda::device_count().max(0);
    let index = devices as usize;
    let error = loader(&[3, 2], 2, CPU).device(Device::Cuda(index)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`device` is Cuda({index}), but libtorch sees {devices} CUDA devices: \
             use the CPU, or a CUDA build of libtorch"
        )
    );
    assert!(loader(&[3, 2], 2, CPU).device(CPU).is_ok());
}

#[test]
fn batches_know_the_prior_of_their_epoch() {
    let loader = loader(&[19, 7, 3], 4, CPU);
    let sampler = sampler(&loader);
    let expected = sampler.epoch(2).unwrap().log_prior(3).unwrap();
    assert_eq!(loader.epoch(&sampler, 2).unwrap().log_prior(3).unwrap(), expected);
    let rest = loader.epoch(&sampler, Position { epoch: 2, samples: 4 }).unwrap();
    assert_eq!(rest.log_prior(3).unwrap(), expected);
    assert_eq!(loader.all().log_prior(3).unwrap_err(), Error::Argument(ArgumentError::Empty { argument: "epoch" }));
}

#[test]
fn a_stretch_of_samples_is_measured_as_it_is_in_the_whole() {
    let x = Tensor::rand([29, 6], tch::kind::FLOAT_CPU);
    let labels =
        Tensor::from_slice(&common::labels_of(&[19, 7, 3], 4).iter().map(|&l| i64::from(l)).collect::<Vec<_>>());
    let mask = Tensor::rand([29, 2], tch::kind::FLOAT_CPU).gt(0.3).logical_or(&Tensor::from_slice(&[true, false]));
    let loader = CurriculumLoader::new(vec![x], labels, 4).unwrap().present(&mask).unwrap();
    let outputs = |x: &[Tensor]| {
        let (a, b) = (x[0].narrow(1, 0, 3), x[0].narrow(1, 3, 3));
        (vec![a.shallow_clone(), b.shallow_clone()], vec![a, b])
    };
    let whole = loader.measure(0..29, outputs).unwrap();
    assert_eq!(whole.len(), 29);
    for stretch in [0..10, 10..29, 28..29, 7..7] {
        let part = loader.measure(stretch.clone(), outputs).unwrap();
        assert_eq!(part.len(), stretch.len());
        // libtorch's sigmoid has another last bit where it works on eight numbers at a time
        assert!(part.iter().zip(&whole[stretch]).all(|(a, b)| (a - b).abs() < 1e-6));
    }
    let error = loader.measure(20..30, outputs).unwrap_err();
    assert_eq!(error.to_string(), "`samples` is 20..30, which is no part of 0..29, the samples of the loader");
}

/// One loop for one process and for each of many: what is measured, and what is trained on.
fn trained(sampler: &mut dyn CurriculumSampler, loader: &CurriculumLoader) -> Result<Vec<Vec<i64>>> {
    let outputs = |x: &[Tensor]| (vec![x[0].narrow(1, 0, 3)], vec![]);
    let epoch = |epoch: usize| {
        loader.refresh(sampler, epoch, outputs)?;
        let report = loader.report(sampler, epoch)?;
        let batches: Vec<Batch> = loader.epoch(sampler, epoch)?.collect();
        assert_eq!(batches.len(), loader.steps(sampler, epoch..epoch + 1)?);
        assert_eq!(report.measured_at, (epoch > 0).then_some(epoch));
        Ok(batches.iter().flat_map(|batch| Vec::<i64>::try_from(&batch.indices).unwrap()).collect())
    };
    (0..4).map(epoch).collect()
}

#[test]
fn one_loop_runs_on_one_process_and_on_many() {
    let labels: Vec<i64> = common::labels_of(&[19, 7, 3], 4).iter().map(|&l| i64::from(l)).collect();
    let x: Vec<f32> = (0..29 * 3).map(|i| (i * 37 % 29) as f32 / 10.0).collect();
    let loader = |x: &[f32]| {
        let x = Tensor::from_slice(x).view([29, 3]);
        CurriculumLoader::new(vec![x], Tensor::from_slice(&labels), 4).unwrap().terms(Terms::Confidence)
    };
    let sampler = || PowerLawScheduler::new(&labels, PowerLaw { epochs: 5, ..Default::default() }).unwrap().seed(3);
    let whole = trained(&mut sampler(), &loader(&x)).unwrap();
    for world_size in [2, 3] {
        for exchange in [Exchange::AllGather, Exchange::Histograms] {
            let parts = InProcess::run(world_size, |comm| {
                trained(&mut Distributed::new(sampler(), comm, exchange).unwrap(), &loader(&x)).unwrap()
            });
            for (epoch, list) in whole.iter().enumerate() {
                let turn = |at: usize| parts[at % world_size][epoch][at / world_size];
                assert_eq!((0..list.len()).map(turn).collect::<Vec<_>>(), *list, "epoch {epoch}, {exchange:?}");
            }
        }
    }
    // one rank's network breaks down: its error names the sample as the data set does, and no rank waits
    let mut broken = x.clone();
    broken[22 * 3] = f32::NAN;
    let errors = InProcess::run(2, |comm| {
        trained(&mut Distributed::new(sampler(), comm, Exchange::AllGather).unwrap(), &loader(&broken)).unwrap_err()
    });
    assert_eq!(errors[0].name(), "OtherRank");
    assert!(errors[1].to_string().contains("at sample 22"), "{}", errors[1]);
    // one rank's outputs have a wrong shape, which epoch 0 finds
    let names = InProcess::run(2, |comm| {
        let narrow = comm.rank() == 1;
        let mut sampler = Distributed::new(sampler(), comm, Exchange::AllGather).unwrap();
        let outputs = |x: &[Tensor]| (vec![x[0].narrow(1, 0, if narrow { 1 } else { 3 })], vec![]);
        loader(&x).refresh(&mut sampler, 0, outputs).unwrap_err().name()
    });
    assert_eq!(names[0], "OtherRank");
    assert_ne!(names[1], "OtherRank");
}

#[test]
fn a_loader_of_one_of_many_ranks_never_sees_the_whole_list() {
    let n = 40_003;
    let labels: Vec<i64> = (0..n).map(|i| i % 5 / 3).collect();
    let scores: Vec<f32> = (0..n).map(|i| (i * 7919 % n) as f32).collect();
    let sampler = || PowerLawScheduler::new(&labels, PowerLaw { epochs: 6, ..Default::default() }).unwrap().seed(7);
    let mut alone = sampler();
    alone.update(4, &scores).unwrap();
    let whole = alone.epoch(4).unwrap();
    for (world_size, remainder) in
        [3, 5].into_iter().flat_map(|size| [ShardRemainder::Pad, ShardRemainder::Drop].map(|rule| (size, rule)))
    {
        InProcess::run(world_size, |comm| {
            let (counted, rank) = (Counted::new(&comm), comm.rank());
            let x = Tensor::arange(n, (Kind::Float, CPU)).view([n, 1]);
            let loader = CurriculumLoader::new(vec![x], Tensor::from_slice(&labels), 512).unwrap();
            let loader = loader.shard_remainder(remainder);
            let mut sampler = Distributed::new(sampler(), &counted, Exchange::Histograms).unwrap();
            sampler.update(4, &scores[sampler.part()]).unwrap();
            for samples in [0, 512 * world_size, 1001] {
                counted.received.set(0);
                let batches = loader.epoch(&sampler, Position { epoch: 4, samples }).unwrap();
                assert!(counted.received.get() < whole.len(), "{} of {}", counted.received.get(), whole.len());
                let found: Vec<i64> = batches.flat_map(|batch| Vec::try_from(&batch.indices).unwrap()).collect();
                let part = whole.skip(samples).unwrap().shard(rank, world_size, remainder).unwrap();
                let expected = part.indices().iter().map(|&sample| i64::from(sample));
                assert!(expected.eq(found), "rank {rank} of {world_size}, {samples} done, {remainder:?}");
            }
        });
    }
}

//! Promise: programs made after public reports do what they should. `field` has those that compile as they came;
//! the others, of names that are no longer, are restated with their inputs here and in `last_batch.rs` and
//! `label_kinds.rs`.

use climd::*;

/// A program of `field`, whose `main` is a test.
mod one_vector {
    include!("field/F13-label-types/one_vector.rs");

    #[test]
    fn one_vector_fits_sampler_measure_and_confusion_matrix() {
        main();
    }
}

/// F10: what is printed where Slurm's variables are set and srun started nothing.
#[cfg(unix)]
mod slurm {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    use std::process::Command;

    include!("field/F10-slurm/ranks.rs");

    /// Set for the child alone.
    const CHILD: &str = "CLIMD_TEST_RANKS";

    #[test]
    fn ranks() {
        if std::env::var_os(CHILD).is_some() {
            println!();
            main();
        }
    }

    #[test]
    fn a_program_that_srun_did_not_start_is_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("ranks");
        // the script runs the program without a variable of ours
        let exe = std::env::current_exe().unwrap();
        let libraries = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
        let text = format!(
            "#!/bin/sh\nLD_LIBRARY_PATH='{libraries}' {CHILD}=1 exec '{}' --exact slurm::ranks --nocapture\n",
            exe.display()
        );
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(&program).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        drop(file);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/field/F10-slurm/run.sh");
        let output = Command::new("sh").arg(script).arg(&program).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let (mut should, mut does) = (Vec::new(), Vec::new());
        for line in said.lines() {
            match line.split_once("should be ") {
                Some((_, ranks)) => should.push(ranks.trim_end_matches(':')),
                None if line.starts_with('(') || line.starts_with("error") => does.push(line),
                None => {}
            }
        }
        assert_eq!(does, should, "{said}");
        assert_eq!(should, ["(0, 1)", "(0, 1)", "(0, 1)", "(2, 4)"]);
    }
}

/// F01, `how_often.rs`: three small cohorts, on one process and on two.
#[test]
fn no_epoch_of_a_small_cohort_ends_in_a_batch_of_one() {
    for counts in [vec![293usize, 98, 91, 32, 24], vec![154, 70, 32], vec![60, 20, 8]] {
        let labels: Vec<u32> = (0..).zip(&counts).flat_map(|(label, &n)| vec![label; n]).collect();
        let sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 100, ..Default::default() }).unwrap();
        let mut alone = 0;
        for batch_size in [8, 16, 32] {
            for epoch in 0..100 {
                let whole = sampler.epoch(epoch).unwrap();
                let part = |rank| whole.shard(rank, 2, ShardRemainder::Pad).unwrap();
                for list in [part(0), part(1), whole.clone()] {
                    if list.len() == 1 {
                        continue; // there is no batch that could take it: the report warns
                    }
                    let last = |rule| list.batches(batch_size, rule).unwrap().last().unwrap().0.len();
                    assert!(last(LastBatch::default()) > 1, "{counts:?}, {batch_size}, epoch {epoch}");
                    alone += usize::from(last(LastBatch::Keep) == 1);
                }
            }
        }
        assert!(alone > 0, "{counts:?}: by name it is as it was");
    }
}

#[cfg(feature = "tch")]
mod tensors {
    use super::*;
    use climd::error::LabelError;
    use tch::{Device, Kind, Tensor};

    fn x() -> Tensor {
        Tensor::randn([6, 4], (Kind::Float, Device::Cpu))
    }

    fn logits() -> Tensor {
        x().narrow(1, 0, 2)
    }

    fn labels() -> Tensor {
        Tensor::from_slice(&[0i64, 1, 0, 0, 1, 0])
    }

    /// F12, `ignore.rs`: 30 and 10 labelled samples, and 60 without a label.
    #[test]
    fn what_looks_like_no_label_is_said_when_the_sampler_is_built_and_can_be_left_out() {
        for mark in [-100i64, -1] {
            let mut y = vec![0i64; 30];
            y.extend([1; 10]);
            y.extend([mark; 60]);
            let x = Tensor::randn([100, 4], (Kind::Float, Device::Cpu));
            let loader = CurriculumLoader::new(vec![x], Tensor::from_slice(&y), 16).unwrap();
            let schedule = || PowerLaw { epochs: 5, ..Default::default() };
            let looks = Error::Label(LabelError::LooksUnlabelled { index: 40, label: mark, count: 60 });
            assert_eq!(PowerLawScheduler::new(loader.labels(), schedule()).unwrap_err(), looks);
            assert_eq!(Curriculum::new(&y, schedule::ClassBalanced {}).unwrap_err(), looks);
            let loader = loader.leave_out(&[mark]).unwrap();
            let mut sampler = PowerLawScheduler::new(loader.labels(), schedule()).unwrap().seed(1);
            for epoch in 0..5 {
                let outputs = |x: &[Tensor]| (vec![x[0].narrow(1, 0, 2)], vec![x[0].shallow_clone()]);
                loader.refresh(&mut sampler, epoch, outputs).unwrap();
                let labels: Vec<i64> = sampler.report(epoch).unwrap().classes.iter().map(|class| class.label).collect();
                assert_eq!(labels, [0, 1]);
                for batch in loader.epoch(&sampler, epoch).unwrap() {
                    let loss = batch.modalities[0].narrow(1, 0, 2).cross_entropy_for_logits(&batch.labels);
                    assert!(loss.double_value(&[]).is_finite());
                }
            }
        }
    }

    /// F13, `tensors.rs`: modalities and labels that do not fit, or need not be dense.
    #[test]
    fn modalities_of_other_layouts_are_read_or_named() {
        let refused = |x: Tensor, y: Tensor| CurriculumLoader::new(vec![x], y, 2).unwrap_err().to_string();
        let scalar = refused(Tensor::from(1f32), Tensor::from_slice(&[0i64]));
        assert!(scalar.starts_with("`modalities[0]` has shape []"), "{scalar}");
        let features_first = refused(x().tr(), labels());
        assert!(features_first.starts_with("`modalities[0]` has shape [4, 6]"), "{features_first}");
        let transposed = Tensor::randn([4, 6], (Kind::Float, Device::Cpu)).tr();
        assert_eq!(CurriculumLoader::new(vec![transposed], labels(), 2).unwrap().all().count(), 3);
    }

    /// F13, `tensors.rs`: -100, other kinds of labels, soft labels.
    #[test]
    fn a_loss_reads_labels_of_any_integers_and_says_which_it_skips() {
        let unlabelled = || Tensor::from_slice(&[0i64, 1, 0, -100, -100, -100]);
        let loader = CurriculumLoader::new(vec![x()], unlabelled(), 2).unwrap();
        let looks = Error::Label(LabelError::LooksUnlabelled { index: 3, label: -100, count: 3 });
        let schedule = PowerLaw { epochs: 4, ..Default::default() };
        assert_eq!(PowerLawScheduler::new(loader.labels(), schedule).unwrap_err(), looks);
        assert_eq!(Curriculum::new(loader.labels(), schedule::Uniform {}).unwrap_err(), looks);
        let prior = |y: &Tensor| prior_corrected_cross_entropy(&logits(), y, &[0.0, 0.0], 1.0);
        for loss in [prior(&unlabelled()), focal_loss(&logits(), &unlabelled(), 2.0, None)] {
            let error = loss.unwrap_err();
            assert!(error.to_string().contains("-100"), "{error}");
        }
        for other in [Tensor::from_slice(&[0i32, 1, 0, 0, 1, 1]), Tensor::from_slice(&[0u8, 1, 0, 0, 1, 1])] {
            let error = prior(&other).unwrap_err().to_string();
            assert!(error.ends_with("must be Int64: of whole numbers, take `labels.to_kind(Kind::Int64)`"), "{error}");
        }
        let soft = prior(&logits().softmax(-1, Kind::Float)).unwrap_err().to_string();
        assert!(soft.ends_with("of one column a class (one-hot), take `labels.argmax(1, false)`"), "{soft}");
        let column = prior(&labels().view([6, 1])).unwrap_err().to_string();
        assert!(column.ends_with("of one column, take `labels.squeeze_dim(1)`"), "{column}");
        let double = logits().to_kind(Kind::Double);
        let loss = prior_corrected_cross_entropy(&double, &labels(), &[0.0, 0.0], 1.0).unwrap();
        assert_eq!(loss.kind(), Kind::Double);
    }
}

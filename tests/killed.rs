//! Promise: a training process that is killed at any moment, and started again, trains on the same batches and ends
//! with the same weights as one that was never killed.
#![cfg(all(feature = "serde", feature = "tch", unix))]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const KILLS: usize = 100;

/// `examples/resume.rs`, built.
fn example() -> PathBuf {
    let build = ["build", "--quiet", "--features", "serde,tch", "--example", "resume"];
    let built = Command::new(env!("CARGO")).args(build).status().unwrap();
    assert!(built.success());
    // this test is in target/debug/deps
    let folder = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().with_file_name("debug");
    folder.join("examples").join("resume")
}

fn start(example: &Path, folder: &Path) -> Child {
    Command::new(example).arg(folder).arg("24").stdout(Stdio::piped()).spawn().unwrap()
}

/// What a run printed: the batch of each position, and the weights in the end.
#[derive(Default, PartialEq, Debug)]
struct Run {
    batches: BTreeMap<String, String>,
    weights: Option<String>,
}

impl Run {
    /// A batch that is trained on again must be the same one.
    fn add(&mut self, line: &str) {
        match line.split_once(": ") {
            Some((position, batch)) => {
                let known = self.batches.entry(position.into()).or_insert_with(|| batch.into());
                assert_eq!(known, batch, "{position}");
            }
            None => self.weights = Some(line.into()),
        }
    }
}

#[test]
fn a_run_that_is_killed_a_hundred_times_is_the_run_that_was_left_alone() {
    let (example, folder) = (example(), tempfile::tempdir().unwrap());
    let mut whole = Run::default();
    let mut child = start(&example, &folder.path().join("whole"));
    BufReader::new(child.stdout.take().unwrap()).lines().for_each(|line| whole.add(&line.unwrap()));
    assert!(child.wait().unwrap().success());
    assert!(whole.batches.len() > 150 && whole.weights.is_some(), "{} batches", whole.batches.len());

    let (mut noise, mut kills) = (common::Noise(5), 0);
    for attempt in 0.. {
        let (mut run, checkpoints) = (Run::default(), folder.path().join(attempt.to_string()));
        while run.weights.is_none() {
            let mut child = start(&example, &checkpoints);
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            if kills < KILLS {
                let steps = 1 + noise.below(4);
                lines.by_ref().take(steps).for_each(|line| run.add(&line.unwrap()));
                std::thread::sleep(Duration::from_micros(noise.below(4000) as u64));
                child.kill().unwrap();
                kills += 1;
            }
            lines.for_each(|line| run.add(&line.unwrap()));
            child.wait().unwrap();
        }
        assert_eq!(run, whole);
        if kills == KILLS {
            break;
        }
    }
}

#[test]
fn a_run_goes_on_when_its_number_of_epochs_is_raised() {
    let (example, folder) = (example(), tempfile::tempdir().unwrap());
    let run = |epochs: &str| -> Vec<String> {
        let output = Command::new(&example).arg(folder.path()).arg(epochs).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    };
    let first = run("6");
    assert!(first[0].starts_with("epoch 0 from sample 0: "));
    let (more, whole) = (run("8"), 96 / 8 * 2);
    assert!(more[0].starts_with("epoch 6 from sample 0: "), "{}", more[0]);
    assert_eq!(more.len(), whole + 1, "two epochs of all samples, and the weights");
    assert_eq!(run("8").len(), 1, "nothing is left to do");
}

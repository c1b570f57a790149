//! Promise: where memory ends in the middle of a call, the process ends or the call is an error. It never waits.
#![cfg(target_os = "linux")]

use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use climd::*;

/// Set for the child alone.
const CHILD: &str = "CLIMD_TEST_OUT_OF_MEMORY";

/// A child says how much address space it has before it begins.
fn begin() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("\nbegun:{}", status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap());
}

/// All that takes memory: classes, scores, a list, parts, a state, and ranks that wait for each other.
#[test]
fn child_of_slices() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    begin();
    let labels: Vec<u8> = (0..500_000u32).map(|i| (i % 7) as u8).collect();
    let logits = vec![0.5f32; 1_000_000];
    let modality = Modality { logits: &logits, embeddings: &logits, present: None };
    let numbers: Vec<u32> = labels.iter().map(|&label| u32::from(label % 2)).collect();
    let scores = measure(&numbers, 2, &[modality, modality], Terms::Both).unwrap().score;
    let lists = InProcess::run(2, |comm| {
        let sampler = Curriculum::new(&labels, PowerLaw { epochs: 4, ..Default::default() }).unwrap();
        let mut sampler = Distributed::new(sampler, comm, Exchange::AllGather).unwrap();
        let part = sampler.part();
        sampler.update(1, &scores[part]).unwrap();
        let list = sampler.epoch(2).unwrap();
        list.shard(0, 2, ShardRemainder::Pad).unwrap().len()
    });
    assert_eq!(lists.len(), 2);
    println!("whole");
}

/// A measurement, an epoch of batches and a loss. libtorch is loaded when the child begins.
#[cfg(feature = "tch")]
#[test]
fn child_of_tensors() {
    use tch::{Device, Kind, Tensor};
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    begin();
    let labels: Vec<i64> = (0..200_000).map(|i| i % 7).collect();
    let x = Tensor::ones([200_000, 64], (Kind::Float, Device::Cpu));
    let loader = CurriculumLoader::new(vec![x], Tensor::from_slice(&labels), 50_000).unwrap();
    let loader = loader.terms(Terms::Confidence);
    let mut sampler = Curriculum::new(&labels, PowerLaw { epochs: 2, ..Default::default() }).unwrap();
    loader.refresh(&mut sampler, 1, |x| (vec![x[0].repeat([1, 4])], vec![])).unwrap();
    let prior = sampler.epoch(1).unwrap().log_prior(64).unwrap();
    for batch in loader.epoch(&sampler, 1).unwrap() {
        let loss = prior_corrected_cross_entropy(&batch.modalities[0], &batch.labels, &prior, 1.0).unwrap();
        assert!(loss.double_value(&[]).is_finite());
    }
    println!("whole");
}

#[test]
fn a_process_that_runs_out_of_memory_ends() {
    ends("child_of_slices", &[4, 12, 16, 32, 256]);
}

#[cfg(feature = "tch")]
#[test]
fn a_process_whose_tensors_run_out_of_memory_ends() {
    ends("child_of_tensors", &[16, 64, 80, 112, 1024]);
}

/// The child with so many megabytes beyond what it begins with: every one of them ends. The last ones are enough.
fn ends(test: &str, megabytes: &[u64]) {
    let (status, said) = run(test, None);
    let begun = begun(&said).unwrap();
    assert!(status.success() && said.contains("whole"), "{status}: {said}");
    let (mut early, mut whole) = (0, 0);
    for more in megabytes {
        let limit = begun + more * 1024;
        let (status, said) = run(test, Some(limit));
        assert_eq!(status.success(), said.contains("whole"), "with {limit} kB: {status}, {said}");
        whole += usize::from(status.success());
        // not one that could not even be loaded
        early += usize::from(!status.success() && self::begun(&said).is_some());
    }
    assert!(early >= 2 && whole >= 1, "of {megabytes:?} MB, {early} ended early and {whole} were whole");
}

/// A child with this many kilobytes of address space: how it ended, and what it said.
///
/// Without a stack trace: if memory ends while the standard library of Rust 1.95 writes the one of a panic, it waits
/// for a lock that it holds itself (`docs/errors.md`).
fn run(test: &str, kilobytes: Option<u64>) -> (ExitStatus, String) {
    let limit = kilobytes.map_or("unlimited".to_owned(), |limit| limit.to_string());
    let mut child = Command::new("sh")
        .args(["-c", &format!("ulimit -v {limit}; exec \"$0\" --exact {test} --nocapture")])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, "1")
        .env("RUST_BACKTRACE", "0")
        .envs([("RAYON_NUM_THREADS", "2"), ("OMP_NUM_THREADS", "2")])
        .env("MALLOC_ARENA_MAX", "1") // a heap a thread would be 64 MB of address space that nobody uses
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > Duration::from_secs(300) {
            child.kill().unwrap();
            panic!("{test} with {limit} kB neither ends nor goes on");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
    (status, said)
}

/// Kilobytes of address space when the child began.
fn begun(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.strip_prefix("begun:"))?.trim().trim_end_matches(" kB").parse().ok()
}

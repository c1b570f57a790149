//! Promise: where memory ends in the middle of a call, the process ends or the call is an error. It never waits.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use climd::*;

/// Set for the child alone.
const CHILD: &str = "CLIMD_TEST_OUT_OF_MEMORY";

/// All that takes memory: classes, scores, a list, parts, a state, and ranks that wait for each other.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let labels: Vec<u8> = (0..2_000_000u32).map(|i| (i % 7) as u8).collect();
    let logits = vec![0.5f32; 4_000_000];
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
    println!("whole: {lists:?}");
}

#[test]
fn a_process_that_runs_out_of_memory_ends() {
    let (mut ended, mut whole) = (0, 0);
    for kilobytes in [40_000u32, 60_000, 80_000, 110_000, 150_000, 200_000, 4_000_000] {
        let script = format!("ulimit -v {kilobytes}; exec \"$0\" --exact child --nocapture");
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .arg(std::env::current_exe().unwrap())
            .env(CHILD, "1")
            .env("RAYON_NUM_THREADS", "2")
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
                panic!("with {kilobytes} kB it neither ends nor goes on");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
        assert_eq!(status.success(), said.contains("whole: ["), "with {kilobytes} kB: {status}, {said}");
        if status.success() { whole += 1 } else { ended += 1 }
    }
    assert!(ended >= 3 && whole >= 1, "{ended} ended, {whole} were whole");
}

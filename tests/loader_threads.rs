//! Promise: a loader starts no thread, so a loader that is dropped in the middle of an epoch leaves no thread behind.
//! This is the only test in its file, as it counts the threads of the process.
#![cfg(all(feature = "tch", target_os = "linux"))]

mod common;

use climd::LastBatch;
use common::tensors::loader::{loader, sampler};
use tch::Device;

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Sends a loader to a new thread, which uses it.
fn half_an_epoch(epoch: usize) {
    let loader = loader(&[19, 7, 3], 2, Device::Cpu).last_batch(LastBatch::Keep);
    let work = move || {
        let sampler = sampler(&loader);
        let mut batches = loader.epoch(&sampler, epoch % 4).unwrap();
        assert!(batches.next().is_some() && batches.len() > 0);
    };
    std::thread::spawn(work).join().unwrap();
}

#[test]
fn a_loader_dropped_in_the_middle_of_an_epoch_leaves_no_thread() {
    (0..4).for_each(half_an_epoch); // rayon's and libtorch's pools come with the first use, and stay
    let before = threads();
    (0..200).for_each(half_an_epoch);
    assert_eq!(threads(), before);
}

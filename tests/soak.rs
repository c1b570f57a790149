//! Promise: a sampler that works for a long time leaks no memory, and accesses no memory that is not its own.
//! `make valgrind` runs this test under valgrind. By itself the test checks the number of allocated bytes.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

use climd::*;
use common::{Noise, labels_of, scores_with_ties};

struct Counting;

static ALLOCATED: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One epoch of everything: measure, update, list, shards, batches, report, state and back.
fn epoch(sampler: &mut PowerLawScheduler, out: &mut Epoch, labels: &[u32], number: usize) {
    let (n, width) = (labels.len(), 5);
    let mut noise = Noise(number as u64);
    let mut rows = |width: usize| noise.reals(n * width).into_iter().map(|x| x as f32).collect::<Vec<f32>>();
    let (logits, embeddings) = ([rows(4), rows(4)], [rows(width), rows(width)]);
    let modality = |m: usize| Modality { logits: &logits[m], embeddings: &embeddings[m], present: None };
    let scores = measure(labels, 4, &[modality(0), modality(1)], Terms::Both).unwrap().score;
    let at = number % 12;
    sampler.update(at, if number.is_multiple_of(2) { &scores } else { &[] }).ok();
    sampler.epoch_into(at, out).unwrap();
    let part = out.shard_stratified(1, 3, ShardRemainder::Pad).unwrap().skip(3).unwrap();
    assert!(part.batches(4, LastBatch::Keep).unwrap().count() > 0);
    assert_eq!(sampler.report(at).unwrap().len, out.len());
    let state = sampler.state(at.into()).unwrap();
    assert_eq!(sampler.restore(&state).unwrap(), at.into());
}

#[test]
fn a_thousand_epochs_leave_no_byte_behind() {
    let epochs = std::env::var("CLIMD_SOAK_EPOCHS").map_or(1000, |epochs| epochs.parse().unwrap());
    let labels = labels_of(&[60, 25, 10, 5], 3);
    let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 9, ..Default::default() }).unwrap();
    let mut out = Epoch::default();
    let mut after = Vec::new();
    for number in 0..epochs {
        epoch(&mut sampler, &mut out, &labels, number);
        if number % 12 == 11 {
            after.push(ALLOCATED.load(Ordering::Relaxed)); // at the same point of the cycle each time
        }
    }
    let (first, last) = (after[after.len() / 2], after[after.len() - 1]);
    assert!(last - first < 4096, "{first} bytes were allocated after half of the epochs and {last} after all");
    // long lists, on many threads
    let labels = labels_of(&[30_000, 9_000, 1_000], 3);
    let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 4, ..Default::default() }).unwrap();
    for number in 0..4 {
        sampler.update(number, &scores_with_ties(40_000, number as u64)).unwrap();
        sampler.epoch_into(number, &mut out).unwrap();
    }
    assert_eq!(out.len(), 40_000);
}

//! Where a batch comes from, and what was observed of such batches.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::measure::Steps;

/// What was observed in the steps of an epoch, and is not with a sampler yet.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) steps: RefCell<Option<(usize, Steps)>>,
    /// An epoch after which no epoch needs scores, so that nothing is observed in it.
    pub(super) idle: Cell<Option<usize>>,
}

/// Where a batch comes from.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) loader: u64,
    pub(super) epoch: Option<usize>, // none: of `all`
    pub(super) samples: Vec<u32>,    // its `indices`, on the host
}

/// A number that no other loader of this process has.
pub(super) fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

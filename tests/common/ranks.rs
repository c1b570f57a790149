//! Ranks as threads, which count what they send and receive.

use std::cell::Cell;

use climd::{Communicator, InProcess, Result};

/// Counts the words that a rank hands to its communicator, and those that it gets.
pub struct Counted<'a> {
    inside: &'a InProcess,
    pub sent: Cell<usize>,
    pub received: Cell<usize>,
}

impl<'a> Counted<'a> {
    pub fn new(inside: &'a InProcess) -> Self {
        Self { inside, sent: Cell::new(0), received: Cell::new(0) }
    }

    fn count(&self, sent: usize, received: Result<Vec<u32>>) -> Result<Vec<u32>> {
        self.sent.set(self.sent.get() + sent);
        self.received.set(self.received.get() + received.as_ref().map_or(0, Vec::len));
        received
    }
}

impl Communicator for Counted<'_> {
    fn rank(&self) -> usize {
        self.inside.rank()
    }
    fn world_size(&self) -> usize {
        self.inside.world_size()
    }
    fn all_reduce(&self, values: &mut [u32]) -> Result<()> {
        self.sent.set(self.sent.get() + values.len());
        self.received.set(self.received.get() + values.len());
        self.inside.all_reduce(values)
    }
    fn all_gather(&self, values: &[u32]) -> Result<Vec<u32>> {
        self.count(values.len(), self.inside.all_gather(values))
    }
    fn all_to_all(&self, values: &[u32], counts: &[usize]) -> Result<Vec<u32>> {
        self.count(values.len(), self.inside.all_to_all(values, counts))
    }
}

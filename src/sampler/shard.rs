//! Divides one list among many processes.
//!
//! All parts have the same length, so that no process waits for ever in a collective operation.

/// What happens to the samples that do not divide among the processes. All parts have the same length in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[doc(alias = "drop_last")]
#[non_exhaustive]
pub enum ShardRemainder {
    /// Samples from the start of the list are repeated, several times if necessary. The default.
    #[default]
    Pad,
    /// The samples that do not divide among the processes are left out.
    Drop,
}

impl ShardRemainder {
    /// Length of each part.
    pub(crate) fn part_len(self, samples: usize, world_size: usize) -> usize {
        match self {
            ShardRemainder::Pad => samples.div_ceil(world_size),
            ShardRemainder::Drop => samples / world_size,
        }
    }
}

/// Positions `rank`, `rank + world_size`, ... of the list from `start` on.
///
/// Padding comes from the start of the whole list, also if some of it is done. So a run that was stopped has the same
/// padding as one that was not.
pub(super) fn every_nth(
    list: &[u32],
    start: usize,
    rank: usize,
    world_size: usize,
    remainder: ShardRemainder,
) -> Vec<u32> {
    let len = remainder.part_len(list.len() - start, world_size);
    (0..len).map(|i| list[(start + (rank + i * world_size) % list.len()) % list.len()]).collect()
}

/// Sorts the list by class and deals it in turn. The part is in the order of the list. Padding comes last, from its
/// start.
///
/// Dropped samples are the end of the list before it is sorted. The end of the sorted list would be the rarest class,
/// in every epoch.
pub(super) fn stratified(
    list: &[u32],
    classes: &[u32],
    rank: usize,
    world_size: usize,
    remainder: ShardRemainder,
) -> Vec<u32> {
    let len = remainder.part_len(list.len(), world_size);
    let dealt = list.len().min(len.saturating_mul(world_size));
    let mut by_class: Vec<usize> = (0..dealt).collect();
    by_class.sort_by_key(|&at| classes[list[at] as usize]); // stable
    let mut positions: Vec<usize> = by_class.into_iter().skip(rank).step_by(world_size).collect();
    positions.sort_unstable();
    let mut part: Vec<u32> = positions.into_iter().map(|at| list[at]).collect();
    // short parts are padded from the start of the list, as in `every_nth`
    part.extend((part.len()..len).map(|i| list[(rank + i * world_size) % list.len()]));
    part
}

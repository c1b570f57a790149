//! Labels of samples as compressed rows. Finds the rarest label of each row, and counts labels in a list.
//!
//! A row is ascending and has no label twice. A sample's own label is the one that the fewest samples have; of equally
//! rare ones the largest. Every sample has exactly one own label, so own labels are classes like any other.
//! Source: `docs/algorithm.md`, "More than one label".

use std::hint::select_unpredictable;

use rayon::prelude::*;
use xxhash_rust::xxh3::Xxh3Default;

use crate::Result;
use crate::error::{ArgumentError, LabelError, TargetError};

/// The class of a sample without labels.
const NONE: i64 = -1;
/// The class of a sample without labels, some of which are unknown.
const UNSURE: i64 = -2;

/// The least number of samples for a thread.
const STRETCH: usize = 1 << 17;

/// Labels of each sample: those of sample `i` are `labels[starts[i]..starts[i + 1]]`, ascending, each once.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    starts: Vec<u32>,
    labels: Vec<u32>,
    num_labels: usize,
}

/// Own labels, and the number of samples with each label.
pub(crate) struct Own {
    pub(crate) numbers: Vec<u32>, // [N], by rarity
    pub(crate) by_rarity: ByRarity,
    pub(crate) carried: Vec<usize>, // [L]
}

/// Labels, the rarest first; of equally rare ones the largest. Behind them come [`NONE`] and [`UNSURE`].
pub(crate) struct ByRarity(Vec<u32>);

impl ByRarity {
    fn new(carried: &[usize]) -> Self {
        let mut labels: Vec<u32> = (0..carried.len() as u32).collect();
        labels.sort_unstable_by_key(|&label| (carried[label as usize], std::cmp::Reverse(label)));
        Self(labels)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len() + 2
    }

    pub(crate) fn label(&self, number: u32) -> i64 {
        match self.0.get(number as usize) {
            Some(&label) => i64::from(label),
            None if number as usize == self.0.len() => NONE,
            None => UNSURE,
        }
    }
}

/// Refuses a number of labels that are no columns.
pub(super) fn check_width(num_labels: usize) -> Result<()> {
    if (1..=i32::MAX as usize).contains(&num_labels) {
        return Ok(());
    }
    let range = "from 1 to 2147483647, as a label is a column";
    Err(ArgumentError::OutOfRange { argument: "num_labels", found: num_labels as f64, range }.into())
}

impl Rows {
    /// Takes rows in any order, which may repeat a label. `names` are the names of the two arguments.
    pub(crate) fn new(names: [&'static str; 2], starts: &[usize], labels: &[u32], num_labels: usize) -> Result<Self> {
        let [of_starts, of_labels] = names;
        let n = starts.len().saturating_sub(1);
        if n == 0 {
            return Err(ArgumentError::Empty { argument: of_starts }.into());
        }
        if u32::try_from(n).is_err() {
            return Err(LabelError::TooManySamples { found: n }.into());
        }
        check_width(num_labels)?;
        if u32::try_from(labels.len()).is_err() {
            let range = "at most 4294967295 entries: split the data set";
            return Err(ArgumentError::OutOfRange { argument: of_labels, found: labels.len() as f64, range }.into());
        }
        check_starts(of_starts, starts, labels.len())?;
        let (inside, sorted) = (labels.iter().all(|&label| (label as usize) < num_labels), ascending(starts, labels));
        if !(sorted && inside)
            && let Some(entry) = labels.iter().position(|&label| label as usize >= num_labels)
        {
            let (label, sample) = (labels[entry], starts.partition_point(|&start| start <= entry) - 1);
            return Err(TargetError::LabelPastColumns { argument: of_labels, entry, sample, label, num_labels }.into());
        }
        let (starts, labels) = if sorted {
            (starts.iter().map(|&start| start as u32).collect(), labels.to_vec())
        } else {
            normalise(starts, labels)
        };
        Ok(Self { starts, labels, num_labels })
    }

    /// Number of samples.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn num_labels(&self) -> usize {
        self.num_labels
    }

    /// The labels of a sample, ascending.
    pub(crate) fn row(&self, sample: usize) -> &[u32] {
        &self.labels[self.starts[sample] as usize..self.starts[sample + 1] as usize]
    }

    /// The rarest label of each sample. `unknown` holds the unknown labels.
    pub(crate) fn own(&self, unknown: Option<&Rows>) -> Own {
        let carried = self.count_all();
        let by_rarity = ByRarity::new(&carried);
        let mut place = vec![0u32; self.num_labels];
        (0..).zip(&by_rarity.0).for_each(|(at, &label)| place[label as usize] = at);
        let none = self.num_labels as u32;

        let mut numbers = vec![none; self.len()];
        numbers.par_chunks_mut(STRETCH).enumerate().for_each(|(stretch, numbers)| {
            let from = stretch * STRETCH;
            rarest(&place, &self.labels, &self.starts[from..=from + numbers.len()], numbers);
        });
        if let Some(unknown) = unknown {
            let unsure = |(sample, _): &(usize, &mut u32)| !unknown.row(*sample).is_empty();
            let empty = numbers.iter_mut().enumerate().filter(|(_, number)| **number == none);
            empty.filter(unsure).for_each(|(_, number)| *number += 1);
        }
        Own { numbers, by_rarity, carried }
    }

    /// Number of samples with each label, `[L]`.
    pub(crate) fn count_all(&self) -> Vec<usize> {
        let count = |labels: &[u32]| {
            let mut counts = vec![0usize; self.num_labels];
            labels.iter().for_each(|&label| counts[label as usize] += 1);
            counts
        };
        // few stretches: each has a table of labels, which should be small beside its entries
        let stretch =
            self.labels.len().div_ceil(2 * rayon::current_num_threads()).max(STRETCH.max(16 * self.num_labels));
        self.labels.par_chunks(stretch).map(count).reduce(|| vec![0; self.num_labels], add)
    }

    /// Counts how often each label comes in a list of samples, into `counts`, `[L]`.
    pub(crate) fn count(&self, list: &[u32], counts: &mut Vec<usize>) {
        let count = |list: &[u32]| {
            let mut counts = vec![0usize; self.num_labels];
            self.gather(list, |labels| labels.iter().for_each(|&label| counts[label as usize] += 1));
            counts
        };
        let stretch = list.len().div_ceil(2 * rayon::current_num_threads()).max(STRETCH.max(16 * self.num_labels));
        *counts = list.par_chunks(stretch).map(count).reduce(|| vec![0; self.num_labels], add);
    }

    /// Calls `visit` with the labels of all samples of a list, one after another, in pieces.
    ///
    /// A short row is copied as a block, with what is behind it, and the next row overwrites that: the processor need
    /// not guess how long it is.
    fn gather(&self, list: &[u32], mut visit: impl FnMut(&[u32])) {
        const BLOCK: usize = 8;
        let (mut buffer, mut held) = ([0; 4096], 0);
        for &sample in list {
            let row = self.starts[sample as usize] as usize..self.starts[sample as usize + 1] as usize;
            if held + BLOCK > buffer.len() {
                visit(&buffer[..held]);
                held = 0;
            }
            match self.labels[row.start..].first_chunk::<BLOCK>() {
                Some(block) if row.len() <= BLOCK => {
                    buffer[held..held + BLOCK].copy_from_slice(block);
                    held += row.len();
                }
                _ => visit(&self.labels[row]),
            }
        }
        visit(&buffer[..held]);
    }

    /// A label that a sample has in both.
    pub(crate) fn in_both(&self, other: &Rows) -> Option<(usize, u32)> {
        (0..self.len()).into_par_iter().with_min_len(STRETCH).find_map_first(|sample| {
            let (row, other) = (self.row(sample), other.row(sample));
            row.iter().find(|label| other.binary_search(label).is_ok()).map(|&label| (sample, label))
        })
    }

    /// Adds the rows to a hash of the data set.
    pub(crate) fn hash(&self, hash: &mut Xxh3Default) {
        hash.update(&(self.num_labels as u64).to_le_bytes());
        hash_words(hash, &self.starts);
        hash_words(hash, &self.labels);
    }
}

/// Adds words to a hash as little-endian bytes, which are the same on every platform.
pub(crate) fn hash_words(hash: &mut Xxh3Default, words: &[u32]) {
    hash.update(&(words.len() as u64).to_le_bytes());
    let mut bytes = [0; 4096];
    for block in words.chunks(bytes.len() / 4) {
        bytes.chunks_exact_mut(4).zip(block).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_le_bytes()));
        hash.update(&bytes[..block.len() * 4]);
    }
}

/// Writes the smallest place of each row's labels. An empty row keeps its number. `starts` begins with the first row's,
/// and ends with the end of the last.
///
/// Lengths of rows are as good as random, so a processor that loops over each row guesses every second end wrong. This
/// is one loop over all labels, where a new row is a number to add.
fn rarest(place: &[u32], labels: &[u32], starts: &[u32], numbers: &mut [u32]) {
    const WINDOW: usize = 4096;
    let mut begins = [0u32; WINDOW]; // how many rows begin at each label of the window, beyond the first
    let mut ends = starts[1..].iter().map(|&end| end as usize).peekable();
    let (first, last) = (starts[0] as usize, starts[starts.len() - 1] as usize);
    let (mut row, mut least) = (0, u32::MAX);
    for from in (first..last).step_by(WINDOW) {
        let labels = &labels[from..last.min(from + WINDOW)];
        begins.fill(0);
        while let Some(end) = ends.next_if(|&end| end < from + labels.len()) {
            begins[end - from] += 1;
        }
        for (&label, &rows) in labels.iter().zip(&begins) {
            row += rows as usize;
            least |= u32::from(rows > 0).wrapping_neg();
            let place = place[label as usize];
            least = select_unpredictable(place < least, place, least);
            numbers[row] = least;
        }
    }
}

fn add(mut a: Vec<usize>, b: Vec<usize>) -> Vec<usize> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

fn check_starts(argument: &'static str, starts: &[usize], entries: usize) -> Result<()> {
    let wrong = |index: usize, rule| {
        Err(TargetError::RowStarts { argument, index, found: starts[index], entries, rule }.into())
    };
    if starts[0] != 0 {
        return wrong(0, "the first row begins at 0");
    }
    if let Some(at) = starts.windows(2).position(|pair| pair[0] > pair[1]) {
        return wrong(at + 1, "a row begins where the one before it ends, so starts never descend");
    }
    match starts.last() {
        Some(&last) if last != entries => wrong(starts.len() - 1, "the last start is the number of entries"),
        _ => Ok(()),
    }
}

/// Whether each row ascends. Then a label that is not above the one before it is always the first of its row.
fn ascending(starts: &[usize], labels: &[u32]) -> bool {
    let falls = |(a, b): (&u32, &u32)| usize::from(a >= b);
    let all: usize = labels.iter().zip(labels.iter().skip(1)).map(falls).sum();
    let begins = |row: &[usize]| usize::from(row[0] > 0 && row[0] < row[1] && labels[row[0] - 1] >= labels[row[0]]);
    all == starts.windows(2).map(begins).sum::<usize>()
}

/// Rows in ascending order, each label once.
fn normalise(starts: &[usize], labels: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let (mut out_starts, mut out) = (Vec::with_capacity(starts.len()), Vec::with_capacity(labels.len()));
    let mut scratch = Vec::new();
    out_starts.push(0);
    for row in starts.windows(2) {
        scratch.clear();
        scratch.extend_from_slice(&labels[row[0]..row[1]]);
        scratch.sort_unstable();
        scratch.dedup();
        out.extend_from_slice(&scratch);
        out_starts.push(out.len() as u32);
    }
    (out_starts, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(list: &[Vec<u32>], num_labels: usize) -> Rows {
        let starts: Vec<usize> = std::iter::once(0)
            .chain(list.iter().scan(0, |end, row| {
                *end += row.len();
                Some(*end)
            }))
            .collect();
        Rows::new(["starts", "labels"], &starts, &list.concat(), num_labels).unwrap()
    }

    fn labels(own: &Own) -> Vec<i64> {
        own.numbers.iter().map(|&number| own.by_rarity.label(number)).collect()
    }

    /// The specification with sets, a map and one thread.
    fn naive(list: &[Vec<u32>]) -> Vec<i64> {
        let sets: Vec<std::collections::BTreeSet<u32>> = list.iter().map(|row| row.iter().copied().collect()).collect();
        let mut carried = std::collections::HashMap::<u32, usize>::new();
        sets.iter().flatten().for_each(|&label| *carried.entry(label).or_default() += 1);
        let own = |set: &std::collections::BTreeSet<u32>| {
            set.iter().copied().min_by_key(|label| (carried[label], std::cmp::Reverse(*label)))
        };
        sets.iter().map(|set| own(set).map_or(NONE, i64::from)).collect()
    }

    proptest! {
        #[test]
        fn own_labels_are_the_rarest_and_an_order_within_a_row_means_nothing(
            list in prop::collection::vec(prop::collection::vec(0u32..7, 0..5), 1..60),
        ) {
            let mut turned = list.clone();
            turned.iter_mut().for_each(|row| row.reverse());
            let own = labels(&rows(&list, 7).own(None));
            prop_assert_eq!(&own, &naive(&list));
            prop_assert_eq!(own, labels(&rows(&turned, 7).own(None)));
        }

        #[test]
        fn a_list_counts_each_label_as_often_as_its_samples_come(
            list in prop::collection::vec(prop::collection::vec(0u32..7, 0..5), 1..60),
            picks in prop::collection::vec(0usize..60, 0..90),
        ) {
            let rows = rows(&list, 7);
            let picks: Vec<u32> = picks.into_iter().map(|at| (at % list.len()) as u32).collect();
            let mut counts = vec![9];
            rows.count(&picks, &mut counts);
            for label in 0..7 {
                let expected = picks.iter().filter(|&&sample| list[sample as usize].contains(&label)).count();
                prop_assert_eq!(counts[label as usize], expected);
            }
        }
    }

    #[test]
    fn rows_of_any_length_at_any_place_have_their_own_labels() {
        // empty rows and one of a thousand labels, over many stretches of samples and windows of labels
        let mut word = 1u64;
        let mut below = |n: u64| {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((word >> 33) % n) as u32
        };
        let mut list: Vec<Vec<u32>> = vec![Vec::new(); 5];
        for row in 0..3 * STRETCH {
            let len = if row % 50_000 == 7 { 1000 } else { below(4) };
            let from = below(6000 - u64::from(len));
            list.push((from..from + len).collect());
            if row % 70_000 == 9 {
                list.extend(vec![Vec::new(); 5000]);
            }
        }
        let (own, expected) = (labels(&rows(&list, 6000).own(None)), naive(&list));
        assert_eq!(own.iter().zip(&expected).position(|(own, expected)| own != expected), None);
    }

    #[test]
    fn a_row_that_falls_is_found_wherever_it_begins() {
        for (list, expected) in [
            (vec![vec![], vec![3, 1], vec![2]], vec![1, 3, 2]),
            (vec![vec![5], vec![], vec![3, 4], vec![4, 4], vec![]], vec![5, 3, 4, 4]),
            (vec![vec![5], vec![4], vec![]], vec![5, 4]),
        ] {
            assert_eq!(rows(&list, 6).labels, expected);
        }
    }

    #[test]
    fn a_sample_without_labels_is_unsure_where_some_are_unknown() {
        let known = rows(&[vec![0], vec![], vec![], vec![0]], 2);
        let unknown = rows(&[vec![1], vec![0], vec![], vec![]], 2);
        assert_eq!(labels(&known.own(Some(&unknown))), [0, UNSURE, NONE, 0]);
    }

    #[test]
    fn a_label_twice_in_a_row_counts_once() {
        let own = rows(&[vec![1, 0, 1, 1], vec![0], vec![1]], 2).own(None);
        assert_eq!(own.carried, [2, 2]);
        assert_eq!(labels(&own), [1, 0, 1]); // of equally rare ones the largest
    }
}

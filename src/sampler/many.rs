//! Selects the first samples of each class where classes are very many: their thresholds would not be in the cache, and
//! neither are the scores of a class, whose samples lie far apart.
//!
//! So samples come to their classes in two steps, each in the cache. Every thread deals the keys of its stretch of
//! samples to buckets of some thousand classes. In a bucket they are dealt to the classes, and each class has its
//! threshold. Then every place of the bucket says whether its sample is in, and a last pass over the samples reads the
//! places of each bucket in their order.

use std::ops::Range;

use rayon::prelude::*;

use super::copies::copies_and_rest;
use super::keys::{CHUNK, Keys};
use super::scatter::{room, split};
use crate::ClassIndex;
use crate::raw::{Kernel, wide};

/// A bucket has so many samples at least, but for the last one.
const BUCKET: usize = 1 << 16;
/// Classes are dealt by so many that follow each other, so that the table of their buckets is in the cache.
const SPAN: usize = 64;

/// The buckets: classes that follow each other.
struct Buckets {
    of_span: Vec<u32>,
    classes: Vec<Range<usize>>,
}

impl Buckets {
    fn new(counts: &[usize]) -> Self {
        let (mut of_span, mut classes, mut start, mut size) = (Vec::new(), Vec::new(), 0, 0);
        for (span, counts_of_span) in counts.chunks(SPAN).enumerate() {
            of_span.push(classes.len() as u32);
            size += counts_of_span.iter().sum::<usize>();
            let end = span * SPAN + counts_of_span.len();
            // so many samples come before so many classes, which have a sample each at the least
            if size >= BUCKET || end == counts.len() {
                debug_assert!(end - start <= 1 << 16, "a class of a bucket has 16 bits");
                classes.push(start..end);
                (start, size) = (end, 0);
            }
        }
        Self { of_span, classes }
    }

    fn of(&self, class: u32) -> usize {
        self.of_span[class as usize / SPAN] as usize
    }

    /// Number of these samples in each bucket.
    fn count(&self, classes_of_samples: &[u32]) -> Vec<u32> {
        let mut counts = vec![0; self.classes.len()];
        classes_of_samples.iter().for_each(|&class| counts[self.of(class)] += 1);
        counts
    }
}

/// Where parts of these sizes start, one behind the other.
fn starts(sizes: &[u32]) -> Vec<u32> {
    let start = |end: &mut u32, &size: &u32| {
        *end += size;
        Some(*end - size)
    };
    sizes.iter().scan(0, start).collect()
}

/// Which samples are in.
pub(super) struct Chosen {
    buckets: Buckets,
    /// Of each stretch of samples, how many are in each bucket.
    counts: Vec<Vec<u32>>,
    /// Of each stretch, bucket by bucket: 1 for a sample that is in once more than others of its class.
    is_in: Vec<u16>,
    /// Length of the list of each stretch.
    sizes: Vec<usize>,
}

/// The first samples of each class, as many as its quota says. `spare` lends its memory.
pub(super) fn choose(classes: &ClassIndex, quotas: &[usize], keys: &Keys<'_>, spare: &mut Vec<u32>) -> Chosen {
    let (sizes, of) = (classes.counts(), classes.sample_classes());
    let buckets = Buckets::new(sizes);
    let spare = room(spare, of.len());
    let mut is_in = vec![0; of.len()]; // first the class, counted from the first one of its bucket
    let deal = |(at, (dealt, local)): (usize, (&mut [u32], &mut [u16]))| {
        let samples = at * CHUNK..at * CHUNK + dealt.len();
        let counts = buckets.count(&of[samples.clone()]);
        let mut next = starts(&counts);
        keys.visit(samples, |sample, key| {
            let bucket = buckets.of(of[sample]);
            let place = next[bucket] as usize;
            next[bucket] += 1;
            dealt[place] = key;
            local[place] = (of[sample] - buckets.classes[bucket].start as u32) as u16;
        });
        counts
    };
    let stretches = spare.par_chunks_mut(CHUNK).zip(is_in.par_chunks_mut(CHUNK)).enumerate();
    let counts: Vec<Vec<u32>> = stretches.map(deal).collect();

    let mut of_buckets: Vec<Vec<Piece<'_>>> = buckets.classes.iter().map(|_| Vec::new()).collect();
    for ((mut keys, mut local), counts) in spare.chunks(CHUNK).zip(is_in.chunks_mut(CHUNK)).zip(&counts) {
        for (pieces, &count) in of_buckets.iter_mut().zip(counts) {
            let (keys_here, keys_left) = keys.split_at(count as usize);
            let (here, left) = std::mem::take(&mut local).split_at_mut(count as usize);
            pieces.push(Piece { keys: keys_here, local: here });
            (keys, local) = (keys_left, left);
        }
    }
    let of_bucket = |(pieces, classes): (Vec<Piece<'_>>, &Range<usize>)| {
        wide(Bucket { pieces, sizes: &sizes[classes.clone()], quotas: &quotas[classes.clone()] })
    };
    let of_pieces: Vec<Vec<usize>> = of_buckets.into_par_iter().zip(&buckets.classes).map(of_bucket).collect();
    let sizes = (0..counts.len()).map(|stretch| of_pieces.iter().map(|sizes| sizes[stretch]).sum()).collect();
    Chosen { buckets, counts, is_in, sizes }
}

impl Chosen {
    /// Makes `out` the samples, ascending, copies adjacent.
    pub(super) fn list(&self, classes: &ClassIndex, quotas: &[usize], out: &mut Vec<u32>) {
        let (sizes, of) = (classes.counts(), classes.sample_classes());
        out.resize(self.sizes.iter().sum(), 0);
        let repeats = quotas.iter().zip(sizes).any(|(quota, n)| quota > n);
        let parts = split(out, &self.sizes).into_par_iter().zip(self.is_in.par_chunks(CHUNK)).zip(&self.counts);
        parts.enumerate().for_each(|(at, ((part, is_in), counts))| {
            let (mut next, mut end) = (starts(counts), 0);
            for (sample, &class) in (at * CHUNK..).zip(&of[at * CHUNK..at * CHUNK + is_in.len()]) {
                let bucket = self.buckets.of(class);
                let mut copies = usize::from(is_in[next[bucket] as usize]);
                next[bucket] += 1;
                if repeats {
                    copies += copies_and_rest(quotas[class as usize], sizes[class as usize]).0;
                    part[end..end + copies].fill(sample as u32);
                } else if let Some(slot) = part.get_mut(end) {
                    // written before it is known to be in; if it is not, the next one overwrites it
                    *slot = sample as u32;
                }
                end += copies;
            }
        });
    }
}

/// The samples of one stretch in one bucket.
struct Piece<'a> {
    keys: &'a [u32],
    local: &'a mut [u16],
}

/// A bucket: its samples, and sizes and quotas of its classes.
struct Bucket<'a> {
    pieces: Vec<Piece<'a>>,
    sizes: &'a [usize],
    quotas: &'a [usize],
}

impl Kernel for Bucket<'_> {
    type Output = Vec<usize>;

    /// Puts into every piece which samples are in. Returns the length of the list of each piece.
    #[inline(always)]
    fn run(mut self) -> Vec<usize> {
        let mut ends: Vec<u32> = starts(&self.sizes.iter().map(|&size| size as u32).collect::<Vec<_>>());
        let mut by_class = vec![0; self.sizes.iter().sum()];
        for Piece { keys, local } in &self.pieces {
            for (&key, &class) in keys.iter().zip(&**local) {
                let end = &mut ends[usize::from(class)];
                by_class[*end as usize] = key;
                *end += 1;
            }
        }
        let mut rest = by_class.as_mut_slice();
        let mut thresholds = Vec::with_capacity(self.sizes.len());
        for (&size, &quota) in self.sizes.iter().zip(self.quotas) {
            let (keys, others) = std::mem::take(&mut rest).split_at_mut(size);
            thresholds.push(threshold(keys, copies_and_rest(quota, size).1));
            rest = others;
        }
        let whole = |class: u16| copies_and_rest(self.quotas[usize::from(class)], self.sizes[usize::from(class)]).0;
        let repeats = self.quotas.iter().zip(self.sizes).any(|(quota, size)| quota > size);
        let finish = |Piece { keys, local }: &mut Piece<'_>| {
            let mut len = if repeats { local.iter().map(|&class| whole(class)).sum() } else { 0 };
            for (&key, class) in keys.iter().zip(local.iter_mut()) {
                let (last, ties) = &mut thresholds[usize::from(*class)];
                let tie = (key == *last) & (*ties > 0);
                *ties -= u32::from(tie);
                *class = u16::from((key > *last) | tie);
                len += usize::from(*class);
            }
            len
        };
        self.pieces.iter_mut().map(finish).collect()
    }
}

/// The key above which samples are in if `count` of these are, and how many of those with exactly this key are in.
#[inline(always)]
fn threshold(keys: &mut [u32], count: usize) -> (u32, u32) {
    if count == 0 {
        return (u32::MAX, 0);
    }
    if count == keys.len() {
        return (0, u32::MAX);
    }
    let last = if keys.len() <= FEW {
        nth_of_few(keys, count)
    } else {
        *keys.select_nth_unstable_by(count - 1, |a, b| b.cmp(a)).1
    };
    let above = keys.iter().map(|&key| u32::from(key > last)).sum::<u32>();
    (last, count as u32 - above)
}

/// So few keys are compared each with each, many at a time and without a branch.
const FEW: usize = 64;
const LANES: usize = 8;

/// The `count`th highest of these keys.
#[inline(always)]
fn nth_of_few(keys: &[u32], count: usize) -> u32 {
    let mut padded = [0; FEW]; // a zero that is no key changes nothing: it is the lowest, or the last is one, too
    padded[..keys.len()].copy_from_slice(keys);
    let mut last = u32::MAX;
    for lanes in padded[..keys.len().next_multiple_of(LANES)].chunks_exact(LANES) {
        let mut higher = [0u32; LANES];
        for &key in keys {
            higher.iter_mut().zip(lanes).for_each(|(higher, &lane)| *higher += u32::from(key > lane));
        }
        for (&higher, &lane) in higher.iter().zip(lanes) {
            last = last.min(if (higher as usize) < count { lane } else { u32::MAX });
        }
    }
    last
}

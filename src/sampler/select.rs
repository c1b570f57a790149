//! Selects samples: from each class the first ones by key, as many as its quota says.
//!
//! Every sample has a 32-bit key that sorts like its score. The highest keys come first, and ties go to the smaller
//! index. How the keys are [spread](super::spread) says near which key the quota of each class ends. One pass over the
//! samples takes those above it, each thread from its own stretch, and notes the few near it. These are compared with
//! each other, and those that lie behind the end are dropped. So the list is ascending for every pick.
//!
//! Of a small class all samples are compared before the pass. Where classes are [very many](super::many), samples are
//! dealt to their classes, and the pass reads which of them are in.
//! Source: `docs/algorithm.md`, "Which, and in what order".

use std::ops::Range;

use rayon::prelude::*;

use super::copies::copies_and_rest;
use super::keys::{CHUNK, Keys, key_or_stand_in};
use super::many;
use super::random::{Purpose, Words};
use super::scatter::{Items, room, scatter, split};
use super::spread::{End, Kept, SMALL, Spread};
use crate::{ClassIndex, Pick};

/// What the samples of an epoch are ranked by.
pub(super) enum Ranking<'a> {
    Scores {
        kept: &'a Kept,
        lowest: bool,
    },
    /// By scores some of which are NaN: those samples have the stand-in.
    Partial {
        scores: &'a [f32],
        lowest: bool,
        seed: u64,
    },
    Random {
        seed: u64,
        epoch: usize,
        purpose: Purpose,
    },
}

impl<'a> Ranking<'a> {
    /// The ranking of a pick. `kept` is `None` before the first measurement.
    pub(super) fn new(pick: Pick, kept: Option<&'a Kept>, seed: u64, epoch: usize) -> Self {
        let lowest = pick == Pick::Lowest;
        match (pick, kept) {
            (Pick::Highest | Pick::Lowest, Some(kept)) if kept.is_partial() => {
                Ranking::Partial { scores: kept.scores(), lowest, seed }
            }
            (Pick::Highest | Pick::Lowest, Some(kept)) => Ranking::Scores { kept, lowest },
            (Pick::Redraw, _) => Ranking::Random { seed, epoch, purpose: Purpose::Redraw },
            _ => Ranking::Random { seed, epoch: 0, purpose: Purpose::StandIn },
        }
    }

    /// The keys of `n` samples. If they are not those of scores, they are written to `memory`.
    pub(super) fn keys<'b>(&self, n: usize, memory: &'b mut Vec<u32>) -> Keys<'b>
    where
        'a: 'b,
    {
        match *self {
            Ranking::Scores { kept, lowest: false } => Keys::Highest(kept.scores()),
            Ranking::Scores { kept, lowest: true } => Keys::Lowest(kept.scores()),
            Ranking::Partial { scores, lowest, seed } => {
                write_words(seed, 0, Purpose::StandIn, n, memory);
                let keys = memory.par_iter_mut().with_min_len(CHUNK).zip(scores);
                keys.for_each(|(key, &score)| *key = key_or_stand_in(score, lowest, *key));
                Keys::Given(memory)
            }
            Ranking::Random { seed, epoch, purpose } => {
                write_words(seed, epoch, purpose, n, memory);
                Keys::Given(memory)
            }
        }
    }

    fn lowest(&self) -> bool {
        matches!(self, Ranking::Scores { lowest: true, .. }) // others are inverted as they are written
    }
}

/// Makes `out` the first `n` words of a stream.
fn write_words(seed: u64, epoch: usize, purpose: Purpose, n: usize, out: &mut Vec<u32>) {
    out.resize(n, 0);
    out.par_chunks_mut(CHUNK).enumerate().for_each(|(at, part)| {
        let mut words = Words::new(seed, epoch, purpose, 0);
        words.skip(at * CHUNK);
        part.fill_with(|| words.next());
    });
}

/// End of a selection: all samples above `key` are in, and of the samples with exactly this key those before `until`.
/// While it is searched for, it may be at a higher key, by `span` at most.
#[derive(Debug, Clone, Copy)]
struct Threshold {
    key: u32,
    until: u32,
    span: u32,
}

impl Threshold {
    /// It takes no sample.
    const NONE: Self = Self { key: u32::MAX, until: 0, span: 0 };

    fn new(key: u32, until: u32) -> Self {
        Self { key, until, span: 0 }
    }

    /// The threshold behind the sample at this [`place`](Keys::place).
    fn behind(place: u64) -> Self {
        Self::new(!((place >> 32) as u32), place as u32 + 1)
    }

    fn takes(self, sample: usize, key: u32) -> bool {
        (key > self.key) | ((key == self.key) & ((sample as u32) < self.until))
    }
}

/// A threshold that must be searched for: it is behind the first `left` of the `size` samples within its span.
struct Open {
    group: usize,
    left: usize,
    size: usize,
}

/// A search for the thresholds of an epoch.
struct Search<'a> {
    keys: &'a Keys<'a>,
    spread: &'a Spread,
    lowest: bool,
}

impl Search<'_> {
    /// The thresholds of groups that follow each other from `first` on, as far as the spread says them. `counts`: how
    /// many samples of each are wanted, and how many there are.
    fn begin<I: Iterator<Item = u32>>(
        &self,
        first: usize,
        counts: impl Iterator<Item = (usize, usize)> + Clone,
        samples: impl Fn(usize) -> I,
    ) -> (Vec<Threshold>, Vec<Open>) {
        let groups = || counts.clone().zip(first..);
        let few = |count: usize, size: usize| size < SMALL && (1..size).contains(&count);
        // all places at once, as memory answers many questions in the time of one
        let mut places = Vec::new();
        for (_, group) in groups().filter(|&((count, size), _)| few(count, size)) {
            places.extend(samples(group).map(|sample| self.keys.place(sample)));
        }
        let (mut places, mut open) = (places.as_mut_slice(), Vec::new());
        let threshold = |((count, size), group)| {
            if count == 0 {
                return Threshold::NONE;
            }
            if count == size {
                return Threshold::new(0, u32::MAX);
            }
            if few(count, size) {
                let (here, rest) = std::mem::take(&mut places).split_at_mut(size);
                places = rest;
                let last = *here.select_nth_unstable(count - 1).1;
                return Threshold::behind(last);
            }
            let End { key, span, left, size } = self.spread.end(group, count, self.lowest);
            if left == size {
                return Threshold::new(key, u32::MAX);
            }
            open.push(Open { group, left, size });
            Threshold { key, until: 0, span }
        };
        (groups().map(threshold).collect(), open)
    }

    /// Finds the thresholds that are open. Returns the samples that are in or near the end of their group, stretch by
    /// stretch in `spare`.
    fn finish(
        &self,
        thresholds: &mut [Threshold],
        open: Vec<Open>,
        group: impl Fn(usize) -> usize + Sync,
        spare: &mut Vec<u32>,
    ) -> Vec<Stretch> {
        let spare = room(spare, self.keys.len());
        let survey = |(at, part): (usize, &mut [u32])| {
            let mut stretch = Stretch { len: 0, near: Vec::new() };
            self.keys.visit(at * CHUNK..at * CHUNK + part.len(), |sample, key| {
                let Threshold { key: low, span, .. } = thresholds[group(sample)];
                // written before it is known to be in; if it is not, the next one overwrites it
                part[stretch.len] = sample as u32;
                if key.wrapping_sub(low) <= span {
                    stretch.near.push(stretch.len as u32);
                }
                // without a branch, as the processor cannot predict the side of the threshold
                stretch.len += usize::from(key >= low);
            });
            stretch
        };
        let stretches: Vec<Stretch> = spare.par_chunks_mut(CHUNK).enumerate().map(survey).collect();
        if open.is_empty() {
            return stretches;
        }
        let mut searches = vec![u32::MAX; thresholds.len()]; // of each group
        open.iter().zip(0..).for_each(|(open, search)| searches[open.group] = search);
        let search = |sample: u32| searches[group(sample as usize)];
        let of_stretch = |(stretch, part): (&Stretch, &[u32])| -> Vec<u32> {
            let samples = stretch.near.iter().map(|&at| part[at as usize]);
            samples.filter(|&sample| search(sample) < u32::MAX).collect()
        };
        let near: Vec<Vec<u32>> = stretches.par_iter().zip(spare.par_chunks(CHUNK)).map(of_stretch).collect();
        let (near, sizes) = (near.concat(), open.iter().map(|open| open.size).collect::<Vec<_>>());
        let mut by_search = vec![0; near.len()];
        scatter(&Near { samples: &near, search }, sizes.len(), Some(&sizes), &mut by_search);
        let threshold = |(samples, Open { group, left, .. }): (&mut [u32], Open)| {
            let (_, &mut last, _) = samples.select_nth_unstable_by_key(left - 1, |&sample| self.keys.place(sample));
            (group, Threshold::behind(self.keys.place(last)))
        };
        let each = if near.len() < CHUNK { open.len() } else { 1 }; // a few searches are over before a thread wakes up
        let searches = split(&mut by_search, &sizes).into_par_iter().zip(open).with_min_len(each);
        let found: Vec<_> = searches.map(threshold).collect();
        found.into_iter().for_each(|(group, threshold)| thresholds[group] = threshold);
        stretches
    }
}

/// Samples within the span of an open threshold, by its search.
struct Near<'a, F> {
    samples: &'a [u32],
    search: F,
}

impl<F: Fn(u32) -> u32 + Sync> Items for Near<'_, F> {
    fn visit(&self, items: Range<usize>, mut to: impl FnMut(usize, u32)) {
        self.samples[items].iter().for_each(|&sample| to((self.search)(sample) as usize, sample));
    }
}

/// The first samples of a stretch of `spare`, ascending: all that are in, and those near the end of their group.
struct Stretch {
    len: usize,
    near: Vec<u32>, // where they are
}

/// Number of classes of one thread.
const BLOCK: usize = 256;

/// From so many classes on samples are dealt to their classes.
const MANY: usize = 1 << 15;

/// Makes `out` these quotas' samples of each class, ascending, copies adjacent. `spare` lends its memory.
pub(super) fn by_class(
    classes: &ClassIndex,
    quotas: &[usize],
    ranking: &Ranking<'_>,
    out: &mut Vec<u32>,
    spare: &mut Vec<u32>,
) {
    by_threshold_or_dealt(classes, quotas, ranking, classes.num_classes() >= MANY, out, spare);
}

/// `dealt`: whether the samples are dealt to their classes. The list is the same.
fn by_threshold_or_dealt(
    classes: &ClassIndex,
    quotas: &[usize],
    ranking: &Ranking<'_>,
    dealt: bool,
    out: &mut Vec<u32>,
    spare: &mut Vec<u32>,
) {
    let (counts, of) = (classes.counts(), classes.sample_classes());
    if quotas == counts {
        return everything(of.len(), out);
    }
    let keys = ranking.keys(of.len(), out);
    if dealt {
        return many::choose(classes, quotas, &keys, spare).list(classes, quotas, out);
    }
    let counted;
    let spread = match ranking {
        Ranking::Scores { kept, .. } => kept.by_class(classes),
        _ => {
            counted = Spread::by_class(&keys, classes);
            &counted
        }
    };
    let search = Search { keys: &keys, spread, lowest: ranking.lowest() };
    let begin = |(at, quotas): (usize, &[usize])| {
        let first = at * BLOCK;
        let counts = quotas.iter().zip(&counts[first..]).map(|(&quota, &n)| (copies_and_rest(quota, n).1, n));
        search.begin(first, counts, |class| classes.members(class).iter().copied())
    };
    let (thresholds, open): (Vec<_>, Vec<_>) = quotas.par_chunks(BLOCK).enumerate().map(begin).unzip();
    let (mut thresholds, open) = (thresholds.concat(), open.into_iter().flatten().collect());
    let stretches = search.finish(&mut thresholds, open, |sample| of[sample] as usize, spare);
    let takes = |sample: usize, key: u32| thresholds[of[sample] as usize].takes(sample, key);
    if quotas.iter().zip(counts).all(|(quota, n)| quota <= n) {
        let takes = |sample: usize| takes(sample, keys.of(sample));
        return merge(&parts(&stretches, spare, takes), spare, out);
    }
    let copies = |sample: usize, key| {
        let class = of[sample] as usize;
        copies_and_rest(quotas[class], counts[class]).0 + usize::from(takes(sample, key))
    };
    collect(quotas.iter().sum(), &keys, spare, copies);
    std::mem::swap(out, spare); // as random keys are in `out`
}

/// Makes `out` these positions of the ranking of all samples, ascending. `spare` lends its memory.
pub(super) fn window(n: usize, window: &Range<usize>, ranking: &Ranking<'_>, out: &mut Vec<u32>, spare: &mut Vec<u32>) {
    if *window == (0..n) {
        return everything(n, out);
    }
    let keys = ranking.keys(n, out);
    let counted;
    let spread = match ranking {
        Ranking::Scores { kept, .. } => kept.of_all(),
        _ => {
            counted = Spread::of_all(&keys);
            &counted
        }
    };
    let search = Search { keys: &keys, spread, lowest: ranking.lowest() };
    let mut threshold = |count| {
        let (mut threshold, open) = search.begin(0, std::iter::once((count, n)), |_| 0..n as u32);
        search.finish(&mut threshold, open, |_| 0, spare);
        threshold[0]
    };
    let (end, start) = (threshold(window.end), threshold(window.start));
    collect(window.len(), &keys, spare, |sample, key| usize::from(end.takes(sample, key) & !start.takes(sample, key)));
    std::mem::swap(out, spare); // as random keys are in `out`
}

fn everything(num_samples: usize, out: &mut Vec<u32>) {
    (0..num_samples as u32).into_par_iter().with_min_len(CHUNK).collect_into_vec(out);
}

/// For each stretch the places of its samples that are in, as ranges.
fn parts(stretches: &[Stretch], spare: &[u32], takes: impl Fn(usize) -> bool + Sync) -> Vec<Vec<Range<usize>>> {
    let of_stretch = |(stretch, part): (&Stretch, &[u32])| {
        let out = stretch.near.iter().map(|&at| at as usize).filter(|&at| !takes(part[at] as usize));
        let mut start = 0;
        let mut ranges: Vec<Range<usize>> = out.map(|at| std::mem::replace(&mut start, at + 1)..at).collect();
        ranges.push(start..stretch.len);
        ranges
    };
    stretches.par_iter().zip(spare.par_chunks(CHUNK)).map(of_stretch).collect()
}

/// Makes `out` these parts of the stretches in `spare`.
fn merge(parts: &[Vec<Range<usize>>], spare: &[u32], out: &mut Vec<u32>) {
    let sizes: Vec<usize> = parts.iter().map(|parts| parts.iter().map(Range::len).sum()).collect();
    out.resize(sizes.iter().sum(), 0);
    let stretches = split(out, &sizes).into_par_iter().zip(parts).zip(spare.par_chunks(CHUNK));
    stretches.for_each(|((mut out, parts), spare)| {
        for part in parts {
            let (here, rest) = std::mem::take(&mut out).split_at_mut(part.len());
            here.copy_from_slice(&spare[part.clone()]);
            out = rest;
        }
    });
}

/// Makes `out` the samples in order, each as often as `copies(sample, key)` says, `total` in all.
fn collect(total: usize, keys: &Keys<'_>, out: &mut Vec<u32>, copies: impl Fn(usize, u32) -> usize + Sync) {
    let num_samples = keys.len();
    let chunk = |at: usize| at * CHUNK..num_samples.min((at + 1) * CHUNK);
    let size = |at: usize| {
        let mut size = 0;
        keys.visit(chunk(at), |sample, key| size += copies(sample, key));
        size
    };
    let chunks = num_samples.div_ceil(CHUNK);
    let sizes: Vec<usize> = if chunks == 1 { vec![total] } else { (0..chunks).into_par_iter().map(size).collect() };
    out.resize(total, 0);
    split(out, &sizes).into_par_iter().enumerate().for_each(|(at, part)| {
        let mut end = 0;
        keys.visit(chunk(at), |sample, key| {
            // written before it is known to be in; if it is not, the next one overwrites it
            if let Some(slot) = part.get_mut(end) {
                *slot = sample as u32;
            }
            let copies = copies(sample, key);
            if copies > 1 {
                part[end..end + copies].fill(sample as u32);
            }
            end += copies;
        });
    });
}

/// Writes `quotas[class]` uniform draws from each class to `out`, ascending, copies side by side.
pub(super) fn draw(classes: &ClassIndex, quotas: &[usize], seed: u64, epoch: usize, out: &mut Vec<u32>) {
    out.clear();
    for (class, &quota) in quotas.iter().enumerate() {
        let members = classes.members(class);
        let mut words = Words::new(seed, epoch, Purpose::Replacement, class as u32);
        out.extend((0..quota).map(|_| members[words.below(members.len() as u32) as usize]));
    }
    out.par_sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A stable sort of each class by key, whole classes first: too simple to be wrong.
    fn naive(labels: &[u8], quotas: &[usize], scores: &[f32], lowest: bool) -> Vec<u32> {
        let classes = ClassIndex::new(labels).unwrap();
        let mut list = Vec::new();
        for (class, &quota) in quotas.iter().enumerate() {
            let mut first = classes.members(class).to_vec();
            first.sort_by(|&a, &b| {
                let (a, b) = (scores[a as usize] + 0.0, scores[b as usize] + 0.0);
                if lowest { a.total_cmp(&b) } else { b.total_cmp(&a) }
            });
            list.extend((0..quota).map(|i| first[i % first.len()]));
        }
        list.sort_unstable();
        list
    }

    prop_compose! {
        /// Labels of up to 6 classes, scores with few or many ties and both zeros, quotas up to twice each class.
        fn case()(
            samples in prop_oneof![1usize..200, 400usize..2000].prop_flat_map(|len| {
                prop::collection::vec((0u8..6, any::<i16>(), any::<bool>()), len)
            }),
            coarse in prop_oneof![Just(1), Just(9_000)],
        )
            (quotas in prop::collection::vec(0.0..2.0f64, 6), samples in Just(samples), coarse in Just(coarse))
            -> (Vec<u8>, Vec<f32>, Vec<usize>) {
            let labels: Vec<u8> = samples.iter().map(|&(label, ..)| label).collect();
            let sign = |negative: bool| if negative { -1.0 } else { 1.0 };
            let score = |&(_, score, negative): &(u8, i16, bool)| f32::from(score / coarse) / 2.0 * sign(negative);
            let counts = ClassIndex::new(&labels).unwrap().counts().to_vec();
            let quotas = counts.iter().zip(quotas).map(|(&n, share)| (n as f64 * share).round() as usize).collect();
            let scores = samples.iter().map(score).collect();
            (labels, scores, quotas)
        }
    }

    proptest! {
        #[test]
        fn a_selection_chooses_what_a_stable_sort_chooses((labels, scores, quotas) in case(), lowest: bool) {
            let classes = ClassIndex::new(&labels).unwrap();
            let (kept, expected) = (Kept::new(scores.clone()), naive(&labels, &quotas, &scores, lowest));
            for dealt in [false, true] {
                let (ranking, mut list) = (Ranking::Scores { kept: &kept, lowest }, Vec::new());
                by_threshold_or_dealt(&classes, &quotas, &ranking, dealt, &mut list, &mut Vec::new());
                prop_assert_eq!(&list, &expected, "dealt: {}", dealt);
            }
        }

        #[test]
        fn a_window_is_a_slice_of_the_ranking((labels, scores, _) in case(), a in 0.0..1.0f64, b in 0.0..1.0f64) {
            let n = labels.len();
            let (a, b) = ((a.min(b) * n as f64) as usize, (a.max(b) * n as f64).ceil() as usize);
            let mut ranking: Vec<u32> = (0..n as u32).collect();
            ranking.sort_by(|&a, &b| (scores[b as usize] + 0.0).total_cmp(&(scores[a as usize] + 0.0)));
            let mut expected = ranking[a..b].to_vec();
            expected.sort_unstable();
            let (kept, mut list) = (Kept::new(scores), Vec::new());
            window(n, &(a..b), &Ranking::Scores { kept: &kept, lowest: false }, &mut list, &mut Vec::new());
            prop_assert_eq!(list, expected);
        }
    }

    /// Classes of 1 to 4 samples, and one larger one, in several buckets.
    #[test]
    fn very_many_classes_choose_what_a_stable_sort_chooses() {
        let mut words = Words::new(1, 2, Purpose::Redraw, 0);
        let mut labels: Vec<u32> = (0..4 * MANY as u32 + 1000).collect();
        labels.extend((0..8 * MANY).map(|at| if at % 50 == 0 { 7 } else { words.below(4 * MANY as u32) }));
        let scores: Vec<f32> = labels.iter().map(|_| words.below(9) as f32 - 4.0).collect();
        let classes = ClassIndex::new(&labels).unwrap();
        let quotas: Vec<usize> = classes.counts().iter().zip(0..).map(|(n, class)| class * 7 % (2 * n + 2)).collect();
        let mut expected = Vec::new();
        for (class, &quota) in quotas.iter().enumerate() {
            let mut first = classes.members(class).to_vec();
            first.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
            expected.extend((0..quota).map(|at| first[at % first.len()])); // some classes more than once
        }
        expected.sort_unstable();
        let (kept, mut list) = (Kept::new(scores), Vec::new());
        by_class(&classes, &quotas, &Ranking::Scores { kept: &kept, lowest: false }, &mut list, &mut Vec::new());
        assert!(list == expected);
    }

    /// Several stretches of samples, ties across their borders, classes taken more than once.
    #[test]
    fn many_threads_choose_what_a_stable_sort_chooses() {
        let n = 3 * CHUNK + 77;
        let mut words = Words::new(1, 2, Purpose::Redraw, 0);
        let labels: Vec<u8> = (0..n).map(|_| (words.below(64) as f64).sqrt() as u8).collect();
        let scores: Vec<f32> = (0..n).map(|_| words.below(50) as f32 - 25.0).collect();
        let classes = ClassIndex::new(&labels).unwrap();
        let quotas: Vec<usize> = classes.counts().iter().zip(1..).map(|(n, c)| n * c / 6).collect();
        let expected = naive(&labels, &quotas, &scores, false);
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (kept, mut list) = (Kept::new(scores.clone()), vec![9; 5]);
            let ranking = Ranking::Scores { kept: &kept, lowest: false };
            pool.install(|| by_class(&classes, &quotas, &ranking, &mut list, &mut Vec::new()));
            assert!(list == expected, "{threads} threads");
        }
    }
}

//! Shared by the test files: data sets, and a twin of the engine that is too simple to be wrong.

#![allow(dead_code)] // every test file is a crate of its own, and uses a part of this

#[cfg(feature = "files")]
pub mod files;
pub mod ranks;
#[cfg(feature = "tch")]
pub mod tensors;

use climd::Pick;

/// A small generator for test data (SplitMix64), so that no release of a crate changes them.
#[derive(Debug, Clone)]
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Uniform in `[-1, 1)`.
    pub fn real(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    pub fn reals(&mut self, len: usize) -> Vec<f64> {
        (0..len).map(|_| self.real()).collect()
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }
}

/// Labels `0, 1, ...` with these counts, in a random order.
pub fn labels_of(counts: &[usize], seed: u64) -> Vec<u32> {
    let mut labels: Vec<u32> = (0..).zip(counts).flat_map(|(label, &n)| vec![label; n]).collect();
    Noise(seed).shuffle(&mut labels);
    labels
}

/// Scores with many ties, and with both zeros.
pub fn scores_with_ties(len: usize, seed: u64) -> Vec<f32> {
    let mut noise = Noise(seed);
    (0..len).map(|_| if noise.below(16) == 0 { -0.0 } else { noise.below(17) as f32 / 4.0 - 2.0 }).collect()
}

/// Number of samples of each label in a list.
pub fn counts_in(list: &[u32], labels: &[u32], num_labels: usize) -> Vec<usize> {
    let mut counts = vec![0; num_labels];
    list.iter().for_each(|&sample| counts[labels[sample as usize] as usize] += 1);
    counts
}

/// An epoch's list from its quotas, read off `docs/algorithm.md` line by line: sorts, vectors, one thread, and a ChaCha
/// of its own. `labels` are classes.
pub fn twin(labels: &[u32], quotas: &[usize], pick: Pick, scores: Option<&[f32]>, seed: u64, epoch: u64) -> Vec<u32> {
    let mut stream = match pick {
        Pick::Redraw => Words::new(seed, epoch, 1, 0),
        _ => Words::new(seed, 0, 0, 0),
    };
    let key_of_score = |score: &f32| {
        let bits = (score + 0.0).to_bits();
        if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
    };
    let keys: Vec<u32> = match (pick, scores) {
        (Pick::Highest | Pick::Lowest, Some(scores)) => {
            let key = |score: &f32| match (stream.next(), pick) {
                (word, _) if score.is_nan() => word, // never measured nor observed
                (_, Pick::Lowest) => !key_of_score(score),
                _ => key_of_score(score),
            };
            scores.iter().map(key).collect()
        }
        _ => labels.iter().map(|_| stream.next()).collect(),
    };
    let mut chosen = Vec::new();
    for (rank, &quota) in quotas.iter().enumerate() {
        let mut members: Vec<u32> = (0..labels.len() as u32).filter(|&i| labels[i as usize] as usize == rank).collect();
        if pick == Pick::WithReplacement {
            let mut stream = Words::new(seed, epoch, 2, rank as u32);
            chosen.extend((0..quota).map(|_| members[stream.below(members.len())]));
        } else {
            members.sort_by_key(|&i| (std::cmp::Reverse(keys[i as usize]), i));
            chosen.extend((0..quota).map(|k| members[k % members.len()]));
        }
    }
    chosen.sort_unstable();

    let bits = (0..=16).find(|&b| b == 16 || chosen.len() <= 1 << (14 + b)).unwrap();
    let mut buckets = vec![Vec::new(); 1 << bits];
    let mut deal = Words::new(seed, epoch, 3, 0);
    for pair in chosen.chunks(2) {
        let word = if bits == 0 { 0 } else { deal.next() };
        for (&sample, half) in pair.iter().zip([word & 0xFFFF, word >> 16]) {
            buckets[half as usize >> (16 - bits)].push(sample);
        }
    }
    for (k, bucket) in buckets.iter_mut().enumerate() {
        let mut stream = Words::new(seed, epoch, 3, k as u32 + 1);
        for i in (1..bucket.len()).rev() {
            bucket.swap(i, stream.below(i + 1));
        }
    }
    buckets.concat()
}

/// ChaCha8 words under the key of `docs/algorithm.md`, section 3, a block at a time.
struct Words {
    input: [u32; 16],
    block: [u32; 16],
    at: usize,
}

impl Words {
    fn new(seed: u64, epoch: u64, purpose: u32, index: u32) -> Self {
        let key: Vec<u8> = [b"climd/1\0".as_slice(), &seed.to_le_bytes(), &epoch.to_le_bytes()]
            .into_iter()
            .chain([purpose.to_le_bytes().as_slice(), &index.to_le_bytes()])
            .flatten()
            .copied()
            .collect();
        let mut input = [0; 16];
        input[..4].copy_from_slice(&[0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574]);
        for (word, bytes) in input[4..12].iter_mut().zip(key.chunks(4)) {
            *word = u32::from_le_bytes(bytes.try_into().unwrap());
        }
        Self { input, block: [0; 16], at: 16 }
    }

    fn next(&mut self) -> u32 {
        if self.at == 16 {
            let mut s = self.input;
            for _ in 0..4 {
                for i in 0..4 {
                    quarter(&mut s, [i, 4 + i, 8 + i, 12 + i]);
                }
                for i in 0..4 {
                    quarter(&mut s, [i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4]);
                }
            }
            self.block = std::array::from_fn(|i| s[i].wrapping_add(self.input[i]));
            self.input[12] += 1; // no test draws 2^32 blocks
            self.at = 0;
        }
        self.at += 1;
        self.block[self.at - 1]
    }

    fn below(&mut self, n: usize) -> usize {
        loop {
            let product = u64::from(self.next()) * n as u64;
            if product % (1 << 32) >= (1 << 32) % n as u64 {
                return (product >> 32) as usize;
            }
        }
    }
}

fn quarter(s: &mut [u32; 16], [a, b, c, d]: [usize; 4]) {
    for (x, y, z, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        s[x] = s[x].wrapping_add(s[y]);
        s[z] = (s[z] ^ s[x]).rotate_left(turn);
    }
}

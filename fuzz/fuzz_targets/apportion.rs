//! Any counts, shares and sizes: an error that names the argument, or quotas that keep what the rule promises.
#![no_main]

use arbitrary::Arbitrary;
use climd::schedule::{Overflow, apportion};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    counts: Vec<u32>,
    shares: Vec<f64>,
    /// Shares that are in their range, so that most inputs come further than the first check.
    fair: Vec<u16>,
    size: usize,
}

fn look(counts: &[usize], shares: &[f64], size: usize) {
    for overflow in [Overflow::Redistribute, Overflow::Truncate, Overflow::Repeat] {
        let quotas = match apportion(counts, shares, size, overflow) {
            Ok(quotas) => quotas,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                continue;
            }
        };
        let (sum, total): (u128, u128) =
            (quotas.iter().map(|&q| q as u128).sum(), counts.iter().map(|&n| n as u128).sum());
        assert_eq!(quotas.len(), counts.len());
        let fits = quotas.iter().zip(counts).all(|(quota, count)| quota <= count);
        match overflow {
            Overflow::Redistribute => assert!(fits && sum == total.min(size as u128)),
            Overflow::Truncate => assert!(fits && sum <= size as u128),
            _ => assert_eq!(sum, size as u128),
        }
    }
}

fuzz_target!(|input: Input| {
    let counts: Vec<usize> = input.counts.iter().take(256).map(|&n| n as usize).collect();
    look(&counts, &input.shares, input.size);
    let fair = input.fair.iter().copied().chain(std::iter::repeat(7));
    let shares: Vec<f64> = fair.take(counts.len()).map(|share| f64::from(share) / 65_535.0).collect();
    look(&counts, &shares, input.size % (1 << 33));
});

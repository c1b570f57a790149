//! Promise: the example of the paper's Figure 2 has the numbers of the reference, from balance to the long tail.
//!
//! 10 classes, 10 epochs, gamma 0.3, alpha(T) = 5 given; 1000 samples by largest remainder over `c^-1.5`. The numbers
//! come from the Python reference of `docs/algorithm.md` (`reference.py`), which shares no code with the crate:
//! ```text
//! python3 -c "
//! import reference as r
//! n = r.largest_remainder(r.weights(r.normalised_powers(1.5, 10)), 1000); print(n)
//! r.alpha_hat = lambda counts, gamma: 5.0
//! for t in range(1, 11): print(r.quotas(n, r.probabilities(n, 0.3, 10, t, 'power_law'), r.subset_size(1000, 10, t)))"
//! ```

use climd::schedule::*;
use climd::*;

const COUNTS: [usize; 10] = [501, 177, 96, 63, 45, 34, 27, 22, 19, 16];

const QUOTAS: [[usize; 10]; 10] = [
    [10, 10, 10, 10, 10, 10, 10, 10, 10, 10],
    [22, 21, 21, 21, 20, 20, 20, 20, 19, 16],
    [43, 38, 35, 34, 33, 33, 27, 22, 19, 16],
    [76, 59, 53, 49, 45, 34, 27, 22, 19, 16],
    [120, 84, 70, 63, 45, 34, 27, 22, 19, 16],
    [180, 109, 85, 63, 45, 34, 27, 22, 19, 16],
    [248, 131, 95, 63, 45, 34, 27, 22, 19, 16],
    [327, 151, 96, 63, 45, 34, 27, 22, 19, 16],
    [412, 166, 96, 63, 45, 34, 27, 22, 19, 16],
    COUNTS,
];

fn sampler() -> PowerLawScheduler {
    let labels: Vec<usize> = COUNTS.iter().enumerate().flat_map(|(label, &n)| vec![label; n]).collect();
    PowerLawScheduler::new(&labels, PowerLaw { epochs: 10, alpha: Some(5.0), ..Default::default() }).unwrap()
}

#[test]
fn the_counts_are_a_thousand_in_proportion_to_a_power_of_the_rank() {
    let powers: Vec<f64> = (1..=10).map(|c| f64::from(c).powf(-1.5)).collect();
    let shares: Vec<f64> = powers.iter().map(|power| power / powers.iter().sum::<f64>()).collect();
    assert_eq!(apportion(&[1000; 10], &shares, 1000, Overflow::Repeat).unwrap(), COUNTS);
}

#[test]
fn the_quotas_of_every_epoch_are_those_of_the_reference() {
    let sampler = sampler();
    for (epoch, quotas) in QUOTAS.iter().enumerate() {
        assert_eq!(sampler.quotas(epoch).unwrap(), quotas, "t = {}", epoch + 1);
        assert_eq!(sampler.epoch_len(epoch).unwrap(), 100 * (epoch + 1));
    }
}

#[test]
fn it_starts_balanced_and_ends_in_the_data() {
    let sampler = sampler();
    let law = |epoch: usize| sampler.report(epoch).unwrap().target;
    assert_eq!((law(0).alpha, law(9).alpha), (Some(1.0), Some(5.0)));
    assert!(law(0).shares.iter().all(|share| (share - 0.1).abs() < 1e-15));
    for (share, n) in law(9).shares.iter().zip(COUNTS) {
        assert!((share * 1000.0 - n as f64).abs() < 1.0); // gamma * alpha(T) = 1.5, the exponent of the data
    }
    let mut list = sampler.epoch(9).unwrap().indices().to_vec();
    list.sort_unstable();
    assert_eq!(list, (0..1000).collect::<Vec<u32>>());
}

#[test]
fn the_majority_gains_share_in_every_epoch() {
    let sampler = sampler();
    let share = |epoch: usize| sampler.quotas(epoch).unwrap()[0] as f64 / sampler.epoch_len(epoch).unwrap() as f64;
    assert!((1..10).all(|epoch| share(epoch) > share(epoch - 1)));
    assert_eq!((share(0), share(9)), (0.1, 0.501));
}

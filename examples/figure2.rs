//! How does the class distribution change over the epochs? Draws the example of the paper's Figure 2.
//!
//! `cargo run --release -p climd-repro --example figure2` writes `docs/pictures/figure2.svg` and `.png`.

use climd::PowerLaw;
use climd::schedule::{Overflow, apportion};
use climd_networks::train::class_distribution;
use climd_repro::plot;

fn main() -> anyhow::Result<()> {
    // 1000 samples of 10 classes that fall off as rank^-1.5
    let shares: Vec<f64> = (1..=10).map(|rank| f64::from(rank).powf(-1.5)).collect();
    let sum: f64 = shares.iter().sum();
    let shares: Vec<f64> = shares.iter().map(|share| share / sum).collect();
    let counts = apportion(&[1000; 10], &shares, 1000, Overflow::Repeat)?;
    let labels: Vec<usize> = counts.iter().enumerate().flat_map(|(label, &n)| vec![label; n]).collect();

    let schedule = PowerLaw { epochs: 10, gamma: 0.3, alpha: Some(5.0), ..Default::default() };
    let epochs = class_distribution(&labels, 10, Box::new(schedule.clone()), schedule.epochs)?;
    for (epoch, counts) in epochs.iter().enumerate() {
        println!("t = {:2}: {counts:?}", epoch + 1);
    }
    let names: Vec<String> = (1..=10).map(|rank| format!("class {rank}")).collect();
    let t: Vec<usize> = (1..=10).collect();
    let title = "Figure 2: T = 10, C = 10, alpha(T) = 5, gamma = 0.3";
    plot::class_distribution("docs/pictures/figure2", title, &names, &t, &epochs)?;
    Ok(())
}

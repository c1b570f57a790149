//! `map`: budget by budget, and in each of them set by set.

use anyhow::Result;
use clap::Args;
use climd_repro::changes::Changes;
use climd_repro::map::{self, Cell};
use climd_repro::rate::Rate;

use super::options::{Sets, Splits, Work, end, minutes};

/// Options of `map`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    sets: Sets,
    #[command(flatten)]
    splits: Splits,
    /// Cells, each as imbalance, percent of wrong labels and percent of the steps: 50:40:10. Default: all.
    #[arg(long, value_name = "CELL", num_args = 1..)]
    cells: Vec<Cell>,
    /// Minutes after which it stops; the same command goes on later. Default: when all is done.
    #[arg(long, value_parser = minutes)]
    minutes: Option<f64>,
    #[command(flatten)]
    work: Work,
}

/// Trains what is not in the cache, and writes the map.
pub fn write(arguments: &Arguments) -> Result<()> {
    let Arguments { sets, splits, work, .. } = arguments;
    let until = arguments.minutes.and_then(end);
    let sets = sets.load(work)?;
    let mut lines = Vec::new();
    for cells in map::cells(&arguments.cells) {
        for dataset in &sets {
            let whole = splits.study(dataset, Changes::default(), Rate::Quick);
            lines.extend(work.run(&dataset.name, until, |runner| map::train(runner, &whole, &cells))?);
        }
    }
    println!("{}", map::write(&work.out(), splits.first_seed, lines)?);
    Ok(())
}

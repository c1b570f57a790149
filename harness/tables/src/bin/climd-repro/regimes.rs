//! `regimes`, and for a folder of the user's `paper`.

use anyhow::Result;
use clap::Args;
use climd_repro::rate::Rate;
use climd_repro::regimes::{self, Done, Regime};

use super::options::{Changed, Lr, Sets, Splits, Work};

/// Options of both.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    sets: Sets,
    #[command(flatten)]
    splits: Splits,
    /// Where learning rates come from; for each a section of the page.
    #[arg(long, value_enum, num_args = 1.., default_value = "own")]
    lr: Vec<Lr>,
    #[command(flatten)]
    changed: Changed,
    #[command(flatten)]
    work: Work,
}

/// Writes the page of all regimes for each data set.
pub fn write_all(arguments: &Arguments) -> Result<()> {
    write(arguments, "regimes", &regimes::all(arguments.splits.epochs()))
}

/// Writes the decisive table for each data set.
pub fn write_paper(arguments: &Arguments) -> Result<()> {
    write(arguments, "paper", &[regimes::default(arguments.splits.epochs())])
}

fn write(arguments: &Arguments, name: &str, wanted: &[Regime]) -> Result<()> {
    let Arguments { sets, splits, lr, changed, work } = arguments;
    for dataset in &sets.load(work)? {
        let study = |rate| splits.study(dataset, changed.changes(), rate);
        let sections = work.run(&dataset.name, None, |runner| {
            let of_rate = |rate: Rate| -> Result<(Rate, Vec<Done>)> {
                let study = study(rate);
                let all = wanted.iter().map(|regime| Done::run(runner, &study, regime.clone()));
                Ok((rate, all.collect::<Result<_>>()?))
            };
            lr.iter().map(|&lr| of_rate(lr.into())).collect::<Result<Vec<_>>>()
        })?;
        println!("{}", regimes::page(&study(Rate::Own), &sections));
        regimes::write(&work.out(), name, &study(Rate::Own), &sections)?;
    }
    Ok(())
}

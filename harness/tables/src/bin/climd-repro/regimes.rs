//! `regimes`, and for a folder of the user's `paper`.

use anyhow::Result;
use clap::Args;
use climd_repro::rate::Rate;
use climd_repro::regimes::{self, Done, Regime};

use super::options::{Lr, Studied};

/// Options of both.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    studied: Studied,
    /// Where learning rates come from; for each a section of the page.
    #[arg(long, value_enum, num_args = 1.., default_value = "own")]
    lr: Vec<Lr>,
}

/// Writes the page of all regimes for each data set.
pub fn write_all(arguments: &Arguments) -> Result<()> {
    write(arguments, "regimes", &regimes::all(arguments.studied.splits.epochs()))
}

/// Writes the decisive table for each data set.
pub fn write_paper(arguments: &Arguments) -> Result<()> {
    write(arguments, "paper", &[regimes::default(arguments.studied.splits.epochs())])
}

fn write(arguments: &Arguments, name: &str, wanted: &[Regime]) -> Result<()> {
    let Arguments { studied, lr } = arguments;
    let work = &studied.work;
    for dataset in &studied.load()? {
        let study = |rate| studied.study(dataset, rate);
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

//! `rates`: rules that choose a learning rate, side by side.

use anyhow::Result;
use clap::Args;
use climd_repro::experiment::Row;
use climd_repro::rate::Rate;
use climd_repro::rules;
use climd_repro::tables::Table;

use super::options::{Changed, Sets, Splits, Work};

/// Options of `rates`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    sets: Sets,
    #[command(flatten)]
    splits: Splits,
    #[command(flatten)]
    changed: Changed,
    #[command(flatten)]
    work: Work,
}

/// Writes the page of the rules, for all data sets.
pub fn write(arguments: &Arguments) -> Result<()> {
    let Arguments { sets, splits, changed, work } = arguments;
    let mut lines = Vec::new();
    for dataset in &sets.load(work)? {
        let study = splits.study(dataset, changed.changes(), Rate::Own);
        let rows: Vec<Row> = Table::Main.rows(study.epochs).into_iter().map(|row| row.row).collect();
        lines.extend(work.run(&dataset.name, None, |runner| rules::compare(runner, &study, &rows))?);
    }
    rules::write(&work.out(), splits.epochs(), &lines)
}

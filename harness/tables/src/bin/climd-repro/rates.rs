//! `rates`: rules that choose a learning rate, side by side.

use anyhow::Result;
use climd_repro::experiment::Row;
use climd_repro::rate::Rate;
use climd_repro::rules;
use climd_repro::tables::Table;

use super::options::Studied;

/// Writes the page of the rules, for all data sets.
pub fn write(studied: &Studied) -> Result<()> {
    let mut lines = Vec::new();
    for dataset in &studied.load()? {
        let study = studied.study(dataset, Rate::Own);
        let rows: Vec<Row> = Table::Main.rows(study.epochs).into_iter().map(|row| row.row).collect();
        lines.extend(studied.work.run(&dataset.name, None, |runner| rules::compare(runner, &study, &rows))?);
    }
    rules::write(&studied.work.out(), studied.splits.epochs(), &lines)
}

//! Makes the tables of the paper and our own, on real data, over splits.
//!
//! Finished runs are kept in a cache. A table that was interrupted goes on where it stopped.

mod answer;
mod lengths;
mod map;
mod options;
mod rates;
mod regimes;
mod table;
mod targets;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use climd_repro::chest;
use climd_repro::tables::Table;

/// Tables of mean and standard deviation over splits, with the baseline in the same run.
#[derive(Debug, Parser)]
enum Command {
    /// Networks.
    Table1(table::Arguments),
    /// Methods for imbalance.
    Table2(table::Arguments),
    /// The curriculum around every network.
    Table3(table::Arguments),
    /// Table 3 with the learning rate, the steps and the full batches of each network's authors.
    #[command(mut_arg("lr", |lr| lr.hide(true)))]
    Native(table::Arguments),
    /// Parts of the measurer, and other schedulers.
    Table4(table::Arguments),
    /// Controls, prior correction and other samplers.
    Beyond(table::Arguments),
    /// The rows that the advice rests on.
    Advice(table::Arguments),
    /// Prior correction and trimming with wrong labels.
    LabelNoise(table::Arguments),
    /// The curriculum with scores from training steps, beside full measurements.
    Observe(table::Arguments),
    /// Plain training and the curriculum, with and without prior correction, with recalls and times.
    Main(table::Arguments),
    /// What to use on a folder of yours, as far as --minutes allow: which method, by how much, how sure, and the code.
    #[command(mut_arg("seeds", |seeds| seeds.default_value("20")))]
    Answer(answer::Arguments),
    /// CLIMD beside plain training under other settings, and in the epoch that is best on the test part.
    Regimes(regimes::Arguments),
    /// The decisive table on a folder of yours, such as the paper's own cohort: last and best epochs, each row tuned.
    Paper(regimes::Arguments),
    /// When a curriculum pays: the rows of `answer` over imbalance, wrong labels and training budget. Every row has its
    /// own rate, of 3e-4, 1e-3 and 3e-3, from one inner split.
    Map(map::Arguments),
    /// How long to train: the rows of `answer` after a tenth of the epochs up to twice as many.
    #[command(mut_arg("shares", |shares| shares.default_values(["10", "25", "50", "100", "200"])))]
    Lengths(lengths::Arguments),
    /// Rules that choose a learning rate, for plain training, the curriculum and prior correction.
    Rates(options::Studied),
    /// Samplers on data with several labels a sample: yeast and padchest-reports, as `make data-labels` fetches them.
    Targets(targets::Arguments),
    /// Splits, sites and epochs of three sets of chest X-rays, as `make data-chest` fetches them; trains nothing.
    Chest {
        /// Folder for tables.
        #[arg(long, value_name = "DIR", default_value = "results")]
        out: PathBuf,
    },
}

fn main() -> Result<()> {
    match Command::parse() {
        Command::Table1(arguments) => table::write(Table::Table1, &arguments),
        Command::Table2(arguments) => table::write(Table::Table2, &arguments),
        Command::Table3(arguments) => table::write(Table::Table3, &arguments),
        Command::Native(arguments) => table::write(Table::Native, &arguments),
        Command::Table4(arguments) => table::write(Table::Table4, &arguments),
        Command::Beyond(arguments) => table::write(Table::Beyond, &arguments),
        Command::Advice(arguments) => table::write(Table::Advice, &arguments),
        Command::LabelNoise(arguments) => table::write(Table::LabelNoise, &arguments),
        Command::Observe(arguments) => table::write(Table::Observe, &arguments),
        Command::Main(arguments) => table::write(Table::Main, &arguments),
        Command::Answer(arguments) => answer::write(arguments),
        Command::Regimes(arguments) => regimes::write_all(&arguments),
        Command::Paper(arguments) => regimes::write_paper(&arguments),
        Command::Map(arguments) => map::write(&arguments),
        Command::Lengths(arguments) => lengths::write(&arguments),
        Command::Rates(studied) => rates::write(&studied),
        Command::Targets(arguments) => targets::write(&arguments),
        Command::Chest { out } => chest::write("data/chest".as_ref(), &out),
    }
}

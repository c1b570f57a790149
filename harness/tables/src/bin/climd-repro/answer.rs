//! `answer`: everything is read from the reader's folder, and is kept in it.

use anyhow::Result;
use clap::Args;
use climd_repro::answer::answer;
use climd_repro::candidates::Candidates;
use climd_repro::changes::Changes;

use super::options::{Lr, Shares, Splits, Work, end, folder, load, minutes};

/// Options of `answer`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder, or the name of one under data/.
    #[arg(long, value_name = "DIR")]
    data: String,
    /// Use only this number of samples, stratified, for a quick look.
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    #[command(flatten)]
    splits: Splits,
    /// Where learning rates come from.
    #[arg(long, value_enum, default_value_t = Lr::Own)]
    lr: Lr,
    #[command(flatten)]
    shares: Shares,
    /// Minutes after which it stops; the same command goes on later.
    #[arg(long, default_value_t = 30.0, value_parser = minutes)]
    minutes: f64,
    #[command(flatten)]
    work: Work,
}

/// Writes and prints the answer, as far as the time allows.
pub fn write(mut arguments: Arguments) -> Result<()> {
    let folder = folder(&arguments.data)?;
    arguments.work.out.get_or_insert_with(|| folder.join("climd-answer"));
    let end = end(arguments.minutes);
    let mut dataset = load(&arguments.data, arguments.samples)?;
    dataset.split = None; // intervals need several
    let study = arguments.splits.study(&dataset, Changes::default(), arguments.lr.into());
    let has_lengths = Candidates::of(&arguments.shares.shares, study.epochs).epochs.len() > 1;
    study.check_splits(if has_lengths { study.rate.inner() } else { 0 })?; // and not only when the time is half over
    let answer = arguments.work.run(&dataset.name, end, |runner| answer(runner, &study, &arguments.shares.shares))?;
    let words = std::env::args().skip(1).map(|word| if word.contains(' ') { format!("'{word}'") } else { word });
    let command = format!("climd-repro {}", words.collect::<Vec<_>>().join(" "));
    println!("{}", answer.page(&command));
    answer.write(&arguments.work.out(), &command)
}

//! A table of rows, and its page: `table1` to `table4`, `native`, `beyond`, `advice`, `label-noise`, `observe`, `main`.

use std::fs;

use anyhow::{Context, Result, ensure};
use clap::Args;
use climd_data::Dataset;
use climd_networks::config::Part;
use climd_repro::experiment::{Row, Runner, Study};
use climd_repro::overview::overview;
use climd_repro::pooled::Source;
use climd_repro::progress::Progress;
use climd_repro::rate::Rate;
use climd_repro::results::Page;
use climd_repro::section::Section;
use climd_repro::tables::{Table, TableRow, keep};
use climd_repro::{comparisons, patients, shift};

use super::options::{Lr, Studied};

/// Options of a table.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    studied: Studied,
    /// Where learning rates come from; for each a section of the page. Default: tuned and paper.
    #[arg(long, value_enum, num_args = 1..)]
    lr: Vec<Lr>,
    /// Train only rows whose names hold one of these texts, and those that they are compared with; the page then has
    /// every row of the table whose runs are all there.
    #[arg(long, value_name = "TEXT", num_args = 1..)]
    rows: Vec<String>,
    /// Number of splits for plots of the course of training; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 0)]
    curves: u64,
}

impl Arguments {
    fn rates(&self, table: Table) -> Result<Vec<Rate>> {
        if table == Table::Native {
            ensure!(self.lr.is_empty(), "--lr: `native` has the rates of the networks' authors: leave it out");
            return Ok(vec![Rate::Native]);
        }
        let given: Vec<Rate> = self.lr.iter().map(|&lr| lr.into()).collect();
        Ok(if given.is_empty() { vec![Rate::Tuned, Rate::Paper] } else { given })
    }
}

/// Writes the page of the table for each data set.
pub fn write(table: Table, arguments: &Arguments) -> Result<()> {
    let rates = arguments.rates(table)?;
    arguments.studied.load()?.iter().try_for_each(|dataset| one(table, arguments, &rates, dataset))
}

fn one(table: Table, arguments: &Arguments, rates: &[Rate], dataset: &Dataset) -> Result<()> {
    let (work, out) = (&arguments.studied.work, arguments.studied.work.out());
    let mut rows = table.rows(arguments.studied.splits.epochs());
    if dataset.name != "brca" || arguments.studied.sets.are_cut() {
        rows.iter_mut().for_each(|row| row.paper = None); // the paper's figures are of breast cancer
    }
    let study = arguments.studied.study(dataset, Rate::Tuned);
    let mut page = Page::new(table, &study);
    work.run(&dataset.name, None, |runner| {
        for &rate in rates {
            let study = Study { rate, ..study };
            let rows = wanted(&rows, &arguments.rows, runner, &study)?;
            let plain: Vec<Row> = rows.iter().map(|row| row.row.clone()).collect();
            let results = runner.rows(&study, &plain, Part::Test, 0)?;
            let source = Source { page: &page, study: &study, rates, rows: &rows, results: &results };
            shift::add(&out, &source)?;
            patients::add(&out, &source)?;
            page.push(Section::new(rate, &rows, &results).with_contrasts(&table.contrasts(), &results));
            if arguments.curves > 0 {
                let few = Study { seeds: arguments.curves, ..study };
                let curves = runner.rows(&few, &Page::plotted(&rows), Part::Validation, 20)?;
                page.plot(&out, &curves, few.curriculum_end()?)?;
            }
        }
        Ok(())
    })?;
    println!("{}", page.markdown());
    let writing = Progress::new(&dataset.name, work.quiet)?;
    writing.part("writing tables", 0, 0);
    page.write(&out)?;
    comparisons::write(&out)?;
    if let (Table::Beyond | Table::Advice | Table::LabelNoise, Some(text)) = (table, overview(&out, table)?) {
        let file = out.join(format!("overview-{}.md", table.name()));
        fs::write(&file, text).with_context(|| format!("--out: `{}` cannot be written", file.display()))?;
    }
    Ok(())
}

/// The rows of the page: all, if no texts are given. Else the rows that have one of them in their names are trained
/// first, and the page has those whose runs are all there.
fn wanted(rows: &[TableRow], texts: &[String], runner: &Runner<'_>, study: &Study<'_>) -> Result<Vec<TableRow>> {
    if texts.is_empty() {
        return Ok(rows.to_vec());
    }
    let named = |row: &TableRow| texts.iter().any(|text| row.row.name.contains(text));
    ensure!(rows.iter().any(named), "--rows: no row of this table has one of {texts:?} in its name");
    let compared: Vec<usize> = rows.iter().filter(|row| named(row)).filter_map(|row| row.against).collect();
    let chosen = rows.iter().enumerate().filter(|(at, row)| named(row) || compared.contains(at));
    runner.rows(study, &chosen.map(|(_, row)| row.row.clone()).collect::<Vec<_>>(), Part::Test, 0)?;
    let done = rows.iter().map(|row| runner.is_done(study, &row.row, Part::Test, 0));
    let mut done = done.collect::<Result<Vec<bool>>>()?.into_iter();
    Ok(keep(rows.to_vec(), |_| done.next().unwrap_or(false)))
}

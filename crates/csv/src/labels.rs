//! Labels of samples: one in each cell of a column, several in a cell, or columns of ones and zeros.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::cell::{Decimal, is_missing_label, number};
use crate::columns::Column;
use crate::found::{Kind, Labels, ranges};
use crate::names::alike;
use crate::several::{Inside, Several};
use crate::{Error, Result, Sheet, listed, one_hot};

/// Which labels to read.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The column of the labels.
    pub column: Column<'a>,
    /// One-hot columns by name, number or range of numbers, instead of `column`.
    pub one_hot: &'a [String],
    /// Whether `NA`, `None` and so on are names of classes.
    pub keep_missing: bool,
}

impl Labels {
    /// Reads the labels of a sheet.
    ///
    /// If no column is wanted and none has a usual name, columns that together have one 1 in each row are read as
    /// one-hot columns. Samples whose label is missing are left out, with a warning.
    ///
    /// # Errors
    /// Those of [`Sheet::find`]; [`Error::NoLabel`], [`Error::IdsNotLabels`], [`Error::NotOneHot`], [`Error::Empty`].
    pub fn read(sheet: &Sheet, wanted: Wanted<'_>) -> Result<Labels> {
        if sheet.is_empty() {
            return Err(Error::Empty { file: sheet.file().into(), lacks: "labels" });
        }
        if !wanted.one_hot.is_empty() {
            let columns: Result<Vec<Vec<usize>>> =
                wanted.one_hot.iter().map(|name| sheet.named_range(name, "--one-hot")).collect();
            return one_hot::read(sheet, columns?.concat());
        }
        let column = wanted.column;
        if column.wanted.is_none()
            && sheet.usual(column).is_none()
            && let Some(columns) = one_hot::detect(sheet)
        {
            return one_hot::read(sheet, columns);
        }
        let at = sheet.find(column).map_err(|error| with_hint(error, sheet))?;
        Self::of_column(sheet, at, wanted)
    }

    fn of_column(sheet: &Sheet, at: usize, wanted: Wanted<'_>) -> Result<Labels> {
        let mut warnings = Vec::new();
        let usual = if wanted.column.wanted.is_none() { sheet.all_usual(wanted.column) } else { Vec::new() };
        if let [_, others @ ..] = &usual[..]
            && !others.is_empty()
        {
            let others: Vec<String> = others.iter().map(|&other| column_name(sheet, other)).collect();
            warnings.push(format!(
                "{} is read, but {} could hold the labels, too: say which one is meant with {}",
                column_name(sheet, at),
                others.join(" and "),
                wanted.column.option
            ));
        }
        let missing = missing(sheet, at, wanted.keep_missing, &mut warnings);
        let rows: Vec<usize> = (0..sheet.len()).filter(|&row| !missing.contains(sheet.cell(row, at))).collect();
        let no_label = |cells: &HashSet<&str>| Error::NoLabel {
            file: sheet.file().into(),
            column: at + 1,
            rows: sheet.len(),
            found: listed(
                &cells.iter().map(|cell| quoted(cell)).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(),
            ),
            columns: sheet.columns(),
        };
        if rows.is_empty() {
            return Err(no_label(&missing));
        }
        let cells: Vec<&str> = rows.iter().map(|&row| sheet.cell(row, at)).collect();
        let distinct: HashSet<&str> = cells.iter().copied().collect();
        let several = Several::of(&distinct);
        if several.is_none() {
            look_for_ids(sheet, at, &cells, distinct.len(), wanted.column, &mut warnings)?;
        }
        let parts = |cell: &'_ str| -> Vec<String> {
            several.map_or_else(|| vec![cell.to_owned()], |several| several.labels(cell))
        };
        let mut classes: Vec<String> = distinct.iter().flat_map(|cell| parts(cell)).collect();
        if let Some(Several { inside: Inside::Vector(width), .. }) = several {
            classes = (0..width).map(|class| class.to_string()).collect();
        }
        if classes.is_empty() {
            return Err(no_label(&distinct)); // empty lists
        }
        if let Some(warning) = several.and_then(|several| about_brackets(several, cells[0])) {
            warnings.push(format!("{}: {warning}", column_name(sheet, at)));
        }
        sort(&mut classes);
        classes.dedup();
        let number_of: HashMap<&str, u32> =
            (0..).zip(&classes).map(|(number, class)| (class.as_str(), number)).collect();
        let mut of_cell: HashMap<&str, Vec<u32>> = HashMap::new();
        for cell in &distinct {
            let mut numbers: Vec<u32> = parts(cell).iter().map(|part| number_of[part.as_str()]).collect();
            numbers.sort_unstable();
            numbers.dedup(); // twice in a cell counts once
            of_cell.insert(cell, numbers);
        }
        let (mut starts, mut labels) = (vec![0], Vec::with_capacity(cells.len()));
        for cell in &cells {
            labels.extend(&of_cell[cell]);
            starts.push(labels.len());
        }
        let unknown_starts = vec![0; starts.len()];
        let kind = several.map_or(Kind::Column(at), |several| Kind::Cells(at, several.between));
        let mut found = Labels { classes, starts, labels, unknown_starts, unknown: Vec::new(), rows, kind, warnings };
        found.warn_of_alike();
        found.plain_numbers();
        Ok(found)
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no samples. Labels that were read always have one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The labels of a sample, ascending.
    #[must_use]
    pub fn of(&self, sample: usize) -> &[u32] {
        &self.labels[self.starts[sample]..self.starts[sample + 1]]
    }

    /// The label of each sample, if each has exactly one.
    #[must_use]
    pub fn single(&self) -> Option<&[u32]> {
        let one = self.unknown.is_empty() && self.starts.windows(2).all(|pair| pair[1] == pair[0] + 1);
        one.then_some(&self.labels)
    }

    /// Number of samples of each class. A sample with several labels counts for each of them.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        self.labels.iter().for_each(|&label| counts[label as usize] += 1);
        counts
    }

    /// Warns of names that are probably the same class.
    pub(crate) fn warn_of_alike(&mut self) {
        let counts = self.counts();
        for group in alike(&self.classes) {
            let names: Vec<String> =
                group.iter().map(|&at| format!("`{}` ({})", self.classes[at], counts[at])).collect();
            self.warnings.push(format!(
                "{} differ in case, spaces or number format alone, and count as {} classes: write them alike if \
                 they are one",
                names.join(" and "),
                group.len()
            ));
        }
    }

    /// `0.000e+00` is class 0, if all names are numbers that differ.
    fn plain_numbers(&mut self) {
        let numbers: Option<Vec<f64>> =
            self.classes.iter().map(|name| name.parse().ok().filter(|x: &f64| x.is_finite())).collect();
        if numbers.is_some() && alike(&self.classes).is_empty() {
            for name in &mut self.classes {
                // not of `007`, which may be a code
                if let (true, Ok(value)) = (name.contains(['.', 'e', 'E']), name.parse::<f64>()) {
                    *name = (if value == 0.0 { 0.0 } else { value }).to_string();
                }
            }
        }
    }
}

/// Numbers by their value, anything else by its letters.
fn sort(classes: &mut [String]) {
    let value = |name: &str| number(name, Decimal::Point);
    match classes.iter().all(|name| value(name).is_some()) {
        true => {
            classes.sort_by(|a, b| value(a).partial_cmp(&value(b)).unwrap_or(std::cmp::Ordering::Equal).then(a.cmp(b)))
        }
        false => classes.sort_unstable(),
    }
}

/// The texts of the column that stand for a missing label.
fn missing<'a>(sheet: &'a Sheet, at: usize, keep: bool, warnings: &mut Vec<String>) -> HashSet<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    sheet.cells(at).for_each(|cell| *counts.entry(cell).or_default() += 1);
    let (gone, named): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) =
        counts.into_iter().partition(|(cell, _)| is_missing_label(cell));
    let smallest = named.values().min().copied().unwrap_or(0);
    // `None` may be the class of those who have nothing, and then there are as many as of a class
    let is_class = |cell: &str, count: usize| {
        !cell.is_empty() && (keep || (cell.eq_ignore_ascii_case("none") && smallest > 0 && count >= smallest.max(2)))
    };
    let (kept, gone): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) =
        gone.into_iter().partition(|&(cell, count)| is_class(cell, count));
    let column = column_name(sheet, at);
    for (cell, count) in kept.iter().filter(|_| !keep) {
        warnings.push(format!(
            "{column}: `{cell}` ({count}) is often written for a missing label; it counts as a class here, as it is as \
             frequent as one: empty the cells if it is none"
        ));
    }
    let gone: HashSet<&str> = gone.into_keys().collect();
    if !gone.is_empty() && !named.is_empty() {
        let rows: Vec<usize> = (0..sheet.len()).filter(|&row| gone.contains(sheet.cell(row, at))).collect();
        let numbers: Vec<usize> = rows.iter().map(|&row| sheet.number(row)).collect();
        let mut texts: Vec<&str> = rows.iter().map(|&row| sheet.cell(row, at)).collect();
        let mut seen = HashSet::new();
        texts.retain(|cell| seen.insert(*cell));
        let texts: Vec<String> = texts.iter().map(|cell| quoted(cell)).collect();
        let (have, plural) = if rows.len() == 1 { ("has no label", "row") } else { ("have no label", "rows") };
        warnings.push(format!(
            "{column}: {plural} {} {have} ({} {} like a missing one): left out, {} in all; if it names a class, \
             keep it with --keep-missing",
            ranges(&numbers),
            texts.join(", "),
            if texts.len() == 1 { "looks" } else { "look" },
            rows.len()
        ));
    }
    gone
}

fn quoted(cell: &str) -> String {
    if cell.is_empty() { "an empty cell".into() } else { format!("`{cell}`") }
}

pub(crate) fn column_name(sheet: &Sheet, at: usize) -> String {
    match sheet.names() {
        Some(names) => format!("column `{}`", names[at]),
        None => format!("column {}", at + 1),
    }
}

/// What brackets hold beside the names of labels.
fn about_brackets(several: Several, cell: &str) -> Option<String> {
    match several.inside {
        Inside::Labels => None,
        Inside::Values => Some(format!(
            "cells such as `{cell}` hold names with values; each name counts as a label, whatever its value is: if a \
             label is absent with some value, leave it out of the cell"
        )),
        Inside::Vector(width) => Some(format!(
            "cells such as `{cell}` hold a 1 or a 0 for each of {width} classes; the classes are called 0 to {}, by \
             their places",
            width - 1
        )),
    }
}

/// Names of rows, and measurements, that stand where labels should be.
fn look_for_ids(
    sheet: &Sheet,
    at: usize,
    cells: &[&str],
    distinct: usize,
    wanted: Column<'_>,
    warnings: &mut Vec<String>,
) -> Result<()> {
    const MANY: usize = 10;
    let (rows, column) = (cells.len(), column_name(sheet, at));
    if distinct == rows && rows > 1 {
        if rows >= MANY && wanted.wanted.is_none() && sheet.usual(wanted).is_none() {
            return Err(Error::IdsNotLabels {
                file: sheet.file().into(),
                column: at + 1,
                rows,
                example: cells[0].into(),
                columns: sheet.columns(),
                option: wanted.option.into(),
            });
        }
        warnings.push(format!(
            "{column}: each of the {rows} rows has a value of its own (`{}`, ...), as an id has, so each is a class of \
             its own; {}: name another with {}",
            cells[0],
            sheet.columns(),
            wanted.option
        ));
        return Ok(());
    }
    let fraction = |cell: &&&str| number(cell, Decimal::Point).is_some_and(|value| value.fract() != 0.0);
    if 2 * distinct > rows && rows >= MANY {
        warnings.push(format!(
            "{column} has {distinct} different values in {rows} rows: is it an id or a measurement? {}; name \
             another with {}",
            sheet.columns(),
            wanted.option
        ));
    } else if distinct >= MANY && cells.iter().filter(fraction).count() * 2 > rows {
        warnings.push(format!(
            "{column} holds {distinct} different numbers, most of them fractions, and each counts as a class: is it a \
             measurement? put it into classes, or name another column with {}",
            wanted.option
        ));
    }
    Ok(())
}

/// Which columns could be one-hot, where no column of labels is found.
fn with_hint(error: Error, sheet: &Sheet) -> Error {
    match error {
        Error::WhichColumn { file, option, usual, found } => {
            let columns = one_hot::possible(sheet);
            let found = match columns.len() {
                0 | 1 => found,
                _ => {
                    let all = one_hot::option(sheet, &columns);
                    format!(
                        "{found}; those of ones and zeros, -1 or gaps can be read as labels with --one-hot \"{all}\""
                    )
                }
            };
            Error::WhichColumn { file, option, usual, found }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_shown_as_ranges() {
        assert_eq!(ranges(&[1, 4, 5, 6, 9, 10]), "1, 4 to 6, 9, 10");
        assert_eq!(ranges(&[1, 3, 5, 7, 9, 11, 13, 14]), "1, 3, 5, 7, 9 and 3 more");
    }
}

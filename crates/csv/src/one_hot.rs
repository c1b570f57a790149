//! Labels as columns of ones and zeros, one for each class.

use crate::found::{Kind, Labels, ranges};
use crate::listed::SHOWN;
use crate::{Error, Result, Sheet, is_missing};

/// The most columns that may be classes. More are features.
const MOST: usize = 500;
/// Share of rows that may have no 1, if the user did not name the columns.
const UNLABELLED: f64 = 0.1;

/// What a cell of such a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Yes,
    No,
    Unknown,
}

fn entry(cell: &str) -> Option<Entry> {
    match cell.parse::<f64>() {
        Ok(1.0) => return Some(Entry::Yes),
        Ok(0.0) => return Some(Entry::No),
        Ok(-1.0) => return Some(Entry::Unknown), // CheXpert's
        Ok(value) if value.is_finite() => return None,
        _ => {}
    }
    match () {
        () if cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("yes") => Some(Entry::Yes),
        () if cell.eq_ignore_ascii_case("false") || cell.eq_ignore_ascii_case("no") => Some(Entry::No),
        () if is_missing(cell) => Some(Entry::Unknown),
        () => None,
    }
}

/// Columns that hold only ones and zeros.
fn binary(sheet: &Sheet) -> Vec<usize> {
    columns_of(sheet, |entry| matches!(entry, Some(Entry::Yes | Entry::No)))
}

/// Columns that can be read if the user names them: they hold a one somewhere, and entries alone.
pub(crate) fn possible(sheet: &Sheet) -> Vec<usize> {
    let mut columns = columns_of(sheet, |entry| entry.is_some());
    columns.retain(|&column| sheet.cells(column).any(|cell| entry(cell) == Some(Entry::Yes)));
    columns
}

/// Columns all of whose cells are so. Without names they are no labels, and too many are features.
fn columns_of(sheet: &Sheet, is: impl Fn(Option<Entry>) -> bool) -> Vec<usize> {
    if sheet.names().is_none() || sheet.len() < 2 {
        return Vec::new();
    }
    let all = |&column: &usize| Some(column) != sheet.index() && sheet.cells(column).all(|cell| is(entry(cell)));
    let columns: Vec<usize> = (0..sheet.width()).filter(all).collect();
    if columns.len() > MOST { Vec::new() } else { columns }
}

/// What an option that names all these columns says: a few by their names, many by their numbers.
pub(crate) fn option(sheet: &Sheet, columns: &[usize]) -> String {
    let names = sheet.names().unwrap_or_default();
    let is_plain = |&at: &usize| {
        let meant = sheet.named(&names[at], "").is_ok_and(|found| found == at);
        meant && !names[at].contains([',', '"']) && names[at].trim() == names[at]
    };
    if columns.len() <= SHOWN && !names.is_empty() && columns.iter().all(is_plain) {
        return columns.iter().map(|&at| names[at].as_str()).collect::<Vec<_>>().join(",");
    }
    let run = |run: &[usize]| match run {
        [from, .., to] => format!("{}-{}", from + 1, to + 1),
        _ => (run[0] + 1).to_string(),
    };
    columns.chunk_by(|a, b| a + 1 == *b).map(run).collect::<Vec<_>>().join(",")
}

/// The columns that together have one 1 in each row: all columns of ones and zeros, or the longest run of neighbours.
pub(crate) fn detect(sheet: &Sheet) -> Option<Vec<usize>> {
    let all = binary(sheet);
    let mut runs: Vec<Vec<usize>> = all.chunk_by(|a, b| a + 1 == *b).map(<[usize]>::to_vec).collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
    [all].into_iter().chain(runs).find(|columns| {
        let ones = |row: usize| columns.iter().filter(|&&at| entry(sheet.cell(row, at)) == Some(Entry::Yes)).count();
        let (mut one, mut none) = (0, 0);
        for row in 0..sheet.len() {
            match ones(row) {
                1 => one += 1,
                0 => none += 1,
                _ => return false,
            }
        }
        // some classes may have no sample, but not all but one
        let used = columns.iter().filter(|&&at| sheet.cells(at).any(|cell| entry(cell) == Some(Entry::Yes))).count();
        let few = columns.len() > 2 && none as f64 <= UNLABELLED * sheet.len() as f64;
        used > 1 && one > 0 && (none == 0 || few)
    })
}

/// Reads these columns.
///
/// # Errors
/// [`Error::NotOneHot`] for a cell that is neither 1, 0, -1 nor missing; [`Error::Empty`] if no row has a label.
pub(crate) fn read(sheet: &Sheet, mut columns: Vec<usize>) -> Result<Labels> {
    let mut seen = std::collections::HashSet::new();
    columns.retain(|&at| seen.insert(at));
    let name = |&at: &usize| sheet.names().map_or_else(|| format!("column {}", at + 1), |names| names[at].clone());
    let (mut starts, mut labels) = (vec![0], Vec::new());
    let (mut unknown_starts, mut unknown) = (vec![0], Vec::new());
    for row in 0..sheet.len() {
        for (number, &at) in (0..).zip(&columns) {
            let cell = sheet.cell(row, at);
            match entry(cell) {
                Some(Entry::Yes) => labels.push(number),
                Some(Entry::No) => {}
                Some(Entry::Unknown) => unknown.push(number),
                None => {
                    let (place, option) = (sheet.place(row, at), "--one-hot".into());
                    return Err(Error::NotOneHot { place, found: cell.into(), option });
                }
            }
        }
        starts.push(labels.len());
        unknown_starts.push(unknown.len());
    }
    if labels.is_empty() {
        return Err(Error::Empty { file: sheet.file().into(), lacks: "1 in the one-hot columns" });
    }
    let rows: Vec<usize> = (0..sheet.len()).collect();
    let kind = Kind::MultiHot(columns.clone());
    let classes = columns.iter().map(name).collect();
    let mut found = Labels { classes, starts, labels, unknown_starts, unknown, rows, kind, warnings: Vec::new() };
    let widest = found.starts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    if widest <= 1 && found.unknown.is_empty() {
        found = single(sheet, found, columns);
    } else if !found.unknown.is_empty() {
        found.warnings.push(format!(
            "{} entries of the one-hot columns are -1 or empty: they count as unknown, neither as \
             present nor as absent",
            found.unknown.len()
        ));
    }
    found.warn_of_alike();
    Ok(found)
}

/// One label for each sample. Rows that hold only zeros have no label, and are left out.
fn single(sheet: &Sheet, found: Labels, columns: Vec<usize>) -> Labels {
    let has = |row: &usize| found.starts[row + 1] > found.starts[*row];
    let without: Vec<usize> = (0..sheet.len()).filter(|row| !has(row)).map(|row| sheet.number(row)).collect();
    let rows: Vec<usize> = (0..sheet.len()).filter(has).collect();
    let mut warnings = found.warnings;
    if !without.is_empty() {
        let (word, have) = if without.len() == 1 { ("row", "has") } else { ("rows", "have") };
        warnings.push(format!(
            "{word} {} {have} no 1 in the one-hot columns: left out, {} in all",
            ranges(&without),
            without.len()
        ));
    }
    let starts: Vec<usize> = (0..=rows.len()).collect();
    Labels { unknown_starts: vec![0; starts.len()], starts, rows, warnings, kind: Kind::OneHot(columns), ..found }
}

//! Decides whether the first row names the columns, and says why.
//!
//! A header that is read as data is one sample too many. Data that are read as a header are a lost sample, and perhaps
//! a lost class. So the first row is compared with the rows below, and the reason is always shown.

use std::collections::HashSet;
use std::fmt;

use crate::cell::{Decimal, is_missing, number};
use crate::columns::is_usual;
use crate::pieces::Pieces;

/// What the first row is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Whether it names the columns.
    pub present: bool,
    /// Why.
    pub why: Why,
    /// Its number.
    pub row: usize,
}

/// Why the first row is taken for a header, or for data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The user said so.
    Asked,
    /// It holds a name that columns of labels, ids and so on usually have.
    Usual(String),
    /// It holds text above a column of numbers.
    AboveNumbers(String),
    /// It begins with an empty cell above an index, as pandas writes it.
    Index,
    /// It counts the columns: 0, 1, 2, ..., as pandas names columns that have no names.
    Counts,
    /// All values below have one shape, such as `P17`, and this one has another.
    OtherShape(String),
    /// It holds a value that the rows below hold, too.
    Again(String),
    /// It holds numbers, and all rows below hold numbers.
    Numbers,
    /// It holds a value of the shape that all values below have.
    SameShape(String),
    /// Nothing decides.
    Unsure(String),
}

impl Header {
    /// Whether the rows below decide. Otherwise the user should look.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        !matches!(self.why, Why::Unsure(_))
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.present { "names the columns" } else { "is data: there is no header" };
        write!(f, "row {} {what}, ", self.row)?;
        match &self.why {
            Why::Asked => write!(f, "as asked"),
            Why::Usual(name) => write!(f, "as `{name}` is a usual name of one"),
            Why::AboveNumbers(name) => write!(f, "as `{name}` stands above numbers"),
            Why::Index => write!(f, "as its first cell is empty above an index, which is how pandas writes one"),
            Why::Counts => write!(f, "as it counts 0, 1, 2, ..., which is how pandas writes columns without names"),
            Why::OtherShape(name) => write!(f, "as `{name}` is unlike every value below it"),
            Why::Again(value) => write!(f, "as `{value}` is in the rows below, too"),
            Why::Numbers => write!(f, "as it holds numbers like the rows below"),
            Why::SameShape(value) => write!(f, "as `{value}` is like every value below it"),
            Why::Unsure(name) => {
                write!(f, "as most files have a header; if `{name}` is a value, say so with --no-header")
            }
        }
    }
}

/// Number of rows below the first that are compared with it.
const SAMPLE: usize = 1000;

/// Compares the first row with those below.
pub(crate) fn decide(pieces: &Pieces) -> (bool, Why) {
    if pieces.len() == 0 {
        return (true, Why::Unsure(String::new()));
    }
    let first: Vec<&str> = pieces.cells(0).collect();
    let below = |column: usize| (1..pieces.len().min(SAMPLE)).map(move |at| pieces.cell(at, column));
    if let Some(&name) = (0..first.len())
        .find(|&at| is_usual(first[at]) && !below(at).any(|cell| cell == first[at]))
        .map(|at| &first[at])
    {
        return (true, Why::Usual(name.into()));
    }
    let is_index = |name: &str| name.is_empty() || name.starts_with("Unnamed:");
    if first.len() > 1
        && is_index(first[0])
        && first[1..].iter().all(|name| !name.is_empty())
        && !below(0).any(str::is_empty)
    {
        return (true, Why::Index);
    }
    if pieces.len() > 1 && counts_columns(&first, pieces) {
        return (true, Why::Counts);
    }
    let votes: Vec<(bool, Why)> = (0..first.len()).filter_map(|at| vote(first[at], below(at))).collect();
    let (headers, data): (Vec<_>, Vec<_>) = votes.into_iter().partition(|(present, _)| *present);
    // the surest sign of data is a value that comes again, the surest sign of a header is a name above numbers
    let sure = |votes: &[(bool, Why)]| {
        let rank = |why: &Why| match why {
            Why::AboveNumbers(_) | Why::Again(_) => 0,
            Why::Numbers => 1,
            _ => 2,
        };
        votes.iter().min_by_key(|(_, why)| rank(why)).cloned()
    };
    match (sure(&headers), sure(&data)) {
        (Some(header), None) => header,
        (None, Some(data)) => data,
        (Some(header), Some(_)) if matches!(header.1, Why::AboveNumbers(_)) && headers.len() >= data.len() => header,
        (_, Some(data)) => data,
        (None, None) if pieces.len() == 1 && first.iter().all(|cell| number(cell, Decimal::Comma).is_some()) => {
            (false, Why::Numbers)
        }
        (None, None) => {
            (true, Why::Unsure(first.iter().find(|cell| !cell.is_empty()).copied().unwrap_or_default().into()))
        }
    }
}

/// Whether the first row is 0, 1, 2, ... or 1, 2, 3, ..., and the rows below are not. A first cell with text does not
/// count.
fn counts_columns(first: &[&str], pieces: &Pieces) -> bool {
    let named = usize::from(number(first[0], Decimal::Point).is_none());
    let cells = &first[named..];
    let start = match cells.first() {
        Some(&"0") => 0,
        Some(&"1") => 1,
        _ => return false,
    };
    if cells.len() < 2 || !cells.iter().enumerate().all(|(at, cell)| *cell == (start + at).to_string()) {
        return false;
    }
    // if the first column counts the rows from here on, this row is data
    let counts_rows = (0..pieces.len().min(SAMPLE)).all(|at| pieces.cell(at, 0) == (start + at).to_string());
    let whole = |cell: &str| number(cell, Decimal::Comma).is_none() || cell.parse::<i64>().is_ok();
    let fractions = (1..pieces.len().min(SAMPLE)).any(|at| pieces.cells(at).skip(named).any(|cell| !whole(cell)));
    !counts_rows && (fractions || cells.len() >= 4)
}

/// The decision of one column, if it has one.
fn vote<'a>(first: &str, below: impl Iterator<Item = &'a str>) -> Option<(bool, Why)> {
    let cells: Vec<&str> = below.filter(|cell| !is_missing(cell)).collect();
    if cells.is_empty() || first.is_empty() {
        return None;
    }
    let is_number = |cell: &str| number(cell, Decimal::Point).is_some() || number(cell, Decimal::Comma).is_some();
    if cells.iter().all(|cell| is_number(cell)) {
        return match is_number(first) || is_missing(first) {
            true => Some((false, Why::Numbers)),
            false => Some((true, Why::AboveNumbers(first.into()))),
        };
    }
    if cells.contains(&first) {
        return Some((false, Why::Again(first.into())));
    }
    // identifiers: the same letters around other digits
    let shapes: HashSet<String> = cells.iter().map(|cell| shape(cell)).collect();
    let [only] = &shapes.iter().collect::<Vec<_>>()[..] else { return None };
    if !only.contains('9') || cells.len() < 2 {
        return None;
    }
    match shape(first) == **only {
        true => Some((false, Why::SameShape(first.into()))),
        false => Some((true, Why::OtherShape(first.into()))),
    }
}

/// The shape of a cell: each run of letters becomes `a`, each run of digits `9`. `TCGA-A1-A000` is `a-a9-a9`.
fn shape(cell: &str) -> String {
    let mut shape = String::new();
    for char in cell.chars() {
        let sign = match char {
            char if char.is_numeric() => '9',
            char if char.is_alphabetic() => 'a',
            other => other,
        };
        if !shape.ends_with(sign) || !matches!(sign, '9' | 'a') {
            shape.push(sign);
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Separator;

    fn decided(text: &str) -> (bool, Why) {
        decide(&Pieces::of(text.as_bytes(), Separator::Comma))
    }

    #[test]
    fn a_header_is_known_by_what_stands_below_it() {
        for (text, why) in [
            ("id,label\np1,a\n", Why::Usual("id".into())),
            ("Patient_ID,kind\np1,a\n", Why::Usual("Patient_ID".into())),
            ("gene,g1\nx,1\ny,2\n", Why::AboveNumbers("g1".into())),
            (",0,1\n0,a,b\n1,c,d\n", Why::Index),
            ("0,1,2\n0.5,1,2\n0.25,3,4\n", Why::Counts),
            ("x,1,2,3,4\na,5,6,7,8\n", Why::Counts),
            ("who,kind\nP1,a\nP2,b\n", Why::OtherShape("who".into())),
            ("kind\na\nb\n", Why::Unsure("kind".into())),
        ] {
            assert_eq!(decided(text), (true, why), "{text}");
        }
    }

    #[test]
    fn data_in_the_first_row_are_known_for_data() {
        for (text, why) in [
            ("rare\nrare\ncommon\n", Why::Again("rare".into())),
            ("p0,rare\np1,rare\np2,common\n", Why::Again("rare".into())),
            ("0.0e+00\n0.0e+00\n1.0e+00\n", Why::Numbers),
            ("0\n1\n2\n", Why::Numbers),
            ("0,1\n1,0\n2,1\n", Why::Numbers), // counts the rows as well
            ("1,5\n2,5\n", Why::Numbers),
            ("P1,a\nP2,b\nP3,c\n", Why::SameShape("P1".into())),
            ("0.5,0.25\n", Why::Numbers),
            ("label\nlabel\nother\n", Why::Again("label".into())),
        ] {
            assert_eq!(decided(text), (false, why), "{text}");
        }
    }
}

//! Rows that begin with `#` before a table, as cBioPortal, the GDC and VCF write them.

use crate::header::{self, Why};
use crate::pieces::Pieces;

/// The text from the first line on that does not begin with `#`; all of it if there is none.
pub(crate) fn after(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while rest.starts_with(b"#") {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let Some(end) = end else { return text };
        let next = rest[end..].iter().position(|byte| !matches!(byte, b'\n' | b'\r'));
        let Some(next) = next else { return text };
        rest = &rest[end + next..];
    }
    rest
}

/// Takes off the rows before the table that begin with `#`, and gives their numbers.
///
/// The last of them may name the columns, as in a VCF file: it stays if it is as wide as the table and the row below
/// is not known for a header.
pub(crate) fn take(pieces: &mut Pieces, may_name: bool) -> Vec<usize> {
    let marked = (0..pieces.len()).take_while(|&at| pieces.cell(at, 0).starts_with('#')).count();
    if marked == 0 || marked == pieces.len() {
        return Vec::new();
    }
    let as_wide = pieces.width(marked - 1) == pieces.width(marked);
    let mut rows = pieces.take_first(marked);
    // not by the shape of its cells alone: the first of several samples may be written differently
    let header_below =
        matches!(header::decide(pieces), (true, Why::Usual(_) | Why::AboveNumbers(_) | Why::Index | Why::Counts));
    if may_name
        && as_wide
        && !header_below
        && let Some(last) = rows.pop()
    {
        pieces.put_first(last);
    }
    rows.iter().map(|row| row.number).collect()
}

/// What is said of these rows.
pub(crate) fn note(rows: &[usize]) -> Option<String> {
    match rows {
        [] => None,
        [row] => Some(format!("row {row} begins with `#`: left out as a comment")),
        [first, .., last] => Some(format!("rows {first} to {last} begin with `#`: left out as comments")),
    }
}

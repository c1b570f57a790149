//! The rows of a file as flat text, each with the number that a spreadsheet shows.

use crate::separator::Separator;

/// All rows that are not blank.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pieces {
    text: String,
    ends: Vec<usize>, // of every cell, in `text`
    rows: Vec<Piece>,
    /// Numbers of the blank rows that stand between others.
    pub(crate) blank: Vec<usize>,
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Its number in a spreadsheet: blank rows count, and line breaks in a cell make no new row.
    pub(crate) number: usize,
    first: usize, // its first cell, in `ends`
    /// Whether its bytes are UTF-8. Others become replacement characters.
    pub(crate) is_text: bool,
    /// Whether a cell holds a line break.
    pub(crate) breaks: bool,
}

impl Pieces {
    pub(crate) fn of(bytes: &[u8], separator: Separator) -> Pieces {
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.has_headers(false).flexible(true).delimiter(separator.byte()).from_reader(bytes);
        let mut pieces = Pieces { text: String::with_capacity(bytes.len()), ..Pieces::default() };
        let (mut record, mut number, mut end) = (csv::ByteRecord::new(), 0, 0);
        // reading from memory does not fail
        while let Ok(true) = reader.read_byte_record(&mut record) {
            // the reader skips empty lines, so they are counted in the bytes between two rows
            let empty = empty_lines(bytes, end);
            pieces.blank.extend(number + 1..=number + empty);
            number += empty + 1;
            end = reader.position().byte() as usize;
            if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                pieces.blank.push(number);
                continue;
            }
            let mut row = Piece { number, first: pieces.ends.len(), is_text: true, breaks: false };
            for cell in &record {
                let text = String::from_utf8_lossy(cell);
                row.is_text &= matches!(text, std::borrow::Cow::Borrowed(_));
                row.breaks |= text.contains('\n');
                pieces.text.push_str(text.trim());
                pieces.ends.push(pieces.text.len());
            }
            pieces.rows.push(row);
        }
        let last = pieces.rows.last().map_or(0, |row| row.number);
        pieces.blank.retain(|&number| number < last);
        pieces
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn row(&self, at: usize) -> Piece {
        self.rows[at]
    }

    /// Takes off the first rows.
    pub(crate) fn take_first(&mut self, rows: usize) -> Vec<Piece> {
        self.rows.drain(..rows).collect()
    }

    /// Puts back the row that was taken off last.
    pub(crate) fn put_first(&mut self, row: Piece) {
        self.rows.insert(0, row);
    }

    /// Cells of a row.
    pub(crate) fn width(&self, at: usize) -> usize {
        self.rows.get(at + 1).map_or(self.ends.len(), |next| next.first) - self.rows[at].first
    }

    /// A cell, trimmed; empty if the row is too short.
    pub(crate) fn cell(&self, at: usize, column: usize) -> &str {
        if column >= self.width(at) {
            return "";
        }
        let cell = self.rows[at].first + column;
        let start = if cell == 0 { 0 } else { self.ends[cell - 1] };
        &self.text[start..self.ends[cell]]
    }

    pub(crate) fn cells(&self, at: usize) -> impl Iterator<Item = &str> {
        (0..self.width(at)).map(move |column| self.cell(at, column))
    }
}

/// Number of empty lines from `at` on, where the reader stopped after a row: after `\n`, or between `\r` and `\n`.
fn empty_lines(bytes: &[u8], at: usize) -> usize {
    let half = at > 0 && bytes[at - 1] == b'\r' && bytes.get(at) == Some(&b'\n');
    let rest = bytes[at + usize::from(half)..].iter();
    let breaks: Vec<u8> = rest.take_while(|byte| matches!(byte, b'\r' | b'\n')).copied().collect();
    breaks.iter().enumerate().filter(|&(at, &byte)| byte == b'\r' || at == 0 || breaks[at - 1] != b'\r').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(text: &str) -> Vec<(usize, Vec<String>)> {
        let pieces = Pieces::of(text.as_bytes(), Separator::Comma);
        let row = |at| (pieces.row(at).number, pieces.cells(at).map(String::from).collect());
        (0..pieces.len()).map(row).collect()
    }

    #[test]
    fn rows_have_the_number_of_a_spreadsheet() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "id,label", "", "", "a, 1 ", ",", "b,2", "", ",,"].join(end);
            let numbers: Vec<usize> = numbered(&text).iter().map(|row| row.0).collect();
            assert_eq!(numbers, [2, 5, 7], "{end:?}");
            assert_eq!(numbered(&text)[1].1, ["a", "1"]);
            assert_eq!(Pieces::of(text.as_bytes(), Separator::Comma).blank, [1, 3, 4, 6]); // none at the end
        }
        // a cell with line breaks is in one row
        let text = "id,text\na,\"one\ntwo\n\nthree\"\n\nb,four\n";
        assert_eq!(numbered(text).iter().map(|row| row.0).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(numbered("a,1\n   \nb,2").iter().map(|row| row.0).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn cells_beyond_a_short_row_are_empty() {
        let pieces = Pieces::of(b"a,b\nc\n", Separator::Comma);
        assert_eq!((pieces.width(1), pieces.cell(1, 0), pieces.cell(1, 1)), (1, "c", ""));
        assert!(!Pieces::of(b"a,\xe4\n", Separator::Comma).row(0).is_text);
    }
}

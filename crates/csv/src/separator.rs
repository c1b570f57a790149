//! Finds the separator between the cells of a file: it tries all four, and takes the one that gives a table.

use crate::cell::{has_decimal_comma, is_missing};

/// A separator of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
}

/// Number of rows that are tried.
const SAMPLE: usize = 200;

impl Separator {
    /// All separators. If two are equally good, the first is taken.
    pub const ALL: [Separator; 4] = [Separator::Comma, Separator::Semicolon, Separator::Tab, Separator::Pipe];

    /// The character.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Tab => b'\t',
            Separator::Pipe => b'|',
        }
    }

    /// Its name, for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Separator::Comma => "comma",
            Separator::Semicolon => "semicolon",
            Separator::Tab => "tab",
            Separator::Pipe => "pipe",
        }
    }

    /// The separator of a file: with it, most rows are as wide as the first, and most cells are clean.
    ///
    /// A file without any separator is a single column, and counts as a file of commas.
    pub(crate) fn of(text: &[u8]) -> Separator {
        let mut best = (Separator::Comma, 0.0);
        for separator in Separator::ALL {
            let score = separator.score(text);
            if score > best.1 {
                best = (separator, score);
            }
        }
        best.0
    }

    /// How good the separator is: from 0 (it does not split the first row) to 2.
    fn score(self, text: &[u8]) -> f64 {
        // a quoted cell may hold line breaks, and an open quotation mark the rest of the file, so the text is cut
        let text = &text[..text.len().min(1 << 20)];
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.has_headers(false).flexible(true).delimiter(self.byte()).from_reader(text);
        let (mut width, mut rows, mut as_wide, mut cells, mut clean) = (0, 0, 0, 0, 0);
        for record in reader.byte_records().map_while(Result::ok) {
            if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            if rows == 0 {
                width = record.len();
            }
            rows += 1;
            as_wide += usize::from(record.len() == width);
            cells += record.len();
            clean += record.iter().filter(|cell| self.is_clean(cell)).count();
            if rows == SAMPLE {
                break;
            }
        }
        if width < 2 {
            return 0.0;
        }
        // first the number of rows that agree; if both fit, as in `1,5;2,5`, the cells decide
        as_wide as f64 / rows as f64 + clean as f64 / cells as f64
    }

    /// Whether the cell holds no other separator. A decimal comma is allowed.
    fn is_clean(self, cell: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(cell) else { return true };
        let text = text.trim();
        is_missing(text) || has_decimal_comma(text) || !text.contains([',', ';', '\t', '|'])
    }
}

/// Excel's own hint, `sep=;` in the first line: the separator, and the length of that line.
pub(crate) fn hinted(text: &[u8]) -> Option<(Separator, usize)> {
    let end = text.iter().position(|&byte| byte == b'\n').map_or(text.len(), |at| at + 1);
    let line = text[..end].trim_ascii_end();
    let line = if line.eq_ignore_ascii_case(b"sep=") { &text[..line.len() + 1] } else { line }; // a tab was trimmed
    let byte = line.get(4).filter(|_| line.len() == 5 && line[..4].eq_ignore_ascii_case(b"sep="))?;
    Separator::ALL.into_iter().find(|separator| separator.byte() == *byte).map(|separator| (separator, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_that_makes_a_table() {
        for (text, expected) in [
            ("id,label\na,1\n", Separator::Comma),
            ("id;label;afp\nP1;normal;1,5\nP2;hcc;2,5\n", Separator::Semicolon),
            ("1,5;2,5;0\n1,25;2,5;1\n", Separator::Semicolon), // three cells by either
            ("id\tlabel\na,b\t1\nb\t2\n", Separator::Tab),
            ("id|label\na|1\n", Separator::Pipe),
            ("image,findings\na.png,Effusion|Mass\nb.png,Mass\n", Separator::Comma),
            ("a.png,Effusion|Mass\nb.png,Mass|Effusion\n", Separator::Comma), // two cells by either
            ("findings\nEffusion|Mass\nMass\n", Separator::Comma),            // one column
            ("id,text\na,\"one; two\"\nb,\"three; four\"\n", Separator::Comma),
            ("id;text\na;one, two\nb;three, four\n", Separator::Semicolon),
            ("id,label\na,1\nb\nc,2\n", Separator::Comma), // a short row is no reason to doubt
            ("\n\nid;label\na;1\n", Separator::Semicolon),
            ("", Separator::Comma),
        ] {
            assert_eq!(Separator::of(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn the_hint_of_excel_is_taken() {
        assert_eq!(hinted(b"sep=;\r\nid;label\n"), Some((Separator::Semicolon, 7)));
        assert_eq!(hinted(b"sep=\t\nid\tlabel\n"), Some((Separator::Tab, 6)));
        assert_eq!(hinted(b"sep=x\n"), None);
        assert_eq!(hinted(b"separate\n"), None);
    }
}

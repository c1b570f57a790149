//! Bytes of a file as text. Byte order marks are removed. If the file is not text, the error says what it is.

use std::path::Path;

use crate::{Error, Result};

/// First bytes of files that people give in the place of a CSV.
const OTHERS: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "a zip file, as .xlsx files are"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls)"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"%PDF", "a PDF"),
    (b"PAR1", "a Parquet file"),
];

/// The bytes without a byte order mark.
///
/// # Errors
/// [`Error::Utf16`]; [`Error::NotText`] for a file of another kind.
pub(crate) fn strip<'a>(bytes: &'a [u8], file: &Path) -> Result<&'a [u8]> {
    if let Some((_, found)) = OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(Error::NotText { file: file.into(), found });
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || is_utf16_without_mark(bytes) {
        return Err(Error::Utf16 { file: file.into() });
    }
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

/// Whether the text is UTF-16 without a mark: in UTF-16 every second byte of plain letters is zero.
fn is_utf16_without_mark(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64)];
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|&&byte| byte == 0).count();
    head.len() >= 4 && (zeros(0) * 4 > head.len() || zeros(1) * 4 > head.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_taken_off_and_utf_16_is_named() {
        let file = Path::new("a.csv");
        assert_eq!(strip(b"\xef\xbb\xbfid", file).unwrap(), b"id");
        assert_eq!(strip(b"id", file).unwrap(), b"id");
        for bytes in [&b"\xff\xfei\0d\0"[..], b"\xfe\xff\0i\0d", b"i\0d\0,\0l\0", b"\0i\0d\0,\0l"] {
            let message = strip(bytes, file).unwrap_err().to_string();
            assert!(message.contains("`a.csv` is UTF-16") && message.contains("CSV UTF-8"), "{message}");
        }
        let message = strip(b"PK\x03\x04rest", file).unwrap_err().to_string();
        assert!(message.contains(".xlsx"), "{message}");
    }
}

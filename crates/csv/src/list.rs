//! A list: one name in each line. A name may have any characters.

use std::path::Path;

use crate::{Error, Result, text};

/// The names of a file, one in each line, trimmed. Empty lines are left out. A comma is part of a name.
///
/// Spreadsheets put a name with a comma into quotation marks; these are removed.
///
/// # Errors
/// [`Error::Read`], [`Error::Utf16`], [`Error::NotText`], [`Error::NotUtf8`] with the line.
pub fn read_list(file: &Path) -> Result<Vec<String>> {
    Ok(read_numbered_list(file)?.into_iter().map(|(_, name)| name).collect())
}

/// The same, each with the number of its line.
///
/// # Errors
/// As [`read_list`].
pub fn read_numbered_list(file: &Path) -> Result<Vec<(usize, String)>> {
    let bytes = std::fs::read(file).map_err(|source| Error::Read { file: file.into(), source })?;
    let bytes = text::strip(&bytes, file)?;
    let mut names = Vec::new();
    let line = |bytes: &[u8]| std::str::from_utf8(bytes).map(|line| unquoted(line.trim())).ok();
    // old spreadsheets end lines with `\r` alone
    let end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    for (at, bytes) in bytes.split(|&byte| byte == end).enumerate() {
        let name = line(bytes).ok_or_else(|| Error::NotUtf8 { file: file.into(), row: at + 1 })?;
        if !name.is_empty() {
            names.push((at + 1, name));
        }
    }
    Ok(names)
}

fn unquoted(line: &str) -> String {
    match line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inside) => inside.replace("\"\"", "\"").trim().to_owned(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_names_whatever_signs_they_have() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("classes.txt");
        let read = |text: &[u8]| {
            std::fs::write(&file, text).unwrap();
            read_list(&file)
        };
        assert_eq!(read(b"\xef\xbb\xbfnormal\r\nhcc\r\n\r\n").unwrap(), ["normal", "hcc"]);
        assert_eq!(read(b"a, b\na, c\n").unwrap(), ["a, b", "a, c"]);
        assert_eq!(read(b"\"a, b\"\n\"say \"\"x\"\"\"\n").unwrap(), ["a, b", "say \"x\""]);
        assert_eq!(read(b"a;b\rc\r").unwrap(), ["a;b", "c"]);
        assert!(read(b"\xff\xfea\0").unwrap_err().to_string().contains("UTF-16"));
        assert!(read(b"a\n\xe4\n").unwrap_err().to_string().contains("row 2"));
    }
}

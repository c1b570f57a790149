//! Finds the file that a cell of a manifest means, also if the manifest was written on another system.
//!
//! Two differences are accepted: backslashes of Windows, and the two ways of Unicode to write an accented letter (macOS
//! splits it in two). For other differences the error has a hint, and the file is not used: upper and lower case,
//! another extension, an absolute path, a web address.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

/// The folder of a manifest, and the names that were read in it.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Names by folder. Each folder is read once, and only if a name does not exist as written.
    names: HashMap<PathBuf, Vec<String>>,
}

impl Folder {
    /// Searches this folder.
    #[must_use]
    pub fn new(root: &Path) -> Folder {
        Folder { root: root.into(), names: HashMap::new() }
    }

    /// The path of a cell.
    ///
    /// # Errors
    /// If there is no such file: what exists instead, and what to write.
    pub fn find(&mut self, cell: &str) -> Result<PathBuf, String> {
        let as_written = self.root.join(cell);
        // a file that exists, or whose state is unknown, is left to the reader of the file
        if as_written.metadata().map_or_else(|error| error.kind() != ErrorKind::NotFound, |_| true) {
            return Ok(as_written);
        }
        if cell.contains("://") {
            return Err("it is an address; fetch the file into the folder, and write its path from there".into());
        }
        let slashes = cell.replace('\\', "/");
        if slashes.as_bytes().get(1) == Some(&b':') || slashes.starts_with("//") {
            return Err("it is an absolute path of Windows; write the path from the manifest's folder".into());
        }
        let from = if slashes.starts_with('/') { PathBuf::from("/") } else { self.root.clone() };
        let (mut path, mut written) = (from, Vec::new());
        for part in slashes.split('/').filter(|part| !part.is_empty()) {
            let next = path.join(part);
            if part == "." || part == ".." || next.exists() {
                path = next;
                written.push(part.to_owned());
                continue;
            }
            let names = self.names(&path);
            let form = normal(part);
            let same: Vec<&String> = names.iter().filter(|name| normal(name) == form).collect();
            match same[..] {
                [name] => {
                    path = path.join(name);
                    written.push(name.clone());
                }
                _ => return Err(hint(part, &written, names)),
            }
        }
        Ok(path)
    }

    fn names(&mut self, folder: &Path) -> &[String] {
        self.names.entry(folder.into()).or_insert_with(|| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
            names.sort_unstable(); // so that a hint does not depend on the file system
            names
        })
    }
}

/// One form for both ways to write an accented letter.
fn normal(name: &str) -> String {
    name.nfc().collect()
}

/// What to write instead of a part that does not exist, after the parts that do.
fn hint(part: &str, written: &[String], names: &[String]) -> String {
    let lower = |name: &str| normal(name).to_lowercase();
    let stem = |name: &str| lower(name).rsplit_once('.').map_or_else(|| lower(name), |(stem, _)| stem.to_owned());
    let whole = |name: &String| [written, std::slice::from_ref(name)].concat().join("/");
    if let Some(name) = names.iter().find(|name| lower(name) == lower(part)) {
        return format!("`{}` is there, with other upper and lower case; write it so", whole(name));
    }
    if let Some(name) = names.iter().find(|name| stem(name) == stem(part) && !stem(part).is_empty()) {
        return format!("`{}` is there, with another ending; is it meant?", whole(name));
    }
    let place = if written.is_empty() { "the manifest's folder".into() } else { format!("`{}`", written.join("/")) };
    format!("{place} has no `{part}`; correct the path, which starts at the manifest's folder, or empty the cell")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, in folders where their names have a slash.
    fn folder(files: &[&str]) -> (tempfile::TempDir, Folder) {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let folder = Folder::new(root.path());
        (root, folder)
    }

    /// The content of the file that a cell means, which is its name.
    fn found(folder: &mut Folder, cell: &str) -> String {
        fs::read_to_string(folder.find(cell).unwrap()).unwrap()
    }

    #[test]
    fn backslashes_and_both_forms_of_unicode_are_looked_through() {
        let (_root, mut folder) = folder(&["images/p1.png", "le\u{301}sions/no\u{308}.png", "l\u{e9}sion.png"]);
        assert_eq!(found(&mut folder, "images/p1.png"), "images/p1.png");
        assert_eq!(found(&mut folder, "images\\p1.png"), "images/p1.png");
        assert_eq!(found(&mut folder, ".\\images\\p1.png"), "images/p1.png");
        assert_eq!(found(&mut folder, "le\u{301}sion.png"), "l\u{e9}sion.png"); // written split, stored in one
        let stored = "le\u{301}sions/no\u{308}.png";
        assert_eq!(found(&mut folder, "l\u{e9}sions\\n\u{f6}.png"), stored); // the reverse, twice, on Windows
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_has_a_backslash_comes_first() {
        let (_root, mut folder) = folder(&["a\\b.png", "a/b.png"]);
        assert_eq!(found(&mut folder, "a\\b.png"), "a\\b.png");
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let (_root, mut folder) = folder(&["Images/P1.PNG", "Images/p2.jpeg", "u/\u{e9}", "u/e\u{301}"]);
        let mut hint = |cell: &str| folder.find(cell).unwrap_err();
        assert!(hint("images/p1.png").contains("`Images` is there, with other upper and lower case"));
        assert!(hint("Images\\p1.png").contains("`Images/P1.PNG` is there, with other upper and lower case"));
        assert!(hint("Images/p2.jpg").contains("`Images/p2.jpeg` is there, with another ending"));
        assert!(hint("Images/p3.png").contains("`Images` has no `p3.png`"));
        assert!(hint("scans/p3.png").contains("the manifest's folder has no `scans`"));
        assert!(hint("C:\\scans\\p1.png").contains("absolute path of Windows"));
        assert!(hint("\\\\server\\scans\\p1.png").contains("absolute path of Windows"));
        assert!(hint("https://example.org/p1.png").contains("an address"));
    }
}

//! A folder with a folder for each class, as torchvision's `ImageFolder` takes it, as a table of paths and classes.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use climd_csv::{HeaderOption, Options, Separator, Sheet, listed};
use walkdir::{DirEntry, WalkDir};

/// Names of folders that are parts of a data set, and no classes.
const PARTS: [&str; 9] = ["train", "training", "val", "valid", "validation", "dev", "test", "testing", "holdout"];

/// Reads the folder: a row for each file in a folder of a class, however deep, with the columns `path` and `label`.
/// Files whose names begin with a point are left out. Writes to standard error which kinds of files count.
///
/// # Errors
/// A folder that cannot be read, holds no folders, or the parts of a data set; a class without a file.
pub fn read(folder: &Path) -> Result<Sheet> {
    let shown = folder.display();
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["path", "label"])?;
    let (mut files, mut kinds): (BTreeMap<String, usize>, BTreeMap<String, usize>) = Default::default();
    let mut beside = 0;
    let entries = WalkDir::new(folder).min_depth(1).follow_links(true).sort_by_file_name();
    for entry in entries.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
        let entry = entry.with_context(|| format!("`{shown}` cannot be read"))?;
        let path = entry.path().strip_prefix(folder)?;
        let class = path.iter().next().unwrap_or_default().to_string_lossy().into_owned();
        match (entry.file_type().is_dir(), entry.depth()) {
            (true, 1) => drop(files.insert(class, 0)),
            (true, _) => {}
            (false, 1) => beside += 1,
            (false, _) => {
                let kind = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
                *kinds.entry(kind).or_default() += 1;
                table.write_record([path.to_string_lossy().as_ref(), &class])?;
                *files.entry(class).or_default() += 1;
            }
        }
    }
    ensure!(!files.is_empty(), "`{shown}` has no folders: give a CSV, or a folder with a folder for each class");
    let parts: Vec<&str> = files.keys().map(String::as_str).collect();
    ensure!(
        !parts.iter().all(|part| PARTS.contains(&part.to_lowercase().as_str())),
        "`{shown}` has folders {}, which are parts of a data set and no classes: give the one to train on, `{}`",
        parts.join(", "),
        folder.join(parts[0]).display()
    );
    let empty: Vec<&str> = files.iter().filter(|(_, files)| **files == 0).map(|(class, _)| class.as_str()).collect();
    ensure!(empty.is_empty(), "`{shown}`: no files in the folders of {}: remove them, or add files", listed(&empty));
    let kinds: Vec<String> = kinds.iter().map(|(kind, files)| format!("{files} .{kind}")).collect();
    eprintln!("note: {shown}: a folder for each class; the files are {}", listed(&kinds));
    if beside > 0 {
        eprintln!("note: {shown}: files beside the folders: {beside}, left out");
    }
    let options = Options { header: HeaderOption::Present, separator: Some(Separator::Comma) };
    Ok(Sheet::parse(&table.into_inner()?, folder, options)?)
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

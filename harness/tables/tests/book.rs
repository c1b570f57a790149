//! Promise: the book has every page, every link of a page leads somewhere inside the book, and every Rust snippet of the guide is a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Paths of all pages, relative to docs.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(docs().join(folder)).unwrap().map(|entry| entry.unwrap());
    let of_entry = |entry: fs::DirEntry| {
        let path = folder.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => pages(&path),
            false if path.extension().is_some_and(|end| end == "md") => vec![path],
            false => Vec::new(),
        }
    };
    entries.flat_map(of_entry).collect()
}

/// Targets of a page's links that are files, without anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .filter(|link| !link.contains("://"))
        .map(|link| link.split('#').next().unwrap())
        .filter(|link| !link.is_empty())
}

/// Without `..`, relative to docs; none if it leads out of docs.
fn inside(page: &Path, link: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in page.parent().unwrap().join(link).components() {
        match part {
            Component::ParentDir => path.pop().then_some(())?,
            part => path.push(part),
        }
    }
    Some(path)
}

#[test]
fn the_summary_names_every_page_once() {
    let summary = read(&docs().join("SUMMARY.md"));
    let listed: Vec<PathBuf> = links(&summary).map(PathBuf::from).collect();
    let unique: BTreeSet<PathBuf> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "a page is named twice");
    let there: BTreeSet<PathBuf> =
        pages(Path::new("")).into_iter().filter(|path| path != Path::new("SUMMARY.md")).collect();
    assert_eq!(unique, there);
}

#[test]
fn links_lead_somewhere_in_the_book() {
    let mut count = 0;
    for page in pages(Path::new("")) {
        for link in links(&read(&docs().join(&page))) {
            let path = inside(&page, link)
                .unwrap_or_else(|| panic!("{}: {link} is not in the book: name it without a link", page.display()));
            assert!(docs().join(path).exists(), "{}: {link} is missing", page.display());
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn every_snippet_of_the_guide_is_run() {
    let library = read(&docs().join("../src/lib.rs"));
    let guide = pages(Path::new("guide"));
    assert!(guide.len() > 10);
    for page in guide {
        let text = read(&docs().join(&page));
        let fences = text.lines().filter(|line| line.starts_with("```rust"));
        for fence in fences.clone() {
            assert_eq!(fence, "```rust", "{}: a snippet that is not run", page.display());
        }
        let is_test = library.contains(&format!("\"../docs/{}\"", page.display()));
        assert_eq!(
            is_test,
            fences.count() > 0,
            "{}: pages with snippets, and no others, are in src/lib.rs",
            page.display()
        );
    }
}

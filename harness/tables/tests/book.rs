//! Promise: the book has every page, every link of a page works in the built book, and every Rust snippet of the guide
//! is a test. mdBook itself is not needed: the tests do what it does with names of pages, links and headings.

use std::collections::{BTreeMap, BTreeSet};
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

/// Targets of a page's links that are no web addresses: file and anchor. An empty file is the page itself.
fn links(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|link| !link.contains("://")).map(|link| link.split_once('#').unwrap_or((link, "")))
}

/// Name of a page in the built book: mdBook writes `README.md` as `index.html`. Other files are copied.
fn built(path: &Path) -> PathBuf {
    if path.ends_with("README.md") { path.with_file_name("index.html") } else { linked(path) }
}

/// Name that a link gets in the built book: mdBook changes the extension alone, also of `README.md`.
fn linked(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|end| end == "md") { path.with_extension("html") } else { path.to_owned() }
}

/// Pages of `[output.html.redirect]` in book.toml, and where each one leads.
fn redirects() -> BTreeMap<PathBuf, PathBuf> {
    let config = read(&docs().join("book.toml"));
    let section = config.split("[output.html.redirect]").nth(1).unwrap_or("").split("\n[").next().unwrap();
    let pairs = section.lines().filter_map(|line| line.split_once(" = "));
    pairs
        .map(|(from, to)| {
            let from = Path::new(from.trim_matches('"').trim_start_matches('/'));
            (from.to_owned(), from.with_file_name(to.trim_matches('"')))
        })
        .collect()
}

/// Anchors of a page: mdBook makes them of its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let letter = |letter: char| match letter {
        ' ' => Some('-'),
        letter if letter.is_alphanumeric() || letter == '-' || letter == '_' => Some(letter.to_ascii_lowercase()),
        _ => None,
    };
    headings.map(|heading| heading.chars().filter_map(letter).collect()).collect()
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
    let listed: Vec<PathBuf> = links(&summary).map(|(file, _)| PathBuf::from(file)).collect();
    let unique: BTreeSet<PathBuf> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "a page is named twice");
    let there: BTreeSet<PathBuf> =
        pages(Path::new("")).into_iter().filter(|path| path != Path::new("SUMMARY.md")).collect();
    assert_eq!(unique, there);
}

#[test]
fn links_work_in_the_built_book() {
    let pages = pages(Path::new(""));
    let written: BTreeSet<PathBuf> = pages.iter().map(|page| built(page)).collect();
    let redirects = redirects();
    let mut count = 0;
    for page in &pages {
        let text = read(&docs().join(page));
        for (file, anchor) in links(&text) {
            let shown = page.display();
            let source = match file {
                "" => page.clone(),
                file => inside(page, file)
                    .unwrap_or_else(|| panic!("{shown}: {file} is not in the book: name it without a link")),
            };
            assert!(docs().join(&source).exists(), "{shown}: {file} is missing");
            if source.extension().is_some_and(|end| end == "md") {
                let target = if file.is_empty() { built(&source) } else { linked(&source) };
                let target = redirects.get(&target).unwrap_or(&target);
                assert!(written.contains(target), "{shown}: the book has no {}, see docs/book.toml", target.display());
                let there = anchor.is_empty() || anchors(&read(&docs().join(&source))).contains(anchor);
                assert!(there, "{shown}: {file} has no heading for #{anchor}");
            }
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

/// mdBook copies the first page to `index.html` and leaves its links as they are.
#[test]
fn the_first_page_is_not_in_a_folder() {
    let summary = read(&docs().join("SUMMARY.md"));
    let first = links(&summary).next().unwrap().0;
    assert!(!first.contains('/'), "{first}: its links would be dead in the index.html of the book");
}

#[test]
fn a_redirect_hides_no_page() {
    let written: BTreeSet<PathBuf> = pages(Path::new("")).iter().map(|page| built(page)).collect();
    for (from, to) in redirects() {
        assert!(!written.contains(&from) && written.contains(&to), "{} -> {}", from.display(), to.display());
    }
}

#[test]
fn the_book_can_be_searched_and_its_styles_are_there() {
    let config = read(&docs().join("book.toml"));
    assert!(config.contains("[output.html.search]\nenable = true"));
    assert!(config.contains("additional-css = [\"book.css\"]") && docs().join("book.css").exists());
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

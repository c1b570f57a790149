//! Promise: what a written page says was measured. Every difference with its interval in README.md and docs/results stands
//! in a CSV file beside it, which the program wrote; and a page links to files that are there.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use climd_repro::results::Record;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The written pages, which quote the others.
const PAGES: [&str; 2] = ["docs/results/README.md", "docs/results/advice.md"];

/// What a page may quote: `+1.3 [+0.2, +2.3]`.
fn measured() -> HashSet<String> {
    let mut measured = HashSet::new();
    for entry in fs::read_dir(root().join("docs/results")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "csv") {
            for record in csv::Reader::from_path(&path).unwrap().into_deserialize() {
                let record: Record = record.unwrap();
                if let (Some(mean), Some(low), Some(high)) = (record.difference, record.low, record.high) {
                    measured.insert(format!("{mean:+.1} [{low:+.1}, {high:+.1}]"));
                }
            }
        }
    }
    measured
}

/// Every `number [number, number]` of a text.
fn quoted(text: &str) -> Vec<String> {
    let number = |text: &str| text.trim().parse::<f64>().is_ok();
    let interval = |(at, _): (usize, &str)| {
        let inside = text[at + 1..].split(']').next()?;
        let (low, high) = inside.split_once(", ")?;
        let mean = text[..at].split_whitespace().next_back()?;
        (number(low) && number(high) && number(mean)).then(|| format!("{mean} [{inside}]"))
    };
    text.match_indices('[').filter_map(interval).collect()
}

#[test]
fn every_quoted_difference_was_measured() {
    assert_eq!(
        quoted("a gain of +1.3 [+0.2, +2.3] in [1, 2], and -0.1\n[-0.2, +0.0]."),
        ["+1.3 [+0.2, +2.3]", "-0.1 [-0.2, +0.0]"]
    );
    let measured = measured();
    for page in PAGES {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let quoted = quoted(&text);
        assert!(quoted.len() > 10, "{page}");
        let unknown: Vec<&String> = quoted.iter().filter(|difference| !measured.contains(*difference)).collect();
        assert!(unknown.is_empty(), "{page}: no table has {unknown:?}");
    }
}

#[test]
fn the_advice_of_inspect_was_measured() {
    let quoted = quoted(&fs::read_to_string(root().join("crates/cli/src/inspect/advice.rs")).unwrap());
    assert_eq!(quoted.len(), 4, "{quoted:?}");
    let measured = measured();
    assert!(quoted.iter().all(|difference| measured.contains(difference)), "{quoted:?}");
}

#[test]
fn links_of_the_results_lead_to_files() {
    for entry in fs::read_dir(root().join("docs/results")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "md") {
            let text = fs::read_to_string(&path).unwrap();
            for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let file = link.split('#').next().unwrap();
                let there = link.starts_with("http") || path.parent().unwrap().join(file).exists();
                assert!(there, "{}: no {link}", path.display());
            }
        }
    }
}

/// Checks that every line of a page's tables names a test that exists, and counts them.
fn lines_with_a_test(page: &str) -> usize {
    let lines = page.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let check = |line: &str| {
        let mut quoted = line.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2);
        let (file, test) = (quoted.next().unwrap(), quoted.next().unwrap());
        let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let there = ["fn", "def"].iter().any(|word| text.contains(&format!("{word} {test}("))); // Rust, Python
        assert!(there, "{file} has no test {test}");
    };
    lines.map(check).count()
}

#[test]
fn every_promise_has_a_test() {
    let page = fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let promises = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise")).count();
    assert_eq!(lines_with_a_test(&page), promises);
    assert!(promises > 25, "{promises}");
}

#[test]
fn every_kind_of_error_has_a_line_and_every_line_a_test() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let page = read("docs/errors.md");
    let lines = lines_with_a_test(&page);
    assert!(lines >= 40, "{lines} lines");
    // a variant begins with its `#[error`, and ends that attribute before its name
    let source = read("src/error.rs");
    let attributes = source.split("#[error(").skip(1);
    let names = attributes.map(|text| text.split(")]\n").nth(1).unwrap().trim_start());
    let names: Vec<&str> = names.map(|text| text.split([' ', ',', '{']).next().unwrap()).collect();
    assert!(names.len() > 30, "{names:?}");
    let missing: Vec<&&str> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/errors.md lacks {missing:?}");
}

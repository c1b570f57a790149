//! Promise: a schedule is what CONTRIBUTING says: one new file, these lines, and every place knows it.

#[path = "../../../crates/cli/tests/places/mod.rs"]
mod places;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

/// The block of the page that begins with this fence.
fn block<'a>(page: &'a str, fence: &str) -> &'a str {
    page.split(&format!("```{fence}\n")).nth(1).unwrap().split("```").next().unwrap()
}

/// One part of the diff in CONTRIBUTING: it has no numbers of lines, and a line that ends in `...` stands for any end.
struct Change<'a> {
    file: &'a str,
    lines: Vec<&'a str>,
}

impl Change<'_> {
    /// Without a line of context the new lines go to the end of the file.
    fn apply(&self, folder: &Path) {
        let path = folder.join(self.file);
        let text = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        let context: Vec<&str> = self.lines.iter().filter(|line| !line.starts_with('+')).copied().collect();
        let same = |line: &str, context: &str| {
            let context = context.get(1..).unwrap_or_default();
            context.strip_suffix("...").map_or(line == context, |start| line.starts_with(start))
        };
        let fits = |at: &usize| lines[*at..].iter().zip(&context).all(|(line, context)| same(line, context));
        let mut at = match context.len() {
            0 => lines.len(),
            n => (0..=lines.len() - n).find(fits).unwrap_or_else(|| panic!("{}: {context:?}", self.file)),
        };
        for line in &self.lines {
            match line.chars().next() {
                Some('+') => lines.insert(at, &line[1..]),
                Some('-') => {
                    lines.remove(at);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        fs::write(&path, lines.join("\n") + "\n").unwrap();
    }

    /// Whether the compiler asks for it.
    fn is_code(&self) -> bool {
        self.lines.iter().any(|line| line.starts_with("+mod ") || line.starts_with("+pub use "))
    }
}

fn changes(diff: &str) -> Vec<Change<'_>> {
    let (mut file, mut changes) = ("", Vec::new());
    for line in diff.lines() {
        match line.strip_prefix("+++ ") {
            Some(name) => file = name,
            None if line == "@@" => changes.push(Change { file, lines: Vec::new() }),
            None => changes.last_mut().unwrap().lines.push(line),
        }
    }
    changes
}

/// What the page changes, and what reads it.
fn copy_into(folder: &Path, parts: &[&str]) {
    parts.iter().for_each(|part| copy(&root().join(part), &folder.join(part)));
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    fs::write(folder.join("src/schedule/halves.rs"), block(&page, "rust,new-file")).unwrap();
}

const PLACES: [&str; 7] = [
    "src",
    "tests/golden/lists.json",
    "README.md",
    "CHANGELOG.md",
    "docs/algorithm.md",
    "docs/guide",
    "crates/python/python",
];

#[test]
fn every_change_of_the_page_is_needed() {
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let changes = changes(block(&page, "diff"));
    for (left_out, change) in changes.iter().enumerate().filter(|(_, change)| !change.is_code()) {
        let folder = tempfile::tempdir().unwrap();
        copy_into(folder.path(), &PLACES);
        changes
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != left_out)
            .for_each(|(_, change)| change.apply(folder.path()));
        // a command makes the lists
        let mut expected = [format!("{}: Halves", change.file), "tests/golden/lists.json: Halves".to_owned()];
        let mut missing = places::missing(folder.path());
        expected.sort();
        missing.sort();
        assert_eq!(missing, expected);
    }
}

#[test]
fn a_stranger_adds_a_schedule() {
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    // the same folder each time, so that a new build takes the place of the old one
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contributing");
    let _ = fs::remove_dir_all(&folder);
    copy_into(&folder, &PLACES);
    copy_into(&folder, &["Cargo.toml", "Cargo.lock", "build.rs", "benches", "examples", "tests", "crates", "harness"]);
    changes(block(&page, "diff")).iter().for_each(|change| change.apply(&folder));
    fs::write(
        folder.join("tests/stranger.rs"),
        "#[test]\nfn it_is_public() {\n    let schedule = climd::schedule::Halves { epochs: 2 };\n    \
         assert!(climd::Curriculum::new(&[0, 1], schedule).is_ok());\n    \
         assert!(climd::schedule::AnySchedule::NAMES.contains(&\"halves\"));\n}\n",
    )
    .unwrap();
    let mut arguments = "test --locked -p climd -p climd-cli --lib".split(' ').collect::<Vec<_>>();
    for test in ["stranger", "schedules", "lists", "inspect"] {
        arguments.extend(["--test", test]);
    }
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        // what is built already is used again, but this `climd` does not take the place of the real one
        .env("CARGO_BUILD_BUILD_DIR", target)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("CLIMD_WRITE_LISTS", "1") // as the page says
        .current_dir(&folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("schedule::halves::tests::halves_come_first ... ok"), "{text}");
    for test in ["it_is_public", "lengths_are_known_and_epochs_are_pure", "every_schedule_is_shown_by_its_name"] {
        assert!(text.contains(&format!("{test} ... ok")), "{text}");
    }
    assert_eq!(places::missing(&folder), [""; 0]);
    assert!(output.status.success(), "{text}");
}

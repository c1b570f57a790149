//! Promise: source can be read: no line of a Rust file is over 120 characters, comments have no known riddles, and a
//! command that runs an example names the package of the example.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 8] = ["src", "examples", "tests", "benches", "crates", "harness", "fuzz", "docs"];
const WIDTH: usize = 120;
/// Phrases that readers did not understand. Say what the thing is or does instead.
const RIDDLES: [&str; 6] = [
    "what came of",
    "goes round again",
    "go round again",
    "of all that is random",
    "is refused nothing",
    "one a sample",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files below a folder with one of these extensions; what Cargo builds, and hidden folders, are left out.
fn files(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type().unwrap())).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if kind.is_dir() && name != "target" && !name.starts_with('.') {
            files(&path, extensions, found);
        } else if kind.is_file() && path.extension().is_some_and(|end| extensions.iter().any(|&wanted| end == wanted)) {
            found.push(path);
        }
    }
}

fn all(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = vec![root().join("build.rs"), root().join("README.md"), root().join("CONTRIBUTING.md")];
    FOLDERS.iter().for_each(|folder| files(&root().join(folder), extensions, &mut found));
    found.retain(|path| path.extension().is_some_and(|end| extensions.iter().any(|&wanted| end == wanted)));
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn no_line_of_rust_is_too_long() {
    let files = all(&["rs"]);
    assert!(files.len() > 200, "{}", files.len());
    let mut long = Vec::new();
    for (path, text) in &files {
        let lines = text.lines().enumerate().filter(|(_, line)| line.chars().count() > WIDTH);
        long.extend(lines.map(|(at, _)| format!("{}:{}", path.display(), at + 1)));
    }
    assert!(long.is_empty(), "over {WIDTH} characters, which rustfmt does not wrap: {long:#?}");
}

#[test]
fn no_comment_is_a_riddle() {
    for (path, text) in all(&["rs"]).iter().filter(|(path, _)| !path.ends_with("source.rs")) {
        for (at, line) in text.lines().enumerate() {
            let comment = line.split_once("//").map_or("", |(_, comment)| comment).to_lowercase();
            let riddle = RIDDLES.iter().find(|&&riddle| comment.contains(riddle));
            assert_eq!(riddle, None, "{}:{}: say it in plain words", path.display(), at + 1);
        }
    }
}

/// Names of the examples that packages below `harness` take from the folder `examples`.
fn packages() -> BTreeMap<String, String> {
    let mut manifests = Vec::new();
    files(&root().join("harness"), &["toml"], &mut manifests);
    let mut packages = BTreeMap::new();
    for manifest in manifests.iter().filter(|path| path.ends_with("Cargo.toml")) {
        let text = fs::read_to_string(manifest).unwrap();
        let mut names = text.lines().filter_map(|line| line.strip_prefix("name = ")).map(|name| name.trim_matches('"'));
        let package = names.next().unwrap();
        let sections = text.split("[[example]]").skip(1);
        let name = |section: &str| section.split("name = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        packages.extend(sections.map(|section| (name(section), package.to_owned())));
    }
    packages
}

#[test]
fn a_command_names_the_package_of_its_example() {
    let packages = packages();
    let mut count = 0;
    for (path, text) in all(&["rs", "md"]).iter().filter(|(path, _)| !path.ends_with("source.rs")) {
        let text = text.replace("\n//! ", " ");
        for command in text.split("cargo run ").skip(1).chain(text.split("cargo build ").skip(1)) {
            let command = command.split(['`', '\n']).next().unwrap();
            let words: Vec<&str> = command.split_whitespace().collect();
            let after = |flag: &str| words.iter().position(|&word| word == flag).and_then(|at| words.get(at + 1));
            let Some(example) = after("--example") else { continue };
            count += 1;
            let right = packages.get(*example).map_or("climd", String::as_str);
            let named = after("-p").copied().unwrap_or("climd");
            let elsewhere = after("--manifest-path").is_some();
            assert!(elsewhere || named == right, "{}: `{example}` is in package {right}: {command}", path.display());
        }
    }
    assert!(count > 10, "{count}");
}

/// `tch::no_grad` does not come back from a panic: who catches it trains on without gradients.
#[test]
fn gradients_are_left_off_by_a_guard_alone() {
    let closure = concat!("tch::no_grad", "(|");
    let tests = [root().join("tests"), root().join("benches")];
    for (path, text) in all(&["rs", "md"]) {
        let guarded = tests.iter().any(|folder| path.starts_with(folder)) || !text.contains(closure);
        assert!(guarded, "{}: use `tch::no_grad_guard`", path.display());
    }
}

/// Off a terminal, it writes a line every ten seconds: `harness/tables/src/progress.rs` tests that.
#[test]
fn long_work_says_how_far_it_is() {
    let works = ["bin/climd-repro/options.rs", "examples/brca_baseline.rs", "examples/mllc.rs"];
    let files = all(&["rs"]);
    for work in works {
        let (_, text) = files.iter().find(|(path, _)| path.ends_with(work)).unwrap();
        for part in ["Progress::new(", ".part(", ".step(", ".plan("] {
            assert!(text.contains(part), "{work}: {part}");
        }
    }
}

/// A log that is a file would lose what it has: opened by its name, it is begun anew.
#[test]
fn no_script_opens_its_streams_by_name() {
    let scripts = all(&["sh", "py"]);
    assert!(scripts.len() > 20, "{}", scripts.len());
    for (path, text) in scripts {
        assert!(!text.contains(concat!("/dev/", "std")), "{}: use `>&2`", path.display());
    }
}

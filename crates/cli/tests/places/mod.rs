//! The places that must know every schedule. What is not here takes its list from `AnySchedule`.

use std::fs;
use std::path::Path;

/// A file, and whether one of its lines shows that it knows the schedule: of this file, of this type.
type Place = (&'static str, fn(line: &str, file: &str, schedule: &str) -> bool);

const PLACES: [Place; 10] = [
    ("src/schedule/any.rs", |line, file, schedule| {
        // a switch holds two others, so it has a line of its own
        line.trim() == format!("{file}::{schedule},") || line.trim().starts_with(&format!("{schedule}(Box<"))
    }),
    ("src/schedule/mod.rs", |line, _, schedule| line.starts_with("//! |") && line.contains(&format!("[`{schedule}`]"))),
    ("docs/algorithm.md", |line, _, schedule| {
        line.starts_with(&format!("| `{schedule}`")) || line.starts_with(&format!("* `{schedule}`"))
    }),
    ("docs/guide/choosing.md", |line, _, schedule| line.starts_with("| ") && line.contains(&format!("`{schedule}`"))),
    ("README.md", |line, _, schedule| line.starts_with("- ") && line.contains(&format!("`{schedule}`"))),
    ("CHANGELOG.md", |line, _, schedule| line.contains(&format!("`{schedule}`"))),
    ("tests/golden/lists.json", |line, _, schedule| line.contains(&format!(r#""schedule":{{"{schedule}":"#))),
    ("crates/python/python/climd/schedules.py", |line, _, schedule| line == format!("class {schedule}(Schedule):")),
    ("crates/python/python/climd/__init__.py", |line, _, schedule| line == format!("    {schedule},")),
    ("crates/python/python/climd/__init__.py", |line, _, schedule| line == format!("    \"{schedule}\",")),
];

/// Files that must not have a list of their own.
const NO_LIST: [&str; 5] = [
    "tests/schedules.rs",
    "tests/lists.rs",
    "fuzz/fuzz_targets/schedule.rs",
    "crates/cli/src/schedule.rs",
    "crates/python/src/lib.rs",
];

/// File and type of every schedule of the library: every type in `src/schedule` that implements the trait.
pub fn schedules(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join("src/schedule")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for line in fs::read_to_string(&path).unwrap().lines().filter(|line| line.starts_with("impl")) {
            if let Some((_, name)) = line.split_once(" Schedule for ")
                && !name.starts_with("AnySchedule")
                && !name.starts_with("Box<")
            {
                let name = name.split([' ', '<']).next().unwrap();
                found.push((file.clone(), name.to_owned()));
            }
        }
    }
    found.sort();
    found
}

/// What is missing, one line for each schedule and place.
pub fn missing(root: &Path) -> Vec<String> {
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let mut missing = Vec::new();
    for (place, knows) in PLACES {
        let text = read(place);
        for (file, schedule) in schedules(root) {
            if !text.lines().any(|line| knows(line, &file, &schedule)) {
                missing.push(format!("{place}: {schedule}"));
            }
        }
    }
    for place in NO_LIST.into_iter().filter(|place| root.join(place).exists()) {
        if !["AnySchedule::all()", "AnySchedule::NAMES"].iter().any(|list| read(place).contains(list)) {
            missing.push(format!("{place}: the list of `AnySchedule`"));
        }
    }
    missing
}

//! Promise: data flow one way. No file of a crate uses, by its `use` lines, a file that uses it, directly or on the way
//! over others.
//!
//! A `mod.rs` or `lib.rs` links files and hands their names on, so it is no stop on the way: a name that comes out of
//! it leads to the file that it hands on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 8] = [
    "src",
    "crates/cli/src",
    "crates/csv/src",
    "crates/python/src",
    "harness/data/src",
    "harness/networks/src",
    "harness/tables/src",
    "harness/mllc/src",
];

/// A path of names: `crate::sampler::epoch` is `["sampler", "epoch"]`.
type Names = Vec<String>;

struct Crate {
    /// Source of every module, by its path; those that link others are in `links`, too.
    modules: BTreeMap<Names, String>,
    links: BTreeSet<Names>,
}

impl Crate {
    fn read(folder: &Path) -> Self {
        let mut this = Self { modules: BTreeMap::new(), links: BTreeSet::new() };
        this.add(folder, &[]);
        this
    }

    fn add(&mut self, folder: &Path, above: &[String]) {
        for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path: PathBuf = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let inside = [above, std::slice::from_ref(&name)].concat();
            if path.is_dir() {
                self.add(&path, &inside);
            } else if path.extension().is_some_and(|end| end == "rs") && name != "tests" {
                let links = ["mod", "lib"].contains(&name.as_str());
                let module = if links { above.to_vec() } else { inside };
                if links {
                    self.links.insert(module.clone());
                }
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
                self.modules.insert(module, code);
            }
        }
    }

    /// The paths that a module uses, from the root of the crate, each with whether it is handed on.
    fn uses(&self, module: &[String]) -> Vec<(Names, bool)> {
        let mut found = Vec::new();
        let (mut statement, mut handed_on) = (String::new(), false);
        for line in self.modules[module].lines().map(|line| line.split("//").next().unwrap().trim()) {
            if statement.is_empty() {
                let Some(at) = line.find("use ").filter(|&at| at == 0 || line.starts_with("pub")) else { continue };
                handed_on = at > 0;
                statement = line[at + 4..].to_owned();
            } else {
                statement += line;
            }
            if let Some(whole) = statement.strip_suffix(';') {
                let mut paths = Vec::new();
                expand("", whole, &mut paths);
                found.extend(paths.iter().filter_map(|path| Some((self.absolute(module, path)?, handed_on))));
                statement.clear();
            }
        }
        found
    }

    /// A path as it is written in a module, from the root of the crate; none if it leads out of it.
    fn absolute(&self, module: &[String], path: &str) -> Option<Names> {
        let mut names: Vec<&str> = path.split("::").map(str::trim).collect();
        let mut base = match names[0] {
            "crate" => Vec::new(),
            "self" | "super" => module.to_vec(),
            name => {
                let child = [module, &[name.to_owned()]].concat();
                return self.modules.contains_key(&child).then(|| [module.to_vec(), owned(&names)].concat());
            }
        };
        while names.first() == Some(&"super") {
            base.pop();
            names.remove(0);
        }
        if matches!(names.first(), Some(&"crate" | &"self")) {
            names.remove(0);
        }
        Some([base, owned(&names)].concat())
    }

    /// The file in which the last name of a path stands.
    fn file_of(&self, path: &[String], depth: usize) -> Option<Names> {
        let module = (0..=path.len()).rev().map(|end| &path[..end]).find(|names| self.modules.contains_key(*names))?;
        let rest = &path[module.len()..];
        if let ([name, ..], true, true) = (rest, self.links.contains(module), depth < 9) {
            for (target, _) in self.uses(module).into_iter().filter(|(_, handed_on)| *handed_on) {
                let next = match target.last() {
                    Some(last) if last == name => Some(target.clone()),
                    Some(last) if last == "*" => Some([&target[..target.len() - 1], rest].concat()),
                    _ => None,
                };
                let found = next.and_then(|next| self.file_of(&next, depth + 1)).filter(|file| file != module);
                if found.as_ref().is_some_and(|file| !self.links.contains(file)) {
                    return found;
                }
            }
        }
        Some(module.to_vec())
    }
}

fn owned(names: &[&str]) -> Names {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// `a::{b, c::{d}}` as `a::b` and `a::c::d`; a name in use is the one before `as`.
fn expand(before: &str, text: &str, paths: &mut Vec<String>) {
    let text = text.trim();
    let Some(open) = text.find('{') else {
        let name = text.split(" as ").next().unwrap().trim();
        if !name.is_empty() {
            paths.push(format!("{before}{name}"));
        }
        return;
    };
    let inside = &text[open + 1..text.rfind('}').unwrap()];
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in inside.char_indices().chain([(inside.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&format!("{before}{}", &text[..open]), &inside[start..at], paths);
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// Files that lead back to themselves, with the way.
fn circle(edges: &BTreeMap<Names, BTreeSet<Names>>) -> Option<Vec<Names>> {
    for start in edges.keys() {
        let (mut ways, mut seen) = (vec![vec![start.clone()]], BTreeSet::new());
        while let Some(way) = ways.pop() {
            for next in edges.get(way.last().unwrap()).into_iter().flatten() {
                let longer = [&way[..], std::slice::from_ref(next)].concat();
                if next == start {
                    return Some(longer);
                }
                if seen.insert(next.clone()) {
                    ways.push(longer);
                }
            }
        }
    }
    None
}

#[test]
fn no_file_uses_one_that_uses_it() {
    for folder in CRATES {
        let this = Crate::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder));
        let mut edges: BTreeMap<Names, BTreeSet<Names>> = BTreeMap::new();
        for module in this.modules.keys().filter(|module| !this.links.contains(*module)) {
            let files = this.uses(module).into_iter().filter_map(|(path, _)| this.file_of(&path, 0));
            let others = files.filter(|file| file != module && !this.links.contains(file)).collect();
            edges.insert(module.clone(), others);
        }
        let count: usize = edges.values().map(BTreeSet::len).sum();
        assert!(count > 0, "{folder}: no use found: is it read at all?");
        if let Some(way) = circle(&edges) {
            let way: Vec<String> = way.iter().map(|names| names.join("::")).collect();
            panic!("{folder}: a circle of files, {}: move what both need into a file of its own", way.join(" -> "));
        }
    }
}

#[test]
fn a_circle_is_found_also_over_names_that_are_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("room")).unwrap();
    write("lib.rs", "mod room;\nmod top;\npub use room::*;\npub use top::Top;\n");
    write("room/mod.rs", "mod low;\npub use low::{Low, Other as Renamed};\n");
    write("room/low.rs", "use std::fs;\nuse crate::{\n    Top,\n};\npub struct Low;\n");
    write("top.rs", "use crate::Low;\npub struct Top;\n");
    let this = Crate::read(folder.path());
    let path = |text: &str| -> Names { text.split("::").map(str::to_owned).collect() };
    assert_eq!(this.file_of(&path("Low"), 0), Some(path("room::low")));
    assert_eq!(this.file_of(&path("Top"), 0), Some(path("top")));
    let edges = [("room::low", "top"), ("top", "room::low")];
    let edges = edges.map(|(from, to)| (path(from), BTreeSet::from([path(to)])));
    assert_eq!(circle(&edges.into()).unwrap().len(), 3);
}

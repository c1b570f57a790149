//! What the map is kept in: a table, a page and a picture.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::line::Line;
use super::page::{page, title};
use super::picture::draw;

/// The name of its files; splits that begin elsewhere have files of their own.
#[must_use]
pub fn stem(first_seed: u64) -> String {
    if first_seed > 0 { format!("map-from{first_seed}") } else { "map".to_owned() }
}

/// The first split of files of this name; none if they are not a map's.
#[must_use]
pub fn first_seed(stem: &str) -> Option<u64> {
    match stem.strip_prefix("map")? {
        "" => Some(0),
        rest => rest.strip_prefix("-from")?.parse().ok(),
    }
}

/// The lines of a file that [`write()`] wrote.
///
/// # Errors
/// If it cannot be read.
pub fn read(file: &Path) -> Result<Vec<Line>> {
    let unreadable = || format!("`{}` cannot be read as a map", file.display());
    let lines = csv::Reader::from_path(file).with_context(unreadable)?.into_deserialize();
    lines.collect::<Result<_, _>>().with_context(unreadable)
}

/// Writes `{stem}.csv`: set by set, in the order in which they first come, then by budget, imbalance and wrong labels.
/// Beside it the page, `{stem}.md`, with its picture; that is left out where there is nothing to show.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, first_seed: u64, mut lines: Vec<Line>) -> Result<String> {
    let stem = stem(first_seed);
    let unwritten = || format!("--out: `{}` cannot be written", folder.display());
    fs::create_dir_all(folder).with_context(unwritten)?;
    let mut sets: Vec<String> = Vec::new();
    for line in &lines {
        if !sets.contains(&line.data) {
            sets.push(line.data.clone());
        }
    }
    // stable: rows stay in their order
    lines.sort_by_key(|line| (sets.iter().position(|set| *set == line.data), line.cell()));
    let mut file = csv::Writer::from_path(folder.join(format!("{stem}.csv"))).with_context(unwritten)?;
    for line in &lines {
        file.serialize(line).with_context(unwritten)?;
    }
    file.flush().with_context(unwritten)?;
    if !lines.is_empty() {
        draw(&folder.join("pictures").join(&stem), &title(first_seed), &lines)?;
    }
    let page = page(&lines, &stem, first_seed);
    fs::write(folder.join(format!("{stem}.md")), &page).with_context(unwritten)?;
    Ok(page)
}

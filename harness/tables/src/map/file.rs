//! What the map is kept in.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::line::Line;

/// The name of its files; splits that begin elsewhere have files of their own.
#[must_use]
pub fn stem(first_seed: u64) -> String {
    if first_seed > 0 { format!("map-from{first_seed}") } else { "map".to_owned() }
}

/// Writes `{stem}.csv`: set by set, in the order in which they first come, then by budget, imbalance and wrong labels.
///
/// # Errors
/// If it cannot be written.
pub fn write(folder: &Path, stem: &str, mut lines: Vec<Line>) -> Result<()> {
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
    file.flush().with_context(unwritten)
}

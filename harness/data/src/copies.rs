//! Finds features that are the labels.

use std::collections::HashSet;

use super::{Dataset, Table};

/// Fewer rows may agree by chance.
const LEAST: usize = 30;

/// Columns that a note lists.
const SHOWN: usize = 20;

/// A note for each modality with columns that are a copy of the labels: one value for each class, and another for each.
pub(super) fn notes(dataset: &Dataset) -> Vec<String> {
    if dataset.len() < LEAST {
        return Vec::new();
    }
    let of_table = |table: &Table| {
        let copies: Vec<&str> = (0..table.columns.len())
            .filter(|&column| is_copy(table, column, dataset))
            .map(|column| table.columns[column].as_str())
            .collect();
        (!copies.is_empty()).then(|| {
            let shown: Vec<String> = copies.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
            let more = copies.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!(
                "modality `{}`: each class has one value, and another, in {}{more}: if these are the labels, leave \
                 them out, as every network recognises every sample by them",
                table.name,
                shown.join(", ")
            )
        })
    };
    dataset.modalities.iter().filter_map(of_table).collect()
}

fn is_copy(table: &Table, column: usize, dataset: &Dataset) -> bool {
    let mut of_class = vec![None; dataset.classes.len()];
    let one_each = dataset.labels.iter().enumerate().all(|(row, &label)| {
        let value = table.row(row)[column] + 0.0; // -0 is 0
        *of_class[label].get_or_insert(value) == value
    });
    one_each && of_class.iter().flatten().map(|value| value.to_bits()).collect::<HashSet<u32>>().len() == of_class.len()
}

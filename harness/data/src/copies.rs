//! Finds features that are the labels.

use std::collections::HashSet;

use climd_csv::listed;

use super::{Dataset, Table};

/// Fewer rows may agree by chance.
const LEAST: usize = 30;

/// A note for each modality with columns that are a copy of the labels: each class has a value of its own.
pub(super) fn notes(dataset: &Dataset) -> Vec<String> {
    if dataset.len() < LEAST {
        return Vec::new();
    }
    let of_table = |table: &Table| {
        let copies = (0..table.columns.len()).filter(|&column| is_copy(table, column, dataset));
        let copies: Vec<String> = copies.map(|column| format!("`{}`", table.columns[column])).collect();
        (!copies.is_empty()).then(|| {
            format!(
                "modality `{}`: each class has a value of its own in {}: if these are the labels, leave them out, \
                 as every network recognises every sample by them",
                table.name,
                listed(&copies)
            )
        })
    };
    dataset.modalities.iter().filter_map(of_table).collect()
}

fn is_copy(table: &Table, column: usize, dataset: &Dataset) -> bool {
    let mut of_class = vec![None; dataset.classes.len()];
    let one_each = dataset.labels.iter().enumerate().all(|(row, &label)| {
        let value = table.row(row)[column] + 0.0; // -0 is 0
        value.is_nan() || *of_class[label].get_or_insert(value) == value // a gap may hide anything
    });
    one_each && of_class.iter().flatten().map(|value| value.to_bits()).collect::<HashSet<u32>>().len() == of_class.len()
}

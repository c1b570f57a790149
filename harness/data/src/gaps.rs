//! Gaps: numbers that were not measured. A gap is NaN in a [`Table`]; the mean of the training rows takes its place.

use std::path::Path;

use super::{Dataset, Error, Result, Table};

/// Refuses a column that is nothing but gaps.
pub(super) fn check(table: &Table, file: &Path) -> Result<()> {
    match counts(table).iter().position(|&gaps| gaps == table.rows) {
        Some(column) => Err(Error::NoValue { file: file.into(), column: table.columns[column].clone() }),
        None => Ok(()),
    }
}

/// A note for each modality with gaps.
pub(super) fn notes(dataset: &Dataset) -> Vec<String> {
    let of_table = |table: &Table| {
        let counts = counts(table);
        let gaps: usize = counts.iter().sum();
        let (column, most) = counts.iter().enumerate().rev().max_by_key(|(_, gaps)| **gaps)?;
        (gaps > 0).then(|| {
            format!(
                "modality `{}`: missing numbers: {gaps} of {}, most in `{}`, {most} of {} rows: the column's mean over \
                 the training rows takes their place",
                table.name,
                table.values.len(),
                table.columns[column],
                table.rows
            )
        })
    };
    dataset.modalities.iter().filter_map(of_table).collect()
}

/// Number of gaps in each column.
fn counts(table: &Table) -> Vec<usize> {
    let mut counts = vec![0; table.columns.len()];
    for row in 0..table.rows {
        counts.iter_mut().zip(table.row(row)).for_each(|(gaps, value)| *gaps += usize::from(value.is_nan()));
    }
    counts
}

/// The mean of each column over these rows without gaps; 0 for a column that has none.
pub(super) fn means(table: &Table, rows: &[usize]) -> Vec<f32> {
    let (mut sums, mut counts) = (vec![0.0; table.columns.len()], vec![0.0; table.columns.len()]);
    for &row in rows {
        for ((&value, sum), count) in table.row(row).iter().zip(&mut sums).zip(&mut counts) {
            if !value.is_nan() {
                *sum += f64::from(value);
                *count += 1.0;
            }
        }
    }
    sums.iter().zip(&counts).map(|(sum, &count)| if count > 0.0 { (sum / count) as f32 } else { 0.0 }).collect()
}

/// The table without gaps, if it has any.
pub(super) fn filled(table: &Table, means: &[f32]) -> Option<Table> {
    table.values.iter().any(|value| value.is_nan()).then(|| {
        let mut table = table.clone();
        for row in table.values.chunks_exact_mut(means.len()) {
            row.iter_mut().zip(means).filter(|(value, _)| value.is_nan()).for_each(|(value, &mean)| *value = mean);
        }
        table
    })
}

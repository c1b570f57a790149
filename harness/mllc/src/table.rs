//! Laboratory values, imputed, flagged and standardised with the training part alone.

/// Mean and standard deviation of each column, over the training rows that have a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    columns: Vec<(f32, f32)>, // mean, standard deviation
}

impl Scale {
    /// Fits on these rows alone. A column without values has mean 0. A constant column is only shifted.
    #[must_use]
    pub fn fit<'a>(rows: impl IntoIterator<Item = &'a [Option<f32>]>) -> Scale {
        let mut values: Vec<Vec<f64>> = Vec::new();
        for row in rows {
            values.resize_with(row.len(), Vec::new);
            for (column, value) in values.iter_mut().zip(row) {
                column.extend(value.map(f64::from));
            }
        }
        let of_column = |column: Vec<f64>| {
            let n = column.len().max(1) as f64;
            let mean = column.iter().sum::<f64>() / n;
            let sd = (column.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
            (mean as f32, if sd > 1e-6 * mean.abs() && sd > 0.0 { sd as f32 } else { 1.0 })
        };
        Scale { columns: values.into_iter().map(of_column).collect() }
    }

    /// The `2 L` features of a row of `L` values: standardised values, where a missing one is the mean (0), then flags
    /// that are 1 if the value is missing.
    #[must_use]
    pub fn apply(&self, row: &[Option<f32>]) -> Vec<f32> {
        let standard =
            |(value, &(mean, sd)): (&Option<f32>, &(f32, f32))| value.map_or(0.0, |value| (value - mean) / sd);
        let flag = |value: &Option<f32>| if value.is_none() { 1.0 } else { 0.0 };
        row.iter().zip(&self.columns).map(standard).chain(row.iter().map(flag)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_become_the_training_mean_and_are_flagged() {
        let rows: [&[Option<f32>]; 3] = [&[Some(1.0), None], &[Some(3.0), None], &[None, None]];
        let scale = Scale::fit(rows);
        assert_eq!(scale.apply(rows[0]), [-1.0, 0.0, 0.0, 1.0]); // mean 2, sd 1; nothing known of the second
        assert_eq!(scale.apply(rows[2]), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(scale.apply(&[Some(5.0), Some(7.0)]), [3.0, 7.0, 0.0, 0.0]); // a row that was not looked at
    }

    #[test]
    fn a_constant_column_is_shifted_alone() {
        let rows: [&[Option<f32>]; 2] = [&[Some(0.1)], &[Some(0.1)]];
        assert_eq!(Scale::fit(rows).apply(&[Some(0.1)]), [0.0, 0.0]);
    }
}

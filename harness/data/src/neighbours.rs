//! Which class each class is most easily taken for.

use super::{Error, Part, Result};

/// For each class, the class whose mean of all values of the part is nearest to its own mean; ties to the smaller.
///
/// The part is prepared, so columns are on one scale, and it is a training part, so test rows decide nothing. A class
/// without a row, or without another class that has rows, is its own neighbour.
///
/// # Errors
/// [`Error::TooFewClasses`] for a part without rows.
pub fn neighbours(part: &Part, num_classes: usize) -> Result<Vec<usize>> {
    if part.labels.is_empty() {
        return Err(Error::TooFewClasses { found: 0, needed: 1 });
    }
    let rows = part.labels.len();
    let classes = num_classes.max(part.labels.iter().max().map_or(0, |&label| label + 1));
    let mut sizes = vec![0.0; classes];
    part.labels.iter().for_each(|&label| sizes[label] += 1.0);
    let mut squares = vec![vec![0.0; classes]; classes]; // distances
    for values in &part.values {
        let width = values.len() / rows;
        let mut means = vec![vec![0.0; width]; classes];
        for (row, &label) in part.labels.iter().enumerate() {
            let values = &values[row * width..][..width];
            means[label].iter_mut().zip(values).for_each(|(mean, &value)| *mean += f64::from(value) / sizes[label]);
        }
        for (a, row) in squares.iter_mut().enumerate() {
            for (b, sum) in row.iter_mut().enumerate() {
                *sum += means[a].iter().zip(&means[b]).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
            }
        }
    }
    let nearest = |class: usize| {
        let others = (0..classes).filter(|&other| other != class && sizes[other] > 0.0 && sizes[class] > 0.0);
        others.min_by(|&a, &b| squares[class][a].total_cmp(&squares[class][b])).unwrap_or(class)
    };
    Ok((0..classes).map(nearest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mean_over_all_modalities_is_the_neighbour() {
        // means: class 0 at (0, 0), class 1 at (3, 0), class 2 at (2, 5), class 4 at (9, 9); class 3 has no row
        let part = Part {
            rows: (0..5).collect(),
            values: vec![vec![-1.0, 1.0, 3.0, 2.0, 9.0], vec![0.0, 0.0, 0.0, 5.0, 9.0]],
            labels: vec![0, 0, 1, 2, 4],
        };
        assert_eq!(neighbours(&part, 5).unwrap(), [1, 0, 1, 3, 2]);
        // without the second modality class 2 lies between classes 0 and 1
        let first = Part { values: part.values[..1].to_vec(), ..part.clone() };
        assert_eq!(neighbours(&first, 5).unwrap(), [2, 2, 1, 3, 1]);
        let nobody = Part { rows: vec![], values: vec![vec![]], labels: vec![] };
        assert!(matches!(neighbours(&nobody, 2), Err(Error::TooFewClasses { .. })));
    }
}

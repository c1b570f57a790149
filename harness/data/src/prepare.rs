//! Chooses and scales columns with the training rows alone.
//!
//! [`Fitted::new`] reads only the training rows, and [`Fitted::apply`] only applies what was fitted. So a test row can
//! change neither the choice of columns nor the scale. Statistics are `f64`. Source: choice as in MOGONET, scale as in
//! Multi-D and DMIB. Numbers that are missing become the mean of the training rows.
//!
//! We cannot undo what was done before the files were published. In the public BRCA table no mRNA column has an F below
//! 23.8 over all 769 patients, and no methylation column has one below 18.7. Most likely both were chosen with the
//! labels of all patients. So figures on this table compare methods, but as accuracies they are probably too high.

use std::borrow::Cow;

use super::split::check_rows;
use super::{Dataset, Error, Layout, Result, Split, Table, gaps};

/// How many columns of each modality are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// All columns.
    All,
    /// The columns with the highest ANOVA F: one number for each modality, at least 1. A modality with fewer keeps all.
    Top(Vec<usize>),
}

/// How to prepare the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preparation {
    /// Which columns are kept. Default by layout: top 1000, 1000, 503 for BRCA; all for the others.
    pub keep: Keep,
    /// Whether columns are scaled to `[0, 1]` of the training rows. Default true.
    pub scale: bool,
}

impl Preparation {
    /// The default for a data set of this layout.
    #[must_use]
    pub fn of(layout: Layout) -> Preparation {
        let keep = match layout {
            Layout::Brca => Keep::Top(vec![1000, 1000, 503]),
            Layout::Mogonet | Layout::Listed => Keep::All,
        };
        Preparation { keep, scale: true }
    }
}

/// Choice and scale of the columns of one modality.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedTable {
    /// The modality.
    pub name: String,
    /// Names of the chosen columns.
    pub columns: Vec<String>,
    /// The chosen columns, ascending: the order of the table is kept.
    pub chosen: Vec<usize>,
    /// Smallest training value of each chosen column.
    pub min: Vec<f64>,
    /// Largest training value of each chosen column.
    pub max: Vec<f64>,
    /// What takes the place of a gap in each chosen column: the mean of its training values, 0 if it has none.
    pub mean: Vec<f32>,
    width: usize, // number of columns of the fitted table
}

/// What was learned from the training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// One table for each modality.
    pub modalities: Vec<FittedTable>,
    scale: bool,
}

/// Some rows of a data set, ready for a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The rows' numbers in the data set.
    pub rows: Vec<usize>,
    /// One for each modality: `[rows, columns]`, row-major.
    pub values: Vec<Vec<f32>>,
    /// `[rows]`.
    pub labels: Vec<usize>,
}

/// A split data set, ready for a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Choice and scale, for other parts such as a validation set.
    pub fitted: Fitted,
    /// The training rows.
    pub train: Part,
    /// The test rows.
    pub test: Part,
}

impl Prepared {
    /// Fits on `split.train` and applies to both parts.
    ///
    /// # Errors
    /// As [`Fitted::new`]; [`Error::RowInBothParts`] if a row is in both parts.
    pub fn fit(dataset: &Dataset, split: &Split, preparation: &Preparation) -> Result<Prepared> {
        check_rows("split.train", &split.train, dataset.len())?;
        check_rows("split.test", &split.test, dataset.len())?;
        let mut trains = vec![false; dataset.len()];
        split.train.iter().for_each(|&row| trains[row] = true);
        if let Some(&row) = split.test.iter().find(|&&row| trains[row]) {
            return Err(Error::RowInBothParts { row });
        }
        let fitted = Fitted::new(dataset, &split.train, preparation)?;
        let (train, test) = (fitted.apply(dataset, &split.train)?, fitted.apply(dataset, &split.test)?);
        Ok(Prepared { fitted, train, test })
    }
}

impl Fitted {
    /// Chooses the columns, and finds their smallest value, largest value and mean over the rows `train`. Gaps count as
    /// the mean.
    ///
    /// Columns are ranked by [`anova_f`], ties to the smaller column, and stay in their original order.
    ///
    /// # Errors
    /// [`Error::RowOutside`]; [`Error::TooFewClasses`] if `train` is empty, or has one class and columns are to be
    /// chosen; [`Error::KeepLength`] and [`Error::KeepNothing`] for a list that does not fit.
    pub fn new(dataset: &Dataset, train: &[usize], preparation: &Preparation) -> Result<Fitted> {
        check_rows("train", train, dataset.len())?;
        let mut seen = vec![false; dataset.classes.len()];
        train.iter().for_each(|&row| seen[dataset.labels[row]] = true);
        let (found, expected) = (seen.iter().filter(|&&seen| seen).count(), dataset.modalities.len());
        let needed = match &preparation.keep {
            Keep::All => 1,
            Keep::Top(_) => 2,
        };
        if found < needed {
            return Err(Error::TooFewClasses { found, needed });
        }
        if let Keep::Top(top) = &preparation.keep {
            if top.len() != expected {
                return Err(Error::KeepLength { found: top.len(), expected });
            }
            if let Some(modality) = top.iter().position(|&count| count == 0) {
                return Err(Error::KeepNothing { modality });
            }
        }
        let fit = |(modality, table): (usize, &Table)| {
            let means = gaps::means(table, train);
            let filled = gaps::filled(table, &means).map_or(Cow::Borrowed(table), Cow::Owned);
            let table = filled.as_ref();
            let chosen = match &preparation.keep {
                Keep::All => (0..table.columns.len()).collect(),
                Keep::Top(top) => highest(&anova_f(table, train, &dataset.labels), top[modality]),
            };
            fit_table(table, train, chosen, &means)
        };
        let modalities = dataset.modalities.iter().enumerate().map(fit).collect();
        Ok(Fitted { modalities, scale: preparation.scale })
    }

    /// The chosen columns of these rows: `(x - min) / (max - min + 1e-10)`, or unchanged without scaling. A gap is the
    /// mean of the training values, or 0 if all of these are gaps.
    ///
    /// Values are not clipped: other rows than the training rows may be outside `[0, 1]`. A column that is constant
    /// over the training rows becomes 0 everywhere. The formula would multiply any other value by ten billion.
    ///
    /// # Errors
    /// [`Error::OtherDataset`] if modalities or columns are not those that were fitted; [`Error::RowOutside`].
    pub fn apply(&self, dataset: &Dataset, rows: &[usize]) -> Result<Part> {
        let widths = |list: Vec<usize>| format!("columns {list:?}");
        let fitted: Vec<usize> = self.modalities.iter().map(|table| table.width).collect();
        let given: Vec<usize> = dataset.modalities.iter().map(|table| table.columns.len()).collect();
        if fitted != given {
            return Err(Error::OtherDataset { found: widths(given), expected: widths(fitted) });
        }
        check_rows("rows", rows, dataset.len())?;
        let tables = self.modalities.iter().zip(&dataset.modalities);
        Ok(Part {
            rows: rows.to_vec(),
            values: tables.map(|(fitted, table)| fitted.apply(table, rows, self.scale)).collect(),
            labels: rows.iter().map(|&row| dataset.labels[row]).collect(),
        })
    }
}

fn fit_table(table: &Table, train: &[usize], chosen: Vec<usize>, means: &[f32]) -> FittedTable {
    let (mut min, mut max) = (vec![f64::INFINITY; chosen.len()], vec![f64::NEG_INFINITY; chosen.len()]);
    for &row in train {
        let values = table.row(row);
        for ((&column, min), max) in chosen.iter().zip(&mut min).zip(&mut max) {
            let value = f64::from(values[column]);
            (*min, *max) = (min.min(value), max.max(value));
        }
    }
    let columns = chosen.iter().map(|&column| table.columns[column].clone()).collect();
    let mean = chosen.iter().map(|&column| means[column]).collect();
    FittedTable { name: table.name.clone(), columns, chosen, min, max, mean, width: table.columns.len() }
}

impl FittedTable {
    fn apply(&self, table: &Table, rows: &[usize], scale: bool) -> Vec<f32> {
        let mut out = Vec::with_capacity(rows.len() * self.chosen.len());
        for &row in rows {
            let values = table.row(row);
            let fitted = self.min.iter().zip(&self.max).zip(&self.mean);
            out.extend(self.chosen.iter().zip(fitted).map(|(&column, ((&min, &max), &mean))| {
                let value = if values[column].is_nan() { mean } else { values[column] };
                match scale {
                    false => value,
                    true if min == max => 0.0,
                    true => ((f64::from(value) - min) / (max - min + 1e-10)) as f32,
                }
            }));
        }
        out
    }
}

/// The columns of the `count` highest values, ascending; ties go to the smaller column.
fn highest(values: &[f64], count: usize) -> Vec<usize> {
    let mut columns: Vec<usize> = (0..values.len()).collect();
    columns.sort_by(|&a, &b| values[b].total_cmp(&values[a])); // stable: ties by column
    columns.truncate(count);
    columns.sort_unstable();
    columns
}

/// One-way ANOVA F of every column over `rows`: the distance of the class means, relative to the spread in the classes.
///
/// A column that is constant over `rows` has F 0. One that varies only between classes has an infinite F, the highest.
/// With a single class every F is 0. A column with a gap over `rows` has F 0: fill it first.
///
/// # Shapes
/// `labels`: one for each row of `table`, not of `rows`. Returns one value for each column.
///
/// # Panics
/// If `rows` has a row beyond `table` or `labels`.
///
/// # Complexity
/// Two passes over the rows.
#[must_use]
pub fn anova_f(table: &Table, rows: &[usize], labels: &[usize]) -> Vec<f64> {
    let width = table.columns.len();
    let num_classes = rows.iter().map(|&row| labels[row] + 1).max().unwrap_or(0);
    let (mut sizes, mut sums) = (vec![0.0; num_classes], vec![0.0; num_classes * width]); // sums: [classes, columns]
    for &row in rows {
        let class = labels[row];
        sizes[class] += 1.0;
        for (sum, &value) in sums[class * width..][..width].iter_mut().zip(table.row(row)) {
            *sum += f64::from(value);
        }
    }
    let n = rows.len() as f64;
    let present = sizes.iter().filter(|&&size| size > 0.0).count() as f64;
    let total: Vec<f64> = (0..width).map(|column| sums.iter().skip(column).step_by(width).sum()).collect();
    let (mut between, mut within) = (vec![0.0; width], vec![0.0; width]);
    for (sums, &size) in sums.chunks_exact_mut(width).zip(&sizes).filter(|(_, size)| **size > 0.0) {
        for ((sum, total), between) in sums.iter_mut().zip(&total).zip(&mut between) {
            *sum /= size; // from here on the mean of the class
            *between += size * (*sum - total / n).powi(2);
        }
    }
    for &row in rows {
        let means = &sums[labels[row] * width..][..width];
        for ((&value, mean), within) in table.row(row).iter().zip(means).zip(&mut within) {
            *within += (f64::from(value) - mean).powi(2);
        }
    }
    let f = |(between, within): (f64, f64)| match between > 0.0 {
        // 0.0 / 0.0 when no class has two samples: the means alone decide
        true if within == 0.0 => f64::INFINITY,
        true => (between / (present - 1.0)) / (within / (n - present)),
        false => 0.0,
    };
    between.into_iter().zip(within).map(f).collect()
}

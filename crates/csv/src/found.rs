//! The labels that were found, and how they were written.

/// How the labels were written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// One in each cell of this column, from 0.
    Column(usize),
    /// Several in a cell of this column, separated by this character.
    Cells(usize, char),
    /// One column for each class, with one 1 in each row.
    OneHot(Vec<usize>),
    /// One column for each class, with any number of ones in a row.
    MultiHot(Vec<usize>),
}

/// Labels as numbers, in compressed rows: what a sampler of one or of several labels takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Names of the classes, by number: sorted, or in the order of the one-hot columns.
    pub classes: Vec<String>,
    /// Labels of sample `i` are `labels[starts[i]..starts[i + 1]]`, ascending; a sample may have none.
    pub starts: Vec<usize>,
    /// Labels of all samples, one sample after another; see `starts`.
    pub labels: Vec<u32>,
    /// Unknown entries of a multi-hot table, the same way; empty rows for other kinds.
    pub unknown_starts: Vec<usize>,
    /// Unknown entries of all samples; see `unknown_starts`.
    pub unknown: Vec<u32>,
    /// The row of each sample in the sheet, from 0. Rows without a label have no sample.
    pub rows: Vec<usize>,
    /// How they were written.
    pub kind: Kind,
    /// Everything that looks like a mistake, each with what to do.
    pub warnings: Vec<String>,
}

/// `1, 4 to 9, 12` of ascending numbers; what is beyond five runs is counted.
pub(crate) fn ranges(numbers: &[usize]) -> String {
    const SHOWN: usize = 5;
    let runs: Vec<&[usize]> = numbers.chunk_by(|a, b| a + 1 == *b).collect();
    let shown = runs.iter().take(SHOWN).map(|run| match run {
        [one] => one.to_string(),
        [first, second] => format!("{first}, {second}"),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    });
    let text = shown.collect::<Vec<_>>().join(", ");
    let more: usize = runs.iter().skip(SHOWN).map(|run| run.len()).sum();
    if more > 0 { format!("{text} and {more} more") } else { text }
}

//! Which column is meant: by name, by number, or by the names that such a column usually has.

/// A column that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// The name of the column, or its number from 1.
    pub wanted: Option<&'a str>,
    /// Names to look for if `wanted` is none. Letter case, spaces, `_` and `-` do not matter.
    pub usual: &'static [&'static str],
    /// The command-line option for this column. Errors mention it.
    pub option: &'a str,
}

impl<'a> Column<'a> {
    /// The same column, with this name or number if one is given.
    #[must_use]
    pub fn wanted<'b>(self, wanted: Option<&'b str>) -> Column<'b>
    where
        'a: 'b,
    {
        Column { wanted, ..self }
    }
}

/// The column of labels, with its usual names.
pub const LABELS: Column<'_> = Column {
    wanted: None,
    usual: &["label", "labels", "class", "target", "y", "diagnosis", "dx", "finding labels", "findings"],
    option: "--column",
};
/// The column of sample names, with its usual names.
pub const IDS: Column<'_> = Column {
    wanted: None,
    usual: &[
        "id",
        "patient",
        "sample",
        "name",
        "patient id",
        "sample id",
        "image id",
        "case id",
        "image",
        "image index",
        "file",
        "filename",
        "file name",
        "path",
        "barcode",
    ],
    option: "--id",
};
/// The column of scores, with its usual names.
pub const SCORES: Column<'_> = Column { wanted: None, usual: &["score", "scores"], option: "--score-column" };
/// The column that says which samples belong to one patient, with its usual names.
pub const GROUPS: Column<'_> =
    Column { wanted: None, usual: &["group", "patient", "patient id", "subject", "subject id"], option: "--group" };
/// The column of the hospital or the scanner, with its usual names.
pub const SITES: Column<'_> =
    Column { wanted: None, usual: &["site", "hospital", "center", "centre", "scanner"], option: "--site" };

/// A name in the form in which names are compared. A header may begin with `#`, as in `#SampleID`.
pub(crate) fn folded(name: &str) -> String {
    name.trim_start_matches('#')
        .chars()
        .filter(|char| !char.is_whitespace() && !matches!(char, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a name is one of those that columns of labels, ids and so on usually have.
pub(crate) fn is_usual(name: &str) -> bool {
    let folded_name = folded(name);
    let all = [LABELS, IDS, SCORES, GROUPS, SITES];
    !folded_name.is_empty() && all.iter().any(|column| column.usual.iter().any(|usual| folded(usual) == folded_name))
}

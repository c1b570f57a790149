//! Finds the column that is meant in a sheet.

use crate::columns::{Column, folded};
use crate::{Error, Result, Sheet, listed};

impl Sheet {
    /// Lists the columns of the sheet in words, for messages.
    #[must_use]
    pub fn columns(&self) -> String {
        let (width, separator) = (self.width(), self.separator().name());
        if self.names().is_none() {
            let plural = if width == 1 { "column" } else { "columns" };
            return format!("it has {width} {plural} without names, {separator}-separated");
        }
        let all: Vec<usize> = (0..width).collect();
        format!("its columns are {}, {separator}-separated", listed(&self.called(&all)))
    }

    /// Number and name of each of these columns, for messages.
    #[must_use]
    pub fn called(&self, columns: &[usize]) -> Vec<String> {
        let name = |at: usize| self.names().map_or_else(String::new, |names| format!(" `{}`", names[at]));
        columns.iter().map(|&at| format!("{}{}", at + 1, name(at))).collect()
    }

    /// Position of the column: the wanted one, one with a usual name, or the only one.
    ///
    /// # Errors
    /// [`Error::NoColumn`], [`Error::ColumnTwice`]; [`Error::WhichColumn`] if none is wanted and several are possible.
    pub fn find(&self, column: Column<'_>) -> Result<usize> {
        if let Some(wanted) = column.wanted {
            return self.named(wanted, column.option);
        }
        match self.usual(column) {
            Some(at) => Ok(at),
            None => {
                // an index column holds no data
                let mut others = (0..self.width()).filter(|&at| Some(at) != self.index());
                match (others.next(), others.next()) {
                    (Some(only), None) => Ok(only),
                    _ => Err(Error::WhichColumn {
                        file: self.file().into(),
                        option: column.option.into(),
                        usual: column.usual.to_vec(),
                        found: self.columns(),
                    }),
                }
            }
        }
    }

    /// Position of the column with this name or number. An exact name comes first, then a name that differs only in
    /// case, spaces, `_`, `-` and a `#` in front.
    ///
    /// # Errors
    /// [`Error::NoColumn`], [`Error::ColumnTwice`].
    pub fn named(&self, wanted: &str, option: &str) -> Result<usize> {
        let names = self.names().unwrap_or_default();
        let at = |is: &dyn Fn(&String) -> bool| (0..names.len()).filter(|&at| is(&names[at])).collect::<Vec<usize>>();
        let mut found = at(&|name| name == wanted.trim());
        if found.is_empty() {
            found = at(&|name| !folded(wanted).is_empty() && folded(name) == folded(wanted));
        }
        let number = wanted.parse::<usize>().ok().filter(|number| (1..=self.width()).contains(number));
        match (&found[..], number) {
            (&[only], _) => Ok(only),
            (&[first, second, ..], _) => Err(Error::ColumnTwice {
                file: self.file().into(),
                option: option.into(),
                wanted: wanted.into(),
                first: first + 1,
                second: second + 1,
            }),
            ([], Some(number)) => Ok(number - 1),
            ([], None) => Err(Error::NoColumn {
                file: self.file().into(),
                option: option.into(),
                wanted: wanted.into(),
                found: self.columns(),
            }),
        }
    }

    /// Positions of the columns that are meant by a range of numbers such as `4-9`, or by a name or a number, as in
    /// [`named`](Self::named). A column that is called `4-9` comes first, but not one that is called `49`.
    ///
    /// # Errors
    /// Those of [`named`](Self::named).
    pub fn named_range(&self, wanted: &str, option: &str) -> Result<Vec<usize>> {
        let number = |text: &str| text.trim().parse().ok().filter(|number| (1..=self.width()).contains(number));
        let range = wanted.split_once('-').and_then(|(from, to)| Some(number(from)? - 1..number(to)?));
        let is_name = self.names().is_some_and(|names| names.iter().any(|name| name == wanted.trim()));
        match range.filter(|range| !range.is_empty() && !is_name) {
            Some(range) => Ok(range.collect()),
            None => Ok(vec![self.named(wanted, option)?]),
        }
    }

    /// Position of a column with a usual name. If several have one, the first name of the list wins.
    #[must_use]
    pub fn usual(&self, column: Column<'_>) -> Option<usize> {
        self.all_usual(column).first().copied()
    }

    /// Positions of all columns with a usual name, in the order of the list of names.
    #[must_use]
    pub fn all_usual(&self, column: Column<'_>) -> Vec<usize> {
        let rank = |name: &str| column.usual.iter().position(|usual| folded(usual) == folded(name));
        let names = self.names().unwrap_or_default().iter().enumerate();
        let mut found: Vec<(usize, usize)> = names.filter_map(|(at, name)| Some((rank(name)?, at))).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, at)| at).collect()
    }
}

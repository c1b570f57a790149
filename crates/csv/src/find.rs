//! Finds the column that is meant in a sheet.

use crate::columns::{Column, folded};
use crate::{Error, Result, Sheet};

impl Sheet {
    /// Lists the columns of the sheet in words, for messages.
    #[must_use]
    pub fn columns(&self) -> String {
        const SHOWN: usize = 20;
        let width = self.width();
        let Some(names) = self.names() else {
            let plural = if width == 1 { "column" } else { "columns" };
            return format!("it has {width} {plural} without names, {}-separated", self.separator().name());
        };
        let shown: Vec<String> =
            names.iter().enumerate().take(SHOWN).map(|(at, name)| format!("{} `{name}`", at + 1)).collect();
        let more = if width > SHOWN { format!(" and {} more", width - SHOWN) } else { String::new() };
        format!("its columns are {}{more}, {}-separated", shown.join(", "), self.separator().name())
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
    /// case, spaces, `_` and `-`.
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

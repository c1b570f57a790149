//! The hash by which runs on one data set are told from those on another.

use xxhash_rust::xxh3::Xxh3;

use super::{Dataset, Keep, Preparation};

impl Dataset {
    /// Sixteen hexadecimal digits that change with any label, value, class name, group, split or choice of columns:
    /// their XXH3 hash.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Xxh3::new();
        let mut count = |n: usize| hash.update(&(n as u64).to_le_bytes());
        let split = self.split.clone().unwrap_or_default();
        for list in [&self.labels, &split.train, &split.test] {
            count(list.len());
            list.iter().for_each(|&n| count(n));
        }
        for table in &self.modalities {
            count(table.columns.len());
        }
        for table in &self.modalities {
            table.values.iter().for_each(|value| hash.update(&value.to_le_bytes()));
        }
        self.classes.iter().for_each(|name| hash.update(name.as_bytes()));
        if let Some(groups) = &self.groups {
            groups.iter().for_each(|&group| hash.update(&(group as u64).to_le_bytes()));
            hash.update(b"at random"); // runs on splits that dealt large groups first are others
        }
        // The layout decides which columns are kept. The committed runs are older than this line: there, three tables
        // are of the BRCA layout, and all others keep all columns. So only three tables that keep all have a mark.
        let Preparation { keep, .. } = Preparation::of(self.layout);
        if keep == Keep::All && self.modalities.len() == 3 {
            hash.update(b"all columns");
        }
        format!("{:016x}", hash.digest())
    }
}

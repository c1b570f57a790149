//! Data with several labels for each sample: `features.csv` and `labels.csv`, a row for each sample, which begins with
//! its patient or with its number.

use std::path::Path;

use climd_csv::{HeaderOption, Options, Sheet};
use xxhash_rust::xxh3::Xxh3;

use super::table::{Table, label, lacks, numbers};
use super::{Error, Result};

/// Features, labels and groups of samples, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MultiLabel {
    /// Name of the folder.
    pub name: String,
    /// Features, as they stand in the file.
    pub features: Table,
    /// Names of the labels.
    pub names: Vec<String>,
    /// `[rows, labels]`, 1 and 0.
    pub labels: Vec<i8>,
    /// The patient, or another group, of each row.
    pub groups: Vec<usize>,
}

impl MultiLabel {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Empty`], [`Error::NotALabel`] for a label other than 0 and 1 or a group that is no
    /// whole number; [`Error::Empty`] also unless both files have the same rows.
    pub fn load(folder: &Path) -> Result<MultiLabel> {
        let read = |name: &str| -> Result<Sheet> {
            let sheet =
                Sheet::read(folder.join(name), Options { header: HeaderOption::Present, ..Options::default() })?;
            if sheet.is_empty() { Err(lacks(&sheet, "data row")) } else { Ok(sheet) }
        };
        let names = |sheet: &Sheet| sheet.names().unwrap_or_default().iter().skip(1).cloned().collect::<Vec<_>>();
        let groups = |sheet: &Sheet| (0..sheet.len()).map(|row| label(sheet, row, 0)).collect::<Result<Vec<_>>>();
        let (features, labels) = (read("features.csv")?, read("labels.csv")?);
        let of_rows = groups(&features)?;
        if groups(&labels)? != of_rows {
            return Err(lacks(&labels, "row for each row of features.csv, in the same order"));
        }
        let entry = |(row, column): (usize, usize)| match label(&labels, row, column)? {
            entry @ (0 | 1) => Ok(entry as i8),
            _ => Err(Error::NotALabel { place: labels.place(row, column), found: labels.cell(row, column).into() }),
        };
        let places = (0..labels.len()).flat_map(|row| (1..labels.width()).map(move |column| (row, column)));
        Ok(MultiLabel {
            name: folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            names: names(&labels),
            labels: places.map(entry).collect::<Result<_>>()?,
            features: numbers(&features, "features".into(), names(&features), 1)?,
            groups: of_rows,
        })
    }

    /// A hash of features, labels and groups, so that the run cache does not take one data set for another.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Xxh3::new();
        hash.update(&(self.features.columns.len() as u64).to_le_bytes());
        self.features.values.iter().for_each(|value| hash.update(&value.to_le_bytes()));
        self.labels.iter().for_each(|label| hash.update(&label.to_le_bytes()));
        self.groups.iter().for_each(|&group| hash.update(&(group as u64).to_le_bytes()));
        format!("{:016x}", hash.digest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(features: &str, labels: &str) -> Result<MultiLabel> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("features.csv"), features).unwrap();
        std::fs::write(folder.path().join("labels.csv"), labels).unwrap();
        MultiLabel::load(folder.path())
    }

    #[test]
    fn rows_have_their_patient_features_and_labels() {
        let data =
            load("patient,x,y\n3,0.5,1\n3,2,-1\n8,0,0\n", "patient,mass,nodule,hernia\n3,1,0,0\n3,1,1,0\n8,0,0,0\n");
        let data = data.unwrap();
        assert_eq!((data.groups, data.features.values), (vec![3, 3, 8], vec![0.5, 1.0, 2.0, -1.0, 0.0, 0.0]));
        assert_eq!((data.names.len(), data.labels), (3, vec![1, 0, 0, 1, 1, 0, 0, 0, 0]));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = load("patient,x\n3,0.5\n", "patient,mass\n3,2\n").unwrap_err().to_string();
        assert!(error.contains("labels.csv") && error.contains('2'), "{error}");
        let error = load("patient,x\n3,0.5\n", "patient,mass\n4,1\n").unwrap_err().to_string();
        assert!(error.contains("in the same order"), "{error}");
    }
}

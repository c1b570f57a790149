//! `target.csv`: the patients with their labels, and the groups that stay together.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use climd_csv::{Column, GROUPS, LABELS, Place, Sheet, alike, difference, is_missing, is_missing_label, listed};

use super::table::{self, Named, Table, label, lacks, said};
use super::{Error, Result};

/// The column of `target.csv` with the labels, by its own name.
const OF_TARGET: Column<'_> = Column { usual: &["target"], ..LABELS };
/// The column of `target.csv` whose rows stay together, by its own name.
const OF_GROUP: Column<'_> = Column { usual: &["group"], ..GROUPS };

/// Labels and groups by patient, in the order of the rows.
pub(super) struct Target {
    pub(super) file: PathBuf,
    pub(super) samples: Vec<Sample>,
    /// The classes in alphabetical order, if the labels are names and not codes.
    pub(super) classes: Option<Vec<String>>,
    column: usize,                    // of the labels
    position: HashMap<String, usize>, // of a patient in `samples`
    pub(super) notes: Vec<String>,
}

pub(super) struct Sample {
    patient: String,
    row: usize,
    pub(super) label: usize,
    group: Option<String>,
}

impl Target {
    pub(super) fn read(file: PathBuf) -> Result<Target> {
        let sheet = table::read_headed(&file, "patient,target")?;
        if sheet.width() < 2 {
            return Err(lacks(&sheet, "target column"));
        }
        let column = match meant(&sheet, OF_TARGET, LABELS)[..] {
            [at] => at,
            ref found => {
                return Err(Error::TargetColumn { file, found: sheet.called(found), columns: sheet.columns() });
            }
        };
        let of_group = match meant(&sheet, OF_GROUP, GROUPS)[..] {
            [] => None,
            [at] => Some(at),
            ref found => return Err(Error::GroupColumn { file, found: sheet.called(found) }),
        };
        let classes = names(&sheet, column);
        let class = |row: usize| match &classes {
            Some(classes) if !is_missing_label(sheet.cell(row, column)) => {
                Ok(classes.partition_point(|class| class.as_str() < sheet.cell(row, column)))
            }
            _ => label(&sheet, row, column),
        };
        let (mut samples, mut position): (Vec<Sample>, HashMap<_, usize>) = (Vec::new(), HashMap::new());
        for row in 0..sheet.len() {
            let patient = sheet.cell(row, 0).to_owned();
            let group = of_group.map(|at| sheet.cell(row, at).to_owned());
            // equal texts are one group, so the rows of `NA` would be one
            if let Some(at) = of_group.filter(|_| group.as_deref().is_some_and(is_missing)) {
                return Err(Error::NoGroup { place: sheet.place(row, at) });
            }
            let sample = Sample { patient, row: sheet.number(row), label: class(row)?, group };
            if let Some(first) = position.insert(sample.patient.clone(), samples.len()) {
                let (row, first) = (sample.row, samples[first].row);
                return Err(Error::PatientRepeated { file, row, patient: sample.patient, first });
            }
            samples.push(sample);
        }
        if samples.is_empty() {
            return Err(lacks(&sheet, "data row"));
        }
        let mut notes = notes(&sheet, column, of_group);
        for group in alike(classes.as_deref().unwrap_or_default()) {
            let names: Vec<String> =
                group.iter().flat_map(|&at| classes.iter().map(move |of| of[at].clone())).collect();
            let text = "count as different classes: write them alike if they are one";
            notes.push(said(&sheet, &format!("the labels {} {text}", listed(&names))));
        }
        Ok(Target { file, samples, classes, column, position, notes })
    }

    /// The labels as numbers in this list of classes.
    pub(super) fn numbered(&self, list: &Path, classes: &[String]) -> Result<Vec<usize>> {
        let own = self.classes.as_deref().unwrap_or_default();
        let number = |sample: &Sample| {
            let found = &own[sample.label];
            classes.iter().position(|class| class == found).ok_or_else(|| Error::NotAClass {
                place: Box::new(Place {
                    file: self.file.clone(),
                    row: sample.row,
                    column: self.column + 1,
                    name: None,
                }),
                found: found.clone(),
                list: list.into(),
                classes: classes.to_vec(),
            })
        };
        self.samples.iter().map(number).collect()
    }

    /// Refuses a table that has a column for each patient, as tables of genes often have.
    pub(super) fn not_in_columns(&self, sheet: &Sheet) -> Result<()> {
        let is_patient = |name: &str| self.position.contains_key(name);
        let names = sheet.names().unwrap_or_default();
        let first = names.iter().position(|name| is_patient(name));
        let columns = names.iter().filter(|name| is_patient(name)).count();
        let rows = sheet.cells(0).filter(|name| is_patient(name)).count();
        // ids that are numbers may be names of features, too
        match first.filter(|_| columns > 1 && columns > rows && 2 * columns >= self.samples.len()) {
            Some(at) => {
                let (file, patient) = (sheet.file().into(), names[at].clone());
                Err(Error::Transposed { file, patient, column: at + 1 })
            }
            None => Ok(()),
        }
    }

    /// Numbers of the groups, from 0 in the order of the rows.
    pub(super) fn groups(&self) -> Option<Vec<usize>> {
        let mut numbers = HashMap::new();
        let number = |sample: &Sample| {
            let next = numbers.len();
            sample.group.clone().map(|group| *numbers.entry(group).or_insert(next))
        };
        self.samples.iter().map(number).collect()
    }

    /// The rows of `named` in the order of the labels: exactly one for each patient.
    pub(super) fn align(&self, named: Named) -> Result<Table> {
        let Named { file, table, patients, .. } = named;
        let mut row_of = vec![None; self.samples.len()];
        for (index, (patient, row)) in patients.iter().enumerate() {
            let (patient, row) = (patient.clone(), *row);
            let Some(&position) = self.position.get(&patient) else {
                return Err(self.stranger(file, row, patient, &patients));
            };
            if let Some(first) = row_of[position].replace(index) {
                return Err(Error::PatientRepeated { file, row, patient, first: patients[first].1 });
            }
        }
        if let Some(missing) = row_of.iter().position(Option::is_none) {
            let Sample { patient, row, .. } = &self.samples[missing];
            return Err(Error::PatientMissing { file, patient: patient.clone(), labels: self.file.clone(), row: *row });
        }
        let order: Vec<usize> = row_of.into_iter().flatten().collect();
        Ok(if order.is_sorted() { table } else { table.take(&order) })
    }

    /// The error for a patient without a label: a single one, or a file that writes all ids differently.
    fn stranger(&self, file: PathBuf, row: usize, patient: String, patients: &[(String, usize)]) -> Error {
        let ours: Vec<&str> = patients.iter().map(|(patient, _)| patient.as_str()).collect();
        let theirs: Vec<&str> = self.samples.iter().map(|sample| sample.patient.as_str()).collect();
        let labels = self.file.clone();
        match difference(&ours, &theirs) {
            Some(difference) => Error::IdsDiffer { file, row, patient, labels, difference: difference.into() },
            None => Error::PatientExtra { file, row, patient, labels },
        }
    }
}

/// The classes in alphabetical order, if the labels are names: none is a number. Missing ones do not count.
fn names(sheet: &Sheet, column: usize) -> Option<Vec<String>> {
    let rows: Vec<usize> = (0..sheet.len()).filter(|&row| !is_missing_label(sheet.cell(row, column))).collect();
    let names: BTreeSet<&str> = rows.iter().map(|&row| sheet.cell(row, column)).collect();
    let all = rows.iter().all(|&row| sheet.number_at(row, column).is_err());
    (all && !names.is_empty()).then(|| names.into_iter().map(str::to_owned).collect())
}

/// What the user should know about the columns with the labels and with the groups, and about all others.
fn notes(sheet: &Sheet, labels: usize, groups: Option<usize>) -> Vec<String> {
    let mut notes: Vec<String> =
        sheet.notes().iter().filter(|note| !note.starts_with("column 1")).map(|note| said(sheet, note)).collect();
    if let Some(at) = groups.filter(|at| !sheet.all_usual(OF_GROUP).contains(at)) {
        let column = sheet.called(&[at]).concat();
        notes.push(said(sheet, &format!("rows with the same text in column {column} stay together")));
    }
    let unused: Vec<usize> = (1..sheet.width()).filter(|&at| at != labels && Some(at) != groups).collect();
    if !unused.is_empty() {
        let columns = listed(&sheet.called(&unused));
        let group = if groups.is_none() { ", and rows stay together by a column named `group`" } else { "" };
        let advice = format!("features belong in a table of their own{group}");
        notes.push(said(sheet, &format!("not used are the columns {columns}: {advice}")));
    }
    notes
}

/// The columns that may be meant: those of the column's own name, else those of any usual one. The first is the id.
fn meant(sheet: &Sheet, own: Column<'_>, usual: Column<'_>) -> Vec<usize> {
    let beside_id = |column| sheet.all_usual(column).into_iter().filter(|&at| at > 0).collect::<Vec<usize>>();
    let mut found = beside_id(own);
    if found.is_empty() {
        found = beside_id(usual);
    }
    found.sort_unstable();
    found
}

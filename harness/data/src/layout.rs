//! The three folder layouts, and how each becomes a [`Dataset`].

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::thread;

use climd_csv::{Place, read_list, read_numbered_list};

use super::table::{self, Table, label, said};
use super::target::Target;
use super::{Dataset, Error, Layout, Result, Split, copies, gaps};

impl Dataset {
    /// Reads a folder, and finds out which of the three layouts it has. If it has the files of several, the listed
    /// layout comes first, then BRCA's.
    ///
    /// BRCA and listed layout: rows are matched by patient and put into the order of `target.csv`. The labels are in
    /// its column `target`, or in the only one that has another usual name of labels: codes 0, 1, ..., or names, which
    /// are numbered in alphabetical order. `classes.txt` names the codes, or gives the order of the names, one in each
    /// line. Without it, the classes of the public BRCA table get their PAM50 names, and other codes are their own.
    /// Rows with the same text in its column `group` stay together in every split; without one, the only column with
    /// another usual name of groups is taken, such as `patient_id` or `subject`.
    ///
    /// MOGONET's layout: any number of modalities, numbered from 1. `{m}_featname.csv` is optional and names the
    /// columns.
    ///
    /// # Errors
    /// [`Error::NoFolder`]; [`Error::Layout`] with the missing files of each layout; the first bad file, row or cell.
    pub fn load(folder: impl AsRef<Path>) -> Result<Dataset> {
        let folder = folder.as_ref();
        let mut dataset = match detect(folder)? {
            (Layout::Brca, _) => load_brca(folder),
            (Layout::Listed, _) => load_listed(folder),
            (Layout::Mogonet, modalities) => load_mogonet(folder, modalities),
        }?;
        dataset.notes.extend(gaps::notes(&dataset));
        dataset.notes.extend(copies::notes(&dataset));
        Ok(dataset)
    }
}

/// File and modality of the BRCA layout, in the order of the paper: mRNA, DNA methylation, miRNA.
const BRCA: [(&str, &str); 3] = [("rna.csv", "mRNA"), ("meth.csv", "DNA methylation"), ("mirna.csv", "miRNA")];
const TARGET: &str = "target.csv";
/// The file that marks the listed layout. It names the file of one modality in each line, in order.
const MODALITIES: &str = "modalities.txt";
/// Names of the classes, one in each line, in the order of their codes; optional beside a `target.csv`.
const CLASSES: &str = "classes.txt";

/// Names of the codes in the public table. The table does not give them. They follow from the marker genes of each
/// class (mean log2 expression), and agree with the published class sizes. 0: ESR1 and PGR high, MKI67 low; 1: ERBB2
/// and GRB7 high; 2: ESR1 and MKI67 high; 3: ESR1 and FOXA1 low, KRT5 and FOXC1 high; 4: KRT5 and KRT14 highest, MKI67
/// low.
const PAM50: [&str; 5] = ["Luminal A", "HER2-enriched", "Luminal B", "Basal-like", "Normal-like"];
/// Patients of each class in the public table, by which it is known: on another five classes the names would be wrong.
const PAM50_SIZES: [usize; 5] = [419, 46, 140, 130, 34];

/// The layout of a folder, and for MOGONET's the number of modalities. A list of modalities comes before all else.
///
/// # Errors
/// [`Error::NoFolder`]; [`Error::Layout`] with the files that each layout lacks.
fn detect(folder: &Path) -> Result<(Layout, usize)> {
    if !folder.is_dir() {
        return Err(Error::NoFolder { folder: folder.to_path_buf() });
    }
    if folder.join(MODALITIES).is_file() {
        return Ok((Layout::Listed, 0));
    }
    let is_missing = |name: &String| !folder.join(name).is_file();
    let brca: Vec<String> =
        BRCA.iter().map(|(file, _)| *file).chain([TARGET]).map(str::to_owned).filter(is_missing).collect();
    if brca.is_empty() {
        return Ok((Layout::Brca, BRCA.len()));
    }
    let files = names(folder)?;
    let modalities = last_modality(&files).max(1);
    let tables = (1..=modalities).flat_map(|m| [format!("{m}_tr.csv"), format!("{m}_te.csv")]);
    let labels = ["labels_tr.csv", "labels_te.csv"].map(str::to_owned);
    let mogonet: Vec<String> = tables.chain(labels).filter(is_missing).collect();
    match mogonet.is_empty() {
        true => Ok((Layout::Mogonet, modalities)),
        false => {
            let tables = folder.join(TARGET).is_file().then(|| files.into_iter().filter(is_table).collect());
            Err(Error::Layout { folder: folder.to_path_buf(), brca, mogonet, tables })
        }
    }
}

/// Names of the files in a folder, in order.
fn names(folder: &Path) -> Result<Vec<String>> {
    let unreadable = |source| Error::Read { folder: folder.to_path_buf(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        names.extend(entry.map_err(unreadable)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// Whether the file may hold features, as far as its name says.
fn is_table(name: &String) -> bool {
    name != TARGET && [".csv", ".tsv", ".txt"].iter().any(|end| name.ends_with(end)) && name != CLASSES
}

/// The largest number before `_tr.csv` or `_te.csv`, or 0. A gap below it is then a missing file.
fn last_modality(files: &[String]) -> usize {
    let number = |name: &String| {
        let number = name.strip_suffix("_tr.csv").or_else(|| name.strip_suffix("_te.csv"));
        // three digits at most: a stray `20240101_tr.csv` is not a modality
        number.filter(|text| text.len() <= 3).and_then(|text| text.parse().ok())
    };
    files.iter().filter_map(number).max().unwrap_or(0)
}

// ---------------------------------------------------------------------- named rows: BRCA and listed

/// Reads the BRCA layout. Samples are in the order of `target.csv`. The other files may have any order.
fn load_brca(folder: &Path) -> Result<Dataset> {
    let files = BRCA.map(|(file, name)| (folder.join(file), name.to_owned()));
    load_named(folder, Layout::Brca, &files)
}

/// Reads the listed layout: the BRCA layout with the files that `modalities.txt` names.
fn load_listed(folder: &Path) -> Result<Dataset> {
    let list = folder.join(MODALITIES);
    let target = folder.join(TARGET).canonicalize().ok();
    let (mut files, mut rows): (Vec<(PathBuf, String)>, HashMap<PathBuf, usize>) = Default::default();
    for (row, name) in read_numbered_list(&list)? {
        let file = folder.join(&name);
        // one file may have several paths; one that is not there is an error when it is read
        if let Ok(one) = file.canonicalize() {
            if Some(&one) == target.as_ref() {
                return Err(Error::LabelsListed { list, row, name });
            }
            if let Some(first) = rows.insert(one, row) {
                return Err(Error::ListedTwice { list, row, name, first });
            }
        }
        files.push((file, name.trim_end_matches(".csv").to_owned()));
    }
    if files.is_empty() {
        return Err(Error::Empty { file: list, lacks: "file of a modality" });
    }
    load_named(folder, Layout::Listed, &files)
}

fn load_named(folder: &Path, layout: Layout, files: &[(PathBuf, String)]) -> Result<Dataset> {
    let target = Target::read(folder.join(TARGET))?;
    let named = in_parallel(files, |(file, name)| {
        // before all else, as a table that has patients as columns begins with a name of genes
        let named = table::read_named(file, name, |sheet| target.not_in_columns(sheet))?;
        gaps::check(&named.table, file)?;
        Ok(named)
    })?;
    let mut notes = target.notes.clone();
    named.iter().for_each(|named| notes.extend(named.notes.iter().cloned()));
    let modalities = named.into_iter().map(|named| target.align(named)).collect::<Result<_>>()?;
    let labels: Vec<usize> = target.samples.iter().map(|sample| sample.label).collect();
    let num_classes = without_gap(&target.file, &labels, target.classes.as_deref())?;
    let names = folder.join(CLASSES);
    let groups = target.groups();
    let mut dataset = Dataset {
        name: Dataset::name_of(folder),
        layout,
        modalities,
        labels,
        classes: target.classes.clone().unwrap_or_else(|| by_code(num_classes)),
        groups,
        split: None,
        notes,
    };
    if names.is_file() {
        let classes = read_list(&names)?;
        agree(&names, "names of classes", classes.len(), &target.file, num_classes)?;
        if target.classes.is_some() {
            dataset.labels = target.numbered(&names, &classes)?;
        }
        dataset.classes = classes;
    } else if layout == Layout::Brca && dataset.class_sizes() == PAM50_SIZES {
        dataset.classes = PAM50.map(str::to_owned).to_vec();
    }
    Ok(dataset)
}

// ---------------------------------------------------------------------- MOGONET

/// Reads MOGONET's layout. The training rows come first, then the test rows.
fn load_mogonet(folder: &Path, modalities: usize) -> Result<Dataset> {
    let numbers: Vec<usize> = (1..=modalities).collect();
    let training_labels = read_labels(folder.join("labels_tr.csv"))?;
    let test_labels = read_labels(folder.join("labels_te.csv"))?;
    let tables = in_parallel(&numbers, |&m| {
        let files = [folder.join(format!("{m}_tr.csv")), folder.join(format!("{m}_te.csv"))];
        let [training, test] = [table::read_bare(&files[0])?, table::read_bare(&files[1])?];
        as_many_as_labels(&files[0], training.len(), &training_labels)?;
        as_many_as_labels(&files[1], test.len(), &test_labels)?;
        agree(&files[1], "columns", test.width(), &files[0], training.width())?;
        // pandas writes an index first by default; the test part's index may go on from the training part's
        let has_index = training.index().is_some() && test.counts(0).is_some();
        let from = usize::from(has_index);
        let names: Vec<String> = (1..=training.width() - from).map(|column| column.to_string()).collect();
        let mut read = table::with_gaps(&training, format!("omics {m}"), names.clone(), from)?;
        let rest = table::with_gaps(&test, String::new(), names, from)?;
        read.values.extend(rest.values);
        read.rows += rest.rows;
        name_columns(&mut read, folder.join(format!("{m}_featname.csv")), &files[0])?;
        gaps::check(&read, &files[0])?;
        let mut notes = Vec::new();
        for sheet in [&training, &test] {
            let of_index = |note: &&String| note.starts_with("column 1");
            notes.extend(sheet.notes().iter().filter(|note| !of_index(note)).map(|note| said(sheet, note)));
        }
        if has_index {
            notes.push(format!(
                "`{}` and `{}`: column 1 counts the rows, as the index that pandas writes: it is left out \
                 (write the files with `index=False`)",
                files[0].display(),
                files[1].display()
            ));
        } else if training.index().is_some() {
            notes.push(format!(
                "`{}`: column 1 counts the rows, but that of `{}` does not, so it is kept: is it an index?",
                files[0].display(),
                files[1].display()
            ));
        }
        Ok((read, notes))
    })?;

    let mut labels = training_labels.labels;
    let num_classes = without_gap(&training_labels.file, &labels, None)?;
    if let Some(at) = test_labels.labels.iter().position(|&label| label >= num_classes) {
        let place = Place { file: test_labels.file, row: test_labels.rows[at], column: 1, name: None };
        return Err(Error::LabelOnlyInTest { place, label: test_labels.labels[at], training: training_labels.file });
    }
    let trained = labels.len();
    labels.extend(test_labels.labels);
    let split = Split { train: (0..trained).collect(), test: (trained..labels.len()).collect() };
    let classes = by_code(num_classes);
    let (name, layout) = (Dataset::name_of(folder), Layout::Mogonet);
    let (modalities, notes): (Vec<Table>, Vec<Vec<String>>) = tables.into_iter().unzip();
    Ok(Dataset { name, layout, modalities, labels, classes, groups: None, split: Some(split), notes: notes.concat() })
}

struct Labels {
    file: PathBuf,
    labels: Vec<usize>,
    rows: Vec<usize>,
}

fn read_labels(file: PathBuf) -> Result<Labels> {
    let sheet = table::read_bare(&file)?;
    let from = usize::from(sheet.index().is_some()); // the index is not a label
    if sheet.width() - from > 1 {
        return Err(Error::NotLabels { file, found: sheet.width() });
    }
    let labels = (0..sheet.len()).map(|row| label(&sheet, row, from)).collect::<Result<_>>()?;
    Ok(Labels { labels, rows: (0..sheet.len()).map(|row| sheet.number(row)).collect(), file })
}

/// Checks that there are as many rows of features as labels.
fn as_many_as_labels(file: &Path, found: usize, labels: &Labels) -> Result<()> {
    if labels.labels.len() == found + 1 && labels.labels[0] == 0 {
        return Err(Error::HeaderOfLabels { file: file.into(), found, labels: labels.file.clone() });
    }
    agree(file, "rows", found, &labels.file, labels.labels.len())
}

/// Takes the column names from `file`, one in each row, if the file exists.
fn name_columns(table: &mut Table, file: PathBuf, of: &Path) -> Result<()> {
    if !file.is_file() {
        return Ok(());
    }
    let names = read_list(&file)?;
    agree(&file, "names", names.len(), of, table.columns.len())?;
    table.columns = names;
    Ok(())
}

fn agree(file: &Path, what: &'static str, found: usize, other: &Path, expected: usize) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(Error::Disagree { file: file.to_path_buf(), what, found, other: other.to_path_buf(), expected }),
    }
}

// ---------------------------------------------------------------------- both

/// The number of classes, at least two. Each class must have a sample.
fn without_gap(file: &Path, labels: &[usize], names: Option<&[String]>) -> Result<usize> {
    // a set, not a list: a huge label must not take as much memory
    let seen: HashSet<usize> = labels.iter().copied().collect();
    match (0..seen.len()).find(|label| !seen.contains(label)) {
        Some(missing) => {
            let largest = labels.iter().copied().max().unwrap_or(0);
            Err(Error::LabelGap { file: file.to_path_buf(), missing, largest })
        }
        None if seen.len() == 1 => {
            let label = names.map_or_else(|| "0".into(), |names| format!("`{}`", names[0]));
            Err(Error::OneClass { file: file.to_path_buf(), rows: labels.len(), label })
        }
        None => Ok(seen.len()),
    }
}

fn by_code(num_classes: usize) -> Vec<String> {
    (0..num_classes).map(|class| format!("class {class}")).collect()
}

/// Works on each item in a thread of its own. Results, and the first error, are in the order of the items.
fn in_parallel<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> Result<T> + Sync) -> Result<Vec<T>> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = items.iter().map(|item| scope.spawn(move || work(item))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

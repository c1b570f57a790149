//! Reads `manifest.csv`, which has one row for each patient. All rows are checked before anything is trained.
//!
//! * Columns: `id`, `label`, optionally `image` (a path relative to the folder), `text` and `group`, then laboratory
//!   values with any names.
//! * A modality that no row has is left out. A patient with an empty image cell, or without any laboratory value, lacks
//!   that modality. An empty text is an error.
//! * Rows with the same `group` belong to one patient, and are never in two parts of a split.

use std::collections::HashMap;
use std::path::Path;

use climd_csv::{HeaderOption, Options, Sheet, read_list};

use crate::error::{Error, Fault, Result};
use crate::locate::Folder;
use crate::picture::{self, Picture, Pictures, Problem};

/// The classes of a folder that does not list its own.
pub const CLASSES: [&str; 3] = ["normal", "metastatic", "hcc"];

/// A row that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    /// The row in the manifest.
    pub row: usize,
    /// The id.
    pub id: String,
    /// Number of the class.
    pub label: usize,
    /// The group, if the manifest has a column `group`; else the id.
    pub group: String,
    /// `[3, size, size]`, row-major; none if the cell is empty.
    pub image: Option<Vec<u8>>,
    /// Values of a 16-bit image that became 0 and 255; none for 8 bits.
    pub window: Option<[u16; 2]>,
    /// The history; empty only if the folder has no texts.
    pub text: String,
    /// Laboratory values by column; none for an empty cell.
    pub laboratory: Vec<Option<f32>>,
}

/// A folder that was read.
#[derive(Debug)]
pub struct Manifest {
    /// Names of the classes, by number.
    pub classes: Vec<String>,
    /// Names of the laboratory columns.
    pub columns: Vec<String>,
    /// Width and height of the images; none if no patient has one.
    pub image_size: Option<u32>,
    /// Whether patients have histories.
    pub has_text: bool,
    /// Whether rows have groups.
    pub has_group: bool,
    /// The rows that can be used.
    pub patients: Vec<Patient>,
    /// An [`Error::Row`] for each row that was left out.
    pub skipped: Vec<Error>,
    /// What a reader should know of the file: blank rows, decimal commas, an index that was left out.
    pub notes: Vec<String>,
}

/// Where the columns are.
struct Header {
    names: Vec<String>,
    id: usize,
    label: usize,
    image: Option<usize>,
    text: Option<usize>,
    group: Option<usize>,
    laboratory: Vec<usize>,
}

impl Manifest {
    /// Reads `manifest.csv` of the folder, with its images, and `classes.txt` where it has one.
    ///
    /// `pictures` is how images are read, or only their width and height.
    /// With `skip_bad`, rows that are wrong are left out and kept in [`skipped`](Self::skipped).
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::NoColumn`], [`Error::ColumnName`], [`Error::Classes`]; [`Error::Row`] for the first
    /// row that is wrong, unless such are skipped; [`Error::NoPatients`].
    pub fn read(folder: &Path, pictures: impl Into<Pictures>, skip_bad: bool) -> Result<Manifest> {
        Manifest::read_watched(folder, pictures, skip_bad, &|_, _| {})
    }

    /// [`read`](Manifest::read), which tells `watch` before each row how many are done, of how many.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read_watched(
        folder: &Path,
        pictures: impl Into<Pictures>,
        skip_bad: bool,
        watch: &dyn Fn(usize, usize),
    ) -> Result<Manifest> {
        let (pictures, mut images) = (pictures.into(), Folder::new(folder));
        let classes = classes(&folder.join("classes.txt"))?;
        let file = folder.join("manifest.csv");
        let advice = "the folder of --data must have a manifest.csv";
        let options = Options { header: HeaderOption::Present, ..Options::default() };
        let sheet = Sheet::read_with_faults(&file, options).map_err(|error| unreadable(error, advice))?;
        let error = |row, fault| Error::Row { file: file.clone(), row, fault };
        let header = Header::new(&sheet)?;

        // what no row has is absent by design, and then no single row lacks it
        let any = |column: Option<usize>| column.filter(|&at| sheet.cells(at).any(|cell| !cell.is_empty()));
        let header = Header { image: any(header.image), text: any(header.text), group: any(header.group), ..header };
        let (mut patients, mut skipped, mut first_rows) = (Vec::new(), Vec::new(), HashMap::new());
        for at in 0..sheet.len() {
            watch(at, sheet.len());
            let row = sheet.number(at);
            let known = Known { classes: &classes, first_rows: &first_rows, pictures };
            let patient = patient(&sheet, at, &header, &known, &mut images);
            match patient {
                Ok(patient) => {
                    first_rows.insert(patient.id.clone(), row);
                    patients.push(patient);
                }
                Err(fault) if skip_bad => skipped.push(error(row, fault)),
                Err(fault) => return Err(error(row, fault)),
            }
        }
        if patients.is_empty() {
            return Err(Error::NoPatients { file, skipped: skipped.len() });
        }
        let has_image = patients.iter().any(|patient| patient.image.is_some());
        Ok(Manifest {
            classes,
            columns: header.laboratory.iter().map(|&at| header.names[at].clone()).collect(),
            image_size: has_image.then_some(pictures.size),
            has_text: header.text.is_some(),
            has_group: header.group.is_some(),
            patients,
            skipped,
            notes: sheet.notes().to_vec(),
        })
    }
}

impl Manifest {
    /// What was done to images of 16 bits, as a line to print; none if there was nothing to do.
    ///
    /// `given` is the window that the user asked for.
    #[must_use]
    pub fn windows(&self, given: Option<[u16; 2]>) -> Option<String> {
        let windows: Vec<[u16; 2]> = self.patients.iter().filter_map(|patient| patient.window).collect();
        let count = windows.len();
        let ends = |side: usize| {
            let values = windows.iter().map(|window| window[side]);
            let (low, high) = (values.clone().min().unwrap_or(0), values.max().unwrap_or(0));
            if low == high { low.to_string() } else { format!("{low} to {high}") }
        };
        match given {
            Some([low, high]) if count > 0 => {
                Some(format!("16-bit images: {count}; {low} is black and {high} is white, as --window says"))
            }
            Some(_) => Some("16-bit images: 0, so --window changes nothing".into()),
            None if count > 0 => Some(format!(
                "16-bit images: {count}, each shown from its own smallest value (black, {}) to its largest \
                 (white, {}); for one scale of all give --window LOW HIGH",
                ends(0),
                ends(1)
            )),
            None => None,
        }
    }
}

impl Header {
    fn new(sheet: &Sheet) -> Result<Header> {
        let names: Vec<String> = sheet.names().unwrap_or_default().to_vec();
        // a column without name and without cells is what a spreadsheet leaves, and an index is no data
        let is_nothing = |at: usize| {
            Some(at) == sheet.index()
                || (names[at].is_empty() && !sheet.is_empty() && sheet.cells(at).all(str::is_empty))
        };
        for (at, name) in names.iter().enumerate() {
            if !is_nothing(at) && (name.is_empty() || names[..at].contains(name)) {
                return Err(Error::ColumnName { file: sheet.file().into(), column: at + 1, name: name.clone() });
            }
        }
        let is = |name: &String, wanted: &str| name.eq_ignore_ascii_case(wanted);
        let find = |wanted: &str| names.iter().position(|name| is(name, wanted));
        let need = |column| {
            find(column).ok_or_else(|| Error::NoColumn { file: sheet.file().into(), column, found: sheet.columns() })
        };
        let (id, label) = (need("id")?, need("label")?);
        let (image, text, group) = (find("image"), find("text"), find("group"));
        let named = [Some(id), Some(label), image, text, group];
        let laboratory = (0..names.len()).filter(|&at| !named.contains(&Some(at)) && !is_nothing(at)).collect();
        Ok(Header { id, label, image, text, group, laboratory, names })
    }
}

/// What a row is checked against.
struct Known<'a> {
    classes: &'a [String],
    first_rows: &'a HashMap<String, usize>,
    pictures: Pictures,
}

fn patient(
    sheet: &Sheet,
    at: usize,
    header: &Header,
    known: &Known<'_>,
    images: &mut Folder,
) -> std::result::Result<Patient, Fault> {
    match sheet.fault(at) {
        Some(climd_csv::Fault::Ragged) => {
            return Err(Fault::Ragged { found: sheet.width_of(at), expected: header.names.len() });
        }
        Some(climd_csv::Fault::NotUtf8) => return Err(Fault::Csv { reason: "the bytes are no UTF-8 text".into() }),
        None => {}
    }
    let (row, cell) = (sheet.number(at), |column: usize| sheet.cell(at, column));
    let id = cell(header.id).to_owned();
    if id.is_empty() {
        return Err(Fault::NoId);
    }
    if let Some(&first) = known.first_rows.get(&id) {
        return Err(Fault::DuplicateId { id, first });
    }
    let found = cell(header.label);
    let Some(label) = known.classes.iter().position(|class| class == found) else {
        return Err(Fault::UnknownLabel { found: found.into(), known: known.classes.to_vec() });
    };
    let text = header.text.map(|at| cell(at).to_owned());
    if text.as_ref().is_some_and(String::is_empty) {
        return Err(Fault::EmptyText);
    }
    let number = |&column: &usize| {
        let wrong = |_| Fault::NotANumber { column: header.names[column].clone(), found: cell(column).into() };
        sheet.measured_at(at, column).map_err(wrong)
    };
    let laboratory: Vec<Option<f32>> = header.laboratory.iter().map(number).collect::<std::result::Result<_, _>>()?;
    let group = header.group.map_or_else(|| id.clone(), |at| cell(at).to_owned());
    if header.group.is_some() && climd_csv::is_missing(&group) {
        return Err(Fault::NoGroup); // the rows of `NA` are not one patient
    }
    let read = |path: &str| {
        let file = images.find(path).map_err(|hint| Problem::NotThere { hint });
        let image = file.and_then(|file| picture::read(&file, known.pictures));
        image.map_err(|problem| Fault::Image { path: path.into(), problem })
    };
    let picture = header.image.map(cell).filter(|path| !path.is_empty()).map(read).transpose()?;
    let (image, window) = picture.map_or((None, None), |Picture { pixels, window }| (Some(pixels), window));
    if image.is_none() && text.is_none() && laboratory.iter().all(Option::is_none) {
        return Err(Fault::NoModality);
    }
    Ok(Patient { row, id, label, group, image, window, text: text.unwrap_or_default(), laboratory })
}

/// The names in `classes.txt`, or those of [`CLASSES`].
fn classes(file: &Path) -> Result<Vec<String>> {
    let classes = match read_list(file) {
        Ok(classes) => classes,
        Err(climd_csv::Error::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(CLASSES.map(String::from).to_vec());
        }
        Err(error) => return Err(unreadable(error, "save it as text in UTF-8, one class in each line")),
    };
    let twice = (0..classes.len()).find(|&at| classes[..at].contains(&classes[at]));
    let reason = match twice {
        Some(at) => format!("`{}` is there twice", classes[at]),
        None if classes.len() < 2 => format!("it has {} classes", classes.len()),
        None => return Ok(classes),
    };
    Err(Error::Classes { file: file.to_path_buf(), reason })
}

fn unreadable(error: climd_csv::Error, advice: &'static str) -> Error {
    match error {
        climd_csv::Error::Read { file, source } => Error::Read { file, source, advice },
        other => Error::File(other),
    }
}

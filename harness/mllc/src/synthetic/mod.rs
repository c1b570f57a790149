//! Synthetic patients in place of a private liver cohort: drawn slices, templated histories, invented laboratory
//! values.
//!
//! They show that the pipeline runs, and say nothing about real patients. Everything depends on the seed alone. Each
//! patient has its own random stream, so that a seed and a patient's number give the same image, history and values.

mod draw;
mod record;
mod slice;

use std::fs;
use std::path::{Path, PathBuf};

use draw::Draw;

use crate::error::{Error, Result};
use crate::manifest::CLASSES;

/// Number of patients in the real cohort.
pub const PATIENTS: usize = 320;
/// The least number of patients: three in each class.
pub const LEAST: usize = 24;
/// The file that marks a folder as made by this module.
const MARK: &str = "SYNTHETIC";
/// Shares of patients with metastases and with hepatocellular carcinoma. The others are normal.
const SHARES: [f64; 2] = [0.275, 0.125];

/// Class of a synthetic patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Normal,
    Metastatic,
    Hcc,
}

impl Class {
    fn name(self) -> &'static str {
        CLASSES[self as usize]
    }
}

/// Writes `patients` patients into the folder: a manifest, images in `images`, and a file that says what this is.
///
/// A folder that this function made before is written again. Other files in it stay.
///
/// # Errors
/// [`Error::TooFewPatients`]; [`Error::NotSynthetic`] if the folder exists and holds other data;
/// [`Error::Write`].
pub fn write(folder: &Path, patients: usize, seed: u64) -> Result<()> {
    if patients < LEAST {
        return Err(Error::TooFewPatients { found: patients, least: LEAST });
    }
    let is_empty = || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if folder.exists() && !folder.join(MARK).exists() && !is_empty() {
        return Err(Error::NotSynthetic { folder: folder.into() });
    }
    let unwritten = |file: PathBuf| move |error: String| Error::Write { file, reason: error };
    let images = folder.join("images");
    fs::create_dir_all(&images).map_err(|error| error.to_string()).map_err(unwritten(images.clone()))?;
    let mark = format!(
        "Synthetic: {patients} patients drawn with seed {seed} by the example mllc of climd. No person is described \
         here.\n"
    );
    fs::write(folder.join(MARK), mark).map_err(|error| error.to_string()).map_err(unwritten(folder.join(MARK)))?;

    let manifest = folder.join("manifest.csv");
    let unwritten_manifest = |error: csv::Error| Error::Write { file: manifest.clone(), reason: error.to_string() };
    let mut rows = csv::Writer::from_path(&manifest).map_err(unwritten_manifest)?;
    rows.write_record(["id", "label", "image", "text"].iter().chain(&record::COLUMNS)).map_err(unwritten_manifest)?;
    for (number, class) in classes(patients, seed).into_iter().enumerate() {
        let mut draw = Draw::new(seed, number as u64 + 1);
        let id = format!("S{:04}", number + 1);
        let image = slice::Slice::draw(class, &mut draw);
        let image = if draw.chance(0.04) { String::new() } else { image.save(&images, &id)? };
        let person = record::Person::draw(class, &mut draw);
        let (history, values) = (person.history(class, &mut draw), record::laboratory(class, &mut draw));
        let cells = [id, class.name().into(), image, history];
        rows.write_record(cells.iter().chain(&values)).map_err(unwritten_manifest)?;
    }
    rows.flush().map_err(|error| error.to_string()).map_err(unwritten(manifest.clone()))
}

/// The class of each patient, shuffled.
fn classes(patients: usize, seed: u64) -> Vec<Class> {
    let [metastatic, hcc] = SHARES.map(|share| (share * patients as f64).round() as usize);
    let mut classes = vec![Class::Normal; patients - metastatic - hcc];
    classes.extend(vec![Class::Metastatic; metastatic]);
    classes.extend(vec![Class::Hcc; hcc]);
    Draw::new(seed, 0).shuffle(&mut classes);
    classes
}

//! Promise: the synthetic patients depend on their seed alone, can be read, and never overwrite the user's files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use climd_mllc::{Error, Manifest, synthetic};

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for part in [folder.to_path_buf(), folder.join("images")] {
        for entry in fs::read_dir(part).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            files.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
        }
    }
    files
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_others() {
    let [a, b, c] = [7, 7, 8].map(|seed| {
        let folder = tempfile::tempdir().unwrap();
        synthetic::write(folder.path(), 40, seed).unwrap();
        files(folder.path())
    });
    assert_eq!(a, b);
    assert_ne!(a["manifest.csv"], c["manifest.csv"]);
    assert!(String::from_utf8_lossy(&a["SYNTHETIC"]).contains("No person"));
}

#[test]
fn all_of_it_looks_like_the_cohort() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::write(folder.path(), synthetic::PATIENTS, 0).unwrap();
    let manifest = Manifest::read(folder.path(), 64, false).unwrap();
    let count = |label| manifest.patients.iter().filter(|patient| patient.label == label).count();
    assert_eq!([0, 1, 2].map(count), [192, 88, 40]);
    let share = |n: usize| n as f64 / 320.0;
    let no_image = share(manifest.patients.iter().filter(|patient| patient.image.is_none()).count());
    let cells = manifest.patients.iter().flat_map(|patient| &patient.laboratory);
    let empty = share(cells.filter(|cell| cell.is_none()).count()) / manifest.columns.len() as f64;
    assert!((0.01..0.08).contains(&no_image) && (0.05..0.15).contains(&empty), "{no_image} {empty}");
    let images = files(folder.path());
    for end in ["png", "jpg"] {
        assert!(images.keys().filter(|name| name.ends_with(end)).count() > 50, "{end}");
    }
}

#[test]
fn it_is_written_again_but_over_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("manifest.csv"), "mine").unwrap();
    let error = synthetic::write(folder.path(), 40, 7).unwrap_err();
    assert!(matches!(error, Error::NotSynthetic { .. }), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("manifest.csv")).unwrap(), "mine");
    let folder = folder.path().join("new");
    synthetic::write(&folder, 40, 7).unwrap();
    let before = files(&folder);
    synthetic::write(&folder, 40, 7).unwrap();
    assert_eq!(files(&folder), before);
    assert!(matches!(synthetic::write(&folder, 5, 7), Err(Error::TooFewPatients { found: 5, least: 24 })));
    let in_a_file = folder.join("manifest.csv").join("new");
    assert!(matches!(synthetic::write(&in_a_file, 40, 7), Err(Error::Write { .. })));
}

//! Any bytes as a patients' folder: an error with a row, or patients that hold together.
#![no_main]
#![allow(dead_code)] // the modules of the example, without libtorch, which the rest of its crate needs

#[path = "../../harness/mllc/src/error.rs"]
mod error;
#[path = "../../harness/mllc/src/locate.rs"]
mod locate;
#[path = "../../harness/mllc/src/manifest.rs"]
mod manifest;
#[path = "../../harness/mllc/src/picture/mod.rs"]
mod picture;

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use manifest::Manifest;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fuzz_target!(|data: &[u8]| {
    let folder: PathBuf =
        FOLDER.with(|folder| folder.get_or_init(|| tempfile::tempdir_in("/dev/shm").unwrap()).path().into());
    let mut parts = data.splitn(3, |&byte| byte == b'|');
    for name in ["classes.txt", "a.png", "manifest.csv"] {
        match parts.next() {
            Some(part) if !part.is_empty() => fs::write(folder.join(name), part).unwrap(),
            _ => drop(fs::remove_file(folder.join(name))),
        }
    }
    for skip_bad in [false, true] {
        match Manifest::read(&folder, 8, skip_bad) {
            Ok(manifest) => {
                assert!(!manifest.patients.is_empty());
                for patient in &manifest.patients {
                    assert!(patient.label < manifest.classes.len());
                    assert_eq!(patient.laboratory.len(), manifest.columns.len());
                    assert!(patient.image.as_ref().is_none_or(|image| image.len() == 192));
                    assert!(!patient.id.is_empty() && !patient.group.is_empty());
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});

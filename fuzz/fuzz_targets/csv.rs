//! Reads any files as a data set, in each layout. The result is an error that names the place, or a valid data set.
#![no_main]

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use climd_data::Dataset;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

const LAYOUTS: [&[&str]; 4] = [
    &["1_tr.csv", "1_te.csv", "labels_tr.csv", "labels_te.csv"],
    &["1_tr.csv", "1_te.csv", "2_tr.csv", "2_te.csv", "labels_tr.csv", "labels_te.csv"],
    &["rna.csv", "meth.csv", "mirna.csv", "target.csv"],
    &["modalities.txt", "target.csv", "classes.txt", "a.csv", "b.csv"],
];

fuzz_target!(|data: &[u8]| {
    let Some((&layout, data)) = data.split_first() else { return };
    let root: PathBuf =
        FOLDER.with(|folder| folder.get_or_init(|| tempfile::tempdir_in("/dev/shm").unwrap()).path().into());
    let folder = root.join("set");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    let mut parts = data.split(|&byte| byte == b'|');
    for name in LAYOUTS[usize::from(layout) % LAYOUTS.len()] {
        std::fs::write(folder.join(name), parts.next().unwrap_or_default()).unwrap();
    }
    load(&folder);
});

/// Checks that a data set which was read is valid.
fn load(folder: &Path) {
    match Dataset::load(folder) {
        Ok(dataset) => {
            assert!(dataset.labels.iter().all(|&label| (label as usize) < dataset.classes.len()));
            for table in &dataset.modalities {
                assert_eq!(table.rows, dataset.labels.len());
                assert_eq!(table.values.len(), table.rows * table.columns.len());
                assert!(table.values.iter().all(|value| value.is_finite()));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

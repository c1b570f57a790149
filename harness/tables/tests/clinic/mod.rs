//! A small folder of patients.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Two tables by patient, labels, and two rows a patient: 60, 24 and 12 rows of three classes.
pub fn folder(at: &Path, grouped: bool) -> PathBuf {
    let folder = at.join("clinic");
    fs::create_dir(&folder).unwrap();
    let labels: Vec<usize> = [60, 24, 12].iter().enumerate().flat_map(|(class, &n)| vec![class; n]).collect();
    let mut target = String::from(if grouped { "id,target,group\n" } else { "id,target\n" });
    for (row, label) in labels.iter().enumerate() {
        let _ = match grouped {
            true => writeln!(target, "p{row},{label},{}", row / 2),
            false => writeln!(target, "p{row},{label}"),
        };
    }
    fs::write(folder.join("target.csv"), target).unwrap();
    fs::write(folder.join("modalities.txt"), "blood.csv\nscan.csv\n").unwrap();
    for (file, shift) in [("blood.csv", 0), ("scan.csv", 500)] {
        let mut table = String::from("id,a,b,c,d\n");
        for (row, label) in labels.iter().enumerate() {
            let value = |column: usize| {
                let noise = ((row * 7919 + column * 104_729 + shift) % 1009) as f64 / 1009.0;
                noise + if column == *label { 0.3 } else { 0.0 }
            };
            let _ = writeln!(table, "p{row},{},{},{},{}", value(0), value(1), value(2), value(3));
        }
        fs::write(folder.join(file), table).unwrap();
    }
    folder
}

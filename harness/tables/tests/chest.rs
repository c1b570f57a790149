//! Promise: on the tables of real X-rays, splits keep patients together and shares of findings, epochs hold what they
//! count, and the committed figures are those of this code. Skipped where `make data-chest` was not run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use climd::split;
use climd_repro::chest::{Chest, SETS};
use climd_repro::comparisons::records;
use climd_repro::record::Record;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn load(name: &str) -> Option<Chest> {
    let file = root().join(format!("data/chest/{name}.csv"));
    if !file.exists() {
        println!("skipped: no data/chest; `make data-chest` fetches it");
        return None;
    }
    Some(Chest::load(&file).unwrap())
}

/// The committed figure of a row.
fn committed(records: &[Record], data: &str, id: &str, metric: &str) -> f64 {
    let of = |record: &&Record| {
        record.table == "chest (measured)"
            && record.data == data
            && record.id == id
            && record.metric.starts_with(metric)
    };
    records.iter().find(of).unwrap().mean.unwrap()
}

#[test]
fn no_patient_is_in_two_parts_and_the_error_is_the_committed_one() {
    let records = records(&root().join("docs/results")).unwrap();
    for name in SETS {
        let Some(chest) = load(name) else { return };
        let parts = [7, 1, 2];
        let part = split(&chest.targets, &chest.patients, &parts, 7).unwrap();
        let mut of_patient = BTreeMap::new();
        for (&patient, &part) in chest.patients.iter().zip(&part) {
            assert_eq!(*of_patient.entry(patient).or_insert(part), part, "{name}: patient {patient}");
        }
        for (id, parts) in [("split-712", &parts[..]), ("split-five", &[1; 5])] {
            let (found, expected) =
                (chest.split_error(parts).unwrap(), committed(&records, name, id, "largest relative"));
            assert!((found - expected).abs() < 1e-5, "{name} {id}: {found} {expected}");
        }
    }
}

#[test]
fn epochs_have_the_committed_counts_and_end_with_all_that_there_is() {
    let records = records(&root().join("docs/results")).unwrap();
    for name in SETS {
        let Some(chest) = load(name) else { return };
        let counts = chest.counts().unwrap();
        for (epoch, counts) in counts.iter().enumerate() {
            for (label, &count) in counts.iter().enumerate() {
                let expected = committed(&records, name, &format!("label-{label}"), &format!("epoch {epoch}"));
                assert_eq!(count as f64, expected, "{name}: {} in epoch {epoch}", chest.names[label]);
            }
        }
        let carried = chest.targets.label_counts().unwrap();
        assert!(counts.iter().flat_map(|of| of.iter().zip(&carried)).all(|(found, all)| found <= all), "{name}");
    }
}

//! Promise: the loops of the examples train, without libtorch, and can be watched.

use std::process::Command;

#[test]
fn both_arms_of_every_loop_learn() {
    for example in ["candle_loop"] {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "-p", "climd-frameworks", "--example", example, "--", "12"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        for line in ["plain:      macro F1 ", "with CLIMD: macro F1 "] {
            let value = text.lines().find_map(|text| text.strip_prefix(line)).unwrap();
            assert!(value.trim_end_matches(" %").parse::<f64>().unwrap() > 50.0, "{text}");
        }
    }
}

/// Payloads of a file of length-prefixed records: eight bytes of length, four of checksum, payload, four of checksum.
fn records(file: &[u8]) -> Vec<&[u8]> {
    let (mut records, mut rest) = (Vec::new(), file);
    while !rest.is_empty() {
        let len = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        records.push(&rest[12..12 + len]);
        rest = &rest[12 + len + 4..];
    }
    records
}

#[test]
fn a_run_leaves_curves_for_tensorboard_and_events() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "-p", "climd-frameworks", "--example", "tensorboard", "--"])
        .args([folder.path().to_str().unwrap(), "6"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.lines().filter(|line| line.contains("INFO climd: epoch ")).count(), 6, "{text}");

    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() == 1 && files[0].to_str().unwrap().contains(".tfevents."), "{files:?}");
    let file = std::fs::read(&files[0]).unwrap();
    let records = records(&file);
    let count =
        |tag: &str| records.iter().filter(|record| record.windows(tag.len()).any(|at| at == tag.as_bytes())).count();
    assert_eq!(count("brain.Event:2"), 1);
    for tag in ["epoch/samples", "share/class_0", "share/class_2", "train/loss", "test/macro_f1"] {
        assert_eq!(count(tag), 6, "{tag}");
    }
    assert_eq!(count("score/class_1"), 5); // none before the first measurement
}

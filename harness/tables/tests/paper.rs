//! Promise: whoever has the paper's own cohort gets the decisive table from its folder with one command. Tested on a
//! folder of the same layout.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use climd_repro::record::Record;

/// MOGONET's layout: numbers without header, already split. Three classes, told apart by a column each.
fn look_alike(folder: &Path) {
    let sizes = [("tr", [24, 12, 6]), ("te", [12, 6, 3])];
    for (part, sizes) in sizes {
        let labels: Vec<usize> = sizes.iter().enumerate().flat_map(|(class, &n)| vec![class; n]).collect();
        let text = labels.iter().fold(String::new(), |text, label| text + &format!("{label}.0\n"));
        fs::write(folder.join(format!("labels_{part}.csv")), text).unwrap();
        for modality in 1..=3 {
            let mut table = String::new();
            for (row, label) in labels.iter().enumerate() {
                for column in 0..6 {
                    let noise = ((row * 7919 + column * 104_729 + modality * 31 + part.len()) % 1009) as f64 / 1009.0;
                    let value = noise + if column == *label { 0.4 } else { 0.0 };
                    let _ = write!(table, "{}{value:.4}", if column > 0 { "," } else { "" });
                }
                table += "\n";
            }
            fs::write(folder.join(format!("{modality}_{part}.csv")), table).unwrap();
        }
    }
}

#[test]
fn the_decisive_table_is_made_from_a_folder_and_says_that_its_split_is_fixed() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (folder.path().join("cohort"), folder.path().join("out"));
    fs::create_dir(&data).unwrap();
    look_alike(&data);
    let run = |seeds: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_climd-repro"));
        command.args(["paper", "--quiet", "--epochs", "8", "--jobs", "2", "--seeds", seeds, "--data"]).arg(&data);
        let output = command.arg("--out").arg(&out).arg("--runs").arg(out.join("runs")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let page = run("5");
    assert!(page.contains("The folder has a split of its own") && page.contains("5 splits"), "{page}");
    assert_eq!(page, run("5"));
    // other tables say so, too
    let mut advice = Command::new(env!("CARGO_BIN_EXE_climd-repro"));
    advice.args(["advice", "--quiet", "--epochs", "1", "--lr", "one", "--seeds", "2", "--rows", "prior correction"]);
    let output = advice.arg("--data").arg(&data).arg("--out").arg(folder.path().join("advice")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = fs::read_to_string(folder.path().join("advice/advice-cohort-1-epochs.md")).unwrap();
    assert!(page.contains("\n\nThe folder has a split of its own, so runs differ"), "{page}");
    let mut csv = csv::Reader::from_path(out.join("paper-cohort-8-epochs.csv")).unwrap();
    let records: Vec<Record> = csv.deserialize().map(Result::unwrap).collect();
    let of = |id: &str, metric: &str| {
        records
            .iter()
            .find(|record| record.id == id && record.metric == metric)
            .unwrap_or_else(|| panic!("{id} {metric}"))
    };
    let mean = |id, metric| of(id, metric).mean.unwrap();
    let (last, best) = (mean("default/plain", "macro F1"), mean("default/plain", "macro F1, best on test"));
    assert!((0.0..=100.0).contains(&last) && best >= last);
    // fair, best for both, best for one: the last is ahead of the first by what choosing is worth
    let difference = |metric| of("default/climd", metric).difference.unwrap();
    let expected = mean("default/climd", "macro F1") - last;
    assert!((difference("macro F1") - expected).abs() < 1e-5);
    let chosen = mean("default/climd", "macro F1, best on test for CLIMD") - last;
    assert!((difference("macro F1, best on test for CLIMD") - chosen).abs() < 1e-5 && chosen >= expected);
    assert!(of("default/climd", "macro F1").low.is_some());
    assert!(of("default/climd@climd", "macro F1, equal epochs").steps < of("default/climd", "macro F1").steps);
}

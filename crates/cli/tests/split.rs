//! Promise: `climd split` keeps groups together, says how far the worst label is off, and writes what it says.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn climd(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_climd")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn groups_stay_together_and_labels_keep_their_shares() {
    let folder = tempfile::tempdir().unwrap();
    let findings = ["No Finding", "Edema", "Mass|Edema", "Mass", "No Finding"];
    let rows: String = (0..600).map(|i| format!("p{},{}\n", i / 3, findings[i * 7 % 5])).collect();
    fs::write(folder.path().join("labels.csv"), format!("patient,findings\n{rows}")).unwrap();
    let output =
        climd(folder.path(), &["split", "labels.csv", "--group", "patient", "--parts", "7,1,2", "--seed", "7"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(said.contains("groups in two parts: none"), "{said}");
    let worst = said.lines().find(|line| line.starts_with("largest relative error")).unwrap();
    let percent: f64 = worst.split(": ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(percent < 20.0, "{said}");

    let mut of_group = HashMap::new();
    let mut sizes = [0; 3];
    let split = fs::read_to_string(folder.path().join("split.csv")).unwrap();
    assert_eq!(split.lines().next(), Some("row,group,part"));
    for line in split.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(*of_group.entry(cells[1].to_owned()).or_insert(cells[2].to_owned()), cells[2]);
        sizes[cells[2].parse::<usize>().unwrap()] += 1;
    }
    assert!((405..=435).contains(&sizes[0]) && (50..=70).contains(&sizes[1]), "{sizes:?}");
    assert!(said.contains(&format!("part 0 (weight 7): {} samples", sizes[0])), "{said}");
}

#[test]
fn what_limits_the_worst_label_is_said() {
    // Edema: 30 of p0, 20 of p1, which has the only Mass, and one each of ten others
    let folder = tempfile::tempdir().unwrap();
    let patient = |at: usize| if at < 30 { 0 } else { (at - 28).saturating_sub(20).max(1) };
    let rows: String =
        (0..60).map(|at| format!("p{},{}\n", patient(at), if at == 31 { "Mass|Edema" } else { "Edema" })).collect();
    fs::write(folder.path().join("labels.csv"), format!("patient,findings\n{rows}")).unwrap();
    let said = text(&climd(folder.path(), &["split", "labels.csv", "--group", "patient", "--parts", "1,1"]).stdout);
    let expected = "its 60 samples are of 12 groups: the largest has 30, 10 have one; 1 of the groups, with 20 of \
                    them, has a rarer label, which decides its part";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn what_cannot_be_split_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("labels.csv"), "patient,findings\na,Mass\n,Edema\nb,Mass\n").unwrap();
    fs::write(folder.path().join("whole.csv"), "patient,findings\na,Mass\nc,Edema\nb,Mass\n").unwrap();
    for (file, arguments, expected) in [
        ("labels.csv", ["--group", "patient"], "no group: give every row one"),
        ("whole.csv", ["--parts", "7,0,2"], "`parts[1]` is 0, but a part has a weight of at least 1"),
        ("whole.csv", ["--group", "person"], "person"),
    ] {
        let output = climd(folder.path(), &[&["split", file, "--column", "findings"][..], &arguments].concat());
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}

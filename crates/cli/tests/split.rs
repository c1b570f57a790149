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
    fs::write(folder.path().join("same.csv"), "patient,findings\na,Mass\nb,\n\nNA,Edema\nNA,Mass\n").unwrap();
    for (file, arguments, expected) in [
        ("labels.csv", ["--group", "patient"], "no group: give every row one"),
        ("labels.csv", ["--group", "1"], "`labels.csv`, row 3, column 1 (`patient`): an empty cell is no group"),
        ("labels.csv", ["--parts", "1,1"], "row 3, column 1 (`patient`): an empty cell is no group"),
        ("same.csv", ["--group", "patient"], "`same.csv`, row 5, column 1 (`patient`): `NA` is no group"),
        ("whole.csv", ["--parts", "7,0,2"], "`parts[1]` is 0, but a part has a weight of at least 1"),
        ("whole.csv", ["--group", "person"], "person"),
        ("whole.csv", ["--out", "./whole.csv"], "`--out` ./whole.csv is the file of the labels: name another one"),
    ] {
        let output = climd(folder.path(), &[&["split", file, "--column", "findings"][..], &arguments].concat());
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
    let page = climd(folder.path(), &["inspect", "whole.csv", "--html", "whole.csv"]);
    assert!(text(&page.stderr).contains("`--html` whole.csv is the file of the labels"), "{}", text(&page.stderr));
    fs::write(folder.path().join("scores.csv"), "score\n1\n2\n3\n").unwrap();
    for (option, what) in [("--scores", "scores"), ("--state", "state")] {
        let page = climd(folder.path(), &["inspect", "whole.csv", option, "scores.csv", "--html", "scores.csv"]);
        let expected = format!("`--html` scores.csv is the file of the {what}: name another one");
        assert!(text(&page.stderr).contains(&expected), "{}", text(&page.stderr));
        assert_eq!(fs::read_to_string(folder.path().join("scores.csv")).unwrap(), "score\n1\n2\n3\n");
    }
    assert!(fs::read_to_string(folder.path().join("whole.csv")).unwrap().starts_with("patient,findings"));
}

/// Splits a file, and returns standard error and the rows of the split.
fn split(content: &str, arguments: &[&str]) -> (String, Vec<[String; 3]>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("labels.csv"), content).unwrap();
    let output = climd(folder.path(), &[&["split", "labels.csv", "--parts", "1,1"], arguments].concat());
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    let split = fs::read_to_string(folder.path().join("split.csv")).unwrap();
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
    (said, split.lines().skip(1).map(cells).collect())
}

fn numbers(split: &[[String; 3]]) -> Vec<&str> {
    split.iter().map(|[row, ..]| row.as_str()).collect()
}

#[test]
fn rows_that_are_left_out_are_said_and_the_others_keep_the_number_of_a_spreadsheet() {
    let file = "id,label\np1,a\np2,\np3,b\n\np4,NA\np5,a\np6,b\n";
    let (said, rows) = split(file, &[]);
    assert!(said.contains("warning: column `label`: rows 3, 6 have no label (an empty cell, `NA` look"), "{said}");
    assert!(said.contains("left out, 2 in all") && said.contains("row 5 is blank: left out"), "{said}");
    assert!(said.contains("note: labels: label") && said.contains("note: groups: none, each row"), "{said}");
    assert_eq!(numbers(&rows), ["2", "4", "7", "8"]);
    assert!(rows.iter().all(|[row, group, _]| row == group), "{rows:?}");
    // `NA` is a class if the user says so; an empty cell never is
    let (said, rows) = split(file, &["--keep-missing"]);
    assert!(said.contains("row 3 has no label (an empty cell looks"), "{said}");
    assert_eq!(numbers(&rows), ["2", "4", "6", "7", "8"]);
    // as `inspect` says of the same file
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("labels.csv"), file).unwrap();
    let warning = "column `label`: rows 3, 6 have no label (an empty cell, `NA` look like a missing one): left out";
    assert!(text(&climd(folder.path(), &["inspect", "labels.csv"]).stdout).contains(warning));
}

#[test]
fn a_first_row_that_is_taken_for_a_header_is_said_and_the_user_decides() {
    let file = "rare\nx\ny\nx\nz\n";
    let (said, rows) = split(file, &[]);
    assert!(said.contains("row 1 names the columns") && said.contains("say so with --no-header"), "{said}");
    assert_eq!(numbers(&rows), ["2", "3", "4", "5"]);
    let (said, rows) = split(file, &["--no-header"]);
    assert!(said.contains("row 1 is data: there is no header, as asked"), "{said}");
    assert_eq!(numbers(&rows), ["1", "2", "3", "4", "5"]);
    // a header that a row below repeats
    assert_eq!(numbers(&split("kind\nkind\nother\n", &[]).1), ["1", "2", "3"]);
    assert_eq!(numbers(&split("kind\nkind\nother\n", &["--header"]).1), ["2", "3"]);
    // no separator is found in these cells but the one that the user names
    let (_, rows) = split("17;x,a;y\n17;x,b;y\n", &["--separator", "comma", "--no-header", "--column", "2"]);
    assert_eq!(numbers(&rows), ["1", "2"]);
}

#[test]
fn the_column_of_the_groups_is_said() {
    let (said, rows) = split("patient,label\nq,a\np,b\nq,a\n", &[]);
    assert!(said.contains("note: groups: patient"), "{said}");
    let groups: Vec<&str> = rows.iter().map(|[_, group, _]| group.as_str()).collect();
    assert_eq!(groups, ["q", "p", "q"]);
    let (said, _) = split("q,a\np,b\nq,a\n", &["--no-header", "--group", "1", "--column", "2"]);
    assert!(said.contains("note: groups: column 1") && !said.contains("could be meant"), "{said}");
    let both = "patient,subject,label\nq,s,a\np,t,b\nq,u,a\n";
    let (said, _) = split(both, &[]);
    assert!(said.contains("groups are those of `patient`, but `subject` could be meant: say which with"), "{said}");
    let (said, _) = split(both, &["--group", "subject"]);
    assert!(said.contains("note: groups: subject") && !said.contains("could be meant"), "{said}");
}

//! Promise: `inspect` says what a curriculum would do with any labels, and which row of a bad file is bad.

use std::process::Command;

use climd::{CurriculumSampler, Position, PowerLaw, PowerLawScheduler};

fn inspect(content: &str, arguments: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("labels.csv");
    std::fs::write(&file, content).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_climd"))
        .arg("inspect")
        .arg(&file)
        .args(arguments.iter().map(|&argument| if argument == "LABELS" { file.as_os_str() } else { argument.as_ref() }))
        .output()
        .unwrap();
    let text = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(text).unwrap())
}

fn labels(counts: &[(&str, usize)]) -> String {
    let rows = counts.iter().flat_map(|&(label, n)| (0..n).map(move |at| format!("p{at},{label}\n")));
    std::iter::once("id,label\n".to_owned()).chain(rows).collect()
}

#[test]
fn a_long_tail_is_described_warned_of_and_advised_on() {
    let (good, text) =
        inspect(&labels(&[("Luminal A", 305), ("Basal", 103), ("HER2", 92), ("Luminal B", 80), ("Normal", 4)]), &[]);
    assert!(good, "{text}");
    assert!(text.starts_with("584 samples of 5 classes, 76.2:1 from the largest to the smallest\n"), "{text}");
    let row = text.lines().find(|line| line.trim_start().starts_with("Luminal A")).unwrap();
    let numbers: Vec<usize> = row.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!((numbers[0], numbers[5]), (305, 305)); // all of it in the last epoch
    assert_eq!(numbers[1], 2); // six samples of the first, shared out, four classes with one and the largest with two
    assert!(text.contains("classes with fewer than 5 samples: Normal (4)"), "{text}");
    assert!(text.contains("Luminal A has a larger share of epochs"), "{text}");
    assert!(text.contains("A long tail: train on all data with `prior_corrected_cross_entropy`"), "{text}");
}

#[test]
fn nearly_balanced_classes_are_recommended_another_law() {
    let file = labels(&[("a", 101), ("b", 100), ("c", 100)]);
    let (_, text) = inspect(&file, &["--epochs", "10"]);
    assert!(text.contains("which the data do not have (1.0:1); use --law zipf or --law empirical"), "{text}");
    assert!(text.contains("Classes within 5:1: train on all data, plainly."), "{text}");
    let (_, text) = inspect(&file, &["--epochs", "10", "--law", "zipf"]);
    assert!(!text.contains("which the data do not have"), "{text}");
}

#[test]
fn bad_files_are_named_with_their_row() {
    for (content, arguments, expected) in [
        ("id,label\np1,a\np2,\n", &[][..], "row 3 has no label"),
        ("id,name\np1,a\n", &[], "has 2 columns: say which one is meant, with --column"),
        ("id,name\np1,a\n", &["--column", "kind"], "has no column \"kind\"; it has id, name"),
        ("label\n", &[], "has no labels"),
        ("id,label\np1,a\np2\n", &[], "row 3"),
        ("id,label\np1,a\n", &["--column", "3"], "has no column \"3\""),
        ("id,label\np1,a\n", &["--scores", "LABELS"], "say which one is meant, with --score-column"),
        ("score,label\n1,a\nhigh,b\n", &["--scores", "LABELS"], "row 3: the score \"high\" is not a finite number"),
        ("id,label\np1,a\n", &["--state", "LABELS"], "labels.csv"),
        ("a\nb\n", &["--no-header", "--epochs", "0"], "`epochs` is 0"),
    ] {
        let (good, text) = inspect(content, arguments);
        assert!(!good && text.contains(expected) && !text.contains("panicked"), "{expected}: {text}");
    }
    let (good, text) = inspect("a\nb\nb\n", &["--no-header"]);
    assert!(good && text.starts_with("3 samples of 2 classes, 2.0:1"), "{text}");
}

#[test]
fn a_state_gives_the_page_its_scores() {
    let folder = tempfile::tempdir().unwrap();
    let (file, page) = (folder.path().join("state.json"), folder.path().join("page.html"));
    let codes: Vec<usize> = [0; 30].into_iter().chain([1; 10]).collect();
    let mut sampler = PowerLawScheduler::new(&codes, PowerLaw::default()).unwrap();
    let scores: Vec<f32> = (0..40).map(|at| at as f32).collect();
    let arguments = ["--state", file.to_str().unwrap(), "--html", page.to_str().unwrap()];
    let content = labels(&[("a", 30), ("b", 10)]);

    sampler.state(Position::from(1)).save(&file).unwrap();
    let (good, text) = inspect(&content, &arguments);
    assert!(!good && text.contains("holds no scores"), "{text}");

    sampler.update(1, &scores).unwrap();
    sampler.state(Position::from(1)).save(&file).unwrap();
    let (good, text) = inspect(&content, &arguments);
    assert!(good && text.contains("page: "), "{text}");
    let html = std::fs::read_to_string(&page).unwrap();
    // the hardest of the first class is its first sample, and is named as in the file
    assert!(html.contains(r#""hardest":[{"class":"a","id":"p0","score":0.0"#), "{html}");

    let (good, text) = inspect(&labels(&[("a", 30)]), &arguments);
    assert!(!good && text.contains("there are 40 scores for 30 labels"), "{text}");
}

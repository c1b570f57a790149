//! Promise: any model wraps its loader. The two loops of each example differ in at most ten lines, which are those of
//! the README's diff, and both train.

#[path = "../../example.rs"]
mod example;

use example::example;

const MULTI_D: &str = include_str!("../../../examples/wrap_multi_d.rs");
const DMIB: &str = include_str!("../../../examples/wrap_dmib.rs");

/// The lines of a function, without its signature.
fn body<'a>(example: &'a str, name: &str) -> Vec<&'a str> {
    let from = example.lines().skip_while(|line| !line.starts_with(&format!("fn {name}(")));
    from.skip(1).take_while(|line| *line != "}").collect()
}

/// A longest common subsequence turned into a diff: unchanged lines, those that go, those that come.
fn diff<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] =
                if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    lines
}

#[test]
fn at_most_ten_lines_are_added_and_files_are_short() {
    for example in [MULTI_D, DMIB] {
        let lines = diff(&body(example, "plain"), &body(example, "wrapped"));
        let added = lines.iter().filter(|(sign, _)| *sign == '+').count();
        assert!((1..=10).contains(&added), "{added} lines");
        assert!(example.lines().count() < 100);
    }
}

#[test]
fn the_readme_shows_the_diff() {
    let lines = diff(&body(MULTI_D, "plain"), &body(MULTI_D, "wrapped"));
    let first = lines.iter().position(|(sign, _)| *sign != ' ').unwrap();
    let last = lines.iter().rposition(|(sign, _)| *sign != ' ').unwrap();
    let text: String = lines[first..=last].iter().map(|(sign, line)| format!("{sign}{line}\n")).collect();
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&format!("```diff\n{text}```")), "README.md lacks\n{text}");
}

#[test]
fn the_two_examples_are_the_same_but_for_the_network() {
    let same = MULTI_D.replace("MultiD", "Dmib");
    for name in ["plain", "wrapped", "criterion", "main"] {
        assert_eq!(body(&same, name), body(DMIB, name));
    }
}

#[test]
fn both_loops_train() {
    let folder = tempfile::tempdir().unwrap();
    for (part, n) in [("tr", 480), ("te", 30)] {
        let label = |row: usize| usize::from(row.is_multiple_of(3));
        let rows = |width: usize| -> String {
            let cell = |row: usize, column: usize| (row * 31 + column * 17) % 7 + 9 * label(row);
            (0..n)
                .map(|row| (0..width).map(|c| cell(row, c).to_string()).collect::<Vec<_>>().join(",") + "\n")
                .collect()
        };
        std::fs::write(folder.path().join(format!("1_{part}.csv")), rows(6)).unwrap();
        std::fs::write(folder.path().join(format!("2_{part}.csv")), rows(4)).unwrap();
        let labels: String = (0..n).map(|row| format!("{}\n", label(row))).collect();
        std::fs::write(folder.path().join(format!("labels_{part}.csv")), labels).unwrap();
    }
    for name in ["wrap_multi_d", "wrap_dmib"] {
        let output = example(name).arg(folder.path()).arg("40").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        for line in ["plain:      macro F1 ", "with CLIMD: macro F1 "] {
            let value = text.lines().find_map(|text| text.strip_prefix(line)).unwrap();
            assert!(value.trim_end_matches(" %").parse::<f64>().unwrap() > 60.0, "{text}");
        }
    }
}

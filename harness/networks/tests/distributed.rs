//! Promise: ranks that train on their parts and average gradients have one network, and it learns.

#[path = "../../example.rs"]
mod example;

use example::example;

#[test]
fn two_ranks_train_one_network() {
    let folder = tempfile::tempdir().unwrap();
    for (part, n) in [("tr", 320), ("te", 60)] {
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
    let output = example("distributed").arg(folder.path()).arg("20").output().unwrap();
    // the example itself fails if the ranks' networks come apart
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let values = |line: &str| -> Vec<f64> { line.split([' ', '%']).filter_map(|word| word.parse().ok()).collect() };
    let runs: Vec<Vec<f64>> = text.lines().filter(|line| line.starts_with("seed")).map(values).collect();
    assert_eq!(runs.len(), 5, "{text}");
    for run in runs {
        assert!(run[0] > 90.0 && run[1] > 90.0, "{text}"); // easy data: one process and two ranks alike
    }
}

//! Promise: the main job runs on a folder in MOGONET's layout, writes what it says, and refuses what it cannot do.

#[path = "../../example.rs"]
mod example;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use example::example;

fn brca_baseline(folder: &Path, arguments: &[&str]) -> Output {
    example("brca_baseline")
        .arg("--data")
        .arg(folder)
        .arg("--out")
        .arg(folder.join("plots"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Two modalities of 8 and 5 columns; classes of 24, 12 and 6 in training, a third of that in test.
fn write_mogonet(folder: &Path) {
    for (part, sizes) in [("tr", [24, 12, 6]), ("te", [8, 4, 2])] {
        let labels: Vec<usize> = sizes.iter().enumerate().flat_map(|(label, &n)| vec![label; n]).collect();
        for (modality, width) in [(1, 8), (2, 5)] {
            let mut text = String::new();
            for (row, label) in labels.iter().enumerate() {
                let cell = |column: usize| {
                    ((row * 31 + column * 17 + modality) % 23) as f64 / 23.0 + f64::from(column == *label)
                };
                let cells: Vec<String> = (0..width).map(|column| cell(column).to_string()).collect();
                writeln!(text, "{}", cells.join(",")).unwrap();
            }
            fs::write(folder.join(format!("{modality}_{part}.csv")), text).unwrap();
        }
        let text: String = labels.iter().map(|label| format!("{label}.0\n")).collect();
        fs::write(folder.join(format!("labels_{part}.csv")), text).unwrap();
    }
}

#[test]
fn a_mogonet_folder_gives_tables_plots_and_json() {
    let folder = tempfile::tempdir().unwrap();
    write_mogonet(folder.path());
    let json = folder.path().join("runs.json");
    let arguments = ["--epochs", "2", "--seeds", "2", "--quiet", "--law", "zipf", "--json", json.to_str().unwrap()];
    let output = brca_baseline(folder.path(), &arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for expected in [
        "56 samples",
        "a split of its own",
        "law: Zipf",
        "| CLIMD + prior",
        "| macro F1",
        "| recall",
        "climd's own code",
    ] {
        assert!(text.contains(expected), "no {expected:?} in {text}");
    }
    assert!(!text.contains("paper: "), "the paper's figures are of other data: {text}");
    for plot in
        ["class_distribution.svg", "class_distribution.png", "validation_macro_f1.svg", "validation_macro_f1.png"]
    {
        assert!(fs::metadata(folder.path().join("plots").join(plot)).unwrap().len() > 1000, "{plot}");
    }
    let runs: serde_json::Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(runs.as_array().unwrap().len(), 4);
    assert_eq!(runs[3]["runs"][1][0]["steps"], 4); // 42 samples, batches of 32, 2 epochs
}

#[cfg(unix)]
#[test]
fn what_ctrl_c_leaves_is_not_done_again() {
    let folder = tempfile::tempdir().unwrap();
    write_mogonet(folder.path());
    let arguments = ["--epochs", "8", "--seeds", "4", "--quiet", "--jobs", "1", "--lr", "paper"];
    let kept = || fs::read_to_string(folder.path().join("plots/runs.jsonl")).unwrap_or_default();
    let mut begun = example("brca_baseline")
        .arg("--data")
        .arg(folder.path())
        .arg("--out")
        .arg(folder.path().join("plots"))
        .args(arguments)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while kept().lines().count() < 2 && begun.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // As Ctrl-C does, it ends the program at once; but Ctrl-C's signal is ignored by all that a shell starts in the
    // background, and this test may be among it.
    let ended = Command::new("kill").args(["-TERM", &begun.id().to_string()]).status().unwrap();
    assert!(ended.success() && !begun.wait().unwrap().success(), "it had ended before it was interrupted");
    let before = kept();
    let whole = |text: &str| text.rfind('\n').map_or(0, |end| end + 1); // a line may have been cut
    let output = brca_baseline(folder.path(), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let after = kept();
    assert!(after.starts_with(&before[..whole(&before)]), "what was kept has changed");
    let keys = |text: &str| -> Vec<String> {
        let key =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?.get("config").map(ToString::to_string);
        text.lines().filter_map(key).collect()
    };
    let (all, mut distinct) = (keys(&after), keys(&after));
    distinct.sort_unstable();
    distinct.dedup();
    assert!(keys(&before).len() >= 2 && all.len() > keys(&before).len());
    assert_eq!(all.len(), distinct.len(), "a run was done twice");
}

#[test]
fn what_it_cannot_do_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |folder: &Path, arguments: &[&str]| {
        let output = brca_baseline(folder, arguments);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let error = refused(folder.path(), &["--quiet"]);
    assert!(error.contains("target.csv") && error.contains("labels_tr.csv"), "{error}");
    write_mogonet(folder.path());
    let error = refused(folder.path(), &["--quiet", "--gamma", "nan"]);
    assert!(error.contains("`gamma` is NaN, but must be from 1e-100 to 1e100"), "{error}");
    let error = refused(folder.path(), &["--quiet", "--epochs", "0"]);
    assert!(error.contains("--epochs"), "{error}");
    if !tch::Cuda::is_available() {
        let error = refused(folder.path(), &["--quiet", "--device", "cuda"]);
        assert!(error.contains("libtorch sees no CUDA device"), "{error}");
    }
}

#[test]
fn help_of_the_main_job_needs_no_set_up() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new("make").args(["-C", root.to_str().unwrap(), "brca", "ARGS=--help"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let source = fs::read_to_string(root.join("examples/brca_baseline.rs")).unwrap();
    let arguments = source.split("struct Arguments {").nth(1).unwrap().split("\n}").next().unwrap();
    let options =
        arguments.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": ")).map(|(name, _)| name);
    let options: Vec<&str> =
        options.filter(|name| name.chars().all(|char| char.is_lowercase() || char == '_')).collect();
    assert!(options.len() > 10, "{options:?}");
    for option in options {
        assert!(text.contains(&format!("  --{} ", option.replace('_', "-"))), "{option}: {text}");
    }
    assert!(!text.contains("libtorch:") && !text.contains("Compiling"), "{text}");
}

//! Promise: the example runs from a folder to a table, gives both arms the same, and says what it cannot do.

mod common;
#[path = "../../example.rs"]
mod example;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::write_bert;
use example::example;

fn mllc(folder: &Path, folds: &str, arguments: &[&str]) -> Output {
    example("mllc")
        .args(["--epochs", "2", "--quiet", "--batch-size", "8", "--folds"])
        .arg(folds)
        .arg("--out")
        .arg(folder.join("plots"))
        .arg("--bert")
        .arg(folder.join("bert"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_look_alike_goes_through_both_arms_and_then_a_folder_of_the_users_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    write_bert(&folder.path().join("bert"));
    let output =
        mllc(folder.path(), "2", &["--synthetic", &path("made"), "--patients", "24", "--json", &path("runs.json")]);
    let printed = text(&output);
    assert!(output.status.success(), "{printed}");
    for expected in [
        "as there is no --data",
        "24 patients; classes: normal 14, metastatic 7, hcc 3",
        "modality: Image",
        "modality: Laboratory",
        "random weights",
        "computed, and cached",
        "| baseline",
        "| CLIMD",
        "| recall",
        "macro F1 - baseline",
        "mllc-synthetic-validation-macro-f1.svg",
    ] {
        assert!(printed.contains(expected), "no {expected:?} in {printed}");
    }
    assert!(!printed.contains("paper: "), "the paper's figures are of other patients: {printed}");
    assert!(folder.path().join("plots/pictures/mllc-synthetic-class-distribution.png").exists());

    // the same folds, seeds, steps and learning rate in both arms
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(path("runs.json")).unwrap()).unwrap();
    let shared = |row: usize, fold: usize| {
        let config = &json[row]["runs"][fold][0];
        ["seed", "steps", "rate", "part", "data", "batch_size"].map(|field| config[field].to_string())
    };
    for fold in 0..2 {
        assert_eq!(shared(0, fold), shared(1, fold));
    }
    assert_ne!(json[0]["runs"][0][0]["method"]["schedule"], json[1]["runs"][0][0]["method"]["schedule"]);

    // what was made is a folder as a user's is; a bad row is named, or left out
    let manifest = folder.path().join("made/manifest.csv");
    let good = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, format!("{good}x,benign,,pain,,,,,,,,\n")).unwrap();
    let output = mllc(folder.path(), "2", &["--data", &path("made"), "--no-curves"]);
    assert!(!output.status.success() && text(&output).contains("row 26: `label` is `benign`"), "{}", text(&output));
    let output = mllc(folder.path(), "2", &["--data", &path("made"), "--no-curves", "--skip-bad", "--prior"]);
    let printed = text(&output);
    assert!(output.status.success(), "{printed}");
    for expected in ["bad rows left out: 1", "row 26", "from the cache", "| CLIMD + prior"] {
        assert!(printed.contains(expected), "no {expected:?} in {printed}");
    }
    assert!(!printed.contains("SYNTHETIC"), "{printed}");
}

#[test]
fn what_it_cannot_do_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let refused = |folds: &str, arguments: &[&str]| {
        let output = mllc(folder.path(), folds, arguments);
        let printed = text(&output);
        assert!(!output.status.success() && !printed.contains("panicked"), "{printed}");
        printed
    };
    let made = path("made");
    let make = ["--synthetic", made.as_str(), "--patients", "24", "--no-curves"];
    let printed = refused("2", &make);
    assert!(printed.contains("make text-model") && printed.contains("--bert"), "{printed}");
    write_bert(&folder.path().join("bert"));
    let weights = path("weights.safetensors");
    fs::write(&weights, "none").unwrap();
    let printed = refused("2", &[&make[..], &["--resnet", &weights]].concat());
    assert!(printed.contains("--resnet") && printed.contains("weights.safetensors"), "{printed}");
    let printed = refused("4", &make);
    assert!(printed.contains("class `hcc` has 3"), "{printed}");
    assert!(refused("2", &[&make[..], &["--lr", "NaN"]].concat()).contains("--lr is NaN"));
    assert!(refused("2", &["--data", &path("nowhere")]).contains("manifest.csv` cannot be read"));
    if !tch::Cuda::is_available() {
        assert!(refused("2", &[&make[..], &["--device", "cuda"]].concat()).contains("no CUDA device"));
    }
}

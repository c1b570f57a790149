//! Promise: a schedule is one new file and one line, as CONTRIBUTING.md says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// The block of code that begins with this fence.
fn block<'a>(page: &'a str, fence: &str) -> &'a str {
    page.split(&format!("```rust,{fence}\n")).nth(1).unwrap().split("```").next().unwrap()
}

#[test]
fn a_stranger_adds_a_schedule() {
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for part in ["Cargo.toml", "Cargo.lock", "build.rs", "src", "benches", "examples", "tests", "crates", "harness"] {
        copy(&root().join(part), &folder.path().join(part));
    }
    fs::write(folder.path().join("src/schedule/halves.rs"), block(&page, "new-file")).unwrap();
    let list = folder.path().join("src/schedule/mod.rs");
    let text = fs::read_to_string(&list).unwrap();
    let with = text.replacen("mod hard_majority;\n", &format!("{}mod hard_majority;\n", block(&page, "new-line")), 1);
    assert_ne!(with, text);
    fs::write(&list, with).unwrap();
    fs::write(
        folder.path().join("tests/stranger.rs"),
        "#[test]\nfn it_is_public() {\n    let schedule = climd::schedule::Halves { epochs: 2 };\n    \
         assert!(climd::Curriculum::new(&[0, 1], schedule).is_ok());\n}\n",
    )
    .unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["test", "--locked", "-p", "climd", "--lib", "--test", "stranger"])
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("schedule::halves::tests::halves_come_first ... ok"), "{text}");
    assert!(text.contains("it_is_public ... ok"), "{text}");
}

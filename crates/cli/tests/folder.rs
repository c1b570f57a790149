//! Promise: a folder with a folder for each class is read as torchvision's `ImageFolder` reads it.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let file = folder.path().join("data").join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }
    folder
}

/// Whether the program worked, its output and its notes.
fn climd(folder: &Path, arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_climd"))
        .args(arguments)
        .current_dir(folder)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn folders_are_classes_and_files_are_samples() {
    let files = ["nv/a.png", "nv/deep/b.PNG", "nv/c, d.jpg", "mel/e.png", "nv/.f.png", ".cache/g.png", "about.txt"];
    let data = folder(&files);
    let (good, said, notes) = climd(data.path(), &["inspect", "data"]);
    assert!(
        good && said.starts_with("4 samples of 2 classes, 3.0:1 from the largest to the smallest\n"),
        "{said}{notes}"
    );
    assert!(notes.contains("a folder for each class; the files are 1 .jpg, 3 .png"), "{notes}");
    assert!(notes.contains("files beside the folders: 1, left out"), "{notes}");
    let (good, _, notes) = climd(data.path(), &["split", "data", "--parts", "1,1"]);
    assert!(good && notes.contains("files of one patient may come into different parts"), "{notes}");
    let split = fs::read_to_string(data.path().join("split.csv")).unwrap();
    let mut paths: Vec<&str> = split.lines().skip(1).map(|line| line.split_once(',').unwrap().1).collect();
    paths.iter_mut().for_each(|line| *line = line.rsplit_once(',').unwrap().0);
    assert_eq!(paths, ["mel/e.png", "nv/a.png", "\"nv/c, d.jpg\"", "nv/deep/b.PNG"]);
}

#[test]
fn a_folder_that_is_no_such_folder_is_said_to_be_none() {
    for (files, says) in [
        (&["a.png"][..], "`data` has no folders: give a CSV, or a folder with a folder for each class"),
        (&["train/nv/a.png", "Test/nv/b.png"], "are parts of a data set and no classes: give the one to train on"),
        (&["nv/a.png", "mel/.hidden"], "no files in the folders of mel: remove them, or add files"),
    ] {
        let data = folder(files);
        let (good, _, notes) = climd(data.path(), &["inspect", "data"]);
        assert!(!good && notes.contains(says), "{notes}");
    }
}

//! Promise: the map is made by one command, which stops in time, goes on where it was, and says where patients are too
//! few.

mod clinic;

use std::fs;
use std::path::Path;
use std::process::Command;

use climd_repro::map::{self, Line};
use clinic::folder;

fn command(folder: &Path, more: &[&str]) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_climd-repro"));
    command.args(["map", "--quiet", "--jobs", "2", "--epochs", "4", "--out"]).arg(folder.join("out"));
    let output = command.arg("--data").arg(folder.join("clinic")).args(more).output().unwrap();
    output.status.success().then_some(()).ok_or_else(|| String::from_utf8(output.stderr).unwrap())
}

/// The lines of the file; the page beside it says nothing else.
fn lines(folder: &Path, stem: &str) -> Vec<Line> {
    let out = folder.join("out");
    let lines = map::read(&out.join(format!("{stem}.csv"))).unwrap();
    assert_eq!(page(folder, stem), map::page(&lines, stem, map::first_seed(stem).unwrap()));
    assert!(out.join(format!("pictures/{stem}.svg")).exists());
    lines
}

fn page(folder: &Path, stem: &str) -> String {
    fs::read_to_string(folder.join(format!("out/{stem}.md"))).unwrap()
}

#[test]
fn the_map_stops_in_time_goes_on_and_says_where_patients_are_too_few() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    folder(place, false);
    // 42, 17 and 8 patients for training: three of the smallest class and 42 of the largest are 14 to 1
    const CELLS: [&str; 4] = ["--cells", "20:0:10", "5:20:100", "1:0:10"];
    let runs = || fs::read_to_string(place.join("out/runs/clinic.jsonl")).unwrap().lines().count();
    // no time at all: only what needs no training is said
    command(place, &[&["--seeds", "5", "--minutes", "0.000001"], &CELLS[..]].concat()).unwrap();
    assert_eq!(runs(), 0);
    let found = lines(place, "map");
    assert!(found.len() == 6 && found.iter().all(|line| line.ratio == 20 && line.splits == 0), "{found:?}");
    assert!(page(place, "map").contains("**We cannot tell yet.** No cell is done."));

    command(place, &[&["--seeds", "5"], &CELLS[..]].concat()).unwrap();
    assert_eq!(runs(), 2 * 5 * 6 * (1 + 3)); // and three rates on an inner split
    let found = lines(place, "map");
    // in the order of the grid, whichever was trained first
    let cells: Vec<String> = found.chunk_by(|a, b| a.cell() == b.cell()).map(|of| of[0].cell().to_string()).collect();
    assert_eq!(cells, ["1:0:10", "20:0:10", "5:20:100"]);
    for (at, cell) in found.chunks(6).enumerate() {
        let methods: Vec<&str> = cell.iter().map(|line| line.method.as_str()).collect();
        assert_eq!(
            methods,
            ["plain", "prior", "trim-prior", "hard-majority-prior", "climd", "climd-half-prior"],
            "{cell:?}"
        );
        let [plain, prior, climd] = [0, 1, 4].map(|at| &cell[at]);
        if at == 1 {
            assert!(cell.iter().all(|line| line.splits == 0 && line.mean.is_none()), "{cell:?}");
            continue;
        }
        // 8 of each class; 7, 16 and 35
        assert_eq!((plain.splits, plain.patients), (5, Some(if at == 0 { 24.0 } else { 58.0 })));
        assert_eq!(plain.steps, if at == 0 { 1 } else { 8 });
        assert!(plain.beside_plain().is_none() && prior.beside_prior().is_none());
        for (difference, other) in [(climd.beside_plain(), plain), (climd.beside_prior(), prior)] {
            let of = difference.unwrap();
            assert!((of.difference - (climd.mean.unwrap() - other.mean.unwrap())).abs() < 1e-5);
            assert!(of.low <= of.difference && of.difference <= of.high && (of.p < 0.05) == of.is_told());
        }
    }
    let text = page(place, "map");
    let said = ["too few patients: 1.", "of 2 cells", "| 20:1", "77 cells were not run", "too few"];
    assert!(said.iter().all(|said| text.contains(said)), "{text}");
    // again, in no time: the same, from the runs that were kept
    command(place, &[&["--seeds", "5", "--minutes", "0.000001"], &CELLS[..]].concat()).unwrap();
    assert_eq!(lines(place, "map"), found);

    // the same cell on fresh splits is a file of its own
    command(place, &["--seeds", "5", "--first-seed", "20", "--cells", "1:0:10"]).unwrap();
    assert_eq!((lines(place, "map"), lines(place, "map-from20").len(), runs()), (found, 6, 4 * 90));
    let fresh = page(place, "map-from20");
    assert!(fresh.contains("Fresh splits, from 20 on") && fresh.contains("pictures/map-from20.svg"), "{fresh}");
}

#[test]
fn what_the_map_sets_itself_is_refused() {
    let place = tempfile::tempdir().unwrap();
    folder(place.path(), false);
    for more in [&["--imbalance", "50"], &["--noise", "0.2"], &["--lr", "own"]] {
        let error = command(place.path(), more).unwrap_err();
        assert!(error.contains(&format!("unexpected argument '{}'", more[0])), "{error}");
    }
    let error = command(place.path(), &["--cells", "50:40:11"]).unwrap_err();
    assert!(error.contains("`50:40:11` is no cell"), "{error}");
}

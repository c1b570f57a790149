//! Promise: a folder of any modalities is read as its lists say, and the public sets are what their pages say.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use climd_data::{Dataset, Layout, Preparation, Prepared, stratified_split};
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const FILES: [(&str, &str); 5] = [
    ("sound.csv", "patient,s1,s2\nb,3,4\na,1,2\nc,5,6\n"),
    ("motion.csv", "patient,m1\na,7\nb,8\nc,9\n"),
    ("target.csv", "patient,target\na,1\nb,0\nc,1\n"),
    ("modalities.txt", "sound.csv\nmotion.csv\n"),
    ("classes.txt", "sweep\neat\n"),
];

fn with(name: &str, text: &str) -> TempDir {
    let folder = folder(&FILES);
    std::fs::write(folder.path().join(name), text).unwrap();
    folder
}

#[test]
fn a_listed_folder_is_read_in_the_order_of_its_lists() {
    let dataset = Dataset::load(folder(&FILES).path()).unwrap();
    assert_eq!(dataset.layout, Layout::Listed);
    let names: Vec<&str> = dataset.modalities.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["sound", "motion"]);
    assert_eq!(dataset.modalities[0].values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]); // aligned by patient
    assert_eq!((dataset.labels, dataset.classes), (vec![1, 0, 1], vec!["sweep".to_owned(), "eat".to_owned()]));
}

#[test]
fn without_names_classes_are_called_by_their_codes() {
    let folder = folder(&FILES[..4]);
    assert_eq!(Dataset::load(folder.path()).unwrap().classes, ["class 0", "class 1"]);
}

#[test]
fn labels_may_be_names_of_classes() {
    let load = |target: &str, classes: Option<&str>| {
        let folder = folder(&FILES[..4]);
        std::fs::write(folder.path().join("target.csv"), target).unwrap();
        if let Some(classes) = classes {
            std::fs::write(folder.path().join("classes.txt"), classes).unwrap();
        }
        Dataset::load(folder.path())
    };
    let target = "patient,target\na,sweep\nb,eat\nc,sweep\n";
    let dataset = load(target, None).unwrap();
    assert_eq!((dataset.labels, dataset.classes.join(",")), (vec![1, 0, 1], "eat,sweep".into())); // alphabetical
    let dataset = load(target, Some("sweep\neat\n")).unwrap();
    assert_eq!((dataset.labels, dataset.classes.join(",")), (vec![0, 1, 0], "sweep,eat".into()));
    let error = load(target, Some("sweep\neats\n")).unwrap_err().to_string();
    assert!(error.contains("row 3, column 2: found `eat`, but") && error.contains("has sweep, eats: add"), "{error}");
    // a number or a gap among the names is an error, and so is a single name
    for (cell, says) in [
        ("1", "found `sweep`, but a label is a whole"),
        ("NA", "row 3, column 2 (`target`): found `NA`, which looks like a missing label"),
    ] {
        let error = load(&target.replace("eat", cell), None).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let error = load(&target.replace("eat", "sweep"), None).unwrap_err().to_string();
    assert!(error.contains("all 3 rows have label `sweep`, but at least two classes"), "{error}");
    let dataset = load("patient,target\na,eat\nb,Eat\nc,sweep\n", None).unwrap();
    assert_eq!(dataset.classes.len(), 3);
    assert!(dataset.notes.iter().any(|note| note.contains("the labels Eat, eat count as different classes")));
}

#[test]
fn a_table_with_patients_as_columns_is_said_to_be_one() {
    for (head, column) in [("gene,", 2), ("Hugo_Symbol,Entrez_Gene_Id,", 3), ("patient,", 2)] {
        let ids = if column == 3 { "BRCA1,672," } else { "BRCA1," };
        let folder = with("sound.csv", &format!("{head}b,a,c\n{ids}1,2,3\n"));
        let error = Dataset::load(folder.path()).unwrap_err().to_string();
        let says = format!("sound.csv` has patients as columns, such as `b` in column {column}, and must have them as");
        assert!(error.contains(&says), "{error}");
    }
    // features may have names that ids have, too
    let folder = folder(&[
        ("x.csv", "id,0,1,2\n0,1,2,3\n1,4,5,6\n2,7,8,9\n"),
        ("target.csv", "id,target\n0,0\n1,1\n2,1\n"),
        ("modalities.txt", "x.csv\n"),
    ]);
    assert_eq!(Dataset::load(folder.path()).unwrap().labels, [0, 1, 1]);
}

#[test]
fn bad_lists_are_refused() {
    let message = |folder: &TempDir| Dataset::load(folder.path()).unwrap_err().to_string();
    let error = message(&with("modalities.txt", "sound.csv\ntouch.csv\n"));
    assert!(error.contains("touch.csv` cannot be read"), "{error}");
    let error = message(&with("modalities.txt", ""));
    assert!(error.contains("modalities.txt` has no file of a modality"), "{error}");
    // however the file is written, it is the same
    for name in ["target.csv", "./target.csv", "../FOLDER/target.csv"] {
        let folder = folder(&FILES);
        let own = folder.path().file_name().unwrap().to_str().unwrap();
        let name = name.replace("FOLDER", own);
        std::fs::write(folder.path().join("modalities.txt"), format!("sound.csv\n\n{name}\n")).unwrap();
        let error = message(&folder);
        let says = format!("modalities.txt`, row 3: `{name}` is the file of the labels, not of a modality: remove the");
        assert!(error.contains(&says), "{error}");
    }
    let error = message(&with("modalities.txt", "sound.csv\nmotion.csv\n./sound.csv\n"));
    assert!(error.contains("row 3: `./sound.csv` is the file of row 1: remove one of the two rows"), "{error}");
    let error = message(&with("classes.txt", "sweep\n"));
    assert!(error.contains("classes.txt") && error.contains("names of classes"), "{error}");
    let error = message(&with("motion.csv", "patient,m1\na,7\nb,8\n"));
    assert!(error.contains("motion.csv"), "{error}");
}

#[test]
fn a_fingerprint_changes_with_every_label_value_and_name() {
    let dataset = |folder: &TempDir| Dataset::load(folder.path()).unwrap().fingerprint();
    let original = dataset(&folder(&FILES));
    assert_eq!(dataset(&folder(&FILES)), original);
    for (name, text) in [
        ("sound.csv", "patient,s1,s2\nb,3,4\na,1,2\nc,5,6.5\n"),
        ("target.csv", "patient,target\na,1\nb,0\nc,0\n"),
        ("modalities.txt", "motion.csv\nsound.csv\n"),
        ("classes.txt", "sweep\nmop\n"),
    ] {
        assert_ne!(dataset(&with(name, text)), original, "{name}");
    }
}

#[test]
fn a_layout_that_keeps_other_columns_has_another_fingerprint() {
    let names = ["rna.csv", "meth.csv", "mirna.csv"];
    let load = |modalities: &[&str]| {
        let folder = folder(&[("target.csv", "patient,target\na,1\nb,0\n")]);
        for name in names {
            std::fs::write(folder.path().join(name), "patient,x\na,1\nb,2\n").unwrap();
        }
        if !modalities.is_empty() {
            std::fs::write(folder.path().join("modalities.txt"), modalities.join("\n")).unwrap();
        }
        Dataset::load(folder.path()).unwrap()
    };
    let (of_brca, listed) = (load(&[]), load(&names));
    assert_eq!((of_brca.layout, listed.layout), (Layout::Brca, Layout::Listed));
    assert_eq!((&of_brca.labels, &of_brca.classes), (&listed.labels, &listed.classes));
    assert_ne!(of_brca.fingerprint(), listed.fingerprint());
    // MOGONET's keeps all columns as the listed one does
    let mogonet = Dataset { layout: Layout::Mogonet, ..listed.clone() };
    assert_eq!(mogonet.fingerprint(), listed.fingerprint());
    // as it was before the choice of columns was part of it
    assert_eq!(load(&names[..2]).fingerprint(), "f7deef83904442ad");
    assert_eq!(of_brca.fingerprint(), "0ba4b4d1992865e5");
}

#[test]
fn rows_of_a_group_are_in_one_part_of_every_split() {
    // 30 patients with one to three rows; every fifth patient has class 1
    let rows: Vec<(usize, usize)> = (0..30).flat_map(|of| vec![(of, usize::from(of % 5 == 0)); 1 + of % 3]).collect();
    let lines =
        |cells: &dyn Fn(usize) -> String| (0..rows.len()).map(|row| format!("r{row},{}\n", cells(row))).collect();
    let number: String = lines(&|row| row.to_string());
    let target: String = lines(&|row| format!("{},p{}", rows[row].1, rows[row].0));
    let alone: String = lines(&|row| rows[row].1.to_string());
    let load = |target: &str| {
        let x = format!("id,x\n{number}");
        let folder = folder(&[("x.csv", &x), ("modalities.txt", "x.csv\n"), ("target.csv", target)]);
        Dataset::load(folder.path())
    };
    let dataset = load(&format!("id,target,Group\n{target}")).unwrap();
    assert_eq!(dataset.groups, Some(rows.iter().map(|&(of, _)| of).collect()));
    for seed in 0..5 {
        let outer = dataset.test_split(seed).unwrap();
        let inner = dataset.validation_split(&outer, &dataset.labels, seed).unwrap();
        let parts = [&inner.train, &inner.test, &outer.test];
        assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), rows.len());
        let has = |part: &[usize], group: usize| part.iter().any(|&row| rows[row].0 == group);
        assert!((0..30).all(|group| parts.iter().filter(|part| has(part, group)).count() == 1));
        // 30 % of the 24 patients of class 0 and of the 6 of class 1, to a patient
        for (class, tested) in [(0, 7), (1, 2)] {
            let found = (0..30).filter(|&of| usize::from(of % 5 == 0) == class && has(&outer.test, of)).count();
            assert!(found.abs_diff(tested) <= 1, "class {class}: {found}");
        }
    }
    let one_each = dataset.slice(40, 1).unwrap();
    assert_eq!(one_each.groups.map(|groups| groups.len()), Some(40));

    let without = load(&format!("id,target\n{alone}")).unwrap();
    assert_eq!(without.groups, None);
    assert_eq!(without.test_split(3).unwrap(), stratified_split(&without.labels, 0.3, 3).unwrap());
    assert_ne!(without.fingerprint(), dataset.fingerprint());

    let error = load("id,target,group\nr0,0,a\nr1,1,\n").unwrap_err().to_string();
    assert!(error.contains("row 3") && error.contains("column 3") && error.contains("its own group"), "{error}");
    let error = load("id,target,group\nr0,0,a\nr1,1,b\nr2,1,NA\nr3,0,NA\n").unwrap_err().to_string();
    assert!(error.contains("row 4, column 3 (`group`): no group"), "{error}"); // and not one group of both
}

/// The class is `i % 3`; the columns are what they are called.
#[test]
fn features_that_are_the_labels_are_noted() {
    let note = |rows: usize, stage_of_row_5: usize| {
        let mut features = String::from("patient,age,stage,code,two\n");
        let mut target = String::from("patient,target\n");
        for i in 0..rows {
            let (class, age) = (i % 3, 30 + i * 7 % 50);
            let stage = if i == 5 { stage_of_row_5 } else { 10 - 4 * class };
            features += &format!("p{i},{age},{stage},{class},{}\n", class / 2);
            target += &format!("p{i},{class}\n");
        }
        let files = [("clinic.csv", &features[..]), ("target.csv", &target), ("modalities.txt", "clinic.csv\n")];
        Dataset::load(folder(&files).path()).unwrap().notes.join("\n")
    };
    let both = note(30, 2);
    assert!(both.starts_with("modality `clinic`: each class has a value of its own in `stage`, `code`: "), "{both}");
    let one = note(30, 3); // a single row is otherwise
    assert!(one.contains(" in `code`: if these are the labels, leave them out"), "{one}");
    assert_eq!(note(29, 2), ""); // may be by chance
}

#[test]
fn groups_are_read_from_a_column_with_another_usual_name() {
    let target = |header: &str| with("target.csv", &format!("{header}\na,1,x,k\nb,0,y,l\nc,1,x,m\n"));
    let load = |header: &str| Dataset::load(target(header).path());
    for (header, groups, unused) in [
        ("id,target,patient_id,site", Some(vec![0, 1, 0]), "4 `site`"),
        ("patient,target,Subject,age", Some(vec![0, 1, 0]), "4 `age`"),
        ("id,target,group,patient_id", Some(vec![0, 1, 0]), "4 `patient_id`"), // its own name comes first
        ("patient_id,target,hospital,age", None, "3 `hospital`, 4 `age`"),     // the first column is the id
    ] {
        let dataset = load(header).unwrap();
        assert_eq!(dataset.groups, groups, "{header}");
        let notes = |what: &str| dataset.notes.iter().filter(|note| note.contains(what)).count();
        assert_eq!(notes(&format!("target.csv`: not used are the columns {unused}: features belong")), 1, "{header}");
        assert_eq!(notes("by a column named `group`"), usize::from(groups.is_none()), "{header}");
        let said = groups.is_some() && !header.contains("group");
        assert_eq!(notes("target.csv`: rows with the same text in column 3"), usize::from(said), "{header}");
    }
    let error = load("id,target,patient_id,subject").unwrap_err().to_string();
    let says = "columns 3 `patient_id`, 4 `subject` could each say which rows stay together: name the one that is \
                meant `group`, and no other";
    assert!(error.ends_with(says), "{error}");
    let missing = "id,target,patient_id\na,1,p\nb,0,NA\nc,1,q\n";
    let error = Dataset::load(with("target.csv", missing).path()).unwrap_err().to_string();
    assert!(error.contains("row 3, column 3 (`patient_id`): no group"), "{error}");
}

#[test]
fn splits_that_cannot_be_used_are_refused_by_name() {
    // as many rows as labels, each with its group
    let load = |labels: &[usize], groups: Option<&[usize]>| {
        let rows = |cells: &dyn Fn(usize) -> String| -> String {
            (0..labels.len()).map(|row| format!("r{row},{}\n", cells(row))).collect()
        };
        let x = format!("id,x\n{}", rows(&|row| row.to_string()));
        let y = match groups {
            Some(groups) => format!("id,target,group\n{}", rows(&|row| format!("{},{}", labels[row], groups[row]))),
            None => format!("id,target\n{}", rows(&|row| labels[row].to_string())),
        };
        let folder = folder(&[("x.csv", &x), ("modalities.txt", "x.csv\n"), ("target.csv", &y)]);
        Dataset::load(folder.path()).unwrap()
    };
    let outer = |dataset: &Dataset, seed| dataset.test_split(seed).map_err(|error| error.to_string());
    let inner = |dataset: &Dataset, seed| {
        let of = dataset.test_split(seed).unwrap();
        dataset.validation_split(&of, &dataset.labels, seed).map_err(|error| error.to_string())
    };
    let classes: Vec<usize> = (0..60).map(|row| row % 2).collect();
    let groups = |n: usize| (0..60).map(|row| row / 2 % n).collect::<Vec<usize>>();
    let needs = "to test, and three to choose a learning rate or a length, too";
    let empty = |part: &str, why: &str| {
        let two = if why.contains("group") { "two groups" } else { "two" };
        format!("the {part} part of a split would be empty, as {why}: at least one class needs {two} {needs}")
    };
    let of_one = |rows: usize| format!("the {rows} rows are of 1 group, which stays together");
    for seed in 0..5 {
        assert_eq!(outer(&load(&classes, Some(&groups(1))), seed).unwrap_err(), empty("test", &of_one(60)));
        assert_eq!(inner(&load(&classes, Some(&groups(2))), seed).unwrap_err(), empty("validation", &of_one(30)));
        assert!(inner(&load(&classes, Some(&groups(3))), seed).is_ok());
        // of the classes, each is a group
        let three: Vec<usize> = (0..60).map(|row| row % 3).collect();
        let error = outer(&load(&three, Some(&three)), seed).unwrap_err();
        assert!(error.starts_with("class `class 1` would be in the test part of a split and not in its"), "{error}");
        // each class once; each class twice; one of them three times
        let once = |rows| format!("each class has one of the {rows} rows");
        assert_eq!(outer(&load(&[0, 1], None), seed).unwrap_err(), empty("test", &once(2)));
        assert_eq!(inner(&load(&[0, 1, 0, 1], None), seed).unwrap_err(), empty("validation", &once(2)));
        assert!(inner(&load(&[0, 1, 0, 0], None), seed).is_ok());
    }
    // class 1 is in one of nine groups, which is dealt by class 2, the rarest that it has
    let labels: Vec<usize> = (0..90).map(|row| if row % 9 == 0 { 1 } else { 2 * usize::from(row % 20 == 1) }).collect();
    let labels = [labels, vec![2]].concat();
    let nine: Vec<usize> = (0..91).map(|row| if row < 90 { row % 9 } else { 0 }).collect();
    let hidden = load(&labels, Some(&nine));
    let errors: Vec<String> = (0..30).filter_map(|seed| outer(&hidden, seed).err()).collect();
    let says = "class `class 1` would be in the test part of a split and not in its training part, so no model can \
                learn it: its 10 rows are of 1 group, which stays together; add rows of other groups, three in all or \
                more, or leave the class out";
    assert!((1..30).contains(&errors.len()) && errors.iter().all(|error| error == says), "{errors:?}");
}

/// The public sets, which `make data-all` fetches. `make test` fetches BRCA alone.
#[test]
fn public_sets_are_what_their_page_says_and_the_committed_runs_are_of_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (name, samples, widths, sizes) in [
        ("brca", 769, vec![2500, 2203, 503], vec![419, 46, 140, 130, 34]),
        ("kipan", 658, vec![2284, 2102, 472], vec![318, 274, 66]),
        ("lgg", 511, vec![2127, 1823, 548], vec![386, 125]),
        ("htad", 1386, vec![36, 16], vec![180, 282, 181, 178, 179, 180, 206]),
        ("digits", 2000, vec![76, 216, 64, 240, 47, 6], vec![200; 10]),
    ] {
        let folder = root.join("data").join(name);
        if !folder.is_dir() {
            println!("skipped: no {}; `make data-all` fetches it", folder.display());
            continue;
        }
        let dataset = Dataset::load(&folder).unwrap();
        assert_eq!((dataset.name.as_str(), dataset.len()), (name, samples));
        let runs = root.join("docs/results/runs").join(name).with_extension("jsonl");
        let run = BufReader::new(File::open(runs).unwrap()).lines().next().unwrap().unwrap();
        let fingerprint = format!(r#""fingerprint":"{}""#, dataset.fingerprint());
        assert!(run.contains(&fingerprint), "{name}: the committed runs are of other data than {fingerprint}");
        let found: Vec<usize> = dataset.modalities.iter().map(|table| table.columns.len()).collect();
        assert_eq!((found, dataset.class_sizes()), (widths, sizes));
        let split = stratified_split(&dataset.labels, 0.3, 0).unwrap();
        let prepared = Prepared::fit(&dataset, &split, &Preparation::of(dataset.layout)).unwrap();
        assert!(prepared.train.values.iter().flatten().all(|value| (0.0..=1.0).contains(value)));
    }
}

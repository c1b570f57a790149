//! Promise: `inspect` says what a curriculum would do with any labels, and which row of a bad file is bad.

use std::process::Command;

use climd::schedule::UnderSampling;
use climd::{Curriculum, CurriculumSampler, Position, PowerLaw, PowerLawScheduler, Targets};

/// Runs the program. Returns whether it worked, and its output or its errors.
fn inspect(content: &str, arguments: &[&str]) -> (bool, String) {
    let (good, out, err) = both(content, arguments);
    (good, if good { out } else { err })
}

/// Runs the program. Returns whether it worked, its output and its notes.
fn both(content: &str, arguments: &[&str]) -> (bool, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("labels.csv");
    std::fs::write(&file, content).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_climd"))
        .arg("inspect")
        .arg(&file)
        .args(arguments.iter().map(|&argument| if argument == "LABELS" { file.as_os_str() } else { argument.as_ref() }))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
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
        ("id,label\np1,\np2,NA\n", &[][..], "none of the 2 rows has a label"),
        (
            "id,name\np1,a\n",
            &[],
            "its columns are 1 `id`, 2 `name`, comma-separated: say which one is meant, with --column",
        ),
        ("id,name\np1,a\n", &["--column", "kind"], "has no column `kind`; its columns are 1 `id`, 2 `name`"),
        ("label\n", &[], "has no labels"),
        ("id,label\np1,a\np2\n", &[], "row 3"),
        ("id,label\np1,a\n", &["--column", "3"], "has no column `3`"),
        ("id,label\np1,a\n", &["--scores", "LABELS"], "say which one is meant, with --score-column"),
        (
            "score,label\n1,a\nhigh,b\n",
            &["--scores", "LABELS"],
            "row 3, column 1 (`score`): found `high`, but a finite number is needed",
        ),
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

    sampler.state(Position::from(1)).unwrap().save(&file).unwrap();
    let (good, text) = inspect(&content, &arguments);
    assert!(!good && text.contains("holds no scores"), "{text}");

    sampler.update(1, &scores).unwrap();
    sampler.state(Position::from(1)).unwrap().save(&file).unwrap();
    let (good, text) = inspect(&content, &arguments);
    assert!(good && text.contains("page: "), "{text}");
    let html = std::fs::read_to_string(&page).unwrap();
    // the hardest of the first class is its first sample, and is named as in the file
    assert!(html.contains(r#""hardest":[{"class":"a","id":"p0","score":0.0"#), "{html}");

    let (good, text) = inspect(&labels(&[("a", 30)]), &arguments);
    assert!(!good && text.contains("there are 40 scores for 30 labels"), "{text}");
}

fn field(name: &str) -> String {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../csv/tests/field").join(name);
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn files_as_people_have_them_are_read_for_what_they_are() {
    let starts = |content: &str, arguments: &[&str], first: &str| {
        let (good, out, notes) = both(content, arguments);
        assert!(good && out.starts_with(first), "{first}: {out}{notes}");
        (out, notes)
    };
    let (_, notes) = starts(&field("headerless.csv"), &[], "25 samples of 2 classes, 4.0:1");
    assert!(notes.contains("row 1 is data: there is no header, as `rare` is in the rows below, too"), "{notes}");
    starts(&field("floats.csv"), &[], "25 samples of 2 classes, 4.0:1");
    let (_, notes) = starts(&field("semicolon.csv"), &[], "25 samples of 2 classes, 4.0:1");
    assert!(notes.contains("semicolon-separated") && notes.contains("labels: label"), "{notes}");
    let (out, _) = starts(&field("missing.csv"), &[], "25 samples of 2 classes, 4.0:1");
    assert!(out.contains("warning: column `label`: rows 27 to 30 have no label (`NA`, `n/a`, `NaN`, `None`"), "{out}");
    starts(&field("missing.csv"), &["--keep-missing"], "29 samples of 6 classes");
    let (_, notes) = starts(&field("isic.csv"), &[], "30 samples of 3 classes, 5.0:1");
    assert!(notes.contains("labels: one-hot columns MEL, NV, BCC"), "{notes}");
    for columns in ["MEL,NV,BCC", "2-4", "MEL,3-4"] {
        starts(&field("isic.csv"), &["--one-hot", columns], "30 samples of 3 classes, 5.0:1");
    }
    // an unsure header is said, and can be denied
    let (_, notes) = starts("once\nmany\nmany\n", &[], "2 samples of 1 class,");
    assert!(notes.contains("if `once` is a value, say so with --no-header"), "{notes}");
    starts("once\nmany\nmany\n", &["--no-header"], "3 samples of 2 classes");
    let forced = ["--separator", "comma", "--header", "--column", "1"];
    starts("17;x,a;y\n17;x,b;y\n", &forced, "1 sample of 1 class,");
}

#[test]
fn several_labels_in_a_cell_are_no_classes_of_their_own() {
    let (good, out, notes) = both(&field("pipes.csv"), &["--column", "Finding Labels"]);
    assert!(good, "{notes}");
    assert!(notes.contains("labels: Finding Labels, several in a cell with `|` between them"), "{notes}");
    // the rarest label of a sample is its class: Mass of 5, Effusion alone of 6
    assert!(out.starts_with("31 samples of 3 classes, 4.0:1"), "{out}");
    assert!(out.contains("3 of 31 samples have several labels") && out.contains("Effusion with Mass (3)"), "{out}");
    let row = |name: &str| {
        let mut lines = out.lines().filter(|line| line.trim_start().starts_with(name));
        lines.next_back().unwrap().split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<usize>>()
    };
    assert_eq!((row("Effusion")[0], row("Mass")[0]), (9, 5)); // all that have it
    assert_eq!((row("Effusion")[5], row("Mass")[5]), (9, 5)); // and all of them in the last epoch
    assert!(out.contains("`Targets::multi_label(&starts, &labels, 3)?`"), "{out}");
}

#[test]
fn patients_and_hospitals_are_described() {
    let rows: String = (0..40)
        .map(|at| {
            format!("i{at},{},P{},{}\n", if at < 30 { "a" } else { "b" }, at / 8, if at < 30 { "x" } else { "y" })
        })
        .collect();
    let content = format!("id,label,patient,hospital\n{rows}");
    let (good, out, notes) = both(&content, &["--group", "patient", "--site", "hospital", "--epochs", "10"]);
    assert!(good, "{notes}");
    assert!(out.contains("group patient: 5 groups of 40 samples; the largest, P0, has 8 of them (20.0 %)"), "{out}");
    assert!(out.contains("warning: only one site has samples of: a (x), b (y)"), "{out}");
    let (good, _, notes) = both(&content, &["--group", "subject"]);
    assert!(!good && notes.contains("--group") && notes.contains("3 `patient`"), "{notes}");
}

#[test]
fn numbers_in_the_report_are_explained() {
    let (_, text) = inspect(&labels(&[("a", 305), ("b", 103), ("c", 4)]), &[]);
    for word in ["Zipf exponent", "alpha", "gamma", "tau"] {
        assert!(text.contains(&format!("\n  {word}: ")), "{word}: {text}");
    }
    assert!(text.contains("next step: let loss = prior_corrected_cross_entropy("), "{text}");
    let words = text.replace('\n', " ");
    assert!(words.contains("few classes (3 to 5 in our sets)") && words.contains("with many (7 to 10)"), "{text}");
    // the size of what is too large: `a` has 52.2 % of the data
    let (_, text) = inspect(&labels(&[("a", 305), ("b", 103), ("c", 92), ("d", 80), ("e", 4)]), &[]);
    let line = text.lines().find(|line| line.contains("a has a larger share of epochs")).unwrap();
    let share: f64 = line.split("up to ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(share > 52.4 && share < 60.0 && line.ends_with("instead of 52.2 %"), "{line}");
    let (_, text) = inspect(&labels(&[("a", 20), ("b", 20)]), &[]);
    assert!(!text.contains("inf") && text.contains("classes are equally large, so there is no alpha(T)"), "{text}");
}

#[test]
fn every_schedule_is_shown_by_its_name() {
    let file = labels(&[("a", 40), ("b", 12), ("c", 3)]);
    let (_, help, _) = both("", &["--help"]);
    for name in climd::schedule::AnySchedule::NAMES {
        let line = help.lines().map(str::trim).find(|line| line.split(':').next() == Some(name)).unwrap();
        let given = if *name == "switch" { line } else { *name }; // a switch has no defaults
        let (good, text) = inspect(&file, &["--schedule", given, "--epochs", "8"]);
        assert!(good && text.contains("epoch 7"), "{name}: {text}");
        if *name != "power_law" {
            assert!(text.contains(&format!("schedule {name}")) && !text.contains("  alpha:"), "{text}");
        }
        let class_blind = ["baby_step", "geometric", "linear", "one_pass", "root"].contains(name);
        assert_eq!(text.contains("this schedule ignores classes"), class_blind, "{text}");
    }
}

#[test]
fn a_schedule_with_its_fields_decides_the_quotas() {
    let file = labels(&[("a", 40), ("b", 12), ("c", 3)]);
    let row = |arguments: &[&str]| {
        let (good, text) = inspect(&file, arguments);
        assert!(good, "{text}");
        let row = text.lines().find(|line| line.trim_start().starts_with("a ")).unwrap().to_owned();
        row.split_whitespace().skip(1).map(|cell| cell.parse().unwrap()).collect::<Vec<usize>>()
    };
    assert_eq!(row(&["--schedule", "trim:drop=0.5,ramp=2", "--epochs", "5"]), [40, 40, 30, 20, 20, 20]);
    assert_eq!(row(&["--schedule", r#"{"name": "under_sampling", "strength": 1.0}"#, "--epochs", "1"]), [40, 3]);
    assert_eq!(row(&["--schedule", "power_law:gamma=0.5", "--epochs", "9"]), row(&["--gamma", "0.5", "--epochs", "9"]));

    for (arguments, expected) in [
        (&["--schedule", "cosine"][..], "unknown variant `cosine`, expected one of `baby_step`"),
        (&["--schedule", "trim:drop=2"], "`drop` is 2, but must be at least 0, and below 1"),
        (&["--schedule", "uniform", "--epochs", "0"], "`epochs` is 0"),
        (&["--epochs", "18446744073709551615"], "at most 100000 can be shown"),
        (&["--schedule", "switch:at=18446744073709551615,before=uniform,after=linear"], "at most 100000 can be shown"),
        (&["--schedule", "trim", "--law", "zipf"], "cannot be used with"),
    ] {
        let (good, text) = inspect(&file, arguments);
        assert!(!good && text.contains(expected), "{text}");
    }
}

/// The numbers of the last line that begins with `name`.
fn numbers(out: &str, name: &str) -> Vec<usize> {
    let line = out.lines().rfind(|line| line.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{name}: {out}"));
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn findings_are_counted_in_the_epochs_of_their_own_sampler() {
    // Mass of 4 is rarer than Effusion of 40; 20 of 60 have nothing; a patient has 30 of them
    let row =
        |at: usize| format!("P{},{},{},{}\n", at.max(29), u8::from(at < 40), u8::from(at < 4), u8::from(at == 59));
    let content = format!("patient,Effusion,Mass,Nodule\n{}", (0..60).map(row).collect::<String>());
    let wanted = ["--one-hot", "Effusion,Mass,Nodule", "--epochs", "9", "--group", "patient"];
    let (good, out) = inspect(&content, &wanted);
    assert!(good && out.starts_with("60 samples of 4 classes"), "{out}");
    assert!(out.contains("4 of 60 samples have several labels, 19 have none"), "{out}");
    assert!(out.contains("next step: let loss = prior_corrected_bce("), "{out}");
    assert!(out.contains("most often together: Effusion with Mass (4)"), "{out}");
    assert!(out.contains("the largest, P29, has 30 of them (50.0 %)"), "{out}");

    let labels: Vec<u32> = (0..60).flat_map(|at| [at < 40, at < 4, at == 59]).map(u32::from).collect();
    let values: Vec<i8> = labels.iter().map(|&label| label as i8).collect();
    let targets = Targets::multi_hot(&values, 3).unwrap();
    let law = PowerLaw { epochs: 9, ..Default::default() };
    let expected = |targets: Targets, label: usize| -> Vec<usize> {
        let sampler = Curriculum::with_targets(targets, law.clone()).unwrap();
        [0, 2, 4, 6, 8].map(|epoch| sampler.epoch(epoch).unwrap().label_counts().unwrap()[label]).to_vec()
    };
    for (label, name, count) in [(0, "Effusion", 40), (1, "Mass", 4), (2, "Nodule", 1)] {
        let row = numbers(&out, name);
        assert_eq!((row[0], &row[1..]), (count, &expected(targets.clone(), label)[..]), "{out}");
    }
    assert!(out.lines().any(|line| line.contains("Effusion") && line.contains("66.7 %")), "{out}");

    // capped and shared as the sampler does it
    let patients: Vec<usize> = (0..60).map(|at: usize| at.max(29)).collect();
    let (good, out) = inspect(&content, &[&wanted[..], &["--cap", "2"]].concat());
    let capped = targets.groups(&patients, 2).unwrap();
    assert!(good && out.contains("`Targets::groups(&groups, 2)?`"), "{out}");
    assert_eq!(numbers(&out, "Effusion")[1..], expected(capped, 0), "{out}");
    assert_eq!(numbers(&out, "Effusion")[5], 14); // 10 others, and 2 of the patient in Effusion and in Mass

    let (good, text) = inspect(&content, &[&wanted[..], &["--cap", "0"]].concat());
    assert!(!good && text.contains("`cap` is 0"), "{text}");
    let (good, text) = inspect(&content, &[&wanted[..], &["--cap", "2", "--schedule", "linear"]].concat());
    assert!(!good && text.contains("cap"), "{text}");
}

#[test]
fn a_cap_holds_for_each_site_of_a_class() {
    let rows: String = (0..90).map(|at| format!("P,{},{}\n", if at < 80 { "a" } else { "b" }, at % 2)).collect();
    let file = format!("patient,label,hospital\n{rows}");
    let capped = ["--schedule", "uniform", "--epochs", "1", "--group", "patient", "--cap", "3"];
    let (good, out) = inspect(&file, &capped);
    assert!(good && numbers(&out, "all") == [90, 6, 6] && out.starts_with("90 samples of 2 classes"), "{out}");
    for within in ["proportional", "balanced"] {
        let (good, out) = inspect(&file, &[&capped[..], &["--site", "hospital", "--within", within]].concat());
        assert!(good && numbers(&out, "all") == [90, 12, 12], "{out}");
    }
}

#[test]
fn sites_have_their_shares_of_every_class() {
    // 5 of 10 samples of `rare` are of hospital b, and 10 of 90 of `common`; an epoch takes 10 of each
    let of = |at: usize| if at < 10 { (at % 2, "rare") } else { (usize::from(at >= 90), "common") };
    let rows: Vec<(usize, &str)> = (0..100).map(of).collect();
    let lines: String = rows.iter().map(|(site, label)| format!("{label},{}\n", ["a", "b"][*site])).collect();
    let file = format!("label,hospital\n{lines}");
    let wanted = ["--schedule", "under_sampling", "--epochs", "3", "--site", "hospital"];
    let shares = |out: &str, site: &str| numbers(&out[out.find("hospital  ").unwrap_or(0)..], site);
    for (within, [a, b]) in [("proportional", [9 + 5, 1 + 5]), ("balanced", [5 + 5, 5 + 5])] {
        let (good, out) = inspect(&file, &[&wanted[..], &["--within", within]].concat());
        assert!(good, "{out}");
        assert_eq!((shares(&out, "a "), shares(&out, "b ")), (vec![85, a, a, a], vec![15, b, b, b]), "{out}");
        assert!(out.contains(&format!("{b} ({}.0 %)", 5 * b)), "{out}");
        let (_, default) = inspect(&file, &wanted);
        assert_eq!(default == out, within == "proportional"); // which is the default
    }

    // without sites it is as the draw has it
    let codes: Vec<u8> = rows.iter().map(|(_, label)| u8::from(*label == "rare")).collect();
    let of_b = |seed: u64| {
        let sampler = Curriculum::new(&codes, UnderSampling::default()).unwrap().seed(seed);
        sampler.epoch(0).unwrap().indices().iter().filter(|&&at| rows[at as usize].0 == 1).count()
    };
    assert!((0..20).any(|seed| of_b(seed) != 6));
}

#[test]
fn warnings_and_advice_under_a_cap_are_of_the_samples() {
    // one patient has all 40 samples of `rare`, 60 patients have one of `common` each
    let rows: String =
        (0..100).map(|at| format!("{},{}\n", at.max(39), if at < 40 { "rare" } else { "common" })).collect();
    let file = format!("patient,label\n{rows}").replace("\n39,common", "\n40,common");
    let wanted = ["--epochs", "5", "--group", "patient"];
    let advice = |out: &str| out[out.find("advice").unwrap()..].to_owned();
    let (good, plain) = inspect(&file, &wanted);
    assert!(good && !plain.contains("fewer than 5") && plain.contains("Classes within 5:1"), "{plain}");
    let (good, out) = inspect(&file, &[&wanted[..], &["--cap", "2"]].concat());
    assert!(good && !out.contains("fewer than 5") && advice(&out) == advice(&plain), "{out}");
    assert!(
        out.starts_with("100 samples of 2 classes, 1.5:1") && out.contains("the cap lets 62 into an epoch, 30.0:1")
    );
    assert!(out.lines().any(|line| line.contains("class") && line.contains("under the cap")), "{out}");
    assert_eq!(numbers(&out, "rare")[..2], [40, 2]);
    assert!(out.contains("an imbalance of up to 30.0:1") && out.contains("lose most by the cap"), "{out}");
    assert!(out.contains("common has a larger share of epochs"), "{out}");

    // and a class of four samples has few, whatever the cap
    let (good, out) = inspect(&format!("{file}a,new\nb,new\nc,new\nd,new\n"), &[&wanted[..], &["--cap", "2"]].concat());
    assert!(good && out.contains("classes with fewer than 5 samples: new (4)"), "{out}");
}

#[test]
fn many_findings_stay_a_short_text() {
    let content: String = (0..2000usize).map(|at| format!("f{}|f{}\n", at % 189, at * at % 189)).collect();
    let (good, out) = inspect(&format!("label\n{content}"), &["--epochs", "5"]);
    assert!(good && out.contains("... 169 more") && out.lines().count() < 80, "{out}");
}

#[test]
fn rows_without_a_group_or_a_site_are_said() {
    let file = "patient,site,label\np,u,a\nNA,v,a\n\n,u,b\nNA,?,b\nr,u,\n";
    let (good, out, notes) = both(file, &["--group", "patient", "--site", "site"]);
    assert!(good, "{notes}");
    let of_group = "warning: column `patient`: 3 rows have no group, the first is row 3: those with the same text, \
                    such as `NA`, count as one group";
    assert!(out.contains(of_group), "{out}");
    assert!(out.contains("warning: column `site`: 1 row has no site, the first is row 6"), "{out}");
    let (_, out, _) = both("patient,label\np,a\nq,a\nr,b\n", &["--group", "patient"]);
    assert!(!out.contains("no group"), "{out}");
}

//! Promise: a reader gets an answer for their own data, in the time that they give, and it says so when it cannot tell.

mod clinic;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use climd::ConfusionMatrix;
use climd_networks::config::Part;
use climd_repro::answer::{Answer, Choice, Lengths, answer, rows};
use climd_repro::cache::Cache;
use climd_repro::changes::Changes;
use climd_repro::experiment::{RowResult, Runner, Study};
use climd_repro::rate::Rate;
use clinic::folder;
use tch::Device;

fn command(folder: &Path, more: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_climd-repro"));
    command.args(["answer", "--quiet", "--jobs", "2", "--epochs", "4", "--data"]).arg(folder).args(more);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_folder_gets_its_page_and_everything_stays_in_it() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(place.path(), true);
    // classes by name, a column that is not used, and a number that was not measured
    let named = |line: &str| {
        let [patient, label, group] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let name = ["healthy", "mild", "severe"].get(label.parse::<usize>().unwrap_or(9)).copied().unwrap_or(label);
        format!("{patient},{name},{group},{}\n", if label == name { "ward" } else { "7" })
    };
    let target = fs::read_to_string(folder.join("target.csv")).unwrap();
    fs::write(folder.join("target.csv"), target.lines().map(named).collect::<String>()).unwrap();
    let table = folder.join("blood.csv");
    let blood = fs::read_to_string(&table).unwrap();
    let (before, last) = blood.trim_end().rsplit_once(',').unwrap();
    assert!(last.parse::<f32>().is_ok());
    fs::write(&table, format!("{before},NA\n")).unwrap();
    // no time at all: nothing is told, and the command says how to go on
    let page = command(&folder, &["--lr", "one", "--seeds", "5", "--minutes", "0.000001"]);
    assert!(page.contains("**We cannot tell yet.**") && page.contains("goes on where this one stopped"), "{page}");
    // too few splits for an interval
    let page = command(&folder, &["--lr", "one", "--seeds", "2"]);
    let few = "2 of 2 splits are done, and fewer than 5 have no interval. Ask for more `--seeds`; if no more splits";
    assert!(page.contains(few) && !page.contains("more `--minutes`"), "{page}");
    let whole = ["--lr", "one", "--seeds", "5", "--shares", "100"];
    let page = command(&folder, &whole);
    assert!(page.contains("5 of 5 splits") && page.contains("rows of one group stay together"), "{page}");
    assert!(page.contains("leave `--shares` out") && !page.contains("## How long to train"), "{page}");
    assert!(
        page.contains("* Noted about the files: `") && page.contains("not used are the columns 4 `ward`"),
        "{page}"
    );
    assert!(page.contains("missing numbers: 1 of ") && page.contains("\n| severe "), "{page}");
    for part in
        ["How many samples are gained and lost", "```python\nepochs = 4\nschedule = ", "```rust\nlet epochs = 4;\n"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    // again: the same page, from the runs that were kept
    assert_eq!(command(&folder, &whole), page);
    assert_eq!(fs::read_to_string(folder.join("climd-answer/answer.md")).unwrap() + "\n", page);
    let runs = fs::read_to_string(folder.join("climd-answer/runs/clinic.jsonl")).unwrap();
    // all on five splits, and on the first two also lengths of 1 and 2 epochs on one inner split and those chosen
    let (whole, inner) = (6 * 5, 6 * 2 * 3);
    assert!((whole + inner..=whole + inner + 6 * 2).contains(&runs.lines().count()), "{}", runs.lines().count());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1); // nothing beside the folder
}

#[test]
fn splits_that_test_the_same_groups_count_once() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(place.path(), false);
    // four hospitals of 48, 24, 12 and 12 rows, each with all classes: one is tested
    let target = fs::read_to_string(folder.join("target.csv")).unwrap();
    let grouped = |(row, line): (usize, &str)| match row {
        0 => format!("{line},group\n"),
        _ => format!("{line},{}\n", ["a", "b", "a", "c", "a", "b", "a", "d"][row % 8]),
    };
    fs::write(folder.join("target.csv"), target.lines().enumerate().map(grouped).collect::<String>()).unwrap();
    let page = command(&folder, &["--lr", "one", "--shares", "100", "--seeds", "20"]);
    assert!(
        page.contains("4 of 4 splits are done") && page.contains("No more splits differ: more groups are needed"),
        "{page}"
    );
    assert!(
        page.contains(
            "20 splits were wanted, but only 4 can be used and differ in what they test: the groups are too few"
        ),
        "{page}"
    );
    assert!(page.contains("stratified, 25 % (12 to 50) for testing; rows of one group stay together"), "{page}");
    // class 1 is in one hospital alone, which is dealt by class 2, the rarest that it has
    let single = |(row, line): (usize, &str)| match row {
        0 => format!("{line},group\n"),
        _ if line.ends_with(",1") => format!("{line},h0\n"),
        _ => format!("{line},h{}\n", row % 9),
    };
    fs::write(folder.join("target.csv"), target.lines().enumerate().map(single).collect::<String>()).unwrap();
    let dataset = climd_data::Dataset::load(&folder).unwrap();
    let (changes, rate) = (Changes::default(), Rate::One);
    let study = Study { dataset: &dataset, changes, epochs: 1, batch_size: 32, first_seed: 9, seeds: 9, rate };
    let refused = (9..18).find(|&seed| dataset.test_split(seed).is_err()).unwrap();
    let cache = Cache::default();
    let runner = Runner { cache, jobs: 2, device: Device::Cpu, until: None, planned: &|_| {}, progress: &|_| {} };
    // a table that would begin with such a split begins with the next one
    let later = Study { first_seed: refused, seeds: 2, ..study };
    let table = runner.rows(&later, &rows(1)[..1], Part::Test, 0).unwrap();
    assert!(table[0].runs.len() == 2 && table[0].runs[0].0.seed > refused);
    // and so do its curves
    later.curriculum_end().unwrap();
    let page = answer(&runner, &study, &[]).unwrap().page("");
    let tested = page.lines().find(|line| line.starts_with("| class 1 ")).unwrap().replace(' ', "");
    assert!(page.contains("9 of 9 splits") && tested.starts_with("|class1|0.0|0.0|"), "{page}");
    fs::write(folder.join("target.csv"), target.lines().enumerate().map(grouped).collect::<String>()).unwrap();
    // a table of so many splits is refused, and one of as many as there are is made
    let table = |seeds: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_climd-repro"));
        command.args([
            "advice",
            "--quiet",
            "--lr",
            "one",
            "--epochs",
            "1",
            "--rows",
            "prior correction",
            "--seeds",
            seeds,
        ]);
        command.arg("--out").arg(place.path().join("out")).arg("--data").arg(&folder).output().unwrap()
    };
    let error = String::from_utf8(table("5").stderr).unwrap();
    assert!(error.contains("`seeds` is 5, but `clinic` has only 4 test parts that can be used and differ"), "{error}");
    assert!(table("4").status.success());
}

#[test]
fn a_folder_that_cannot_be_split_is_an_error_before_any_training() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(place.path(), true);
    let target = fs::read_to_string(folder.join("target.csv")).unwrap();
    let one_group = |(at, line): (usize, &str)| {
        let cells: Vec<&str> = line.split(',').collect();
        format!("{},{},{}\n", cells[0], cells[1], if at == 0 { "group" } else { "one" })
    };
    fs::write(folder.join("target.csv"), target.lines().enumerate().map(one_group).collect::<String>()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_climd-repro"));
    let output = command.args(["answer", "--quiet", "--data"]).arg(&folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("the test part of a split would be empty"), "{said}");
    assert!(!said.contains("torch") && !folder.join("climd-answer").exists(), "{said}");
}

#[test]
fn a_search_for_rates_that_is_stopped_goes_on_where_it_was() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(place.path(), false);
    let dataset = climd_data::Dataset::load(&folder).unwrap();
    let study = Study {
        dataset: &dataset,
        changes: Changes::default(),
        epochs: 4,
        batch_size: 32,
        first_seed: 0,
        seeds: 1,
        rate: Rate::Own,
    };
    let file = place.path().join("runs.jsonl");
    let go = |until, stop_after: usize| -> (Answer, usize) {
        let done = std::sync::atomic::AtomicUsize::new(0);
        let count = |_: &tch::Tensor| {
            done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        };
        let cache = Cache::open(&file).unwrap();
        let runner = Runner { cache, jobs: 2, device: Device::Cpu, until, planned: &|_| {}, progress: &count };
        let answer = answer(&runner, &study, &[50]).unwrap();
        drop(runner);
        assert!(stop_after == 0 || answer.done() == 0);
        (answer, done.into_inner())
    };
    let lines = || fs::read_to_string(&file).unwrap().lines().count();
    let (_, all) = {
        // a tenth of a second is not enough for all runs, which the next call finds
        let (_, some) = go(Instant::now().checked_add(std::time::Duration::from_millis(100)), 1);
        let kept = lines();
        let (answer, rest) = go(None, 0);
        assert_eq!(answer.done(), 1);
        assert!(lines() > kept && rest > 0);
        (some, rest)
    };
    let (answer, again) = go(None, 0);
    let Lengths { chosen, usual } = answer.lengths.as_ref().unwrap();
    for (row, chosen) in chosen.iter().enumerate() {
        // every row is tested after as many epochs as were chosen for it, and after all four
        assert!(chosen.len() == 1 && [2, 4].contains(&chosen[0]), "{chosen:?}");
        assert_eq!(4 * answer.results[row].steps(), chosen[0] * usual[row].steps());
    }
    assert!(all > 0 && again == 0);
}

/// Results of plain training and the other rows, whose confusion matrices have these numbers of hits of 20 and 10.
fn results(hits: &[[[usize; 2]; 6]]) -> Vec<RowResult> {
    let confusion = |[a, b]: [usize; 2]| {
        let labels = [[0i64; 20].as_slice(), &[1; 10]].concat();
        let predicted = [vec![0i64; a], vec![1; 20 - a], vec![1; b], vec![0; 10 - b]].concat();
        ConfusionMatrix::new(&labels, &predicted).unwrap()
    };
    let place = tempfile::tempdir().unwrap();
    let dataset = climd_data::Dataset::load(folder(place.path(), false)).unwrap();
    let study = Study {
        dataset: &dataset,
        changes: Changes::default(),
        epochs: 1,
        batch_size: 32,
        first_seed: 0,
        seeds: 1,
        rate: Rate::One,
    };
    let runner = Runner {
        cache: Cache::default(),
        jobs: 1,
        device: Device::Cpu,
        until: None,
        planned: &|_| {},
        progress: &|_| {},
    };
    let mut all = answer(&runner, &study, &[]).unwrap().results;
    for (at, row) in all.iter_mut().enumerate() {
        let (config, outcome) = row.runs.remove(0);
        let run = |split: &[[usize; 2]; 6]| {
            let outcome = climd_networks::train::Outcome { confusion: confusion(split[at]), ..outcome.clone() };
            (config.clone(), outcome)
        };
        row.runs = hits.iter().map(run).collect();
    }
    all
}

/// Ten splits of two classes of these sizes.
fn answer_of(results: Vec<RowResult>, sizes: Vec<usize>, lengths: Option<Lengths>) -> Answer {
    Answer {
        data: "clinic".into(),
        classes: vec!["ill".into(), "rare".into()],
        sizes,
        groups: None,
        rate: Rate::Own,
        epochs: 100,
        wanted: 10,
        splits: 10,
        results,
        lengths,
        notes: Vec::new(),
    }
}

#[test]
fn the_simplest_row_that_is_told_from_plain_training_is_chosen_and_else_none() {
    assert_eq!(rows(4).iter().map(|row| row.id.arm).collect::<Vec<_>>()[..2], ["plain", "prior"]);
    // plain finds 18 and 3; the loss finds 17 to 18 and 8 in every split; the others are like plain training
    let clear: Vec<[[usize; 2]; 6]> =
        (0..10).map(|split| [[18, 3], [17 + split % 2, 8], [18, 3 + split % 2], [18, 3], [18, 3], [18, 3]]).collect();
    let choice = Choice::of(&results(&clear), None).unwrap();
    assert_eq!((choice.chosen, choice.rows[1].told(), choice.rows[2].told()), (1, Some(1.0), None));
    let page = answer_of(results(&clear), vec![60, 12], None).page("climd-repro answer --data clinic");
    assert!(page.starts_with("# What to use on clinic\n\n**Use prior correction.** It gains +"), "{page}");
    let rare = page.lines().find(|line| line.starts_with("| rare")).unwrap().replace(' ', "");
    assert!(rare.starts_with("|rare|10.0|3.0|+5.0|"), "{rare}");
    assert!(
        page.contains("Small classes, in samples: rare (12)") && page.contains("schedule = climd.Uniform()"),
        "{page}"
    );
    assert!(page.contains("loss_of = prior_corrected_cross_entropy"));
    // once ahead, once behind
    let unclear: Vec<[[usize; 2]; 6]> =
        (0..10).map(|split| [[18, 5], [18, 3 + 4 * (split % 2)], [18, 5], [18, 5], [18, 5], [18, 5]]).collect();
    let choice = Choice::of(&results(&unclear), None).unwrap();
    assert_eq!((choice.chosen, choice.rows[1].told()), (0, None));
}

#[test]
fn of_rows_that_are_ahead_the_simplest_is_chosen_unless_a_later_one_is_told_from_it() {
    let choose = |hits: &dyn Fn(usize, usize) -> usize| Choice::of(&results(&splits(hits)), None).unwrap();
    // rows 1, 3 and 5 are ahead; 3 sometimes beside 1, 5 always and by more
    let ahead = |row: usize, split: usize| match row {
        1 => 6 + split % 2,
        3 => 6 + (split + 1) % 2,
        _ => 3 + split / 5,
    };
    let choice = choose(&ahead);
    assert_eq!((choice.rows[1].told(), choice.rows[3].told(), choice.chosen), (Some(1.0), Some(1.0), 1));
    let choice = choose(&|row, split| if row == 5 { 9 + split / 9 } else { ahead(row, split) });
    assert_eq!((choice.rows[5].told(), choice.chosen, choice.simpler), (Some(1.0), 5, Some(1)));
    // 2 and 3 are told from 1, and 3 is a bit ahead of 2, but not told from it: the furthest is used
    let close = |row: usize, split: usize| match row {
        2 => 9 + (split / 8),
        3 => 9 + usize::from(split.is_multiple_of(3)),
        _ => ahead(row, split),
    };
    let choice = choose(&close);
    assert_eq!((choice.rows[2].told(), choice.rows[3].told()), (Some(1.0), Some(1.0)));
    assert_eq!((choice.chosen, choice.simpler), (3, Some(1)));
    let page = answer_of(results(&splits(close)), vec![60, 30], None).page("");
    assert!(
        page.contains("prior correction is ahead of plain training, too, and simpler. HardMajority + prior is told")
    );
}

#[test]
fn a_difference_without_a_spread_is_no_finding() {
    // in each split the same three more are found
    let same = splits(|row, _| if row == 1 { 6 } else { 3 });
    let choice = Choice::of(&results(&same), None).unwrap();
    let gain = choice.rows[1].gain.unwrap();
    assert_eq!((choice.chosen, gain.gain.corrected, gain.holm), (0, None, None));
    assert!(gain.gain.difference.mean > 5.0);
    // the others are judged as before
    let some = splits(|row, split| if row == 1 { 6 } else { 3 + if row == 2 { 3 + split % 2 } else { 0 } });
    assert_eq!(Choice::of(&results(&some), None).unwrap().chosen, 2);
}

#[test]
fn the_page_says_what_was_noted_about_the_files() {
    let notes =
        vec!["modality `rna`: each class has a value of its own".to_owned(), "`rna.csv`: row 3 is blank".to_owned()];
    let results = results(&splits(|row, _| if row == 1 { 6 } else { 3 }));
    let page = Answer { notes, ..answer_of(results, vec![60, 30], None) }.page("");
    for said in ["modality `rna`: each class has a value of its own", "`rna.csv`: row 3 is blank"] {
        assert!(page.contains(&format!("* Noted about the files: {said}.\n")), "{page}");
    }
}

#[test]
fn a_class_of_two_samples_gets_no_verdict() {
    let clear = splits(|row, split| if row == 1 { 7 + split % 2 } else { 3 });
    for (sizes, groups, unit) in [(vec![60, 2], None, "samples"), (vec![60, 30], Some(vec![20, 2]), "groups")] {
        let answer = Answer { groups, ..answer_of(results(&clear), sizes, None) };
        let page = answer.page("climd-repro answer --data clinic");
        let first = format!("**We cannot tell.** Of a class with two {unit} one is tested and one trained on");
        assert!(page.contains(&first) && page.contains("rare (2)"), "{page}");
        assert!(!page.contains("ahead") && page.contains("schedule = climd.Uniform()"), "{page}");
    }
    for other in [1, 3] {
        assert!(answer_of(results(&clear), vec![60, other], None).page("").contains("**Use prior correction.**"));
    }
}

/// Ten splits on which every row finds 18 of one class and `hits` of the other.
fn splits(hits: impl Fn(usize, usize) -> usize) -> Vec<[[usize; 2]; 6]> {
    (0..10).map(|split| std::array::from_fn(|row| [18, hits(row, split)])).collect()
}

fn page(own: &[[[usize; 2]; 6]], usual: &[[[usize; 2]; 6]]) -> String {
    let (own, usual) = (results(own), results(usual));
    let chosen = (0..6).map(|_| vec![10, 25, 25, 25, 25, 25, 25, 25, 50, 50]).collect();
    let answer = answer_of(own, vec![60, 30], Some(Lengths { chosen, usual }));
    answer.page("climd-repro answer --data clinic")
}

#[test]
fn a_shorter_training_is_told_and_is_no_gain_of_a_method() {
    // with its own length plain training finds 8 or 9, as all rows do; after 100 epochs 3 or 4, and CLIMD 7 or 8
    let own = splits(|_, split| 8 + split % 2);
    let usual = splits(|row, split| if row == 4 { 7 + split % 2 } else { 3 + split % 2 });
    let text = page(&own, &usual);
    let first = "# What to use on clinic\n\n**Train plainly: we cannot tell any method from plain training.**";
    assert!(text.starts_with(first), "{text}");
    assert!(
        text.contains(
            "**Train it for about 25 epochs, and choose how long on held-out training samples.** That gains +"
        )
    );
    assert!(text.contains("```python\nepochs = 25\n") && text.contains("```rust\nlet epochs = 25;\n"), "{text}");
    assert!(text.contains("| CLIMD                  | 25 (10 to 50) | +"), "{text}");
    assert!(text.contains("every method trains as long as 3 inner splits say"), "{text}");
    assert!(!text.contains("A shorter training may do more"), "{text}");
}

#[test]
fn a_length_that_harms_is_told_too() {
    let text = page(&splits(|_, split| 3 + split % 2), &splits(|_, split| 8 + split % 2));
    assert!(
        text.contains("**Train it for 100 epochs.** A length that is chosen on held-out training samples loses: -")
    );
    assert!(text.contains("```python\nepochs = 100\n"), "{text}");
}

#[test]
fn a_length_that_changes_nothing_is_not_spoken_of_first() {
    let same = splits(|_, split| 3 + split % 2);
    let text = page(&same, &same);
    assert!(!text.contains("**Train it for") && text.contains("## How long to train"), "{text}");
    // one comparison more of each row than without lengths
    let (choice, alone) = (Choice::of(&results(&same), Some(&results(&same))), Choice::of(&results(&same), None));
    assert_eq!((choice.unwrap().comparisons(), alone.unwrap().comparisons()), (11, 5));
}

#[test]
fn the_length_of_a_method_that_is_used_is_its_own() {
    // plain training has 3 or 4 at both lengths; the loss 7 or 8 after 100 epochs, and one more with its own
    let own = splits(|row, split| if row == 1 { 8 + split % 2 } else { 3 + split % 2 });
    let usual = splits(|row, split| if row == 1 { 7 + split % 2 } else { 3 + split % 2 });
    let text = page(&own, &usual);
    assert!(text.starts_with("# What to use on clinic\n\n**Use prior correction.** It gains +"), "{text}");
    assert!(text.contains(" after Holm for 11 comparisons"), "{text}");
    assert!(text.contains("**Train it for about 25 epochs"), "{text}");
}

#[test]
fn runs_that_are_too_old_for_a_choice_are_an_error_and_not_the_usual_length() {
    let place = tempfile::tempdir().unwrap();
    let dataset = climd_data::Dataset::load(folder(place.path(), false)).unwrap();
    let (changes, rate) = (Changes::default(), Rate::One);
    let study = Study { dataset: &dataset, changes, epochs: 2, batch_size: 32, first_seed: 0, seeds: 1, rate };
    let file = place.path().join("runs.jsonl");
    let go = || {
        let cache = Cache::open(&file).unwrap();
        let runner = Runner { cache, jobs: 1, device: Device::Cpu, until: None, planned: &|_| {}, progress: &|_| {} };
        answer(&runner, &study, &[50]).map(|answer| answer.done())
    };
    assert_eq!(go().unwrap(), 1);
    let without = |line: &str| {
        let mut run: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(run["outcome"]["quality"].is_object());
        run["outcome"]["quality"] = serde_json::Value::Null;
        run.to_string() + "\n"
    };
    let old: String = fs::read_to_string(&file).unwrap().lines().map(without).collect();
    fs::write(&file, old).unwrap();
    let error = go().unwrap_err().to_string();
    assert!(error.contains("`shares`") && error.contains("too old"), "{error}");
}

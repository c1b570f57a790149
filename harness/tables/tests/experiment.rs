//! Promise: all rows of a table are compared fairly. A seed gives one result, also if other runs work at the same time.
//! A finished run is not done again.

use std::sync::atomic::{AtomicUsize, Ordering};

use climd::PowerLaw;
use climd_data::{Dataset, Layout, Table};
use climd_networks::config::{NoiseKind, Part, Thinning};
use climd_networks::network::{BaselineConfig, DmibConfig, MogonetConfig, NetworkConfig};
use climd_networks::oversample::{Oversampler, Smote};
use climd_networks::train::class_distribution;
use climd_repro::cache::Cache;
use climd_repro::changes::Changes;
use climd_repro::experiment::{Budget, Row, RowId, RowResult, Runner, Study};
use climd_repro::lengths::{Lengths, Wanted};
use climd_repro::rate::Rate;
use climd_repro::results::Page;
use climd_repro::section::{Section, recall_grid, time_grid};
use climd_repro::study::EPOCHS;
use climd_repro::tables::{self, TableRow, main_job};
use tch::{Device, Tensor};

/// Two modalities, three classes of 60, 20 and 10, told apart by a column each.
fn dataset() -> Dataset {
    let labels: Vec<usize> = (0..90).map(|i| if i < 60 { 0 } else { 1 + usize::from(i >= 80) }).collect();
    let table = |name: &str, width: usize, shift: usize| Table {
        name: name.into(),
        columns: (0..width).map(|column| format!("{name}{column}")).collect(),
        rows: 90,
        values: (0..90)
            .flat_map(|row| {
                let label = labels[row];
                (0..width).map(move |column| {
                    let noise = ((row * 7919 + column * 104_729 + shift) % 1009) as f32 / 1009.0;
                    noise + if column == label { 0.5 } else { 0.0 }
                })
            })
            .collect(),
    };
    let modalities = vec![table("a", 12, 0), table("b", 7, 500)];
    let classes = ["x", "y", "z"].map(Into::into).to_vec();
    Dataset {
        name: "three".into(),
        layout: Layout::Mogonet,
        modalities,
        labels,
        classes,
        groups: None,
        split: None,
        notes: Vec::new(),
    }
}

fn thinned(ratio: f64) -> Changes {
    Changes { imbalance: Some(ratio), ..Changes::default() }
}

fn study(dataset: &Dataset) -> Study<'_> {
    Study {
        dataset,
        changes: Changes::default(),
        epochs: 6,
        batch_size: 16,
        first_seed: 0,
        seeds: 2,
        rate: Rate::Tuned,
    }
}

/// The rows of the main job with a small network.
fn rows() -> Vec<TableRow> {
    let mut rows = main_job(PowerLaw { epochs: 6, ..Default::default() });
    for row in &mut rows {
        row.row.method.network = NetworkConfig::Baseline(BaselineConfig { hidden: 16, ..Default::default() });
    }
    rows
}

fn plain(rows: &[TableRow]) -> Vec<Row> {
    rows.iter().map(|row| row.row.clone()).collect()
}

/// Runs rows, and tells how many steps it took.
fn run(cache: Cache, jobs: usize, study: &Study<'_>, rows: &[Row], points: usize) -> (Vec<RowResult>, usize) {
    let steps = AtomicUsize::new(0);
    let progress = |_: &tch::Tensor| {
        steps.fetch_add(1, Ordering::Relaxed);
    };
    let part = if points > 0 { Part::Validation } else { Part::Test };
    let runner = Runner { cache, jobs, device: Device::Cpu, until: None, planned: &|_| {}, progress: &progress };
    let results = runner.rows(study, rows, part, points).unwrap();
    drop(runner);
    (results, steps.into_inner())
}

#[test]
fn every_row_takes_the_same_steps_at_the_rate_of_the_baseline() {
    let dataset = dataset();
    let (results, _) = run(Cache::default(), 2, &study(&dataset), &plain(&rows()), 0);
    assert_eq!(results.len(), 4);
    for result in &results {
        assert_eq!(result.runs.len(), 2);
        for ((config, outcome), seed) in result.runs.iter().zip(0..) {
            // 63 training samples in batches of 16, 6 epochs
            assert_eq!((config.seed, config.steps), (seed, 24));
            assert_eq!(config.rate, results[0].runs[seed as usize].0.rate);
            assert_eq!(outcome.confusion.counts().iter().flatten().sum::<usize>(), 27);
        }
    }
    // the curriculum's rows measured, the others had nothing to measure
    let measured: Vec<bool> = results.iter().map(|result| result.runs[0].1.measuring_seconds > 0.0).collect();
    assert_eq!(measured, [false, false, true, true]);
    assert_eq!(results[0].overlap, (27.0 / 63.0).into());
}

#[test]
fn every_row_gets_its_own_rate_from_inner_splits_that_have_no_test_sample() {
    let (dataset, folder) = (dataset(), tempfile::tempdir().unwrap());
    let file = folder.path().join("three.jsonl");
    let own = Study { rate: Rate::Own, changes: thinned(10.0), ..study(&dataset) };
    let rows = plain(&rows());
    let (results, steps) = run(Cache::open(&file).unwrap(), 2, &own, &rows, 0);
    assert!(steps > 0);
    // what the search must have found: the best of the rates that it tried, with a worse one on either side
    let text = std::fs::read_to_string(&file).unwrap();
    let runs: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (result, row) in results.iter().zip(&rows) {
        for (config, outcome) in &result.runs {
            assert!(outcome.quality.is_some());
            let method = serde_json::to_value(&row.method).unwrap();
            let mut tried = std::collections::BTreeMap::<u64, Vec<f64>>::new(); // by the bits of the rate
            for run in &runs {
                let of = &run["config"];
                if of["method"] == method && of["seed"] == config.seed && of["part"].get("inner").is_some() {
                    let rate = of["rate"]["start"].as_f64().unwrap().to_bits();
                    let loss = run["outcome"]["quality"]["scaled_cross_entropy"].as_f64().unwrap();
                    tried.entry(rate).or_default().push(loss);
                }
            }
            assert!(tried.len() >= 3 && tried.values().all(|losses| losses.len() == 3), "{tried:?}");
            let mean = |rate: u64| tried[&rate].iter().sum::<f64>();
            let best = tried.keys().copied().min_by(|a, b| mean(*a).total_cmp(&mean(*b))).unwrap();
            assert_eq!(config.rate.start, f64::from_bits(best));
            let ends = [*tried.keys().next().unwrap(), *tried.keys().last().unwrap()].map(f64::from_bits);
            assert!(!ends.contains(&config.rate.start) || [1e-5, 1e-1].contains(&config.rate.start));
        }
    }
    let (_, steps) = run(Cache::open(&file).unwrap(), 2, &own, &rows, 0);
    assert_eq!(steps, 0);

    let sizes = [0, 1, 2].map(|repeat| own.parts(0, Part::Inner(repeat)).unwrap());
    let whole = own.parts(0, Part::Test).unwrap();
    for part in &sizes {
        assert_eq!(part.train.labels.len() + part.test.labels.len(), whole.train.labels.len());
    }
    assert!(sizes[0].test.values != sizes[1].test.values && sizes[1].test.values != sizes[2].test.values);
}

/// Its predictions are of one class, which may score best by chance.
#[test]
fn the_rate_of_a_run_that_diverged_is_not_chosen_on_validation() {
    let (dataset, folder) = (dataset(), tempfile::tempdir().unwrap());
    let file = folder.path().join("three.jsonl");
    let baseline = &plain(&rows())[..1];
    let chosen = || -> Vec<f64> {
        let (results, _) = run(Cache::open(&file).unwrap(), 2, &study(&dataset), baseline, 0);
        results[0].runs.iter().map(|(config, _)| config.rate.start).collect()
    };
    let before = chosen();
    let text = std::fs::read_to_string(&file).unwrap();
    let diverged = |line: &str| {
        let mut run: serde_json::Value = serde_json::from_str(line).unwrap();
        let of = &run["config"];
        if of["part"] == "validation" && of["seed"] == 0 && of["rate"]["start"] == before[0] {
            run["outcome"]["quality"]["scaled_cross_entropy"] = serde_json::Value::Null;
        }
        format!("{run}\n")
    };
    std::fs::write(&file, text.lines().map(diverged).collect::<String>()).unwrap();
    let after = chosen();
    assert!(after[0] != before[0] && after[1] == before[1], "{before:?} {after:?}");
}

#[test]
fn at_equal_epochs_a_curriculum_and_its_baseline_stop_where_it_ends() {
    let dataset = dataset();
    let method = rows()[2].row.method.clone();
    let budget = Budget::EqualEpochs(method.schedule.clone());
    let climd = Row { id: RowId::new("baseline", "climd"), name: "CLIMD".into(), method, budget: budget.clone() };
    let cut =
        Row { id: RowId::new("baseline", "plain"), name: "cut".into(), method: rows()[0].row.method.clone(), budget };
    let (results, _) = run(Cache::default(), 2, &study(&dataset), &[climd, cut], 0);
    let steps: Vec<usize> = results.iter().map(|result| result.runs[0].0.steps).collect();
    assert!(steps[0] == steps[1] && steps[0] < 24, "{steps:?}");
    assert!(results[0].runs[0].1.samples < 63 * 6);
}

#[test]
fn at_a_constant_rate_a_shorter_run_is_the_beginning_of_a_longer_one() {
    let dataset = dataset();
    let paper = Study { rate: Rate::Paper, ..study(&dataset) };
    for whole in [rows()[0].row.clone(), rows()[2].row.clone()] {
        let budget = Budget::EqualEpochs(rows()[2].row.method.schedule.clone());
        let cut = Row { budget, ..whole.clone() };
        let both = [whole, cut];
        let (alone, short) = run(Cache::default(), 2, &paper, &both[1..], 0);
        let (together, steps) = run(Cache::default(), 2, &paper, &both, 0);
        assert!(steps == 2 * 24 && short < steps, "{short} of {steps}");
        for ((config, outcome), (same, expected)) in together[1].runs.iter().zip(&alone[0].runs) {
            assert_eq!((config, &outcome.confusion), (same, &expected.confusion));
            assert_eq!(outcome.samples, expected.samples);
        }
        // a rate that falls falls faster in a shorter run, and curves have their points elsewhere
        let (_, steps) = run(Cache::default(), 2, &study(&dataset), &both, 0);
        assert_eq!(steps, 2 * 4 * 24 + 2 * 24 + short);
        let (_, steps) = run(Cache::default(), 2, &paper, &both, 2);
        assert!(steps > 2 * 24, "{steps}");
    }
}

#[test]
fn native_training_takes_the_authors_steps_in_full_batches() {
    let dataset = dataset();
    let study = Study { rate: Rate::Native, seeds: 1, ..study(&dataset) };
    let dmib = NetworkConfig::Dmib(DmibConfig { hidden: 8, ..Default::default() });
    let mogonet = MogonetConfig { widths: [8, 8, 4], neighbours: 3, ..Default::default() };
    let mut wanted = plain(&[rows()[0].clone(), rows()[2].clone()]);
    for (network, block, pretraining) in [(dmib, 5, 0), (NetworkConfig::Mogonet(mogonet), 25, 500)] {
        wanted.iter_mut().for_each(|row| row.method.network = network.clone());
        let (results, steps) = run(Cache::default(), 2, &study, &wanted, 0);
        assert_eq!(steps, 2 * (2500 + pretraining));
        let [plain, climd] = [0, 1].map(|row| &results[row].runs[0]);
        assert_eq!((plain.0.steps, climd.0.steps, plain.0.batch_size), (2500, 2500, 63));
        assert_eq!(plain.1.samples, 2500 * 63);
        // blocks of the curriculum's six epochs, then all samples
        let lengths = [11, 21, 32, 42, 53, 63].map(|len| len * block);
        assert_eq!(climd.1.samples, lengths.iter().sum::<usize>() + (2500 - 6 * block) * 63);
        assert!(climd.1.measuring_seconds > 0.0 && plain.1.measuring_seconds == 0.0);
    }
    let runner = Runner {
        cache: Cache::default(),
        jobs: 1,
        device: Device::Cpu,
        until: None,
        planned: &|_| {},
        progress: &|_| {},
    };
    let error = runner.rows(&study, &plain(&rows()), Part::Test, 0).unwrap_err();
    assert!(format!("{error:#}").contains("row `baseline`: how the network's authors train it"), "{error:#}");
}

#[test]
fn a_seed_gives_one_result_however_many_runs_go_on_beside_it() {
    let dataset = dataset();
    let predictions = |jobs, points| -> Vec<String> {
        let (results, _) = run(Cache::default(), jobs, &study(&dataset), &plain(&rows()), points);
        let runs = results.into_iter().flat_map(|result| result.runs);
        runs.map(|(_, run)| format!("{:?} {:?}", run.confusion, run.points)).collect()
    };
    assert_eq!(predictions(1, 0), predictions(3, 0));
    assert_eq!(predictions(1, 5), predictions(3, 5));
}

#[test]
fn finished_runs_are_read_and_a_changed_configuration_is_run_anew() {
    let (dataset, folder) = (dataset(), tempfile::tempdir().unwrap());
    let file = folder.path().join("runs/three.jsonl");
    let rows = plain(&rows());
    let (first, steps) = run(Cache::open(&file).unwrap(), 2, &study(&dataset), &rows, 0);
    assert!(steps > 0);
    let (again, steps) = run(Cache::open(&file).unwrap(), 2, &study(&dataset), &rows, 0);
    assert_eq!(steps, 0);
    let confusion = |results: &[RowResult]| -> Vec<String> {
        results.iter().flat_map(|row| &row.runs).map(|(_, run)| format!("{:?}", run.confusion)).collect()
    };
    assert_eq!(confusion(&first), confusion(&again));

    // another seed more: only its runs are done
    let more = Study { seeds: 3, ..study(&dataset) };
    let (_, steps) = run(Cache::open(&file).unwrap(), 2, &more, &rows, 0);
    assert_eq!(steps, 4 * 24 + 4 * 24); // four rows on the test part; four rates on four fifths, where 4 batches remain
    // other labels, other values: nothing of it was done
    for changes in [Changes { noise: 0.2, ..Changes::default() }, thinned(10.0)] {
        let other = Study { changes, ..study(&dataset) };
        let (_, steps) = run(Cache::open(&file).unwrap(), 2, &other, &rows[..1], 0);
        assert!(steps > 0);
    }
    let mut changed = dataset.clone();
    changed.modalities[0].values[0] += 1.0;
    assert!(run(Cache::open(&file).unwrap(), 2, &study(&changed), &rows[..1], 0).1 > 0);
}

#[test]
fn a_line_that_was_cut_is_done_anew_and_a_bad_one_is_named() {
    let (dataset, folder) = (dataset(), tempfile::tempdir().unwrap());
    let file = folder.path().join("three.jsonl");
    let study = Study { rate: Rate::Paper, seeds: 1, ..study(&dataset) };
    let rows = plain(&rows());
    run(Cache::open(&file).unwrap(), 1, &study, &rows, 0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 4);
    std::fs::write(&file, &text[..text.len() - 20]).unwrap();
    let (_, steps) = run(Cache::open(&file).unwrap(), 1, &study, &rows, 0);
    assert_eq!(steps, 24);
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 4);

    std::fs::write(&file, format!("{}\nnot a run\n", text.lines().next().unwrap())).unwrap();
    let error = Cache::<climd_networks::config::RunConfig, climd_networks::train::Outcome>::open(&file)
        .unwrap_err()
        .to_string();
    assert!(error.contains("three.jsonl`, line 2: not a run"), "{error}");
}

#[test]
fn a_row_that_cannot_be_run_is_refused_before_any_training() {
    let dataset = dataset();
    let steps = AtomicUsize::new(0);
    let progress = |_: &tch::Tensor| {
        steps.fetch_add(1, Ordering::Relaxed);
    };
    let cache = Cache::default();
    let runner = Runner { cache, jobs: 1, device: Device::Cpu, until: None, planned: &|_| {}, progress: &progress };
    let refused = |change: &dyn Fn(&mut Row)| {
        let mut rows = plain(&rows());
        change(&mut rows[3]);
        format!("{:#}", runner.rows(&study(&dataset), &rows, Part::Test, 0).unwrap_err())
    };
    let error = refused(&|row| {
        row.method.schedule = PowerLaw { gamma: -1.0, ..Default::default() }.into();
    });
    assert!(error.contains("row `CLIMD + prior`") && error.contains("`gamma` is -1"), "{error}");
    let error = refused(&|row| {
        row.method.oversample = Some(Oversampler::Smote(Smote { neighbours: 0, ..Default::default() }));
    });
    assert!(error.contains("`neighbours` is 0"), "{error}");
    assert_eq!(steps.load(Ordering::Relaxed), 0);
}

#[test]
fn a_split_that_cannot_be_used_is_refused_before_any_training() {
    let groups = |n: usize| Dataset { groups: Some((0..90).map(|row| row % n).collect()), ..dataset() };
    let begun = AtomicUsize::new(0);
    let planned = |_| {
        begun.fetch_add(1, Ordering::Relaxed);
    };
    let (cache, device) = (Cache::default(), Device::Cpu);
    let runner = Runner { cache, jobs: 1, device, until: None, planned: &planned, progress: &|_| {} };
    let [one, two] = [groups(1), groups(2)];
    let plain = |study: &Study<'_>| runner.rows(study, &plain(&rows())[..1], Part::Test, 0).map(drop);
    let study = |dataset, rate| Study { rate, seeds: 1, epochs: 1, ..study(dataset) };
    let (two_one, two_quick) = (study(&two, Rate::One), study(&two, Rate::Quick));
    for (result, part) in [
        (plain(&study(&one, Rate::One)), "test"),
        (plain(&two_quick), "validation"),
        (two_quick.check_splits(0), "validation"), // for the rate
        (two_one.check_splits(1), "validation"),   // for a length
        (Lengths::run(&runner, &two_one, Wanted { shares: &[50], inner: 1 }).map(drop), "validation"),
    ] {
        let error = result.unwrap_err();
        let error = error.downcast_ref::<climd_data::Error>();
        assert!(matches!(error, Some(climd_data::Error::EmptyPart { part: of, .. }) if *of == part), "{error:?}");
    }
    assert_eq!(begun.load(Ordering::Relaxed), 0);
    // what is not chosen needs no inner split
    two_one.check_splits(0).unwrap();
    plain(&two_one).unwrap();
}

#[test]
fn the_page_has_every_row_and_the_csv_every_metric() {
    let (dataset, folder, rows) = (dataset(), tempfile::tempdir().unwrap(), rows());
    let (results, _) = run(Cache::default(), 2, &study(&dataset), &plain(&rows), 0);
    let (curves, _) = run(Cache::default(), 2, &study(&dataset), &plain(&rows), 5);
    assert_eq!(curves[0].runs[0].1.points.len(), 5);
    assert!(curves[0].runs[0].1.points[0].scores.iter().all(|class| class.is_sorted() && class.len() == 5));
    let own = tables::own;
    let contrast = [(own("climd-prior"), own("prior")), (own("climd"), own("an arm that was not run"))];
    let section = Section::new(Rate::Tuned, &rows, &results).with_contrasts(&contrast, &results);
    for grid in [section.grid(), recall_grid(&section, &dataset.classes), time_grid(&section)] {
        let text = grid.to_string();
        assert!(rows.iter().all(|row| text.contains(&row.row.name)), "{text}");
        assert_eq!(text.lines().count(), 6, "{text}");
    }
    let changes = Changes { noise: 0.2, ..thinned(50.0) };
    let mut page = Page::new(tables::Table::Main, &Study { changes, first_seed: 4, ..study(&dataset) });
    page.push(section);
    page.plot(folder.path(), &curves, study(&dataset).curriculum_end().unwrap()).unwrap();
    page.write(folder.path()).unwrap();
    let text = std::fs::read_to_string(folder.path().join("main-three-50to1-noise20-6-epochs-from4.md")).unwrap();
    assert!(
        text.contains("three, 50:1, 20 % noise, 6 epochs, splits from 4 on") && text.contains("86.5 ± 1.8"),
        "{text}"
    );
    let mut csv = csv::Reader::from_path(folder.path().join("main-three-50to1-noise20-6-epochs-from4.csv")).unwrap();
    csv.headers().unwrap();
    let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 4 * (7 + 3 + 4) + 1); // metrics, recalls, costs; a contrast
    let header = csv.headers().unwrap().clone();
    let cell = |record: &csv::StringRecord, column: &str| -> String {
        record[header.iter().position(|name| name == column).unwrap()].to_owned()
    };
    let find = |id: &str, beside: &str| {
        let wanted = |record: &&csv::StringRecord| {
            cell(record, "id") == id && cell(record, "beside") == beside && cell(record, "metric") == "macro F1"
        };
        records.iter().find(wanted).unwrap()
    };
    let number = |record, column| cell(record, column).parse::<f64>().unwrap();
    let (macro_f1, pair) = (find("baseline/climd", "baseline/plain"), find("baseline/climd-prior", "baseline/prior"));
    let mean = |row: usize| {
        let runs = &results[row].runs;
        runs.iter().map(|(_, run)| 100.0 * run.confusion.macro_f1()).sum::<f64>() / runs.len() as f64
    };
    assert!((number(macro_f1, "mean") - mean(2)).abs() < 1e-3);
    assert!((number(macro_f1, "difference") - (mean(2) - mean(0))).abs() < 2e-3);
    assert!((number(pair, "difference") - (mean(3) - mean(1))).abs() < 2e-3);
    assert_eq!((cell(pair, "low"), cell(pair, "fixed_beforehand")), (String::new(), "true".into())); // two splits
    // of groups, splits from 4 on may be those from 0 on, which the length of 6 epochs was chosen on
    let grouped = Dataset { name: "grouped".into(), groups: Some((0..90).collect()), ..dataset.clone() };
    let mut page = Page::new(tables::Table::Main, &Study { first_seed: 4, ..study(&grouped) });
    page.push(Section::new(Rate::Tuned, &rows, &results).with_contrasts(&contrast, &results));
    page.write(folder.path()).unwrap();
    let text = std::fs::read_to_string(folder.path().join("main-grouped-6-epochs-from4.csv")).unwrap();
    assert!(text.contains(",false,") && !text.contains(",true,"), "{text}");
    for picture in ["macro-f1", "recall", "scores-climd", "scores-baseline"] {
        let file = folder.path().join(format!("pictures/main-three-50to1-noise20-6-epochs-from4-tuned-{picture}.svg"));
        assert!(std::fs::metadata(&file).unwrap().len() > 1000, "{picture}");
    }
}

#[test]
fn one_split_has_no_interval_and_no_p() {
    let (dataset, folder, rows) = (dataset(), tempfile::tempdir().unwrap(), rows());
    let one = || Study { seeds: 1, ..study(&dataset) };
    let (results, _) = run(Cache::default(), 2, &one(), &plain(&rows), 0);
    let section = Section::new(Rate::Tuned, &rows, &results);
    let text = section.grid().to_string();
    let climd = text.lines().find(|line| line.starts_with("| CLIMD  ")).unwrap();
    let cells: Vec<&str> = climd.split('|').map(str::trim).collect();
    let difference = cells.iter().position(|cell| cell.starts_with(['+', '-']) && cell.len() > 1).unwrap();
    assert!(!cells[difference].contains('['), "{climd}");
    assert_eq!(cells[difference + 1..difference + 4], ["-"; 3], "{climd}");
    let mut page = Page::new(tables::Table::Main, &one());
    page.push(section);
    page.write(folder.path()).unwrap();
    let mut csv = csv::Reader::from_path(folder.path().join("main-three-6-epochs.csv")).unwrap();
    let records: Vec<std::collections::HashMap<String, String>> = csv.deserialize().map(Result::unwrap).collect();
    assert!(records.iter().any(|record| !record["difference"].is_empty()));
    for column in ["sd", "low", "high", "p_corrected", "plain_low", "plain_high", "p"] {
        assert!(records.iter().all(|record| record[column].is_empty()), "{column}");
    }
}

#[test]
fn the_overlap_of_splits_is_that_of_the_cohort_however_thin_training_is() {
    let dataset = dataset();
    let thinned = Study { changes: thinned(20.0), rate: Rate::Paper, ..study(&dataset) };
    let (results, _) = run(Cache::default(), 2, &thinned, &plain(&rows())[..1], 0);
    assert!(thinned.parts(0, Part::Test).unwrap().train.rows.len() < 63);
    assert_eq!(results[0].overlap, (27.0 / 63.0).into());
}

#[test]
fn noise_and_thinning_are_for_the_training_part_alone() {
    let dataset = dataset();
    let study = Study { changes: Changes { noise: 0.2, ..thinned(10.0) }, ..study(&dataset) };
    let parts = study.parts(0, Part::Test).unwrap();
    assert!(parts.test.rows.iter().zip(&parts.test.labels).all(|(&row, &label)| dataset.labels[row] == label));
    let wrong = parts.train.rows.iter().zip(&parts.train.labels).filter(|&(&row, &label)| dataset.labels[row] != label);
    assert_eq!(wrong.count(), 8 + 3 + 1); // a fifth of 42, 13 and 4
    assert_eq!(parts.train.rows.len(), 42 + 13 + 4);
}

#[test]
fn exact_tails_and_confusions_of_neighbours_are_settings_of_their_own() {
    let dataset = dataset();
    let thin = Study { changes: thinned(2.0), rate: Rate::Paper, ..study(&dataset) };
    let exact = Changes { thinning: Some(Thinning::Exact), ..thin.changes };
    let both = Changes { noise: 0.2, noise_kind: Some(NoiseKind::Neighbour), ..exact };
    let sizes = |changes| {
        let train = Study { changes, ..thin }.parts(0, Part::Test).unwrap().train;
        let labels = train.rows.iter().map(|&row| dataset.labels[row]);
        let mut sizes = [0; 3];
        labels.for_each(|label| sizes[label] += 1);
        let wrong = train.rows.iter().zip(&train.labels).filter(|&(&row, &label)| dataset.labels[row] != label);
        (sizes, wrong.count())
    };
    assert_eq!(sizes(thin.changes), ([42, 14, 7], 0)); // 6 to 1 already
    assert_eq!(sizes(exact), ([14, 10, 7], 0));
    assert_eq!(sizes(both), ([14, 10, 7], 3 + 2 + 1));

    // a change that changes nothing is not in the key, so old runs are found again
    let idle = Changes { thinning: exact.thinning, noise_kind: both.noise_kind, ..Changes::default() };
    let changes = [Changes::default(), idle, thin.changes, exact, both];
    let keys = changes.map(|changes| {
        let (results, _) = run(Cache::default(), 2, &Study { changes, seeds: 1, ..thin }, &plain(&rows())[..1], 0);
        let data = serde_json::to_string(&results[0].runs[0].0.data).unwrap();
        data.split_once(r#"","imbalance"#).or_else(|| data.split_once(r#"","noise"#)).unwrap().1.to_owned()
    });
    let neighbour = r#"":2.0,"thinning":"exact","noise":0.2,"noise_kind":"neighbour"}"#;
    assert_eq!(
        keys,
        ["\":0.0}", "\":0.0}", r#"":2.0,"noise":0.0}"#, r#"":2.0,"thinning":"exact","noise":0.0}"#, neighbour]
    );
    let names = Study { changes: both, epochs: EPOCHS, ..thin };
    assert_eq!(names.data(), "three, 2:1, exactly, 20 % noise, neighbour");
    assert_eq!(names.file_of_data(), "three-2to1-exactly-noise20-neighbour");
    let names = Study { epochs: 6, first_seed: 20, ..thin };
    assert_eq!(names.data(), "three, 2:1, 6 epochs, splits from 20 on");
    assert_eq!(names.file_of_data(), "three-2to1-6-epochs-from20");
}

#[test]
fn the_class_distribution_is_by_label_and_ends_in_the_data() {
    let schedule = PowerLaw { epochs: 4, ..Default::default() };
    let labels = [2, 2, 2, 2, 2, 2, 0, 0, 0, 0];
    let epochs = class_distribution(&labels, 3, Box::new(schedule), 4).unwrap();
    assert_eq!(epochs.len(), 4);
    assert_eq!(epochs[3], [4, 0, 6]);
}

#[test]
fn a_split_beyond_those_that_have_streams_of_their_own_is_refused() {
    let dataset = dataset();
    let last = Study { first_seed: u64::from(u32::MAX), ..study(&dataset) };
    assert!(last.parts(last.first_seed, Part::Inner(0)).is_ok());
    let error = last.parts(last.first_seed + 1, Part::Test).unwrap_err().to_string();
    assert!(error.contains("4294967296") && error.contains("4294967295"), "{error}");
}

#[test]
fn later_splits_are_those_that_a_longer_table_ends_in() {
    let (dataset, rows) = (dataset(), rows());
    let paper = Study { rate: Rate::Paper, ..study(&dataset) };
    let (all, _) = run(Cache::default(), 2, &Study { seeds: 3, ..paper }, &plain(&rows[..1]), 0);
    let (last, _) = run(Cache::default(), 2, &Study { first_seed: 2, seeds: 1, ..paper }, &plain(&rows[..1]), 0);
    assert_eq!(last[0].runs[0].0, all[0].runs[2].0);
    assert_eq!(last[0].runs[0].1.confusion, all[0].runs[2].1.confusion);
}

#[test]
fn a_row_is_done_when_its_runs_and_those_of_its_rate_are() {
    let (dataset, folder, rows) = (dataset(), tempfile::tempdir().unwrap(), plain(&rows()));
    let file = folder.path().join("runs.jsonl");
    let study = study(&dataset);
    let done = |study: &Study<'_>, row: &Row| {
        let (planned, progress) = (|_| (), |_: &Tensor| ());
        let cache = Cache::open(&file).unwrap();
        let runner =
            Runner { cache, jobs: 2, device: Device::Cpu, until: None, planned: &planned, progress: &progress };
        runner.is_done(study, row, Part::Test, 0).unwrap()
    };
    assert!(!done(&study, &rows[0]));
    run(Cache::open(&file).unwrap(), 2, &study, &rows[..1], 0);
    assert!(done(&study, &rows[0]) && !done(&study, &rows[2]));
    assert!(!done(&Study { seeds: 3, ..study }, &rows[0]));
}

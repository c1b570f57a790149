//! Promise: what the pages of results say of many rows at once, in words, holds for all of them. `pages.rs` reads the
//! figures.

use std::collections::BTreeSet;
use std::path::PathBuf;

use climd_repro::comparisons::records;
use climd_repro::map::{self, Cell, Line};
use climd_repro::record::Record;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/results")
}

/// The results in docs/results. Of the advice those at the first learning rate of each file, which its page is about.
fn results() -> Vec<Record> {
    let mut all = records(&folder()).unwrap();
    let mut first = std::collections::BTreeMap::new();
    for of in &all {
        let (table, rate) = of.table.split_once(" (").unwrap();
        first.entry((table.to_owned(), of.data.clone())).or_insert_with(|| rate.to_owned());
    }
    all.retain(|of| {
        let (table, rate) = of.table.split_once(" (").unwrap();
        !table.contains("advice") || first[&(table.to_owned(), of.data.clone())] == rate
    });
    all
}

/// Differences of a metric in a table: of these rows, beside that one.
fn differences<'a>(
    all: &'a [Record],
    table: &str,
    metric: &str,
    id: impl Fn(&str) -> bool,
    beside: &str,
) -> Vec<&'a Record> {
    let is_it = |of: &&Record| {
        let of_table = of.table.split(" (").next() == Some(table);
        of_table && of.metric == metric && id(&of.id) && of.beside.as_deref() == Some(beside) && of.low.is_some()
    };
    let found: Vec<&Record> = all.iter().filter(is_it).collect();
    assert!(!found.is_empty(), "no {metric} in {table}");
    found
}

/// Data of those whose interval is above 0.
fn ahead(of: &[&Record]) -> Vec<String> {
    let mut data: Vec<String> =
        of.iter().filter(|of| of.low.unwrap() > 0.0).map(|of| of.data.replace(", ", " ")).collect();
    data.sort();
    data
}

/// Data of those whose interval is below 0.
fn behind(of: &[&Record]) -> Vec<String> {
    of.iter().filter(|of| of.high.unwrap() < 0.0).map(|of| of.data.clone()).collect()
}

fn is_right(of: &&&Record) -> bool {
    !of.data.contains("noise")
}

/// Whether it is not of the lengths of training that were tried on LGG afterwards, nor of the fresh splits for them.
fn is_usual(of: &&&Record) -> bool {
    !of.data.contains("epochs") && of.data != "lgg, 50:1, splits from 20 on"
}

fn is_steep(of: &&&Record) -> bool {
    of.data.contains("50:1")
}

const NONE: [String; 0] = [];

/// `README.md` of the results: "Prior correction is, on two of five sets at 50:1"; `advice.md` names them.
#[test]
fn prior_correction_is_told_on_two_of_five_sets_at_50_to_1() {
    let all = results();
    let of = differences(&all, "advice", "macro F1", |id| id == "baseline/prior", "baseline/plain");
    let of: Vec<&Record> = of.iter().filter(is_usual).filter(is_right).filter(is_steep).copied().collect();
    assert_eq!((of.len(), ahead(&of)), (5, ["digits 50:1", "htad 50:1"].map(String::from).to_vec()));
    assert_eq!(behind(&of), NONE);
}

/// `advice.md`: "At the frequencies of the training part, none of its gains is told from 0"; also in both `README.md`.
#[test]
fn no_gain_of_prior_correction_is_told_at_the_training_prior() {
    let all = results();
    for (table, settings) in [("shift-advice", 10), ("shift-label-noise", 3)] {
        let metric = "macro F1 at the training prior";
        let of = differences(&all, table, metric, |id| id == "baseline/prior", "baseline/plain");
        assert!(of.len() >= settings, "{table}: {}", of.len());
        assert_eq!(ahead(&of), NONE);
    }
}

/// `advice.md`: "With right labels its accuracy is told lower in none of the ten settings".
#[test]
fn prior_correction_costs_no_accuracy_that_is_told_where_labels_are_right() {
    let all = results();
    let of = differences(&all, "advice", "accuracy", |id| id == "baseline/prior", "baseline/plain");
    let of: Vec<&Record> = of.iter().filter(is_usual).filter(is_right).copied().collect();
    assert_eq!((of.len(), behind(&of)), (10, NONE.to_vec()));
}

/// `README.md` of the results: "Better: not told around any of eight", "Only the prior with MOGONET is told from 0".
#[test]
fn the_curriculum_is_told_around_no_network_and_the_prior_around_one() {
    let all = results();
    let networks = ["baseline", "mogonet", "multi-d", "mlclnet", "dpnet", "dmib", "pcag", "gcfanet"];
    let told = |arm: &str| {
        let of_network = |network: &&&str| {
            let (id, plain) = (format!("{network}/{arm}"), format!("{network}/plain"));
            let of = differences(&all, "table3", "macro F1", |of| of == id, &plain);
            let of: Vec<&Record> = of.into_iter().filter(|of| !of.table.contains("paper")).collect();
            assert!(!of.is_empty(), "{id}");
            !ahead(&of).is_empty() || !behind(&of).is_empty()
        };
        networks.iter().filter(of_network).copied().collect::<Vec<&str>>()
    };
    assert_eq!((told("climd"), told("prior")), (Vec::new(), vec!["mogonet"]));
}

/// `README.md` of the results: "Judged after the last step, CLIMD is ahead under none of eleven settings"; "from +1.5
/// to +4.1" if its epoch is chosen on the test part.
#[test]
fn no_setting_makes_a_gain_that_is_fair() {
    let all = results();
    let ids: Vec<&str> = all.iter().filter(|of| of.table.starts_with("regimes (")).map(|of| of.id.as_str()).collect();
    let settings: std::collections::BTreeSet<&str> = ids.iter().filter_map(|id| Some(id.split_once('/')?.0)).collect();
    assert_eq!(settings.len(), 11);
    let (mut chosen, mut fair) = (Vec::new(), Vec::new());
    for setting in settings {
        let plain = format!("{setting}/plain");
        let of = |metric, id: &str| differences(&all, "regimes", metric, |of| of == format!("{setting}/{id}"), &plain);
        fair.extend(of("macro F1", "climd"));
        fair.extend(of("macro F1, equal epochs", "climd@climd"));
        chosen.extend(of("macro F1, best on test for CLIMD", "climd").iter().map(|of| of.difference.unwrap()));
    }
    assert_eq!((fair.len(), ahead(&fair)), (22, NONE.to_vec()));
    chosen.sort_by(f64::total_cmp);
    let ends = [chosen[0], chosen[10]].map(|difference| format!("{difference:+.1}"));
    assert_eq!(ends, ["+1.5", "+4.1"]);
}

/// `README.md`: of the three rows the prior alone is told, and over twenty splits it is not.
#[test]
fn one_row_of_the_main_job_is_told_over_five_splits_and_not_over_twenty() {
    let all = results();
    let of = differences(&all, "main", "macro F1", |_| true, "baseline/plain");
    assert_eq!((of.len(), behind(&of)), (3, NONE.to_vec()));
    let told: Vec<&str> = of.iter().filter(|of| of.low.unwrap() > 0.0).map(|of| of.id.as_str()).collect();
    assert_eq!(told, ["baseline/prior"]);
    let twenty = differences(&all, "advice", "macro F1", |id| id == "baseline/prior", "baseline/plain");
    let of_brca = twenty.iter().find(|of| of.data == "brca").unwrap();
    assert!(of_brca.seeds == 20 && of_brca.low.unwrap() < 0.0);
}

/// `advice.md`: "Once the loss knows the prior, no sampler is told to add anything where labels are right, but for
/// `Trim` in the one set", and where one is told to cost.
#[test]
fn one_sampler_on_one_set_is_told_to_add_to_prior_correction() {
    let all = results();
    let samplers = ["climd-half-prior", "hard-majority-prior", "trim-prior"];
    let told: Vec<String> = samplers
        .into_iter()
        .flat_map(|arm| {
            let of = differences(&all, "advice", "macro F1", |id| id == format!("baseline/{arm}"), "baseline/prior");
            let of: Vec<&Record> = of.iter().filter(is_usual).filter(is_right).copied().collect();
            assert_eq!(of.len(), 10, "{arm}");
            ahead(&of).into_iter().map(move |data| format!("{arm} {data}"))
        })
        .collect();
    assert_eq!(told, ["trim-prior lgg 50:1"]);
}

/// `advice.md`: "The order within a class is told there alone", on fresh splits too, and how low and how high CLIMD by
/// itself comes.
#[test]
fn what_the_order_within_a_class_is_worth() {
    let all = results();
    let of = differences(&all, "advice", "macro F1", |id| id == "baseline/climd", "baseline/climd-random");
    let kipan = ["", " neighbour", " splits from 20 on"].map(|more| format!("kipan 20 % noise{more}"));
    assert_eq!((of.len(), ahead(&of), behind(&of)), (30, kipan.to_vec(), NONE.to_vec()));
    let mut of = differences(&all, "advice", "macro F1", |id| id == "baseline/climd", "baseline/plain");
    of.sort_by(|a, b| a.difference.partial_cmp(&b.difference).unwrap());
    let ends = [of[0], of[of.len() - 1]].map(|of| (of.data.as_str(), of.difference.unwrap()));
    let text = ends.map(|(data, difference)| format!("{data}: {difference:+.1}"));
    assert_eq!(text, ["kipan, 50:1, 20 % noise: -4.4", "kipan, 20 % noise: +4.6"]);
}

/// `advice.md`: "tau 1/2 if labels are wrong: told on two sets".
#[test]
fn half_of_tau_is_told_on_two_sets_where_labels_are_wrong() {
    let all = results();
    let of = differences(&all, "advice", "macro F1", |id| id == "baseline/prior-half", "baseline/prior");
    let of: Vec<&Record> = of.into_iter().filter(|of| !is_right(&of)).collect();
    let told = ["brca 20 % noise", "brca 50:1 20 % noise", "kipan 20 % noise", "kipan 50:1 20 % noise"];
    assert_eq!(ahead(&of), told);
}

/// `advice.md`: "with a tenth of the steps no sampler is told ahead of the corrected loss alone on three sets", "with a
/// quarter of the steps none is either", "with all of them none is, in all cells that were run: of digits at 1:1
/// the one with 40 % wrong is left", and "against plain training, the loss with a sampler is told ahead about as often
/// as the loss alone". `README.md`: half of the steps are whole on four sets.
#[test]
fn no_sampler_adds_to_the_loss_in_a_short_training_on_three_sets() {
    let lines = map::read(&folder().join("map.csv")).unwrap();
    let of_budget = |budget| -> Vec<Line> { lines.iter().filter(|line| line.budget == budget).cloned().collect() };
    for (budget, sets, cells) in [(10, 5, 76), (25, 5, 76), (100, 5, 75)] {
        let short = of_budget(budget);
        let done: BTreeSet<(&str, Cell)> =
            short.iter().filter(|line| line.splits > 0).map(|line| (&*line.data, line.cell())).collect();
        assert_eq!(done.len(), cells);
        assert_eq!(done.iter().map(|(data, _)| data).collect::<BTreeSet<_>>().len(), sets);
        assert!(map::across(&short).iter().all(|of| of.sets.len() <= sets && !of.is_regime()));
    }
    let of_four = |budget| -> BTreeSet<(String, u32, u32)> {
        let done = lines.iter().filter(|line| line.budget == budget && line.splits > 0 && line.data != "digits");
        done.map(|line| (line.data.clone(), line.cell().ratio, line.cell().noise)).collect()
    };
    assert_eq!(of_four(50), of_four(10));
    // "the nearest of all is CLIMD without the loss, at 20:1 with 40 % of the labels wrong: ... KIPAN and BRCA"
    let all = map::across(&lines);
    let nearest: Vec<_> = all.iter().filter(|of| of.ahead() > 1).collect();
    let [nearest] = nearest[..] else { panic!("{} cells", nearest.len()) };
    let told: BTreeSet<&str> = nearest.sets.iter().filter(|of| of.beside.low > 0.0).map(|of| of.data).collect();
    assert_eq!((nearest.name, nearest.sets.len(), told), ("CLIMD", 5, BTreeSet::from(["brca", "kipan"])));
    assert_eq!((nearest.cell.budget, nearest.cell.ratio, nearest.cell.noise), (100, 20, 40));
    let short = of_budget(10);
    let told = |method: &str| {
        let of = short.iter().filter(|line| line.method == method).filter_map(Line::beside_plain);
        of.filter(|beside| beside.low > 0.0).count()
    };
    let (alone, with) = (told("prior"), ["climd-half-prior", "trim-prior", "hard-majority-prior"].map(told));
    assert!(alone == 21 && with.iter().all(|count| count.abs_diff(alone) <= 5), "{alone} {with:?}");
}

/// `results/README.md`, "Fixed beforehand": rows of a shorter training count so only on splits that none had seen.
#[test]
fn a_length_that_was_looked_for_is_not_fixed_beforehand() {
    let all = results();
    let short = all.iter().filter(|of| of.data.contains(" epochs"));
    let kind = |of: &Record| Some((of.table.split(' ').next()?.to_owned(), of.fixed_beforehand?));
    let mut found: BTreeSet<(String, bool)> = short.filter_map(kind).collect();
    found.retain(|(table, _)| ["advice", "label-noise"].contains(&&**table));
    let found: Vec<(&str, bool)> = found.iter().map(|(table, fixed)| (&**table, *fixed)).collect();
    assert_eq!(found, [("advice", false), ("advice", true), ("label-noise", false)]);
}

/// `advice.md`: on LGG at 50:1 `Trim` "is told ahead of the loss alone after 100 epochs, and after 25 it is not", and
/// "plain training finds next to none who died, at any length".
#[test]
fn on_lgg_trim_adds_to_the_loss_in_a_long_training_alone() {
    let is_plain = |of: &&Record| of.data == "lgg, 50:1" && of.id.ends_with("-epochs/plain");
    let all = results();
    let means: Vec<f64> = all.iter().filter(is_plain).map(|of| of.mean.unwrap()).collect();
    assert!(means.len() >= 5 && means.iter().all(|mean| *mean < 44.0), "{means:?}"); // 43.0: none is found
    let after = |data: &str| {
        let of = differences(&all, "advice", "macro F1", |id| id == "baseline/trim-prior", "baseline/prior");
        of.iter().find(|of| of.data == data && of.table.contains("one")).map(|of| of.low.unwrap() > 0.0).unwrap()
    };
    let told = ["", ", splits from 20 on"]
        .map(|splits| [", 25 epochs", ""].map(|of| after(&format!("lgg, 50:1{of}{splits}"))));
    assert_eq!(told, [[false, true]; 2]);
}

/// The difference of a method after so many epochs to another row of the page of lengths.
fn of_length<'a>(all: &'a [Record], data: &str, id: &str, beside: &str) -> &'a Record {
    let of = differences(all, "lengths", "macro F1", |of| of == id, beside);
    of.into_iter().find(|of| of.data == data).unwrap_or_else(|| panic!("no {id} beside {beside} on {data}"))
}

/// `advice.md`, "How long to train": at 50:1 the corrected loss gains less and less on HTAD, KIPAN and BRCA, and as
/// much on digits. "After 200 epochs its gain is told on digits and HTAD alone", and the curriculum by itself is ahead
/// at 50:1 in one case, and in one with the tail of the data.
#[test]
fn the_corrected_loss_gains_most_in_a_short_training() {
    let all = results();
    let gains = |data: &str| {
        let of = |epochs: u32| {
            let [id, beside] = ["prior", "plain"].map(|arm| format!("{epochs}-epochs/{arm}"));
            of_length(&all, &format!("{data}, 50:1"), &id, &beside)
        };
        [10, 25, 50, 100, 200].map(of)
    };
    for data in ["htad", "kipan", "brca"] {
        let gains = gains(data).map(|of| of.difference.unwrap());
        assert!(gains.is_sorted_by(|a, b| a > b), "{data}: {gains:?}");
    }
    let last = differences(&all, "lengths", "macro F1", |of| of == "200-epochs/prior", "200-epochs/plain");
    assert_eq!((last.len(), ahead(&last)), (5, ["digits 50:1", "htad 50:1"].map(str::to_owned).to_vec()));
    let told = |epochs: u32| {
        let [id, beside] = ["climd", "plain"].map(|arm| format!("{epochs}-epochs/{arm}"));
        let of = differences(&all, "lengths", "macro F1", |of| of == id, &beside);
        ahead(&of.iter().filter(is_right).copied().collect::<Vec<&Record>>())
    };
    assert_eq!(told(10), ["brca 50:1", "lgg"]);
    assert!([25, 50, 100, 200].iter().all(|&epochs| told(epochs).is_empty()));
    let digits = gains("digits")[1..].iter().map(|of| of.difference.unwrap()).collect::<Vec<f64>>();
    assert!(digits.iter().all(|gain| (2.3..2.8).contains(gain)), "{digits:?}");
}

/// `advice.md`: where a fifth of the labels is wrong, plain training is better after fewer epochs, by more than any
/// method gains over it in 100, and the curriculum is then not told from it; on KIPAN on fresh splits, too.
#[test]
fn a_shorter_training_takes_the_gain_of_the_curriculum_under_wrong_labels() {
    let all = results();
    let sets = [("kipan", "", 25), ("kipan", ", splits from 20 on", 25), ("brca", "", 50), ("digits", "", 10)];
    for (data, splits, epochs) in sets {
        let data = format!("{data}, 20 % noise{splits}");
        let [plain, climd] = ["plain", "climd"].map(|arm| format!("{epochs}-epochs/{arm}"));
        let shorter = of_length(&all, &data, &plain, "100-epochs/plain");
        assert!(shorter.low.unwrap() > 0.0, "{data}");
        assert!(of_length(&all, &data, &climd, &plain).low.unwrap() < 0.0, "{data}");
        for gain in differences(&all, "lengths", "macro F1", |id| id.starts_with("100-epochs/"), "100-epochs/plain") {
            assert!(gain.data != data || gain.difference < shorter.difference, "{data}: {}", gain.id);
        }
        if splits.is_empty() {
            assert!(of_length(&all, &data, "chosen/climd", "chosen/plain").low.unwrap() < 0.0, "{data}");
        }
    }
}

/// `advice.md`, "Right labels, the tail of the data": no shorter training is told better, a length from an inner split
/// is told to lose nowhere, and with lengths so chosen no method is told ahead of plain training.
#[test]
fn with_right_labels_no_shorter_training_is_better() {
    let all = results();
    let sets = ["htad", "kipan", "lgg", "digits", "brca"];
    for data in sets {
        for epochs in ["10-epochs", "25-epochs", "50-epochs"] {
            let shorter = of_length(&all, data, &format!("{epochs}/plain"), "100-epochs/plain");
            assert!(shorter.low.unwrap() <= 0.0, "{data}, {epochs}");
        }
        assert!(of_length(&all, data, "chosen/plain", "100-epochs/plain").high.unwrap() >= 0.0, "{data}");
    }
    let chosen = differences(&all, "lengths", "macro F1", |id| id.starts_with("chosen/"), "chosen/plain");
    let chosen: Vec<&Record> = chosen.into_iter().filter(|of| sets.contains(&of.data.as_str())).collect();
    assert_eq!((chosen.len(), ahead(&chosen)), (25, Vec::new()));
}

/// `advice.md`, "The same, with a length from an inner split for every row", at 50:1.
#[test]
fn with_chosen_lengths_at_50_to_1_the_loss_is_told_on_two_sets_and_the_curriculum_on_none() {
    let all = results();
    let gains = |id: &str, beside: &str| -> Vec<&Record> {
        let of = differences(&all, "lengths", "macro F1", |of| of == id, beside);
        of.into_iter().filter(|of| of.data.ends_with(", 50:1")).collect()
    };
    assert_eq!(ahead(&gains("chosen/prior", "chosen/plain")), ["htad 50:1", "lgg 50:1"]);
    assert_eq!(
        (gains("chosen/climd", "chosen/plain").len(), ahead(&gains("chosen/climd", "chosen/plain"))),
        (5, vec![])
    );
    let plain = gains("chosen/plain", "100-epochs/plain");
    assert!(plain.iter().all(|of| of.high.unwrap() > 0.0 && of.difference.unwrap() > -0.75));
}

/// `advice.md`: "on digits a curriculum or `Trim` helps a training that is too long".
#[test]
fn on_digits_with_wrong_labels_what_helps_after_100_epochs_does_not_after_10() {
    let all = results();
    let told = |arm: &str, epochs: u32| {
        let [id, beside] = [arm, "plain"].map(|arm| format!("{epochs}-epochs/{arm}"));
        of_length(&all, "digits, 20 % noise", &id, &beside).low.unwrap() > 0.0
    };
    assert_eq!([10, 25, 50].map(|epochs| told("climd", epochs)), [false, true, true]);
    assert_eq!([10, 100].map(|epochs| told("trim-prior", epochs)), [false, true]);
    let best = |epochs: &str| {
        let is = |of: &&Record| {
            of.data == "digits, 20 % noise" && of.id.starts_with(epochs) && of.table.starts_with("lengths")
        };
        all.iter().filter(is).map(|of| of.mean.unwrap()).fold(0.0, f64::max)
    };
    assert!(["25-", "50-", "100-"].iter().all(|longer| best(longer) < best("10-")));
}

//! Promise: what a written page says was measured. Every figure in the pages below stands in a CSV file that the
//! program wrote, in a row that the page names; and a page links to files that are there. Figures are decimal numbers,
//! and in most of the pages also whole numbers from 10 on: steps, splits, samples, patients. A ratio of classes, as
//! 50:1, is a name of data.
//!
//! How a page names its rows: a comment stands before a block (a paragraph, a list or a table, up to the next blank
//! line), `<!-- from FILE: ID, ID; FILE: ID; given: 0.5, 1.88 -->`. FILE is a CSV file under docs/results without its
//! end, with `/paper` or `/native` behind it for a section other than the first one. ID is a row's id, without
//! `baseline/` where it begins so, or `ID - ID` for a contrast. `given` are figures that are no measurement of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use climd_repro::comparisons::{Comparison, Key, comparisons, key, records};
use climd_repro::map;
use climd_repro::record::Record;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The written pages, which quote the others.
const PAGES: [&str; 7] = [
    "README.md",
    "docs/results/README.md",
    "docs/results/advice.md",
    "docs/results/brca.md",
    "docs/results/observe.md",
    "docs/results/targets.md",
    "docs/mllc.md",
];

/// Those of them whose whole numbers are read, too.
const WHOLE: [&str; 5] =
    ["README.md", "docs/results/README.md", "docs/results/advice.md", "docs/results/brca.md", "docs/mllc.md"];

/// Those that mark with one star what is told from 0, and with two what is also told among all comparisons.
const STARS: [&str; 3] = ["README.md", "docs/results/README.md", "docs/results/advice.md"];

/// The rows of each section, and the comparisons that are told among all.
struct Measured {
    sections: BTreeMap<String, BTreeMap<String, Vec<Record>>>,
    told: BTreeSet<Key>,
}

impl Measured {
    fn new() -> Measured {
        let all = comparisons(&records(&root().join("docs/results")).unwrap());
        let told = all.iter().filter(|of| of.bh_fixed.unwrap_or(of.bh) < 0.05).map(Comparison::key).collect();
        Measured { sections: sections(), told }
    }

    /// Number of stars that a difference has.
    fn stars(&self, record: &Record) -> usize {
        let is_told = record.low.is_some_and(|low| low > 0.0) || record.high.is_some_and(|high| high < 0.0);
        let among_all = record.metric == "macro F1" && key(record).is_some_and(|key| self.told.contains(&key));
        usize::from(is_told) + usize::from(is_told && among_all)
    }
}

/// Records by section (`advice-brca-50to1`, `table1-brca/paper`) and row (`climd`, `dmib/climd`, `climd - prior`). The
/// first learning rate of a file is left out of the name.
fn sections() -> BTreeMap<String, BTreeMap<String, Vec<Record>>> {
    let mut first: BTreeMap<String, String> = BTreeMap::new(); // rate, by table and data
    let mut measured: BTreeMap<String, BTreeMap<String, Vec<Record>>> = BTreeMap::new();
    for record in records(&root().join("docs/results")).unwrap() {
        let (table, rate) = record.table.split_once(" (").unwrap();
        let rate = rate.split([' ', ')']).next().unwrap();
        // `brca, 50:1, 20 % noise, 25 epochs, splits from 20 on` is in `brca-50to1-noise20-25-epochs-from20`
        let parts = record.data.split(", ").map(|part| match part {
            _ if part.ends_with(":1") => part.replace(":1", "to1"),
            _ if part.ends_with(" % noise") => format!("noise{}", part.trim_end_matches(" % noise")),
            _ if part.ends_with(" epochs") => part.replace(' ', "-"),
            _ if part.starts_with("splits from ") => part.replace("splits from ", "from").replace(" on", ""),
            _ => part.to_owned(),
        });
        let mut section = format!("{table}-{}", parts.collect::<Vec<_>>().join("-"));
        let whole = format!("{section}/{rate}");
        if first.entry(section.clone()).or_insert_with(|| rate.to_owned()) != rate {
            section = whole.clone();
        }
        let short = |id: &str| id.strip_prefix("baseline/").unwrap_or(id).to_owned();
        let id = match &record.beside {
            // a row's own baseline is plain training; any other pair is a contrast
            Some(beside) if !beside.contains("/plain") => format!("{} - {}", short(&record.id), short(beside)),
            _ => short(&record.id),
        };
        if section != whole {
            measured.entry(whole).or_default().entry(id.clone()).or_default().push(record.clone());
        }
        measured.entry(section).or_default().entry(id).or_default().push(record);
    }
    measured
}

/// What a block may say.
#[derive(Default)]
struct Allowed {
    figures: BTreeSet<String>,
    differences: BTreeMap<String, BTreeSet<usize>>, // whole, `+1.3 [+0.2, +2.3]`, and how many stars they have
    whole: BTreeSet<String>,                        // numbers of splits, steps, samples and patients
}

impl Allowed {
    fn row(&mut self, records: &[Record], measured: &Measured) {
        for record in records {
            let Record { paper, paper_sd, mean, sd, difference, low, high, plain_low, plain_high, .. } = *record;
            self.figures.extend([paper, paper_sd, mean, sd].into_iter().flatten().map(|value| format!("{value:.1}")));
            let signed = [difference, low, high, plain_low, plain_high].into_iter().flatten();
            self.figures.extend(signed.map(|value| format!("{value:+.1}")));
            self.figures
                .extend([record.p, record.p_corrected].into_iter().flatten().map(|value| format!("{value:.3}")));
            self.whole.extend([record.seeds, record.steps].map(|count| count.to_string()));
            self.whole.extend(mean.map(|mean| format!("{mean:.0}")));
            self.whole.extend(whole(&record.data)); // 20 % noise
            if let (Some(mean), Some(low), Some(high)) = (difference, low, high) {
                let text = format!("{mean:+.1} [{low:+.1}, {high:+.1}]");
                self.differences.entry(text).or_default().insert(measured.stars(record));
            }
        }
    }
}

/// Reads `from ...`.
fn allowed(comment: &str, measured: &Measured) -> Result<Allowed, String> {
    let mut allowed = Allowed::default();
    for part in comment.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (section, rows) = part.split_once(": ").ok_or(format!("`{part}` has no `: `"))?;
        if section == "given" {
            allowed.figures.extend(rows.split(", ").map(str::to_owned));
            allowed.whole.extend(rows.split(", ").map(str::to_owned));
            continue;
        }
        let section = measured.sections.get(section).ok_or(format!("no section `{section}`"))?;
        for row in rows.split(", ") {
            allowed.row(section.get(row).ok_or(format!("no row `{row}` in `{part}`"))?, measured);
        }
    }
    Ok(allowed)
}

/// Every decimal number, with its sign; not what is part of a longer name or number, as a version is.
fn figures(text: &str) -> Vec<String> {
    let of_number = |c: char| c.is_ascii_digit() || "+-.".contains(c);
    let words = text.split(|c: char| !(of_number(c) || c.is_alphanumeric() || c == '_'));
    let words = words.map(|word| word.trim_end_matches(['.', '-']));
    words.filter(|word| word.contains('.') && word.parse::<f64>().is_ok()).map(str::to_owned).collect()
}

/// Every whole number from 10 on, not what is part of a longer name, a ratio or a range.
fn whole(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || "+-.,:_".contains(c)));
    let words = words.map(|word| word.trim_end_matches(['.', '-', ',', ':']).replace(',', "")); // 53,800
    words.filter(|word| word.parse().is_ok_and(|number: u64| number >= 10)).collect()
}

/// Every `number [number, number]` of a text, and the number of stars behind it.
fn quoted(text: &str) -> Vec<(String, usize)> {
    let number = |text: &str| text.trim().parse::<f64>().is_ok();
    let interval = |(at, _): (usize, &str)| {
        let inside = text[at + 1..].split(']').next()?;
        let (low, high) = inside.split_once(", ")?;
        let mean = text[..at].split_whitespace().next_back()?;
        let behind = text[at + 1 + inside.len() + 1..].trim_start_matches(' ');
        let stars = behind.split(|c| c != '\\' && c != '*').next()?.matches("\\*").count();
        (number(low) && number(high) && number(mean)).then(|| (format!("{mean} [{inside}]"), stars))
    };
    text.match_indices('[').filter_map(interval).collect()
}

/// The text without code and without what links lead to.
fn prose(page: &str) -> String {
    let mut text = String::new();
    for (at, part) in page.split("```").enumerate() {
        text += if at % 2 == 0 { part } else { "\n" };
    }
    let lines = text.lines().map(|line| if line.starts_with("    ") { "" } else { line });
    let text = lines.collect::<Vec<_>>().join("\n");
    let text: String = text.split('`').step_by(2).collect();
    let mut links = text.split("](");
    let first = links.next().unwrap_or_default().to_owned();
    links.fold(first, |text, rest| text + "]" + rest.split_once(')').map_or(rest, |(_, rest)| rest))
}

/// What a page says without having it from anywhere. `all`: whole numbers are read, too; `stars`: so are stars.
fn unknown(page: &str, all: bool, stars: bool, measured: &Measured) -> Vec<String> {
    let mut unknown = Vec::new();
    for block in prose(page).split("\n\n") {
        let (comment, text) =
            match block.trim_start().strip_prefix("<!-- from ").and_then(|block| block.split_once("-->")) {
                Some((comment, text)) => (comment.split_whitespace().collect::<Vec<_>>().join(" "), text),
                None => (String::new(), block),
            };
        let allowed = allowed(&comment, measured).unwrap_or_else(|error| {
            unknown.push(error);
            Allowed::default()
        });
        for (difference, found) in quoted(text) {
            match allowed.differences.get(&difference) {
                None => unknown.push(difference),
                Some(of) if stars && !of.contains(&found) => unknown.push(format!("{difference} has {of:?} stars")),
                Some(_) => (),
            }
        }
        unknown.extend(figures(text).into_iter().filter(|figure| !allowed.figures.contains(figure)));
        if all {
            // 95: every interval
            unknown.extend(whole(text).into_iter().filter(|figure| figure != "95" && !allowed.whole.contains(figure)));
        }
    }
    unknown
}

#[test]
fn every_figure_was_measured() {
    let measured = Measured::new();
    let of_page = |page: &&'static str| {
        let text = fs::read_to_string(root().join(page)).unwrap();
        (*page, unknown(&text, WHOLE.contains(page), STARS.contains(page), &measured))
    };
    let unknown: Vec<_> = PAGES.iter().map(of_page).filter(|(_, unknown)| !unknown.is_empty()).collect();
    assert!(unknown.is_empty(), "blocks of these pages do not name the rows of {unknown:?}");
}

#[test]
fn a_figure_that_was_not_measured_is_found() {
    let record = |id: &str, beside: &str, difference: f64| Record {
        id: format!("baseline/{id}"),
        beside: Some(format!("baseline/{beside}")),
        mean: Some(81.04),
        seeds: 20,
        steps: 1700,
        difference: Some(difference),
        low: Some(difference - 1.0),
        high: Some(difference + 1.0),
        ..Default::default()
    };
    let rows = BTreeMap::from([("climd".to_owned(), vec![record("climd", "plain", 2.0)])]);
    let sections = BTreeMap::from([("main-brca".to_owned(), rows)]);
    let measured = Measured { sections, told: BTreeSet::new() };
    let found = |text: &str| unknown(text, true, true, &measured);
    let from = "<!-- from main-brca: climd -->\n";
    assert_eq!(
        found(&format!("{from}81.0 and +2.0 [+1.0, +3.0] \\*, in 2; `0.3`, [1.5](file-0.7.md), v1.2.3")),
        ["1.5"]
    );
    assert_eq!(found(&format!("{from}+2.0 [+1.0, +3.0], once")), ["+2.0 [+1.0, +3.0] has {1} stars"]);
    assert_eq!(found(&format!("{from}+2.0 [+1.0, +3.0] \\*\\*")), ["+2.0 [+1.0, +3.0] has {1} stars"]);
    assert_eq!(found("81.0 without a source"), ["81.0"]);
    assert_eq!(found(&format!("{from}fine\n\n81.0 in the next block")), ["81.0"]);
    assert_eq!(found(&format!("{from}-2.0, and +2.0 [+1.0, +2.0].")), ["+2.0 [+1.0, +2.0]", "-2.0"]);
    assert_eq!(found("<!-- from main-brca: climd; given: 0.5 -->\n0.5 and 81.0"), Vec::<String>::new());
    assert_eq!(found(&format!("{from}20 splits, 1,700 steps (50:1), 81, 95 %, 9; 21 splits")), ["21"]);
    assert_eq!(found("<!-- from main-brca: prior -->\n"), ["no row `prior` in `main-brca: prior`"]);
}

#[test]
fn the_advice_of_inspect_was_measured() {
    let mut all = Allowed::default();
    let measured = Measured::new();
    measured.sections.values().flat_map(BTreeMap::values).for_each(|records| all.row(records, &measured));
    let quoted = quoted(&fs::read_to_string(root().join("crates/cli/src/inspect/advice.rs")).unwrap());
    assert_eq!(quoted.len(), 7, "{quoted:?}");
    assert!(quoted.iter().all(|(difference, _)| all.differences.contains_key(difference)), "{quoted:?}");
}

/// "Two settings of 24 are told" of `advice.md`, and where two stars are: wherever the loss knows the prior on HTAD at
/// 50:1, `Trim` on digits with wrong labels, and `Trim` with the loss on LGG after 25 epochs.
#[test]
fn what_the_advice_says_of_all_its_rows_holds() {
    let all = comparisons(&records(&root().join("docs/results")).unwrap());
    let is_first = |of: &&Comparison| of.table.starts_with("advice (one") || of.table.starts_with("label-noise (one");
    let advice: Vec<&Comparison> = all.iter().filter(is_first).collect();
    let alone = |of: &&&Comparison| of.id == "baseline/climd" && of.beside == "baseline/plain";
    let searched = |of: &&&Comparison| !of.data.contains("splits from");
    let (searched, fresh): (Vec<_>, Vec<_>) = advice.iter().filter(alone).partition(searched);
    let told =
        |of: &[&&Comparison]| of.iter().filter(|of| of.is_told()).map(|of| of.data.clone()).collect::<Vec<String>>();
    assert_eq!(
        (searched.len(), told(&searched)),
        (24, ["kipan, 20 % noise, neighbour", "kipan, 20 % noise"].map(str::to_owned).to_vec())
    );
    assert_eq!((fresh.len(), told(&fresh)), (6, Vec::new()));
    let two_stars = advice.iter().filter(|of| of.bh_fixed.is_some_and(|p| p < 0.05));
    let two_stars: BTreeSet<(&str, &str)> = two_stars.map(|of| (of.data.as_str(), of.id.as_str())).collect();
    let sets: BTreeSet<&str> = two_stars.iter().map(|(data, _)| *data).collect();
    let digits = "digits, 50:1, 20 % noise, splits from 20 on";
    let lgg = "lgg, 50:1, 25 epochs, splits from 20 on";
    let noisy = ["digits, 20 % noise", digits];
    assert_eq!(sets, noisy.into_iter().chain(["htad, 50:1", lgg]).collect());
    let with_loss = ["prior", "post-hoc", "climd-half-prior", "hard-majority-prior", "trim-prior"];
    assert!(
        with_loss.iter().all(|arm| two_stars.contains(&("htad, 50:1", &*format!("baseline/{arm}")))),
        "{two_stars:?}"
    );
}

#[test]
fn links_of_the_results_lead_to_files() {
    for entry in fs::read_dir(root().join("docs/results")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "md") {
            let text = fs::read_to_string(&path).unwrap();
            for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let file = link.split('#').next().unwrap();
                let there = link.starts_with("http") || path.parent().unwrap().join(file).exists();
                assert!(there, "{}: no {link}", path.display());
            }
        }
    }
}

/// Checks that every line of a page's tables names a test that exists, and counts them.
fn lines_with_a_test(page: &str) -> usize {
    let lines = page.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let check = |line: &str| {
        let mut quoted = line.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2);
        let (file, test) = (quoted.next().unwrap(), quoted.next().unwrap());
        let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let calls = [("fn", "("), ("fn", "<"), ("def", "(")]; // of Rust and of Python
        let is_there = calls.iter().any(|(word, next)| text.contains(&format!("{word} {test}{next}")));
        assert!(is_there, "{file} has no test {test}");
    };
    lines.map(check).count()
}

#[test]
fn every_promise_has_a_test() {
    let page = fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let promises = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise")).count();
    assert_eq!(lines_with_a_test(&page), promises);
    assert!(promises > 25, "{promises}");
}

#[test]
fn every_kind_of_error_has_a_line_and_every_line_a_test() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let page = read("docs/errors.md");
    let lines = lines_with_a_test(&page);
    assert!(lines >= 40, "{lines} lines");
    // a variant begins with its `#[error`, and ends that attribute before its name
    let areas = fs::read_dir(root().join("src/error")).unwrap();
    let mut source: String = areas.map(|area| fs::read_to_string(area.unwrap().path()).unwrap()).collect();
    for tools in ["crates/csv", "harness/data", "harness/mllc"] {
        source += &read(&format!("{tools}/src/error.rs"));
    }
    let attributes = source.split("#[error(").skip(1).filter(|text| !text.starts_with("transparent"));
    let names = attributes.map(|text| text.split(")]\n").nth(1).unwrap().trim_start());
    let names: Vec<&str> = names.map(|text| text.split([' ', ',', '{']).next().unwrap()).collect();
    assert!(names.len() > 110, "{names:?}");
    let missing: Vec<&&str> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/errors.md lacks {missing:?}");
}

/// The pages of `climd-repro map` are made of their CSV files alone.
#[test]
fn a_map_says_what_its_lines_say() {
    let folder = root().join("docs/results");
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if let (Some("csv"), Some(first)) = (path.extension().and_then(|end| end.to_str()), map::first_seed(&stem)) {
            let page = map::page(&map::read(&path).unwrap(), &stem, first);
            assert_eq!(fs::read_to_string(path.with_extension("md")).unwrap(), page, "{stem}: make it again");
        }
    }
}

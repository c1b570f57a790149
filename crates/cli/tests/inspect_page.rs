//! Promise: the page of `inspect` works from disk, without a network, on a phone, and with a million samples.
//!
//! `make test-page` runs it in headless Chromium. Each test appends a script to the page. The script acts like a
//! person, and reads what the page shows then.

use std::path::Path;
use std::process::Command;

use climd::{CurriculumSampler, PowerLaw, PowerLawScheduler};
use climd_cli::inspect::Inspection;
use climd_csv::{Kind, Labels};
use serde_json::Value;

const COUNTS: [(&str, usize); 4] =
    [("Luminal A", 305), ("Basal", 103), ("</script><script>oops()</script>", 80), ("Normal", 4)];

fn labels(counts: &[(&str, usize)]) -> Vec<String> {
    counts.iter().flat_map(|&(label, n)| vec![label.to_owned(); n]).collect()
}

fn inspection(labels: &[String]) -> Inspection {
    Inspection::new(labels, PowerLaw::default()).unwrap()
}

/// Scores that fall with the number of the sample.
fn scores(n: usize) -> Vec<f32> {
    (0..n).map(|sample| 1.0 - sample as f32 / n as f32).collect()
}

fn chromium(page: &Path, extra: &[&str]) -> String {
    let program = std::env::var("CHROMIUM").expect("CHROMIUM is not set: use `make test-page`");
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"])
        .args(["--host-resolver-rules=MAP * ~NOTFOUND"])
        .args(extra)
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The result of `script`, the body of a function, which runs after the scripts of the page.
fn ask(page: &str, script: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    let asking = format!(
        "<script>const found = document.createElement('pre'); found.id = 'found';
         try {{ found.textContent = JSON.stringify((() => {{ {script} }})()); }}
         catch (error) {{ found.textContent = JSON.stringify(String(error)); }}
         document.body.append(found);</script></body>"
    );
    std::fs::write(&file, page.replace("</body>", &asking)).unwrap();
    let dom = chromium(&file, &[]);
    let found = dom.split("<pre id=\"found\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let found = found.unwrap_or_else(|| panic!("the page's script failed: {}", &dom[..dom.len().min(2000)]));
    serde_json::from_str(&found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")).unwrap()
}

#[test]
#[ignore = "needs Chromium: make test-page"]
fn the_slider_shows_every_epoch() {
    let labels = labels(&COUNTS);
    let n = labels.len();
    let page = inspection(&labels).scores(scores(n)).unwrap().page("labels.csv", None).unwrap();
    let found = ask(
        &page,
        "const texts = which => [...document.querySelectorAll(which)].map(e => e.textContent);
         const filled = () => {
           const c = document.querySelector('#cells canvas');
           const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
           let blue = 0;
           for (let i = 0; i < d.length; i += 4) blue += d[i] < 50 ? 1 : 0;
           return blue / (d.length / 4); };
         const slider = document.getElementById('slider');
         return [0, 50, 99].map(epoch => { slider.value = epoch; slider.dispatchEvent(new Event('input'));
           return { where: document.getElementById('where').textContent, filled: filled(),
             shares: texts('#shares .number'), names: texts('#shares .name') }; });",
    );
    let codes: Vec<u32> = (0..).zip(COUNTS).flat_map(|(code, (_, n))| vec![code; n]).collect();
    let sampler = PowerLawScheduler::new(&codes, PowerLaw::default()).unwrap();
    for (at, epoch) in [0, 50, 99].into_iter().enumerate() {
        let (quotas, found) = (sampler.quotas(epoch).unwrap(), &found[at]);
        let len: usize = quotas.iter().sum();
        let start = format!("{epoch} of 99: {len} of {n} samples");
        assert!(found["where"].as_str().unwrap().starts_with(&start), "{found}");
        for (rank, (name, count)) in COUNTS.into_iter().enumerate() {
            let share = 100.0 * quotas[rank] as f64 / len as f64;
            assert_eq!(found["shares"][rank], format!("{} of {count} ({share:.1} %)", quotas[rank]));
            assert_eq!(found["names"][rank], name); // as text, not as markup
        }
        let filled = found["filled"].as_f64().unwrap();
        assert!((filled - quotas[0] as f64 / 305.0).abs() < 0.15, "{filled} of {quotas:?}"); // cells have gaps
    }
}

#[test]
#[ignore = "needs Chromium: make test-page"]
fn samples_are_named_and_the_hardest_sorted() {
    let labels = labels(&COUNTS);
    let ids: Vec<String> = (0..labels.len()).map(|at| format!("P{at}")).collect();
    let page = inspection(&labels).scores(scores(labels.len())).unwrap().page("labels.csv", Some(&ids)).unwrap();
    let found = ask(
        &page,
        "const canvas = document.querySelector('#cells canvas'), box = canvas.getBoundingClientRect();
         canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + 1, clientY: box.top + 1 }));
         const first = () => [...document.querySelector('#hardest tr').children].map(e => e.textContent);
         const button = document.querySelectorAll('th button')[2], seen = [first()];
         button.click(); seen.push(first()); button.click(); seen.push(first());
         const count = which => document.querySelectorAll(which).length;
         return { picked: document.getElementById('picked').textContent, seen,
           sort: document.querySelectorAll('th')[2].getAttribute('aria-sort'),
           rows: count('#hardest tr'), histograms: count('.histogram'),
           scored: !document.getElementById('scored').hidden };",
    );
    assert_eq!(found["picked"], "Luminal A: sample P0, in the epoch"); // the easiest of the largest class
    assert_eq!((&found["seen"][0][0], &found["seen"][0][1]), (&"Luminal A".into(), &"P304".into()), "{found}");
    assert_eq!(found["seen"][1][1], "P491"); // the lowest of all
    assert_eq!((&found["seen"][2][0], &found["seen"][2][1]), (&"Luminal A".into(), &"P285".into()), "{found}");
    assert_eq!((&found["sort"], &found["rows"]), (&"descending".into(), &(20 + 20 + 20 + 4).into()));
    assert_eq!((&found["histograms"], &found["scored"]), (&4.into(), &true.into()));

    let found =
        ask(&inspection(&labels).page("labels.csv", None).unwrap(), "return document.getElementById('scored').hidden;");
    assert_eq!(found, true); // without scores there is nothing to show of them
}

#[test]
#[ignore = "needs Chromium: make test-page"]
fn a_cell_of_several_samples_names_them_and_all_epochs_are_seen_at_once() {
    let labels = labels(&[("big", 9000), ("small", 60)]);
    let ids: Vec<String> = (0..labels.len()).map(|at| format!("P{at}")).collect();
    let page = inspection(&labels).scores(scores(labels.len())).unwrap().page("labels.csv", Some(&ids)).unwrap();
    let found = ask(
        &page,
        "const canvas = document.querySelector('#cells canvas'), box = canvas.getBoundingClientRect();
         canvas.dispatchEvent(new PointerEvent('pointerdown', { clientX: box.left + .01, clientY: box.top + 1 }));
         const bands = [...document.querySelectorAll('#bands polygon')];
         bands[1].dispatchEvent(new PointerEvent('pointermove'));
         return { picked: document.getElementById('picked').textContent, bands: bands.length,
           band: document.getElementById('band').textContent,
           line: document.getElementById('now').getAttribute('x1'), words: document.querySelectorAll('dt').length,
           code: [...document.querySelectorAll('#advice code')].map(e => e.textContent),
           step: document.getElementById('code').textContent,
           ticks: document.body.textContent.replace(/<script[^]*/, '').split('const data')[0].includes('`') };",
    );
    assert_eq!(found["picked"], "big: 3 samples: P0, P1, P2, in the epoch");
    assert_eq!((&found["bands"], &found["line"], &found["words"]), (&2.into(), &"0".into(), &4.into()));
    assert!(found["band"].as_str().unwrap().starts_with("small: "), "{found}");
    assert_eq!(found["code"][0], "prior_corrected_cross_entropy");
    assert!(found["step"].as_str().unwrap().contains("epoch.log_prior("), "{found}");
    assert_eq!(found["ticks"], false);
}

#[test]
#[ignore = "needs Chromium: make test-page"]
fn nothing_is_fetched_and_a_phone_is_wide_enough() {
    let labels = labels(&COUNTS);
    let page = inspection(&labels).scores(scores(labels.len())).unwrap().page(&"a_long_name".repeat(9), None).unwrap();
    for outside in ["http:", "https:", " src=", " href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));

    fits_a_phone(&page);
    for findings in [14, 189] {
        fits_a_phone(&multi_label(findings).page("findings.csv", None).unwrap());
    }
}

fn fits_a_phone(page: &str) {
    let found = on_a_phone(page, "[innerWidth, root.clientWidth, root.scrollWidth]");
    assert!(found[0] == 360 && found[1] == found[2], "wider than its window: {found}");
}

/// The value of an expression in a window of 360 pixels: a window is never narrower than 500, a frame can be.
fn on_a_phone(page: &str, expression: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let report = format!(
        "<script>onload = () => {{ const root = document.documentElement; \
         parent.postMessage(JSON.stringify({expression}), '*'); }};</script></body>"
    );
    std::fs::write(folder.path().join("page.html"), page.replace("</body>", &report)).unwrap();
    let frame = "<!doctype html><body><script>onmessage = event => { document.title = event.data; };</script>\
                 <iframe src=page.html width=360 height=640></iframe></body>";
    std::fs::write(folder.path().join("phone.html"), frame).unwrap();
    let dom = chromium(&folder.path().join("phone.html"), &["--allow-file-access-from-files"]);
    let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    serde_json::from_str(title.expect("the frame says what it found")).unwrap()
}

/// The table of the book's advice, under the book's own styles.
#[test]
#[ignore = "needs Chromium: make test-page"]
fn the_advice_of_the_book_is_a_list_on_a_phone_and_a_table_elsewhere() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let read = |file: &str| std::fs::read_to_string(docs.join(file)).unwrap();
    let (css, advice) = (read("book.css"), read("results/advice.md"));
    let mut rows = advice.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |row: &str, tag: &str| -> String {
        row.trim_matches('|').split('|').map(|cell| format!("<{tag}>{cell}</{tag}>")).collect()
    };
    let head = cells(rows.next().unwrap(), "th");
    let body: String = rows.skip(1).map(|row| format!("<tr>{}</tr>", cells(row, "td"))).collect();
    let page = format!(
        "<!doctype html><style>{css}</style><body><div class=content><div class=table-wrapper><table>\
         <thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></div></body>"
    );
    let displays = "['thead', 'tbody tr', 'tbody td'].map(of => getComputedStyle(document.querySelector(of)).display)";
    let phone = on_a_phone(&page, displays);
    assert_eq!(phone, serde_json::json!(["none", "block", "block"]));
    fits_a_phone(&page);
    let desk = ask(&page, &format!("return {displays};"));
    assert_eq!(desk, serde_json::json!(["table-header-group", "table-row", "table-cell"]));
}

#[test]
#[ignore = "needs Chromium: make test-page"]
fn a_million_samples_of_a_hundred_classes_fit() {
    let mut labels: Vec<String> =
        (0..1_000_000usize).map(|at| format!("code {:02}", at.trailing_zeros() * 5 + at as u32 % 5)).collect();
    labels.truncate(999_999);
    let page = inspection(&labels).scores(scores(labels.len())).unwrap().page("labels.csv", None).unwrap();
    assert!(page.len() < 2_000_000, "{}", page.len());
    let found = ask(
        &page,
        "const slider = document.getElementById('slider');
         slider.value = slider.max;
         slider.dispatchEvent(new Event('input'));
         return { rows: document.querySelectorAll('#cells canvas').length,
           where: document.getElementById('where').textContent };",
    );
    let mut names = labels.clone();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() >= 90);
    assert_eq!(found["rows"], names.len());
    assert!(found["where"].as_str().unwrap().starts_with("99 of 99: 999999 of 999999 samples"), "{found}");
}

/// Samples with any of `n` findings, and some with none, of 50 patients.
fn multi_label(n: u32) -> Inspection {
    let (mut starts, mut labels) = (vec![0], Vec::new());
    for sample in 0..1000u32 {
        let mut row: Vec<u32> = (0..n).filter(|label| sample.is_multiple_of(label + 2)).collect();
        row.truncate((sample % 7) as usize);
        labels.extend(row);
        starts.push(labels.len());
    }
    let classes = (0..n).map(|label| format!("Finding {label:03}")).collect();
    let (unknown_starts, rows) = (vec![0; 1001], (0..1000).collect());
    let kind = Kind::MultiHot((0..n as usize).collect());
    let none = Vec::new();
    let labels = Labels { classes, starts, labels, unknown_starts, unknown: Vec::new(), rows, kind, warnings: none };
    let patients: Vec<String> = (0..1000).map(|sample: usize| format!("P{}", sample.max(200) / 20)).collect();
    Inspection::of(&labels, PowerLaw::default()).unwrap().groups("patient", &patients, None).unwrap()
}

#[test]
#[ignore = "needs Chromium: make test-page"]
fn findings_are_shown_with_what_they_come_with() {
    for n in [14, 189] {
        let page = multi_label(n).page("findings.csv", None).unwrap();
        if let Some(folder) = std::env::var_os("PAGES") {
            std::fs::write(Path::new(&folder).join(format!("{n}.html")), &page).unwrap();
        }
        let found = ask(
            &page,
            "const slider = document.getElementById('slider'), canvas = document.getElementById('heat');
             slider.value = slider.max; slider.dispatchEvent(new Event('input'));
             const texts = which => [...document.querySelectorAll(which)].map(e => e.textContent);
             const box = canvas.getBoundingClientRect(), n = data.findings.names.length;
             canvas.dispatchEvent(new PointerEvent('pointerdown',
               { clientX: box.left + 1.5 * box.width / n, clientY: box.top + .5 * box.height / n }));
             const pen = canvas.getContext('2d'), wide = canvas.width / n, tall = canvas.height / n;
             const blue = (column, row) => pen.getImageData((column + .5) * wide, (row + .5) * tall, 1, 1).data[0] < 50;
             return { names: texts('#findings .name'), numbers: texts('#findings .number'),
               both: document.getElementById('both').textContent, pair: texts('#pairs tr:first-child td'),
               diagonal: blue(0, 0), largest: document.getElementById('largest').textContent,
               cell: Math.min(box.width, box.height) / n, rows: texts('#rows li').length,
               wide: document.documentElement.scrollWidth - document.documentElement.clientWidth };",
        );
        // what the labels themselves say
        let of = |sample: u32| {
            (0..n)
                .filter(move |label| sample.is_multiple_of(label + 2))
                .take((sample % 7) as usize)
                .collect::<Vec<u32>>()
        };
        let has = |label: u32| (0..1000).filter(|&sample| of(sample).contains(&label)).count();
        let both = (0..1000).filter(|&sample| of(sample).contains(&0) && of(sample).contains(&1)).count();
        assert_eq!(found["names"].as_array().unwrap().len(), n as usize);
        assert_eq!((&found["names"][0], &found["names"][1]), (&"Finding 000".into(), &"Finding 001".into()));
        let (first, second) = (has(0), has(1));
        // the last epoch has all samples
        assert_eq!(found["numbers"][0], format!("{first} of {first} ({:.1} %)", first as f64 / 10.0));
        let percent = |of: usize| format!("{:.1} %", 100.0 * both as f64 / of as f64);
        assert_eq!(
            found["both"],
            format!(
                "Finding 000 with Finding 001: {both} samples, {} of Finding 000, {} of Finding 001",
                percent(first),
                percent(second)
            )
        );
        let pairs =
            |a: u32| (0..a).map(move |b| (0..1000).filter(|&s| of(s).contains(&a) && of(s).contains(&b)).count());
        assert_eq!(found["pair"][1], (0..14).flat_map(pairs).max().unwrap().to_string());
        assert_eq!((&found["diagonal"], &found["wide"]), (&true.into(), &0.into()));
        assert_eq!(found["largest"], "Largest patient of the epoch: P10, 220 of 1000 samples (22.0 %)");
        assert!(found["cell"].as_f64().unwrap() >= 6.0, "{found}");
        assert_eq!(found["rows"], if n == 14 { 14 } else { 0 }); // names where they can be read
    }
}

#[test]
#[ignore = "needs Chromium: make test-page"]
fn a_page_without_findings_or_patients_says_nothing_of_them() {
    let page = inspection(&labels(&COUNTS)).page("labels.csv", None).unwrap();
    let found = ask(&page, "return ['several', 'largest'].map(id => document.getElementById(id).hidden);");
    assert_eq!(found, serde_json::json!([true, true]));
}

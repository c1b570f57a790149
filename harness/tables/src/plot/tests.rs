use super::colours::{class_colours, palette};
use super::*;
use plotters::style::RGBColor;
use std::path::PathBuf;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|class| format!("class {class} <&>")).collect()
}

fn series() -> Series {
    Series {
        name: "CLIMD".into(),
        x: vec![0.0, 10.0, 20.0],
        mean: vec![0.5, 0.7, 0.8],
        band: vec![(0.4, 0.6), (0.65, 0.75), (0.78, 0.82)],
    }
}

/// Width and height, as each file says them.
fn sizes([svg, png]: &[PathBuf; 2]) -> ([u32; 2], [u32; 2]) {
    let text = std::fs::read_to_string(svg).unwrap();
    let side = |name| text.split(name).nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let bytes = std::fs::read(png).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    ([side("width=\""), side("height=\"")], [word(16), word(20)])
}

#[test]
fn both_files_are_the_same_figure_at_two_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("new/gamma_0.3");
    let counts = [vec![2, 2, 2], vec![8, 5, 3]];
    let files = class_distribution(&stem, "Title & more", &names(3), &[0, 5], &counts).unwrap();
    assert_eq!(files[0], folder.path().join("new/gamma_0.3.svg"));
    assert_eq!(files[1], folder.path().join("new/gamma_0.3.png"));
    let (svg, png) = sizes(&files);
    assert_eq!(svg.map(|side| 2 * side), png);
    let text = std::fs::read_to_string(&files[0]).unwrap();
    for wanted in ["Title &amp; more", "class 0 &lt;&amp;&gt;", "class 2", "epoch", "samples", "sans-serif"] {
        assert!(text.contains(wanted), "{wanted}");
    }
}

#[test]
fn odd_figures_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let stem = folder.path().join("figure");
    assert!(class_distribution(&stem, "", &names(1), &[7], &[vec![0]]).is_ok()); // no sample at all
    assert!(class_distribution(&stem, "", &names(60), &[0, 1], &[vec![1; 60], vec![2; 60]]).is_ok());
    let flat = Series { mean: vec![1.0; 3], band: vec![], ..series() };
    assert!(
        curves(
            &stem,
            "",
            "",
            "",
            &[flat, Series { x: vec![1.0], mean: vec![1.0], band: vec![(1.0, 1.0)], ..series() }]
        )
        .is_ok()
    );
    assert!(curves(&stem, &"long ".repeat(99), &"long ".repeat(99), &"long ".repeat(99), &vec![series(); 10]).is_ok());
}

#[test]
fn long_names_widen_the_figure() {
    let folder = tempfile::tempdir().unwrap();
    let width = |name: &str| {
        let series = [Series { name: name.into(), ..series() }];
        sizes(&curves(folder.path().join("figure"), "", "x", "y", &series).unwrap()).0[0]
    };
    assert!(width("a name of some length") > width("a") + 100);
    assert_eq!(width(&"m".repeat(41)), width(&("m".repeat(39) + "…"))); // cut after 40 characters
}

#[test]
fn counts_that_do_not_fit_are_refused() {
    let draw = |names: &[String], epochs: &[usize], counts: &[Vec<usize>]| {
        class_distribution("unused", "", names, epochs, counts).unwrap_err().to_string()
    };
    assert_eq!(draw(&[], &[0], &[vec![]]), "`class_names` is empty, but a figure needs at least one value");
    assert_eq!(draw(&names(1), &[], &[]), "`epochs` is empty, but a figure needs at least one value");
    assert_eq!(draw(&names(1), &[0], &[]), "`counts` has length 0, but must have length 1: one list an epoch");
    assert_eq!(
        draw(&names(2), &[0], &[vec![1]]),
        "`counts[0]` has length 1, but must have length 2: one number a class"
    );
    assert_eq!(draw(&names(1), &[3, 3], &[vec![1], vec![1]]), "`epochs[1]` is 3, but must be above the one before");
}

#[test]
fn series_that_do_not_fit_are_refused() {
    let draw = |series: &[Series]| curves("unused", "", "", "", series).unwrap_err().to_string();
    assert_eq!(draw(&[]), "`series` is empty, but a figure needs at least one value");
    assert_eq!(draw(&[Series::default()]), "`series[0].x` is empty, but a figure needs at least one value");
    let short = Series { mean: vec![0.5], ..series() };
    assert_eq!(draw(&[series(), short]), "`series[1].mean` has length 1, but must have length 3: one value a point");
    let short = Series { band: vec![(0.0, 0.5)], ..series() };
    assert_eq!(
        draw(&[short]),
        "`series[0].band` has length 1, but must have length 3: one value a point, or none at all"
    );
    let nan = Series { mean: vec![0.5, f64::NAN, 0.5], ..series() };
    assert_eq!(draw(&[nan]), "`series[0].mean[1]` is NaN, but must be finite");
    let turned = Series { band: vec![(0.0, 0.5), (0.0, 0.5), (0.5, 0.0)], ..series() };
    assert_eq!(draw(&[turned]), "`series[0].band[2]` is -0.5, but must be the lower edge first");
    let back = Series { x: vec![0.0, 2.0, 1.0], ..series() };
    assert_eq!(draw(&[back]), "`series[0].x[2]` is 1, but must be at least the one before");
}

#[test]
fn unwritable_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = curves(folder.path().join("file/figure"), "", "", "", &[series()]).unwrap_err().to_string();
    assert!(error.contains("file` cannot be written: "), "{error}");
}

#[test]
fn drawing_error_is_passed_on() {
    let error = Error::Draw { reason: "no font".into() };
    assert_eq!(error.to_string(), "the figure cannot be drawn: no font");
}

#[test]
fn palettes_have_no_colour_twice() {
    for count in [1, 5, 8, 9, 40] {
        for colours in [palette(count), class_colours(count)] {
            let mut colours: Vec<_> = colours.into_iter().map(|RGBColor(r, g, b)| (r, g, b)).collect();
            colours.sort_unstable();
            colours.dedup();
            assert_eq!(colours.len(), count);
        }
    }
}

/// Contrast as the web's accessibility guidelines define it.
#[test]
fn every_colour_is_seen_on_white_and_no_class_looks_like_a_method() {
    let light =
        |c: u8| if c <= 10 { f64::from(c) / 3294.6 } else { ((f64::from(c) / 255.0 + 0.055) / 1.055).powf(2.4) };
    for RGBColor(r, g, b) in [palette(8), class_colours(8), palette(40)].concat() {
        let contrast = 1.05 / (0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b) + 0.05);
        assert!(contrast > 1.7, "{r} {g} {b}: {contrast}");
    }
    assert!(palette(8).iter().all(|colour| !class_colours(8).contains(colour)));
}

#[test]
fn a_figure_says_what_is_on_it_and_no_axis_of_percent_goes_past_100() {
    let folder = tempfile::tempdir().unwrap();
    let high =
        Series { mean: vec![90.0, 99.0, 99.5], band: vec![(80.0, 101.0), (97.0, 104.0), (98.0, 103.0)], ..series() };
    let look = Look { mark: Some((10.0, "the curriculum ends".into())), ..Default::default() };
    let draw = |label, name: &str| {
        let [svg, _] =
            curves_as(folder.path().join(name), "A < B", ["step", label], &vec![high.clone(); 6], &look).unwrap();
        std::fs::read_to_string(svg).unwrap()
    };
    let text = draw("macro F1 (%)", "percent");
    assert!(
        text.contains("<title>A &lt; B</title>") && text.contains("<desc>macro F1 (%) over step: CLIMD, "),
        "{text}"
    );
    assert!(text.contains("A vertical line at 10: the curriculum ends."));
    // bands of four of the six; nothing is drawn above the axis
    assert_eq!(text.matches("opacity=\"0.18\"").count(), 4);
    assert!(draw("points", "points").contains(">105</") || draw("points", "points").contains("105\n"));
    assert!(!text.contains("105\n") && !text.contains(">105</"));
}

#[test]
fn a_forest_has_a_line_for_each_difference_and_refuses_what_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, mean: f64, reach: f64| Difference {
        name: name.into(),
        mean,
        interval: (mean - reach, mean + reach),
    };
    let all = [of("prior", 2.0, 1.0), of("CLIMD", -0.5, 1.0), of("Trim", -3.0, 0.5)];
    let [svg, _] = forest(folder.path().join("forest"), "t", "points", &all).unwrap();
    let text = std::fs::read_to_string(svg).unwrap();
    assert!(
        text.contains("<desc>points: prior +2.0 [+1.0, +3.0]; CLIMD -0.5 [-1.5, +0.5]; Trim -3.0 [-3.5, -2.5].</desc>")
    );
    for (name, colour) in [("prior", "#0072B2"), ("CLIMD", "#282828"), ("Trim", "#D55E00")] {
        assert!(text.contains(&format!("\n{name}\n")) && text.contains(colour), "{name}: {text}");
    }
    let error = |of: Difference| forest("unused", "", "", &[of]).unwrap_err().to_string();
    assert_eq!(
        forest("unused", "", "", &[]).unwrap_err().to_string(),
        "`differences` is empty, but a figure needs at least one value"
    );
    assert_eq!(error(of("a", f64::NAN, 1.0)), "`differences[0]` is NaN, but must be finite");
    assert_eq!(error(of("a", 1.0, -1.0)), "`differences[0]` is 2, but must be the lower end first");
}

//! Draws figures as SVG and PNG, on any machine: the font is part of the binary, and nothing else is needed.
//!
//! First [`class_distribution`] and [`curves`] turn numbers into plain shapes. Then the same code draws the shapes
//! for each format. Colours of methods are Okabe and Ito's, which colour-blind readers can distinguish, without their
//! yellow, which is not seen on white; lines have their own dashes. Classes have other colours than methods. More
//! than eight series get colours from dark to light. An SVG file has a title and a description. The legend is beside
//! the plot, so that it covers no data. Above 54 entries it names every second one, every third one, and so on.

mod canvas;
mod colours;
mod error;
mod figure;
mod tiles;

use std::ops::Range;
use std::path::Path;

use plotters::style::{Color, RGBColor};

use self::canvas::INK;
use self::colours::{GREY, class_colours, palette};
pub use self::error::{Error, Result};
use self::error::{not_empty, same_length, value};
use self::figure::{Figure, Panel, Pen, Shape, Swatch};
pub use self::tiles::{Kind, Tile, Tiles, tiles};

/// One curve: its points, and the spread of the values behind each point.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Ascending.
    pub x: Vec<f64>,
    /// One value for each point.
    pub mean: Vec<f64>,
    /// Lower and upper edge of the band at each point; empty for a curve without one.
    pub band: Vec<(f64, f64)>,
}

/// Draws how many samples of each class the epochs hold: numbers above, shares below.
///
/// The shares show the balance of the early epochs, which the numbers cannot: a curriculum begins with few samples.
/// Classes are stacked in the order given, the first at the bottom. Writes `{stem}.svg` and `{stem}.png`, and makes
/// their folder.
///
/// # Shapes
/// `epochs`: `[E]`, ascending; `counts`: `[E][C]`, with `C` class names.
///
/// # Errors
/// [`Error::Empty`], [`Error::Length`] or [`Error::Value`] naming the argument; [`Error::Write`].
pub fn class_distribution(
    stem: impl AsRef<Path>,
    title: &str,
    class_names: &[String],
    epochs: &[usize],
    counts: &[Vec<usize>],
) -> Result {
    not_empty("class_names", class_names.len())?;
    not_empty("epochs", epochs.len())?;
    same_length("counts", counts.len(), epochs.len(), "one list an epoch")?;
    for (epoch, counts) in counts.iter().enumerate() {
        same_length(&format!("counts[{epoch}]"), counts.len(), class_names.len(), "one number a class")?;
    }
    let x: Vec<f64> = epochs.iter().map(|&epoch| epoch as f64).collect();
    if let Some(at) = x.windows(2).position(|pair| pair[0] >= pair[1]) {
        return Err(value("epochs", at + 1, x[at + 1], "above the one before"));
    }

    // tops[c][e]: the sum of classes 0..=c; areas are drawn from 0, the highest first, so that no seam shows
    let total = |epoch: usize| counts[epoch].iter().sum::<usize>() as f64;
    let tops: Vec<Vec<f64>> = (0..class_names.len())
        .map(|class| counts.iter().map(|counts| counts[..=class].iter().sum::<usize>() as f64).collect())
        .collect();
    let shares = |tops: &[f64]| tops.iter().enumerate().map(|(e, top)| 100.0 * top / total(e).max(1.0)).collect();
    let (edges, cells) = (edges(&x, if x.len() <= APART { 0.85 } else { 1.0 }), edges(&x, 1.0));
    let outer = cells[0].start..cells[cells.len() - 1].end;
    let colours = class_colours(class_names.len());
    let stack = |tops: Vec<Vec<f64>>| -> Vec<Shape> {
        let areas = tops.iter().zip(&colours).rev();
        areas.flat_map(|(tops, &colour)| bars(&edges, tops, colour)).collect()
    };
    let largest = (0..epochs.len()).map(total).fold(1.0, f64::max);
    let panel = |y_label: &str, y: Range<f64>, height, unit, shapes| Panel {
        x_label: "epoch".into(),
        y_label: y_label.into(),
        x: outer.clone(),
        y,
        height,
        unit,
        whole_x: true,
        x_names: Vec::new(),
        y_names: Vec::new(),
        shapes,
    };
    let percent = tops.iter().map(|tops| shares(tops)).collect();
    let mut upper = panel("samples", 0.0..1.04 * largest, 260, "", stack(tops));
    upper.x_label.clear(); // the lower panel's will do
    let lower = panel("share of the epoch", 0.0..100.0, 220, " %", stack(percent));
    let swatches = colours.iter().map(|&colour| Swatch::Filled(colour));
    let legend: Vec<(String, Swatch)> = class_names.iter().cloned().zip(swatches).collect();
    let description = format!("Samples of each epoch by class, and their shares: {}.", class_names.join(", "));
    let legend = legend.into_iter().rev().collect();
    Figure { title: title.into(), description, legend, panels: vec![upper, lower] }.write(stem.as_ref())
}

/// What a figure of curves has beside its curves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// Ends of the y axis; none: from the least to the largest value. Figures that are to be compared share them.
    pub y: Option<(f64, f64)>,
    /// Where on the x axis something ends or begins, and what.
    pub mark: Option<(f64, String)>,
    /// The curves are of classes and not of methods: other colours.
    pub of_classes: bool,
}

/// Bands are drawn for so many series, the first ones: more cover each other.
const BANDS: usize = 4;

/// Draws lines with bands: [`curves_as`] without anything else.
///
/// # Errors
/// As for [`curves_as`].
pub fn curves(stem: impl AsRef<Path>, title: &str, x_label: &str, y_label: &str, series: &[Series]) -> Result {
    curves_as(stem, title, [x_label, y_label], series, &Look::default())
}

/// Draws lines, the first four with their bands. An axis whose label ends in `(%)` ends at 100 at the latest.
///
/// Writes `{stem}.svg` and `{stem}.png`, and makes their folder. `labels` are those of the axes.
///
/// # Errors
/// [`Error::Empty`], [`Error::Length`] or [`Error::Value`] naming the series and the point; [`Error::Write`].
pub fn curves_as(
    stem: impl AsRef<Path>,
    title: &str,
    [x_label, y_label]: [&str; 2],
    series: &[Series],
    look: &Look,
) -> Result {
    not_empty("series", series.len())?;
    for (index, series) in series.iter().enumerate() {
        series.check(index)?;
    }
    let most = if y_label.ends_with("(%)") { 100.0 } else { f64::INFINITY };
    let colours = if look.of_classes { class_colours(series.len()) } else { palette(series.len()) };
    let pens: Vec<Pen> = colours.iter().enumerate().map(|(index, &colour)| Pen::nth(index, colour)).collect();
    let clamped = |outline: Vec<(f64, f64)>| outline.into_iter().map(|(x, y)| (x, y.min(most))).collect();
    let banded = series.iter().zip(&colours).take(BANDS);
    let bands = banded.map(|(series, &colour)| Shape::Area(clamped(series.outline()), colour.mix(0.18)));
    let lines = series.iter().zip(&pens).map(|(series, &pen)| Shape::Line(series.line(), pen));
    let mut shapes: Vec<Shape> = bands.chain(lines).collect();
    let points = || {
        shapes.iter().flat_map(|shape| match shape {
            Shape::Area(points, _) | Shape::Line(points, _) => points.iter().copied(),
        })
    };
    let x = padded(points().map(|point| point.0), 0.0);
    let fitted = padded(points().map(|point| point.1), 0.05);
    let y = look.y.map_or(fitted.start..fitted.end.min(most), |(low, high)| low..high);
    let mut legend: Vec<(String, Swatch)> =
        series.iter().zip(&pens).map(|(series, &pen)| (series.name.clone(), Swatch::Drawn(pen))).collect();
    let names: Vec<&str> = series.iter().map(|series| series.name.as_str()).collect();
    let mut description = format!("{y_label} over {x_label}: {}.", names.join(", "));
    if let Some((at, what)) = look.mark.as_ref().filter(|(at, _)| x.contains(at)) {
        let pen = Pen { colour: GREY, dash: Some((6, 6)) };
        shapes.push(Shape::Line(vec![(*at, y.start), (*at, y.end)], pen));
        legend.push((what.clone(), Swatch::Drawn(pen)));
        description += &format!(" A vertical line at {at:.0}: {what}.");
    }
    let panel = Panel {
        x_label: x_label.into(),
        y_label: y_label.into(),
        x,
        y,
        height: 400,
        unit: "",
        whole_x: false,
        x_names: Vec::new(),
        y_names: Vec::new(),
        shapes,
    };
    Figure { title: title.into(), description, legend, panels: vec![panel] }.write(stem.as_ref())
}

/// A difference with its interval: a line of a [`forest`].
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Name of the line.
    pub name: String,
    /// The difference.
    pub mean: f64,
    /// Lower and upper end of its interval.
    pub interval: (f64, f64),
}

/// Draws differences with their intervals, one below the other, beside a line at 0. Those whose interval leaves 0 out
/// are in colour.
///
/// Writes `{stem}.svg` and `{stem}.png`, and makes their folder.
///
/// # Errors
/// [`Error::Empty`] without a difference; [`Error::Value`] for one that is not finite, or whose lower end is above the
/// upper; [`Error::Write`].
pub fn forest(stem: impl AsRef<Path>, title: &str, x_label: &str, differences: &[Difference]) -> Result {
    not_empty("differences", differences.len())?;
    for (index, of) in differences.iter().enumerate() {
        let (low, high) = of.interval;
        if let Some(found) = [of.mean, low, high].into_iter().find(|end| !end.is_finite()) {
            return Err(value("differences", index, found, "finite"));
        }
        if low > high {
            return Err(value("differences", index, low, "the lower end first"));
        }
    }
    let last = differences.len() - 1;
    let height = |index: usize| (last - index) as f64; // the first on top
    let mut shapes = vec![Shape::Line(vec![(0.0, -0.5), (0.0, last as f64 + 0.5)], GREY.into())];
    for (index, &Difference { mean, interval: (low, high), .. }) in differences.iter().enumerate() {
        let colour = match (low > 0.0, high < 0.0) {
            (true, _) => ABOVE,
            (_, true) => BELOW,
            _ => INK,
        };
        shapes.push(Shape::Line(vec![(low, height(index)), (high, height(index))], colour.into()));
        shapes.push(Shape::Line(vec![(mean, height(index))], colour.into()));
    }
    let ends = differences.iter().flat_map(|of| [of.interval.0, of.interval.1]).chain([0.0]);
    let panel = Panel {
        x_label: x_label.into(),
        y_label: String::new(),
        x: padded(ends.collect::<Vec<_>>().into_iter(), 0.05),
        y: -0.5..last as f64 + 0.5,
        height: 90 + 26 * differences.len() as u32,
        unit: "",
        whole_x: false,
        x_names: Vec::new(),
        y_names: differences.iter().rev().map(|of| of.name.clone()).collect(),
        shapes,
    };
    let line = |of: &Difference| format!("{} {:+.1} [{:+.1}, {:+.1}]", of.name, of.mean, of.interval.0, of.interval.1);
    let lines: Vec<String> = differences.iter().map(line).collect();
    let legend = [("above 0", ABOVE), ("not told from 0", INK), ("below 0", BELOW)];
    let legend = legend.map(|(name, colour)| (name.to_owned(), Swatch::Drawn(colour.into()))).into();
    let description = format!("{x_label}: {}.", lines.join("; "));
    Figure { title: title.into(), description, legend, panels: vec![panel] }.write(stem.as_ref())
}

const ABOVE: RGBColor = RGBColor(0, 114, 178);
const BELOW: RGBColor = RGBColor(213, 94, 0);

/// Draws groups of bars, one bar of each series in each group, with a line of one standard deviation to both sides.
///
/// Writes `{stem}.svg` and `{stem}.png`, and makes their folder.
///
/// # Shapes
/// `series`: name, and mean and standard deviation for each of `groups`. Values are in percent.
///
/// # Errors
/// [`Error::Empty`] or [`Error::Length`] naming the argument; [`Error::Write`].
pub fn bars_by_group(
    stem: impl AsRef<Path>,
    title: &str,
    y_label: &str,
    groups: &[String],
    series: &[(String, Vec<(f64, f64)>)],
) -> Result {
    not_empty("groups", groups.len())?;
    not_empty("series", series.len())?;
    for (index, (_, values)) in series.iter().enumerate() {
        same_length(&format!("series[{index}]"), values.len(), groups.len(), "one value a group")?;
    }
    let (colours, width) = (palette(series.len()), 0.8 / series.len() as f64);
    let mut shapes = Vec::new();
    for (index, ((_, values), &colour)) in series.iter().zip(&colours).enumerate() {
        for (group, &(mean, sd)) in values.iter().enumerate() {
            let left = group as f64 - 0.4 + width * index as f64;
            let (right, middle) = (left + 0.9 * width, left + 0.45 * width);
            shapes.push(Shape::Area(vec![(left, 0.0), (left, mean), (right, mean), (right, 0.0)], colour.mix(1.0)));
            let (low, high) = ((mean - sd).max(0.0), (mean + sd).min(100.0));
            shapes.push(Shape::Line(vec![(middle, low), (middle, high)], INK.into()));
        }
    }
    let panel = Panel {
        x_label: String::new(),
        y_label: y_label.into(),
        x: -0.5..groups.len() as f64 - 0.5,
        y: 0.0..100.0,
        height: 400,
        unit: " %",
        whole_x: true,
        x_names: groups.to_vec(),
        y_names: Vec::new(),
        shapes,
    };
    let swatches = colours.into_iter().map(Swatch::Filled);
    let legend = series.iter().map(|(name, _)| name.clone()).zip(swatches).collect();
    let names: Vec<&str> = series.iter().map(|(name, _)| name.as_str()).collect();
    let description = format!("{y_label} of {}, as bars: {}.", groups.join(", "), names.join(", "));
    Figure { title: title.into(), description, legend, panels: vec![panel] }.write(stem.as_ref())
}

impl Series {
    fn check(&self, index: usize) -> Result<()> {
        let argument = |field: &str| format!("series[{index}].{field}");
        not_empty(&argument("x"), self.x.len())?;
        same_length(&argument("mean"), self.mean.len(), self.x.len(), "one value a point")?;
        if !self.band.is_empty() {
            same_length(&argument("band"), self.band.len(), self.x.len(), "one value a point, or none at all")?;
        }
        let edges: Vec<f64> = self.band.iter().map(|&(low, high)| high - low).collect();
        for (field, values) in [("x", &self.x), ("mean", &self.mean), ("band", &edges)] {
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(value(&argument(field), at, values[at], "finite"));
            }
        }
        if let Some(at) = edges.iter().position(|&height| height < 0.0) {
            return Err(value(&argument("band"), at, edges[at], "the lower edge first"));
        }
        match self.x.windows(2).position(|pair| pair[0] > pair[1]) {
            Some(at) => Err(value(&argument("x"), at + 1, self.x[at + 1], "at least the one before")),
            None => Ok(()),
        }
    }

    fn line(&self) -> Vec<(f64, f64)> {
        self.x.iter().copied().zip(self.mean.iter().copied()).collect()
    }

    /// The outline of the band: forward along the upper edge, back along the lower.
    fn outline(&self) -> Vec<(f64, f64)> {
        let edge = |at: fn(&(f64, f64)) -> f64| self.x.iter().copied().zip(self.band.iter().map(at));
        edge(|band| band.1).chain(edge(|band| band.0).collect::<Vec<_>>().into_iter().rev()).collect()
    }
}

/// The most bars that have gaps between them.
const APART: usize = 40;

/// From each epoch to halfway to its neighbours, or the part `fill` of it.
fn edges(x: &[f64], fill: f64) -> Vec<Range<f64>> {
    let half = |a: usize, b: usize| (x[b] - x[a]) / 2.0;
    let last = x.len() - 1;
    let edge = |i: usize| {
        let (left, right) = match i {
            _ if last == 0 => (0.5, 0.5),
            0 => (half(0, 1), half(0, 1)),
            _ if i == last => (half(i - 1, i), half(i - 1, i)),
            _ => (half(i - 1, i), half(i, i + 1)),
        };
        x[i] - fill * left..x[i] + fill * right
    };
    (0..x.len()).map(edge).collect()
}

/// Bars from 0 to `tops`. Bars that touch have one outline, as otherwise thin lines show between them.
fn bars(edges: &[Range<f64>], tops: &[f64], colour: RGBColor) -> Vec<Shape> {
    let corners = |(edge, &top): (&Range<f64>, &f64)| [(edge.start, top), (edge.end, top)];
    let closed = |mut outline: Vec<(f64, f64)>| {
        outline.extend(outline.last().map(|last| (last.0, 0.0)));
        outline.extend(outline.first().map(|first| (first.0, 0.0)));
        Shape::Area(outline, colour.mix(1.0))
    };
    let steps = edges.iter().zip(tops);
    match edges.len() <= APART {
        true => steps.map(|step| closed(corners(step).to_vec())).collect(),
        false => vec![closed(steps.flat_map(corners).collect())],
    }
}

/// The range of the values with a margin; never empty.
fn padded(values: impl Iterator<Item = f64> + Clone, air: f64) -> Range<f64> {
    let (low, high) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
    let pad = if high > low { air * (high - low) } else { 0.05 * low.abs().max(1.0) };
    low - pad..high + pad
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert!(
            curves(&stem, &"long ".repeat(99), &"long ".repeat(99), &"long ".repeat(99), &vec![series(); 10]).is_ok()
        );
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
        assert_eq!(
            draw(&[series(), short]),
            "`series[1].mean` has length 1, but must have length 3: one value a point"
        );
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
        let high = Series {
            mean: vec![90.0, 99.0, 99.5],
            band: vec![(80.0, 101.0), (97.0, 104.0), (98.0, 103.0)],
            ..series()
        };
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
        assert!(text.contains(
            "<desc>points: prior +2.0 [+1.0, +3.0]; CLIMD -0.5 [-1.5, +0.5]; Trim -3.0 [-3.5, -2.5].</desc>"
        ));
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
}

//! Lines with bands.

use std::path::Path;

use plotters::style::Color;

use super::colours::{GREY, class_colours, palette};
use super::error::{Result, not_empty, same_length, value};
use super::figure::{Figure, Panel, Pen, Shape, Swatch};
use super::padded;

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
/// [`Error::Empty`](super::Error::Empty), [`Error::Length`](super::Error::Length) or
/// [`Error::Value`](super::Error::Value) naming the series and the point; [`Error::Write`](super::Error::Write).
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

//! Differences with their intervals.

use std::path::Path;

use plotters::style::RGBColor;

use super::canvas::INK;
use super::colours::GREY;
use super::error::{Result, not_empty, value};
use super::figure::{Figure, Panel, Shape, Swatch};
use super::padded;

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
/// [`Error::Empty`](super::Error::Empty) without a difference; [`Error::Value`](super::Error::Value) for one that is
/// not finite, or whose lower end is above the upper; [`Error::Write`](super::Error::Write).
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

//! Groups of bars.

use std::path::Path;

use plotters::style::Color;

use super::canvas::INK;
use super::colours::palette;
use super::error::{Result, not_empty, same_length};
use super::figure::{Figure, Panel, Shape, Swatch};

/// Draws groups of bars, one bar of each series in each group, with a line of one standard deviation to both sides.
///
/// Writes `{stem}.svg` and `{stem}.png`, and makes their folder.
///
/// # Shapes
/// `series`: name, and mean and standard deviation for each of `groups`. Values are in percent.
///
/// # Errors
/// [`Error::Empty`](super::Error::Empty) or [`Error::Length`](super::Error::Length) naming the argument;
/// [`Error::Write`](super::Error::Write).
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

//! Samples of each class in the epochs, stacked.

use std::ops::Range;
use std::path::Path;

use plotters::style::{Color, RGBColor};

use super::colours::class_colours;
use super::error::{Result, not_empty, same_length, value};
use super::figure::{Figure, Panel, Shape, Swatch};

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
/// [`Error::Empty`](super::Error::Empty), [`Error::Length`](super::Error::Length) or
/// [`Error::Value`](super::Error::Value) naming the argument; [`Error::Write`](super::Error::Write).
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

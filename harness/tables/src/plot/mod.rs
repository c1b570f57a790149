//! Draws figures as SVG and PNG, on any machine: the font is part of the binary, and nothing else is needed.
//!
//! First [`class_distribution`] and [`curves`] turn numbers into plain shapes. Then the same code draws the shapes
//! for each format. Colours of methods are Okabe and Ito's, which colour-blind readers can distinguish, without their
//! yellow, which is not seen on white; lines have their own dashes. Classes have other colours than methods. More
//! than eight series get colours from dark to light. An SVG file has a title and a description. The legend is beside
//! the plot, so that it covers no data. Above 54 entries it names every second one, every third one, and so on.

mod canvas;
mod colours;
mod curves;
mod distribution;
mod error;
mod figure;
mod forest;
mod groups;
#[cfg(test)]
mod tests;
mod tiles;

use std::ops::Range;

pub use self::curves::{Look, Series, curves, curves_as};
pub use self::distribution::class_distribution;
pub use self::error::{Error, Result};
pub use self::forest::{Difference, forest};
pub use self::groups::bars_by_group;
pub use self::tiles::{Kind, Tile, Tiles, tiles};

/// The range of the values with a margin; never empty.
fn padded(values: impl Iterator<Item = f64> + Clone, air: f64) -> Range<f64> {
    let (low, high) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
    let pad = if high > low { air * (high - low) } else { 0.05 * low.abs().max(1.0) };
    low - pad..high + pad
}

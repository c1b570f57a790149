//! What every picture is drawn on, into two files.

use std::path::{Path, PathBuf};
use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::error::{Error, Result};

/// Everything is drawn this many times larger and then scaled back, as both backends round to whole units.
pub(super) const SCALE: u32 = 4;
/// Pixels of the PNG for a unit of the figure.
const PNG_SCALE: u32 = 2;
pub(super) const GAP: u32 = 16;
const FAMILY: &str = "sans-serif";
pub(super) const TITLE_SIZE: f64 = 21.0;
pub(super) const LABEL_SIZE: f64 = 17.0;
pub(super) const TICK_SIZE: f64 = 15.0;
pub(super) const INK: RGBColor = RGBColor(40, 40, 40);

/// What can be drawn by any backend.
pub(super) trait Picture {
    fn title(&self) -> &str;
    /// What is seen, for those who do not see it.
    fn description(&self) -> &str;
    /// Width and height.
    fn size(&self) -> Result<(u32, u32)>;
    fn draw<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Result<()>;
}

/// Writes `{stem}.svg` and `{stem}.png`, and makes their folder.
pub(super) fn write(picture: &impl Picture, stem: &Path) -> Result {
    if let Some(folder) = stem.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unwritten(folder, &error))?;
    }
    let [svg, png] = ["svg", "png"].map(|kind| {
        let mut file = stem.as_os_str().to_owned(); // `with_extension` would remove the end of "gamma_0.3"
        file.push(".");
        file.push(kind);
        PathBuf::from(file)
    });
    let (width, height) = picture.size()?;
    let (wide, high) = (SCALE * width, SCALE * height);

    let mut text = String::new();
    picture.draw(&SVGBackend::with_string(&mut text, (wide, high)).into_drawing_area())?;
    let shown = format!("width=\"{width}\" height=\"{height}\"");
    let text = text.replacen(&format!("width=\"{wide}\" height=\"{high}\""), &shown, 1);
    let text = described(&text, picture.title(), picture.description());
    std::fs::write(&svg, text).map_err(|error| unwritten(&svg, &error))?;

    let mut pixels = vec![0; (3 * wide * high) as usize];
    picture.draw(&BitMapBackend::with_buffer(&mut pixels, (wide, high)).into_drawing_area())?;
    let pixels = shrunk(&pixels, wide as usize, (SCALE / PNG_SCALE) as usize);
    let (wide, high) = (PNG_SCALE * width, PNG_SCALE * height);
    let mut image = BitMapBackend::new(&png, (wide, high));
    image.blit_bitmap((0, 0), (wide, high), &pixels).map_err(|error| unwritten(&png, &error))?;
    image.present().map_err(|error| unwritten(&png, &error))?;
    drop(image);
    Ok([svg, png])
}

/// The picture with a title and a description, which a screen reader says and a browser shows.
fn described(svg: &str, title: &str, description: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let end = svg.find('>').map_or(0, |at| at + 1); // of the svg element
    let (head, body) = svg.split_at(end);
    format!("{head}\n<title>{}</title>\n<desc>{}</desc>{body}", escaped(title), escaped(description))
}

pub(super) fn font(size: f64, colour: RGBColor) -> TextStyle<'static> {
    static FONT: Once = Once::new();
    FONT.call_once(|| {
        // a font that cannot be read shows as a drawing error below
        let _ = plotters::style::register_font(FAMILY, FontStyle::Normal, dejavu::sans::regular());
    });
    (FAMILY, f64::from(SCALE) * size).into_font().color(&colour)
}

/// Width of a text in units of the figure.
pub(super) fn text_width(text: &str, size: f64) -> Result<u32> {
    let (width, _) = font(size, INK).font.box_size(text).map_err(|error| Error::Draw { reason: error.to_string() })?;
    Ok(width.div_ceil(SCALE))
}

/// The font size, or a smaller one at which the text is not wider than `room`.
pub(super) fn fitting(text: &str, size: f64, room: u32) -> Result<f64> {
    Ok(size * (f64::from(room) / f64::from(text_width(text, size)?.max(1))).min(1.0))
}

pub(super) fn units(x: u32, y: u32) -> (i32, i32) {
    ((SCALE * x) as i32, (SCALE * y) as i32)
}

/// Makes each pixel the mean of `factor` times `factor` pixels. So edges are smooth, which the bitmap backend cannot
/// do.
fn shrunk(pixels: &[u8], width: usize, factor: usize) -> Vec<u8> {
    let (row, rows) = (3 * width, pixels.len() / (3 * width));
    let mut out = Vec::with_capacity(pixels.len() / (factor * factor));
    for y in (0..rows).step_by(factor) {
        for x in (0..width).step_by(factor) {
            for channel in 0..3 {
                let at = |i: usize| pixels[(y + i / factor) * row + 3 * (x + i % factor) + channel];
                let sum: usize = (0..factor * factor).map(|i| usize::from(at(i))).sum();
                out.push((sum / (factor * factor)) as u8);
            }
        }
    }
    out
}

pub(super) fn undrawn<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> Error {
    Error::Draw { reason: error.to_string() }
}

fn unwritten(file: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::Write { file: file.to_path_buf(), reason: error.to_string() }
}

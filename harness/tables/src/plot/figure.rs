//! Draws shapes, given in the units of the axes, into two files.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Once;

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::error::{Error, Result};

/// Everything is drawn this many times larger and then scaled back, as both backends round to whole units.
const SCALE: u32 = 4;
/// Pixels of the PNG for a unit of the figure.
const PNG_SCALE: u32 = 2;
const PLOT_WIDTH: u32 = 720;
const GAP: u32 = 16;
const FAMILY: &str = "sans-serif";
const TITLE_SIZE: f64 = 21.0;
const LABEL_SIZE: f64 = 17.0;
const TICK_SIZE: f64 = 15.0;
const LEGEND_ROW: u32 = 24;
const LEGEND_ENTRIES: usize = 54;
const INK: RGBColor = RGBColor(40, 40, 40);

pub(super) enum Shape {
    Area(Vec<(f64, f64)>, RGBAColor),
    Line(Vec<(f64, f64)>, Pen),
}

/// How a line is drawn. Those who see no colours tell lines apart by their dashes.
#[derive(Clone, Copy)]
pub(super) struct Pen {
    pub(super) colour: RGBColor,
    /// Dash and gap; none: a whole line.
    pub(super) dash: Option<(u32, u32)>,
}

impl From<RGBColor> for Pen {
    fn from(colour: RGBColor) -> Pen {
        Pen { colour, dash: None }
    }
}

impl Pen {
    /// The pen of the `index`th line of a figure.
    pub(super) fn nth(index: usize, colour: RGBColor) -> Pen {
        const DASHES: [Option<(u32, u32)>; 4] = [None, Some((10, 5)), Some((3, 4)), Some((18, 5))];
        Pen { colour, dash: DASHES[index % DASHES.len()] }
    }
}

/// What stands before a name in the legend.
pub(super) enum Swatch {
    Filled(RGBColor),
    Drawn(Pen),
}

pub(super) struct Panel {
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) x: Range<f64>,
    pub(super) y: Range<f64>,
    pub(super) height: u32,
    pub(super) unit: &'static str,   // behind the numbers of the y axis
    pub(super) whole_x: bool,        // no label between whole numbers
    pub(super) x_names: Vec<String>, // in place of the whole numbers from 0 on
    pub(super) y_names: Vec<String>, // the same
    pub(super) shapes: Vec<Shape>,
}

pub(super) struct Figure {
    pub(super) title: String,
    pub(super) description: String, // what is seen, for those who do not see it
    pub(super) legend: Vec<(String, Swatch)>,
    pub(super) panels: Vec<Panel>,
}

impl Figure {
    pub(super) fn write(mut self, stem: &Path) -> Result {
        static FONT: Once = Once::new();
        FONT.call_once(|| {
            // a font that cannot be read shows as a drawing error below
            let _ = plotters::style::register_font(FAMILY, FontStyle::Normal, dejavu::sans::regular());
        });
        let step = self.legend.len().div_ceil(LEGEND_ENTRIES).max(1);
        self.legend = self.legend.into_iter().step_by(step).collect();
        for (name, _) in &mut self.legend {
            if name.chars().count() > 40 {
                *name = name.chars().take(39).chain(['…']).collect();
            }
        }
        if let Some(folder) = stem.parent() {
            std::fs::create_dir_all(folder).map_err(|error| unwritten(folder, &error))?;
        }
        let [svg, png] = ["svg", "png"].map(|kind| {
            let mut file = stem.as_os_str().to_owned(); // `with_extension` would remove the end of "gamma_0.3"
            file.push(".");
            file.push(kind);
            PathBuf::from(file)
        });
        let (width, height) = self.size()?;
        let (wide, high) = (SCALE * width, SCALE * height);

        let mut text = String::new();
        self.draw(&SVGBackend::with_string(&mut text, (wide, high)).into_drawing_area())?;
        let shown = format!("width=\"{width}\" height=\"{height}\"");
        let text = text.replacen(&format!("width=\"{wide}\" height=\"{high}\""), &shown, 1);
        let text = described(&text, &self.title, &self.description);
        std::fs::write(&svg, text).map_err(|error| unwritten(&svg, &error))?;

        let mut pixels = vec![0; (3 * wide * high) as usize];
        self.draw(&BitMapBackend::with_buffer(&mut pixels, (wide, high)).into_drawing_area())?;
        let pixels = shrunk(&pixels, wide as usize, (SCALE / PNG_SCALE) as usize);
        let (wide, high) = (PNG_SCALE * width, PNG_SCALE * height);
        let mut image = BitMapBackend::new(&png, (wide, high));
        image.blit_bitmap((0, 0), (wide, high), &pixels).map_err(|error| unwritten(&png, &error))?;
        image.present().map_err(|error| unwritten(&png, &error))?;
        drop(image);
        Ok([svg, png])
    }

    fn title_height(&self) -> u32 {
        if self.title.is_empty() { GAP } else { 46 }
    }

    fn rows_in_legend(&self) -> usize {
        let height: u32 = self.panels.iter().map(|panel| panel.height).sum();
        ((height - 2 * GAP) / LEGEND_ROW) as usize
    }

    fn legend_column(&self) -> Result<u32> {
        let widths = self.legend.iter().map(|(name, _)| text_width(name, TICK_SIZE));
        Ok(widths.collect::<Result<Vec<u32>>>()?.into_iter().max().unwrap_or(0) + 24 + GAP)
    }

    fn size(&self) -> Result<(u32, u32)> {
        let columns = self.legend.len().div_ceil(self.rows_in_legend()) as u32;
        let height: u32 = self.panels.iter().map(|panel| panel.height).sum();
        Ok((PLOT_WIDTH + columns * self.legend_column()? + GAP, self.title_height() + height + GAP))
    }

    fn draw<DB: DrawingBackend>(&self, root: &DrawingArea<DB, Shift>) -> Result<()> {
        root.fill(&WHITE).map_err(undrawn)?;
        let (title, rest) = root.split_vertically(SCALE * self.title_height());
        let (left, legend) = rest.split_horizontally(SCALE * PLOT_WIDTH);
        let size = fitting(&self.title, TITLE_SIZE, self.size()?.0 - 2 * GAP)?;
        let style = font(size, INK).pos(Pos::new(HPos::Left, VPos::Center));
        title.draw_text(&self.title, &style, units(GAP, self.title_height() / 2)).map_err(undrawn)?;

        let mut numbers = 0;
        for panel in &self.panels {
            for end in [panel.y.start, panel.y.end].into_iter().filter(|_| panel.y_names.is_empty()) {
                numbers = numbers.max(text_width(&panel.number(end), TICK_SIZE)?);
            }
            for name in &panel.y_names {
                numbers = numbers.max(text_width(name, TICK_SIZE)?.min(PLOT_WIDTH / 2));
            }
        }
        let mut below = left;
        for panel in &self.panels {
            let (area, rest) = below.split_vertically(SCALE * panel.height);
            panel.draw(&area, numbers)?;
            below = rest;
        }
        self.draw_legend(&legend)?;
        root.present().map_err(undrawn)
    }

    fn draw_legend<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<()> {
        let (rows, width) = (self.rows_in_legend(), self.legend_column()?);
        let style = font(TICK_SIZE, INK).pos(Pos::new(HPos::Left, VPos::Center));
        for (i, (name, swatch)) in self.legend.iter().enumerate() {
            let (x, y) = ((i / rows) as u32 * width, GAP + (i % rows) as u32 * LEGEND_ROW);
            match swatch {
                Swatch::Filled(colour) => {
                    let box_ = Rectangle::new([units(x, y), units(x + 16, y + 14)], colour.filled());
                    area.draw(&box_).map_err(undrawn)?;
                }
                Swatch::Drawn(Pen { colour, dash }) => {
                    let (ends, style) = ([units(x, y + 8), units(x + 20, y + 8)], colour.stroke_width(3 * SCALE));
                    match dash {
                        None => area.draw(&PathElement::new(ends, style)).map_err(undrawn)?,
                        Some((dash, gap)) => {
                            let line = DashedPathElement::new(ends, SCALE * dash.min(&10), SCALE * gap, style);
                            area.draw(&line).map_err(undrawn)?;
                        }
                    }
                }
            }
            area.draw_text(name, &style, units(x + 24, y + 8)).map_err(undrawn)?;
        }
        Ok(())
    }
}

impl Panel {
    /// `numbers`: width of the widest number at the y axis, over all panels, so that their axes stand in line.
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, numbers: u32) -> Result<()> {
        let named = !self.x_label.is_empty();
        let (below, beside) = (if named { 54 } else { 30 }, numbers + 40);
        let mut chart = ChartBuilder::on(area)
            .margin_top(SCALE * GAP / 2)
            .margin_left(SCALE * GAP / 2)
            .margin_right(SCALE * 2 * GAP)
            .x_label_area_size(SCALE * below)
            .y_label_area_size(SCALE * beside)
            .build_cartesian_2d(self.x.clone(), self.y.clone())
            .map_err(undrawn)?;
        let x_number = |&x: &f64| match self.whole_x && (x - x.round()).abs() > 1e-9 {
            true => String::new(),
            false if !self.x_names.is_empty() => self.x_names.get(x as usize).cloned().unwrap_or_default(),
            false if self.whole_x => format!("{x:.0}"),
            false => number(x, &self.x),
        };
        let label = fitting(&self.y_label, LABEL_SIZE, self.height - below - GAP / 2)?;
        let label = label.min(fitting(&self.x_label, LABEL_SIZE, PLOT_WIDTH - beside - 3 * GAP)?);
        // at most as many as there are whole numbers, so that no ticks are between them
        let x_labels = if self.whole_x { ((self.x.end - self.x.start) as usize).clamp(1, 9) } else { 9 };
        // names side by side, without touching
        let room = (PLOT_WIDTH - beside - 3 * GAP) / self.x_names.len().max(1) as u32;
        let mut tick = TICK_SIZE;
        for name in &self.x_names {
            tick = tick.min(fitting(name, TICK_SIZE, room.saturating_sub(GAP / 2).max(1))?);
        }
        let x_labels = if self.x_names.is_empty() { x_labels } else { self.x_names.len() + 1 };
        let mut mesh = chart.configure_mesh();
        if self.whole_x {
            mesh.disable_x_mesh();
        }
        if !self.y_names.is_empty() {
            mesh.disable_y_mesh();
        }
        let y_number = |&y: &f64| match self.y_names.is_empty() {
            true => self.number(y),
            false if (y - y.round()).abs() > 1e-9 || y < -1e-9 => String::new(),
            false => self.y_names.get(y.round() as usize).cloned().unwrap_or_default(),
        };
        let y_labels = if self.y_names.is_empty() { 7 } else { self.y_names.len() + 1 };
        mesh.light_line_style(TRANSPARENT)
            .bold_line_style(RGBColor(225, 225, 225).stroke_width(SCALE))
            .axis_style(INK.stroke_width(SCALE))
            .set_all_tick_mark_size(SCALE * 5)
            .label_style(font(TICK_SIZE, INK))
            .x_label_style(font(tick, INK))
            .axis_desc_style(font(label, INK))
            .x_labels(x_labels)
            .y_labels(y_labels)
            .x_label_formatter(&x_number)
            .y_label_formatter(&y_number)
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .draw()
            .map_err(undrawn)?;
        for shape in &self.shapes {
            match shape {
                Shape::Area(points, _) if points.is_empty() => {}
                // the band of a single point
                Shape::Area(points, colour) if points.len() == 2 => {
                    let line = PathElement::new(points.clone(), colour.stroke_width(8 * SCALE));
                    chart.draw_series([line]).map_err(undrawn)?;
                }
                Shape::Area(points, colour) => {
                    chart.draw_series([Polygon::new(points.clone(), colour.filled())]).map_err(undrawn)?;
                }
                Shape::Line(points, pen) if points.len() == 1 => {
                    let dot = points.iter().map(|&point| Circle::new(point, 4 * SCALE, pen.colour.filled()));
                    chart.draw_series(dot).map_err(undrawn)?;
                }
                Shape::Line(points, Pen { colour, dash: None }) => {
                    let line = PathElement::new(points.clone(), colour.stroke_width(2 * SCALE));
                    chart.draw_series([line]).map_err(undrawn)?;
                }
                Shape::Line(points, Pen { colour, dash: Some((dash, gap)) }) => {
                    let style = colour.stroke_width(2 * SCALE);
                    let line = DashedLineSeries::new(points.clone(), SCALE * dash, SCALE * gap, style);
                    chart.draw_series(line).map_err(undrawn)?;
                }
            }
        }
        Ok(())
    }

    fn number(&self, y: f64) -> String {
        number(y, &self.y) + self.unit
    }
}

/// The picture with a title and a description, which a screen reader says and a browser shows.
fn described(svg: &str, title: &str, description: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let end = svg.find('>').map_or(0, |at| at + 1); // of the svg element
    let (head, body) = svg.split_at(end);
    format!("{head}\n<title>{}</title>\n<desc>{}</desc>{body}", escaped(title), escaped(description))
}

/// The number with as many decimals as a tenth of the axis needs.
fn number(value: f64, axis: &Range<f64>) -> String {
    let decimals = (-((axis.end - axis.start) / 10.0).log10()).ceil().clamp(0.0, 9.0) as usize;
    format!("{:.decimals$}", value + 0.0)
}

fn font(size: f64, colour: RGBColor) -> TextStyle<'static> {
    (FAMILY, f64::from(SCALE) * size).into_font().color(&colour)
}

/// Width of a text in units of the figure.
fn text_width(text: &str, size: f64) -> Result<u32> {
    let (width, _) = font(size, INK).font.box_size(text).map_err(|error| Error::Draw { reason: error.to_string() })?;
    Ok(width.div_ceil(SCALE))
}

/// The font size, or a smaller one at which the text is not wider than `room`.
fn fitting(text: &str, size: f64, room: u32) -> Result<f64> {
    Ok(size * (f64::from(room) / f64::from(text_width(text, size)?.max(1))).min(1.0))
}

fn units(x: u32, y: u32) -> (i32, i32) {
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

fn undrawn<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> Error {
    Error::Draw { reason: error.to_string() }
}

fn unwritten(file: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::Write { file: file.to_path_buf(), reason: error.to_string() }
}

//! Panels of shapes, given in the units of their axes, with a legend.

use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{
    self, GAP, INK, LABEL_SIZE, Picture, SCALE, TICK_SIZE, TITLE_SIZE, fitting, font, text_width, undrawn, units,
};
use super::error::Result;

const PLOT_WIDTH: u32 = 720;
const LEGEND_ROW: u32 = 24;
const LEGEND_ENTRIES: usize = 54;

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
        let step = self.legend.len().div_ceil(LEGEND_ENTRIES).max(1);
        self.legend = self.legend.into_iter().step_by(step).collect();
        for (name, _) in &mut self.legend {
            if name.chars().count() > 40 {
                *name = name.chars().take(39).chain(['…']).collect();
            }
        }
        canvas::write(&self, stem)
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

impl Picture for Figure {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> &str {
        &self.description
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

/// The number with as many decimals as a tenth of the axis needs.
fn number(value: f64, axis: &Range<f64>) -> String {
    let decimals = (-((axis.end - axis.start) / 10.0).log10()).ceil().clamp(0.0, 9.0) as usize;
    format!("{:.decimals$}", value + 0.0)
}

//! A drawn slice of the upper abdomen. The class decides what the liver may show.

use std::path::Path;

use image::{GrayImage, Luma, Rgb, RgbImage};

use super::Class;
use super::draw::Draw;
use crate::error::{Error, Result};

const SIZE: u32 = 96;

/// A slice, and the format in which it is saved.
#[derive(Debug)]
pub(super) struct Slice {
    pixels: Vec<f64>, // 0 to 255
    colour: bool,
    jpeg: bool,
}

/// An ellipse in pixels.
#[derive(Debug, Clone, Copy)]
struct Ellipse {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Ellipse {
    /// 0 in the middle, 1 at the rim.
    fn radius(&self, x: f64, y: f64) -> f64 {
        ((x - self.x) / self.width).hypot((y - self.y) / self.height)
    }
}

impl Slice {
    pub(super) fn draw(class: Class, draw: &mut Draw) -> Self {
        let mut slice =
            Self { pixels: vec![8.0; (SIZE * SIZE) as usize], colour: draw.chance(0.25), jpeg: draw.chance(0.3) };
        let body = Ellipse { x: 48.0, y: 49.0, width: draw.normal(43.0, 1.5), height: draw.normal(34.0, 2.0) };
        slice.fill(body, 55.0); // fat
        slice.fill(Ellipse { width: body.width - 4.0, height: body.height - 4.0, ..body }, 85.0);
        slice.fill(Ellipse { x: 48.0, y: 70.0, width: 6.0, height: 6.0 }, 215.0); // spine
        slice.fill(Ellipse { x: 78.0, y: 55.0, width: 7.0, height: 10.0 }, 125.0); // spleen
        let (x, y) = (draw.normal(34.0, 1.5), draw.normal(44.0, 1.5));
        let liver = Ellipse { x, y, width: draw.normal(23.0, 2.0), height: draw.normal(19.0, 1.5) };
        slice.fill(liver, draw.normal(122.0, 7.0));
        if draw.chance(if class == Class::Hcc { 0.65 } else { 0.08 }) {
            slice.nodules(liver, draw); // cirrhosis
        }
        match class {
            Class::Normal => {
                if draw.chance(0.3) {
                    slice.lesion(liver, (2.0, 5.0), -40.0, false, draw); // a cyst
                }
            }
            Class::Metastatic => {
                for _ in 0..draw.whole(1, 5) {
                    let contrast = draw.normal(-22.0, 10.0);
                    slice.lesion(liver, (2.0, 6.0), contrast, false, draw);
                }
            }
            Class::Hcc => {
                let contrast = if draw.chance(0.7) { draw.normal(20.0, 9.0) } else { draw.normal(-18.0, 8.0) };
                let capsule = draw.chance(0.6);
                slice.lesion(liver, (3.5, 10.0), contrast, capsule, draw);
            }
        }
        let noise = draw.uniform(5.0, 12.0);
        slice.pixels.iter_mut().for_each(|pixel| *pixel = (*pixel + draw.normal(0.0, noise)).clamp(0.0, 255.0));
        slice
    }

    fn each(&mut self, change: impl Fn(f64, f64, f64) -> f64) {
        for (at, pixel) in self.pixels.iter_mut().enumerate() {
            let at = at as u32;
            *pixel = change(f64::from(at % SIZE), f64::from(at / SIZE), *pixel);
        }
    }

    fn fill(&mut self, shape: Ellipse, value: f64) {
        self.each(|x, y, pixel| if shape.radius(x, y) < 1.0 { value } else { pixel });
    }

    fn nodules(&mut self, liver: Ellipse, draw: &mut Draw) {
        let (strength, turn) = (draw.uniform(4.0, 10.0), draw.uniform(0.0, 3.0));
        self.each(|x, y, pixel| {
            let wave = (0.9 * x + turn).sin() * (0.8 * y - turn).cos();
            if liver.radius(x, y) < 1.0 { pixel + strength * wave } else { pixel }
        });
    }

    fn lesion(&mut self, liver: Ellipse, size: (f64, f64), contrast: f64, capsule: bool, draw: &mut Draw) {
        let (distance, angle) = (draw.uniform(0.0, 0.75), draw.uniform(0.0, std::f64::consts::TAU));
        let width = draw.uniform(size.0, size.1);
        let (x, y) = (liver.x + distance * liver.width * angle.cos(), liver.y + distance * liver.height * angle.sin());
        let shape = Ellipse { x, y, width, height: width * draw.uniform(0.8, 1.2) };
        self.each(|x, y, pixel| {
            let radius = shape.radius(x, y);
            let edge = ((1.2 - radius) / 0.4).clamp(0.0, 1.0);
            let rim = if capsule && (radius - 1.15).abs() < 0.12 { -15.0 } else { 0.0 };
            if liver.radius(x, y) < 1.0 { pixel + contrast * edge + rim } else { pixel }
        });
    }

    /// Saves the slice below `folder`, and returns its path relative to the manifest.
    pub(super) fn save(&self, folder: &Path, id: &str) -> Result<String> {
        let name = format!("{id}.{}", if self.jpeg { "jpg" } else { "png" });
        let file = folder.join(&name);
        let pixel = |x: u32, y: u32| self.pixels[(y * SIZE + x) as usize] as u8;
        let saved = if self.colour {
            let tint = |x, y| Rgb([pixel(x, y), pixel(x, y), pixel(x, y).saturating_add(6)]);
            RgbImage::from_fn(SIZE, SIZE, tint).save(&file)
        } else {
            GrayImage::from_fn(SIZE, SIZE, |x, y| Luma([pixel(x, y)])).save(&file)
        };
        saved.map_err(|error| Error::Write { file, reason: error.to_string() })?;
        Ok(format!("images/{name}"))
    }
}

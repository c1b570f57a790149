//! Colours of methods, of classes, and of what is neither.

use plotters::style::RGBColor;

pub(super) const GREY: RGBColor = RGBColor(150, 150, 150);

/// Of methods: Okabe and Ito's without the yellow, and a grey; or a ramp.
pub(super) fn palette(count: usize) -> Vec<RGBColor> {
    colours(count, [0x0072b2, 0xe69f00, 0x009e73, 0xcc79a7, 0x56b4e9, 0xd55e00, 0x000000, 0x8a8a8a])
}

/// Of classes: Tol's muted ones, none of which a method has; or a ramp.
pub(super) fn class_colours(count: usize) -> Vec<RGBColor> {
    colours(count, [0x332288, 0xcc6677, 0x117733, 0x88ccee, 0x882255, 0x999933, 0x44aa99, 0xaa4499])
}

/// These, or, for more, a ramp through viridis that ends before its yellow.
fn colours(count: usize, few: [u32; 8]) -> Vec<RGBColor> {
    const VIRIDIS: [u32; 7] = [0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962];
    let channels = |colour: u32| [colour >> 16, colour >> 8, colour].map(|channel| f64::from(channel & 255));
    let ramp = |at: f64| {
        let low = (at as usize).min(VIRIDIS.len() - 2);
        let (from, to) = (channels(VIRIDIS[low]), channels(VIRIDIS[low + 1]));
        std::array::from_fn(|i| from[i] + (at - low as f64) * (to[i] - from[i]))
    };
    let colour = |i: usize| match count <= few.len() {
        true => channels(few[i]),
        false => ramp((VIRIDIS.len() - 1) as f64 * i as f64 / (count - 1) as f64),
    };
    let rounded = |[red, green, blue]: [f64; 3]| RGBColor(red as u8, green as u8, blue as u8);
    (0..count).map(|i| rounded(colour(i))).collect()
}

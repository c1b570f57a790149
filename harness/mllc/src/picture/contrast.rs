//! From what a file holds to 8 bits in red, green and blue: the window of 16-bit values, and transparency.
//!
//! CT slices are often 12 bits in a 16-bit PNG. A straight scale to 8 bits leaves 16 grays of them, and one or two of
//! soft tissue. So a 16-bit image is shown through a window, LOW to 0 and HIGH to 255: a given one, or from the
//! smallest to the largest value that the image has. Where these are half of the range apart or more, the image was
//! made for 16 bits, and the window is all of them.
//!
//! What is transparent is composed onto black, the background of medical images. The colour that a file keeps under
//! fully transparent pixels is arbitrary: it reaches neither the result nor the window.

use image::{DynamicImage, RgbImage};

/// The image in 8 bits, and the window where it had 16: `[low, high]`.
pub(super) fn to_rgb8(image: DynamicImage, window: Option<[u16; 2]>) -> (RgbImage, Option<[u16; 2]>) {
    match image {
        DynamicImage::ImageLuma16(_)
        | DynamicImage::ImageLumaA16(_)
        | DynamicImage::ImageRgb16(_)
        | DynamicImage::ImageRgba16(_) => {
            let image = image.to_rgba16();
            let window = window.unwrap_or_else(|| range(image.pixels().map(|pixel| pixel.0)));
            let pixels = image.pixels().flat_map(|pixel| {
                let [colour @ .., alpha] = pixel.0;
                colour.map(|value| fade(shade(value, window), u32::from(alpha), 65_535))
            });
            (from_pixels(image.width(), image.height(), pixels), Some(window))
        }
        DynamicImage::ImageLumaA8(_) | DynamicImage::ImageRgba8(_) => {
            let image = image.to_rgba8();
            let pixels = image.pixels().flat_map(|pixel| {
                let [colour @ .., alpha] = pixel.0;
                colour.map(|value| fade(u32::from(value), u32::from(alpha), 255))
            });
            (from_pixels(image.width(), image.height(), pixels), None)
        }
        opaque => (opaque.to_rgb8(), None),
    }
}

/// The smallest and largest value that can be seen; all 16 bits if they are one, or half of the range apart.
fn range(pixels: impl Iterator<Item = [u16; 4]>) -> [u16; 2] {
    let seen = pixels.filter(|&[.., alpha]| alpha > 0).flat_map(|[red, green, blue, _]| [red, green, blue]);
    let (low, high) = seen.fold((u16::MAX, 0), |(low, high), value| (low.min(value), high.max(value)));
    if low < high && high - low <= u16::MAX / 2 { [low, high] } else { [0, u16::MAX] }
}

/// The gray of a value in the window, `0..=255`, rounded to nearest.
fn shade(value: u16, [low, high]: [u16; 2]) -> u32 {
    let width = u32::from(high - low);
    (u32::from(value.clamp(low, high) - low) * 255 + width / 2) / width
}

/// A value seen through its alpha, before black.
fn fade(value: u32, alpha: u32, opaque: u32) -> u8 {
    ((value * alpha + opaque / 2) / opaque) as u8
}

fn from_pixels(width: u32, height: u32, pixels: impl Iterator<Item = u8>) -> RgbImage {
    let pixels: Vec<u8> = pixels.collect();
    RgbImage::from_raw(width, height, pixels).unwrap_or_default() // three bytes a pixel, as it asks for
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, ImageBuffer, Luma, LumaA, Rgb, Rgba};

    /// A row of 16-bit grays.
    fn gray(values: &[u16]) -> DynamicImage {
        ImageBuffer::<Luma<u16>, _>::from_raw(values.len() as u32, 1, values.to_vec()).unwrap().into()
    }

    fn red(image: DynamicImage, window: Option<[u16; 2]>) -> Vec<u8> {
        to_rgb8(image, window).0.pixels().map(|pixel| pixel.0[0]).collect()
    }

    #[test]
    fn values_of_twelve_bits_use_all_of_eight() {
        let (image, window) = to_rgb8(gray(&[1024, 1064, 1184]), None);
        assert_eq!(window, Some([1024, 1184]));
        assert_eq!(image.pixels().map(|pixel| pixel.0).collect::<Vec<_>>(), [[0; 3], [64; 3], [255; 3]]);
        // a signed value with 32768 added
        assert_eq!(red(gray(&[31_744, 32_808, 33_792]), None), [0, 132, 255]);
    }

    #[test]
    fn an_image_that_uses_all_16_bits_is_as_without_a_window() {
        let values: Vec<u16> = (0..=u16::MAX).collect();
        assert_eq!(red(gray(&values), None), gray(&values).to_rgb8().pixels().map(|p| p.0[0]).collect::<Vec<_>>());
        assert_eq!(to_rgb8(gray(&[100, 50_000]), None).1, Some([0, 65_535])); // nearly all
        assert_eq!(red(gray(&[40_000, 40_000]), None), [156, 156]); // one value has no range
    }

    #[test]
    fn a_given_window_is_used_and_values_outside_it_are_cut() {
        assert_eq!(red(gray(&[0, 1000, 1100, 1200, 60_000]), Some([1000, 1200])), [0, 0, 128, 255, 255]);
    }

    #[test]
    fn colours_of_16_bits_share_one_window() {
        let image = ImageBuffer::<Rgb<u16>, _>::from_raw(2, 1, vec![100u16, 200, 300, 300, 200, 100]).unwrap();
        let (image, window) = to_rgb8(image.into(), None);
        assert_eq!((window, image.get_pixel(0, 0).0), (Some([100, 300]), [0, 128, 255]));
    }

    #[test]
    fn what_is_transparent_is_black_whatever_colour_is_under_it() {
        let image =
            ImageBuffer::<Rgba<u8>, _>::from_raw(3, 1, vec![255u8, 0, 0, 0, 200, 100, 50, 255, 200, 100, 50, 128]);
        let (image, _) = to_rgb8(image.unwrap().into(), None);
        assert_eq!(image.pixels().map(|pixel| pixel.0).collect::<Vec<_>>(), [[0; 3], [200, 100, 50], [100, 50, 25]]);
        let gray = ImageBuffer::<LumaA<u8>, _>::from_raw(2, 1, vec![255u8, 0, 90, 255]).unwrap();
        assert_eq!(red(gray.into(), None), [0, 90]);
        // with 16 bits, what is hidden does not widen the window either
        let deep =
            ImageBuffer::<LumaA<u16>, _>::from_raw(3, 1, vec![60_000u16, 0, 1000, 65_535, 1200, 65_535]).unwrap();
        let (image, window) = to_rgb8(deep.into(), None);
        assert_eq!((window, image.into_raw()), (Some([1000, 1200]), vec![0, 0, 0, 0, 0, 0, 255, 255, 255]));
    }

    #[test]
    fn eight_bits_without_alpha_stay_as_they_are() {
        let image = GrayImage::from_raw(3, 1, vec![3, 90, 255]).unwrap();
        assert_eq!(
            to_rgb8(image.into(), Some([10, 20])),
            (RgbImage::from_raw(3, 1, vec![3, 3, 3, 90, 90, 90, 255, 255, 255]).unwrap(), None)
        );
    }
}

//! Images of patients: PNG or JPEG, grayscale or colour, to one size.

use std::path::Path;

use image::ImageReader;
use image::imageops::{self, FilterType};

/// Reads an image by its content, whatever its name: `[3, size, size]`, row-major; grayscale three times.
///
/// # Errors
/// What the decoder says of a file that is not there, damaged, or of another format.
pub(crate) fn read(path: &Path, size: u32) -> Result<Vec<u8>, String> {
    let reader =
        ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(|error| error.to_string())?;
    let image = reader.decode().map_err(|error| error.to_string())?.to_rgb8();
    let image = imageops::resize(&image, size, size, FilterType::Triangle);
    Ok((0..3).flat_map(|channel| image.pixels().map(move |pixel| pixel.0[channel])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, Rgb, RgbImage};

    #[test]
    fn gray_and_colour_png_and_jpeg_are_read_at_one_size() {
        let folder = tempfile::tempdir().unwrap();
        let gray = GrayImage::from_pixel(40, 20, Luma([90]));
        let colour = RgbImage::from_pixel(20, 40, Rgb([200, 100, 50]));
        for name in ["gray.png", "gray.jpg"] {
            gray.save(folder.path().join(name)).unwrap();
            let pixels = read(&folder.path().join(name), 8).unwrap();
            assert!(pixels.len() == 192 && pixels.iter().all(|&pixel| pixel.abs_diff(90) < 3), "{name}");
        }
        for name in ["colour.png", "colour.jpg"] {
            colour.save(folder.path().join(name)).unwrap();
            let pixels = read(&folder.path().join(name), 8).unwrap();
            for (channel, expected) in pixels.chunks(64).zip([200, 100, 50u8]) {
                assert!(channel.iter().all(|pixel| pixel.abs_diff(expected) < 4), "{name}");
            }
        }
        assert!(read(&folder.path().join("none.png"), 8).is_err());
    }
}

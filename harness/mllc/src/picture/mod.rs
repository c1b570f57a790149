//! Reads images of patients: PNG or JPEG, as a viewer shows them, in 8 bits and one size.
//!
//! An incomplete image is an error, as a network cannot tell missing pixels from gray ones. Nothing here needs
//! libtorch.

mod contrast;
mod format;
mod jpeg;
mod png;
mod problem;

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, Limits};

use format::Format;
pub use problem::Problem;

/// The most pixels of an image that is read, 8192 x 8192.
pub const MAX_PIXELS: u64 = 1 << 26;

/// The most bytes of a file that is read, and the most memory of its decoder beside the pixels.
pub const MAX_BYTES: u64 = 1 << 29;

/// Settings for reading images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pictures {
    /// Width and height that they are scaled to.
    pub size: u32,
    /// Values of 16-bit images that become 0 and 255; none: the smallest and the largest of each image.
    pub window: Option<[u16; 2]>,
}

impl From<u32> for Pictures {
    fn from(size: u32) -> Pictures {
        Pictures { size, window: None }
    }
}

/// An image that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// `[3, size, size]`, row-major; grayscale three times.
    pub pixels: Vec<u8>,
    /// What became 0 and 255, if the file has 16 bits.
    pub window: Option<[u16; 2]>,
}

/// Reads a file by its content. The name does not matter.
///
/// # Errors
/// [`Problem`]: the file is missing, has another format, is incomplete, damaged, or too large.
pub fn read(path: &Path, how: Pictures) -> Result<Picture, Problem> {
    let unreadable = |reason: String| Problem::Unreadable { reason };
    let about = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if !about.is_file() {
        return Err(unreadable("it is no file".into())); // a folder, or a pipe that nobody writes to
    }
    if about.len() > MAX_BYTES {
        return Err(Problem::TooLarge { found: format!("{} bytes", about.len()) });
    }
    let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    decode(&bytes, &path.to_string_lossy(), how)
}

/// The same from memory. The name helps if the content does not show the format.
///
/// # Errors
/// Those of [`read`].
pub fn decode(bytes: &[u8], name: &str, how: Pictures) -> Result<Picture, Problem> {
    let (image, orientation) = match format::recognise(bytes, name)? {
        Format::Png => {
            let exif = png::walk(bytes)?;
            let mut limits = Limits::no_limits();
            limits.max_alloc = Some(MAX_BYTES);
            let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(refused)?;
            (pixels_of(decoder)?, exif.and_then(Orientation::from_exif_chunk))
        }
        Format::Jpeg => {
            jpeg::check(bytes)?;
            let mut decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(refused)?;
            let orientation = decoder.orientation().ok();
            (pixels_of(decoder)?, orientation)
        }
    };
    let (image, window) = contrast::to_rgb8(image, how.window);
    let mut image = DynamicImage::from(image);
    image.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    let image = imageops::resize(&image.into_rgb8(), how.size, how.size, FilterType::Triangle);
    let pixels = (0..3).flat_map(|channel| image.pixels().map(move |pixel| pixel.0[channel])).collect();
    Ok(Picture { pixels, window })
}

/// Decodes, unless the header asks for too many pixels.
fn pixels_of(decoder: impl ImageDecoder) -> Result<DynamicImage, Problem> {
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Problem::TooLarge { found: format!("{width} x {height} pixels") });
    }
    DynamicImage::from_decoder(decoder).map_err(refused)
}

fn refused(error: ImageError) -> Problem {
    match error {
        ImageError::Limits(_) => Problem::TooLarge { found: "more in its header than is allowed".into() },
        error => Problem::Damaged { reason: error.to_string() },
    }
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
            let pixels = read(&folder.path().join(name), 8.into()).unwrap().pixels;
            assert!(pixels.len() == 192 && pixels.iter().all(|&pixel| pixel.abs_diff(90) < 3), "{name}");
        }
        for name in ["colour.png", "colour.jpg"] {
            colour.save(folder.path().join(name)).unwrap();
            let pixels = read(&folder.path().join(name), 8.into()).unwrap().pixels;
            for (channel, expected) in pixels.chunks(64).zip([200, 100, 50u8]) {
                assert!(channel.iter().all(|pixel| pixel.abs_diff(expected) < 4), "{name}");
            }
        }
        assert!(read(&folder.path().join("none.png"), 8.into()).is_err());
    }
}

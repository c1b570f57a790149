//! What a file is by its first bytes, so that what is not read can be named, with what to do.

use super::Problem;

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
}

const PNG: &str = "save it as PNG, which loses nothing";
const SLICE: &str = "export the slice as a PNG, with 16 bits to keep its values (for DICOM: DCMTK's `dcmj2pnm \
                     --write-16-bit-png`, or the export of your viewer)";
const UNPACK: &str = "unpack it, and name the image inside";
const AGAIN: &str = "fetch or copy the image again";

/// Where the mark stands, the mark, what the file is, what to do.
const MARKS: [(usize, &[u8], &str, &str); 39] = [
    (128, b"DICM", "a DICOM file", SLICE),
    (344, b"n+1\0", "a NIfTI volume", SLICE),
    (344, b"ni1\0", "a NIfTI header", SLICE),
    (0, b"NRRD", "an NRRD volume", SLICE),
    (0, b"ObjectType", "a MetaImage header", SLICE),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", SLICE),
    (0, b"\x93NUMPY", "a NumPy array", SLICE),
    (0, b"MATLAB 5.0", "a MATLAB file", SLICE),
    (0, b"II*\0", "a TIFF image", PNG),
    (0, b"MM\0*", "a TIFF image", PNG),
    (0, b"II+\0", "a BigTIFF image", PNG),
    (0, b"MM\0+", "a BigTIFF image", PNG),
    (0, b"GIF8", "a GIF image", PNG),
    (0, b"BM", "a BMP image", PNG),
    (8, b"WEBP", "a WebP image", PNG),
    (4, b"ftypheic", "a HEIC image", PNG),
    (4, b"ftypheix", "a HEIC image", PNG),
    (4, b"ftypmif1", "a HEIF image", PNG),
    (4, b"ftypavif", "an AVIF image", PNG),
    (4, b"ftyp", "a film", "save one of its pictures as PNG"),
    (4, b"jP  \r\n", "a JPEG 2000 image", PNG),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 image", PNG),
    (0, b"\xff\x0a", "a JPEG XL image", PNG),
    (4, b"JXL \r\n", "a JPEG XL image", PNG),
    (0, b"8BPS", "a Photoshop image", PNG),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR image", PNG),
    (0, b"qoif", "a QOI image", PNG),
    (0, b"%PDF", "a PDF file", "save its picture as PNG"),
    (0, b"<svg", "an SVG drawing", PNG),
    (0, b"<?xml", "an XML file", AGAIN),
    (0, b"<!DOCTYPE", "a web page, as a failed download leaves it", AGAIN),
    (0, b"<!doctype", "a web page, as a failed download leaves it", AGAIN),
    (0, b"<html", "a web page, as a failed download leaves it", AGAIN),
    (0, b"version https://git-lfs", "a pointer of Git LFS, not the image itself", "run `git lfs pull`"),
    (0, b"\x1f\x8b", "compressed by gzip", UNPACK),
    (0, b"PK\x03\x04", "a ZIP archive", UNPACK),
    (0, b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
    (0, b"BZh", "compressed by bzip2", UNPACK),
    (0, b"\xfd7zXZ", "compressed by xz", UNPACK),
];

/// The format of these bytes; the name counts only where the bytes say nothing.
pub(super) fn recognise(bytes: &[u8], name: &str) -> Result<Format, Problem> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    let name = name.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let found = MARKS.iter().find(|(at, mark, ..)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    let (found, advice) = match found {
        _ if bytes.is_empty() => ("an empty file", AGAIN),
        _ if bytes.iter().all(|&byte| byte == 0) => ("nothing but zeros, as an interrupted copy leaves it", AGAIN),
        Some(_) if ends(&[".nii.gz"]) => ("a NIfTI volume", SLICE),
        Some(&(_, _, found, advice)) => (found, advice),
        None if b"\x89PNG\r\n\x1a\n\xff\xd8\xff".starts_with(bytes) || b"\xff\xd8\xff".starts_with(bytes) => {
            return Err(Problem::EndsEarly { reason: format!("it has {} bytes", bytes.len()) });
        }
        None if headless_dicom(bytes) || ends(&[".dcm", ".dicom", ".ima"]) => ("a DICOM file", SLICE),
        None if ends(&[".nii", ".hdr", ".mgz", ".mgh"]) => ("a volume, not one image", SLICE),
        None => ("of a format that is not known", PNG),
    };
    Err(Problem::Format { found, advice })
}

/// DICOM without its preamble: an element of group 2 or 8, little-endian, with two letters for its kind.
fn headless_dicom(bytes: &[u8]) -> bool {
    matches!(bytes, [2 | 8, 0, _, 0, a, b, ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8], name: &str) -> &'static str {
        match recognise(bytes, name).unwrap_err() {
            Problem::Format { found, .. } => found,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn content_counts_and_the_name_only_where_it_says_nothing() {
        assert_eq!(recognise(b"\x89PNG\r\n\x1a\n...", "scan.dcm"), Ok(Format::Png));
        assert_eq!(recognise(b"\xff\xd8\xff\xe0", "scan.png"), Ok(Format::Jpeg));
        assert_eq!(found(&[&[0; 128][..], b"DICM\x02\0"].concat(), "scan.png"), "a DICOM file");
        assert_eq!(found(b"\x08\0\x05\0CS\x0a\0ISO_IR 100", "scan"), "a DICOM file");
        assert_eq!(found(b"\x08\0\x05\0\x0a\0\0\0", "IM0001.DCM"), "a DICOM file"); // implicit kinds: the name alone
        assert_eq!(found(b"II*\0....", "slide.jpg"), "a TIFF image");
        assert_eq!(found(b"\x1f\x8b....", "liver.nii.gz"), "a NIfTI volume");
        assert_eq!(found(b"\x1f\x8b....", "a.png.gz"), "compressed by gzip");
        assert_eq!(found(b"RIFF....WEBPVP8 ", "a.png"), "a WebP image");
        assert_eq!(found(b"<!DOCTYPE html>", "a.png"), "a web page, as a failed download leaves it");
        assert_eq!(found(b"", "a.png"), "an empty file");
        assert_eq!(found(&[0; 4096], "a.png"), "nothing but zeros, as an interrupted copy leaves it");
        assert_eq!(found(b"hello", "a.png"), "of a format that is not known");
        assert!(matches!(recognise(b"\x89PN", "a.png"), Err(Problem::EndsEarly { .. })));
    }
}

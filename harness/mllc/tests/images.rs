//! Promise: an image is read completely and as a viewer shows it, or the error says what to do.
//!
//! Files of `field/` are made after reports of people; their siblings are made here.

mod common;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use climd_mllc::picture::{self, Pictures, Problem};
use climd_mllc::{Error, Fault, Manifest, Patient};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, GrayImage, ImageBuffer, ImageEncoder, Luma, Rgb, RgbImage};

fn field(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/field").join(name)
}

fn patients(name: &str) -> Vec<Patient> {
    Manifest::read(&field(name), 64, false).unwrap().patients
}

fn pixels(patient: &Patient) -> &[u8] {
    patient.image.as_ref().unwrap()
}

/// Reads from memory, at 64 x 64.
fn read(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    picture::decode(bytes, "x", 64.into()).map(|picture| picture.pixels)
}

fn png(image: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

/// A JPEG of a pattern with detail everywhere.
fn jpeg() -> Vec<u8> {
    let image = RgbImage::from_fn(60, 43, |x, y| Rgb([(x * 37 + y * y) as u8, (x * y) as u8, (y * 91 + x) as u8]));
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 85).encode_image(&image).unwrap();
    bytes
}

#[test]
fn a_damaged_jpeg_is_named_by_its_row() {
    let error = Manifest::read(&field("F02-damaged-jpeg"), 64, false).unwrap_err();
    assert!(matches!(error, Error::Row { row: 3, fault: Fault::Image { problem: Problem::EndsEarly { .. }, .. }, .. }));
    let message = error.to_string();
    assert!(message.contains("`cut50.jpg`, which ends early (after 43 % of the picture): copy the file"), "{message}");
}

#[test]
fn a_jpeg_or_png_cut_anywhere_is_an_error() {
    let progressive = fs::read(field("progressive.jpg")).unwrap();
    let gray = png(&GrayImage::from_fn(20, 20, |x, y| Luma([(x * y) as u8])).into());
    for bytes in [jpeg(), fs::read(field("F02-damaged-jpeg/whole.jpg")).unwrap(), progressive, gray] {
        let whole = read(&bytes).unwrap();
        for cut in (0..bytes.len()).filter(|cut| cut % 7 == 0 || cut + 20 > bytes.len()) {
            assert!(read(&bytes[..cut]).is_err(), "{cut} of {}", bytes.len());
        }
        // what comes after the end is none of the image, whatever it looks like
        assert_eq!(read(&[&bytes[..], b"\0\0more\xff\xd8\xff\xda"].concat()).unwrap(), whole);
    }
}

#[test]
fn a_jpeg_whose_end_mark_was_put_after_the_cut_is_an_error() {
    let bytes = jpeg();
    let data = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap() + 14;
    let whole = read(&bytes).unwrap();
    let mut refused = 0;
    for cut in (data..bytes.len() - 2).rev().step_by(5) {
        match read(&[&bytes[..cut], &[0xff, 0xd9]].concat()) {
            Ok(pixels) => assert!(pixels == whole && cut + 4 > bytes.len(), "{cut}"), // no more than padding is lost
            Err(problem) => {
                assert!(matches!(problem, Problem::EndsEarly { .. }), "{problem}");
                refused += 1;
            }
        }
    }
    assert!(refused > 100);
    // zeros to the old length, as a copy that was prepared and then interrupted leaves them
    let half = bytes.len() / 2;
    assert!(read(&[&bytes[..half], &vec![0; half][..]].concat()).is_err());
}

#[test]
fn a_progressive_jpeg_without_its_last_bytes_of_data_is_an_error() {
    let bytes = fs::read(field("progressive.jpg")).unwrap();
    let last = bytes.len() - 2;
    for lost in [3, 10, 20] {
        assert!(read(&[&bytes[..last - lost], &[0xff, 0xd9]].concat()).is_err(), "{lost}");
    }
}

#[test]
fn orientation_is_that_of_a_viewer() {
    for patient in patients("F03-exif") {
        for channel in pixels(&patient).chunks(64 * 64) {
            assert!(channel[..64 * 24].iter().all(|&pixel| pixel > 250), "{}", patient.id); // top white
            assert!(channel[64 * 40..].iter().all(|&pixel| pixel < 5), "{}", patient.id); // bottom black
        }
    }
}

#[test]
fn all_eight_orientations_give_one_picture_in_jpeg_and_png() {
    // one quarter of each gray
    let upright =
        GrayImage::from_fn(64, 64, |x, y| Luma([[[0, 80], [160, 240]][usize::from(y > 31)][usize::from(x > 31)]]));
    let corners = |pixels: &[u8]| [8 * 64 + 8, 8 * 64 + 56, 56 * 64 + 8, 56 * 64 + 56].map(|at| pixels[at]);
    let undo = |exif: u8| match exif {
        6 => 8,
        8 => 6,
        other => other,
    };
    for exif in 1..=8 {
        let mut stored = DynamicImage::from(upright.clone());
        stored.apply_orientation(Orientation::from_exif(undo(exif)).unwrap());
        let stored = stored.into_luma8();
        for order in ["II", "MM"] {
            let short = |value: u16| if order == "II" { value.to_le_bytes() } else { value.to_be_bytes() };
            let long = |value: u32| if order == "II" { value.to_le_bytes() } else { value.to_be_bytes() };
            let head = [order.as_bytes(), &short(42), &long(8), &short(1)].concat();
            let entry = [&short(0x112)[..], &short(3), &long(1), &short(exif.into()), &[0; 6]].concat();
            let tiff = [head, entry].concat();
            let write = |encoder: &mut dyn FnMut(Vec<u8>) -> Vec<u8>| encoder(tiff.clone());
            let as_png = write(&mut |tiff| {
                let mut bytes = Vec::new();
                let mut encoder = PngEncoder::new(&mut bytes);
                encoder.set_exif_metadata(tiff).unwrap();
                encoder.write_image(&stored, 64, 64, ExtendedColorType::L8).unwrap();
                bytes
            });
            let as_jpeg = write(&mut |tiff| {
                let mut bytes = Vec::new();
                let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 100);
                encoder.set_exif_metadata(tiff).unwrap();
                encoder.encode_image(&stored).unwrap();
                bytes
            });
            for bytes in [as_png, as_jpeg] {
                let found = corners(&read(&bytes).unwrap());
                let near = found.iter().zip([0, 80, 160, 240]).all(|(found, wanted)| found.abs_diff(wanted) < 3);
                assert!(near, "{exif} {order}: {found:?}");
            }
        }
    }
}

#[test]
fn orientation_after_the_pixels_of_a_png_counts_too() {
    let image = GrayImage::from_fn(64, 64, |_, y| Luma([if y < 32 { 0 } else { 255 }]));
    let bytes = png(&image.into());
    let exif = b"eXIfMM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0";
    let length = (exif.len() as u32 - 4).to_be_bytes();
    let (pixels, end) = bytes.split_at(bytes.len() - 12);
    let upside_down = read(&[pixels, &length, exif, &[0; 4], end].concat()).unwrap(); // 3: by half a turn
    assert_eq!((upside_down[0], upside_down[64 * 63]), (255, 0));
}

#[test]
fn values_of_twelve_bits_keep_their_contrast_and_full_ones_are_as_without_a_window() {
    let patients = patients("F04-16-bit-png");
    let [ct, full] = &patients[..] else { panic!() };
    assert_eq!(ct.window, Some([1064, 1128]));
    let (low, high) = (pixels(ct).iter().min().unwrap(), pixels(ct).iter().max().unwrap());
    assert_eq!((low, high), (&0, &255));
    assert_eq!(full.window, Some([0, 65_535]));
    let stored = image::open(field("F04-16-bit-png/full.png")).unwrap().to_rgb8();
    assert!(pixels(full)[..64 * 64].iter().zip(stored.pixels()).all(|(found, stored)| *found == stored.0[0]));
}

#[test]
fn a_window_that_is_given_is_the_same_for_all_and_is_said() {
    let folder = field("F04-16-bit-png");
    let how = |window| Pictures { size: 64, window };
    let given = Manifest::read(&folder, how(Some([1000, 1200])), false).unwrap();
    // (1064 - 1000) / 200 and (1128 - 1000) / 200 of 255
    let ct = pixels(&given.patients[0]);
    assert_eq!((ct.iter().min(), ct.iter().max()), (Some(&82), Some(&163)));
    let line = given.windows(Some([1000, 1200])).unwrap();
    assert!(line.contains("2; 1000 is black and 1200 is white"), "{line}");
    let line = Manifest::read(&folder, how(None), false).unwrap().windows(None).unwrap();
    assert!(line.contains("16-bit images: 2") && line.contains("(black, 0 to 1064)"), "{line}");
    assert!(line.contains("(white, 1128 to 65535)") && line.contains("--window LOW HIGH"), "{line}");
    let eight = Manifest::read(&field("F17-alpha"), 64, false).unwrap();
    assert_eq!(eight.windows(None), None);
    assert!(eight.windows(Some([1, 2])).unwrap().contains("--window changes nothing"));
}

#[test]
fn colour_under_transparency_does_not_reach_the_network() {
    let patients = patients("F17-alpha");
    let image = pixels(&patients[0]);
    for channel in image.chunks(64 * 64) {
        assert_eq!((channel[0], channel[64 * 64 - 1]), (0, 0)); // the corners are transparent, and red underneath
    }
    assert!(image.iter().any(|&pixel| pixel > 0));
}

#[test]
fn a_bomb_is_an_error_before_it_is_decoded() {
    // a PNG of 60,000 x 60,000 pixels: its header, and data of one row
    let mut bytes = png(&GrayImage::new(8, 8).into());
    bytes[16..24].copy_from_slice(&[60_000u32.to_be_bytes(), 60_000u32.to_be_bytes()].concat());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    // and a JPEG
    let mut large = jpeg();
    let frame = large.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    large[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    for (bytes, size) in [(bytes, "60000 x 60000 pixels"), (large, "65535 x 65535 pixels")] {
        let problem = read(&bytes).unwrap_err();
        let message = problem.to_string();
        assert!(matches!(problem, Problem::TooLarge { .. }) && message.contains(size), "{message}");
        assert!(message.contains("at most 67108864 pixels (8192 x 8192)") && message.contains("scale it"), "{message}");
    }
}

/// As PNG asks for.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[test]
fn other_formats_are_named_with_what_to_do() {
    let dicom = [&[0; 128][..], b"DICM\x02\0\0\0UL\x04\0"].concat();
    let message = |bytes: &[u8], name: &str| picture::decode(bytes, name, 64.into()).unwrap_err().to_string();
    let said = message(&dicom, "slice");
    assert!(said.contains("a DICOM file") && said.contains("export the slice as a PNG, with 16 bits"), "{said}");
    assert!(message(b"\x08\0\x05\0\x0a\0\0\0ISO", "slice.dcm").contains("a DICOM file"));
    assert!(message(b"GIF89a......", "a.png").contains("a GIF image, but PNG and JPEG are read: save it as PNG"));
    let mut lossless = jpeg();
    let frame = lossless.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    lossless[frame + 1] = 0xc3; // as it is taken out of DICOM files
    assert!(message(&lossless, "a.jpg").contains("a lossless JPEG"));
    let folder = common::folder("id,label,image\np1,normal,a.png\np2,hcc,a.dcm\n");
    fs::write(folder.path().join("a.dcm"), dicom).unwrap();
    let message = Manifest::read(folder.path(), 64, false).unwrap_err().to_string();
    assert!(message.contains("row 3: `image` is `a.dcm`, which is a DICOM file"), "{message}");
}

#[test]
fn a_folder_in_place_of_an_image_is_said() {
    let folder = common::folder("id,label,image\np1,normal,a.png\np2,hcc,b\n");
    fs::create_dir(folder.path().join("b")).unwrap();
    let message = Manifest::read(folder.path(), 64, false).unwrap_err().to_string();
    assert!(message.contains("row 3: `image` is `b`, which cannot be read (it is no file)"), "{message}");
}

#[test]
fn paths_of_windows_and_of_the_other_unicode_form_are_found() {
    let backslash = patients("F16-paths/backslash");
    assert_eq!(backslash[0].image, backslash[1].image);
    assert!(backslash[0].image.is_some());
    assert!(patients("F16-paths/unicode")[0].image.is_some());
    let folder = common::folder("id,label,image\np1,normal,A.PNG\n");
    let message = Manifest::read(folder.path(), 64, false).unwrap_err().to_string();
    let written = "`image` is `A.PNG`, but there is no such file: `a.png` is there, with other upper and lower case";
    assert!(message.contains(written), "{message}");
}

#[test]
fn a_group_is_read_and_must_be_there_for_all() {
    let header = "id,label,group,afp\np1,normal,A,1\np2,hcc,A,2\n";
    let manifest = Manifest::read(common::folder(&format!("{header}p3,hcc,B,3\n")).path(), 64, false).unwrap();
    let groups: Vec<&str> = manifest.patients.iter().map(|patient| patient.group.as_str()).collect();
    assert!(manifest.has_group && groups == ["A", "A", "B"] && manifest.columns == ["afp"]);
    let error = Manifest::read(common::folder(&format!("{header}p3,hcc,,3\n")).path(), 64, false).unwrap_err();
    assert!(matches!(error, Error::Row { row: 4, fault: Fault::NoGroup, .. }), "{error}");
    let error = Manifest::read(common::folder(&format!("{header}p3,hcc,NA,3\n")).path(), 64, false).unwrap_err();
    assert!(matches!(error, Error::Row { row: 4, fault: Fault::NoGroup, .. }), "{error}");
    let none = Manifest::read(common::folder("id,label,group,afp\np1,normal,,1\n").path(), 64, false).unwrap();
    assert!(!none.has_group && none.patients[0].group == "p1"); // absent by design, as a modality would be
    let deep = ImageBuffer::<Luma<u16>, Vec<u16>>::new(1, 1);
    assert_eq!(read(&png(&deep.into())).unwrap()[0], 0);
}

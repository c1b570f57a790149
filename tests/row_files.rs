//! Promise: rows of a `.npy` or safetensors file are those that were written, read in any order; what cannot be read is
//! an error that names the file and says what to do.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use climd::error::FileError;
use climd::{Error, RowFile};
use common::files::{npy, safetensors, values};
use tempfile::TempDir;

fn written(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn refused(bytes: &[u8]) -> Error {
    let (_folder, path) = written(bytes);
    let error = RowFile::open(&path).unwrap_err();
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error} does not name the file");
    error
}

fn header(text: &str) -> Vec<u8> {
    [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
}

fn reason(error: &Error) -> &str {
    match error {
        Error::File(FileError::RowFormat { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

/// Rows read one by one.
fn naive(all: &[f32], width: usize, indices: &[u32]) -> Vec<f32> {
    indices.iter().flat_map(|&i| &all[i as usize * width..][..width]).copied().collect()
}

#[test]
fn rows_have_the_bits_that_were_written_in_any_order_and_of_any_width() {
    // short rows, rows whose reads have gaps, and rows longer than a read
    for (rows, width) in [(1000, 3), (3000, 700), (9, 100_000), (1, 1)] {
        let all = values(rows * width);
        for bytes in [npy(&[rows, width], &all), safetensors(&[("x", &[rows, width], &all)])] {
            let (_folder, path) = written(&bytes);
            let file = RowFile::open(&path).unwrap();
            assert_eq!((file.num_rows(), file.row_shape(), file.width()), (rows, &[width][..], width));
            assert_eq!(file.path(), path);
            let mut read = vec![0.0; all.len()];
            file.read(0, &mut read).unwrap();
            assert_eq!(bits(&read), bits(&all));
            // far ahead, back, twice, the last
            let indices: Vec<u32> = (0..64).map(|i| (i * i * 7919 % rows) as u32).chain([rows as u32 - 1]).collect();
            let mut read = vec![0.0; indices.len() * width];
            file.gather(&indices, &mut read).unwrap();
            assert_eq!(bits(&read), bits(&naive(&all, width, &indices)), "{rows} rows of {width}");
        }
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_row_can_have_any_shape_or_none() {
    for (shape, row) in [(vec![6], vec![]), (vec![3, 1, 2], vec![1, 2]), (vec![1, 2, 3], vec![2, 3])] {
        let (_folder, path) = written(&npy(&shape, &values(6)));
        let file = RowFile::open(path).unwrap();
        assert_eq!(file.row_shape(), row);
        assert_eq!(file.num_rows() * file.width(), 6);
    }
}

#[test]
fn the_bytes_of_numpy_are_read() {
    // numpy.save(path, numpy.array([[1.5, -2.0], [0.25, 3.0]], "<f4")), numpy 2.3
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }}{}\n", " ".repeat(58));
    let numbers = [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0x80, 0x3E, 0, 0, 0x40, 0x40];
    let bytes = [header(&text), numbers.to_vec()].concat();
    assert_eq!(bytes.len(), 128 + 16);
    let (_folder, path) = written(&bytes);
    let mut rows = [0.0; 4];
    RowFile::open(path).unwrap().read(0, &mut rows).unwrap();
    assert_eq!(rows, [1.5, -2.0, 0.25, 3.0]);
}

#[test]
fn a_file_that_is_not_there_or_no_file() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("none.npy"), folder.path().into()] {
        let error = RowFile::open(&path).unwrap_err();
        assert_eq!(error.name(), "RowFile");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

/// Opening a pipe would wait for somebody who writes.
#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert_eq!(RowFile::open(path).unwrap_err().name(), "RowFile");
}

#[test]
fn damaged_headers() {
    assert!(reason(&refused(b"")).contains("neither"));
    assert!(reason(&refused(b"id,label\n1,2\n")).contains("neither"));
    assert_eq!(reason(&refused(b"\x93NUMPY")), "the header is cut off");
    assert_eq!(reason(&refused(b"\x93NUMPY\x01\x00\xff\x00{'descr'")), "the header is cut off");
    assert!(reason(&refused(&header("{'descr': '<f4'}"))).contains("lacks"));
    assert!(reason(&refused(b"\xff\xff\xff\xff\xff\xff\xff\xff{}  ")).contains("bytes, more than the file"));
    assert!(reason(&refused(b"\x04\0\0\0\0\0\0\0{\"a\" ")).contains("EOF"));
    let whole = safetensors(&[("x", &[1, 2], &values(2))]);
    for cut in 1..whole.len() {
        refused(&whole[..cut]);
    }
    let whole = npy(&[2, 2], &values(4));
    for cut in 0..whole.len() {
        refused(&whole[..cut]);
    }
}

#[test]
fn elements_of_another_kind_or_byte_order() {
    for kind in [">f4", "<f8", "|u1", "<i8", "|O", "<f2"] {
        let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (1, 1), }}");
        let error = refused(&[header(&text), vec![0; 4]].concat());
        assert_eq!(error.name(), "ElementKind");
        assert!(
            error.to_string().contains(&format!("kind {kind}, but f32 in little-endian order are read")),
            "{error}"
        );
    }
    let text = "{\"x\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}";
    let error = refused(&[&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &[0; 4]].concat());
    assert!(error.to_string().contains("kind BF16"), "{error}");
}

#[test]
fn columns_one_behind_the_other() {
    let text = |shape| format!("{{'descr': '<f4', 'fortran_order': True, 'shape': {shape}, }}");
    let error = refused(&[header(&text("(2, 2)")), vec![0; 16]].concat());
    assert_eq!(error.name(), "ColumnOrder");
    // one column is the same in both orders, and NumPy may say either
    let (_folder, path) = written(&[header(&text("(4, 1)")), vec![0; 16]].concat());
    assert_eq!(RowFile::open(path).unwrap().num_rows(), 4);
}

#[test]
fn no_rows_and_rows_of_nothing() {
    for shape in ["()", "(0, 4)", "(4, 0)", "(0,)"] {
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        assert_eq!(refused(&header(&text)).name(), "NoRows");
    }
}

#[test]
fn files_shorter_or_longer_than_their_header_says() {
    let whole = npy(&[2, 2], &values(4));
    for bytes in [whole[..whole.len() - 1].to_vec(), [&whole[..], b"1"].concat()] {
        let error = refused(&bytes);
        assert_eq!(error.name(), "RowFileLength");
        assert!(error.to_string().contains(&format!("says {}", whole.len())), "{error}");
    }
    // sizes whose product is no number of 64 bits
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 16), }";
    assert_eq!(refused(&header(text)).name(), "RowFileLength");
    // a tensor whose bytes are not those of its shape, or beyond the end
    for offsets in ["[0,4]", "[4,20]", "[8,4]", "[0,18446744073709551615]"] {
        let text = format!("{{\"x\":{{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":{offsets}}}}}");
        let bytes = [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &[0; 16]].concat();
        assert!(["RowFileLength", "RowFormat"].contains(&refused(&bytes).name()));
    }
}

#[test]
fn tensors_by_name() {
    let (a, b) = (values(6), values(4));
    let (_folder, path) = written(&safetensors(&[("image", &[3, 2], &a), ("text", &[2, 2], &b)]));
    let file = RowFile::open_tensor(&path, "text").unwrap();
    let mut rows = [0.0; 4];
    file.read(0, &mut rows).unwrap();
    assert_eq!(rows, b[..]);
    for (error, problem) in [
        (RowFile::open(&path).unwrap_err(), "several tensors"),
        (RowFile::open_tensor(&path, "txt").unwrap_err(), "no tensor `txt`"),
    ] {
        assert_eq!(error.name(), "NoSuchTensor");
        let text = error.to_string();
        assert!(text.contains(problem) && text.ends_with("`RowFile::open_tensor`: `image`, `text`"), "{text}");
    }
    let names: Vec<String> = (10..32).map(|i| format!("t{i}")).collect();
    let tensors: Vec<(&str, &[usize], &[f32])> =
        names.iter().map(|name| (name.as_str(), &[1, 1][..], &a[..1])).collect();
    let (_folder, path) = written(&safetensors(&tensors));
    assert!(RowFile::open(path).unwrap_err().to_string().ends_with("`t29` and 2 more"));
    let (_folder, path) = written(&npy(&[1], &[1.0]));
    let error = RowFile::open_tensor(path, "x").unwrap_err();
    assert_eq!(error.name(), "NoSuchTensor");
    assert!(error.to_string().ends_with("opened by `RowFile::open`"), "{error}");
}

#[test]
fn rows_that_are_not_there_and_buffers_of_another_length() {
    let (_folder, path) = written(&npy(&[3, 2], &values(6)));
    let file = RowFile::open(path).unwrap();
    let mut rows = [7.0; 4];
    for error in [
        file.read(2, &mut rows).unwrap_err(),
        file.read(usize::MAX, &mut rows).unwrap_err(),
        file.gather(&[0, 3], &mut rows).unwrap_err(),
    ] {
        assert_eq!(error.name(), "NoSuchRow");
    }
    assert_eq!(rows, [7.0; 4]);
    assert_eq!(file.read(0, &mut rows[..3]).unwrap_err().name(), "Length");
    assert_eq!(file.gather(&[0], &mut rows).unwrap_err().name(), "Length");
    file.read(3, &mut []).unwrap();
    file.gather(&[], &mut []).unwrap();
}

fn open_then(change: impl Fn(&Path)) -> Error {
    let (_folder, path) = written(&npy(&[300, 500], &values(150_000)));
    let file = RowFile::open(&path).unwrap();
    change(&path);
    file.gather(&[299, 1], &mut [0.0; 1000]).unwrap_err()
}

#[test]
fn a_file_that_is_cut_off_or_written_to_while_it_is_in_use() {
    let cut = |path: &Path| fs::OpenOptions::new().write(true).open(path).unwrap().set_len(1000).unwrap();
    assert_eq!(open_then(cut).name(), "RowFileChanged");
    let later = |path: &Path| {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    };
    assert_eq!(open_then(later).name(), "RowFileChanged");
    // without the look at the file's length: the read itself ends early
    let (_folder, path) = written(&npy(&[300, 500], &values(150_000)));
    let file = RowFile::open(&path).unwrap();
    cut(&path);
    assert_eq!(file.read(299, &mut [0.0; 500]).unwrap_err().name(), "RowFileChanged");
}

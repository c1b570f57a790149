//! Opens any bytes as a file of rows. The result is an error, or an array whose first and last rows can be read.
#![no_main]

use std::cell::OnceCell;
use std::path::PathBuf;

use climd::RowFile;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fn file() -> PathBuf {
    FOLDER.with(|folder| folder.get_or_init(|| tempfile::tempdir_in("/dev/shm").unwrap()).path().join("rows"))
}

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else { return };
    // with a length that fits the text up to the first line break, as any other is refused at once
    let text = data.split(|&byte| byte == b'\n').next().unwrap();
    let rest = &data[text.len()..];
    let bytes = match kind % 3 {
        0 => data.to_vec(),
        1 => [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text, rest].concat(),
        _ => [&(text.len() as u64).to_le_bytes()[..], text, rest].concat(),
    };
    let path = file();
    std::fs::write(&path, &bytes).unwrap();
    for file in [RowFile::open(&path), RowFile::open_tensor(&path, "x")].into_iter().flatten() {
        assert!(file.num_rows() * file.width() * 4 <= bytes.len());
        assert_eq!(file.row_shape().iter().product::<usize>(), file.width());
        let mut rows = vec![0.0; 2 * file.width()];
        file.gather(&[file.num_rows() as u32 - 1, 0], &mut rows).unwrap();
        assert_eq!(file.read(file.num_rows(), &mut rows).unwrap_err().name(), "NoSuchRow");
    }
});

//! Any bytes as an image: an error with a text, or pixels of the size that was asked for.
#![no_main]

#[allow(dead_code)] // the modules of the example, without libtorch, which the rest of its crate needs
#[path = "../../harness/mllc/src/picture/mod.rs"]
mod picture;

use libfuzzer_sys::fuzz_target;
use picture::Pictures;

const SIZE: u32 = 8;

fuzz_target!(|data: &[u8]| {
    let Some((&window, bytes)) = data.split_first() else { return };
    let window = (window % 2 == 1).then(|| [u16::from(window), 40_000]);
    match picture::decode(bytes, "fuzz", Pictures { size: SIZE, window }) {
        Ok(picture) => {
            assert_eq!(picture.pixels.len(), 3 * (SIZE * SIZE) as usize);
            assert!(picture.window.is_none_or(|[low, high]| low < high));
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
});

//! Reads any bytes as a state file. The result is an error, or a state that a sampler accepts or refuses.
#![no_main]

use std::cell::OnceCell;
use std::path::PathBuf;

use climd::{CurriculumSampler, PowerLaw, PowerLawScheduler, State};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fn file() -> PathBuf {
    FOLDER.with(|folder| folder.get_or_init(|| tempfile::tempdir_in("/dev/shm").unwrap()).path().join("state"))
}

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else { return };
    let labels = [0, 0, 0, 0, 1, 1, 2];
    let schedule = PowerLaw { epochs: 4, ..Default::default() };
    let mut sampler = PowerLawScheduler::new(&labels, schedule).unwrap().seed(7);
    sampler.update(1, &[0.5, 0.25, -1.0, 0.0, 3.0, 2.0, 1.0]).unwrap();
    let before = sampler.epoch(2).unwrap().indices().to_vec();
    let path = file();
    let bytes = match kind % 3 {
        0 => data.to_vec(),
        1 => [b"climd\0", data].concat(),
        _ => {
            // a good file with some bytes changed, so that most of it is decoded before the error
            sampler.state(2.into()).unwrap().save(&path).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            for change in data.chunks_exact(2) {
                let at = usize::from(change[0]) % bytes.len();
                bytes[at] ^= change[1];
            }
            bytes
        }
    };
    std::fs::write(&path, bytes).unwrap();
    if let Ok(state) = State::load(&path) {
        match sampler.restore(&state) {
            Ok(at) => {
                sampler.epoch(at.epoch).unwrap();
            }
            Err(_) => assert_eq!(sampler.epoch(2).unwrap().indices(), before),
        }
    }
    // without the checksum that the reader of files checks first
    if let Ok(state) = postcard::from_bytes::<State>(data) {
        if let Ok(at) = sampler.restore(&state) {
            sampler.epoch(at.epoch).unwrap();
        }
    }
});

//! Promise: a state is read from its file as it was written, in both formats. A file that is not whole, or not a state,
//! is an error. A reader beside a writer always sees a whole file.
#![cfg(feature = "serde")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use climd::error::StateError;
use climd::*;

const NAMES: [&str; 2] = ["sampler.json", "sampler.bin"];

fn state(epoch: usize) -> State {
    let mut sampler =
        PowerLawScheduler::new(&[0, 0, 0, 0, 1, 1, 2], PowerLaw { epochs: 9, ..Default::default() }).unwrap().seed(3);
    let scores = [0.1, -0.0, f32::MIN_POSITIVE, 1.0 / 3.0, f32::MAX, 7.0, 1e-45];
    sampler.update(1, &scores).unwrap();
    sampler.state(Position { epoch, samples: 1 }).unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    fs::read_dir(folder).unwrap().map(name).collect()
}

#[test]
fn both_formats_give_back_what_was_saved_and_leave_nothing_else() {
    for name in NAMES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        for epoch in [1, 4] {
            state(epoch).save(&path).unwrap(); // the second takes the place of the first
            assert_eq!(State::load(&path).unwrap(), state(epoch));
            assert_eq!(files(folder.path()), [name]);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        state(1).save(folder.path().join(name)).unwrap();
    }
    let [json, binary] = NAMES.map(|name| fs::read(folder.path().join(name)).unwrap());
    assert!(json.starts_with(b"{\"version\":2,") && binary.starts_with(b"climd\0\x02"));
    assert!(binary.len() < json.len());
}

#[test]
fn bytes_are_those_of_the_binary_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sampler.bin");
    state(4).save(&path).unwrap();
    let bytes = state(4).to_bytes();
    assert_eq!(bytes, fs::read(&path).unwrap());
    assert_eq!(State::from_bytes(&bytes).unwrap(), state(4));
    for bad in [&bytes[..bytes.len() - 1], b"no state", b"", &[&bytes[..], b"!"].concat()] {
        let error = State::from_bytes(bad).unwrap_err();
        assert!(matches!(error, Error::State(StateError::StateBytes { .. })), "{error}");
    }
    let mut altered = bytes;
    *altered.last_mut().unwrap() ^= 1;
    let error = State::from_bytes(&altered).unwrap_err();
    assert!(matches!(error, Error::State(StateError::StateDamaged { .. })), "{error}");
}

/// The sampler of the committed states: a schedule and settings that are not at their defaults, 40 samples.
fn released() -> PowerLawScheduler {
    let labels: Vec<u8> = (0..40).map(|i| u8::from(i >= 24) + u8::from(i >= 34)).collect();
    let schedule = PowerLaw { epochs: 12, gamma: 2.5, pick: Pick::Lowest, ..Default::default() };
    PowerLawScheduler::new(&labels, schedule).unwrap().settings(Settings {
        seed: 11,
        first_measure: 2,
        measure_every: 3,
    })
}

/// Every later release goes on where this one stopped. `CLIMD_WRITE_STATES=1 cargo test --test state_file` writes the
/// files anew, which is right only together with another version of the format.
#[test]
fn states_that_were_written_by_the_release_of_this_format_are_restored() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let at = Position { epoch: 4, samples: 6 };
    if std::env::var_os("CLIMD_WRITE_STATES").is_some() {
        let mut sampler = released();
        let scores: Vec<f32> = (0..40).map(|i| (i * 17 % 40) as f32 / 7.0).collect();
        sampler.update(2, &scores).unwrap();
        for name in NAMES {
            sampler.state(at).unwrap().save(folder.join("state-v2").join(name)).unwrap();
        }
    }
    for name in NAMES {
        let mut sampler = released();
        assert_eq!(sampler.restore(&State::load(folder.join("state-v2").join(name)).unwrap()).unwrap(), at);
        let rest = sampler.epoch(4).unwrap().skip(6).unwrap().into_indices();
        assert_eq!(rest, REST, "{name}");
        assert_eq!(sampler.report(4).unwrap().measured_at, Some(2));
    }
}

/// What is left of epoch 4.
const REST: &[u32] = &[22, 33, 0, 17, 19, 26, 38, 39, 36, 3, 31];

#[test]
fn a_file_cut_or_altered_anywhere_is_refused() {
    for name in NAMES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        state(1).save(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let error = State::load(&path).unwrap_err();
            assert!(matches!(error, Error::State(StateError::StateFormat { .. })), "{name} cut at {end}: {error}");
            assert!(error.to_string().contains(name), "{error}");
        }
        for at in 0..whole.len() {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            fs::write(&path, &altered).unwrap();
            assert!(State::load(&path).is_err(), "{name} altered at {at}");
        }
        fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
        assert!(
            matches!(State::load(&path), Err(Error::State(StateError::StateFormat { .. }))),
            "{name} with more behind it"
        );
    }
}

#[test]
fn a_newer_version_is_named_even_if_its_fields_are_others() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a.json", &b"{\"version\":3,\"anything\":[]}"[..]), ("a.bin", b"climd\0\x03rest")] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        assert_eq!(State::load(&path).unwrap_err(), Error::State(StateError::StateVersion { found: 3, expected: 2 }));
    }
}

#[test]
fn garbage_and_files_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.bin");
    let error = State::load(&path).unwrap_err();
    assert!(
        matches!(error, Error::State(StateError::StateFile { done: "read", .. }))
            && error.to_string().contains("state.bin"),
        "{error}"
    );
    for garbage in [&b""[..], b"climd", b"climd\0", b"climd\0\xff\xff\xff\xff\xff\xff", b"PK\x03\x04", b"[1, 2]", b"{}"]
    {
        fs::write(&path, garbage).unwrap();
        let error = State::load(&path).unwrap_err();
        assert!(matches!(error, Error::State(StateError::StateFormat { .. })), "{error}");
    }
    let nowhere = folder.path().join("missing").join("state.bin");
    for path in [nowhere.as_path(), folder.path(), Path::new("/"), Path::new("")] {
        let error = state(1).save(path).unwrap_err();
        assert!(matches!(error, Error::State(StateError::StateFile { done: "written", .. })), "{error}");
    }
    assert_eq!(files(folder.path()), ["state.bin"]);
}

#[test]
fn a_reader_beside_a_writer_sees_whole_states() {
    let folder = tempfile::tempdir().unwrap();
    let (path, done) = (folder.path().join("state.bin"), AtomicBool::new(false));
    state(0).save(&path).unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) || seen == 0 {
                State::load(&path).unwrap();
                seen += 1;
            }
        });
        (0..50).for_each(|epoch| state(epoch % 9).save(&path).unwrap());
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
}

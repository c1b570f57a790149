//! Promise: a failed save leaves the old state as it was. A good save keeps the permissions of the file, and symbolic
//! links.
#![cfg(all(feature = "serde", unix))]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use climd::error::StateError;
use climd::*;

/// Environment variable with the file that the child process of a test saves to.
const PATH: &str = "CLIMD_TEST_SAVE_TO";

fn state(epoch: usize) -> State {
    state_of(epoch, 7)
}

fn state_of(epoch: usize, samples: usize) -> State {
    let labels: Vec<usize> = (0..samples).map(|sample| sample % 3).collect();
    let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 9, ..Default::default() }).unwrap();
    sampler.update(1, &vec![0.1; samples]).unwrap();
    sampler.state(epoch.into()).unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_file_that_is_replaced_keeps_its_permissions_and_a_new_one_has_the_usual() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.bin");
    for bits in [0o600, 0o640, 0o400, 0o664] {
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(bits)).unwrap();
        state(1).save(&path).unwrap();
        assert_eq!(mode(&path), bits);
        assert_eq!(State::load(&path).unwrap(), state(1));
    }
    let (new, plain) = (folder.path().join("new.bin"), folder.path().join("plain"));
    state(1).save(&new).unwrap();
    fs::write(&plain, "as the umask has it").unwrap();
    assert_eq!(mode(&new), mode(&plain));
}

#[test]
fn a_link_stays_and_what_it_leads_to_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("deep")).unwrap();
    symlink("deep/state.bin", at("latest")).unwrap(); // leads nowhere at first
    symlink("latest", at("newest")).unwrap();
    symlink(at("deep").join("state.bin"), at("absolute")).unwrap();
    for (epoch, link) in ["latest", "newest", "absolute"].into_iter().enumerate() {
        state(epoch).save(at(link)).unwrap();
        assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
        assert!(!fs::symlink_metadata(at("deep/state.bin")).unwrap().is_symlink());
        assert_eq!(State::load(at("deep/state.bin")).unwrap(), state(epoch), "{link}");
        assert_eq!(files(folder.path()), ["absolute", "deep", "latest", "newest"]);
    }
    symlink("there", at("back")).unwrap();
    symlink("back", at("there")).unwrap();
    let error = state(1).save(at("back")).unwrap_err().to_string();
    assert!(error.contains("circle"), "{error}");
}

/// The temporary name of an older release could be foreseen: whoever could write to the folder could have a link there
/// followed, and its target overwritten.
#[test]
fn a_link_that_was_planted_beside_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, victim) = (folder.path().join("state.bin"), folder.path().join("victim"));
    fs::write(&victim, "untouched").unwrap();
    symlink(&victim, folder.path().join(format!(".state.bin.{}.tmp", std::process::id()))).unwrap();
    state(1).save(&path).unwrap();
    assert_eq!(fs::read_to_string(victim).unwrap(), "untouched");
}

#[test]
fn a_name_may_be_as_long_as_the_system_allows() {
    let folder = tempfile::tempdir().unwrap();
    for len in [200, 254, 255] {
        let path = folder.path().join("x".repeat(len));
        state(len).save(&path).unwrap();
        state(len + 1).save(&path).unwrap();
        assert_eq!(State::load(&path).unwrap(), state(len + 1));
    }
    let path = folder.path().join("x".repeat(256));
    assert!(matches!(state(1).save(path), Err(Error::State(StateError::StateFile { done: "written", .. }))));
}

#[test]
fn threads_that_save_to_one_path_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.bin");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || (0..50).for_each(|step| state(thread * 50 + step).save(path).unwrap()));
        }
    });
    assert!((0..200).any(|epoch| State::load(&path).unwrap() == state(epoch)));
    assert_eq!(files(folder.path()), ["state.bin"]);
}

#[test]
fn what_is_no_file_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap();
    assert!(made.success());
    let before = fs::metadata(folder.path().join("pipe")).unwrap().ino();
    for path in [folder.path().join("pipe"), "/dev/null".into(), folder.path().into()] {
        let error = state(1).save(&path).unwrap_err();
        assert!(error.to_string().contains("no file"), "{error}");
    }
    assert_eq!(fs::metadata(folder.path().join("pipe")).unwrap().ino(), before);
}

/// Saves a state of a million samples to the path that a test gives in the environment. Without one it does nothing.
#[test]
fn child() {
    let Ok(path) = std::env::var(PATH) else { return };
    match state_of(2, 1_000_000).save(path) {
        Ok(()) => println!("saved"),
        Err(error) => println!("error: {error}"),
    }
}

/// This test file again, `child` alone, started by a shell after `before`.
fn save_after(before: &str, path: &Path, user: Option<u32>) -> Output {
    let script = format!("{before}; exec \"$0\" --exact child --nocapture");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(std::env::current_exe().unwrap()).env(PATH, path).current_dir("/");
    if let Some(user) = user {
        command.uid(user);
    }
    command.output().unwrap()
}

#[test]
fn a_file_size_limit_leaves_the_old_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.bin");
    state(1).save(&path).unwrap();
    // the signal of the limit ignored: the write is an error
    let output = save_after("trap '' XFSZ; ulimit -f 64", &path, None);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("error: `path`: `") && text.contains("cannot be written"), "{text}");
    assert_eq!(State::load(&path).unwrap(), state(1));
    assert_eq!(files(folder.path()), ["state.bin"], "nothing is left beside it");
    // and as it comes: the process dies of it
    assert!(!save_after("ulimit -f 64", &path, None).status.success());
    assert_eq!(State::load(&path).unwrap(), state(1));
}

#[test]
fn a_folder_that_cannot_be_written_leaves_the_old_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.bin");
    state(1).save(&path).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
    // the superuser may write anywhere: become somebody who may not
    let superuser = fs::metadata("/proc/self").map_or(0, |own| own.uid()) == 0;
    let output = save_after(":", &path, superuser.then_some(65534));
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if superuser && text.is_empty() {
        return eprintln!("nobody else may run the tests here: {output:?}");
    }
    assert!(text.contains("error: `path`: `") && text.contains("ermission denied"), "{text} {output:?}");
    assert_eq!(State::load(&path).unwrap(), state(1));
    assert_eq!(files(folder.path()), ["state.bin"]);
}

/// Once the new file has its name, nothing may fail: an error says that the old state is still there.
#[test]
fn a_folder_that_can_be_written_but_not_read_gets_the_new_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.bin");
    state(1).save(&path).unwrap();
    let superuser = fs::metadata("/proc/self").map_or(0, |own| own.uid()) == 0;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o333)).unwrap();
    if superuser {
        std::os::unix::fs::chown(folder.path(), Some(65534), None).unwrap();
    }
    let output = save_after(":", &path, superuser.then_some(65534));
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if superuser && text.is_empty() {
        return eprintln!("nobody else may run the tests here: {output:?}");
    }
    assert!(text.contains("saved") && !text.contains("error"), "{text} {output:?}");
    assert_eq!(State::load(&path).unwrap(), state_of(2, 1_000_000));
    assert_eq!(files(folder.path()), ["state.bin"]);
}

/// Where a test may mount a file system of 64 KiB; elsewhere the limit above stands for it.
#[test]
fn a_full_disk_leaves_the_old_state() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |arguments: &[&str]| Command::new(arguments[0]).args(&arguments[1..]).arg(folder.path()).output();
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs"]).is_ok_and(|output| output.status.success()) {
        return eprintln!("no file system can be mounted here");
    }
    let path = folder.path().join("state.bin");
    let saved = state(1).save(&path);
    let full = state_of(2, 1_000_000).save(&path);
    let (found, left) = (State::load(&path), files(folder.path()));
    mount(&["umount"]).unwrap();
    saved.unwrap();
    assert!(full.unwrap_err().to_string().contains("No space left"));
    assert_eq!(found.unwrap(), state(1));
    assert_eq!(left, ["state.bin"]);
}

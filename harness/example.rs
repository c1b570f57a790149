//! An example as a program, for the tests of the harness that run one.

use std::env;
use std::process::Command;

/// The program of an example, built if it is not yet.
///
/// It is built with the features of the whole workspace, as `make test` builds it. `cargo run --package` would choose
/// others, and build tch and half of the harness a second time.
pub fn example(name: &str) -> Command {
    let tests = env::current_exe().unwrap();
    let folder = tests.parent().unwrap().parent().unwrap(); // of the profile: the tests lie in its `deps`
    let profile = if folder.ends_with("debug") { "dev" } else { folder.file_name().unwrap().to_str().unwrap() };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--workspace", "--exclude", "climd-frameworks", "--profile", profile])
        .args(["--example", name])
        .status()
        .unwrap();
    assert!(status.success());
    let mut program = Command::new(folder.join("examples").join(name));
    // The networks are small: more threads wait for each other longer than they work.
    program.env("OMP_NUM_THREADS", "1");
    program
}

//! Promise: a user's program that trains with tch starts by plain `cargo run`, if it has the build script of the guide.
//! Without the script, the system prints the message that the guide quotes.

#![cfg(all(feature = "tch", target_os = "linux"))]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const GUIDE: &str = include_str!("../docs/guide/wrap.md");
const MAIN: &str = r#"
use climd::{CurriculumLoader, PowerLaw, PowerLawScheduler};
fn main() -> climd::Result<()> {
    let x = tch::Tensor::ones([4, 2], tch::kind::FLOAT_CPU);
    let loader = CurriculumLoader::new(vec![x], tch::Tensor::from_slice(&[0i64, 0, 0, 1]), 2)?;
    let sampler = PowerLawScheduler::new(loader.labels(), PowerLaw { epochs: 1, ..Default::default() })?;
    println!("{} batches", loader.epoch(&sampler, 0)?.len());
    Ok(())
}
"#;

/// The guide's `build.rs`: the block of code that follows its name.
fn build_script() -> &'static str {
    let after = GUIDE.split("and beside it a `build.rs`:").nth(1).expect("wrap.md shows a build.rs");
    after.split("```rust\n").nth(1).unwrap().split("```").next().unwrap()
}

/// A command that knows where libtorch is, as the guide says, but for the loader of programs.
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH");
    // set by `cargo test` for this package
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG") || name.starts_with("DEP_")) {
        command.env_remove(name);
    }
    command
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_program_of_a_user_finds_libtorch_by_itself() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    write("src/main.rs", MAIN);
    write("build.rs", build_script());
    // the range instead of the guide's one version, and our lock file: what is built already is used
    let manifest = format!(
        "[package]\nname = \"climd-own-binary\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         climd = {{ path = {root:?}, features = [\"tch\"] }}\ntch = \">=0.24, <0.27\"\n\
         torch-sys = \">=0.24, <0.27\"\n\n\
         [profile.dev.package.climd]\nopt-level = 1\n\n[profile.dev.package.\"*\"]\ndebug = false\n"
    );
    write("Cargo.toml", &manifest);
    if root.join("Cargo.lock").exists() {
        fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    }
    let cargo = |verb: &str| {
        let mut cargo = command(env!("CARGO"));
        cargo.args([verb, "--quiet"]).current_dir(folder.path()).env("CARGO_TARGET_DIR", target);
        cargo.output().unwrap()
    };
    let ran = cargo("run");
    assert!(ran.status.success(), "{}", text(&ran));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "2 batches\n");

    // alone, too: Cargo lends a program the libraries below its target folder
    let program = target.join("debug/climd-own-binary");
    let alone = command(&program).output().unwrap();
    assert_eq!(text(&alone), "2 batches\n");

    write("build.rs", "fn main() {}");
    let built = cargo("build");
    assert!(built.status.success(), "{}", text(&built));
    let lost = text(&command(&program).output().unwrap());
    let message = "error while loading shared libraries: libtorch_cpu.so: cannot open shared object file";
    assert!(lost.contains(message), "{lost}");
    assert!(GUIDE.contains(message));
}

//! Lets our own tests, examples and benches find libtorch, and its CUDA part, without LD_LIBRARY_PATH.
//!
//! Cargo passes these arguments to the targets of this package alone, not to crates that depend on it.
//! It also lets the kernels use AVX-512 where the compiler knows it.
use std::{env, path::Path, process::Command};

fn main() {
    // `target_feature` knows AVX-512 from Rust 1.89 on.
    println!("cargo:rustc-check-cfg=cfg(avx512)");
    if minor_version().is_some_and(|minor| minor >= 89) {
        println!("cargo:rustc-cfg=avx512");
    }
    // Cargo runs this again by itself when torch-sys or this file changes. This line keeps it from checking every file
    // of the package. A path instead would have to exist in all packages that use this file.
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    // torch-sys sets this for its direct dependents. It is absent without feature `tch`.
    let Ok(lib) = env::var("DEP_TCH_LIBTORCH_LIB") else { return };
    if env::var("CARGO_CFG_TARGET_FAMILY").as_deref() != Ok("unix") {
        return;
    }
    println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
    if Path::new(&lib).join("libtorch_cuda.so").exists() {
        // No code refers to it by name, so the linker would drop it, and libtorch would see no GPU.
        println!("cargo:rustc-link-arg=-L{lib}");
        for argument in ["-Wl,--no-as-needed", "-ltorch_cuda", "-Wl,--as-needed"] {
            println!("cargo:rustc-link-arg={argument}");
        }
    }
}

/// 89 of `rustc 1.89.0 (...)`.
fn minor_version() -> Option<u32> {
    let rustc = env::var_os("RUSTC")?;
    let version = String::from_utf8(Command::new(rustc).arg("--version").output().ok()?.stdout).ok()?;
    version.split('.').nth(1)?.parse().ok()
}

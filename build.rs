//! Lets our own tests, examples and benches find libtorch, and its CUDA half, without LD_LIBRARY_PATH.
//!
//! These arguments reach the targets of this package alone, never those of a crate that depends on it.
use std::{env, path::Path};

fn main() {
    // Cargo runs this again by itself when torch-sys or this file changes. One line of this kind keeps it from looking
    // at the whole package; a path would have to exist in both packages that use this file.
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    // Set by torch-sys for its direct dependents; absent without feature `tch`.
    let Ok(lib) = env::var("DEP_TCH_LIBTORCH_LIB") else { return };
    if env::var("CARGO_CFG_TARGET_FAMILY").as_deref() != Ok("unix") {
        return;
    }
    println!("cargo:rustc-link-arg=-Wl,-rpath,{lib}");
    if Path::new(&lib).join("libtorch_cuda.so").exists() {
        // Nothing refers to it by name, so the linker would drop it, and libtorch would see no GPU.
        println!("cargo:rustc-link-arg=-L{lib}");
        for argument in ["-Wl,--no-as-needed", "-ltorch_cuda", "-Wl,--as-needed"] {
            println!("cargo:rustc-link-arg={argument}");
        }
    }
}

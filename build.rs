//! Lets our own tests, examples and benches find libtorch, and its CUDA part, without LD_LIBRARY_PATH.
//!
//! Cargo passes these arguments to the targets of this package alone, not to crates that depend on it.
use std::{env, path::Path};

fn main() {
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

//! Promises about tensors, as functions of the device. `tensors.rs`, `loader.rs`, `loss.rs` and `observe_tensors.rs`
//! call them for the CPU, `cuda.rs` for the first CUDA device, if there is one.

pub mod loader;
pub mod loss;
pub mod measurer;
pub mod observing;
pub mod outputs;

//! The paper's networks, their losses, oversampling, and one training run. Not published.

#![deny(missing_docs)]

pub mod agreement;
pub mod config;
pub mod criterion;
pub mod multi_label;
pub mod network;
pub mod oversample;
pub mod quality;
pub mod redrawn;
pub mod train;

//! What CLIMD does on real data: data preparation, networks, training arms, tables and plots. Not published.

#![deny(missing_docs)]

pub mod data;
pub mod experiment;
pub mod network;
pub mod plot;
pub mod stats;
pub mod summary;
pub mod train;

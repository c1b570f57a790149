//! What CLIMD does on real data: data preparation, networks, training arms, tables and plots. Not published.

#![deny(missing_docs)]

pub mod cache;
pub mod config;
pub mod criterion;
pub mod data;
pub mod experiment;
pub mod inspect;
pub mod network;
pub mod oversample;
pub mod overview;
pub mod plot;
pub mod redrawn;
pub mod results;
pub mod stats;
pub mod tables;
pub mod train;

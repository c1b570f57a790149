//! Experiments with CLIMD on real data: training arms, run cache, statistics, tables and plots. Not published.

#![deny(missing_docs)]

pub mod cache;
pub mod chest;
pub mod comparisons;
pub mod experiment;
pub mod overview;
pub mod plot;
pub mod progress;
pub mod results;
pub mod stats;
pub mod tables;
pub mod targets;

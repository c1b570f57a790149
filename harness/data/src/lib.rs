//! Real data: reading it, splitting it, and preparing it from the training part alone.
//!
//! [`Dataset::load`] reads a folder in one of three layouts, [`stratified_split`] parts it, and [`Prepared::fit`]
//! chooses and scales columns. Nothing learned from a test row reaches a training row: choice and scale come from
//! [`Fitted::new`], which is given the training rows and looks at no other.

mod dataset;
mod draw;
mod error;
mod layout;
mod prepare;
mod split;
mod table;

pub use climd_csv::Place;
pub use dataset::{Dataset, Layout};
pub use error::{Error, Result};
pub use prepare::{Fitted, FittedTable, Keep, Part, Preparation, Prepared, anova_f};
pub use split::{Split, stratified_folds, stratified_split};
pub use table::Table;

//! Reads real data, splits them, and prepares them with the training part alone.
//!
//! [`Dataset::load`] reads a folder in one of three layouts, [`Dataset::test_split`] splits it, and [`Prepared::fit`]
//! chooses and scales columns. Test rows have no effect on training: choice and scale come from [`Fitted::new`], which
//! reads only the training rows.

mod copies;
mod dataset;
mod draw;
mod error;
mod fingerprint;
mod gaps;
mod groups;
mod layout;
mod multi_label;
mod neighbours;
mod prepare;
mod split;
mod table;
mod target;

pub use climd_csv::Place;
pub use dataset::{Dataset, Layout};
pub use error::{Error, Result};
pub use groups::group_folds;
pub use multi_label::MultiLabel;
pub use neighbours::neighbours;
pub use prepare::{Fitted, FittedTable, Keep, Part, Preparation, Prepared, anova_f};
pub use split::{Split, stratified_folds, stratified_split};
pub use table::Table;

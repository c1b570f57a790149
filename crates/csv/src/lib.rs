//! Tables as people have them: the one way in which all tools of this repository read CSV files.
//!
//! [`Sheet::read`] finds out the separator and whether the first row names the columns, and says why. Rows keep the
//! number that a spreadsheet shows; blank rows are left out and counted. [`Labels`] are read from one column, from
//! cells that hold several labels, or from one-hot columns. Something that may be a mistake is a line of
//! [`Sheet::notes`] or of [`Labels::warnings`]. Something that cannot be used is an [`Error`] that says where it is.

#![deny(missing_docs)]

mod cell;
mod columns;
mod comments;
mod error;
mod find;
mod found;
mod header;
mod ids;
mod labels;
mod list;
mod listed;
mod names;
mod one_hot;
mod pieces;
mod separator;
mod several;
mod sheet;
mod text;

pub use cell::{Decimal, is_missing, is_missing_label};
pub use columns::{Column, GROUPS, IDS, LABELS, SCORES, SITES};
pub use error::{Error, Place, Result};
pub use found::{Kind, Labels};
pub use header::{Header, Why};
pub use ids::{Difference, difference};
pub use labels::Wanted;
pub use list::{read_list, read_numbered_list};
pub use listed::listed;
pub use names::alike;
pub use separator::Separator;
pub use sheet::{Fault, HeaderOption, Options, Sheet};

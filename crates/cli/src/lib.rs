//! Text and pages of the program `climd`. Not published.

#![deny(missing_docs)]

pub mod folder;
pub mod inspect;
pub mod schedule;
pub mod split;
pub mod table;

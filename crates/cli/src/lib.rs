//! What the program `climd` says of labels and scores. Not published.

#![deny(missing_docs)]

pub mod inspect;
pub mod split;

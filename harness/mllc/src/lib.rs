//! CLIMD on a folder of patients, each with an image of the liver, a history and laboratory values. Not published.
//!
//! [`Manifest`] reads and checks the folder, [`synthetic`] writes synthetic patients if there are none, [`text`]
//! turns histories into features once, [`Cohort`] makes tensors, and [`Study`] cross-validates.

#![deny(missing_docs)]

mod cohort;
mod error;
mod folds;
mod key;
mod locate;
mod manifest;
mod network;
pub mod picture;
mod resnet;
mod study;
pub mod synthetic;
mod table;
pub mod text;
mod train;

pub use cohort::{Cohort, Modality, Samples};
pub use error::{Error, Fault, Result};
pub use key::FoldRun;
pub use manifest::{CLASSES, Manifest, Patient};
pub use network::Mllc;
pub use study::Study;
pub use table::Scale;
pub use train::{Setup, run};

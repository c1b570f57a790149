//! The key of a cached run: everything that its result depends on, and nothing else.
//!
//! Paths, the device and the number of runs at a time are not in it.

use climd_networks::config::RunConfig;
use serde::{Deserialize, Serialize};

/// A run on one fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldRun {
    /// What every data set has. Its seed draws weights, dropout and order, and its fingerprint is of the patients.
    pub run: RunConfig,
    /// Number of the fold that is the test part, from 0. The folds are drawn from `run.seed - fold`.
    pub fold: u64,
    /// Number of folds.
    pub folds: usize,
    /// Width and height of the images. None: there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_size: Option<u32>,
    /// Digest of the weights that the image encoder starts from. None: random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_weights: Option<String>,
    /// Digest of the model that made the features of the histories. None: there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_model: Option<String>,
}

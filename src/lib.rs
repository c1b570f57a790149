//! Curriculum sampling for imbalanced multimodal diagnosis: the reference implementation of CLIMD (Han et al.,
//! MICCAI 2025).
//!
//! Common diseases fill a data set and rare ones starve in it. CLIMD scores every sample by how sure each modality is
//! of it and by how much the modalities add to each other, and gives each epoch a subset that starts with balanced
//! classes and grows to the real long tail. This crate is that sampler: labels and scores in, index lists out.
//!
//! ```
//! use climd::{CurriculumSampler, LastBatch, Modality, PowerLaw, PowerLawScheduler, Terms, measure};
//!
//! let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
//! let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 4, ..Default::default() })?.seed(7);
//! for epoch in 0..4 {
//!     if sampler.wants_scores(epoch) {
//!         // of your network, in evaluation mode: logits [N, 3] and embeddings [N, 2] of each modality
//!         let (logits, embeddings) = ([0.0; 30], [1.0; 20]);
//!         let modality = Modality { logits: &logits, embeddings: &embeddings, present: None };
//!         let scores = measure(&labels, 3, &[modality, modality], Terms::Both)?;
//!         sampler.update(epoch, &scores.score)?;
//!     }
//!     for (indices, _) in sampler.epoch(epoch)?.batches(4, LastBatch::MergeLone)? {
//!         // your training step on these samples, unchanged
//!         assert!(indices.iter().all(|&sample| sample < 10));
//!     }
//! }
//! # Ok::<(), climd::Error>(())
//! ```
//!
//! With feature `tch` [`CurriculumLoader`] does all of this around tensors of any device, and
//! [`MultimodalMeasurer`] measures batch by batch. Without it the crate needs nothing but Rust.
//!
//! Data flow one way: labels -> [`ClassIndex`]; logits and embeddings -> scores; a [`Schedule`] says how many samples
//! of each class, [`Curriculum`] which ones and in what order; an [`Epoch`] is skipped, sharded and batched.

#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "tch")]
mod bce;
mod bins;
#[cfg(feature = "burn")]
pub mod burn;
#[cfg(feature = "candle")]
pub mod candle;
mod distributed;
mod error;
#[cfg(any(feature = "burn", feature = "candle"))]
mod framework;
mod job;
mod label_metrics;
mod labels;
#[cfg(feature = "tch")]
mod loader;
#[cfg(feature = "tch")]
mod loss;
mod measure;
mod metrics;
mod raw;
mod sampler;
pub mod schedule;
mod split;
mod targets;
#[cfg(feature = "tch")]
mod tensor;

#[cfg(feature = "tch")]
pub use bce::prior_corrected_bce;
pub use bins::{quantile_bins, width_bins};
#[cfg(feature = "mpi")]
pub use distributed::Mpi;
pub use distributed::{Communicator, Distributed, Exchange, InProcess};
pub use error::{Error, Result};
pub use job::rank_and_world_size;
pub use label_metrics::LabelMetrics;
pub use labels::ClassIndex;
#[cfg(feature = "tch")]
pub use loader::{Batch, Batches, CurriculumLoader};
#[cfg(feature = "tch")]
pub use loss::{
    effective_number_weights, focal_loss, inverse_frequency_weights, post_hoc_adjustment,
    prior_corrected_cross_entropy, weighted_cross_entropy,
};
#[cfg(feature = "tch")]
pub use measure::MultimodalMeasurer;
pub use measure::{Modality, Real, Scores, Terms, measure};
pub use metrics::ConfusionMatrix;
pub use sampler::{
    ClassReport, Curriculum, CurriculumSampler, Epoch, GroupShare, IndexBatches, LabelReport, LastBatch, Position,
    PowerLawScheduler, Report, ScoreRange, Settings, ShardRemainder, State, Warning, weighted_scores,
};
pub use schedule::{Pick, Plan, PowerLaw, Quota, Schedule};

pub use split::{PartError, split, split_errors};
pub use targets::{Targets, Within};

/// Every snippet of the README and of the guide is compiled and run.
#[cfg(doctest)]
mod pages {
    macro_rules! pages {
        ($($name:ident: $path:literal),+ $(,)?) => { $(#[doc = include_str!($path)] struct $name;)+ };
    }

    pages! {
        Leakage: "../docs/guide/leakage.md",
        Start: "../docs/guide/start.md",
        Watching: "../docs/guide/watching.md",
    }

    #[cfg(all(feature = "serde", feature = "tch"))]
    pages! {
        Readme: "../README.md",
        Choosing: "../docs/guide/choosing.md",
        ComingFrom: "../docs/guide/coming-from.md",
        Loss: "../docs/guide/loss.md",
        Missing: "../docs/guide/missing.md",
        Processes: "../docs/guide/processes.md",
        Resume: "../docs/guide/resume.md",
        SeveralFindings: "../docs/guide/several-findings.md",
        Shapes: "../docs/guide/shapes.md",
        Wrap: "../docs/guide/wrap.md",
    }

    #[cfg(feature = "burn")]
    pages! { WrapBurn: "../docs/guide/wrap-burn.md" }

    #[cfg(feature = "candle")]
    pages! { WrapCandle: "../docs/guide/wrap-candle.md" }
}

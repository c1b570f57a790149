//! Curriculum sampling for imbalanced multimodal diagnosis: the reference implementation of CLIMD (Han et al.,
//! MICCAI 2025).
//!
//! In a medical data set common diseases have many samples and rare ones few. CLIMD scores every sample: how sure is
//! each modality of its label, and how different are the modalities? The first epochs are small and balanced, with the
//! highest scores. Each later epoch is larger and closer to the real class mix. This crate is that sampler: labels and
//! scores go in, lists of sample indices come out.
//!
//! ```
//! use climd::{CurriculumSampler, LastBatch, Modality, PowerLaw, PowerLawScheduler, Terms, measure};
//!
//! let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
//! let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 4, ..Default::default() })?.seed(7);
//! for epoch in 0..4 {
//!     if sampler.wants_scores(epoch) {
//!         // of your network, in evaluation mode: logits [N, 3] and embeddings [N, 2] of each modality
//!         let (logits, embeddings) = ([0.0f32; 30], [1.0f32; 20]);
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
//! # The parts
//!
//! 1. [`ClassIndex`] counts the classes of the labels.
//! 2. [`measure`] makes scores from logits and embeddings.
//! 3. A [`Schedule`] says how many samples of each class an epoch holds. [`schedule`] lists all of them by family, and
//!    says when to use which.
//! 4. [`Curriculum`] says which samples, and in what order.
//! 5. An [`Epoch`] is skipped, sharded and batched.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `serde` (default) | configurations and states in any serde format; states in files |
//! | `tch` | `CurriculumLoader`, `MultimodalMeasurer` and losses for tch's tensors; needs libtorch |
//! | `candle`, `burn` | `measure` for the tensors of these frameworks; no libtorch |
//! | `files` | `RowFile`, `FileLoader`: batches from `.npy` and safetensors files larger than memory |
//! | `mpi` | `Mpi`: ranks as processes of an MPI job |
//! | `tracing` | `Report::trace`: reports as events |
//!
//! Without `tch` and `mpi` the crate needs nothing but Rust.
//!
//! # Further reading
//!
//! In the repository, `docs/guide` has a page for each task, `docs/results/advice.md` says what to expect on your data,
//! and `docs/algorithm.md` defines every step exactly.

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
pub mod error;
#[cfg(feature = "files")]
mod files;
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
#[cfg(feature = "files")]
pub use files::{FileBatch, FileBatches, FileLoader, RowBuffer, RowFile};
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
pub use measure::{Modality, Real, Scores, Terms, Value, measure, measure_multi_hot};
pub use metrics::ConfusionMatrix;
pub use sampler::{
    Blocks, ClassReport, Curriculum, CurriculumSampler, Epoch, GroupShare, IndexBatches, LabelReport, LastBatch,
    Position, PowerLawScheduler, Report, ScoreAges, ScoreRange, Settings, ShardRemainder, State, Warning,
    weighted_scores,
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
        Observe: "../docs/guide/observe.md",
        Processes: "../docs/guide/processes.md",
        Resume: "../docs/guide/resume.md",
        SeveralFindings: "../docs/guide/several-findings.md",
        Shapes: "../docs/guide/shapes.md",
        Wrap: "../docs/guide/wrap.md",
    }

    #[cfg(feature = "burn")]
    pages! { WrapBurn: "../docs/guide/wrap-burn.md" }

    #[cfg(feature = "files")]
    pages! { Large: "../docs/guide/large.md" }

    #[cfg(feature = "candle")]
    pages! { WrapCandle: "../docs/guide/wrap-candle.md" }
}

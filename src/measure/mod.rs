//! The measurer scores how easy samples are: confidence in each modality, complementarity between them.
//!
//! Source: Han et al., MICCAI 2025, Eq. 1-4; gaps closed in `docs/algorithm.md`, "Measurer".

mod along;
#[cfg(feature = "tch")]
mod batch;
mod complements;
mod confidence;
mod cosine;
mod double;
#[cfg(feature = "tch")]
mod host;
mod lanes;
#[cfg(feature = "tch")]
mod layout;
mod load;
mod log_sigmoid;
#[cfg(feature = "tch")]
mod observed;
mod products;
mod several;
mod slices;
#[cfg(feature = "tch")]
mod steps;
#[cfg(feature = "tch")]
mod tensors;
mod units;
mod value;
mod widths;

pub use several::measure_multi_hot;
pub use slices::{Modality, Scores, measure};
#[cfg(feature = "tch")]
pub(crate) use steps::Steps;
#[cfg(feature = "tch")]
pub use tensors::MultimodalMeasurer;
pub use value::{Real, Value};
#[cfg(any(feature = "burn", feature = "candle"))]
pub(crate) use widths::common_width;

/// The terms of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Terms {
    /// Complementarity plus mean confidence, Eq. 4: in `[0, M / (M - 1) + 0.5]`. The default.
    #[default]
    Both,
    /// Mean over the modalities of `sigmoid(ln p(label) / C)`, Eq. 1: in `[0, 0.5]`.
    Confidence,
    /// One minus the mean cosine of the modalities' embeddings, at least 0, Eq. 2-3: in `[0, M / (M - 1)]`.
    Complementarity,
    /// Mean over the modalities of `ln p(label)`, the value behind confidence: at most 0.
    LogLikelihood,
}

impl Terms {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Terms::Both => "Both",
            Terms::Confidence => "Confidence",
            Terms::Complementarity => "Complementarity",
            Terms::LogLikelihood => "LogLikelihood",
        }
    }

    pub(crate) fn needs_logits(self) -> bool {
        self != Terms::Complementarity
    }

    pub(crate) fn needs_embeddings(self) -> bool {
        matches!(self, Terms::Both | Terms::Complementarity)
    }
}

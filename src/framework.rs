//! Checks of shapes and kinds for the tensors of any framework, before they are measured. They read no values.

use crate::error::{ArgumentError, MeasureError, TensorError};
use crate::measure::common_width;
use crate::{Modality, Result, Scores, Terms, Value};

/// Shape and kind of a tensor.
pub(crate) struct Facts {
    pub(crate) dims: Vec<usize>,
    /// The framework's name for its type.
    pub(crate) kind: String,
    /// Whether the type is one of `KINDS`.
    pub(crate) is_real: bool,
}

/// The allowed types of a framework's tensors.
pub(crate) const KINDS: &str = "F16, BF16, F32 or F64";

/// The inputs of a measurement, without the values of its tensors.
pub(crate) struct Given<'a> {
    pub(crate) labels: &'a [u32],
    pub(crate) present: Option<&'a [Vec<bool>]>,
    pub(crate) terms: Terms,
}

impl Given<'_> {
    /// The number of classes, if the tensors agree with the labels and with each other. The caller leaves out tensors
    /// that the terms do not need.
    pub(crate) fn check(&self, logits: &[Facts], embeddings: &[Facts]) -> Result<usize> {
        let (n, terms) = (self.labels.len(), self.terms);
        if terms.needs_embeddings() && embeddings.is_empty() {
            return Err(MeasureError::NoEmbeddings { terms: terms.name() }.into());
        }
        let classes = width("logits", logits, terms.needs_logits(), n)?;
        width("embeddings", embeddings, terms.needs_embeddings(), n)?;
        let count = logits.len().max(embeddings.len());
        let rule = "one for each modality";
        for (argument, found) in [("embeddings", embeddings.len()), ("present", self.present.map_or(count, <[_]>::len))]
        {
            if found != count && (argument == "present" || terms == Terms::Both) {
                return Err(ArgumentError::Length { argument: argument.into(), found, expected: count, rule }.into());
            }
        }
        // without logits every label is allowed
        Ok(if terms.needs_logits() { classes } else { self.labels.iter().max().map_or(1, |&label| label as usize + 1) })
    }

    pub(crate) fn measure<F: Value>(
        &self,
        classes: usize,
        logits: &[&[F]],
        embeddings: &[&[F]],
    ) -> Result<Scores<F::Score>> {
        let modality = |m: usize| Modality {
            logits: logits.get(m).copied().unwrap_or_default(),
            embeddings: embeddings.get(m).copied().unwrap_or_default(),
            present: self.present.map(|present| &present[m][..]),
        };
        let modalities: Vec<Modality<'_, F>> = (0..logits.len().max(embeddings.len())).map(modality).collect();
        crate::measure(self.labels, classes, &modalities, self.terms)
    }
}

/// Rounded to f32.
pub(crate) fn narrow(Scores { score, confidence, complementarity }: Scores<f64>) -> Scores {
    let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
    Scores {
        score: narrow(score.into_iter().map(|score| score.max(f32::MIN.into())).collect()),
        confidence: confidence.into_iter().map(narrow).collect(),
        complementarity: narrow(complementarity),
    }
}

/// The width that all tensors share; 0 if none is needed.
fn width(argument: &'static str, tensors: &[Facts], needed: bool, n: usize) -> Result<usize> {
    if let Some((m, bad)) = tensors.iter().enumerate().find(|(_, tensor)| !tensor.is_real) {
        let (argument, found) = (format!("{argument}[{m}]"), bad.kind.clone());
        return Err(TensorError::Kind { argument, found, expected: KINDS }.into());
    }
    let shape = |tensor: &Facts| tensor.dims.iter().map(|&size| size as i64).collect();
    let shapes: Vec<Vec<i64>> = tensors.iter().map(shape).collect();
    common_width(argument, &shapes, needed, n as i64, "a row for each label")
}

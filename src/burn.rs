//! The measurer on burn's tensors: `measure`, without libtorch.
//!
//! Tensors are moved into the function. Tensors of one kind that nobody else holds are read in place, on a CPU backend
//! and without gaps. Other tensors are copied first, those of several kinds to f32. Flex32 is converted to f32.

use burn_tensor::{DType, Element, Tensor, TensorData};

use crate::error::TensorError;
use crate::framework::{Facts, Given, narrow};
use crate::{Error, Result, Scores, Terms, Value};

/// Scores every sample by confidence and complementarity: higher is easier, and comes earlier.
///
/// The function [`measure`](crate::measure) for the tensors of burn.
///
/// # Shapes
/// `labels`: `[n]`, columns of the logits. `logits`: `M` times `[n, C]`; may be empty for [`Terms::Complementarity`].
/// `embeddings`: `M` times `[n, D]`; may be empty for terms without complementarity. `present`: `M` times `[n]`, the
/// samples that have the modality; `None`: all.
///
/// Any device, with or without autodiff, and F16, BF16, Flex32, F32 or F64. If one of them is F64, everything is
/// computed in f64, and rounded to f32 at the end.
///
/// # Errors
/// [`TensorError::Shape`], [`TensorError::Kind`],
/// [`MeasureError::EmbeddingWidth`](crate::error::MeasureError::EmbeddingWidth) and
/// [`ArgumentError::Length`](crate::error::ArgumentError::Length) for tensors that do not fit together;
/// [`TensorError::Framework`] for errors of burn; those of [`measure`](crate::measure).
pub fn measure(
    labels: &[u32],
    logits: Vec<Tensor<2>>,
    embeddings: Vec<Tensor<2>>,
    present: Option<&[Vec<bool>]>,
    terms: Terms,
) -> Result<Scores> {
    let logits = if terms.needs_logits() { logits } else { Vec::new() };
    let embeddings = if terms.needs_embeddings() { embeddings } else { Vec::new() };
    let given = Given { labels, present, terms };
    let classes = given.check(&facts(&logits), &facts(&embeddings))?;
    if logits.iter().chain(&embeddings).any(|tensor| tensor.dtype() == DType::F64) {
        return Ok(narrow(in_kind::<f64>(&given, classes, logits, embeddings)?));
    }
    let kinds: Vec<DType> = logits.iter().chain(&embeddings).map(|tensor| tensor.dtype()).collect();
    let all = |kind| kinds.iter().all(|&found| found == kind);
    match () {
        () if all(DType::F16) => in_kind::<half::f16>(&given, classes, logits, embeddings),
        () if all(DType::BF16) => in_kind::<half::bf16>(&given, classes, logits, embeddings),
        () => in_kind::<f32>(&given, classes, logits, embeddings),
    }
}

fn facts(tensors: &[Tensor<2>]) -> Vec<Facts> {
    let facts = |tensor: &Tensor<2>| Facts {
        dims: tensor.dims().to_vec(),
        kind: format!("{:?}", tensor.dtype()),
        is_real: matches!(tensor.dtype(), DType::F16 | DType::BF16 | DType::Flex32 | DType::F32 | DType::F64),
    };
    tensors.iter().map(facts).collect()
}

fn in_kind<F: Value + Element>(
    given: &Given<'_>,
    classes: usize,
    logits: Vec<Tensor<2>>,
    embeddings: Vec<Tensor<2>>,
) -> Result<Scores<F::Score>> {
    let (logits, embeddings) = (data::<F>(logits)?, data::<F>(embeddings)?);
    given.measure(classes, &slices::<F>(&logits)?, &slices::<F>(&embeddings)?)
}

/// The values in the CPU's memory, converted to this kind.
fn data<F: Element>(tensors: Vec<Tensor<2>>) -> Result<Vec<TensorData>> {
    tensors.into_iter().map(|tensor| tensor.try_into_data_as::<F>().map_err(refused)).collect()
}

fn slices<F: Element>(data: &[TensorData]) -> Result<Vec<&[F]>> {
    data.iter().map(|data| data.as_slice::<F>().map_err(refused)).collect()
}

fn refused(error: impl std::fmt::Debug) -> Error {
    Error::Tensor(TensorError::Framework { name: "burn", message: format!("{error:?}") })
}

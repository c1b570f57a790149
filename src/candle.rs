//! The measurer on candle's tensors: `measure`, without libtorch.
//!
//! Tensors of one kind in the CPU's memory are read in place if they have no gaps. Tensors with gaps, on a GPU, or of
//! several kinds are copied first.

use std::ops::Deref;

use candle_core::{DType, Device, Storage, Tensor, WithDType};

use crate::error::TensorError;
use crate::framework::{Facts, Given, narrow};
use crate::{Error, Result, Scores, Terms, Value};

/// Scores every sample by confidence and complementarity: higher is easier, and comes earlier.
///
/// The function [`measure`](crate::measure) for the tensors of candle.
///
/// # Shapes
/// `labels`: `[n]`, columns of the logits. `logits`: `M` times `[n, C]`; may be empty for [`Terms::Complementarity`].
/// `embeddings`: `M` times `[n, D]`; may be empty for terms without complementarity. `present`: `M` times `[n]`, the
/// samples that have the modality; `None`: all.
///
/// Any device, and F16, BF16, F32 or F64. If one of them is F64, everything is computed in f64, and rounded to f32 at
/// the end.
///
/// # Errors
/// [`TensorError::Shape`], [`TensorError::Kind`],
/// [`MeasureError::EmbeddingWidth`](crate::error::MeasureError::EmbeddingWidth) and
/// [`ArgumentError::Length`](crate::error::ArgumentError::Length) for tensors that do not fit together;
/// [`TensorError::Framework`] for errors of candle; those of [`measure`](crate::measure).
///
/// # Examples
/// ```
/// use candle_core::{Device, Tensor};
/// let tensor = |rows: [[f32; 2]; 2]| Tensor::new(&rows, &Device::Cpu);
/// let logits = [tensor([[4.0, 0.0], [0.0, 0.0]])?, tensor([[0.0, 0.0], [0.0, 0.0]])?];
/// let embeddings = [tensor([[1.0, 0.0], [1.0, 0.0]])?, tensor([[0.0, 1.0], [1.0, 0.0]])?];
/// let scores = climd::candle::measure(&[0, 1], &logits, &embeddings, None, climd::Terms::Both)?;
/// assert_eq!(scores.complementarity, [1.0, 0.0]); // at a right angle, and equal
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn measure(
    labels: &[u32],
    logits: &[Tensor],
    embeddings: &[Tensor],
    present: Option<&[Vec<bool>]>,
    terms: Terms,
) -> Result<Scores> {
    let logits = if terms.needs_logits() { logits } else { &[] };
    let embeddings = if terms.needs_embeddings() { embeddings } else { &[] };
    let given = Given { labels, present, terms };
    let classes = given.check(&facts(logits), &facts(embeddings))?;
    if logits.iter().chain(embeddings).any(|tensor| tensor.dtype() == DType::F64) {
        return Ok(narrow(in_kind::<f64>(&given, classes, logits, embeddings)?));
    }
    let all = |kind| logits.iter().chain(embeddings).all(|tensor| tensor.dtype() == kind);
    match () {
        () if all(DType::F16) => in_kind::<half::f16>(&given, classes, logits, embeddings),
        () if all(DType::BF16) => in_kind::<half::bf16>(&given, classes, logits, embeddings),
        () => in_kind::<f32>(&given, classes, logits, embeddings),
    }
}

fn facts(tensors: &[Tensor]) -> Vec<Facts> {
    let facts = |tensor: &Tensor| Facts {
        dims: tensor.dims().to_vec(),
        kind: format!("{:?}", tensor.dtype()),
        is_real: matches!(tensor.dtype(), DType::F16 | DType::BF16 | DType::F32 | DType::F64),
    };
    tensors.iter().map(facts).collect()
}

fn in_kind<F: Value + WithDType>(
    given: &Given<'_>,
    classes: usize,
    logits: &[Tensor],
    embeddings: &[Tensor],
) -> Result<Scores<F::Score>> {
    let (logits, embeddings) = (plain::<F>(logits)?, plain::<F>(embeddings)?);
    let (logit_memory, embedding_memory) = (memory(&logits), memory(&embeddings));
    given.measure(classes, &slices::<F, _>(&logit_memory)?, &slices::<F, _>(&embedding_memory)?)
}

/// The tensors themselves if they can be read in place, else copies of this kind in the CPU's memory, without gaps.
fn plain<F: WithDType>(tensors: &[Tensor]) -> Result<Vec<Tensor>> {
    let plain = |tensor: &Tensor| Ok(tensor.detach().to_device(&Device::Cpu)?.to_dtype(F::DTYPE)?.contiguous()?);
    tensors.iter().map(plain).collect()
}

/// The memory of each tensor, which does not move while this lives, and the range of the tensor in it.
fn memory(tensors: &[Tensor]) -> Vec<(impl Deref<Target = Storage>, Option<(usize, usize)>)> {
    let memory = |tensor| {
        let (storage, layout) = Tensor::storage_and_layout(tensor);
        (storage, layout.contiguous_offsets())
    };
    tensors.iter().map(memory).collect()
}

/// The elements, in place.
fn slices<F: WithDType, S: Deref<Target = Storage>>(memory: &[(S, Option<(usize, usize)>)]) -> Result<Vec<&[F]>> {
    let mut slices = Vec::with_capacity(memory.len());
    for (storage, range) in memory {
        let (Storage::Cpu(storage), &Some((start, end))) = (&**storage, range) else {
            let message = "a tensor was moved or cut while it was measured".into();
            return Err(TensorError::Framework { name: "candle", message }.into());
        };
        slices.push(&F::cpu_storage_as_slice(storage)?[start..end]);
    }
    Ok(slices)
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        let text = error.to_string();
        // candle may append a stack trace, which does not help the caller
        let message = text.split("\n   0:").next().unwrap_or(&text).trim().to_owned();
        Error::Tensor(TensorError::Framework { name: "candle", message })
    }
}

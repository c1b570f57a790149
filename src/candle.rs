//! The measurer on candle's tensors: `measure`, without libtorch.
//!
//! Tensors of f32 in the CPU's memory, and of f64, are read in place if they have no gaps. f16 and bf16 are converted to f32, tensors with gaps and tensors
//! on a GPU are copied first.

use std::ops::Deref;

use candle_core::{DType, Device, Storage, Tensor, WithDType};

use crate::{Error, Modality, Real, Result, Scores, Terms};

/// Scores every sample by confidence and complementarity: higher is easier, and comes earlier. [`measure`](crate::measure), for candle.
///
/// # Shapes
/// `labels`: `[n]`, columns of the logits. `logits`: `M` times `[n, C]`; may be empty for [`Terms::Complementarity`]. `embeddings`: `M` times `[n, D]`; may be
/// empty for terms without complementarity. `present`: `M` times `[n]`, which samples have the modality; `None`: all.
///
/// Any device, and F16, BF16, F32 or F64. If one is F64 all is computed in f64, and rounded to f32 at the end.
///
/// # Errors
/// [`Error::Shape`], [`Error::Kind`], [`Error::EmbeddingWidth`] and [`Error::Length`] for tensors that disagree; [`Error::Framework`] for what candle refuses; those of
/// [`measure`](crate::measure).
///
/// # Examples
/// ```
/// use candle_core::{Device, Tensor};
/// let logits = [Tensor::new(&[[4.0f32, 0.0], [0.0, 0.0]], &Device::Cpu)?, Tensor::zeros((2, 2), candle_core::DType::F32, &Device::Cpu)?];
/// let embeddings = [Tensor::new(&[[1.0f32, 0.0], [1.0, 0.0]], &Device::Cpu)?, Tensor::new(&[[0.0f32, 1.0], [1.0, 0.0]], &Device::Cpu)?];
/// let scores = climd::candle::measure(&[0, 1], &logits, &embeddings, None, climd::Terms::Both)?;
/// assert_eq!(scores.complementarity, [1.0, 0.0]); // at right angles, and the same
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
    let classes = width("logits", logits, terms.needs_logits(), labels.len())?;
    width("embeddings", embeddings, terms.needs_embeddings(), labels.len())?;
    let count = logits.len().max(embeddings.len());
    let rule = "one for each modality";
    for (argument, found) in [("embeddings", embeddings.len()), ("present", present.map_or(count, <[_]>::len))] {
        if found != count && (argument == "present" || terms == Terms::Both) {
            return Err(Error::Length { argument: argument.into(), found, expected: count, rule });
        }
    }
    // without logits there is no column that a label could miss
    let classes = classes.unwrap_or_else(|| labels.iter().max().map_or(1, |&label| label as usize + 1));
    let given = Given { labels, classes, logits, embeddings, present, terms };
    if logits.iter().chain(embeddings).any(|tensor| tensor.dtype() == DType::F64) {
        let Scores { score, confidence, complementarity } = given.measure::<f64>()?;
        let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        return Ok(Scores {
            score: narrow(score),
            confidence: confidence.into_iter().map(narrow).collect(),
            complementarity: narrow(complementarity),
        });
    }
    given.measure::<f32>()
}

struct Given<'a> {
    labels: &'a [u32],
    classes: usize,
    logits: &'a [Tensor],
    embeddings: &'a [Tensor],
    present: Option<&'a [Vec<bool>]>,
    terms: Terms,
}

impl Given<'_> {
    fn measure<F: Real + WithDType>(&self) -> Result<Scores<F>> {
        let (logits, embeddings) = (plain::<F>(self.logits)?, plain::<F>(self.embeddings)?);
        let (logit_memory, embedding_memory) = (memory(&logits), memory(&embeddings));
        let (logit_rows, embedding_rows) = (slices::<F, _>(&logit_memory)?, slices::<F, _>(&embedding_memory)?);
        let modality = |m: usize| Modality {
            logits: logit_rows.get(m).copied().unwrap_or_default(),
            embeddings: embedding_rows.get(m).copied().unwrap_or_default(),
            present: self.present.map(|present| &present[m][..]),
        };
        let modalities: Vec<Modality<'_, F>> = (0..logits.len().max(embeddings.len())).map(modality).collect();
        crate::measure(self.labels, self.classes, &modalities, self.terms)
    }
}

/// The tensors themselves where they are plain, else copies in the CPU's memory, of that kind and without gaps.
fn plain<F: WithDType>(tensors: &[Tensor]) -> Result<Vec<Tensor>> {
    let plain = |tensor: &Tensor| Ok(tensor.detach().to_device(&Device::Cpu)?.to_dtype(F::DTYPE)?.contiguous()?);
    tensors.iter().map(plain).collect()
}

/// Each tensor's memory, which stays where it is as long as this lives, and what of it is the tensor's.
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
            return Err(Error::Framework { name: "candle", message });
        };
        slices.push(&F::cpu_storage_as_slice(storage)?[start..end]);
    }
    Ok(slices)
}

/// The width that all tensors share; none if none is needed.
fn width(argument: &'static str, tensors: &[Tensor], needed: bool, n: usize) -> Result<Option<usize>> {
    if needed && tensors.is_empty() {
        return Err(Error::Empty { argument });
    }
    let mut common = None;
    for (m, tensor) in tensors.iter().enumerate() {
        let name = format!("{argument}[{m}]");
        if !matches!(tensor.dtype(), DType::F16 | DType::BF16 | DType::F32 | DType::F64) {
            let found = format!("{:?}", tensor.dtype());
            return Err(Error::Kind { argument: name, found, expected: "F16, BF16, F32 or F64" });
        }
        let wrong = |expected: String| {
            let found = tensor.dims().iter().map(|&size| size as i64).collect();
            Error::Shape { argument: name.clone(), found, expected }
        };
        let found = match *tensor.dims() {
            [rows, width] if rows == n && width > 0 => width,
            _ => return Err(wrong(format!("[{n}, width above 0]: a row for each label"))),
        };
        match common.replace(found) {
            Some(expected) if expected != found && argument == "embeddings" => {
                return Err(Error::EmbeddingWidth { modality: m, found, expected });
            }
            Some(expected) if expected != found => return Err(wrong(format!("[{n}, {expected}], as `{argument}[0]`"))),
            _ => {}
        }
    }
    Ok(common)
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        let text = error.to_string();
        // candle may append a stack, which says nothing to the caller
        let message = text.split("\n   0:").next().unwrap_or(&text).trim().to_owned();
        Error::Framework { name: "candle", message }
    }
}

//! Checks of the caller's tensors. They give typed errors where libtorch would throw.

use tch::{Device, Kind, Tensor};

use crate::error::{MeasureError, TensorError};
use crate::{Error, Result};

pub(crate) fn defined(argument: &str, tensor: &Tensor) -> Result<()> {
    if tensor.defined() { Ok(()) } else { Err(TensorError::Undefined { argument: argument.into() }.into()) }
}

/// Runs `work` without recording gradients in this thread; what was recorded before is again, also after a panic.
pub(crate) fn without_gradient<T>(work: impl FnOnce() -> T) -> T {
    let _guard = tch::no_grad_guard(); // unlike `tch::no_grad`, which does not come back from a panic
    work()
}

/// Refuses what is not defined, or not laid out row by row, as most of libtorch cannot pick rows of it.
pub(crate) fn plain(argument: &str, tensor: &Tensor) -> Result<()> {
    defined(argument, tensor)?;
    let (found, remedy) = if tensor.is_mkldnn() {
        ("an MKL-DNN tensor", "call `to_dense`")
    } else if tensor.is_sparse() || is_compressed(tensor) {
        ("sparse", "call `to_dense`, or embed it first")
    } else {
        return Ok(());
    };
    Err(TensorError::NotDense { argument: argument.into(), found, remedy }.into())
}

/// Whether it is sparse in a layout that is not COO, the one that `is_sparse` knows: no such tensor has strides.
fn is_compressed(tensor: &Tensor) -> bool {
    // the first is cheap, and known for the usual devices; the second is for all
    tensor.f_is_set_to(tensor).is_err() && without_gradient(|| tensor.f_as_strided([0i64], [1i64], None).is_err())
}

/// Labels as `[N]`, Int64, from integers or booleans, `[N]` or `[N, 1]`.
pub(crate) fn labels(labels: &Tensor) -> Result<Tensor> {
    plain("labels", labels)?;
    let labels = match *labels.size().as_slice() {
        [_] => labels.f_detach()?,
        [_, 1] => labels.f_detach()?.f_squeeze_dim(1)?,
        [_, _] => {
            let expected = "[N]: of one column a class (one-hot), take `labels.argmax(1, false)`; of several labels \
                            a sample, use `CurriculumLoader::multi_hot`";
            return Err(wrong_shape("labels", labels, expected));
        }
        _ => return Err(wrong_shape("labels", labels, "[N]: an integer for each sample")),
    };
    if labels.f_kind()? != Kind::Bool && !is_integer(&labels)? {
        let expected = "an integer kind or Bool: of whole numbers, take `labels.to_kind(Kind::Int64)`";
        return Err(wrong_kind("labels", &labels, expected));
    }
    Ok(labels.f_to_kind(Kind::Int64)?)
}

/// Labels as `[N, L]`, Int8, from integers or booleans; the values are checked elsewhere.
pub(crate) fn multi_hot(labels: &Tensor) -> Result<Tensor> {
    plain("labels", labels)?;
    match *labels.size().as_slice() {
        [_, columns] if columns > 0 => {}
        _ => return Err(wrong_shape("labels", labels, "[N, L]: a column for each label")),
    }
    if labels.f_kind()? != Kind::Bool && !is_integer(labels)? {
        let expected = "an integer kind or Bool: of whole numbers, take `labels.to_kind(Kind::Int8)`";
        return Err(wrong_kind("labels", labels, expected));
    }
    // 258 must not become 2
    Ok(labels.f_detach()?.f_to_kind(Kind::Int64)?.f_clamp(-128, 127)?.f_to_kind(Kind::Int8)?)
}

fn is_integer(tensor: &Tensor) -> Result<bool> {
    Ok(matches!(tensor.f_kind()?, Kind::Int64 | Kind::Int | Kind::Int16 | Kind::Int8 | Kind::Uint8))
}

/// Length of a one-dimensional tensor of integers.
pub(crate) fn integers(argument: &str, tensor: &Tensor, expected: &str) -> Result<i64> {
    plain(argument, tensor)?;
    if !is_integer(tensor)? {
        return Err(wrong_kind(argument, tensor, "Int64"));
    }
    match *tensor.size().as_slice() {
        [n] => Ok(n),
        _ => Err(wrong_shape(argument, tensor, expected)),
    }
}

pub(crate) fn floats(argument: &str, tensor: &Tensor) -> Result<()> {
    plain(argument, tensor)?;
    match tensor.f_kind()? {
        Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double => Ok(()),
        _ => Err(wrong_kind(argument, tensor, "Half, BFloat16, Float or Double")),
    }
}

/// A mask `[N, M]` on the CPU. Every sample has a modality.
pub(crate) fn mask(mask: &Tensor, num_samples: usize) -> Result<Tensor> {
    plain("mask", mask)?;
    if mask.f_kind()? != Kind::Bool {
        return Err(wrong_kind("mask", mask, "Bool: of 0 and 1, take `mask.to_kind(Kind::Bool)`"));
    }
    match *mask.size().as_slice() {
        [rows, modalities] if rows == num_samples as i64 && modalities > 0 => {}
        _ => return Err(wrong_shape("mask", mask, &format!("[{num_samples}, M]: a row for each label"))),
    }
    let mask = mask.f_detach()?.f_to_device(Device::Cpu)?;
    let any = to_vec::<bool>(&mask.f_any_dim(1, false)?)?;
    match any.iter().position(|&any| !any) {
        Some(sample) => Err(MeasureError::NoModality { sample }.into()),
        None => Ok(mask),
    }
}

pub(crate) fn wrong_shape(argument: &str, tensor: &Tensor, expected: &str) -> Error {
    Error::Tensor(TensorError::Shape { argument: argument.into(), found: tensor.size(), expected: expected.into() })
}

pub(crate) fn wrong_kind(argument: &str, tensor: &Tensor, expected: &'static str) -> Error {
    let found = tensor.f_kind().map_or_else(|_| "unknown".into(), |kind| format!("{kind:?}"));
    Error::Tensor(TensorError::Kind { argument: argument.into(), found, expected })
}

pub(crate) fn wrong_device(argument: &str, found: Device, expected: Device) -> Error {
    Error::Tensor(TensorError::Device {
        argument: argument.into(),
        found: format!("{found:?}"),
        expected: format!("{expected:?}"),
    })
}

/// The elements of a one-dimensional tensor of this kind, on the host.
pub(crate) fn to_vec<T: tch::kind::Element + Copy>(tensor: &Tensor) -> Result<Vec<T>> {
    Ok(Vec::try_from(tensor.f_contiguous()?)?)
}

//! Questions to the caller's tensors, answered by typed errors where libtorch would throw.

use tch::{Device, Kind, Tensor};

use crate::{Error, Result};

pub(crate) fn defined(argument: &str, tensor: &Tensor) -> Result<()> {
    if tensor.defined() { Ok(()) } else { Err(Error::Undefined { argument: argument.into() }) }
}

/// Length of a one-dimensional tensor of integers.
pub(crate) fn integers(argument: &str, tensor: &Tensor, expected: &str) -> Result<i64> {
    defined(argument, tensor)?;
    if !matches!(tensor.f_kind()?, Kind::Int64 | Kind::Int | Kind::Int16 | Kind::Int8 | Kind::Uint8) {
        return Err(wrong_kind(argument, tensor, "Int64"));
    }
    match *tensor.size().as_slice() {
        [n] => Ok(n),
        _ => Err(wrong_shape(argument, tensor, expected)),
    }
}

pub(crate) fn floats(argument: &str, tensor: &Tensor) -> Result<()> {
    defined(argument, tensor)?;
    match tensor.f_kind()? {
        Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double => Ok(()),
        _ => Err(wrong_kind(argument, tensor, "Half, BFloat16, Float or Double")),
    }
}

/// A mask `[N, M]` on the CPU in which every sample has a modality.
pub(crate) fn mask(mask: &Tensor, num_samples: usize) -> Result<Tensor> {
    defined("mask", mask)?;
    if mask.f_kind()? != Kind::Bool {
        return Err(wrong_kind("mask", mask, "Bool"));
    }
    match *mask.size().as_slice() {
        [rows, modalities] if rows == num_samples as i64 && modalities > 0 => {}
        _ => return Err(wrong_shape("mask", mask, &format!("[{num_samples}, M]: a row for each label"))),
    }
    let mask = mask.f_detach()?.f_to_device(Device::Cpu)?;
    let any = to_vec::<bool>(&mask.f_any_dim(1, false)?)?;
    match any.iter().position(|&any| !any) {
        Some(sample) => Err(Error::NoModality { sample }),
        None => Ok(mask),
    }
}

pub(crate) fn wrong_shape(argument: &str, tensor: &Tensor, expected: &str) -> Error {
    Error::Shape { argument: argument.into(), found: tensor.size(), expected: expected.into() }
}

pub(crate) fn wrong_kind(argument: &str, tensor: &Tensor, expected: &'static str) -> Error {
    let found = tensor.f_kind().map_or_else(|_| "unknown".into(), |kind| format!("{kind:?}"));
    Error::Kind { argument: argument.into(), found, expected }
}

pub(crate) fn wrong_device(argument: &str, found: Device, expected: Device) -> Error {
    Error::Device { argument: argument.into(), found: format!("{found:?}"), expected: format!("{expected:?}") }
}

/// The elements of a one-dimensional tensor of that kind, on the host.
pub(crate) fn to_vec<T: tch::kind::Element + Copy>(tensor: &Tensor) -> Result<Vec<T>> {
    Ok(Vec::try_from(tensor.f_contiguous()?)?)
}

//! Weights of the image encoder: from a file, or new.

use std::path::Path;

use tch::{Device, nn, vision};

use crate::error::{Error, Result};

/// Copies the weights of a ResNet18 in a file (`.ot`, `.safetensors` or `.npz`) to those below `image` of `vs`.
///
/// # Errors
/// [`Error::Resnet`] if the file cannot be read, or lacks a tensor.
pub fn load(vs: &nn::VarStore, file: &Path) -> Result<()> {
    let error = |error: tch::TchError| {
        let reason = error.to_string().lines().next().unwrap_or_default().to_owned(); // without its C++ stack
        Error::Resnet { file: file.into(), reason }
    };
    let mut pretrained = nn::VarStore::new(Device::Cpu);
    let _network = vision::resnet::resnet18_no_final_layer(&pretrained.root());
    pretrained.load(file).map_err(error)?;
    let mut ours = vs.variables();
    for (name, tensor) in pretrained.variables() {
        if let Some(target) = ours.get_mut(&format!("image.{name}")) {
            tch::no_grad(|| target.f_copy_(&tensor)).map_err(error)?;
        }
    }
    Ok(())
}

/// Sets the scales of batch normalisation below `image` of `vs` to 1, as PyTorch does; tch draws them in `[0, 1)`.
pub(crate) fn reset_scales(vs: &nn::VarStore) {
    for (name, mut tensor) in vs.variables() {
        let layer = name.strip_prefix("image.").and_then(|name| name.strip_suffix(".weight"));
        if layer.is_some() && tensor.dim() == 1 {
            let _ = tch::no_grad(|| tensor.fill_(1.0)); // in place
        }
    }
}

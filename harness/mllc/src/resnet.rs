//! Weights of the image encoder, read from a file or new.

use std::fs;
use std::path::Path;

use tch::{Device, nn, vision};
use xxhash_rust::xxh3::xxh3_128;

use crate::error::{Error, Result};

/// Copies the weights of a ResNet18 from a file (`.ot`, `.safetensors` or `.npz`) to the encoder below `image` of `vs`.
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
            let _guard = tch::no_grad_guard();
            target.f_copy_(&tensor).map_err(error)?;
        }
    }
    Ok(())
}

/// Digest of such a file.
///
/// # Errors
/// [`Error::Resnet`] if it cannot be read.
pub(crate) fn digest(file: &Path) -> Result<String> {
    let bytes = fs::read(file).map_err(|error| Error::Resnet { file: file.into(), reason: error.to_string() })?;
    Ok(format!("{:032x}", xxh3_128(&bytes)))
}

/// Sets the scales of batch normalisation below `image` of `vs` to 1, as PyTorch does; tch draws them in `[0, 1)`.
pub(crate) fn reset_scales(vs: &nn::VarStore) {
    for (name, mut tensor) in vs.variables() {
        let layer = name.strip_prefix("image.").and_then(|name| name.strip_suffix(".weight"));
        if layer.is_some() && tensor.dim() == 1 {
            let _guard = tch::no_grad_guard();
            let _ = tensor.fill_(1.0); // in place
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use climd_networks::network::with_seed;

    #[test]
    fn weights_of_a_whole_resnet_reach_the_encoder_and_those_of_another_network_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, other) = (folder.path().join("resnet18.safetensors"), folder.path().join("other.safetensors"));
        let pretrained = nn::VarStore::new(Device::Cpu);
        let _network = with_seed(1, || vision::resnet::resnet18(&pretrained.root(), 1000)); // with its last layer
        pretrained.save(&whole).unwrap();
        let linear = nn::VarStore::new(Device::Cpu);
        let _layer = with_seed(2, || nn::linear(linear.root(), 2, 2, Default::default()));
        linear.save(&other).unwrap();

        let ours = nn::VarStore::new(Device::Cpu);
        let _encoder = with_seed(3, || vision::resnet::resnet18_no_final_layer(&(ours.root() / "image")));
        load(&ours, &whole).unwrap();
        let expected = pretrained.variables();
        for (name, tensor) in ours.variables() {
            assert_eq!(tensor, expected[name.strip_prefix("image.").unwrap()], "{name}");
        }
        let error = load(&ours, &other).unwrap_err().to_string();
        assert!(error.contains("other.safetensors") && error.contains("ResNet18"), "{error}");
        reset_scales(&ours);
        assert_eq!(ours.variables()["image.bn1.weight"], tch::Tensor::ones([64], tch::kind::FLOAT_CPU));
    }
}

//! Layout that all batches of a measurement share, and the results of one batch.

use tch::{Device, Kind, Tensor};

use crate::Result;
use crate::error::{ArgumentError, TensorError};
use crate::tensor::wrong_device;

/// Properties that all batches of a measurement share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) modalities: i64,
    pub(super) device: Device,
    pub(super) kind: Kind,
    /// Width of the logits; 0 if the terms do not need them.
    pub(super) num_classes: i64,
    /// Width of the embeddings; 0 if the terms do not need them.
    pub(super) width: i64,
}

impl Layout {
    /// Checks that a batch of `len` samples has the layout of the first batch.
    pub(super) fn check(self, other: Layout, len: i64) -> Result<()> {
        if self == other {
            return Ok(());
        }
        // the first of all tensors
        let (first, argument) =
            if self.num_classes > 0 { ("logits[0]", "logits") } else { ("embeddings[0]", "embeddings") };
        if self.device != other.device {
            return Err(wrong_device(first, other.device, self.device));
        }
        if self.modalities != other.modalities {
            let (found, expected) = (other.modalities as usize, self.modalities as usize);
            let rule = "as many as in the first batch of this measurement";
            return Err(ArgumentError::Length { argument: argument.into(), found, expected, rule }.into());
        }
        if self.kind != other.kind {
            let expected = "of the precision of the first batch of this measurement";
            return Err(
                TensorError::Kind { argument: first.into(), found: format!("{:?}", other.kind), expected }.into()
            );
        }
        let (argument, found, expected) = if self.num_classes != other.num_classes {
            ("logits[0]", other.num_classes, self.num_classes)
        } else {
            ("embeddings[0]", other.width, self.width)
        };
        let expected = format!("[{len}, {expected}], as in the first batch of this measurement");
        Err(TensorError::Shape { argument: argument.into(), found: vec![len, found], expected }.into())
    }
}

/// Results of one batch, on the device.
pub(super) struct Measured {
    pub(super) indices: Tensor,       // [n], as they came
    pub(super) slots: Tensor,         // [n], the same, but N where out of range
    pub(super) log_p: Option<Tensor>, // [M, n], NaN where logits are not finite
    pub(super) phi: Option<Tensor>,   // [n], NaN where an embedding is not finite
    pub(super) fault: Tensor,         // [n], i32: 1 fine, 2 + k: the k-th of all logits, then all embeddings
}

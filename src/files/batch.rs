//! One batch of rows from files.

use std::sync::Arc;

#[cfg(feature = "tch")]
use tch::{Device, Tensor};

use crate::Position;
#[cfg(feature = "tch")]
use crate::Result;

/// One batch: the rows of these samples, as plain vectors for any framework.
#[derive(Debug, Clone, PartialEq)]
pub struct FileBatch {
    /// Rows of each file, `[n, ...]`, one behind the other.
    pub rows: Vec<Vec<f32>>,
    /// Sample indices, `[n]`.
    pub indices: Vec<u32>,
    /// The position after this batch. Take a state at this position.
    pub position: Position,
    pub(super) row_shapes: Arc<[Vec<usize>]>,
}

impl FileBatch {
    /// Shape of the rows of each file, `[n, ...]`.
    pub fn shapes(&self) -> Vec<Vec<usize>> {
        self.row_shapes.iter().map(|shape| [&[self.indices.len()], &shape[..]].concat()).collect()
    }

    /// The rows of each file as a tensor `[n, ...]` on this device, and the indices beside them, `[n]`, Int64.
    ///
    /// # Errors
    /// [`TensorError::Torch`](crate::error::TensorError::Torch) if the device has no memory for them.
    #[cfg(feature = "tch")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tch")))]
    pub fn tensors(&self, device: Device) -> Result<(Vec<Tensor>, Tensor)> {
        let tensor = |(rows, shape): (&Vec<f32>, Vec<usize>)| {
            let shape: Vec<i64> = shape.into_iter().map(|size| size as i64).collect();
            Ok(Tensor::f_from_slice(rows)?.f_view(&shape[..])?.f_to_device(device)?)
        };
        let indices: Vec<i64> = self.indices.iter().map(|&sample| sample.into()).collect();
        let rows = self.rows.iter().zip(self.shapes()).map(tensor).collect::<Result<_>>()?;
        Ok((rows, Tensor::f_from_slice(&indices)?.f_to_device(device)?))
    }
}

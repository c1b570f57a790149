//! Errors of tensors, their devices and their frameworks.

/// Tensors, their devices and their frameworks.
#[derive(Debug, Clone, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[non_exhaustive]
pub enum TensorError {
    /// A tensor has the wrong shape.
    #[error("`{argument}` has shape {found:?}, but must be {expected}")]
    Shape {
        /// The tensor.
        argument: String,
        /// Its shape.
        found: Vec<i64>,
        /// The shape that was needed, and why.
        expected: String,
    },
    /// A tensor has the wrong kind of elements.
    #[error("`{argument}` is of kind {found}, but must be {expected}")]
    Kind {
        /// The tensor.
        argument: String,
        /// Kind of its elements.
        found: String,
        /// The kinds that are allowed.
        expected: &'static str,
    },
    /// Tensors that must be on the same device are not.
    #[error("`{argument}` is on {found}, but the others are on {expected}: move it with `to_device`")]
    Device {
        /// The tensor.
        argument: String,
        /// Its device.
        found: String,
        /// The device of the others.
        expected: String,
    },
    /// A CUDA device does not exist.
    #[error(
        "`device` is Cuda({index}), but libtorch sees {devices} CUDA devices: use the CPU, or a CUDA build of libtorch"
    )]
    NoCuda {
        /// Index of the device.
        index: usize,
        /// Number of devices that libtorch sees.
        devices: usize,
    },
    /// A device other than CUDA that is not there.
    #[error("`device` is {device}, which libtorch does not have here: use the CPU, or a build of libtorch that has it")]
    NoDevice {
        /// The device.
        device: String,
    },
    /// A tensor that is not laid out in memory row by row: sparse, or MKL-DNN's.
    #[error("`{argument}` is {found}, but must be dense: {remedy}")]
    NotDense {
        /// The tensor.
        argument: String,
        /// How it is laid out.
        found: &'static str,
        /// The method that makes it dense.
        remedy: &'static str,
    },
    /// A tensor is undefined: it has no shape and no values.
    #[error("`{argument}` is an undefined tensor: was it ever assigned?")]
    Undefined {
        /// The tensor.
        argument: String,
    },
    /// Another framework refused an operation.
    #[error("{name}: {message}")]
    Framework {
        /// The framework.
        name: &'static str,
        /// Its message.
        message: String,
    },
    /// libtorch failed in an operation, most often for lack of memory.
    #[error("libtorch: {message}")]
    Torch {
        /// The message of libtorch, without its stack.
        message: String,
    },
}

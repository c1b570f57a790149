//! Rows of samples in files that are larger than memory, and batches of them in the order of a sampler.

mod ahead;
mod batch;
mod gather;
mod loader;
mod npy;
mod row_file;
mod rows;

pub use batch::FileBatch;
pub use loader::{FileBatches, FileLoader};
pub use row_file::RowFile;

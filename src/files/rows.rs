//! What a store of rows must give to those who read rows of it ahead.

use crate::Result;

/// Bytes of an element.
pub(super) const ELEMENT: usize = size_of::<f32>();

/// Rows of little-endian f32 that lie one behind the other.
pub(super) trait Rows: Send + Sync {
    /// Number of rows.
    fn num_rows(&self) -> usize;

    /// Values in a row, at least one.
    fn width(&self) -> usize;

    /// A name for messages.
    fn name(&self) -> String;

    /// Reads these bytes, which are in the rows.
    fn read_bytes(&self, at: u64, bytes: &mut [u8]) -> Result<()>;

    /// An error if the rows are others than when they were opened.
    fn check_unchanged(&self) -> Result<()>;
}

/// The values of these bytes.
pub(super) fn decode(bytes: &[u8], values: &mut [f32]) {
    for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<ELEMENT>().0) {
        *value = f32::from_le_bytes(*bytes);
    }
}

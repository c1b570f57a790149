//! Memory of batches, which the next batches use again.
//!
//! A system hands out fresh memory a page at a time, and each page costs about as much as to read it from a fast disk.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use super::rows::ELEMENT;
use crate::error::FileError;
use crate::{Error, Result};

/// Memory that batches have left.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Vec<Vec<f32>>>>);

impl Pool {
    /// Memory for these rows. Its values are any.
    pub(super) fn rows(&self, rows: usize, width: usize) -> Result<RowBuffer> {
        let no_memory = || {
            let bytes = (rows as u64).saturating_mul(width as u64).saturating_mul(ELEMENT as u64);
            Error::File(FileError::RowMemory { bytes })
        };
        let len = rows.checked_mul(width).ok_or_else(no_memory)?;
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        if values.capacity() < len {
            values = vec![]; // what is too small is of no use
            values.try_reserve_exact(len).map_err(|_| no_memory())?;
        }
        values.resize(len, 0.0);
        Ok(RowBuffer { values, pool: self.clone() })
    }
}

/// Rows of a batch, one behind the other: a slice of f32. When it is dropped, a later batch uses its memory.
#[derive(Debug)]
pub struct RowBuffer {
    values: Vec<f32>,
    pool: Pool,
}

impl RowBuffer {
    /// The values as a vector, without a copy. Its memory is then yours.
    pub fn into_vec(mut self) -> Vec<f32> {
        std::mem::take(&mut self.values)
    }
}

impl Deref for RowBuffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values
    }
}

impl DerefMut for RowBuffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}

impl Drop for RowBuffer {
    fn drop(&mut self) {
        if self.values.capacity() > 0 {
            self.pool.0.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.values));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_unless_it_was_taken() {
        let pool = Pool::default();
        let rows = pool.rows(10, 3).unwrap();
        let at = rows.as_ptr();
        drop(rows);
        let smaller = pool.rows(9, 3).unwrap();
        assert_eq!((smaller.as_ptr(), smaller.len()), (at, 27));
        let own = smaller.into_vec();
        assert_eq!(own.as_ptr(), at);
        assert_ne!(pool.rows(10, 3).unwrap().as_ptr(), at);
        assert_eq!(pool.0.lock().unwrap().len(), 1);
    }
}

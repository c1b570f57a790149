//! Widths of logits and embeddings: the one place that checks them, for slices and for the tensors of any framework.

use crate::Result;
use crate::error::MeasureError;
#[cfg(any(feature = "burn", feature = "candle", feature = "tch"))]
use crate::error::{ArgumentError, TensorError};

/// The width that tensors of these shapes share; 0 for none. `argument` is `logits` or `embeddings`; `n` rows are
/// needed, for the reason in `rows`.
#[cfg(any(feature = "burn", feature = "candle", feature = "tch"))]
pub(crate) fn common_width(
    argument: &'static str,
    shapes: &[Vec<i64>],
    needed: bool,
    n: i64,
    rows: &str,
) -> Result<usize> {
    if needed && shapes.is_empty() {
        return Err(ArgumentError::Empty { argument }.into());
    }
    let mut common = 0;
    for (m, shape) in shapes.iter().enumerate() {
        let argument_m = || format!("{argument}[{m}]");
        let wrong = |expected: String| TensorError::Shape { argument: argument_m(), found: shape.clone(), expected };
        let width = match *shape.as_slice() {
            [found, width] if found == n && width > 0 => width as usize,
            [found] if found == n && argument == "logits" => {
                return Err(MeasureError::OneLogit { argument: argument_m(), found: vec![found] }.into());
            }
            [found, _, _, ..] if found == n => {
                let pool = "pool over the dimensions between first, by their mean, say";
                return Err(wrong(format!("[{n}, width]: {pool}")).into());
            }
            _ => return Err(wrong(format!("[{n}, width above 0]: {rows}")).into()),
        };
        common = if m == 0 { width } else { common };
        if argument == "embeddings" {
            same_embedding_width(m, width, common)?;
        } else if width != common {
            return Err(wrong(format!("[{n}, {common}], as `{argument}[0]`")).into());
        }
    }
    Ok(common)
}

/// Checks that the embeddings of a modality are as wide as those of the first.
pub(crate) fn same_embedding_width(modality: usize, found: usize, expected: usize) -> Result<()> {
    if found == expected { Ok(()) } else { Err(MeasureError::EmbeddingWidth { modality, found, expected }.into()) }
}

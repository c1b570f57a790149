//! States as bytes: those that the Rust crate writes.

use climd::State;

use crate::error::{Result, StateError, named};

/// The first bytes of every state.
const MAGIC: &[u8] = b"climd\0";

pub fn to_bytes(state: &State) -> Result<Vec<u8>> {
    let body = postcard::to_allocvec(state).map_err(|error| bad(error.to_string()))?;
    Ok([MAGIC, &body].concat())
}

pub fn from_bytes(bytes: &[u8]) -> Result<State> {
    let body = bytes.strip_prefix(MAGIC).ok_or_else(|| bad("`state` is no state of climd".into()))?;
    postcard::from_bytes(body).map_err(|error| bad(format!("`state` is not whole: {error}")))
}

fn bad(text: String) -> pyo3::PyErr {
    named(StateError::new_err(text), "StateFormat")
}

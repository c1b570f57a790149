//! States as bytes: those that the Rust crate writes.

use climd::State;

use crate::error::{Result, bad};

/// What a state begins with.
const MAGIC: &[u8] = b"climd\0";

pub fn to_bytes(state: &State) -> Result<Vec<u8>> {
    let body = postcard::to_allocvec(state).map_err(|error| bad("StateFormat", error.to_string()))?;
    Ok([MAGIC, &body].concat())
}

pub fn from_bytes(bytes: &[u8]) -> Result<State> {
    let body = bytes.strip_prefix(MAGIC).ok_or_else(|| bad("StateFormat", "`state` is no state of climd"))?;
    postcard::from_bytes(body).map_err(|error| bad("StateFormat", format!("`state` is not whole: {error}")))
}

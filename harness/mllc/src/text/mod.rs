//! Features of histories. A frozen model computes them once; then they are read from a file beside the manifest.
//!
//! The key of the file depends on the texts and on every byte of the model. So the features of another text or model
//! are computed again. Equal texts are encoded once and have equal features.

mod bert;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{Device, Tensor, safetensors};
use xxhash_rust::xxh3::Xxh3;

use crate::error::Result;

/// The cache's name in the patients' folder.
pub const CACHE: &str = "text-features.safetensors";
/// Version of the way features are made. A change raises it, so that old caches are not read.
const VERSION: u64 = 1;
const BATCH: usize = 16;

/// Where features come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The cache.
    Cached,
    /// The model, in this run. They were then cached.
    Computed,
    /// The model, in this run. The cache could not be written, for this reason.
    NotCached(String),
}

/// Features of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// `[n, width]`, row-major.
    pub values: Vec<f32>,
    /// Number of features of each text.
    pub width: usize,
    /// Digest of the model, and of the way features are made.
    pub model: String,
    /// Where they come from.
    pub source: Source,
    /// Number of different texts that were longer than the model can read, and were cut; 0 if the cache was used.
    pub cut: usize,
}

/// Features of the texts by the BERT in this folder, which has `config.json`, `tokenizer.json` and
/// `model.safetensors`.
///
/// # Shapes
/// `texts`: `[n]`, none empty.
///
/// # Errors
/// [`Error::TextModel`](crate::Error::TextModel), naming the file. A cache that cannot be read is computed anew, and
/// one that cannot be written is no error.
pub fn features(texts: &[&str], folder: &Path, cache: &Path, watch: &dyn Fn(usize, usize)) -> Result<Features> {
    let files = bert::Files::read(folder)?;
    let (model, key) = (key(&files.contents, &[]), key(&files.contents, texts));
    if let Some((values, width)) = read(cache, &key, texts.len()) {
        return Ok(Features { values, width, model, source: Source::Cached, cut: 0 });
    }
    // by length, so that batches need little padding; then by text, so that the order of rows does not matter
    let mut unique = texts.to_vec();
    unique.sort_by_key(|text| (text.len(), *text));
    unique.dedup();
    let (encoded, width, cut) = bert::encode(&files, &unique, BATCH, watch)?;
    let row_of: HashMap<&str, &[f32]> = unique.into_iter().zip(encoded.chunks_exact(width)).collect();
    let values: Vec<f32> = texts.iter().flat_map(|text| row_of[text]).copied().collect();
    let source = match write(cache, &key, &values, width) {
        Ok(()) => Source::Computed,
        Err(error) => Source::NotCached(error.to_string()),
    };
    Ok(Features { values, width, model, source, cut })
}

fn key(model: &[Vec<u8>], texts: &[&str]) -> String {
    let mut hash = Xxh3::with_seed(VERSION);
    for bytes in model.iter().map(Vec::as_slice).chain(texts.iter().map(|text| text.as_bytes())) {
        hash.update(&(bytes.len() as u64).to_le_bytes()); // so that two texts cannot be confused with one longer text
        hash.update(bytes);
    }
    format!("mean-pooled-{:032x}", hash.digest128())
}

fn read(cache: &Path, key: &str, rows: usize) -> Option<(Vec<f32>, usize)> {
    let tensors = safetensors::load_buffer(&fs::read(cache).ok()?, &Device::Cpu).ok()?;
    let (found, width) = tensors.get(key)?.dims2().ok()?;
    let values: Vec<f32> = tensors.get(key)?.flatten_all().ok()?.to_vec1().ok()?;
    (found == rows).then_some((values, width))
}

/// Writes the whole file or nothing: a killed process leaves the old cache.
fn write(cache: &Path, key: &str, values: &[f32], width: usize) -> candle_core::Result<()> {
    let tensor = Tensor::from_slice(values, (values.len() / width, width), &Device::Cpu)?;
    let half_made = cache.with_extension(format!("{}.part", std::process::id()));
    let written = safetensors::save(&HashMap::from([(key, tensor)]), &half_made)
        .and_then(|()| Ok(fs::rename(&half_made, cache)?));
    if written.is_err() {
        let _ = fs::remove_file(&half_made); // it may not exist; the first error is reported
    }
    written
}

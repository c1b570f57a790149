//! A frozen BERT from a local folder in Hugging Face's layout, on the CPU, without libtorch.

use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use tokenizers::{PaddingParams, PaddingStrategy, Tokenizer, TruncationParams};

use crate::error::{Error, Result};

const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// The files of a model, read once. They give its weights, and identify it.
#[derive(Debug)]
pub(super) struct Files<'a> {
    folder: &'a Path,
    pub(super) contents: [Vec<u8>; 3],
}

impl<'a> Files<'a> {
    pub(super) fn read(folder: &'a Path) -> Result<Self> {
        let mut contents = [const { Vec::new() }; 3];
        for (bytes, name) in contents.iter_mut().zip(FILES) {
            let file = folder.join(name);
            *bytes = fs::read(&file).map_err(|error| Error::TextModel { reason: error.to_string(), file })?;
        }
        Ok(Self { folder, contents })
    }

    fn error<E: ToString>(&self, file: usize) -> impl Fn(E) -> Error + '_ {
        move |error| Error::TextModel { file: self.folder.join(FILES[file]), reason: error.to_string() }
    }
}

/// Mean of the last layer over the tokens of each text, `[n, width]`, row-major. Also returns how many texts were
/// longer than the model can read, and were cut.
pub(super) fn encode(
    files: &Files<'_>,
    texts: &[&str],
    batch_size: usize,
    watch: &dyn Fn(usize, usize),
) -> Result<(Vec<f32>, usize, usize)> {
    let [config, tokenizer, weights] = &files.contents;
    let config: Config = serde_json::from_slice(config).map_err(files.error(0))?;
    let mut tokenizer = Tokenizer::from_bytes(tokenizer).map_err(files.error(1))?;
    // the file may have another length, and pad to it
    let truncation = TruncationParams { max_length: config.max_position_embeddings, ..Default::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(files.error(1))?;
    let padding = PaddingParams {
        strategy: PaddingStrategy::BatchLongest,
        pad_id: config.pad_token_id as u32,
        ..tokenizer.get_padding().cloned().unwrap_or_default()
    };
    tokenizer.with_padding(Some(padding));
    let device = Device::Cpu;
    let weights = VarBuilder::from_slice_safetensors(weights, DType::F32, &device).map_err(files.error(2))?;
    let model = BertModel::load(weights, &config).map_err(files.error(2))?;

    let (mut features, mut cut) = (Vec::new(), 0);
    for (at, batch) in texts.chunks(batch_size).enumerate() {
        watch(at * batch_size, texts.len());
        let encodings = tokenizer.encode_batch(batch.to_vec(), true).map_err(files.error(1))?;
        cut += encodings.iter().filter(|encoding| !encoding.get_overflowing().is_empty()).count();
        let pooled = || -> candle_core::Result<Tensor> {
            let rows = |of: fn(&tokenizers::Encoding) -> &[u32]| {
                let rows: candle_core::Result<Vec<Tensor>> =
                    encodings.iter().map(|encoding| Tensor::new(of(encoding), &device)).collect();
                Tensor::stack(&rows?, 0)
            };
            let (ids, types) = (rows(tokenizers::Encoding::get_ids)?, rows(tokenizers::Encoding::get_type_ids)?);
            let mask = rows(tokenizers::Encoding::get_attention_mask)?;
            let tokens = model.forward(&ids, &types, Some(&mask))?; // [n, tokens, width]
            let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
            tokens.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)
        };
        let pooled = pooled().and_then(|pooled| pooled.flatten_all()?.to_vec1::<f32>()).map_err(files.error(2))?;
        features.extend(pooled);
    }
    Ok((features, config.hidden_size, cut))
}

//! Small folders, and a tiny BERT with random weights.
#![allow(dead_code)] // each test uses its part

use std::fs;
use std::path::Path;

use candle_core::{DType, Device};
use candle_nn::{VarBuilder, VarMap};
use candle_transformers::models::bert::{BertModel, Config};
use image::{GrayImage, Luma};
use tempfile::TempDir;

pub const HEADER: &str = "id,label,image,text,afp,alt\n";

/// A folder with this manifest and one image, `a.png`.
pub fn folder(manifest: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("manifest.csv"), manifest).unwrap();
    GrayImage::from_fn(80, 70, |x, y| Luma([(x + 2 * y) as u8])).save(folder.path().join("a.png")).unwrap();
    folder
}

/// Writes a BERT with one layer of width 16 and random weights.
pub fn write_bert(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "pain", "known", "cirrhosis", "of", "the", "liver", "no", "."];
    let config = serde_json::json!({
        "vocab_size": words.len(), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 24, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "max_position_embeddings": 12,
        "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12, "pad_token_id": 0,
    });
    let vocabulary: serde_json::Map<String, serde_json::Value> =
        words.iter().enumerate().map(|(id, word)| ((*word).to_owned(), id.into())).collect();
    let special = |id: usize| {
        serde_json::json!({"id": id, "content": words[id], "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true})
    };
    let piece = |kind: &str, id: &str| serde_json::json!({ kind: {"id": id, "type_id": 0} });
    let tokenizer = serde_json::json!({
        "version": "1.0", "truncation": null, "added_tokens": (0..4).map(special).collect::<Vec<_>>(),
        // pads to a length of its own, which must not reach the features
        "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]"},
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [piece("SpecialToken", "[CLS]"), piece("Sequence", "A"), piece("SpecialToken", "[SEP]")],
            "pair": [piece("Sequence", "A"), piece("Sequence", "B")],
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let weights = VarMap::new();
    let config: Config = serde_json::from_value(config).unwrap();
    BertModel::load(VarBuilder::from_varmap(&weights, DType::F32, &Device::Cpu), &config).unwrap();
    weights.save(folder.join("model.safetensors")).unwrap();
}

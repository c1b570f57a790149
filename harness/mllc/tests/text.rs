//! Promise: equal texts have equal features. They are computed once, and again if a text or the model changes.

mod common;

use std::fs;
use std::path::Path;

use climd_mllc::Error;
use climd_mllc::text::{CACHE, Features, Source, features};
use common::write_bert;
use tempfile::TempDir;

const TEXTS: [&str; 4] = ["Pain.", "known cirrhosis of the liver", "pain .", "Pain."];

fn with_bert() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_bert(&folder.path().join("bert"));
    folder
}

fn of(folder: &TempDir, texts: &[&str]) -> Features {
    features(texts, &folder.path().join("bert"), &folder.path().join(CACHE), &|_, _| {}).unwrap()
}

#[test]
fn features_are_finite_and_equal_texts_have_equal_ones() {
    let folder = with_bert();
    let made = of(&folder, &TEXTS);
    assert_eq!((made.width, made.values.len(), &made.source), (16, 64, &Source::Computed));
    assert!(made.values.iter().all(|value| value.is_finite()));
    let rows: Vec<&[f32]> = made.values.chunks(16).collect();
    assert_eq!(rows[0], rows[3]);
    assert_ne!(rows[0], rows[1]);
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(close(rows[0], rows[2])); // the same tokens
    let alone = of(&folder, &TEXTS[..1]);
    assert!(close(rows[0], &alone.values)); // no padding reaches them
}

#[test]
fn the_cache_is_used_until_a_text_or_the_model_changes() {
    let folder = with_bert();
    let made = of(&folder, &TEXTS);
    let again = of(&folder, &TEXTS);
    assert_eq!((again.source, again.values), (Source::Cached, made.values));
    assert_eq!(of(&folder, &["Pain.", "known", "pain .", "Pain."]).source, Source::Computed);
    assert_eq!(of(&folder, &TEXTS).source, Source::Computed); // the file holds one set of texts
    assert_eq!(of(&folder, &TEXTS[..2]).source, Source::Computed);
    assert_eq!(of(&folder, &["Pain.known", " cirrhosis of the liver"]).source, Source::Computed);
    write_bert(&folder.path().join("bert")); // other weights
    assert_eq!(of(&folder, &["Pain.known", " cirrhosis of the liver"]).source, Source::Computed);
    fs::write(folder.path().join(CACHE), "damaged").unwrap();
    assert_eq!(of(&folder, &TEXTS).source, Source::Computed);
    assert_eq!(of(&folder, &TEXTS).source, Source::Cached);
}

#[test]
fn a_cache_that_cannot_be_written_is_said_and_no_error() {
    let folder = with_bert();
    let made =
        features(&TEXTS, &folder.path().join("bert"), &folder.path().join("none").join(CACHE), &|_, _| {}).unwrap();
    assert!(matches!(made.source, Source::NotCached(_)));
}

#[test]
fn texts_that_are_too_long_are_cut_and_counted() {
    let folder = with_bert();
    let long = "pain ".repeat(40);
    let made = of(&folder, &[&long, &long, "pain"]);
    assert_eq!(made.cut, 1); // different ones
    assert!(made.values.iter().all(|value| value.is_finite()));
}

#[test]
fn a_model_that_is_none_is_named_by_its_file() {
    let message = |folder: &Path| {
        let error = features(&TEXTS, folder, &folder.join(CACHE), &|_, _| {}).unwrap_err();
        assert!(matches!(error, Error::TextModel { .. }));
        error.to_string()
    };
    assert!(message(Path::new("/nowhere")).contains("/nowhere/config.json"));
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let folder = with_bert();
        fs::write(folder.path().join("bert").join(name), "{}").unwrap();
        let message = message(&folder.path().join("bert"));
        assert!(message.contains(name) && message.contains("--bert"), "{message}");
    }
}

/// The model of `make text-model`: texts of the same meaning are closer than others.
#[test]
fn the_fetched_model_knows_what_a_text_means() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/minilm");
    if !model.exists() {
        eprintln!("skipped: no data/minilm; run `make text-model`");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let texts = ["Chronic hepatitis B for many years.", "A long history of viral hepatitis.", "Annual check-up."];
    let made = features(&texts, &model, &folder.path().join(CACHE), &|_, _| {}).unwrap();
    assert_eq!(made.width, 384);
    let rows: Vec<&[f32]> = made.values.chunks(384).collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let cosine = |a: &[f32], b: &[f32]| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    let (same, other) = (cosine(rows[0], rows[1]), cosine(rows[0], rows[2]));
    assert!(same > other + 0.3, "{same} {other}");
}

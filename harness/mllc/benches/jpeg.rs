//! What does it cost to see that a JPEG is whole? `cargo bench -p climd-mllc --bench jpeg`.
//!
//! `read` checks, decodes and scales, as the manifest's reader does. `unchecked` does the same without the check.

use std::hint::black_box;
use std::io::Cursor;

use climd_mllc::picture::{Pictures, decode};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

const SCALED: u32 = 224;

/// Smooth shapes and a grain, as an ultrasound image has them.
fn jpeg(side: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(side, side, |x, y| {
        let grain = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(2_246_822_519)).rotate_left(13) >> 28;
        let shade = 100.0 + 60.0 * (x as f32 / 40.0).sin() * (y as f32 / 55.0).cos();
        Rgb([0, 10, 20].map(|tint| (shade as u32 + grain + tint) as u8))
    });
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&picture).unwrap();
    bytes
}

/// `[3, side, side]`
fn unchecked(bytes: &[u8]) -> Vec<u8> {
    let image = image::load(Cursor::new(bytes), image::ImageFormat::Jpeg).unwrap().into_rgb8();
    let image = imageops::resize(&image, SCALED, SCALED, FilterType::Triangle);
    (0..3).flat_map(|channel| image.pixels().map(move |pixel| pixel.0[channel])).collect()
}

fn cost(criterion: &mut Criterion) {
    for side in [256, 1024] {
        let bytes = jpeg(side);
        let how = Pictures { size: SCALED, window: None };
        assert_eq!(decode(&bytes, "a.jpg", how).unwrap().pixels, unchecked(&bytes));
        let mut group = criterion.benchmark_group("jpeg");
        group.throughput(Throughput::Elements(1)).sample_size(30);
        group.bench_function(format!("read/side={side}"), |b| b.iter(|| decode(black_box(&bytes), "a.jpg", how)));
        group.bench_function(format!("unchecked/side={side}"), |b| b.iter(|| unchecked(black_box(&bytes))));
        group.finish();
    }
}

criterion_group!(benches, cost);
criterion_main!(benches);

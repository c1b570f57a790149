//! f16 and bf16 are measured in place, with the bits of a copy in f32.

use climd::{Error, Modality, Scores, Terms, Value, measure, measure_multi_hot};
use half::{bf16, f16};

/// The same numbers in `[-4, 4)` everywhere, with a few zeros, subnormal and large ones.
fn noise(len: usize, seed: u32) -> Vec<f32> {
    let mut word = seed;
    let mut next = || {
        word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match word % 61 {
            0 => 0.0,
            1 => 3e-7,
            2 => -60_000.0,
            _ => (word >> 8) as f32 / (1 << 21) as f32 - 4.0,
        }
    };
    (0..len).map(|_| next()).collect()
}

type Rows<F> = Vec<(Vec<F>, Vec<F>)>;

/// Scores of the numbers themselves, and of their copies in f32, as bits.
fn both<F: Value<Score = f32>>(
    rows: &Rows<F>,
    present: &[Option<Vec<bool>>],
    measured: impl Fn(&[Modality<'_, F>]) -> Result<Scores, Error>,
    measured_copy: impl Fn(&[Modality<'_, f32>]) -> Result<Scores, Error>,
    copy: fn(F) -> f32,
) {
    fn modalities<'a, F>(rows: &'a Rows<F>, present: &'a [Option<Vec<bool>>]) -> Vec<Modality<'a, F>> {
        let each = rows.iter().zip(present);
        each.map(|((logits, embeddings), present)| Modality { logits, embeddings, present: present.as_deref() })
            .collect()
    }
    let copies = |values: &Vec<F>| values.iter().map(|&x| copy(x)).collect::<Vec<f32>>();
    let copies: Rows<f32> = rows.iter().map(|(logits, embeddings)| (copies(logits), copies(embeddings))).collect();
    let bits = |scores: Result<Scores, Error>| {
        scores.map(|Scores { score, confidence, complementarity }| {
            let all = [score, complementarity].into_iter().chain(confidence);
            all.map(|values| values.iter().map(|x| x.to_bits()).collect::<Vec<u32>>()).collect::<Vec<_>>()
        })
    };
    assert_eq!(bits(measured(&modalities(rows, present))), bits(measured_copy(&modalities(&copies, present))));
}

fn every_shape<F: Value<Score = f32>>(of: fn(f32) -> F, copy: fn(F) -> f32) {
    let n = 21;
    for (case, &classes) in [1, 2, 5, 16, 17, 32, 100].iter().enumerate() {
        let labels: Vec<usize> = (0..n).map(|i| i * 7 % classes).collect();
        let table: Vec<i8> = (0..n * classes).map(|i| (i * 5 % 3) as i8 - 1).collect();
        for count in 1..=9 {
            let width = [1, 3, 4, 7, 8, 9, 16, 21, 64, 100, 513, 520][(case * 9 + count) % 12];
            let rows = |len: usize, seed: usize| noise(len, seed as u32).into_iter().map(of).collect::<Vec<F>>();
            let mut rows: Rows<F> = (0..count).map(|m| (rows(n * classes, m), rows(n * width, m + 50))).collect();
            let whole = vec![None; count];
            let some = |m: usize| (m > 0).then(|| (0..n).map(|i| !(i + m).is_multiple_of(4)).collect());
            let masks: Vec<Option<Vec<bool>>> = (0..count).map(some).collect();
            let check = |rows: &Rows<F>| {
                for present in [&whole, &masks] {
                    for terms in [Terms::Both, Terms::LogLikelihood] {
                        let one = |m: &[Modality<'_, F>]| measure(&labels, classes, m, terms);
                        both(rows, present, one, |m| measure(&labels, classes, m, terms), copy);
                        let several = |m: &[Modality<'_, F>]| measure_multi_hot(&table, classes, m, terms);
                        both(rows, present, several, |m| measure_multi_hot(&table, classes, m, terms), copy);
                    }
                }
            };
            check(&rows);
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let (logits, embeddings) = &mut rows[count / 2];
                logits[9 * classes] = of(bad);
                embeddings[11 * width] = of(bad);
                check(&rows);
            }
        }
    }
}

#[test]
fn f16_has_the_bits_of_a_copy_in_f32() {
    every_shape::<f16>(f16::from_f32, f16::to_f32);
}

#[test]
fn bf16_has_the_bits_of_a_copy_in_f32() {
    every_shape::<bf16>(bf16::from_f32, bf16::to_f32);
}

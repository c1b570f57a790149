//! Eq. 2-3 in f32: one minus the mean cosine of the rows of a sample.
//!
//! Two to four modalities have the kernels of [`products`](super::products). If there are more, or some are missing,
//! that of [`units`](super::units) does it. What [`confidence`](super::confidence) says of values that are not finite,
//! and [`lanes`](super::lanes) of the compiler, holds for both.

use super::along::ALONG;
use super::load::Load;
use super::products::{Complements, Narrow};
use super::units::{GROUP, Units};
use crate::raw::wide;

/// Eq. 2-3 of all samples. `rows`: `M` times `[n, width]`; `present`: `M` times `[n]`, or None if no sample lacks the
/// modality. The result is [`NOT_HERE`](super::units::NOT_HERE) for samples that must be measured in f64.
pub(super) fn complements<T: Load>(rows: &[&[T]], present: &[Option<&[bool]>], width: usize, out: &mut [f32]) {
    let whole = present.iter().all(Option::is_none);
    match *rows {
        [a, b] if whole => of_all([a, b], width, out),
        [a, b, c] if whole => of_all([a, b, c], width, out),
        [a, b, c, d] if whole => of_all([a, b, c, d], width, out),
        _ => {
            macro_rules! by_last_group {
                ($($rows:literal)*) => {
                    match rows.len() % GROUP {
                        $($rows => wide(Units::<T, $rows> { rows, present, width, out }),)*
                        _ => wide(Units::<T, GROUP> { rows, present, width, out }),
                    }
                };
            }
            by_last_group!(1 2 3 4 5 6 7);
        }
    }
}

/// [`complements`] of samples that have all `M` rows.
fn of_all<T: Load, const M: usize>(rows: [&[T]; M], width: usize, out: &mut [f32]) {
    if width <= ALONG {
        wide(Narrow { rows, width, out });
    } else {
        wide(Complements { rows, width, out });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::along::{STRETCH, halves};
    use crate::measure::units::NOT_HERE;
    use crate::raw::Kernel;
    use proptest::prelude::*;

    /// Too simple to be wrong: a row after another, each with the present ones alone.
    fn naive_units(rows: &[&[f32]], present: &[Option<&[bool]>], width: usize, n: usize) -> Vec<f32> {
        let square = |row: &[f32]| -> f64 {
            let of_part = |part: &[f32]| {
                let mut lanes = [0.0f32; ALONG];
                part.iter().enumerate().for_each(|(at, x)| lanes[at % ALONG] += x * x);
                f64::from(halves(lanes))
            };
            row.chunks(STRETCH).map(of_part).fold(0.0, |sum, part| sum + part)
        };
        let measure = |sample: usize| {
            let here = (0..rows.len()).filter(|&m| present[m].is_none_or(|present| present[sample]));
            let here: Vec<&[f32]> = here.map(|m| &rows[m][sample * width..][..width]).collect();
            let squares: Vec<f64> = here.iter().map(|row| square(row)).collect();
            let inverses: Vec<f32> = squares.iter().map(|square| (1.0 / square.sqrt()) as f32).collect();
            if !squares.iter().all(|square| (1e-20..1e20).contains(square)) {
                return NOT_HERE;
            }
            if here.len() < 2 {
                return 0.0;
            }
            let each = |(square, &inverse): (&f64, &f32)| f64::from(inverse) * f64::from(inverse) * square;
            let lengths: f64 = squares.iter().zip(&inverses).map(each).fold(0.0, |sum, length| sum + length);
            let sum = |at: usize| here.iter().zip(&inverses).fold(0.0, |sum, (row, factor)| sum + factor * row[at]);
            let sums: Vec<f32> = (0..width).map(sum).collect();
            let phi = 1.0 - (square(&sums) - lengths) / (here.len() * (here.len() - 1)) as f64;
            if phi < 0.0 { 0.0 } else { phi as f32 }
        };
        (0..n).map(measure).collect()
    }

    /// The same of two to four modalities without a mask: one product after another.
    fn naive_products(rows: &[&[f32]], width: usize, n: usize) -> Vec<f32> {
        let product = |a: &[f32], b: &[f32]| -> f64 {
            let of_part = |(a, b): (&[f32], &[f32])| {
                let mut lanes = [0.0f32; ALONG];
                a.iter().zip(b).enumerate().for_each(|(at, (x, y))| lanes[at % ALONG] += x * y);
                f64::from(halves(lanes))
            };
            a.chunks(STRETCH).zip(b.chunks(STRETCH)).map(of_part).fold(0.0, |sum, part| sum + part)
        };
        let in_double = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>();
        let measure = |sample: usize| {
            let rows: Vec<&[f32]> = rows.iter().map(|rows| &rows[sample * width..][..width]).collect();
            let exact = rows.iter().all(|row| (1e-20..1e20).contains(&product(row, row)));
            let dot = |a: usize, b: usize| if exact { product(rows[a], rows[b]) } else { in_double(rows[a], rows[b]) };
            let norms: Vec<f64> = (0..rows.len()).map(|m| dot(m, m).sqrt()).collect();
            if !norms.iter().all(|norm| norm.is_finite()) {
                return f32::NAN;
            }
            let count = rows.len();
            let pairs: Vec<(usize, usize)> = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))).collect();
            let cosine = |(a, b): (usize, usize)| match norms[a] * norms[b] {
                0.0 => 0.0,
                lengths => dot(a, b) / lengths,
            };
            let phi = 1.0 - pairs.iter().copied().map(cosine).fold(0.0, |sum, x| sum + x) / pairs.len() as f64;
            if phi < 0.0 { 0.0 } else { phi as f32 }
        };
        (0..n).map(measure).collect()
    }

    fn value() -> impl Strategy<Value = f32> {
        let odd = prop::sample::select(vec![0.0, -0.0, 1e-45, -1e-40, 1e4, 1e-12, 1e12, 1e30, f32::NAN, f32::INFINITY]);
        prop_oneof![60 => -30.0f32..30.0, 1 => odd]
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|x| x.to_bits()).collect()
    }

    proptest! {
        /// Many modalities, or a mask: the same bits as one row after another.
        #[test]
        fn groups_of_rows_have_the_bits_of_the_naive_twin(
            count in 1usize..20,
            width in prop_oneof![1usize..40, Just(511), Just(520), Just(1040)],
            n in 1usize..20,
            masks in prop::collection::vec(prop::option::of(prop::collection::vec(prop::bool::weighted(0.7), 20)), 20),
            seed in prop::collection::vec(value(), 997),
        ) {
            let rows: Vec<Vec<f32>> = (0..count)
                .map(|m| (0..n * width).map(|at| seed[(at * 31 + at / 97 + m * 17) % 997]).collect())
                .collect();
            let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
            let masks: Vec<Option<&[bool]>> =
                masks.iter().take(count).map(|mask| mask.as_ref().map(|mask| &mask[..n])).collect();
            prop_assume!(count > 4 || count == 1 || masks.iter().any(Option::is_some));
            let mut found = vec![0.0; n];
            complements(&rows, &masks, width, &mut found);
            prop_assert_eq!(bits(&found), bits(&naive_units(&rows, &masks, width, n)));
        }

        /// Few modalities: the same bits as one product after another, in one stretch of a row or in several.
        #[test]
        fn products_have_the_bits_of_the_naive_twin(
            count in 2usize..5,
            width in prop_oneof![1usize..40, Just(511), Just(512), Just(513), Just(1024), Just(1040)],
            n in 1usize..20,
            seed in prop::collection::vec(value(), 997),
        ) {
            let rows: Vec<Vec<f32>> = (0..count)
                .map(|m| (0..n * width).map(|at| seed[(at * 31 + at / 97 + m * 17) % 997]).collect())
                .collect();
            let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
            let mut found = vec![0.0; n];
            complements(&rows, &vec![None; count], width, &mut found);
            let bits = |x: &[f32]| x.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }).collect::<Vec<_>>();
            prop_assert_eq!(bits(&found), bits(&naive_products(&rows, width, n)));
        }

        /// The code of other machines, and the safe twin of the dispatch: the same code without wide registers.
        #[test]
        fn bits_of_complements_do_not_depend_on_the_width_of_the_registers(
            width in 1usize..40,
            seed in prop::collection::vec(value(), 97),
        ) {
            let n = 19;
            let rows = [1, 2, 3].map(|shift| -> Vec<f32> {
                (0..n * width).map(|i| seed[(i * 31 + i / 97 + shift) % 97]).collect()
            });
            let rows = [&rows[0][..], &rows[1], &rows[2]];
            let mask: Vec<bool> = (0..n).map(|i| i % 3 > 0).collect();
            let present = [None, Some(&mask[..]), None];
            let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
            complements(&rows, &present, width, &mut a);
            Units::<f32, 3> { rows: &rows, present: &present, width, out: &mut b }.run();
            prop_assert_eq!(bits(&a), bits(&b));
            let bits = |x: &[f32]| x.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }).collect::<Vec<_>>();
            complements(&rows, &[None; 3], width, &mut a);
            Complements { rows, width, out: &mut b }.run();
            prop_assert_eq!(bits(&a), bits(&b));
            if width <= ALONG {
                Narrow { rows, width, out: &mut b }.run();
                prop_assert_eq!(bits(&a), bits(&b));
            }
        }
    }

    /// Nor are they if a register holds the end of a row and the begin of the next one.
    #[test]
    fn a_row_that_is_not_finite_is_nan_and_its_neighbours_are_not() {
        for (width, count) in [3, 16, 37].into_iter().flat_map(|width| [2, 5].map(|count| (width, count))) {
            for (bad, place) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_iter().zip([0, width - 1, width / 2])
            {
                let mut rows = vec![0.5; 20 * width];
                rows[7 * width + place] = bad;
                let (other, mut out) = (vec![1.0; rows.len()], vec![0.0; 20]);
                let mut rows = vec![&rows[..]];
                rows.resize(count, &other);
                complements(&rows, &vec![None; count], width, &mut out);
                let nan: Vec<usize> = (0..20).filter(|&i| out[i].is_nan() || out[i] == NOT_HERE).collect();
                assert_eq!(nan, [7], "{width} {count} {bad} {place}");
            }
        }
    }
}

//! Turns any integers (sites, patients) into numbers 0, 1, ... in ascending order of their values.

use crate::error::{ArgumentError, TargetError};
use crate::{Error, Result};

/// A number for each sample, and the value behind each number, ascending.
#[derive(Debug, Clone)]
pub(crate) struct Codes {
    pub(crate) of: Vec<u32>,     // [N]
    pub(crate) values: Vec<i64>, // by number
}

impl Codes {
    /// Takes one value for each of `expected` samples.
    pub(crate) fn new<V: Copy + TryInto<i64>>(argument: &'static str, values: &[V], expected: usize) -> Result<Self> {
        if values.len() != expected {
            let (found, rule) = (values.len(), "one for each sample");
            return Err(ArgumentError::Length { argument: argument.into(), found, expected, rule }.into());
        }
        let convert = |(index, &value): (usize, &V)| {
            value.try_into().map_err(|_| Error::Target(TargetError::ValueTooLarge { argument, index }))
        };
        let all: Vec<i64> = values.iter().enumerate().map(convert).collect::<Result<_>>()?;
        let (Some(&min), Some(&max)) = (all.iter().min(), all.iter().max()) else {
            return Err(ArgumentError::Empty { argument }.into());
        };
        // A table if the values are dense, else a search: two distant values must not need gigabytes.
        match usize::try_from(i128::from(max) - i128::from(min)) {
            Ok(span) if span < all.len().saturating_mul(4) => {
                let mut table = vec![0u32; span + 1];
                all.iter().for_each(|&value| table[(value - min) as usize] = 1);
                let mut distinct = Vec::new();
                // inclusive, as an open range has no number behind `i64::MAX` to go on to
                for (slot, value) in table.iter_mut().zip(min..=i64::MAX).filter(|(slot, _)| **slot == 1) {
                    *slot = distinct.len() as u32;
                    distinct.push(value);
                }
                Ok(Self { of: all.iter().map(|&value| table[(value - min) as usize]).collect(), values: distinct })
            }
            _ => {
                let mut distinct = all.clone();
                distinct.sort_unstable();
                distinct.dedup();
                distinct.shrink_to_fit(); // from one for each sample
                let code = |value: &i64| distinct.partition_point(|other| other < value) as u32;
                Ok(Self { of: all.iter().map(code).collect(), values: distinct })
            }
        }
    }

    /// Number of different values.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far_values_have_the_same_numbers() {
        for scale in [1i64, 1_000_000_007] {
            let values: Vec<i64> = [5, -3, 5, 100, -3, 0].iter().map(|value| value * scale).collect();
            let codes = Codes::new("sites", &values, 6).unwrap();
            assert_eq!(codes.of, [2, 0, 2, 3, 0, 1]);
            assert_eq!(codes.values, [-3, 0, 5, 100].map(|value| value * scale));
        }
        assert_eq!(Codes::new("sites", &[i64::MIN, i64::MAX], 2).unwrap().of, [0, 1]);
    }

    #[test]
    fn values_at_either_end_are_numbered_like_others() {
        for end in [[i64::MAX, i64::MAX - 1], [i64::MAX - 1, i64::MAX - 2], [i64::MIN + 1, i64::MIN]] {
            let codes = Codes::new("groups", &[end[0], end[1], end[0]], 3).unwrap();
            assert_eq!((codes.of, codes.values), (vec![1, 0, 1], vec![end[1], end[0]]));
        }
        assert_eq!(Codes::new("groups", &[i64::MAX; 2], 2).unwrap().of, [0, 0]);
    }
}

//! Ordered and continuous targets as classes: an age, a survival time, a measured value.

use crate::Result;
use crate::error::ArgumentError;

/// The most quantile bins. More than samples divide nothing further, and far more have no place in an `i64`.
const MOST_BINS: u64 = 1 << 32;

/// The bin of each value: `floor((value - origin) / width)`. Rare ranges become rare classes.
///
/// # Errors
/// [`ArgumentError::OutOfRange`] for a width that is not above 0 or an origin that is not finite;
/// [`ArgumentError::ValueNotFinite`] for a value that is not finite, or is more than 2^52 bins from the origin.
///
/// # Examples
/// ```
/// let ages = [34.0, 71.5, 38.0];
/// assert_eq!(climd::width_bins(&ages, 10.0, 0.0)?, [3, 7, 3]);
/// # Ok::<(), climd::Error>(())
/// ```
pub fn width_bins(values: &[f64], width: f64, origin: f64) -> Result<Vec<i64>> {
    if !(width > 0.0 && width.is_finite()) {
        return Err(ArgumentError::OutOfRange { argument: "width", found: width, range: "finite and above 0" }.into());
    }
    if !origin.is_finite() {
        return Err(ArgumentError::OutOfRange { argument: "origin", found: origin, range: "finite" }.into());
    }
    let bin = |(index, &value): (usize, &f64)| {
        let bin = libm::floor((value - origin) / width);
        // beyond, a bin cannot be told from the next
        if bin.abs() <= (1u64 << 52) as f64 {
            Ok(bin as i64)
        } else {
            Err(ArgumentError::ValueNotFinite { index, value }.into())
        }
    };
    values.iter().enumerate().map(bin).collect()
}

/// The bin of each value, for `bins` bins with equal numbers of values. Equal values share a bin.
///
/// Use these bins for splits and for stratified shards. They have equal sizes, so a schedule that depends on class
/// sizes becomes uniform with them. For a curriculum use [`width_bins`].
///
/// # Errors
/// [`ArgumentError::OutOfRange`] for no bins, or more than 2^32; [`ArgumentError::ValueNotFinite`].
///
/// # Examples
/// ```
/// assert_eq!(climd::quantile_bins(&[5.0, 1.0, 1.0, 9.0, 1.0, 2.0], 3)?, [2, 0, 0, 2, 0, 1]);
/// # Ok::<(), climd::Error>(())
/// ```
pub fn quantile_bins(values: &[f64], bins: usize) -> Result<Vec<i64>> {
    if bins == 0 || bins as u64 > MOST_BINS {
        let range = "from 1 to 4294967296, as there are fewer samples";
        return Err(ArgumentError::OutOfRange { argument: "bins", found: bins as f64, range }.into());
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(ArgumentError::ValueNotFinite { index, value: values[index] }.into());
    }
    let mut by_value: Vec<usize> = (0..values.len()).collect();
    by_value.sort_unstable_by(|&a, &b| (values[a] + 0.0).total_cmp(&(values[b] + 0.0))); // -0.0 is 0.0
    let mut out = vec![0; values.len()];
    let mut place = 0;
    for equal in by_value.chunk_by(|&a, &b| values[a] == values[b]) {
        let bin = (place as u128 * bins as u128 / values.len() as u128) as i64;
        equal.iter().for_each(|&at| out[at] = bin);
        place += equal.len();
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn values_below_the_origin_have_negative_bins() {
        assert_eq!(width_bins(&[0.5, 3.2, -1.0], 2.0, 0.0).unwrap(), [0, 1, -1]);
    }

    #[test]
    fn both_zeros_share_a_bin() {
        assert_eq!(quantile_bins(&[0.0, -0.0, 1.0, 2.0], 4).unwrap(), [0, 0, 2, 3]);
    }

    #[test]
    fn the_most_bins_are_ascending_and_more_are_refused() {
        let values = [1.0, 2.0, 3.0, 4.0];
        let most = usize::try_from(MOST_BINS).unwrap();
        assert_eq!(quantile_bins(&values, most).unwrap(), [0, 1 << 30, 2 << 30, 3 << 30]);
        for bins in [0, most + 1, usize::MAX] {
            assert!(
                matches!(
                    quantile_bins(&values, bins),
                    Err(Error::Argument(ArgumentError::OutOfRange { argument: "bins", .. }))
                ),
                "{bins}"
            );
        }
    }

    #[test]
    fn what_has_no_bin_is_named() {
        let bad = [1.0, f64::NAN];
        assert!(matches!(
            width_bins(&bad, 1.0, 0.0),
            Err(Error::Argument(ArgumentError::ValueNotFinite { index: 1, .. }))
        ));
        assert!(matches!(quantile_bins(&bad, 2), Err(Error::Argument(ArgumentError::ValueNotFinite { index: 1, .. }))));
        assert!(matches!(
            width_bins(&[1e300], 1e-9, 0.0),
            Err(Error::Argument(ArgumentError::ValueNotFinite { index: 0, .. }))
        ));
        assert!(width_bins(&[1.0], f64::NAN, 0.0).is_err() && quantile_bins(&[1.0], 0).is_err());
    }
}

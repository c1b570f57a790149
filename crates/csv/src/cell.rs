//! One cell: whether a value is missing, and which number it is.

use std::borrow::Cow;

/// How the numbers of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decimal {
    /// `1.5`.
    #[default]
    Point,
    /// `1,5`, as spreadsheets of much of Europe write it, with `;` between cells.
    Comma,
}

/// What programs write for a missing value. Letter case does not matter.
const MISSING: [&str; 14] =
    ["", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "n.a.", "none", "null", "nil", "missing", "?", "--"];
/// These also mean a missing number, but may be names of classes: `-` can mean negative.
const MISSING_NUMBERS: [&str; 3] = ["-", ".", "#value!"];

/// Whether a cell of numbers is missing: empty, `NA`, `n/a`, `NaN`, `None`, `null`, `-` and so on.
#[must_use]
pub fn is_missing(cell: &str) -> bool {
    let is = |text: &&str| cell.eq_ignore_ascii_case(text);
    MISSING.iter().chain(&MISSING_NUMBERS).any(is)
}

/// Whether a cell of labels looks missing: as [`is_missing`], but `-` and `.` may be a class.
#[must_use]
pub fn is_missing_label(cell: &str) -> bool {
    MISSING.iter().any(|text| cell.eq_ignore_ascii_case(text))
}

/// The finite number that a cell holds, as the nearest `f32`.
pub(crate) fn number(cell: &str, decimal: Decimal) -> Option<f32> {
    // parsed as f32 at once: through f64 it would be rounded twice
    plain(cell, decimal)?.parse().ok().filter(|value: &f32| value.is_finite())
}

/// The text of a number with a decimal point.
fn plain(cell: &str, decimal: Decimal) -> Option<Cow<'_, str>> {
    match decimal {
        Decimal::Point => Some(cell.into()),
        // 1.234 can mean 1234 or 1.234, so it is refused
        Decimal::Comma if !cell.contains(',') => (!grouped(cell)).then(|| cell.into()),
        Decimal::Comma => {
            let (whole, fraction) = cell.split_once(',')?;
            // a point before the comma stands between thousands
            let good = !fraction.contains('.') && (!whole.contains('.') || grouped(whole));
            good.then(|| format!("{}.{fraction}", whole.replace('.', "")).into())
        }
    }
}

/// Whether points stand before every three digits, as between thousands.
fn grouped(text: &str) -> bool {
    let mut parts = text.trim_start_matches(['+', '-']).split('.');
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    // 0.123 is a fraction
    digits(first)
        && first.len() <= 3
        && first != "0"
        && !rest.is_empty()
        && rest.iter().all(|p| digits(p) && p.len() == 3)
}

/// Whether a cell is a number with a decimal comma and nothing else.
pub(crate) fn has_decimal_comma(cell: &str) -> bool {
    let text = cell.trim_start_matches(['+', '-']);
    let Some((whole, fraction)) = text.split_once(',') else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (fraction, exponent) = fraction.split_once(['e', 'E']).unwrap_or((fraction, "0"));
    (digits(whole) || grouped(whole)) && digits(fraction) && digits(exponent.trim_start_matches(['+', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_known_however_it_is_written() {
        for cell in ["", "NA", "n/a", "N/A", "#N/A", "NaN", "nan", "None", "NULL", "<NA>", "n.a.", "?"] {
            assert!(is_missing(cell) && is_missing_label(cell), "{cell}");
        }
        for cell in ["0", "no", "normal", "nano", "-1", "."] {
            assert!(!is_missing_label(cell), "{cell}");
        }
        assert!(is_missing("-") && is_missing(".") && !is_missing_label("-"));
    }

    #[test]
    fn numbers_are_read_with_either_decimal_mark() {
        for (cell, point, comma) in [
            ("1.5", Some(1.5), Some(1.5)),
            ("1,5", None, Some(1.5)),
            ("-0,25", None, Some(-0.25)),
            ("1,5e-3", None, Some(0.0015)),
            ("1.234,5", None, Some(1234.5)),
            ("1.234", Some(1.234), None), // with decimal commas: 1234 or 1.234
            ("0.123", Some(0.123), Some(0.123)),
            ("12", Some(12.0), Some(12.0)),
            ("1,2,3", None, None),
            ("1.23,4.5", None, None),
            ("inf", None, None),
            ("NaN", None, None),
            ("0x1", None, None),
        ] {
            assert_eq!((number(cell, Decimal::Point), number(cell, Decimal::Comma)), (point, comma), "{cell}");
        }
    }

    #[test]
    fn decimal_commas_are_told_from_other_commas() {
        for cell in ["1,5", "-1,5", "1.234,5", "1,5e-3"] {
            assert!(has_decimal_comma(cell), "{cell}");
        }
        for cell in ["a,5", "1,a", "1,2,3", "1.5", ",5", "5,"] {
            assert!(!has_decimal_comma(cell), "{cell}");
        }
    }
}

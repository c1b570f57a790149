//! Finds out how the ids of two files differ that name the same samples: `TCGA.A1.A000.01` and `TCGA-A1-A000`.

use std::collections::{HashMap, HashSet};
use std::fmt;

/// How the ids of two files differ, and how many ids agree apart from that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs, in words.
    pub what: &'static str,
    /// How many ids of the first file have a partner.
    pub agree: usize,
    /// An example of such a pair.
    pub example: (String, String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, theirs) = &self.example;
        write!(
            f,
            "{} of the ids agree but for {}, as `{ours}` and `{theirs}`: write them alike in all files",
            self.agree, self.what
        )
    }
}

/// Looks for the difference that must be removed from `ours` to find them in `theirs`. Returns none if that helps less
/// than half of them.
///
/// Tried in turn: case, punctuation and spaces, leading zeros and `.0`, length (one begins with the other).
#[must_use]
pub fn difference<S: AsRef<str>, T: AsRef<str>>(ours: &[S], theirs: &[T]) -> Option<Difference> {
    let keys: [(&'static str, Key); 3] =
        [("case", |id| id.trim().to_lowercase()), ("punctuation", signs), ("leading zeros or decimals", digits)];
    let known: HashSet<&str> = theirs.iter().map(AsRef::as_ref).collect();
    // ids that are equal already say nothing about the difference
    let ours: Vec<&str> = ours.iter().map(AsRef::as_ref).filter(|id| !known.contains(id)).collect();
    let enough = |agree: usize| agree > 0 && 2 * agree >= ours.len();
    for (what, key) in keys {
        let partners: HashMap<String, &str> = theirs.iter().map(|id| (key(id.as_ref()), id.as_ref())).collect();
        if partners.len() < theirs.len() {
            continue; // without the difference, two ids of one file would be equal
        }
        let pairs: Vec<(&str, &str)> = ours.iter().filter_map(|id| Some((*id, *partners.get(&key(id))?))).collect();
        if enough(pairs.len()) {
            let example = (pairs[0].0.to_owned(), pairs[0].1.to_owned());
            return Some(Difference { what, agree: pairs.len(), example });
        }
    }
    // a longer barcode: after the patient come the sample and the vial
    let mut sorted: Vec<(String, &str)> = theirs.iter().map(|id| (signs(id.as_ref()), id.as_ref())).collect();
    sorted.sort_unstable();
    let partner = |id: &str| {
        let key = signs(id);
        if key.len() < 4 {
            return None;
        }
        let at = sorted.partition_point(|(other, _)| *other < key);
        let longer = sorted.get(at).filter(|(other, _)| other.starts_with(&key));
        // the nearest shorter id before it: all its beginnings sort before it, the longest last
        let shorter = || {
            (4..key.len()).rev().filter(|&end| key.is_char_boundary(end)).find_map(|end| {
                let at = sorted.binary_search_by(|(other, _)| other.as_str().cmp(&key[..end])).ok()?;
                Some(&sorted[at])
            })
        };
        longer.or_else(shorter).map(|(_, other)| *other)
    };
    let pairs: Vec<(&str, &str)> = ours.iter().filter_map(|id| Some((*id, partner(id)?))).collect();
    enough(pairs.len()).then(|| {
        let example = (pairs[0].0.to_owned(), pairs[0].1.to_owned());
        Difference { what: "their length", agree: pairs.len(), example }
    })
}

/// Removes one kind of difference from an id.
type Key = fn(&str) -> String;

/// Keeps letters and digits only, in lower case.
fn signs(id: &str) -> String {
    id.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Removes zeros before a run of digits, and `.0` after a number.
fn digits(id: &str) -> String {
    let id = id.trim();
    let id = id.strip_suffix(".0").filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(id);
    let mut out = String::new();
    let mut before = ' ';
    // other characters stay, as they separate two runs of digits
    let sign = |char: char| if char.is_alphanumeric() { char } else { '-' };
    let chars: Vec<char> = id.to_lowercase().chars().map(sign).collect();
    for (at, &char) in chars.iter().enumerate() {
        let next_is_digit = chars.get(at + 1).is_some_and(char::is_ascii_digit);
        if !(char == '0' && !before.is_ascii_digit() && next_is_digit) {
            out.push(char);
            before = char;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_said() {
        for (ours, theirs, what) in [
            (["TCGA.A1.A000.01", "TCGA.A1.A001.01"], ["TCGA-A1-A000-01", "TCGA-A1-A001-01"], "punctuation"),
            (["tcga-1", "tcga-2"], ["TCGA-1", "TCGA-2"], "case"),
            (["P 1", "P 2"], ["P1", "p2"], "punctuation"),
            (["001", "002"], ["1", "2"], "leading zeros or decimals"),
            (["P01", "P02"], ["P1", "P2"], "leading zeros or decimals"),
            (["1.0", "2.0"], ["1", "2"], "leading zeros or decimals"),
            (["TCGA-A1-A000-01A-11R", "TCGA-A1-A001-01A-11R"], ["TCGA-A1-A000", "TCGA-A1-A001"], "their length"),
            (["TCGA-A1-A000", "TCGA-A1-A001"], ["TCGA-A1-A000-01", "TCGA-A1-A001-01"], "their length"),
            (["tcga.a1.a000.01", "tcga.a1.a001.01"], ["TCGA-A1-A000", "TCGA-A1-A001"], "their length"),
        ] {
            let found = difference(&ours, &theirs).unwrap_or_else(|| panic!("{ours:?}"));
            assert_eq!((found.what, found.agree, found.example.0.as_str()), (what, 2, ours[0]), "{ours:?}");
        }
    }

    #[test]
    fn ids_that_have_nothing_to_do_with_each_other_are_left_alone() {
        assert_eq!(difference(&["a", "b"], &["c", "d"]), None);
        assert_eq!(difference(&["p1", "p2", "p9"], &["p1", "p2"]), None);
        assert_eq!(difference::<&str, &str>(&[], &[]), None);
    }
}

//! Names of classes that probably mean the same class: `HCC` and `hcc`, `grade 1` and `grade_1`, `1` and `1.0`.

use std::collections::BTreeMap;

/// Groups of names that differ only in case, spaces or number format. A group is in the order of `names`.
#[must_use]
pub fn alike<S: AsRef<str>>(names: &[S]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        groups.entry(key(name.as_ref())).or_default().push(at);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort();
    groups
}

/// The form that similar names have in common.
pub(crate) fn key(name: &str) -> String {
    let name = name.trim();
    let point = name.replace(',', ".");
    // `1e3` and `1000`, `01` and `1`, `1,0` and `1.0`; words that Rust reads as numbers are words
    if let Some(value) = point.parse::<f64>().ok().filter(|value| value.is_finite()) {
        return format!("number {}", if value == 0.0 { 0.0 } else { value });
    }
    let chars: Vec<char> = name.chars().collect();
    let mut key = String::new();
    for (at, &char) in chars.iter().enumerate() {
        let inside = at > 0 && at + 1 < chars.len();
        // `A-` is not `A`, but `stage-1` is `stage 1`
        if char.is_whitespace() || (inside && matches!(char, '_' | '-' | '.')) {
            continue;
        }
        key.extend(char.to_lowercase());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_space_or_number_format_are_alike() {
        let names = ["HCC", "normal", "hcc", "1", "1.0", "grade 1", "Grade_1", "No  finding", "no finding", "01"];
        assert_eq!(alike(&names), [vec![0, 2], vec![3, 4, 9], vec![5, 6], vec![7, 8]]);
    }

    #[test]
    fn names_that_mean_something_else_are_not() {
        assert!(alike(&["A", "A-", "A+", "1", "-1", "10", "grade 1", "grade 2", "1.5", "15"]).is_empty());
    }
}

//! Several labels in one cell: parted by a sign, a list or a dict as Python prints it, or a vector of ones and zeros.

use std::collections::HashSet;

/// Characters between several labels of one cell. The first one always separates labels.
const BETWEEN: [char; 7] = ['|', ';', ',', '/', '+', '&', ' '];

/// How the cells of a column hold several labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Several {
    /// The sign between them.
    pub(crate) between: char,
    /// What stands between brackets, if all cells have them.
    pub(crate) inside: Inside,
}

/// What stands between the brackets of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inside {
    /// Labels, with or without brackets.
    Labels,
    /// Labels with a value each: `{'NORM': 100.0, 'SR': 0.0}`.
    Values,
    /// A 1 or a 0 for each of so many classes: `[0, 1, 0]`.
    Vector(usize),
}

impl Several {
    /// How these cells hold several labels, if they do.
    ///
    /// A pipe is hardly part of a name, so it is enough that it is there; the same of a comma in a Python list. Other
    /// signs are parts of names as well, so every part of a cell must be a label of its own elsewhere, alone in a cell.
    pub(crate) fn of(distinct: &HashSet<&str>) -> Option<Several> {
        let bracketed = |open, close| distinct.iter().all(|cell| bare(cell, open, close).is_some());
        if bracketed('[', ']') {
            return Some(vector(distinct).unwrap_or(Several { between: ',', inside: Inside::Labels }));
        }
        if bracketed('{', '}') {
            let valued =
                distinct.iter().any(|cell| raw_parts(cell, ',').iter().any(|part| parted(part, ':').len() > 1));
            return Some(Several { between: ',', inside: if valued { Inside::Values } else { Inside::Labels } });
        }
        let between = BETWEEN.into_iter().find(|&between| {
            let several: Vec<&&str> = distinct.iter().filter(|cell| parts(cell, between).nth(1).is_some()).collect();
            !several.is_empty()
                && (between == '|'
                    || several.iter().all(|cell| {
                        cell.split(between).all(|part| !part.trim().is_empty())
                            && parts(cell, between).all(|part| distinct.contains(part))
                    }))
        })?;
        Some(Several { between, inside: Inside::Labels })
    }

    /// The labels of a cell.
    pub(crate) fn labels(self, cell: &str) -> Vec<String> {
        let parts = || parts(cell, self.between);
        match self.inside {
            Inside::Labels => parts().map(str::to_owned).collect(),
            Inside::Values => {
                let names = raw_parts(cell, self.between).into_iter().map(|part| unquoted(parted(part, ':')[0]));
                names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
            }
            Inside::Vector(_) => {
                parts().enumerate().filter(|(_, part)| one(part) == Some(true)).map(|(at, _)| at.to_string()).collect()
            }
        }
    }
}

/// Cells that hold a 1 or a 0 for each of the same number of classes.
fn vector(distinct: &HashSet<&str>) -> Option<Several> {
    [',', ' '].into_iter().find_map(|between| {
        let mut widths = HashSet::new();
        for cell in distinct {
            if !parts(cell, between).all(|part| one(part).is_some()) {
                return None;
            }
            widths.insert(parts(cell, between).count());
        }
        // a single width, as a list of class numbers would also be of 0 and 1 alone if there are two classes
        let width = widths.into_iter().next().filter(|&width| width > 1 && distinct.len() > 1)?;
        let alike = distinct.iter().all(|cell| parts(cell, between).count() == width);
        alike.then_some(Several { between, inside: Inside::Vector(width) })
    })
}

fn one(part: &str) -> Option<bool> {
    match part {
        "1" | "1." | "1.0" | "True" | "true" => Some(true),
        "0" | "0." | "0.0" | "False" | "false" => Some(false),
        _ => None,
    }
}

/// The parts of a cell; brackets and quotation marks of a list are taken off.
fn parts(cell: &str, between: char) -> impl Iterator<Item = &str> {
    raw_parts(cell, between).into_iter().map(unquoted).filter(|part| !part.is_empty())
}

fn raw_parts(cell: &str, between: char) -> Vec<&str> {
    let inside = bare(cell, '[', ']').or_else(|| bare(cell, '{', '}'));
    inside.map_or_else(|| cell.split(between).collect(), |inside| parted(inside, between))
}

/// What is between the brackets.
fn bare(cell: &str, open: char, close: char) -> Option<&str> {
    cell.strip_prefix(open)?.strip_suffix(close)
}

fn unquoted(part: &str) -> &str {
    part.trim().trim_matches(['\'', '"']).trim()
}

/// Cuts at a sign, but not inside quotation marks: `'Carcinoma, NOS', 'Cyst'` are two parts.
fn parted(text: &str, between: char) -> Vec<&str> {
    let (mut found, mut start, mut open, mut escaped) = (Vec::new(), 0, None, false);
    for (at, char) in text.char_indices() {
        match open {
            Some(_) if escaped => escaped = false,
            Some(_) if char == '\\' => escaped = true,
            Some(mark) if char == mark => open = None,
            Some(_) => {}
            // elsewhere it is an apostrophe
            None if matches!(char, '\'' | '"') && text[start..at].trim().is_empty() => open = Some(char),
            None if char == between => {
                found.push(&text[start..at]);
                start = at + char.len_utf8();
            }
            None => {}
        }
    }
    if open.is_some() {
        return text.split(between).collect();
    }
    found.push(&text[start..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(cells: &[&str]) -> Option<char> {
        Several::of(&cells.iter().copied().collect()).map(|several| several.between)
    }

    #[test]
    fn several_labels_in_a_cell_are_told_from_names_with_such_signs() {
        assert_eq!(between(&["No Finding", "Mass", "Effusion|Mass"]), Some('|'));
        assert_eq!(between(&["A", "B", "A;B"]), Some(';'));
        assert_eq!(between(&["A", "B", "A, B"]), Some(','));
        assert_eq!(between(&["haze", "primary", "haze primary"]), Some(' '));
        assert_eq!(between(&["['A', 'B']", "['A']"]), Some(','));
        // parts that are never alone are no labels
        assert_eq!(between(&["Carcinoma, NOS", "Adenoma, NOS", "Carcinoma"]), None);
        assert_eq!(between(&["No Finding", "Mass"]), None);
        assert_eq!(between(&["ER", "ER+", "HER2+"]), None);
        assert_eq!(between(&["0", "1"]), None);
    }

    #[test]
    fn brackets_and_quotation_marks_are_no_part_of_a_name() {
        let labels = |cells: &[&str]| Several::of(&cells.iter().copied().collect()).unwrap().labels(cells[0]);
        for (cell, expected) in [
            ("['A', 'B']", &["A", "B"][..]),
            ("[\"A\", \"B\"]", &["A", "B"]),
            ("[A, B]", &["A", "B"]),
            ("['Carcinoma, NOS', 'Cyst']", &["Carcinoma, NOS", "Cyst"]),
            (r#"["Barrett's", 'x', Crohn's]"#, &["Barrett's", "x", "Crohn's"]),
            ("['A', 'B]", &["A", "B"]), // a mark that is not closed
            ("{'A', 'B'}", &["A", "B"]),
            ("{'NORM': 100.0, 'SR: x, y': 0.0}", &["NORM", "SR: x, y"]),
            ("[]", &[]),
            ("{}", &[]),
        ] {
            assert_eq!(labels(&[cell]), expected, "{cell}");
        }
    }

    #[test]
    fn vectors_are_told_from_lists_of_numbers() {
        let of = |cells: &[&str]| Several::of(&cells.iter().copied().collect()).unwrap();
        for cells in [["[0, 1, 0]", "[1, 0, 1]"], ["[0 1 0]", "[1 0 1]"], ["[0. 1. 0.]", "[1. 0. 1.]"]] {
            assert_eq!(of(&cells).inside, Inside::Vector(3), "{cells:?}");
            assert_eq!(
                (of(&cells).labels(cells[0]), of(&cells).labels(cells[1])),
                (vec!["1".into()], vec!["0".into(), "2".into()])
            );
        }
        for cells in [["[0, 1]", "[1]"], ["[0, 2]", "[1, 0]"], ["[0]", "[1]"], ["[]", "[0, 1]"]] {
            assert_eq!(of(&cells).inside, Inside::Labels, "{cells:?}");
        }
    }
}

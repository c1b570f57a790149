//! Lists of names in messages.

/// Names of a list that are shown.
pub(crate) const SHOWN: usize = 20;

/// These names with commas between them; of more than twenty the first ones, and how many more there are.
#[must_use]
pub fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let more = names.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let names: Vec<String> = (1..=22).map(|i| i.to_string()).collect();
        assert_eq!(listed(&names[..3]), "1, 2, 3");
        assert!(listed(&names[..20]).ends_with("19, 20"));
        assert!(listed(&names).ends_with("19, 20 and 2 more"));
        assert_eq!(listed::<&str>(&[]), "");
    }
}

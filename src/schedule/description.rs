//! What a schedule is, as data: a state belongs to a sampler if their descriptions are the same.

use std::collections::BTreeMap;
use std::fmt;

/// A schedule's name and those of its fields that are not at their defaults.
///
/// A state is refused by a sampler of another description. A field that a later release adds, with a default that
/// changes nothing, refuses no state: it is left out on both sides.
///
/// # Examples
/// ```
/// use climd::schedule::Description;
/// let (cap, every) = (3, 10);
/// let staircase = Description::new("staircase").field("cap", cap, 3).field("every", every, 5);
/// assert_eq!(staircase.to_string(), "staircase { every: 10 }");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Description {
    name: String,
    fields: BTreeMap<String, String>,
}

impl Description {
    /// A schedule of that name, all fields at their defaults. The name must never change.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), fields: BTreeMap::new() }
    }

    /// The same with a field, which is left out at its default. Numbers are written so that no digit is lost.
    #[must_use]
    pub fn field<T: ToString + PartialEq>(self, name: &str, value: T, default: T) -> Self {
        if value == default { self } else { self.always(name, value) }
    }

    /// The same with a field that has no default.
    #[must_use]
    pub fn always(mut self, name: &str, value: impl ToString) -> Self {
        self.fields.insert(name.to_owned(), value.to_string());
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names and values of the fields that are not at their defaults, by name.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (at, (name, value)) in self.fields.iter().enumerate() {
            write!(f, "{} {name}: {value}", if at == 0 { " {" } else { "," })?;
        }
        if self.fields.is_empty() { Ok(()) } else { f.write_str(" }") }
    }
}

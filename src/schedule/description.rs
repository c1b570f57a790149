//! Description of a schedule as data. A state belongs to a sampler if their descriptions are equal.

use std::collections::BTreeMap;
use std::fmt;

/// The name of a schedule, and its fields that are not at their defaults.
///
/// A sampler refuses a state with another description. A later release may add a field whose default changes nothing.
/// Old states are then still accepted, as the field is left out on both sides.
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
    /// A description with this name, and all fields at their defaults. The name must never change.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), fields: BTreeMap::new() }
    }

    /// Adds a field. It is left out if it is at its default. Numbers are written so that no digit is lost.
    #[must_use]
    pub fn field<T: ToString + PartialEq>(self, name: &str, value: T, default: T) -> Self {
        if value == default { self } else { self.always(name, value) }
    }

    /// Adds a field that has no default.
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

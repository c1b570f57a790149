//! Settings of a sampler beside its schedule.

/// Seed, and when scores are wanted. Any value is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Settings {
    /// Seed of every random choice. Default 0.
    pub seed: u64,
    /// The first epoch that begins with a measurement. Default 1: before the first epoch the network has learned
    /// nothing, so a random ranking takes the place of scores.
    pub first_measure: usize,
    /// Number of epochs from one measurement to the next; 0: measure only once. Default 1.
    pub measure_every: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 0, first_measure: 1, measure_every: 1 }
    }
}

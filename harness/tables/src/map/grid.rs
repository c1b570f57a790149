//! The cells of the map: how unbalanced the classes are, how many labels are wrong, how long training is.

use std::fmt;
use std::str::FromStr;

use climd_networks::config::Thinning;
use serde::{Deserialize, Serialize};

use crate::changes::Changes;
use crate::study::Study;

/// The largest class to the smallest, as so many to one.
pub const RATIOS: [u32; 5] = [1, 5, 20, 50, 100];
/// Wrong labels of the training part, percent.
pub const NOISES: [u32; 4] = [0, 10, 20, 40];
/// Gradient steps, percent of those of all epochs.
pub const BUDGETS: [u32; 4] = [10, 25, 50, 100];
/// In this order budgets are trained: the shortest tells most for its time, and the usual one comes before the middle.
const TRAINED: [u32; 4] = [10, 25, 100, 50];

/// A cell of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// Gradient steps, percent of those of all epochs.
    pub budget: u32,
    /// The largest class to the smallest, exactly.
    pub ratio: u32,
    /// Wrong labels of the training part, percent, of all other classes alike.
    pub noise: u32,
}

impl Cell {
    /// All cells, in the order in which they are trained.
    #[must_use]
    pub fn all() -> Vec<Cell> {
        let of_budget = |budget| {
            RATIOS.into_iter().flat_map(move |ratio| NOISES.into_iter().map(move |noise| Cell { budget, ratio, noise }))
        };
        TRAINED.into_iter().flat_map(of_budget).collect()
    }

    /// The study of the cell, from that of the whole data for all epochs.
    #[must_use]
    pub fn study<'a>(self, whole: &Study<'a>) -> Study<'a> {
        let Cell { budget, ratio, noise } = self;
        let changes = Changes {
            imbalance: Some(f64::from(ratio)),
            thinning: Some(Thinning::Exact),
            noise: f64::from(noise) / 100.0,
            noise_kind: None,
        };
        let epochs = (whole.epochs * budget as usize).div_ceil(100);
        Study { changes, epochs, ..*whole }
    }
}

/// `50:40:10`: imbalance, percent of wrong labels, percent of the steps.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.ratio, self.noise, self.budget)
    }
}

/// A text that names no cell of the map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is no cell: give imbalance, percent of wrong labels and percent of the steps, as in 50:40:10, with \
     {RATIOS:?}, {NOISES:?} and {BUDGETS:?}"
)]
pub struct NoCell {
    /// The text.
    pub found: String,
}

impl FromStr for Cell {
    type Err = NoCell;

    fn from_str(text: &str) -> Result<Cell, NoCell> {
        Cell::all().into_iter().find(|cell| cell.to_string() == text).ok_or(NoCell { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_whole_and_short_budgets_come_first() {
        let all = Cell::all();
        assert_eq!(all.len(), 80);
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 80);
        let budgets: Vec<u32> = all.chunks(20).map(|cells| cells[0].budget).collect();
        assert_eq!(budgets, [10, 25, 100, 50]);
        assert_eq!(all[0].to_string(), "1:0:10");
    }

    #[test]
    fn a_cell_is_read_as_it_is_written_and_no_other_text_is_one() {
        for cell in Cell::all() {
            assert_eq!(cell.to_string().parse(), Ok(cell));
        }
        for text in ["", "50:40", "50:40:11", "050:40:10", "2:0:10"] {
            let error = text.parse::<Cell>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")) && error.contains("50:40:10"), "{error}");
        }
    }
}

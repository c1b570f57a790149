//! When does a curriculum pay? A grid of imbalance, wrong labels and training budget, the same rows in every cell.

mod file;
mod grid;
mod line;
mod run;

pub use file::{stem, write};
pub use grid::{BUDGETS, Cell, NOISES, RATIOS};
pub use line::{Beside, Line};
pub use run::{cells, train};

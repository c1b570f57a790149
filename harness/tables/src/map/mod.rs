//! When does a curriculum pay? A grid of imbalance, wrong labels and training budget, the same rows in every cell.

mod best;
mod file;
mod grid;
mod line;
mod page;
mod picture;
mod regime;
mod run;
mod tally;

pub use best::{Best, Place};
pub use file::{first_seed, read, stem, write};
pub use grid::{BUDGETS, Cell, NOISES, RATIOS};
pub use line::{Beside, Line};
pub use page::page;
pub use regime::{Across, Compared, across};
pub use run::{cells, train};
pub use tally::{Comparisons, Told, Wins};

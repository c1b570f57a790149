//! Rows, the row that each is compared with, and the figures of the paper.

use climd::schedule::AnySchedule;
use climd::{Pick, PowerLaw};

use super::methods::{AUX, baseline, plain};
use crate::experiment::{Budget, Row, RowId};
use climd_networks::config::{Method, ScheduleConfig};
use climd_networks::network::{Heads, NetworkConfig};

/// An arm around the early-fusion network.
#[must_use]
pub const fn own(arm: &'static str) -> RowId {
    RowId::new("baseline", arm)
}

/// Accuracy, weighted F1 and macro F1 on BRCA in the paper, percent: mean and spread.
pub type Paper = [(f64, f64); 3];

/// A row, the row that it is compared with, and the figures of the paper.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRow {
    /// The row.
    pub row: Row,
    /// Number of the row that it is compared with: plain training with as many steps. Plain training itself has none.
    pub against: Option<usize>,
    /// Figures of the paper.
    pub paper: Option<Paper>,
}

/// The rows that are wanted, without those whose baseline is not.
#[must_use]
pub fn keep(rows: Vec<TableRow>, mut wanted: impl FnMut(&TableRow) -> bool) -> Vec<TableRow> {
    let mut now_at = vec![None; rows.len()];
    let mut kept: Vec<TableRow> = Vec::new();
    for (at, row) in rows.into_iter().enumerate() {
        let against = row.against.map(|against| now_at[against]); // a baseline stands before its rows
        if wanted(&row) && against != Some(None) {
            now_at[at] = Some(kept.len());
            kept.push(TableRow { against: against.flatten(), ..row });
        }
    }
    kept
}

/// Rows with their baselines.
#[derive(Default)]
pub(super) struct Rows(pub(super) Vec<TableRow>);

impl Rows {
    /// Plain training of the early-fusion network with auxiliary heads, always row 0.
    pub(super) fn start() -> Rows {
        let mut rows = Rows::default();
        rows.plain(own("plain"), baseline(AUX), Budget::EqualSteps, "baseline");
        rows
    }

    /// Adds the same with heads that do not reach the encoders.
    pub(super) fn probes(&mut self) -> usize {
        let id = RowId::new("baseline-probes", "plain");
        self.plain(id, baseline(Heads::Probe), Budget::EqualSteps, "baseline, probes")
    }

    /// Adds plain training with this budget, unless it is there already. Returns its number.
    pub(super) fn plain(&mut self, id: RowId, network: NetworkConfig, budget: Budget, name: &str) -> usize {
        let row = Row { id, name: name.into(), method: plain(network), budget };
        self.0.iter().position(|other| other.row.method == row.method && other.row.budget == row.budget).unwrap_or_else(
            || {
                self.0.push(TableRow { row, against: None, paper: None });
                self.0.len() - 1
            },
        )
    }

    /// Adds another arm for the same network, with as many steps.
    pub(super) fn push(&mut self, against: usize, arm: &'static str, name: &str, method: Method, paper: Option<Paper>) {
        let Row { id, ref budget, .. } = self.0[against].row;
        let id = RowId { arm, until: id.until.map(|_| arm), ..id };
        let row = Row { id, name: name.into(), method, budget: budget.clone() };
        self.0.push(TableRow { row, against: Some(against), paper });
    }

    /// Adds a curriculum at equal steps, and at equal epochs beside plain training with as many steps.
    pub(super) fn curriculum(
        &mut self,
        against: usize,
        arm: &'static str,
        name: &str,
        method: Method,
        paper: Option<Paper>,
    ) {
        self.push(against, arm, name, method.clone(), paper);
        let budget = Budget::EqualEpochs(without_pick(&method.schedule));
        let Row { id, name: ref plain, .. } = self.0[against].row;
        let cut = format!("{plain}, cut to the steps of {name}");
        let cut = self.plain(id.until(arm), method.network.clone(), budget, &cut);
        self.push(cut, arm, &format!("{name}, equal epochs"), method, paper);
    }
}

/// The schedule with the default pick. Quotas, and so steps, do not depend on the pick.
fn without_pick(schedule: &ScheduleConfig) -> ScheduleConfig {
    match schedule.clone() {
        ScheduleConfig::Any(AnySchedule::PowerLaw(law)) => PowerLaw { pick: Pick::default(), ..law }.into(),
        other => other,
    }
}

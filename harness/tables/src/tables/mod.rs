//! The tables: which rows each has, and which of them are compared.

mod methods;
mod ours;
mod paper;
mod rows;

use climd::PowerLaw;

use crate::experiment::RowId;
pub(crate) use methods::{plain, with_schedule};
pub use paper::main_job;
pub use rows::{Paper, TableRow, keep, own};

/// A table of the paper, or one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Networks, Table 1.
    Table1,
    /// The curriculum around every network, Table 3.
    Table3,
    /// [`Table::Table3`], but each network is trained as its authors do.
    Native,
    /// Imbalance methods, Table 2.
    Table2,
    /// Measurer and schedulers, Table 4.
    Table4,
    /// The main job: plain training and the curriculum, with and without prior correction.
    Main,
    /// Methods that the paper does not have: controls, prior correction, other samplers.
    Beyond,
    /// The rows of [`Table::Beyond`] that the advice rests on, for many data sets and splits.
    Advice,
    /// Gain of trimming over prior correction with wrong labels.
    LabelNoise,
    /// Scores from training steps, beside full measurements.
    Observe,
    /// The rows of [`Table::Main`] on a folder of images, histories and laboratory values.
    Mllc,
}

/// Two rows of a table, of which the first is compared with the second.
pub type Contrast = (RowId, RowId);

impl Table {
    /// Its name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Table::Table1 => "table1",
            Table::Table3 => "table3",
            Table::Native => "native",
            Table::Table2 => "table2",
            Table::Table4 => "table4",
            Table::Main => "main",
            Table::Beyond => "beyond",
            Table::Advice => "advice",
            Table::LabelNoise => "label-noise",
            Table::Observe => "observe",
            Table::Mllc => "mllc",
        }
    }

    /// Its heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Table::Table1 => "Table 1: networks",
            Table::Table3 => "Table 3: the curriculum around every network",
            Table::Native => "Table 3 in the networks' own training",
            Table::Table2 => "Table 2: methods for imbalance",
            Table::Table4 => "Table 4: parts of the measurer, and other schedulers",
            Table::Main => "The main job",
            Table::Beyond => "Beyond the paper: controls, prior correction and other samplers",
            Table::Advice => "What helps",
            Table::LabelNoise => "Wrong labels: prior correction and trimming",
            Table::Observe => "Scores from training steps",
            Table::Mllc => "A folder of patients",
        }
    }

    /// Its rows, for this number of epochs of plain training. The first is the baseline.
    #[must_use]
    pub fn rows(self, epochs: usize) -> Vec<TableRow> {
        match self {
            Table::Main | Table::Mllc => main_job(PowerLaw { epochs, ..Default::default() }),
            Table::Table1 => paper::table1(epochs),
            Table::Table3 => paper::table3(epochs),
            Table::Native => paper::native(epochs),
            Table::Table2 => paper::table2(epochs),
            Table::Table4 => paper::table4(epochs),
            Table::Beyond => ours::beyond(epochs),
            Table::Advice => ours::advice(epochs),
            Table::LabelNoise => ours::label_noise(epochs),
            Table::Observe => ours::observe(epochs),
        }
    }

    /// Whether its rows are named after their networks, and each is compared with plain training of its own.
    #[must_use]
    pub fn is_by_network(self) -> bool {
        matches!(self, Table::Table3 | Table::Native)
    }

    /// Whether a row of it, or a contrast that begins with the row, was fixed before the splits were looked at on which
    /// it is run: the rows of the paper, and those that the advice was to rest on.
    #[must_use]
    pub fn is_fixed_beforehand(self, id: RowId) -> bool {
        match self {
            Table::Table3 | Table::Native => id.arm != "climd-random", // to explain what the others had shown
            Table::Observe => id.arm != "climd-once",                  // as those
            // post-hoc adjustment came to the advice later
            Table::Beyond => {
                id.network == "baseline" && id.until.is_none() && ours::ADVICE.contains(&id.arm) && id.arm != "post-hoc"
            }
            _ => true,
        }
    }

    /// Further comparisons: the gain of one part of a method over the rest of it.
    #[must_use]
    pub fn contrasts(self) -> Vec<Contrast> {
        const CLIMD: &str = "climd";
        const RANDOM: &str = "climd-random";
        let ordered = |network| (RowId::new(network, CLIMD), RowId::new(network, RANDOM));
        let early = |network| (RowId::new(network, CLIMD).until(CLIMD), RowId::new(network, RANDOM).until(RANDOM));
        let pairs: &[(&'static str, &'static str)] = match self {
            Table::Table1 | Table::Table2 | Table::Table4 | Table::Main | Table::Mllc => &[],
            Table::Native => return vec![ordered("multi-d"), ordered("dmib")],
            Table::Table3 => return vec![ordered("multi-d"), early("multi-d"), ordered("dmib"), early("dmib")],
            Table::Beyond | Table::Advice => &[
                (CLIMD, RANDOM),
                ("climd-half-prior", "prior"),
                ("hard-majority-prior", "prior"),
                ("hard-majority-prior", "hard-majority-random-prior"),
                ("trim-prior", "prior"),
                ("prior-half", "prior"),
                ("deferred", "prior"),
            ],
            Table::Observe => &[
                ("climd-observed", CLIMD),
                ("climd-observed-half", CLIMD),
                ("climd-observed-once", CLIMD),
                ("climd-observed-never", CLIMD),
                ("climd-every-10", CLIMD),
                ("climd-observed", "climd-every-10"),
                ("climd-observed-once", "climd-once"),
            ],
            Table::LabelNoise => &[
                ("trim-prior", "prior"),
                ("trim-prior", "trim-random-prior"),
                ("trim20-prior", "prior"),
                ("trim-prior-half", "prior"),
                ("trim-prior-half", "prior-half"),
            ],
        };
        pairs.iter().map(|&(arm, other)| (own(arm), own(other))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Table; 9] = [
        Table::Table1,
        Table::Table2,
        Table::Table3,
        Table::Table4,
        Table::Main,
        Table::Beyond,
        Table::Advice,
        Table::LabelNoise,
        Table::Observe,
    ];

    #[test]
    fn every_row_is_compared_with_plain_training_of_the_same_length() {
        for table in ALL {
            let rows = table.rows(100);
            assert_eq!((rows[0].row.id, rows[0].row.name.as_str()), (own("plain"), "baseline"));
            for TableRow { row, against, .. } in &rows {
                let Some(against) = *against else {
                    assert_eq!(row.method, plain(row.method.network.clone()));
                    continue;
                };
                let other = &rows[against];
                assert!(other.against.is_none());
                assert_eq!(other.row.budget, row.budget, "{}", row.name);
                assert_eq!(other.row.method.network, row.method.network, "{}", row.name);
                assert_eq!((other.row.id.network, other.row.id.arm), (row.id.network, "plain"));
                assert_eq!(other.row.id.until.is_some(), row.id.until.is_some());
            }
        }
    }

    #[test]
    fn rows_that_are_kept_are_compared_with_the_same_rows_as_before() {
        let all = Table::Table3.rows(100);
        let some = keep(all.clone(), |row| row.row.id.network == "dmib");
        let pairs = |rows: &[TableRow]| -> Vec<(String, Option<String>)> {
            let other = |row: &TableRow| row.against.map(|against| rows[against].row.name.clone());
            rows.iter().map(|row| (row.row.name.clone(), other(row))).collect()
        };
        let expected: Vec<_> = pairs(&all).into_iter().filter(|(name, _)| name.contains("DMIB")).collect();
        assert!(expected.len() == 8 && pairs(&some) == expected, "{expected:?}");
        assert_eq!(keep(all, |row| row.against.is_some()), []);
    }

    #[test]
    fn contrasts_are_of_rows_of_the_table_that_take_as_many_steps() {
        for table in ALL.into_iter().chain([Table::Native]) {
            let rows = table.rows(100);
            let row = |id: RowId| rows.iter().find(|row| row.row.id == id).unwrap();
            for (id, other) in table.contrasts() {
                assert_eq!(row(id).row.budget, row(other).row.budget);
            }
        }
    }

    #[test]
    fn native_rows_are_networks_whose_training_is_known_each_beside_itself() {
        let rows = Table::Native.rows(100);
        assert_eq!(rows.len(), 3 * 4 + 2); // in random order: Multi-D and DMIB
        for row in rows.iter().filter(|row| row.against.is_some()) {
            assert_eq!(rows[row.against.unwrap()].row.method.network, row.row.method.network);
        }
    }

    #[test]
    fn names_and_ids_tell_rows_apart_and_every_curriculum_has_both_budgets() {
        for table in ALL {
            let rows = table.rows(100);
            let names: std::collections::HashSet<&str> = rows.iter().map(|row| row.row.name.as_str()).collect();
            let ids: std::collections::HashSet<RowId> = rows.iter().map(|row| row.row.id).collect();
            assert_eq!((names.len(), ids.len()), (rows.len(), rows.len()));
            if [Table::Table2, Table::Table4, Table::Beyond].contains(&table) {
                let has_both = |name: &&str| names.contains(format!("{name}, equal epochs").as_str());
                let curricula = names.iter().filter(|name| name.starts_with("CLIMD") || name.starts_with('('));
                let single = curricula.filter(|name| !name.ends_with("equal epochs") && !name.contains("then"));
                assert!(single.clone().count() > 1 && single.clone().all(has_both));
            }
        }
    }

    #[test]
    fn the_paper_has_a_figure_for_every_row_of_its_tables() {
        for table in [Table::Table2, Table::Table4] {
            assert!(
                table
                    .rows(100)
                    .iter()
                    .all(|row| row.paper.is_some() || (row.row.id.arm == "plain" && row.row.id.until.is_some()))
            );
        }
        assert!(Table::Beyond.rows(100).iter().all(|row| row.paper.is_none()));
    }
}

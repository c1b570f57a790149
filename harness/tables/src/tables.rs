//! The rows of each table, with the figures of the paper.

use climd::schedule::{
    AnySchedule, BabyStep, ClassBalanced, Geometric, HardMajority, Linear, OnePass, ProgressivelyBalanced, Root,
    Switch, Trim, UnderSampling, Uniform,
};
use climd::{Pick, PowerLaw, Terms};

use crate::experiment::{Budget, Row, RowId};
use climd_networks::config::{Method, ScheduleConfig, Scoring};
use climd_networks::criterion::Loss;
use climd_networks::network::{BaselineConfig, Heads, NetworkConfig};
use climd_networks::oversample::{Oversampler, Smote, Vae};
use climd_networks::redrawn::Redrawn;

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
        }
    }

    /// Its rows, for this number of epochs of plain training. The first is the baseline.
    #[must_use]
    pub fn rows(self, epochs: usize) -> Vec<TableRow> {
        match self {
            Table::Main => main_job(PowerLaw { epochs, ..Default::default() }),
            Table::Table1 => table1(epochs),
            Table::Table3 => table3(epochs),
            Table::Native => native(epochs),
            Table::Table2 => table2(epochs),
            Table::Table4 => table4(epochs),
            Table::Beyond => beyond(epochs),
            Table::Advice => advice(epochs),
            Table::LabelNoise => label_noise(epochs),
            Table::Observe => observe(epochs),
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
                id.network == "baseline" && id.until.is_none() && ADVICE.contains(&id.arm) && id.arm != "post-hoc"
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
            Table::Table1 | Table::Table2 | Table::Table4 | Table::Main => &[],
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
struct Rows(Vec<TableRow>);

impl Rows {
    /// Adds plain training with this budget, unless it is there already. Returns its number.
    fn plain(&mut self, id: RowId, network: NetworkConfig, budget: Budget, name: &str) -> usize {
        let row = Row { id, name: name.into(), method: plain(network), budget };
        self.0.iter().position(|other| other.row.method == row.method && other.row.budget == row.budget).unwrap_or_else(
            || {
                self.0.push(TableRow { row, against: None, paper: None });
                self.0.len() - 1
            },
        )
    }

    /// Adds another arm for the same network, with as many steps.
    fn push(&mut self, against: usize, arm: &'static str, name: &str, method: Method, paper: Option<Paper>) {
        let Row { id, ref budget, .. } = self.0[against].row;
        let id = RowId { arm, until: id.until.map(|_| arm), ..id };
        let row = Row { id, name: name.into(), method, budget: budget.clone() };
        self.0.push(TableRow { row, against: Some(against), paper });
    }

    /// Adds a curriculum at equal steps, and at equal epochs beside plain training with as many steps.
    fn curriculum(&mut self, against: usize, arm: &'static str, name: &str, method: Method, paper: Option<Paper>) {
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

const AUX: Heads = Heads::Aux { weight: 0.3 };
/// Plain training whose heads do not reach the encoders.
const PROBES: RowId = RowId::new("baseline-probes", "plain");
const PRIOR: Loss = Loss::Prior { tau: 1.0 };

fn baseline(heads: Heads) -> NetworkConfig {
    NetworkConfig::Baseline(BaselineConfig { heads, ..Default::default() })
}

/// Plain training of a network.
pub(crate) fn plain(network: NetworkConfig) -> Method {
    let (schedule, terms, loss) = (Uniform.into(), Terms::default(), Loss::CrossEntropy);
    Method { network, schedule, terms, loss, oversample: None, scoring: None }
}

/// A schedule around the early-fusion network.
pub(crate) fn with_schedule(schedule: impl Into<ScheduleConfig>) -> Method {
    Method { schedule: schedule.into(), ..plain(baseline(AUX)) }
}

fn with_loss(loss: Loss) -> Method {
    Method { loss, ..plain(baseline(AUX)) }
}

fn climd(epochs: usize) -> Method {
    with_schedule(PowerLaw { epochs, ..Default::default() })
}

const PAPER_BASELINE: Paper = [(83.6, 1.6), (84.4, 1.5), (81.3, 2.1)];
const PAPER_CLIMD: Paper = [(89.2, 1.4), (89.4, 1.2), (86.5, 1.8)];

/// The baseline with auxiliary heads and the paper's figures. It is always row 0.
fn start() -> Rows {
    let mut rows = Rows::default();
    rows.plain(own("plain"), baseline(AUX), Budget::EqualSteps, "baseline");
    rows.0[0].paper = Some(PAPER_BASELINE);
    rows
}

/// The rows of [`Table::Main`] with any power-law curriculum.
#[must_use]
pub fn main_job(schedule: PowerLaw) -> Vec<TableRow> {
    let mut rows = start();
    let climd = with_schedule(schedule);
    rows.push(0, "prior", "baseline + prior", with_loss(PRIOR), None);
    rows.push(0, "climd", "CLIMD", climd.clone(), Some(PAPER_CLIMD));
    rows.push(0, "climd-prior", "CLIMD + prior", corrected(climd), None);
    rows.0
}

/// A network of Table 1.
struct Published {
    id: &'static str,
    /// The name. It says if the network was reconstructed.
    name: &'static str,
    network: NetworkConfig,
    alone: Paper,
    /// Figures of Table 3 with CLIMD, if the paper has them.
    with_climd: Option<Paper>,
}

fn networks() -> [Published; 7] {
    let network = |id, name, network, alone: Paper| Published { id, name, network, alone, with_climd: None };
    let multi_d = NetworkConfig::MultiD(Default::default());
    let dmib = NetworkConfig::Dmib(Default::default());
    [
        network(
            "mogonet",
            "MOGONET",
            NetworkConfig::Mogonet(Default::default()),
            [(82.9, 1.8), (82.5, 1.6), (77.4, 1.7)],
        ),
        Published {
            with_climd: Some([(89.6, 0.6), (90.2, 1.0), (85.4, 0.8)]),
            ..network("multi-d", "Multi-D", multi_d, [(87.7, 0.3), (88.0, 0.5), (84.5, 0.5)])
        },
        network(
            "mlclnet",
            "MLCLNet (reconstructed)",
            NetworkConfig::Mlclnet(Default::default()),
            [(86.4, 1.6), (87.8, 1.7), (82.6, 1.8)],
        ),
        network(
            "dpnet",
            "DPNET (reconstructed)",
            NetworkConfig::Dpnet(Default::default()),
            [(87.8, 1.0), (88.4, 1.2), (85.2, 1.2)],
        ),
        Published {
            with_climd: Some([(88.4, 0.6), (88.9, 1.1), (83.8, 1.4)]),
            ..network("dmib", "DMIB", dmib, [(86.0, 0.7), (86.0, 0.9), (81.6, 0.9)])
        },
        network("pcag", "PCAG", NetworkConfig::Pcag(Default::default()), [(85.2, 1.7), (85.5, 1.9), (81.4, 2.6)]),
        network(
            "gcfanet",
            "GCFANet (reconstructed)",
            NetworkConfig::Gcfanet(Default::default()),
            [(88.6, 1.5), (88.9, 1.6), (85.3, 1.6)],
        ),
    ]
}

fn table1(epochs: usize) -> Vec<TableRow> {
    let mut rows = start();
    for Published { id, name, network, alone, .. } in networks() {
        let row = rows.plain(RowId::new(id, "plain"), network, Budget::EqualSteps, name);
        rows.0[row].paper = Some(alone);
    }
    rows.curriculum(0, "climd", "CLIMD", climd(epochs), Some(PAPER_CLIMD));
    rows.0
}

fn table3(epochs: usize) -> Vec<TableRow> {
    let mut rows = start();
    let (network, with_climd) = (baseline(AUX), Some(PAPER_CLIMD));
    let baseline = Published { id: "baseline", name: "baseline", network, alone: PAPER_BASELINE, with_climd };
    for Published { id, name, network, alone, with_climd } in std::iter::once(baseline).chain(networks()) {
        let plain = rows.plain(RowId::new(id, "plain"), network.clone(), Budget::EqualSteps, name);
        rows.0[plain].paper = Some(alone);
        let climd = Method { network, ..climd(epochs) };
        rows.curriculum(plain, "climd", &format!("{name} + CLIMD"), climd.clone(), with_climd);
        let prior = Method { schedule: Uniform.into(), ..corrected(climd.clone()) };
        rows.push(plain, "prior", &format!("{name} + prior"), prior, None);
        rows.push(plain, "climd-prior", &format!("{name} + CLIMD + prior"), corrected(climd), None);
    }
    // how much of the gain of CLIMD comes from the order, and how much from the counts?
    for Published { id, name, network, .. } in networks().into_iter().filter(|of| of.with_climd.is_some()) {
        let plain = rows.plain(RowId::new(id, "plain"), network.clone(), Budget::EqualSteps, name);
        let random = Method { network, ..random_order(epochs) };
        rows.curriculum(plain, "climd-random", &format!("{name} + CLIMD, random order"), random, None);
    }
    rows.0
}

/// Both arms of a network take the same number of steps.
fn native(epochs: usize) -> Vec<TableRow> {
    keep(table3(epochs), |row| row.row.budget == Budget::EqualSteps && row.row.method.network.recipe().is_some())
}

fn table2(epochs: usize) -> Vec<TableRow> {
    let mut rows = start();
    let probe = rows.plain(PROBES, baseline(Heads::Probe), Budget::EqualSteps, "baseline, probes");
    rows.0[probe].paper = Some(PAPER_BASELINE);
    let under = with_schedule(UnderSampling::default());
    rows.push(0, "undersampling", "random undersampling", under, Some([(83.6, 1.4), (84.2, 0.8), (81.1, 1.5)]));
    let smote = Method { oversample: Some(Oversampler::Smote(Smote::default())), ..plain(baseline(AUX)) };
    rows.push(0, "smote", "SMOTE", smote, Some([(79.7, 1.3), (80.4, 1.0), (76.6, 1.6)]));
    let vae = Method { oversample: Some(Oversampler::Vae(Vae::default())), ..plain(baseline(AUX)) };
    rows.push(0, "vae", "VAE oversampling", vae, Some([(82.4, 1.6), (83.4, 2.1), (79.2, 1.8)]));
    rows.push(
        0,
        "weighted",
        "weighted cross-entropy",
        with_loss(Loss::Weighted),
        Some([(84.8, 2.2), (85.0, 2.2), (81.7, 2.5)]),
    );
    let focal = with_loss(Loss::Focal { gamma: 2.0 });
    rows.push(0, "focal", "focal loss", focal, Some([(85.1, 1.2), (85.6, 0.8), (82.6, 1.1)]));
    rows.curriculum(0, "climd", "CLIMD", climd(epochs), Some(PAPER_CLIMD));
    let probes = Method { network: baseline(Heads::Probe), ..climd(epochs) };
    rows.curriculum(probe, "climd", "CLIMD, probes", probes, Some(PAPER_CLIMD));
    rows.0
}

fn table4(epochs: usize) -> Vec<TableRow> {
    let mut rows = start();
    let confidence = Method { terms: Terms::Confidence, ..climd(epochs) };
    rows.curriculum(0, "intra-modal", "(1) intra-modal", confidence, Some([(86.6, 1.1), (86.9, 0.7), (83.4, 1.4)]));
    let complementarity = Method { terms: Terms::Complementarity, ..climd(epochs) };
    rows.curriculum(
        0,
        "inter-modal",
        "(2) inter-modal",
        complementarity,
        Some([(87.5, 1.2), (88.0, 0.9), (84.3, 1.5)]),
    );
    let baby_step = with_schedule(BabyStep { epochs, ..Default::default() });
    rows.curriculum(0, "baby-step", "(3) Baby Step", baby_step, Some([(85.1, 2.4), (86.1, 2.1), (80.2, 2.7)]));
    let one_pass = with_schedule(OnePass { epochs, ..Default::default() });
    rows.curriculum(0, "one-pass", "(4) One-Pass", one_pass, Some([(84.9, 1.6), (85.6, 1.2), (79.2, 1.9)]));
    let linear = with_schedule(Linear { epochs, ..Default::default() });
    rows.curriculum(0, "linear", "(5) Linear", linear, Some([(86.6, 2.1), (87.3, 1.6), (84.0, 2.4)]));
    let root = with_schedule(Root { epochs, ..Default::default() });
    rows.curriculum(0, "root", "(6) Root", root, Some([(88.3, 1.6), (88.8, 1.1), (85.4, 1.6)]));
    let geometric = with_schedule(Geometric { epochs, ..Default::default() });
    rows.curriculum(0, "geometric", "(7) Geometric", geometric, Some([(87.7, 1.9), (88.3, 1.5), (84.8, 2.2)]));
    rows.curriculum(0, "climd", "CLIMD", climd(epochs), Some(PAPER_CLIMD));
    rows.0
}

fn random_order(epochs: usize) -> Method {
    let law = PowerLaw { epochs, pick: Pick::Redraw, ..Default::default() };
    with_schedule(law)
}

fn deferred(epochs: usize) -> Method {
    let at = epochs * 4 / 5;
    with_schedule(ScheduleConfig::DeferredRebalancing(Switch { at, before: Uniform, after: ClassBalanced }))
}

fn hard_majority(epochs: usize) -> HardMajority {
    HardMajority { warm_up: epochs / 10, ..Default::default() }
}

fn trim(drop: f64, epochs: usize) -> Trim {
    Trim { drop, ramp: epochs / 5 }
}

fn with_prior(schedule: impl Into<ScheduleConfig>) -> Method {
    corrected(with_schedule(schedule))
}

fn corrected(method: Method) -> Method {
    Method { loss: PRIOR, ..method }
}

fn beyond(epochs: usize) -> Vec<TableRow> {
    let half = epochs.div_ceil(2);
    let mut rows = start();
    rows.0[0].paper = None;
    rows.plain(PROBES, baseline(Heads::Probe), Budget::EqualSteps, "baseline, probes");
    rows.curriculum(0, "climd", "CLIMD", climd(epochs), None);
    rows.curriculum(0, "climd-random", "CLIMD, random order", random_order(epochs), None);
    rows.push(0, "prior", "prior correction", with_loss(PRIOR), None);
    rows.push(0, "prior-half", "prior correction, tau 1/2", with_loss(Loss::Prior { tau: 0.5 }), None);
    rows.push(0, "post-hoc", "post-hoc adjustment", with_loss(Loss::PostHoc { tau: 1.0 }), None);
    rows.curriculum(0, "climd-prior", "CLIMD + prior", corrected(climd(epochs)), None);
    rows.curriculum(0, "climd-half-prior", "CLIMD + prior, T = E/2", corrected(climd(half)), None);
    rows.push(0, "hard-majority-prior", "HardMajority + prior", with_prior(hard_majority(epochs)), None);
    let random = ScheduleConfig::RandomMajority(Redrawn(hard_majority(epochs)));
    rows.push(0, "hard-majority-random-prior", "HardMajority at random + prior", with_prior(random), None);
    let switch = Switch {
        at: half,
        before: PowerLaw { epochs: half, ..Default::default() },
        after: HardMajority { warm_up: 0, ..Default::default() },
    };
    rows.push(
        0,
        "climd-then-hard-prior",
        "CLIMD, then HardMajority, + prior",
        with_prior(ScheduleConfig::PowerLawThenHard(switch)),
        None,
    );
    rows.push(0, "trim-prior", "Trim + prior", with_prior(trim(0.1, epochs)), None);
    rows.push(0, "deferred", "deferred re-balancing", deferred(epochs), None);
    for (reversed, arm, name) in [
        (false, "progressively-balanced", "ProgressivelyBalanced"),
        (true, "progressively-balanced-reversed", "ProgressivelyBalanced, reversed"),
    ] {
        let schedule = ProgressivelyBalanced { epochs, reversed };
        rows.push(0, arm, name, with_schedule(schedule), None);
    }
    rows.0
}

/// Arms that the advice rests on.
const ADVICE: [&str; 11] = [
    "plain",
    "climd",
    "climd-random",
    "prior",
    "prior-half",
    "post-hoc",
    "climd-half-prior",
    "hard-majority-prior",
    "hard-majority-random-prior",
    "trim-prior",
    "deferred",
];

/// Chosen before any split was evaluated.
fn advice(epochs: usize) -> Vec<TableRow> {
    let wanted = |row: &TableRow| ADVICE.iter().any(|arm| row.row.id == own(arm));
    beyond(epochs).into_iter().filter(wanted).collect()
}

/// Chosen before its splits were evaluated.
fn label_noise(epochs: usize) -> Vec<TableRow> {
    const HALF: Loss = Loss::Prior { tau: 0.5 };
    let trimmed = |drop, loss| Method { loss, ..with_schedule(trim(drop, epochs)) };
    let mut rows = start();
    rows.0[0].paper = None;
    rows.push(0, "prior", "prior correction", with_loss(PRIOR), None);
    rows.push(0, "prior-half", "prior correction, tau 1/2", with_loss(HALF), None);
    rows.push(0, "trim-prior", "Trim + prior", trimmed(0.1, PRIOR), None);
    let random = ScheduleConfig::RandomTrim(Redrawn(trim(0.1, epochs)));
    rows.push(0, "trim-random-prior", "Trim at random + prior", with_prior(random), None);
    rows.push(0, "trim20-prior", "Trim 20 % + prior", trimmed(0.2, PRIOR), None);
    rows.push(0, "trim-prior-half", "Trim + prior, tau 1/2", trimmed(0.1, HALF), None);
    rows.0
}

/// Chosen before its splits were evaluated, but for the curriculum that is measured once.
fn observe(epochs: usize) -> Vec<TableRow> {
    let scored = |measure_every, factor| {
        let scoring = Scoring { measure_every, factor };
        Method { scoring: Some(scoring), ..climd(epochs) }
    };
    let mut rows = start();
    rows.0[0].paper = None;
    rows.push(0, "climd", "CLIMD", climd(epochs), None);
    for (arm, name, method) in [
        ("climd-observed", "CLIMD observed, measured in every 10th epoch", scored(Some(10), Some(1.0))),
        (
            "climd-observed-half",
            "CLIMD observed, mean of factor 1/2, measured in every 10th epoch",
            scored(Some(10), Some(0.5)),
        ),
        ("climd-observed-once", "CLIMD observed, measured once", scored(Some(0), Some(1.0))),
        ("climd-observed-never", "CLIMD observed, never measured", scored(None, Some(1.0))),
        ("climd-every-10", "CLIMD measured in every 10th epoch", scored(Some(10), None)),
        ("climd-once", "CLIMD measured once", scored(Some(0), None)),
    ] {
        rows.push(0, arm, name, method, None);
    }
    rows.push(0, "climd-random", "CLIMD, random order", random_order(epochs), None);
    rows.0
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

//! The rows of the tables of the paper, with its figures, and of the main job.

use climd::schedule::{BabyStep, Geometric, Linear, OnePass, Root, UnderSampling, Uniform};
use climd::{PowerLaw, Terms};

use super::methods::{AUX, PRIOR, baseline, climd, corrected, plain, random_order, with_loss, with_schedule};
use super::rows::{Paper, Rows, TableRow, keep};
use crate::experiment::{Budget, RowId};
use climd_networks::config::Method;
use climd_networks::criterion::Loss;
use climd_networks::network::{Heads, NetworkConfig};
use climd_networks::oversample::{Oversampler, Smote, Vae};

const PAPER_BASELINE: Paper = [(83.6, 1.6), (84.4, 1.5), (81.3, 2.1)];
const PAPER_CLIMD: Paper = [(89.2, 1.4), (89.4, 1.2), (86.5, 1.8)];

/// The baseline with auxiliary heads, with the figures of the paper.
fn start() -> Rows {
    let mut rows = Rows::start();
    rows.0[0].paper = Some(PAPER_BASELINE);
    rows
}

/// The rows of [`Table::Main`](super::Table::Main) with any power-law curriculum.
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

pub(super) fn table1(epochs: usize) -> Vec<TableRow> {
    let mut rows = start();
    for Published { id, name, network, alone, .. } in networks() {
        let row = rows.plain(RowId::new(id, "plain"), network, Budget::EqualSteps, name);
        rows.0[row].paper = Some(alone);
    }
    rows.curriculum(0, "climd", "CLIMD", climd(epochs), Some(PAPER_CLIMD));
    rows.0
}

pub(super) fn table3(epochs: usize) -> Vec<TableRow> {
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
pub(super) fn native(epochs: usize) -> Vec<TableRow> {
    keep(table3(epochs), |row| row.row.budget == Budget::EqualSteps && row.row.method.network.recipe().is_some())
}

pub(super) fn table2(epochs: usize) -> Vec<TableRow> {
    let mut rows = start();
    let probe = rows.probes();
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

pub(super) fn table4(epochs: usize) -> Vec<TableRow> {
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

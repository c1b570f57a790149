//! What rows of several tables train.

use climd::schedule::Uniform;
use climd::{Pick, PowerLaw, Terms};

use climd_networks::config::{Method, ScheduleConfig};
use climd_networks::criterion::Loss;
use climd_networks::network::{BaselineConfig, Heads, NetworkConfig};

pub(super) const AUX: Heads = Heads::Aux { weight: 0.3 };
pub(super) const PRIOR: Loss = Loss::Prior { tau: 1.0 };

pub(super) fn baseline(heads: Heads) -> NetworkConfig {
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

pub(super) fn with_loss(loss: Loss) -> Method {
    Method { loss, ..plain(baseline(AUX)) }
}

pub(super) fn climd(epochs: usize) -> Method {
    with_schedule(PowerLaw { epochs, ..Default::default() })
}

pub(super) fn random_order(epochs: usize) -> Method {
    let law = PowerLaw { epochs, pick: Pick::Redraw, ..Default::default() };
    with_schedule(law)
}

pub(super) fn with_prior(schedule: impl Into<ScheduleConfig>) -> Method {
    corrected(with_schedule(schedule))
}

pub(super) fn corrected(method: Method) -> Method {
    Method { loss: PRIOR, ..method }
}

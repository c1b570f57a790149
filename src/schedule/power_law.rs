//! The paper's schedule: from balanced classes to the long tail, by a power law.
//!
//! Source: Han et al., MICCAI 2025, Eq. 5-7; gaps closed in `docs/algorithm.md`, "How many".

use super::powers::powers;
use super::{Description, Overflow, Pick, Plan, Schedule, TargetDistribution, apportion, check_epochs, check_pick};
use crate::error::ArgumentError;
use crate::{ClassIndex, Result};

/// The class distribution that the curriculum ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum TargetLaw {
    /// `c^(-gamma * alpha_t)` for the c-th largest class, the paper's Eq. 7. The default. For nearly equal classes the
    /// exponent is large, and makes an imbalance that the data do not have.
    #[default]
    PowerLaw,
    /// `c^(-s * w_t)` with the maximum-likelihood Zipf exponent `s` of the data, which is 0 for equal classes.
    Zipf,
    /// The shares of the data themselves.
    Empirical,
}

impl TargetLaw {
    /// Its name in a configuration file and in a description.
    fn name(self) -> &'static str {
        self.into()
    }
}

/// The schedule of the paper. Epoch `t = 1..=T` has `ceil(t N / T)` samples. The share of a class is
/// `(1 - w_t) / C + w_t * law`, where `w_t` goes from 0 to 1. Later epochs have all samples.
///
/// The quota of a class may fall again in later epochs. The largest class can have a larger share than in the data; the
/// report warns of it.
///
/// # Source
/// Han et al., MICCAI 2025, Eq. 5-7.
///
/// # Examples
/// ```
/// use climd::{CurriculumSampler, PowerLaw, PowerLawScheduler};
/// let labels: Vec<u32> = (0..).zip([305, 103, 92, 80, 32]).flat_map(|(label, n)| vec![label; n]).collect();
/// let sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 10, ..Default::default() })?;
/// assert_eq!(sampler.quotas(4)?, [99, 67, 57, 51, 32]); // t = 5
/// # Ok::<(), climd::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct PowerLaw {
    /// Curriculum epochs `T`, at least 1; later epochs use every sample. Default 100.
    pub epochs: usize,
    /// Sharpness `gamma` of Eq. 6-7, from 1e-100 to 1e100. Default 0.3. With the exponent of Eq. 6 it has an effect
    /// only in the middle of the curriculum: in the last epoch the two gammas cancel.
    pub gamma: f64,
    /// The last exponent `alpha(T)`, from 1e-100 to 1e100, in place of Eq. 6. Default: none, so Eq. 6.
    pub alpha: Option<f64>,
    /// The class distribution to end in. Default: the paper's.
    pub law: TargetLaw,
    /// What happens if a share asks for more samples than a class has. Default: the other classes get the rest.
    pub overflow: Overflow,
    /// How samples are picked; not with replacement. Default: the highest scores.
    pub pick: Pick,
}

impl Default for PowerLaw {
    fn default() -> Self {
        let (law, overflow, pick) = Default::default();
        Self { epochs: 100, gamma: 0.3, alpha: None, law, overflow, pick }
    }
}

impl PowerLaw {
    fn check_ranges(&self) -> Result<()> {
        // so that every exponent stays in the range of f64
        let (allowed, range) = (1e-100..=1e100, "from 1e-100 to 1e100");
        check_epochs(self.epochs)?;
        if !allowed.contains(&self.gamma) {
            return Err(ArgumentError::OutOfRange { argument: "gamma", found: self.gamma, range }.into());
        }
        if let Some(found) = self.alpha.filter(|alpha| !allowed.contains(alpha)) {
            return Err(ArgumentError::OutOfRange { argument: "alpha", found, range }.into());
        }
        check_pick("PowerLaw", self.pick)
    }

    /// `w_t` of an epoch of the curriculum: 0 in the first, 1 in the last.
    fn progress(&self, epoch: usize) -> f64 {
        if self.epochs == 1 { 1.0 } else { epoch as f64 / (self.epochs - 1) as f64 }
    }

    /// The last exponent `alpha(T)`: that of Eq. 6, or the given one. It is infinite for equal classes.
    ///
    /// # Examples
    /// ```
    /// use climd::{ClassIndex, PowerLaw};
    /// let labels: Vec<u32> = (0..).zip([305, 103, 92, 80, 32]).flat_map(|(label, n)| vec![label; n]).collect();
    /// let classes = ClassIndex::new(&labels)?;
    /// let alpha = PowerLaw::default().alpha_hat(&classes); // (1 / 0.3) (1 + 5 / sum of ln(n_c / 32))
    /// assert!((alpha - 6.4221).abs() < 1e-4);
    /// assert_eq!(PowerLaw { alpha: Some(5.0), ..Default::default() }.alpha_hat(&classes), 5.0);
    /// # Ok::<(), climd::Error>(())
    /// ```
    pub fn alpha_hat(&self, classes: &ClassIndex) -> f64 {
        self.alpha.unwrap_or_else(|| classes.hill_exponent() / self.gamma)
    }

    /// `alpha_t`, linear from 1 to `alpha(T)`, and the exponent of the class number, `gamma * alpha_t`.
    fn exponents(&self, progress: f64, classes: &ClassIndex) -> (f64, f64) {
        let last = self.alpha_hat(classes);
        if last.is_infinite() {
            return (last, last);
        }
        if self.gamma <= LARGE_GAMMA {
            let alpha = 1.0 + (last - 1.0) * progress;
            return (alpha, self.gamma * alpha);
        }
        // 1 + (alpha - 1) loses digits of alpha below 1e-16, and a large gamma enlarges the error; so both terms are
        // apart
        let grown = self.alpha.map_or_else(|| classes.hill_exponent(), |alpha| self.gamma * alpha);
        ((1.0 - progress) + last * progress, self.gamma * (1.0 - progress) + grown * progress)
    }

    /// The distribution that an epoch of the curriculum should have.
    fn target(&self, epoch: usize, classes: &ClassIndex) -> TargetDistribution {
        let (progress, num_classes) = (self.progress(epoch), classes.num_classes());
        let (alpha, tail): (Option<f64>, Vec<f64>) = match self.law {
            TargetLaw::PowerLaw => {
                let (alpha, exponent) = self.exponents(progress, classes);
                (Some(alpha), normalised_powers(exponent, num_classes))
            }
            TargetLaw::Zipf => (None, normalised_powers(classes.zipf_exponent() * progress, num_classes)),
            TargetLaw::Empirical => (None, natural(classes)),
        };
        let uniform = (1.0 - progress) / num_classes as f64;
        let shares = tail.into_iter().map(|share| uniform + progress * share).collect();
        TargetDistribution { alpha, progress: Some(progress), shares }
    }
}

/// Up to this gamma, `gamma * (1 + (alpha - 1) * progress)` is computed as written, with an error below 1e-12.
const LARGE_GAMMA: f64 = 1e3;

impl Schedule for PowerLaw {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        self.check_ranges()?;
        let (counts, n) = (classes.counts(), classes.num_samples());
        if epoch >= self.epochs {
            let natural = TargetDistribution::new(natural(classes)).progress(1.0);
            return Ok(Plan::per_class(counts.to_vec()).pick(self.pick).target(natural).constant(true));
        }
        let grown = (epoch as u128 + 1) * n as u128; // t * N, of which 1 / T
        let size = grown.div_ceil(self.epochs as u128) as usize;
        let target = self.target(epoch, classes);
        let quotas = apportion(counts, &target.shares, size, self.overflow)?;
        Ok(Plan::per_class(quotas).pick(self.pick).target(target))
    }

    fn describe(&self) -> Description {
        let default = Self::default();
        let description = Description::new("power_law")
            .field("epochs", self.epochs, default.epochs)
            .field("gamma", self.gamma, default.gamma)
            .field("law", self.law.name(), default.law.name())
            .field("overflow", self.overflow.name(), default.overflow.name())
            .field("pick", self.pick.name(), default.pick.name());
        match self.alpha {
            Some(alpha) => description.always("alpha", alpha),
            None => description,
        }
    }
}

/// Share of each class in the data.
fn natural(classes: &ClassIndex) -> Vec<f64> {
    classes.counts().iter().map(|&n| n as f64 / classes.num_samples() as f64).collect()
}

/// `c^-exponent` for `c` in `1..=num_classes`, of sum 1; uniform for an infinite exponent, which equal classes have.
fn normalised_powers(exponent: f64, num_classes: usize) -> Vec<f64> {
    if exponent.is_infinite() {
        return vec![1.0 / num_classes as f64; num_classes];
    }
    let mut powers = powers(exponent, num_classes);
    let sum: f64 = powers.iter().sum(); // in the order of the classes: the same bits for any number of threads
    powers.iter_mut().for_each(|power| *power /= sum);
    powers
}

#[cfg(test)]
mod tests {
    use super::super::Quota;
    use super::*;

    fn refused(schedule: PowerLaw) -> String {
        schedule.check(&ClassIndex::new(&[0, 0, 1]).unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_out_of_range_is_refused_by_name() {
        let default = PowerLaw::default;
        assert_eq!(
            refused(PowerLaw { epochs: 0, ..default() }),
            "`epochs` is 0, but a curriculum has at least 1 epoch"
        );
        assert_eq!(
            refused(PowerLaw { gamma: f64::NAN, ..default() }),
            "`gamma` is NaN, but must be from 1e-100 to 1e100"
        );
        assert_eq!(refused(PowerLaw { gamma: 0.0, ..default() }), "`gamma` is 0, but must be from 1e-100 to 1e100");
        assert_eq!(
            refused(PowerLaw { alpha: Some(f64::INFINITY), ..default() }),
            "`alpha` is inf, but must be from 1e-100 to 1e100"
        );
        assert!(
            refused(PowerLaw { pick: Pick::WithReplacement, ..default() }).starts_with("`pick` is WithReplacement")
        );
    }

    #[test]
    fn the_majority_overshoots_its_own_share_and_a_class_shrinks() {
        // BRCA, T = 100: the paper's law overshoots, as the pages say
        let labels: Vec<u32> = (0..).zip([305, 103, 92, 80, 32]).flat_map(|(label, n)| vec![label; n]).collect();
        let classes = ClassIndex::new(&labels).unwrap();
        let schedule = PowerLaw::default();
        assert_eq!(schedule.plan(89, &classes).unwrap().quota, Quota::PerClass(vec![305, 103, 66, 45, 32]));
        let Quota::PerClass(earlier) = schedule.plan(59, &classes).unwrap().quota else { unreachable!() };
        assert_eq!(earlier[3], 51);
    }

    /// In the last epoch the two gammas of Eq. 6 and 7 cancel, so every gamma gives the exponent of Hill's estimate.
    #[test]
    fn no_gamma_changes_the_last_shares() {
        let labels: Vec<u32> = (0..).zip([305, 103, 92, 80, 32]).flat_map(|(label, n)| vec![label; n]).collect();
        let classes = ClassIndex::new(&labels).unwrap();
        let shares = |gamma| {
            PowerLaw { epochs: 9, gamma, ..Default::default() }.plan(8, &classes).unwrap().target.unwrap().shares
        };
        let expected = normalised_powers(classes.hill_exponent(), 5);
        let exponents = (-100..=100).map(f64::from).chain([2.9999, 3.0001, 11.5, 12.5]);
        for gamma in exponents.map(|exponent| libm::pow(10.0, exponent).clamp(1e-100, 1e100)) {
            for (found, expected) in shares(gamma).iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-12, "gamma {gamma}: {found} is not {expected}");
            }
        }
        // with a given alpha they do not cancel: the exponent is gamma * alpha
        let schedule = PowerLaw { epochs: 9, gamma: 1e90, alpha: Some(2e-90), ..Default::default() };
        let law = schedule.plan(8, &classes).unwrap().target.unwrap();
        for (found, expected) in law.shares.iter().zip(normalised_powers(2.0, 5)) {
            assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
        }
        assert_eq!(law.alpha, Some(2e-90));
    }

    #[test]
    fn nearly_equal_classes_get_an_imbalance_they_never_had() {
        let labels: Vec<u32> = (0..).zip([101, 100, 100]).flat_map(|(label, n)| vec![label; n]).collect();
        let classes = ClassIndex::new(&labels).unwrap();
        let ten = |law| PowerLaw { epochs: 10, law, ..Default::default() }.plan(4, &classes).unwrap().quota;
        assert_eq!(ten(TargetLaw::PowerLaw), Quota::PerClass(vec![95, 28, 28]));
        let Quota::PerClass(zipf) = ten(TargetLaw::Zipf) else { unreachable!() };
        assert!(zipf[0] - zipf[2] <= 1);
    }
}

//! Emits a report as `tracing` events.

use tracing::{debug, info, warn};

use super::Report;

impl Report {
    /// Emits the report as `tracing` events of target `climd`: one `epoch` (info), one `class` for each class and one
    /// `label` for each label of samples that have several (debug), and each warning (warn).
    ///
    /// Missing values are left out of an event: the exponent of a schedule that has none, scores before the first
    /// measurement.
    ///
    /// # Examples
    /// ```
    /// use climd::{CurriculumSampler, PowerLaw, PowerLawScheduler};
    ///
    /// let sampler = PowerLawScheduler::new(&[0, 0, 0, 1], PowerLaw { epochs: 4, ..Default::default() })?;
    /// for epoch in 0..4 {
    ///     sampler.report(epoch)?.trace(); // INFO climd: epoch epoch=0 len=1 distinct=1 ...
    /// }
    /// # Ok::<(), climd::Error>(())
    /// ```
    pub fn trace(&self) {
        let Report { epoch, len, distinct, target, measured_at, ages, largest_group, .. } = self;
        info!(
            target: "climd", epoch, len, distinct, alpha = target.alpha, progress = target.progress, measured_at,
            largest_group = largest_group.map(|group| group.share), oldest_score = ages.and_then(|ages| ages.oldest),
            unseen = ages.map(|ages| ages.unseen), "epoch"
        );
        for class in &self.classes {
            let (min, mean, max) = match &class.scores {
                Some(scores) => (Some(scores.min), Some(scores.mean), Some(scores.max)),
                None => (None, None, None),
            };
            debug!(
                target: "climd", epoch, label = class.label, count = class.count, quota = class.quota,
                target_share = class.target, score_min = min, score_mean = mean, score_max = max, "class"
            );
        }
        for label in &self.labels {
            debug!(
                target: "climd", epoch, label = label.label, carried = label.carried, realised = label.realised,
                quota = label.quota, prevalence = label.prevalence, natural = label.natural, "label"
            );
        }
        for warning in &self.warnings {
            warn!(target: "climd", epoch, "{warning}");
        }
    }
}

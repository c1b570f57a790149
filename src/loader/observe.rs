//! Scores from the training steps themselves, which have the outputs already.

use tch::Tensor;

use super::origin::Origin;
use super::{Batch, CurriculumLoader};
use crate::error::MeasureError;
use crate::measure::Steps;
use crate::sampler::sealed::Seen;
use crate::{CurriculumSampler, Position, Result, State};

impl CurriculumLoader {
    /// Scores the samples of a training batch from the outputs that its step has computed. They rank from the next
    /// epoch on. No forward pass is needed, no gradient is kept, and nothing waits for the device.
    ///
    /// Call it in the step, before or after the gradient. [`refresh`](Self::refresh) at the beginning of the next epoch
    /// puts the scores to use; what was not observed keeps its score. [`Settings::measure_every`](crate::Settings) says
    /// how often all samples are measured in evaluation mode beside it. Outputs of a training step are noisier than
    /// those of evaluation mode: see [`Curriculum::running_mean`](crate::Curriculum::running_mean). A sample that comes
    /// again in the same epoch has the later score.
    ///
    /// If no later epoch needs scores, it does nothing.
    ///
    /// Take a state in mid-epoch by [`state`](Self::state) of the loader, which has what was observed so far.
    ///
    /// # Shapes
    /// As [`MultimodalMeasurer::observe`](crate::MultimodalMeasurer::observe), with a row for each sample of the batch.
    ///
    /// # Errors
    /// [`MeasureError::ForeignBatch`] for a batch of another loader or of [`all`](Self::all);
    /// [`MeasureError::NotRenewed`] if what was observed in another epoch was not taken by
    /// [`refresh`](Self::refresh) or [`renew`](Self::renew); those of
    /// [`MultimodalMeasurer::observe`](crate::MultimodalMeasurer::observe). Nothing is taken then. A value that is not
    /// finite is an error of the next `refresh`, which names the sample.
    ///
    /// # Examples
    /// ```
    /// use climd::{CurriculumLoader, PowerLaw, PowerLawScheduler, Settings};
    /// use tch::{Kind, Tensor};
    ///
    /// let (image, text) = (Tensor::rand([6, 4], tch::kind::FLOAT_CPU), Tensor::rand([6, 3], tch::kind::FLOAT_CPU));
    /// let loader = CurriculumLoader::new(vec![image, text], Tensor::from_slice(&[0i64, 0, 0, 0, 1, 1]), 2)?;
    /// // your network: logits and embeddings of each modality
    /// let outputs = |x: &[Tensor]| -> (Vec<Tensor>, Vec<Tensor>) {
    ///     (x.iter().map(|x| x.narrow(1, 0, 2)).collect(), x.iter().map(|x| x.narrow(1, 0, 3)).collect())
    /// };
    /// // all samples are measured in every tenth epoch
    /// let settings = Settings { seed: 7, measure_every: 10, ..Default::default() };
    /// let schedule = PowerLaw { epochs: 20, ..Default::default() };
    /// let mut sampler = PowerLawScheduler::new(loader.labels(), schedule)?.settings(settings);
    /// for epoch in 0..20 {
    ///     loader.refresh(&mut sampler, epoch, outputs)?;
    ///     for batch in loader.epoch(&sampler, epoch)? {
    ///         let (logits, embeddings) = outputs(&batch.modalities); // your training step
    ///         loader.observe(&batch, &logits, &embeddings)?; // the one line more
    ///     }
    /// }
    /// assert!(loader.report(&sampler, 15)?.ages.is_some_and(|ages| ages.newest > Some(11)));
    /// # Ok::<(), climd::Error>(())
    /// ```
    pub fn observe(&self, batch: &Batch, logits: &[Tensor], embeddings: &[Tensor]) -> Result<()> {
        let Origin { loader, epoch, samples } = &batch.origin;
        if *loader != self.number {
            return Err(MeasureError::ForeignBatch { found: "another loader" }.into());
        }
        let epoch = epoch.ok_or(MeasureError::ForeignBatch { found: "`all`, which is no epoch" })?;
        if self.waiting.idle.get() == Some(epoch) {
            return Ok(());
        }
        let mut waiting = self.waiting.steps.borrow_mut();
        if let Some(&(waiting, _)) = waiting.as_ref().filter(|(waiting, _)| *waiting != epoch) {
            return Err(MeasureError::NotRenewed { epoch, waiting }.into());
        }
        let (_, steps) = match &mut *waiting {
            Some(begun) => begun,
            none => none.insert((epoch, self.new_steps()?)),
        };
        steps.observe(samples, &batch.indices, logits, embeddings)
    }

    fn new_steps(&self) -> Result<Steps> {
        let measurer = self.measurer(0..self.len())?;
        Steps::new(match &self.present {
            Some(mask) => measurer.present(mask)?,
            None => measurer,
        })
    }

    /// Moves what was [observed](Self::observe) to the sampler, and puts to use what is of epochs before `epoch`.
    /// Returns the number of samples that have a new score. [`refresh`](Self::refresh) and [`state`](Self::state) do
    /// it. Together.
    ///
    /// # Errors
    /// [`ArgumentError::Length`](crate::error::ArgumentError::Length) if the sampler is of another data set;
    /// [`MeasureError::NotFinite`], with the sample; [`MeasureError::EpochOver`] if the sampler is further already.
    /// What was observed in the loader is then dropped, and the samples keep their scores.
    pub fn renew<S: CurriculumSampler + ?Sized>(&self, sampler: &mut S, epoch: usize) -> Result<usize> {
        self.check_sampler(sampler.classes().sample_classes().len())?;
        let seen = match self.waiting.steps.take() {
            Some((epoch, steps)) => steps.finish().map(|(indices, scores)| Some(Seen { epoch, indices, scores })),
            None => Ok(None),
        };
        let renewed = sampler.take_observed(epoch, seen)?;
        let needed = sampler.may_need_scores(epoch.saturating_add(1));
        self.waiting.idle.set((!needed).then_some(epoch));
        Ok(renewed)
    }

    /// The sampler's [state](CurriculumSampler::state) with what was [observed](Self::observe) up to now. A run that
    /// goes on from it in mid-epoch has the same scores as one that was never stopped. Together.
    ///
    /// # Errors
    /// As [`renew`](Self::renew) and [`CurriculumSampler::state`].
    pub fn state<S: CurriculumSampler + ?Sized>(&self, sampler: &mut S, at: Position) -> Result<State> {
        self.renew(sampler, at.epoch)?;
        sampler.state(at)
    }
}

//! Results of all batches so far, on the device: a row for each sample, and marks of errors.

use tch::{Kind, Tensor};

use super::Terms;
use super::layout::{Layout, Measured};
use crate::error::MeasureError;
use crate::tensor::to_vec;
use crate::{Error, Result};

/// Row `N` of each tensor takes samples whose index is out of range.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) layout: Layout,
    num_samples: i64,
    divisor: i64,          // of ln p in Eq. 1
    log_p: Option<Tensor>, // [M, N + 1], NaN: not finite, or never observed
    phi: Option<Tensor>,   // [N + 1], as log_p
    fault: Tensor,         // [N + 1], i32: 0 never observed, else as in `Measured`
    position: Tensor,      // [N + 1], of the sample in its latest batch
    lowest: Tensor,        // index seen, at most 0
    highest: Tensor,       // index seen, at least 0
    twice: Tensor,         // a sample named twice in one call; N if none
}

impl Observed {
    pub(super) fn new(layout: Layout, num_samples: i64, divisor: i64, terms: Terms) -> Result<Self> {
        let Layout { modalities, device, kind, .. } = layout;
        let rows = num_samples + 1;
        let unknown = |size: &[i64]| Tensor::f_full(size, f64::NAN, (kind, device));
        let number = |value: i64| Tensor::f_full([0i64; 0].as_slice(), value, (Kind::Int64, device));
        Ok(Self {
            layout,
            num_samples,
            divisor,
            log_p: terms.needs_logits().then(|| unknown(&[modalities, rows])).transpose()?,
            phi: terms.needs_embeddings().then(|| unknown(&[rows])).transpose()?,
            fault: Tensor::f_zeros([rows], (Kind::Int, device))?,
            position: Tensor::f_zeros([rows], (Kind::Int64, device))?,
            lowest: number(0)?,
            highest: number(0)?,
            twice: number(num_samples)?,
        })
    }

    /// What was measured in the CPU's memory, laid out as by [`write`](Self::write), without marks of errors.
    ///
    /// `log_p`: `[M, N + 1]`, `phi`: `[N + 1]`; NaN for a sample that was not observed.
    pub(super) fn laid_out(
        layout: Layout,
        num_samples: i64,
        divisor: i64,
        log_p: Option<Tensor>,
        phi: Option<Tensor>,
    ) -> Result<Self> {
        let none = Tensor::f_zeros([0i64], (Kind::Int64, layout.device))?;
        let none = || none.shallow_clone();
        let (fault, position, lowest, highest, twice) = (none(), none(), none(), none(), none());
        Ok(Self { layout, num_samples, divisor, log_p, phi, fault, position, lowest, highest, twice })
    }

    /// Stores a batch. A sample that was stored before is replaced.
    pub(super) fn write(&mut self, batch: &Measured) -> Result<()> {
        let slots = &batch.slots;
        let here = Tensor::f_arange(slots.size()[0], (Kind::Int64, self.layout.device))?;
        if let (Some(all), Some(log_p)) = (&mut self.log_p, &batch.log_p) {
            let _ = all.f_index_copy_(1, slots, log_p)?;
        }
        if let (Some(all), Some(phi)) = (&mut self.phi, &batch.phi) {
            let _ = all.f_index_copy_(0, slots, phi)?;
        }
        let _ = self.fault.f_index_copy_(0, slots, &batch.fault)?;
        let _ = self.position.f_index_copy_(0, slots, &here)?;
        // Of two equal indices one was overwritten, so the stored position is not its own. (In row N that says nothing,
        // and is stored as "none".)
        let kept = self.position.f_index_select(0, slots)?.f_eq_tensor(&here)?;
        let twice = slots.f_masked_fill(&kept, self.num_samples)?.f_min()?;
        self.twice = self.twice.f_minimum(&twice)?;
        self.lowest = self.lowest.f_minimum(&batch.indices.f_min()?)?;
        self.highest = self.highest.f_maximum(&batch.indices.f_max()?)?;
        Ok(())
    }

    /// Eq. 1 of every modality, `[M, N]`. NaN if the modality is missing.
    pub(super) fn confidence(&self, present: Option<&Tensor>) -> Result<Option<Tensor>> {
        let Some(log_p) = &self.log_p else { return Ok(None) };
        let psi = self.squash(&log_p.f_narrow(1, 0, self.num_samples)?)?;
        Ok(Some(match present {
            Some(mask) => psi.f_masked_fill(&mask.f_to_device(psi.device())?.f_logical_not()?, f64::NAN)?,
            None => psi,
        }))
    }

    /// Eq. 2-3, `[N]`.
    pub(super) fn complementarity(&self) -> Result<Option<Tensor>> {
        Ok(self.phi.as_ref().map(|phi| phi.f_narrow(0, 0, self.num_samples)).transpose()?)
    }

    /// The score by these terms, `[N]`. NaN if a value of the sample is wrong.
    pub(super) fn score(&self, terms: Terms, present: Option<&Tensor>) -> Result<Tensor> {
        let phi = match self.complementarity()? {
            Some(phi) => phi,
            None => Tensor::f_zeros([self.num_samples], (self.layout.kind, self.layout.device))?,
        };
        let Some(log_p) = &self.log_p else { return Ok(phi) };
        let log_p = log_p.f_narrow(1, 0, self.num_samples)?;
        let parts = if terms == Terms::LogLikelihood { log_p } else { self.squash(&log_p)? };
        let along = [0i64];
        let mean = match present {
            Some(mask) => {
                let mask = mask.f_to_device(parts.device())?;
                let counts = mask.f_sum_dim_intlist(along.as_slice(), false, parts.kind())?;
                let kept = parts.f_masked_fill(&mask.f_logical_not()?, 0.0)?;
                kept.f_sum_dim_intlist(along.as_slice(), false, parts.kind())?.f_div(&counts)?
            }
            None => parts.f_mean_dim(along.as_slice(), false, parts.kind())?,
        };
        // a log-likelihood beyond the range of the kind is its lowest number, and NaN stays NaN
        let lowest = if self.layout.kind == Kind::Double { f64::MIN } else { f32::MIN.into() };
        Ok(phi.f_add(&mean)?.f_clamp_min(lowest)?)
    }

    /// The samples that were observed, ascending, and their scores; an error if one of them is wrong.
    pub(super) fn seen(&self, terms: Terms, present: Option<&Tensor>) -> Result<(Vec<u32>, Vec<f32>)> {
        let score = self.score(terms, present)?.f_to_kind(Kind::Float)?.f_clamp_min(f64::from(f32::MIN))?;
        let scores = to_vec::<f32>(&Tensor::f_cat(&[score, self.flag()?], 0)?)?;
        if let Some(error) = scores.last().filter(|flag| flag.is_nan()).and(self.wrong_index()?) {
            return Err(error);
        }
        let fault = self.faults()?;
        if let Some(sample) = fault.iter().position(|&code| code > 1) {
            return Err(self.not_finite(sample, fault[sample]));
        }
        let seen = fault.into_iter().zip(0..).filter(|&(code, _)| code == 1);
        Ok(seen.map(|(_, sample)| (sample, scores[sample as usize])).unzip())
    }

    /// `[1]`: NaN if an index was out of range, or twice in one call.
    pub(super) fn flag(&self) -> Result<Tensor> {
        let outside = self.lowest.f_lt(0)?.f_logical_or(&self.highest.f_ge(self.num_samples)?)?;
        let wrong = outside.f_logical_or(&self.twice.f_lt(self.num_samples)?)?;
        let zero = Tensor::f_zeros([1], (Kind::Float, self.layout.device))?;
        Ok(zero.f_masked_fill(&wrong, f64::NAN)?)
    }

    /// The error, if it is known that there is one.
    pub(super) fn explain(&self) -> Result<Error> {
        if let Some(error) = self.wrong_index()? {
            return Ok(error);
        }
        let num_samples = self.num_samples as usize;
        let fault = self.faults()?;
        if let Some(first) = fault.iter().position(|&code| code == 0) {
            let missing = fault.iter().filter(|&&code| code == 0).count();
            return Ok(Error::Measure(MeasureError::NotObserved { missing, num_samples, first }));
        }
        let sample = fault.iter().position(|&code| code > 1).unwrap_or(0);
        Ok(self.not_finite(sample, fault[sample]))
    }

    /// For each sample 0 if it was never observed, else a code as in [`Measured`].
    fn faults(&self) -> Result<Vec<i32>> {
        to_vec(&self.fault.f_narrow(0, 0, self.num_samples)?)
    }

    /// The error of an index, if one is out of range, or twice in one call.
    fn wrong_index(&self) -> Result<Option<Error>> {
        let num_samples = self.num_samples as usize;
        let number = |x: &Tensor| Ok::<i64, Error>(to_vec(&x.f_reshape([1])?)?[0]);
        for seen in [&self.lowest, &self.highest] {
            let index = number(seen)?;
            if !(0..self.num_samples).contains(&index) {
                return Ok(Some(MeasureError::IndexOutOfRange { index, num_samples }.into()));
            }
        }
        let index = number(&self.twice)? as usize;
        Ok((index < num_samples).then(|| MeasureError::IndexTwice { index }.into()))
    }

    /// The error of this code of a sample, above 1.
    pub(super) fn not_finite(&self, sample: usize, code: i32) -> Error {
        let tensor = (code as usize).saturating_sub(2);
        let logits = if self.log_p.is_some() { self.layout.modalities as usize } else { 0 };
        let (argument, modality) =
            if tensor < logits { ("logits", tensor) } else { ("embeddings", tensor.saturating_sub(logits)) };
        MeasureError::NotFinite { argument, modality, sample }.into()
    }

    fn squash(&self, log_p: &Tensor) -> Result<Tensor> {
        Ok(log_p.f_div_scalar(self.divisor)?.f_sigmoid()?)
    }
}

//! Outputs of training steps: each batch is measured as it comes, and put in its place at the end of the epoch.
//!
//! A step knows its samples on the host, so they need no check on the device, and a sample that comes again is found
//! without it. What lies in the CPU's memory in f32 is measured without a single operation of libtorch.

use tch::Tensor;

use super::MultimodalMeasurer;
use super::batch::Batch;
use super::host::Values;
use super::layout::{Layout, Measured};
use crate::Result;
use crate::tensor::without_gradient;

/// Batches that are kept as they are on the device; then they become one, as many small tensors waste its memory.
const RECENT: usize = 256;

/// What the steps of one epoch have measured so far.
#[derive(Debug)]
pub(crate) struct Steps {
    measurer: MultimodalMeasurer,
    masks: Option<Vec<bool>>, // [M, N]
    layout: Option<Layout>,   // of the first batch
    samples: Vec<u32>,
    /// Results of the first batches, by modality and sample.
    log_p: Vec<Vec<f32>>,
    phi: Vec<f32>,
    fault: Vec<i32>,
    /// Results of the others, in their order, if any could not be read in place.
    whole: Vec<Part>,
    recent: Vec<Part>,
}

/// Results of some batches, in tensors.
#[derive(Debug)]
struct Part {
    log_p: Option<Tensor>, // [M, n]
    phi: Option<Tensor>,   // [n]
    fault: Tensor,         // [n]
}

impl Steps {
    pub(crate) fn new(measurer: MultimodalMeasurer) -> Result<Self> {
        let masks = measurer.masks()?;
        let (samples, log_p, phi, fault) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (whole, recent) = (Vec::new(), Vec::new());
        Ok(Self { measurer, masks, layout: None, samples, log_p, phi, fault, whole, recent })
    }

    /// Takes the outputs for these samples, which are part of the data: `indices` are the same on the device.
    pub(crate) fn observe(
        &mut self,
        samples: &[u32],
        indices: &Tensor,
        logits: &[Tensor],
        embeddings: &[Tensor],
    ) -> Result<()> {
        let batch = Batch::new(indices, logits, embeddings, self.measurer.terms_of_score())?;
        self.measurer.check(&batch)?;
        if let Some(first) = self.layout {
            first.check(batch.layout, batch.len)?;
        }
        let in_place =
            if self.whole.is_empty() && self.recent.is_empty() { self.values(&batch, samples)? } else { None };
        match in_place {
            Some(Values { log_p, phi, fault }) => {
                self.log_p.resize_with(if log_p.is_some() { logits.len() } else { 0 }, Vec::new);
                let of_modalities = log_p.iter().flat_map(|log_p| log_p.chunks_exact(samples.len().max(1)));
                self.log_p.iter_mut().zip(of_modalities).for_each(|(all, of_batch)| all.extend_from_slice(of_batch));
                self.phi.extend(phi.into_iter().flatten());
                self.fault.extend(fault);
            }
            None => {
                let Measured { log_p, phi, fault, .. } = without_gradient(|| self.measurer.measure_known(&batch))?;
                self.recent.push(Part { log_p, phi, fault });
                if self.recent.len() == RECENT {
                    self.whole.push(joined(&std::mem::take(&mut self.recent))?);
                }
            }
        }
        self.layout = Some(batch.layout);
        self.samples.extend_from_slice(samples);
        Ok(())
    }

    /// The results of a batch that can be read in place.
    fn values(&self, batch: &Batch<'_>, samples: &[u32]) -> Result<Option<Values>> {
        let n = self.measurer.num_samples();
        let masks: Option<Vec<bool>> = self.masks.as_ref().map(|masks| {
            let of_samples = |mask: &[bool]| samples.iter().map(|&sample| mask[sample as usize]).collect::<Vec<_>>();
            masks.chunks_exact(n).flat_map(of_samples).collect()
        });
        batch.values(|| Ok(self.measurer.labels_of(samples)), masks.as_deref())
    }

    /// The samples that were observed, ascending, and their scores. Of a sample that came twice the later counts.
    pub(crate) fn finish(mut self) -> Result<(Vec<u32>, Vec<f32>)> {
        let Some(layout) = self.layout.filter(|_| !self.samples.is_empty()) else { return Ok((vec![], vec![])) };
        // of a sample that came twice, where it came last
        let mut latest = vec![u32::MAX; self.measurer.num_samples()];
        (0..).zip(&self.samples).for_each(|(at, &sample)| latest[sample as usize] = at);
        let is_last = |&(at, &sample): &(u32, &u32)| latest[sample as usize] == at;
        let once: Vec<usize> = (0..).zip(&self.samples).filter(is_last).map(|(at, _)| at as usize).collect();
        without_gradient(|| {
            if self.fault.len() == self.samples.len() {
                let pick = |all: &Vec<f32>| once.iter().map(|&at| all[at]).collect::<Vec<f32>>();
                let samples: Vec<u32> = once.iter().map(|&at| self.samples[at]).collect();
                let log_p: Vec<Vec<f32>> = self.log_p.iter().map(pick).collect();
                let phi: Vec<Vec<f32>> = Some(&self.phi).filter(|phi| !phi.is_empty()).map(pick).into_iter().collect();
                let fault: Vec<i32> = once.iter().map(|&at| self.fault[at]).collect();
                return self.measurer.seen_on_host(layout, &samples, [&log_p, &phi], &fault);
            }
            let mut parts = Vec::new();
            if !self.fault.is_empty() {
                let log_p = Tensor::f_from_slice(&self.log_p.concat())?.f_view([-1, self.fault.len() as i64])?;
                let log_p = (!self.log_p.is_empty()).then_some(log_p);
                let phi = (!self.phi.is_empty()).then(|| Tensor::f_from_slice(&self.phi)).transpose()?;
                parts.push(Part { log_p, phi, fault: Tensor::f_from_slice(&self.fault)? });
            }
            parts.append(&mut self.whole);
            parts.append(&mut self.recent);
            let Part { mut log_p, mut phi, mut fault } = joined(&parts)?;
            let slots: Vec<i64> = once.iter().map(|&at| self.samples[at].into()).collect();
            if slots.len() < self.samples.len() {
                let at: Vec<i64> = once.iter().map(|&at| at as i64).collect();
                let at = Tensor::f_from_slice(&at)?.f_to_device(layout.device)?;
                log_p = log_p.map(|log_p| log_p.f_index_select(1, &at)).transpose()?;
                phi = phi.map(|phi| phi.f_index_select(0, &at)).transpose()?;
                fault = fault.f_index_select(0, &at)?;
            }
            let slots = Tensor::f_from_slice(&slots)?.f_to_device(layout.device)?;
            let indices = slots.shallow_clone();
            let mut observed = self.measurer.new_observed(layout)?;
            observed.write(&Measured { indices, slots, log_p, phi, fault })?;
            self.measurer.seen(&observed)
        })
    }
}

/// These parts as one, in their order; at least one.
fn joined(parts: &[Part]) -> Result<Part> {
    let cat = |of: &dyn Fn(&Part) -> Option<&Tensor>, along: i64| -> Result<Option<Tensor>> {
        let all: Vec<&Tensor> = parts.iter().filter_map(of).collect();
        Ok(if all.is_empty() { None } else { Some(Tensor::f_cat(&all, along)?) })
    };
    let faults: Vec<&Tensor> = parts.iter().map(|part| &part.fault).collect();
    let (log_p, phi) = (cat(&|part| part.log_p.as_ref(), 1)?, cat(&|part| part.phi.as_ref(), 0)?);
    Ok(Part { log_p, phi, fault: Tensor::f_cat(&faults, 0)? })
}

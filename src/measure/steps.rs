//! Outputs of training steps: each batch is measured as it comes, and put in its place at the end of the epoch.
//!
//! A step knows its samples on the host, so they need no check on the device, and a sample that comes again is found
//! without it.

use tch::{Device, Kind, Tensor};

use super::MultimodalMeasurer;
use super::batch::Batch;
use super::layout::{Layout, Measured};
use crate::Result;
use crate::tensor::without_gradient;

/// Batches that are kept as they are; then they become one, as many small tensors waste a device's memory.
const RECENT: usize = 256;

/// What the steps of one epoch have measured so far.
#[derive(Debug)]
pub(crate) struct Steps {
    measurer: MultimodalMeasurer,
    layout: Option<Layout>, // of the first batch
    whole: Vec<Step>,
    recent: Vec<Step>,
}

/// Samples, and what was measured of them.
#[derive(Debug)]
struct Step {
    samples: Vec<u32>,
    log_p: Option<Tensor>, // [M, n]
    phi: Option<Tensor>,   // [n]
    fault: Tensor,         // [n]
}

impl Steps {
    pub(crate) fn new(measurer: MultimodalMeasurer) -> Self {
        Self { measurer, layout: None, whole: Vec::new(), recent: Vec::new() }
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
        let Measured { log_p, phi, fault, .. } = without_gradient(|| self.measurer.measure_known(&batch))?;
        self.layout = Some(batch.layout);
        self.recent.push(Step { samples: samples.to_vec(), log_p, phi, fault });
        if self.recent.len() == RECENT {
            self.whole.push(joined(std::mem::take(&mut self.recent))?);
        }
        Ok(())
    }

    /// The samples that were observed, ascending, and their scores. Of a sample that came twice the later counts.
    pub(crate) fn finish(mut self) -> Result<(Vec<u32>, Vec<f32>)> {
        self.whole.append(&mut self.recent);
        let (Some(layout), false) = (self.layout, self.whole.is_empty()) else { return Ok((vec![], vec![])) };
        without_gradient(|| {
            let Step { samples, mut log_p, mut phi, mut fault } = joined(self.whole)?;
            let n = self.measurer.num_samples();
            let mut latest = vec![u32::MAX; n];
            (0..).zip(&samples).for_each(|(at, &sample)| latest[sample as usize] = at);
            let once = (0..).zip(&samples).filter(|&(at, &sample)| latest[sample as usize] == at);
            let (at, slots): (Vec<i64>, Vec<i64>) =
                once.map(|(at, &sample)| (i64::from(at), i64::from(sample))).unzip();
            drop(latest);
            if at.len() < samples.len() {
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

/// These steps as one, in their order.
fn joined(steps: Vec<Step>) -> Result<Step> {
    let cat = |part: &dyn Fn(&Step) -> Option<&Tensor>, along: i64| -> Result<Option<Tensor>> {
        let all: Vec<&Tensor> = steps.iter().filter_map(part).collect();
        Ok(if all.is_empty() { None } else { Some(Tensor::f_cat(&all, along)?) })
    };
    let (log_p, phi) = (cat(&|step| step.log_p.as_ref(), 1)?, cat(&|step| step.phi.as_ref(), 0)?);
    let fault = match cat(&|step| Some(&step.fault), 0)? {
        Some(fault) => fault,
        None => Tensor::f_zeros([0i64], (Kind::Int, Device::Cpu))?,
    };
    Ok(Step { samples: steps.iter().flat_map(|step| &step.samples).copied().collect(), log_p, phi, fault })
}

//! Shared by the examples that wrap a network: a folder of real data as tensors, and the score of a network on it.

use anyhow::{Context, Result};
use climd::ConfusionMatrix;
use climd_data::{Dataset, Preparation, Prepared};
use climd_networks::network::Network;
use climd_networks::train::tensors;
use tch::{Device, Tensor};

/// Features, `M` times `[n, d_m]`, and labels, `[n]`, for training and for testing.
pub struct Omics {
    pub train: (Vec<Tensor>, Tensor),
    pub test: (Vec<Tensor>, Tensor),
    pub widths: Vec<i64>,
    pub num_classes: i64,
    pub epochs: usize,
}

/// The folder and the number of epochs on the command line. Default: `data/brca` and 30.
pub fn from_arguments() -> Result<Omics> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "data/brca".into());
    let epochs = arguments.next().map_or(Ok(30), |epochs| epochs.parse()).context("usage: [FOLDER [EPOCHS]]")?;
    let dataset = Dataset::load(folder)?;
    let split = dataset.test_split(0)?;
    let Prepared { train, test, .. } = Prepared::fit(&dataset, &split, &Preparation::of(dataset.layout))?;
    let (train, test) = (tensors(&train, Device::Cpu)?, tensors(&test, Device::Cpu)?);
    let widths = train.0.iter().map(|x| x.size()[1]).collect();
    Ok(Omics { train, test, widths, num_classes: dataset.classes.len() as i64, epochs })
}

/// Macro F1 on the test part, in percent.
pub fn macro_f1(network: &dyn Network, (x, y): &(Vec<Tensor>, Tensor)) -> Result<f64> {
    let _guard = tch::no_grad_guard();
    let fused = network.forward(x, None, None).fused;
    let labels: Vec<i64> = y.try_into()?;
    let predictions: Vec<i64> = fused.argmax(1, false).try_into()?;
    Ok(100.0 * ConfusionMatrix::new(&labels, &predictions)?.macro_f1())
}

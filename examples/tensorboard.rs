//! Watches a curriculum: shows what each epoch holds in TensorBoard, beside the loss, and as events on the terminal.
//!
//! `cargo run --release -p climd-frameworks --example tensorboard -- FOLDER [EPOCHS]`, then
//! `tensorboard --logdir FOLDER`

use candle_core::{D, DType, Device, Tensor};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap, linear, loss};
use climd::{CurriculumSampler, LastBatch, PowerLaw, PowerLawScheduler, Report, Terms};
use climd_frameworks::{CLASSES, Patients, WIDTH};
use syntaxdot_summary::SummaryWriter;

/// Writes every number of a report as a curve over epochs.
fn log<W: std::io::Write>(board: &mut SummaryWriter<W>, report: &Report) -> std::io::Result<()> {
    let step = report.epoch as i64;
    board.write_scalar("epoch/samples", step, report.len as f32)?;
    board.write_scalar("epoch/distinct", step, report.distinct as f32)?;
    if let Some(alpha) = report.target.alpha.filter(|alpha| alpha.is_finite()) {
        board.write_scalar("epoch/alpha", step, alpha as f32)?;
    }
    for class in &report.classes {
        let share = class.quota as f32 / report.len as f32;
        board.write_scalar(format!("share/class_{}", class.label), step, share)?;
        if let Some(scores) = &class.scores {
            board.write_scalar(format!("score/class_{}", class.label), step, scores.mean)?;
        }
    }
    Ok(())
}

/// A linear layer on each view. The mean of both is the prediction. The inputs serve as embeddings.
fn forward(
    heads: &[Linear; 2],
    patients: &Patients,
    indices: &[u32],
) -> candle_core::Result<([Tensor; 2], [Tensor; 2], Tensor)> {
    let ([a, b], labels) = patients.rows(indices);
    let view = |rows| Tensor::from_vec(rows, (indices.len(), WIDTH), &Device::Cpu);
    let x = [view(a)?, view(b)?];
    let logits = [heads[0].forward(&x[0])?, heads[1].forward(&x[1])?];
    Ok((logits, x, Tensor::new(labels, &Device::Cpu)?))
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else { anyhow::bail!("usage: tensorboard FOLDER [EPOCHS]") };
    let epochs: usize = arguments.next().map_or(Ok(30), |epochs| epochs.parse())?;
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::INFO).init();
    let mut board = SummaryWriter::from_prefix(format!("{folder}/climd"))?;

    let (patients, test) = (Patients::new([300, 60, 15], 1), Patients::new([100, 100, 100], 2));
    let all = |patients: &Patients| (0..patients.len() as u32).collect::<Vec<u32>>();
    let mut sampler = PowerLawScheduler::new(&patients.labels, PowerLaw { epochs, ..Default::default() })?.seed(7);
    let vars = VarMap::new();
    let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
    let heads = [linear(WIDTH, CLASSES, vb.pp("0"))?, linear(WIDTH, CLASSES, vb.pp("1"))?];
    let mut adam = AdamW::new(vars.all_vars(), ParamsAdamW { lr: 1e-2, ..Default::default() })?;
    for epoch in 0..epochs {
        if sampler.wants_scores(epoch) {
            let (logits, embeddings, _) = forward(&heads, &patients, &all(&patients))?;
            let scores = climd::candle::measure(&patients.labels, &logits, &embeddings, None, Terms::Both)?;
            sampler.update(epoch, &scores.score)?;
        }
        let report = sampler.report(epoch)?;
        report.trace(); // sends events to the subscribers of `tracing`
        log(&mut board, &report)?;
        let (list, mut sum) = (sampler.epoch(epoch)?, 0.0);
        let prior = Tensor::new(list.log_prior(CLASSES)?, &Device::Cpu)?;
        for (indices, _) in list.batches(16, LastBatch::Keep)? {
            let ([a, b], _, y) = forward(&heads, &patients, indices)?;
            let [a, b] = [a.broadcast_add(&prior)?, b.broadcast_add(&prior)?]; // the loss knows the mix of the epoch
            let total = (loss::cross_entropy(&a, &y)? + loss::cross_entropy(&b, &y)?)?;
            adam.backward_step(&total)?;
            sum += total.to_scalar::<f32>()? * indices.len() as f32;
        }
        board.write_scalar("train/loss", epoch as i64, sum / list.len() as f32)?;
        let ([a, b], _, _) = forward(&heads, &test, &all(&test))?;
        let macro_f1 = test.macro_f1(&(a + b)?.argmax(D::Minus1)?.to_vec1()?)?;
        board.write_scalar("test/macro_f1", epoch as i64, macro_f1 as f32)?;
    }
    Ok(())
}

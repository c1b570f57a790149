//! How many X-rays of each finding does an epoch hold, and how many of one patient? The data are synthetic. The
//! prevalences are those published for ChestX-ray14 (Wang et al. 2017). Each finding is drawn by itself, so
//! combinations are not real.

use std::fmt::Write;

use climd::{Curriculum, CurriculumSampler, PowerLaw, Targets, split, split_errors};

/// Number of X-rays with each finding, of 112,120.
const FINDINGS: [(&str, f64); 14] = [
    ("Infiltration", 19894.0),
    ("Effusion", 13317.0),
    ("Atelectasis", 11559.0),
    ("Nodule", 6331.0),
    ("Mass", 5782.0),
    ("Pneumothorax", 5302.0),
    ("Consolidation", 4667.0),
    ("Pleural thickening", 3385.0),
    ("Cardiomegaly", 2776.0),
    ("Emphysema", 2516.0),
    ("Edema", 2303.0),
    ("Fibrosis", 1686.0),
    ("Pneumonia", 1431.0),
    ("Hernia", 227.0),
];

fn main() -> climd::Result<()> {
    print!("{}", answer()?);
    Ok(())
}

pub fn answer() -> climd::Result<String> {
    let mut state = 7u64;
    let mut real = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    // 6000 X-rays of about 1650 patients, the first of whom have most
    let patients: Vec<u32> = (0..6000).map(|_| (1650.0 * real() * real()) as u32).collect();
    let table: Vec<i8> =
        (0..6000).flat_map(|_| FINDINGS.map(|(_, count)| i8::from(real() < count / 112_120.0))).collect();
    let targets = Targets::multi_hot(&table, FINDINGS.len())?;

    let parts = [7, 1, 2];
    let part = split(&targets, &patients, &parts, 7)?;
    let common = split_errors(&targets, &part, &parts)?.into_iter().filter(|error| error.expected >= 20.0);
    let worst = common.map(|error| error.relative()).fold(0.0, f64::max);

    let sampler = Curriculum::with_targets(
        targets.groups(&patients, 2)?, // at most 2 X-rays of a patient for each finding
        PowerLaw { epochs: 10, ..Default::default() },
    )?;
    let reports = [0, 4, 9].map(|epoch| sampler.report(epoch));
    let [first, middle, last] = reports;
    let (first, middle, last) = (first?, middle?, last?);
    let mut out = format!(
        "finding              data  epoch 0 ({})  epoch 4 ({})  epoch 9 ({})\n",
        first.len, middle.len, last.len
    );
    for (label, (name, _)) in FINDINGS.iter().enumerate() {
        let [a, b, c] = [&first, &middle, &last].map(|report| report.labels[label].realised);
        let _ = writeln!(out, "{name:<18} {:>6} {a:>14} {b:>15} {c:>15}", last.labels[label].carried);
    }
    let share = last.largest_group.map_or(0.0, |group| group.share);
    let _ = writeln!(out, "largest patient: {:.2} % of epoch 9", 100.0 * share);
    let _ = writeln!(out, "split 7:1:2 by patient: the worst finding of 20 or more is {:.1} % off", 100.0 * worst);
    Ok(out)
}

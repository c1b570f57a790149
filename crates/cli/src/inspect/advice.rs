//! Warnings of a curriculum, and advice from our measurements on similar data.

use climd::PowerLaw;
use climd::schedule::{AnySchedule, TargetLaw};

use super::{Inspection, ratio};

/// Ascending numbers as text, such as `1, 4 to 9, 12`.
fn ranges(epochs: &[usize]) -> String {
    let runs = epochs.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// Warnings before training.
pub(super) fn warnings(of: &Inspection) -> climd::Result<Vec<String>> {
    let (sampler, epochs, counts) = (&of.sampler, of.epochs, of.sizes());
    let (n, of_file) = (counts.iter().sum::<usize>(), ratio(&counts));
    let largest = (0..counts.len()).max_by_key(|&rank| (counts[rank], std::cmp::Reverse(rank))).unwrap_or(0);
    let name = |rank: usize| of.name(rank);
    let mut lines = Vec::new();
    let few: Vec<String> = (0..counts.len())
        .filter(|&rank| counts[rank] < 5)
        .map(|rank| format!("{} ({})", name(rank), counts[rank]))
        .collect();
    if !few.is_empty() {
        lines.push(format!("classes with fewer than 5 samples: {}; no metric of theirs means much", few.join(", ")));
    }
    let (mut empty, mut above, mut steepest) = (Vec::new(), Vec::new(), 1.0f64);
    let (of_data, mut most) = (counts[largest] as f64 / n as f64, (0.0, 0));
    for epoch in 0..epochs {
        let quotas = of.class_counts(epoch)?;
        let len: usize = quotas.iter().sum();
        if quotas.contains(&0) {
            empty.push(epoch);
        } else {
            steepest = steepest.max(ratio(&quotas));
        }
        // the largest class should not have a larger share of an epoch than of the data
        let share = quotas[largest] as f64 / len as f64;
        if share > 1.005 * of_data {
            above.push(epoch);
            if share > most.0 {
                most = (share, epoch);
            }
        }
    }
    if !empty.is_empty() {
        lines.push(format!("some classes have no sample in epochs {}", ranges(&empty)));
    }
    if steepest > 1.5 * of_file {
        let other = match sampler.schedule() {
            _ if of.cap.is_some() => ": classes of few groups lose most by the cap",
            AnySchedule::PowerLaw(PowerLaw { law: TargetLaw::PowerLaw, .. }) => "; use --law zipf or --law empirical",
            _ => "",
        };
        lines.push(format!(
            "the curriculum makes an imbalance of up to {steepest:.1}:1, which the data do not have \
             ({of_file:.1}:1){other}"
        ));
    }
    if !above.is_empty() && counts.len() > 1 {
        lines.push(format!(
            "{} has a larger share of epochs {} than of the data: up to {:.1} %, in epoch {}, instead of {:.1} %",
            name(largest),
            ranges(&above),
            100.0 * most.0,
            most.1,
            100.0 * of_data
        ));
    }
    Ok(lines)
}

/// Advice for such data, and the line of code for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Advice {
    /// The advice in words.
    pub(super) text: &'static str,
    /// The line of code. Empty if there is nothing to do.
    pub(super) code: &'static str,
}

/// Advice for samples with several labels each.
pub(super) const SEVERAL: Advice = Advice {
    text: "Several labels a sample: train on all data. No sampler was clearly better than shuffling in our trial, and\n\
           draws that favour rare labels were worse. A loss that knows how frequent each label is costs nothing;\n\
           tune a threshold for each label on a validation part (docs/guide/several-findings.md).",
    code: BCE,
};

/// Advice for a data set with this number of classes, and this ratio of the largest to the smallest.
pub(super) fn advice(classes: usize, ratio: f64, smallest: usize) -> Advice {
    match () {
        () if classes == 1 => Advice { text: "One class: there is nothing to balance.", code: "" },
        () if classes == 2 && smallest < 10 && ratio >= 10.0 => Advice {
            text: "Two classes and fewer than 10 positives: `prior_corrected_cross_entropy` with tau 1, for a\n\
                   quarter of the usual epochs. On the one such set we have it gained +18.1 [+7.4, +28.8] points\n\
                   of macro F1 over plain training in 25 epochs, and +2.8 [-1.6, +7.2] in 100. With the test's\n\
                   classes as rare as in training it was +2.6 [-0.7, +5.8], and accuracy -8.5 [-16.3, -0.7]\n\
                   (docs/results/shift.md).",
            code: LOSS,
        },
        () if ratio <= 5.0 => Advice {
            text: "Classes within 5:1: train on all data, plainly. Neither a curriculum nor a corrected loss was told\n\
                   from it. On a small hard set (LGG, 3:1) the corrected loss was at +1.1 [-5.0, +7.2]: a gain or\n\
                   none. If many labels may be wrong, do not correct with tau 1: -5.7 [-9.7, -1.8] on KIPAN. Train\n\
                   for less instead: a quarter of the epochs gained +7.4 [+3.5, +11.3] there.",
            code: PLAIN,
        },
        () if ratio < 10.0 => Advice {
            text: "Between 5:1 and 10:1 we have no set. Above it the corrected loss gains on some sets, below it on\n\
                   none: try `prior_corrected_cross_entropy` with tau 1 on a validation part.",
            code: LOSS,
        },
        () => Advice {
            text: "A long tail: train on all data with `prior_corrected_cross_entropy`, tau 1. At 50:1 it gained on\n\
                   two of five sets, and on the others it was not told from plain training. The curriculum by\n\
                   itself was told from it on none after 100 epochs. If a fifth of the labels may be wrong: with few\n\
                   classes (3 to 5 in our sets) tau 1/2 or plain training; with many (7 to 10) tau 1 all the same.\n\
                   Those tests had more even classes than training. If your patients to come are as your training\n\
                   data, no gain was told: plain training will do (docs/results/shift.md).",
            code: LOSS,
        },
    }
}

// Files, so that the documentation tests of climd-repro, which has the losses, compile them.
const PLAIN: &str = include_str!("steps/plain.rs").trim_ascii_end();
const LOSS: &str = include_str!("steps/loss.rs").trim_ascii_end();
const BCE: &str = include_str!("steps/bce.rs").trim_ascii_end();

#[cfg(test)]
mod tests {
    #[test]
    fn runs_of_epochs_are_ranges() {
        assert_eq!(super::ranges(&[1, 4, 5, 6, 9]), "1, 4 to 6, 9");
    }
}

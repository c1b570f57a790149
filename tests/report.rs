//! Promise: the report says what the epoch really holds, and warns of the effects of the paper's law.

mod common;

use climd::schedule::*;
use climd::*;
use common::{counts_in, labels_of, scores_with_ties};

const BRCA: [usize; 5] = [305, 103, 92, 80, 32];

fn sampler(counts: &[usize], schedule: PowerLaw) -> (Vec<u32>, PowerLawScheduler) {
    let labels = labels_of(counts, 4);
    let sampler = PowerLawScheduler::new(&labels, schedule).unwrap();
    (labels, sampler)
}

#[test]
fn every_line_is_what_the_list_holds() {
    let (labels, mut sampler) = sampler(&BRCA, PowerLaw { epochs: 10, ..Default::default() });
    let scores = scores_with_ties(612, 5);
    assert_eq!(sampler.report(4).unwrap().measured_at, None);
    assert!(sampler.report(4).unwrap().classes.iter().all(|class| class.scores.is_none()));
    sampler.update(3, &scores).unwrap();
    let (report, list) = (sampler.report(4).unwrap(), sampler.epoch(4).unwrap());
    assert_eq!((report.epoch, report.len, report.distinct, report.measured_at), (4, 306, 306, Some(3)));
    assert_eq!(sampler.report(9).unwrap().measured_at, Some(3), "also where the whole data set needs no score");
    let found: Vec<usize> = report.classes.iter().map(|class| class.quota).collect();
    assert_eq!(found, counts_in(list.indices(), &labels, 5));
    for (rank, class) in report.classes.iter().enumerate() {
        assert_eq!((class.label, class.count), (rank as i64, BRCA[rank]));
        assert_eq!(class.target, Some(report.target.shares[rank]));
        let of_class: Vec<f64> =
            (0..612).filter(|&i| labels[i] as usize == rank).map(|i| f64::from(scores[i])).collect();
        let range = class.scores.unwrap();
        assert_eq!(f64::from(range.min), of_class.iter().copied().fold(9.0, f64::min));
        assert_eq!(f64::from(range.max), of_class.iter().copied().fold(-9.0, f64::max));
        assert!((f64::from(range.mean) - of_class.iter().sum::<f64>() / BRCA[rank] as f64).abs() < 1e-6);
    }
    assert_eq!(report.target.progress, Some(4.0 / 9.0));
    assert!((report.target.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn the_majority_that_overshoots_the_data_is_warned_of() {
    let (_, mut sampler) = sampler(&BRCA, PowerLaw::default());
    sampler.update(89, &[0.5; 612]).unwrap();
    let [Warning::Overshoot { label: 0, share, natural }] = sampler.report(89).unwrap().warnings[..] else {
        panic!("{:?}", sampler.report(89).unwrap().warnings)
    };
    assert_eq!((share, natural), (305.0 / 551.0, 305.0 / 612.0)); // 55 % against 50 %
    let text = sampler.report(89).unwrap().warnings[0].to_string();
    assert_eq!(text, "class 0 is 55.4 % of this epoch, but only 49.8 % of the data");
    for calm in [0, 99, 100] {
        assert_eq!(sampler.report(calm).unwrap().warnings, [], "epoch {calm}");
    }
}

#[test]
fn a_class_without_a_sample_is_warned_of() {
    let (_, sampler) = sampler(&[4, 2, 2, 1], PowerLaw { epochs: 9, ..Default::default() });
    let report = sampler.report(0).unwrap(); // one sample, of the largest class
    assert_eq!(report.len, 1);
    let empty: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(empty[1..], [1, 2, 3].map(|label| format!("class {label} has no sample in this epoch")));
    assert!(matches!(report.warnings[0], Warning::Overshoot { label: 0, share: 1.0, .. }));
}

#[test]
fn copies_are_counted_once_among_the_distinct() {
    let labels = labels_of(&[90, 10], 4);
    let sampler = Curriculum::new(&labels, ClassBalanced).unwrap();
    let (report, list) = (sampler.report(0).unwrap(), sampler.epoch(0).unwrap());
    let mut seen = list.indices().to_vec();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((report.len, report.distinct), (100, seen.len()));
    assert!(report.distinct <= 60);
    assert_eq!(report.target.shares, [0.5, 0.5]);
}

#[cfg(feature = "serde")]
#[test]
fn a_report_can_be_logged_as_json_and_read_again() {
    let (_, mut sampler) = sampler(&BRCA, PowerLaw::default());
    sampler.update(1, &[0.5; 612]).unwrap();
    let mut report = sampler.report(89).unwrap();
    // serde_json may lose the last bit of others
    report.target = TargetDistribution::new(vec![0.5, 0.25, 0.125]).alpha(4.5);
    let text = serde_json::to_string(&report).unwrap();
    for class in &mut report.classes {
        class.target = None;
    }
    let mut read: Report = serde_json::from_str(&text).unwrap();
    for class in &mut read.classes {
        assert!(class.target.take().is_some());
    }
    assert_eq!(read, report);
    assert!(text.contains(r#""warnings":[{"overshoot":{"label":0,"#), "{text}");
}

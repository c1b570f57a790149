//! Promise: the events of a report hold everything that the report holds, and nothing else.
#![cfg(feature = "tracing")]

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use climd::schedule::Uniform;
use climd::{Curriculum, CurriculumSampler, PowerLaw, PowerLawScheduler, Targets};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// A line for each event: its level, its target, its fields.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<(Level, String)>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.0.lock().unwrap().push((*event.metadata().level(), line.0));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn an_epoch_a_line_for_each_class_and_the_warnings() {
    let lines = Lines::default();
    let all = lines.clone();
    tracing::subscriber::set_global_default(lines.clone()).unwrap();
    let traced = |sampler: &PowerLawScheduler, epoch| {
        sampler.report(epoch).unwrap().trace();
        std::mem::take(&mut *lines.0.lock().unwrap())
    };
    let labels: Vec<u32> = (0..40).map(|i| u32::from(i >= 32)).collect();
    let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 4, ..Default::default() }).unwrap();
    let before = traced(&sampler, 1);
    assert_eq!(before[0].0, Level::INFO);
    assert!(before[0].1.starts_with("climd message=epoch epoch=1 len=20 distinct=20 alpha="), "{before:?}");
    assert!(!before.iter().any(|(_, line)| line.contains("measured_at") || line.contains("score_")), "{before:?}");

    sampler.update(1, &[0.5; 40]).unwrap();
    let lines = traced(&sampler, 1);
    assert!(lines[0].1.ends_with("measured_at=1"), "{lines:?}");
    for (line, (label, count)) in lines[1..].iter().zip([(0, 32), (1, 8)]) {
        let quota = sampler.quotas(1).unwrap()[label];
        let expected = format!("climd message=class epoch=1 label={label} count={count} quota={quota} target_share=0.");
        assert!(line.0 == Level::DEBUG && line.1.starts_with(&expected), "{line:?}");
        assert!(line.1.ends_with("score_min=0.5 score_mean=0.5 score_max=0.5"), "{line:?}");
    }
    // six X-rays of three patients; of the last one finding 1 is unknown
    let targets = Targets::multi_hot(&[1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 0, -1], 2).unwrap();
    let sampler = Curriculum::with_targets(targets.groups(&[5, 5, 5, 6, 7, 7], 9).unwrap(), Uniform).unwrap();
    sampler.report(0).unwrap().trace();
    let found = all.0.lock().unwrap().split_off(0);
    assert!(found[0].1.ends_with(" largest_group=0.5"), "{found:?}");
    let labels: Vec<&str> =
        found.iter().map(|(_, line)| line.as_str()).filter(|line| line.contains("message=label")).collect();
    let line = "climd message=label epoch=0 label=";
    let (most, some) = (4.0 / 6.0, 2.0 / 5.0);
    let expected = [
        format!("{line}0 carried=4 realised=4 quota=2 prevalence={most} natural={most}"),
        format!("{line}1 carried=2 realised=2 quota=2 prevalence={some} natural={some}"),
    ];
    assert_eq!(labels, expected);
    // the paper's law goes beyond the data's own share on the way
    let labels: Vec<u32> = (0..).zip([305, 103, 92, 80, 32]).flat_map(|(label, n)| vec![label; n]).collect();
    let mut sampler = PowerLawScheduler::new(&labels, PowerLaw { epochs: 10, ..Default::default() }).unwrap();
    sampler.update(8, &[0.5; 612]).unwrap(); // or it warns that none came
    let warnings = traced(&sampler, 8).into_iter().filter(|(level, _)| *level == Level::WARN);
    let found: Vec<String> = warnings.map(|(_, line)| line).collect();
    assert_eq!(found, ["climd message=class 0 is 55.4 % of this epoch, but only 49.8 % of the data epoch=8"]);
}

//! A control schedule, plugged in as a user would: it shows what the scores are worth.

use climd::schedule::Description;
use climd::{ClassIndex, Pick, Plan, Result, Schedule};
use serde::{Deserialize, Serialize};

/// Takes as many samples of each class as another schedule, but draws them at random in every epoch, without scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Redrawn<S>(pub S);

impl<S: Schedule> Schedule for Redrawn<S> {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        Ok(self.0.plan(epoch, classes)?.pick(Pick::Redraw))
    }
    fn describe(&self) -> Description {
        Description::new("redrawn").always("schedule", self.0.describe())
    }
    fn check(&self, classes: &ClassIndex) -> Result<()> {
        self.0.check(classes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use climd::schedule::HardMajority;
    use climd::{Curriculum, CurriculumSampler};

    #[test]
    fn quotas_stay_and_scores_do_not_matter() {
        let labels: Vec<u32> = [vec![0; 20], vec![1; 4], vec![2; 3]].concat();
        let schedule = HardMajority { warm_up: 0, keep: 0.5 };
        let hard = Curriculum::new(&labels, schedule.clone()).unwrap();
        let random = Curriculum::new(&labels, Redrawn(schedule)).unwrap();
        assert_eq!(random.quotas(3).unwrap(), hard.quotas(3).unwrap());
        assert!(hard.wants_scores(3) && !random.wants_scores(3));
        let sorted = |epoch| {
            let mut indices = random.epoch(epoch).unwrap().indices().to_vec();
            indices.sort_unstable();
            indices
        };
        assert_ne!(sorted(3), sorted(4));
    }
}

//! Any schedule of this crate as a value with a name and fields, for configuration files and command lines.

use super::{
    BabyStep, ClassBalanced, Description, Geometric, HardMajority, Linear, OnePass, Plan, PowerLaw,
    ProgressivelyBalanced, Root, Schedule, Switch, Trim, UnderSampling, Uniform,
};
use crate::{ClassIndex, Result};

macro_rules! any_schedule {
    ($($name:ident),+ $(,)?) => {
        /// Any schedule of this crate, known by its name and fields.
        ///
        /// # Examples
        /// ```
        /// # #[cfg(feature = "serde")] {
        /// use climd::schedule::AnySchedule;
        /// use climd::{Curriculum, CurriculumSampler};
        /// let (before, after) = (r#"{"name": "uniform"}"#, r#"{"name": "class_balanced"}"#);
        /// let text = format!(r#"{{"name": "switch", "at": 80, "before": {before}, "after": {after}}}"#);
        /// let schedule: AnySchedule = serde_json::from_str(&text).unwrap();
        /// let sampler = Curriculum::new(&[0, 0, 0, 1], schedule).unwrap();
        /// assert_eq!(sampler.quotas(80).unwrap(), [2, 2]);
        /// # }
        /// ```
        #[derive(Debug, Clone, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(tag = "name", rename_all = "snake_case"))]
        #[non_exhaustive]
        pub enum AnySchedule {
            $(
                #[doc = concat!("[`", stringify!($name), "`].")]
                $name($name),
            )+
            /// [`Switch`] between any two, which may be switches themselves.
            Switch(Box<Switch<AnySchedule, AnySchedule>>),
        }

        impl AnySchedule {
            fn schedule(&self) -> &dyn Schedule {
                match self {
                    $(Self::$name(schedule) => schedule,)+
                    Self::Switch(schedule) => schedule,
                }
            }
        }

        $(
            impl From<$name> for AnySchedule {
                fn from(schedule: $name) -> Self {
                    Self::$name(schedule)
                }
            }
        )+
    };
}

any_schedule! {
    BabyStep, ClassBalanced, Geometric, HardMajority, Linear, OnePass, PowerLaw, ProgressivelyBalanced, Root, Trim,
    UnderSampling, Uniform,
}

impl<A: Into<AnySchedule>, B: Into<AnySchedule>> From<Switch<A, B>> for AnySchedule {
    fn from(Switch { at, before, after }: Switch<A, B>) -> Self {
        Self::Switch(Box::new(Switch { at, before: before.into(), after: after.into() }))
    }
}

impl Schedule for AnySchedule {
    fn plan(&self, epoch: usize, classes: &ClassIndex) -> Result<Plan> {
        self.schedule().plan(epoch, classes)
    }

    fn describe(&self) -> Description {
        self.schedule().describe()
    }

    fn check(&self, classes: &ClassIndex) -> Result<()> {
        self.schedule().check(classes)
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Every schedule with no field at its default.
    fn unusual() -> Vec<Value> {
        vec![
            json!({"name": "baby_step", "epochs": 7, "buckets": 3, "pick": "lowest"}),
            json!({"name": "class_balanced"}),
            json!({"name": "geometric", "epochs": 7, "start": 0.5, "pick": "lowest"}),
            json!({"name": "hard_majority", "warm_up": 3, "keep": 0.5}),
            json!({"name": "linear", "epochs": 7, "start": 0.5, "pick": "lowest"}),
            json!({"name": "one_pass", "epochs": 7, "buckets": 3, "pick": "lowest"}),
            json!({"name": "power_law", "epochs": 7, "gamma": 0.5, "alpha": 5.0, "law": "zipf", "overflow": "repeat",
                "pick": "lowest"}),
            json!({"name": "progressively_balanced", "epochs": 7, "reversed": true}),
            json!({"name": "root", "epochs": 7, "start": 0.5, "root": 3.0, "pick": "lowest"}),
            json!({"name": "trim", "drop": 0.5, "ramp": 3}),
            json!({"name": "under_sampling", "strength": 0.5, "redraw": true}),
            json!({"name": "uniform"}),
        ]
    }

    #[test]
    fn a_description_has_the_name_and_every_field_that_is_not_at_its_default() {
        for value in unusual() {
            let schedule: AnySchedule = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&schedule).unwrap(), value);
            let description = schedule.describe();
            let mut fields: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
            fields.retain(|&name| name != "name");
            fields.sort_unstable();
            assert_eq!(description.name(), value["name"]);
            assert_eq!(description.fields().map(|(name, _)| name).collect::<Vec<_>>(), fields);
            // and at the defaults the name alone
            let default: AnySchedule = serde_json::from_value(json!({"name": value["name"]})).unwrap();
            assert_eq!(default.describe(), Description::new(description.name()));
        }
    }

    #[test]
    fn switches_nest_and_what_is_misspelt_is_refused() {
        let schedule: AnySchedule = Switch {
            at: 3,
            before: Uniform,
            after: Switch { at: 4, before: PowerLaw::default(), after: ClassBalanced },
        }
        .into();
        let text = serde_json::to_string(&schedule).unwrap();
        assert!(text.starts_with(r#"{"name":"switch","at":3,"before":{"name":"uniform"},"after":{"name":"switch""#));
        assert_eq!(serde_json::from_str::<AnySchedule>(&text).unwrap(), schedule);
        assert!(serde_json::from_str::<AnySchedule>(r#"{"name": "power_law", "gama": 0.3}"#).is_err());
        assert!(serde_json::from_str::<AnySchedule>(r#"{"name": "nothing"}"#).is_err());
    }
}

//! Any schedule of this crate as a value with a name and fields, for configuration files and command lines.

use super::{ClassBalanced, Description, Plan, Schedule, Switch, Uniform};
use crate::{ClassIndex, Result};

macro_rules! any_schedule {
    ($($name:ident :: $schedule:ident),+ $(,)?) => {
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
                #[doc = concat!("[`", stringify!($schedule), "`](super::", stringify!($schedule), ").")]
                $schedule(super::$name::$schedule),
            )+
            /// [`Switch`] between any two, which may be switches themselves.
            Switch(Box<Switch<AnySchedule, AnySchedule>>),
        }

        impl AnySchedule {
            /// The names of all schedules, as in a configuration file.
            pub const NAMES: &[&str] = &[$(stringify!($name),)+ "switch"];

            /// Every schedule once, in the order of [`NAMES`](Self::NAMES), with the fields at their defaults. A switch
            /// has no defaults: this one goes from [`Uniform`] to [`ClassBalanced`] at epoch 80.
            ///
            /// # Examples
            /// ```
            /// use climd::Schedule;
            /// use climd::schedule::AnySchedule;
            /// for (schedule, name) in AnySchedule::all().iter().zip(AnySchedule::NAMES) {
            ///     assert_eq!(schedule.describe().name(), *name);
            /// }
            /// ```
            #[must_use]
            pub fn all() -> Vec<Self> {
                let switch = Switch { at: 80, before: Uniform, after: ClassBalanced };
                vec![$(Self::$schedule(Default::default()),)+ switch.into()]
            }

            fn schedule(&self) -> &dyn Schedule {
                match self {
                    $(Self::$schedule(schedule) => schedule,)+
                    Self::Switch(schedule) => schedule,
                }
            }
        }

        $(
            impl From<super::$name::$schedule> for AnySchedule {
                fn from(schedule: super::$name::$schedule) -> Self {
                    Self::$schedule(schedule)
                }
            }
        )+
    };
}

// one line for each schedule: its file, which is also its name in configuration files, and its type
any_schedule! {
    baby_step::BabyStep,
    class_balanced::ClassBalanced,
    geometric::Geometric,
    hard_majority::HardMajority,
    linear::Linear,
    one_pass::OnePass,
    power_law::PowerLaw,
    progressively_balanced::ProgressivelyBalanced,
    root::Root,
    trim::Trim,
    under_sampling::UnderSampling,
    uniform::Uniform,
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

    fn first_window(&self, classes: &ClassIndex) -> Option<usize> {
        self.schedule().first_window(classes)
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;
    use crate::PowerLaw;
    use serde_json::{Value, json};

    /// A value of the same kind that is not this one. Words are those that no schedule has as a default.
    fn other(value: &Value) -> Vec<Value> {
        match value {
            Value::Null => vec![json!(5.0)],
            Value::Bool(value) => vec![json!(!value)],
            Value::Number(value) => match value.as_u64() {
                Some(value) => vec![json!(value + 7)],
                None => vec![json!(value.as_f64().unwrap() / 2.0)],
            },
            Value::String(_) => vec![json!("lowest"), json!("zipf"), json!("repeat")],
            other => unreachable!("{other}"),
        }
    }

    /// The schedule with no field at its default.
    fn unusual(schedule: &AnySchedule) -> Value {
        let mut value = serde_json::to_value(schedule).unwrap();
        let fields: Vec<String> = value.as_object().unwrap().keys().filter(|field| *field != "name").cloned().collect();
        for field in fields {
            let with = |found| {
                let mut value = value.clone();
                value[&field] = found;
                serde_json::from_value::<AnySchedule>(value.clone()).is_ok().then_some(value)
            };
            value = other(&value[&field]).into_iter().find_map(with).unwrap();
        }
        value
    }

    #[test]
    fn a_description_has_the_name_and_every_field_that_is_not_at_its_default() {
        for (schedule, &name) in AnySchedule::all().iter().zip(AnySchedule::NAMES) {
            assert_eq!(schedule.describe().name(), name);
            assert_eq!(serde_json::to_value(schedule).unwrap()["name"], name);
            if let AnySchedule::Switch(_) = schedule {
                continue; // it has no defaults
            }
            assert_eq!(schedule.describe(), Description::new(name));
            assert_eq!(&serde_json::from_value::<AnySchedule>(json!({"name": name})).unwrap(), schedule);

            let value = unusual(schedule);
            let schedule: AnySchedule = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&schedule).unwrap(), value);
            let description = schedule.describe();
            let mut fields: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
            fields.retain(|&field| field != "name");
            fields.sort_unstable();
            assert_eq!(description.fields().map(|(field, _)| field).collect::<Vec<_>>(), fields, "{name}");
            for (field, found) in description.fields() {
                if let Some(word) = value[field].as_str() {
                    assert_eq!(found, word); // the same in a description as in a file
                }
            }
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

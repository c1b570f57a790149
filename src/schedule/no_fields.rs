//! Serialises a schedule without fields as an empty object, like a schedule whose fields are all at their defaults. So
//! old files can still be read if the schedule gets its first field later.

use super::{ClassBalanced, Uniform};

/// `{}`.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoFields {}

macro_rules! no_fields {
    ($($schedule:ident),+) => {$(
        impl From<NoFields> for $schedule {
            fn from(_: NoFields) -> Self {
                Self
            }
        }

        impl From<$schedule> for NoFields {
            fn from(_: $schedule) -> Self {
                Self {}
            }
        }
    )+};
}

no_fields!(Uniform, ClassBalanced);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_without_fields_is_an_empty_object() {
        assert_eq!(serde_json::to_string(&Uniform).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<ClassBalanced>("{}").unwrap(), ClassBalanced);
        assert!(serde_json::from_str::<Uniform>(r#"{"epochs": 3}"#).is_err());
    }
}

//! A schedule as text: a name, a name with fields, or JSON.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use climd::schedule::AnySchedule;
use serde_json::{Map, Value, json};

/// Reads `trim`, `trim:drop=0.2,ramp=5`, or the same as JSON: `{"name": "trim", "drop": 0.2, "ramp": 5}`.
///
/// Fields that are left out have their defaults. If the schedule has a field `epochs`, `epochs` is its default.
///
/// # Errors
/// If there is no such schedule or field, or a value is of the wrong kind. The error says which there are.
pub fn parse(text: &str, epochs: Option<usize>) -> Result<AnySchedule> {
    let mut fields = fields(text)?;
    if let (Some(epochs), Some(default)) = (epochs, named(&fields["name"]))
        && serde_json::to_value(default)?.get("epochs").is_some()
    {
        fields.entry("epochs").or_insert_with(|| json!(epochs));
    }
    serde_json::from_value(Value::Object(fields)).with_context(|| format!("--schedule {text}"))
}

fn named(name: &Value) -> Option<AnySchedule> {
    AnySchedule::all()
        .into_iter()
        .zip(AnySchedule::NAMES)
        .find(|(_, known)| name == *known)
        .map(|(schedule, _)| schedule)
}

fn fields(text: &str) -> Result<Map<String, Value>> {
    if text.trim_start().starts_with('{') {
        let fields: Map<String, Value> =
            serde_json::from_str(text).with_context(|| format!("--schedule {text}: this is not JSON"))?;
        if !fields.contains_key("name") {
            bail!("--schedule {text}: `name` is missing; it is one of {}", AnySchedule::NAMES.join(", "));
        }
        return Ok(fields);
    }
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let mut fields = Map::from_iter([("name".to_owned(), json!(name))]);
    for part in rest.split(',').filter(|part| !part.is_empty()) {
        let Some((field, value)) = part.split_once('=') else {
            bail!("--schedule {text}: `{part}` is not a field with its value, such as `epochs=30`");
        };
        let value = match field {
            "before" | "after" => json!({ "name": value }),
            _ => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
        };
        if fields.insert(field.to_owned(), value).is_some() {
            bail!("--schedule {text}: `{field}` is there twice");
        }
    }
    Ok(fields)
}

/// Number of epochs until the schedule does not change any more, as far as its fields say; else 100.
pub fn epochs(schedule: &AnySchedule) -> usize {
    match schedule {
        AnySchedule::Switch(switch) => switch.at.saturating_add(epochs(&switch.after)),
        other => {
            let fields = serde_json::to_value(other).unwrap_or_default();
            fields["epochs"].as_u64().and_then(|epochs| usize::try_from(epochs).ok()).unwrap_or(100)
        }
    }
}

/// Every schedule with its fields at their defaults, one a line, as [`parse`] reads it.
pub fn list() -> String {
    let mut text = "Schedules for --schedule, with the defaults of their fields:\n".to_owned();
    for schedule in AnySchedule::all() {
        let Ok(Value::Object(fields)) = serde_json::to_value(schedule) else { continue };
        let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let part = |(field, value): (&String, &Value)| match &value["name"] {
            Value::Null => format!("{field}={}", word(value)),
            name => format!("{field}={}", word(name)),
        };
        let parts: Vec<String> = fields.iter().filter(|(field, _)| *field != "name").map(part).collect();
        let colon = if parts.is_empty() { "" } else { ":" };
        let _ = writeln!(text, "  {}{colon}{}", word(&fields["name"]), parts.join(","));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use climd::PowerLaw;
    use climd::schedule::{ClassBalanced, Linear, Switch, Trim, Uniform};

    #[test]
    fn every_line_of_the_list_is_a_schedule() {
        let list = list();
        let read: Vec<AnySchedule> = list.lines().skip(1).map(|line| parse(line.trim(), None).unwrap()).collect();
        assert_eq!(read, AnySchedule::all());
    }

    #[test]
    fn names_fields_and_json_are_read() {
        let parsed = |text| parse(text, None).unwrap();
        assert_eq!(parsed("trim:drop=0.2"), Trim { drop: 0.2, ramp: 10 }.into());
        assert_eq!(parsed(r#"{"name": "trim", "drop": 0.2}"#), parsed("trim:drop=0.2"));
        let switch = Switch { at: 30, before: Uniform, after: ClassBalanced };
        assert_eq!(parsed("switch:at=30,before=uniform,after=class_balanced"), switch.into());
        assert_eq!(epochs(&parsed("switch:at=30,before=uniform,after=linear")), 130);
    }

    #[test]
    fn epochs_are_a_default() {
        assert_eq!(parse("linear", Some(30)).unwrap(), Linear { epochs: 30, ..Default::default() }.into());
        assert_eq!(
            parse("power_law:epochs=20", Some(30)).unwrap(),
            PowerLaw { epochs: 20, ..Default::default() }.into()
        );
        assert_eq!(parse("uniform", Some(30)).unwrap(), Uniform.into());
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (text, expected) in [
            ("cosine", "unknown variant `cosine`, expected one of `baby_step`"),
            ("power_law:gama=0.3", "unknown field `gama`, expected one of `epochs`, `gamma`"),
            ("power_law:gamma", "`gamma` is not a field with its value"),
            ("power_law:gamma=1,gamma=2", "`gamma` is there twice"),
            ("power_law:gamma=much", "\"much\""),
            ("{\"epochs\": 3}", "`name` is missing"),
            ("{", "not JSON"),
        ] {
            let error = format!("{:#}", parse(text, None).unwrap_err());
            assert!(error.contains(&format!("--schedule {text}")) && error.contains(expected), "{error}");
        }
    }
}

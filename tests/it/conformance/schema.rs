//! The subset of JSON Schema that the document uses.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Checks a value against a schema; undeclared members are refused.
pub(super) fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(target) = schema["$ref"].as_str() {
        let schema = document.pointer(target.trim_start_matches('#')).expect(target);
        return fits(document, schema, value);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let tried: Vec<_> = any.iter().map(|schema| fits(document, schema, value)).collect();
        return tried.iter().any(Result::is_ok).then_some(()).ok_or(format!("{tried:?}"));
    }
    let kinds = match &schema["type"] {
        Value::Null => return Ok(()),
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    if !kinds.contains(&json!(kind_of(value))) {
        return Err(format!("{value} is none of {kinds:?}"));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        return Err(format!("{value} is not in {}", schema["enum"]));
    }
    match value {
        Value::Object(_) => members_fit(document, schema, value),
        Value::Array(items) => items.iter().try_for_each(|i| fits(document, &schema["items"], i)),
        Value::String(text) => text_fits(schema, text),
        _ => Ok(()),
    }
}

fn members_fit(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        value.get(name).ok_or(format!("`{name}` is missing"))?;
    }
    for (name, member) in value.as_object().expect("an object") {
        let named = schema["properties"].get(name);
        let described = named.or(schema.get("additionalProperties").filter(|s| s.is_object()));
        let described = described.ok_or(format!("`{name}` is not documented"))?;
        fits(document, described, member).map_err(|why| format!("{name}: {why}"))?;
    }
    Ok(())
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn text_fits(schema: &Value, text: &str) -> Result<(), String> {
    let bound = |name: &str, default: u64| schema[name].as_u64().unwrap_or(default);
    let chars = u64::try_from(text.chars().count()).expect("a length");
    if !(bound("minLength", 0)..=bound("maxLength", u64::MAX)).contains(&chars) {
        return Err(format!("`{text}` is too short or too long"));
    }
    if schema["format"] == "date-time" && text.parse::<DateTime<Utc>>().is_err() {
        return Err(format!("`{text}` is not a time"));
    }
    let Some(pattern) = schema["pattern"].as_str() else { return Ok(()) };
    // All patterns are patterns of ids.
    let prefix = pattern.strip_prefix('^').and_then(|p| p.strip_suffix("[0-9a-f]{32}$"));
    let hex = text.strip_prefix(prefix.expect(pattern)).unwrap_or_default();
    let is_hex = hex.len() == 32 && hex.bytes().all(|b| b"0123456789abcdef".contains(&b));
    is_hex.then_some(()).ok_or(format!("`{text}` does not fit {pattern}"))
}

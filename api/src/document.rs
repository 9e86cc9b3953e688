//! The OpenAPI document. The framework writes 3.0; this makes it 3.1, in one stable order.

mod polish;

use crate::cookies::{self, CSRF_HEADER};
use crate::principal::KEY_SCHEME;
use crate::service;
use amana_domain::api_key::Scope;
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeSet;

const VERSION: &str = "3.1.0";

/// The OpenAPI document of this API, as JSON with a line end.
#[must_use]
pub fn document() -> String {
    let document = serde_json::from_str(&service().spec()).unwrap_or(Value::Null);
    let mut document = modern(document);
    if let Some(root) = document.as_object_mut() {
        root.insert("openapi".into(), VERSION.into());
        root.remove("webhooks");
        // Where the API runs is not the document's business.
        root.remove("servers");
    }
    close_requests(&mut document);
    name_scopes(&mut document);
    offer_cookies(&mut document);
    polish::finish(&mut document);
    let mut text = serde_json::to_string_pretty(&sorted(document)).unwrap_or_default();
    text.push('\n');
    text
}

/// Unknown members of request bodies are refused; the framework has no word for that.
fn close_requests(document: &mut Value) {
    let mut open = Vec::new();
    for methods in document["paths"].as_object().into_iter().flat_map(Map::values) {
        for operation in methods.as_object().into_iter().flat_map(Map::values) {
            references(&operation["requestBody"], &mut open);
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(pointer) = open.pop() {
        if let Some(schema) =
            document.pointer_mut(&pointer).filter(|_| seen.insert(pointer.clone()))
        {
            references(schema, &mut open);
            if schema["type"] == "object" {
                // A map says itself of what type its members are.
                if schema["additionalProperties"].is_null() {
                    schema["additionalProperties"] = false.into();
                }
                polish::take_null(schema);
            }
        }
    }
}

/// What takes a token of a person takes it from a browser's cookie too, which the framework knows nothing of.
fn offer_cookies(document: &mut Value) {
    document["components"]["securitySchemes"]["cookie"] = json!({
        "type": "apiKey",
        "in": "cookie",
        "name": cookies::ACCESS,
        "description": format!("The same token in a browser. What changes something needs `{CSRF_HEADER}` too."),
    });
    for methods in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for operation in methods.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(ways) = operation.get_mut("security").and_then(Value::as_array_mut)
                && !ways.is_empty()
            {
                ways.push(json!({ "cookie": [] }));
            }
        }
    }
}

/// The extractor of callers that may be machines says the scope in place of the scheme: 3.1 has room for both, and
/// people who read the description see it too.
fn name_scopes(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    let operations = paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    for operation in operations {
        let mut needed = None;
        for way in operation["security"].as_array_mut().into_iter().flatten() {
            let names = way.as_object().into_iter().flat_map(Map::keys);
            if let Some(scope) = names.filter_map(|name| name.parse::<Scope>().ok()).next() {
                *way = json!({ (KEY_SCHEME): [scope.as_str()] });
                needed = Some(scope);
            }
        }
        if let Some(scope) = needed
            && let Some(Value::String(description)) = operation.get_mut("description")
        {
            description.push_str(&format!("\n\nAn API key needs the scope `{scope}`."));
        }
    }
}

/// Adds the pointer of everything that `value` refers to.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            found.extend(target.and_then(|target| target.strip_prefix('#')).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// The same value with the members of every object in alphabetical order, however they are kept.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(members.into_iter().map(|(k, v)| (k, sorted(v))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

fn modern(value: Value) -> Value {
    match value {
        Value::Object(members) => object(members),
        Value::Array(items) => Value::Array(items.into_iter().map(modern).collect()),
        Value::Number(number) => Value::Number(whole(number)),
        Value::String(text) => Value::String(page_name(text)),
        other => other,
    }
}

fn object(members: Map<String, Value>) -> Value {
    let mut object: Map<String, Value> =
        unwrapped(members).into_iter().map(|(key, value)| (renamed(key), modern(value))).collect();
    // What goes without saying is not said.
    object.retain(|key, value| match key.as_str() {
        "deprecated" => *value != false,
        "explode" => *value != true,
        _ => true,
    });
    exclusive(&mut object, "exclusiveMinimum", "minimum");
    exclusive(&mut object, "exclusiveMaximum", "maximum");
    if let Some(headers) = object.get_mut("headers").and_then(Value::as_object_mut) {
        *headers = std::mem::take(headers).into_iter().map(|(k, v)| (header_name(&k), v)).collect();
    }
    match object.remove("nullable") {
        Some(Value::Bool(true)) => nullable(object),
        _ => Value::Object(object),
    }
}

fn renamed(key: String) -> String {
    match key.as_str() {
        "application/json; charset=utf-8" => "application/json".to_owned(),
        "text/csv; charset=utf-8" => "text/csv".to_owned(),
        _ => page_name(key),
    }
}

/// The framework builds the name of a page of deals as `PageOf_Deal`; people say `DealPage`.
fn page_name(text: String) -> String {
    match text.split_once("PageOf_") {
        Some(("" | "#/components/schemas/", item)) => {
            text.replace(&format!("PageOf_{item}"), &format!("{item}Page"))
        }
        _ => text,
    }
}

/// 3.0 allows nothing beside a reference, so the framework wraps it together with what it has to add.
fn unwrapped(mut members: Map<String, Value>) -> Map<String, Value> {
    let parts = members.get("allOf").and_then(Value::as_array).map(Vec::as_slice);
    let Some([Value::Object(reference), Value::Object(more)]) = parts else { return members };
    if !reference.contains_key("$ref") || more.contains_key("$ref") {
        return members;
    }
    let parts: Vec<_> = more.clone().into_iter().chain(reference.clone()).collect();
    members.remove("allOf");
    members.extend(parts);
    members
}

/// `X-REQUEST-ID` reads `X-Request-Id`.
fn header_name(upper: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{}{}", first.to_uppercase(), rest.to_lowercase())
    };
    upper.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// 3.0 marks a bound as exclusive with a boolean; 3.1 has the bound itself there.
fn exclusive(object: &mut Map<String, Value>, mark: &str, bound: &str) {
    match object.get(mark) {
        Some(Value::Bool(true)) => {
            if let Some(limit) = object.remove(bound) {
                object.insert(mark.into(), limit);
            }
        }
        Some(Value::Bool(false)) => {
            object.remove(mark);
        }
        _ => {}
    }
}

fn nullable(mut object: Map<String, Value>) -> Value {
    match object.remove("type") {
        Some(Value::String(kind)) => {
            object.insert("type".into(), json!([kind, "null"]));
            if let Some(Value::Array(items)) = object.get_mut("enum") {
                items.push(Value::Null);
            }
            Value::Object(object)
        }
        _ => {
            let description = object.remove("description");
            let mut either = json!({ "anyOf": [object, { "type": "null" }] });
            if let Some(description) = description {
                either["description"] = description;
            }
            either
        }
    }
}

/// Bounds are written as `1.0`; of a whole number only the whole part is meant.
fn whole(number: Number) -> Number {
    let text = number.to_string();
    match text.strip_suffix(".0").and_then(|whole| whole.parse::<i64>().ok()) {
        Some(whole) => whole.into(),
        None => number,
    }
}

#[cfg(test)]
mod tests;

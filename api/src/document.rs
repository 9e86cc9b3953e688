//! The OpenAPI document. The framework writes version 3.0; this module converts it to 3.1 in a stable order.

mod polish;

use crate::cookies::{self, CSRF_HEADER};
use crate::principal::KEY_SCHEME;
use crate::service;
use amana_domain::api_key::Scope;
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeSet;

const VERSION: &str = "3.1.0";

/// Returns the OpenAPI document as JSON with a trailing newline.
#[must_use]
pub fn document() -> String {
    let document = serde_json::from_str(&service().spec()).unwrap_or(Value::Null);
    let mut document = modern(document);
    if let Some(root) = document.as_object_mut() {
        root.insert("openapi".into(), VERSION.into());
        root.remove("webhooks");
        // The server address depends on the installation.
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

/// Marks request bodies as closed, since unknown members are rejected; the framework cannot express this.
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
                // A map already declares the type of its members.
                if schema["additionalProperties"].is_null() {
                    schema["additionalProperties"] = false.into();
                }
                polish::take_null(schema);
            }
        }
    }
}

/// Adds cookie authentication to every operation that takes an access token; the framework does not know of it.
fn offer_cookies(document: &mut Value) {
    document["components"]["securitySchemes"]["cookie"] = json!({
        "type": "apiKey",
        "in": "cookie",
        "name": cookies::ACCESS,
        "description": format!("An access token in a browser cookie. Calls that change something also need `{CSRF_HEADER}`."),
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

/// Turns the scope that the extractor names in place of the scheme into a requirement of the key scheme. Adds it to the
/// description, too.
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

/// Collects the pointers of all references in `value`.
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

/// Returns the value with the members of every object in alphabetical order.
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
    // Default values are omitted.
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

/// Renames pages: the framework writes `PageOf_Deal` where the document has `DealPage`.
fn page_name(text: String) -> String {
    match text.split_once("PageOf_") {
        Some(("" | "#/components/schemas/", item)) => {
            text.replace(&format!("PageOf_{item}"), &format!("{item}Page"))
        }
        _ => text,
    }
}

/// Unwraps `allOf`: 3.0 allows no members beside a reference, so the framework wraps it.
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

/// Restores the case of a header name: `X-REQUEST-ID` becomes `X-Request-Id`.
fn header_name(upper: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{}{}", first.to_uppercase(), rest.to_lowercase())
    };
    upper.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Converts an exclusive bound: 3.0 marks it with a boolean, 3.1 stores the bound itself.
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

/// Turns whole bounds such as `1.0` into integers.
fn whole(number: Number) -> Number {
    let text = number.to_string();
    match text.strip_suffix(".0").and_then(|whole| whole.parse::<i64>().ok()) {
        Some(whole) => whole.into(),
        None => number,
    }
}

#[cfg(test)]
mod tests;

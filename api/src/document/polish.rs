//! Final additions: public operations, nullable members, open sets, and an example per operation.

use super::nullable;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Example request bodies by operation id. A test sends each of them.
const EXAMPLES: &str = include_str!("examples.json");

pub(super) fn finish(document: &mut Value) {
    let examples: Map<String, Value> = serde_json::from_str(EXAMPLES).unwrap_or_default();
    for methods in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for operation in methods.as_object_mut().into_iter().flat_map(Map::values_mut) {
            // The framework writes `null`, which is not a list.
            if operation["security"].is_null() {
                operation["security"] = json!([]);
            }
            let id = operation["operationId"].as_str().unwrap_or_default();
            if let Some(example) = examples.get(id).cloned() {
                operation["requestBody"]["content"]["application/json"]["example"] = example;
            }
        }
    }
    open_set(&mut document["components"]["schemas"]["ProblemCode"]);
    document["info"]["license"] = json!({ "name": "Apache-2.0", "identifier": "Apache-2.0" });
}

/// Turns an enum into an open set, so that clients accept future codes.
fn open_set(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    if let Some(known) = members.remove("enum") {
        members.insert("x-extensible-enum".to_owned(), known);
    }
}

/// Lets optional members of a request be `null`, which means the same as omitting them.
pub(super) fn take_null(schema: &mut Value) {
    let required: BTreeSet<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    let members = properties.into_iter().flatten();
    for (_, member) in members.filter(|(name, _)| !required.contains(*name)) {
        if !takes_null(member)
            && let Some(members) = member.as_object_mut()
        {
            *member = nullable(std::mem::take(members));
        }
    }
}

fn takes_null(schema: &Value) -> bool {
    let is_null = |kind: &Value| kind == "null";
    is_null(&schema["type"])
        || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(is_null))
        || schema["anyOf"].as_array().is_some_and(|parts| parts.iter().any(takes_null))
}

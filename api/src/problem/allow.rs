//! Methods of a path for the header `Allow` (RFC 9110, 15.5.6), which the framework does not return.

use crate::document::document;
use poem::PathPattern;
use poem::http::HeaderValue;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::LazyLock;

// Created on first use; most processes never need it.
static METHODS: LazyLock<HashMap<String, HeaderValue>> = LazyLock::new(methods);

/// Returns the methods of a route that does not accept the method of the request.
pub(super) fn allow(pattern: &PathPattern) -> Option<HeaderValue> {
    METHODS.get(&shape(&pattern.0)).cloned()
}

/// Returns the path in a common form: the document writes `{id}`, the routes use the framework's names such as
/// `:param0`.
fn shape(path: &str) -> String {
    let part = |part| if str::starts_with(part, [':', '{']) { "*" } else { part };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn methods() -> HashMap<String, HeaderValue> {
    let document: Value = serde_json::from_str(&document()).unwrap_or_default();
    let paths = document["paths"].as_object().into_iter().flatten();
    let lists = paths.filter_map(|(path, operations)| {
        let list = list(operations.as_object()?);
        Some((shape(path), HeaderValue::from_str(&list).ok()?))
    });
    lists.collect()
}

fn list(operations: &Map<String, Value>) -> String {
    let mut methods: Vec<String> = operations.keys().map(|name| name.to_uppercase()).collect();
    // Every GET operation also accepts HEAD.
    if operations.contains_key("get") {
        methods.push("HEAD".to_owned());
    }
    methods.sort();
    methods.join(", ")
}

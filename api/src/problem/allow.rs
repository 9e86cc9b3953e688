//! Which methods an address takes, for `Allow` (RFC 9110, 15.5.6): the framework knows, but does not say.

use crate::document::document;
use poem::PathPattern;
use poem::http::HeaderValue;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::LazyLock;

// Made when first asked for, which in most processes is never.
static METHODS: LazyLock<HashMap<String, HeaderValue>> = LazyLock::new(methods);

/// The methods behind a route that was found but does not take the method of the request.
pub(super) fn allow(pattern: &PathPattern) -> Option<HeaderValue> {
    METHODS.get(&shape(&pattern.0)).cloned()
}

/// The document writes `{id}` where the routes have a name of the framework's: `:param0`.
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
    // What can be got can also be looked at without its body.
    if operations.contains_key("get") {
        methods.push("HEAD".to_owned());
    }
    methods.sort();
    methods.join(", ")
}

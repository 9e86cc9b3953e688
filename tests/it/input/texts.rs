//! Free text: invisible and direction-changing characters are refused in every field, and accented
//! letters are stored in one form.

use super::bodies::{WITH_BODY, good};
use super::{World, set};
use crate::openapi::document;
use serde_json::{Value, json};

/// Fields that are compared with our own values, and never stored.
const CREDENTIALS: [&str; 7] = [
    "/challenge",
    "/device_token",
    "/login",
    "/refresh_token",
    "/token",
    "/password",
    "/old_password",
];

/// A code in a free-text field; invisible characters only make it a wrong code.
const CODES: [(&str, &str); 1] = [("join_deal", "/code")];

/// A string in the body of an operation.
struct Field {
    operation: &'static str,
    pointer: String,
    /// Whether the document limits nothing but its length.
    is_free: bool,
}

/// Lists every free string of every request body.
fn fields() -> Vec<Field> {
    let document = document();
    let mut found = vec![];
    for operation in WITH_BODY {
        let described = document["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(_, methods)| methods.as_object().into_iter().flatten())
            .find(|(_, described)| described["operationId"] == operation);
        let (_, described) = described.expect(operation);
        let body = &described["requestBody"]["content"]["application/json"]["schema"];
        walk(&document, body, (operation, String::new()), &mut found);
    }
    assert!(found.len() > 40, "{} fields", found.len());
    found
}

fn walk(
    document: &Value,
    schema: &Value,
    (operation, at): (&'static str, String),
    found: &mut Vec<Field>,
) {
    if let Some(target) = schema["$ref"].as_str() {
        let schema = document.pointer(target.trim_start_matches('#')).expect(target);
        return walk(document, schema, (operation, at), found);
    }
    for part in schema["anyOf"].as_array().into_iter().flatten() {
        walk(document, part, (operation, at.clone()), found);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        walk(document, member, (operation, format!("{at}/{name}")), found);
    }
    if schema["items"].is_object() {
        walk(document, &schema["items"], (operation, format!("{at}/0")), found);
    }
    let is_text = schema["type"] == "string" || schema["type"] == json!(["string", "null"]);
    let is_open = schema["pattern"].is_null() && schema["enum"].is_null();
    let is_known = |names: &[&str]| names.contains(&at.as_str());
    let is_code = CODES.contains(&(operation, at.as_str()));
    if is_text && is_open && !is_known(&CREDENTIALS) && !is_code {
        let is_free = schema["format"].is_null();
        found.push(Field { operation, pointer: at, is_free });
    }
}

/// Replaces one member of a valid body, and creates its parents if they are missing.
fn with(field: &Field, text: &str) -> Value {
    let mut body = good(field.operation);
    let parts: Vec<&str> = field.pointer.split('/').skip(1).collect();
    for n in 1..parts.len() {
        let parent = format!("/{}", parts[..n].join("/"));
        if body.pointer(&parent).is_none() {
            let made = if parts[n] == "0" { json!([null]) } else { json!({}) };
            set(&mut body, &parent, made);
        } else if body.pointer(&parent) == Some(&Value::Null) {
            set(&mut body, &parent, json!({}));
        }
    }
    set(&mut body, &field.pointer, json!(text));
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_cannot_be_seen_is_taken_by_no_field() {
    let world = World::new().await;
    for field in fields() {
        for bad in ["\u{200b}\u{200b}\u{200b}", "Two\u{200b}goats", "Two \u{202e}staog"] {
            let answer = world.send_json(field.operation, &with(&field, bad)).await;
            let place =
                format!("{} {} = {bad:?}: {:#}", field.operation, field.pointer, answer.body);
            assert_eq!(answer.status, 422, "{place}");
            assert_eq!(answer.problem(), "invalid_request", "{place}");
            assert_eq!(answer.body["errors"][0]["pointer"], field.pointer, "{place}");
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_is_stored_in_one_form() {
    let world = World::new().await;
    let mut taken = 0;
    for field in fields().into_iter().filter(|field| field.is_free) {
        // A changed password ends the session of all these calls.
        if field.operation == "set_password" {
            continue;
        }
        let answer =
            world.send_json(field.operation, &with(&field, "Cafe\u{301} ya Njeri\u{303}")).await;
        let refused_for = answer.body["errors"][0]["pointer"].as_str().unwrap_or_default();
        taken += usize::from(refused_for != field.pointer);
    }
    assert!(taken > 20, "{taken}");
    let answer = world.app.get(&world.amina, "/v1/me").await.expect(200);
    assert_eq!(answer["name"], "Caf\u{e9} ya Njer\u{129}");
    // No table contains a combining accent.
    let rows = "select string_agg(format('select %L as t, count(*) as n from %I x where x::text ~ ''[\\u0300-\\u036f]''',
            tablename, tablename), ' union all ') from pg_tables where schemaname = 'public'";
    let rows = world.app.database.text(rows).await.expect("tables");
    let found = format!("select string_agg(t, ', ') from ({rows}) found where n > 0");
    assert_eq!(world.app.database.text(&found).await, None);
}

//! The OpenAPI document is right about request bodies: nullable members and examples.

use super::bodies::{WITH_BODY, good};
use super::{World, set};
use crate::openapi::{document, operations};
use serde_json::{Value, json};

/// Resolves a reference.
fn target<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(target) => document.pointer(target.trim_start_matches('#')).expect(target),
        None => schema,
    }
}

fn takes_null(schema: &Value) -> bool {
    let kinds = schema["type"].as_array().into_iter().flatten();
    let parts = schema["anyOf"].as_array().into_iter().flatten();
    kinds.into_iter().any(|kind| kind == "null")
        || parts.into_iter().any(|part| part["type"] == "null")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn null_is_taken_where_the_document_says_so() {
    let world = World::new().await;
    let (document, mut optional) = (document(), 0);
    for operation in operations().iter().filter(|o| WITH_BODY.contains(&o.id.as_str())) {
        let body = &operation.described["requestBody"]["content"]["application/json"]["schema"];
        let schema = target(&document, body);
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            // A changed password ends the session of all these calls.
            if operation.id == "set_password" {
                continue;
            }
            let mut body = good(&operation.id);
            let pointer = format!("/{name}");
            set(&mut body, &pointer, Value::Null);
            let answer = world.send_json(&operation.id, &body).await;
            let refused = answer.body["code"] == "invalid_request"
                && answer.body["errors"][0]["pointer"] == pointer.as_str()
                && answer.body["errors"][0]["detail"].to_string().contains("null");
            let is_required =
                schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
            assert_eq!(takes_null(member), !is_required, "{} {name}", operation.id);
            if !is_required {
                optional += 1;
                assert!(!refused, "{} {name}: {:#}", operation.id, answer.body);
            }
        }
    }
    assert!(optional > 20, "{optional}");
}

/// Examples must be valid, because readers of the document send them unchanged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_with_a_body_has_an_example_that_is_good() {
    let world = World::new().await;
    let mut operations = operations();
    operations.retain(|o| WITH_BODY.contains(&o.id.as_str()));
    // Calls whose answer depends on a second factor come first, and those that end the session come
    // last.
    operations.sort_by_key(|o| match o.id.as_str() {
        "step_up_session" => 0,
        "set_password" => 2,
        _ => 1,
    });
    assert_eq!(operations.len(), WITH_BODY.len());
    for operation in operations {
        let content = &operation.described["requestBody"]["content"]["application/json"];
        let example = &content["example"];
        assert!(example.is_object(), "{} has no example", operation.id);
        let answer = world.send_json(&operation.id, example).await;
        let code = answer.body["code"].as_str().unwrap_or_default();
        let is_bad = ["invalid_request", "invalid_json"].contains(&code);
        assert!(!is_bad && answer.status.as_u16() < 500, "{}: {:#}", operation.id, answer.body);
    }
}

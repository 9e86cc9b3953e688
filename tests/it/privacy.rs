//! Personal data: sealed wherever it is stored, exported in full, and erased for good.

mod erase;
mod export;
mod keys;
mod sealed;

use amana_harness::{Answer, App, PASSWORD, Person};
use serde_json::{Value, json};

async fn step_up(app: &App, person: &Person) {
    app.post(person, "/v1/sessions/step-up", json!({ "password": PASSWORD })).await.expect(200);
}

async fn erase(app: &App, person: &Person) -> Answer {
    app.post(person, "/v1/me/erase", Value::Null).await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

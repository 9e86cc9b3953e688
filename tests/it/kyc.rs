//! Applications for a tier: documents, decisions, links, and the files on disk.

mod documents;
mod links;
mod review;
mod upkeep;

use amana_harness::{Answer, App, Person};
use serde_json::{Value, json};

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

/// Creates a user on the smallest tier and a reviewer.
async fn people(app: &App) -> (Person, Person) {
    let (amina, operator) = (app.person("Amina").await, app.operator().await);
    app.put_on_tier(&operator, &amina, "starter").await;
    (amina, operator)
}

/// Performs an action of the applicant.
async fn act(app: &App, person: &Person, id: &str, what: &str) -> Answer {
    app.post(person, &format!("/v1/kyc/applications/{id}/{what}"), Value::Null).await
}

async fn approve(app: &App, operator: &Person, id: &str) -> Answer {
    let path = format!("/v1/operator/kyc/applications/{id}/approve");
    app.post(operator, &path, json!({ "note": "all is well" })).await
}

async fn reject(app: &App, operator: &Person, id: &str) -> Answer {
    let path = format!("/v1/operator/kyc/applications/{id}/reject");
    let body = json!({ "reasons": ["unreadable", "expired"], "note": "The passport is blurred" });
    app.post(operator, &path, body).await
}

/// Requests a link to a document as its owner or, with `/operator`, as a reviewer.
async fn link(app: &App, person: &Person, place: &str, (id, document): (&str, &str)) -> Answer {
    let path = format!("/v1{place}/kyc/applications/{id}/documents/{document}/link");
    app.post(person, &path, Value::Null).await
}

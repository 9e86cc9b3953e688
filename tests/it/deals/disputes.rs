//! Milestones without a simple release: rejected, refunded, split, disputed, awarded by arbiters,
//! or delivered with evidence.

mod arbiters;
mod evidence;
mod hand_over;
mod races;
mod silence;
mod splits;
mod viewers;

use amana_harness::{Answer, App, Disputed, Person};
use serde_json::Value;

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

async fn deal_of(app: &App, person: &Person, deal: &str) -> Value {
    app.get(person, &format!("/v1/deals/{deal}")).await.expect(200)
}

/// Returns the dispute, after checking that both parties see the same.
async fn dispute_of(app: &App, disputed: &Disputed) -> Value {
    let found = app.disputes(&disputed.buyer, &disputed.deal).await;
    assert_eq!(app.disputes(&disputed.seller, &disputed.deal).await, found);
    assert_eq!(found.len(), 1);
    found[0].clone()
}

async fn events(app: &App, person: &Person, deal: &str) -> Vec<Value> {
    let path = format!("/v1/deals/{deal}/timeline?limit=100");
    let page = app.get(person, &path).await.expect(200);
    page["items"].as_array().expect("events").clone()
}

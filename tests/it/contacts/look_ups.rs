//! Look-ups by number or address are limited per hour, over all operations together.

use super::refused;
use amana_api::{EdgeConfig, RateLimits};
use amana_harness::{App, Person};
use amana_redis::RateRule;
use serde_json::{Value, json};

async fn limited(look_ups: u32, counterparties: u32) -> App {
    let usual = RateLimits::default();
    let with = |rule: Option<RateRule>, limit| rule.map(|rule| RateRule { limit, ..rule });
    let rate_limits = RateLimits {
        look_ups: with(usual.look_ups, look_ups),
        counterparties: with(usual.counterparties, counterparties),
        ..RateLimits::OFF
    };
    let edge = EdgeConfig { rate_limits, ..EdgeConfig::default() };
    App::builder().without_worker().edge(edge).start().await
}

fn kes() -> Value {
    json!({ "amount": 100, "currency": "KES" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_people_are_looked_up_by_number_or_address() {
    let app = limited(5, 100).await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 100_000, app.clock.now()).await;
    let search = format!("/v1/people?query={}", juma.phone);
    app.get(&amina, &search).await.expect(200);
    let unknown = json!({ "to": { "phone": "254799000009" }, "amount": kes() });
    refused(&app.post(&amina, "/v1/transfers", unknown.clone()).await, 422, "unknown_recipient");
    let hold =
        json!({ "to": { "email": "no@example.com" }, "amount": kes(), "expires_in_hours": 2 });
    refused(&app.post(&amina, "/v1/holds", hold.clone()).await, 422, "unknown_recipient");
    let known = json!({ "to": { "phone": juma.phone }, "amount": kes() });
    for _ in 0..2 {
        app.post(&amina, "/v1/transfers?dry_run=true", known.clone()).await.expect(200);
    }
    // The budget is spent, so the next look-ups are refused.
    let refusals = [
        app.get(&amina, &search).await,
        app.post(&amina, "/v1/transfers", unknown).await,
        app.post(&amina, "/v1/holds", hold).await,
        app.post(&amina, "/v1/transfers?dry_run=true", known.clone()).await,
    ];
    for answer in &refusals {
        refused(answer, 429, "rate_limited");
        assert!(answer.headers.contains_key("retry-after"));
    }
    // Transfers and public handles are not counted, and other users have their own budget.
    app.post(&amina, "/v1/transfers", known).await.expect(201);
    app.get(&amina, "/v1/people?query=juma").await.expect(200);
    app.get(&juma, &format!("/v1/people?query={}", amina.email)).await.expect(200);
    app.assert_sound().await;
}

async fn offer(app: &App, person: &Person, phone: &str) -> amana_harness::Answer {
    let body = json!({
        "title": "Two goats", "role": "buyer", "currency": "KES", "counterparty": { "phone": phone },
        "milestones": [{ "title": "Goats", "amount": { "amount": 10_000, "currency": "KES" } }],
    });
    app.post(person, "/v1/deals", body).await
}

/// A draft names its counterparty, so drafts count as look-ups.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_are_no_way_to_look_people_up() {
    let app = limited(100, 2).await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    for phone in [&juma.phone, "254799000009"] {
        offer(&app, &amina, phone).await.expect(201);
    }
    refused(&offer(&app, &amina, &juma.phone).await, 429, "rate_limited");
    offer(&app, &juma, &amina.phone).await.expect(201);
}

//! Messages to one address are limited per day and cause; their causes are not.

use super::{STRANGER, kes, send};
use amana_harness::{App, DealPlan, Person, eventually};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Another unregistered number.
const OTHER: &str = "254711222444";

/// Counts the SMS to a number.
async fn texts_to(app: &App, phone: &str) -> usize {
    let found = app.sandbox_get(&format!("/admin/sms?to={phone}")).await;
    found["sms"].as_array().expect("messages").len()
}

/// Counts the sent messages of a template by channel.
async fn sent(app: &App, template: &str) -> Option<String> {
    let sql = format!(
        "select string_agg(channel || ' ' || n, ', ' order by channel) from (
            select channel, count(*) n from notifications
            where template = '{template}' and sent_at is not null group by channel) t"
    );
    app.database.text(&sql).await
}

async fn invite(app: &App, from: &Person, phone: &str) {
    let body = json!({
        "title": "Two goats", "role": "seller", "currency": "KES", "template": "goods",
        "counterparty": { "phone": phone }, "amount": kes(150_000),
    });
    let draft = app.post(from, "/v1/deals", body).await.expect(201);
    let deal = draft["id"].as_str().expect("an id");
    app.post(from, &format!("/v1/deals/{deal}/propose"), Value::Null).await.expect(200);
    app.run_due_jobs().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_invited_ten_times_a_day_whoever_invites() {
    let app = App::builder().without_worker().start().await;
    let (mut amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    for n in 0..12 {
        invite(&app, if n % 2 == 0 { &amina } else { &juma }, STRANGER).await;
    }
    assert_eq!(texts_to(&app, STRANGER).await, 10);
    // Only the messages are withheld: every deal still waits for an answer.
    let waiting = "select count(*) from deals where state = 'proposed'";
    assert_eq!(app.database.number(waiting).await, 12);
    let open =
        "select count(*) from deal_invitations where ended_at is null and sent_at is not null";
    assert_eq!(app.database.number(open).await, 12);
    invite(&app, &amina, OTHER).await;
    assert_eq!(texts_to(&app, OTHER).await, 1, "expected a separate limit of another number");
    app.advance(TimeDelta::days(1) + TimeDelta::minutes(1), &mut [&mut amina]).await;
    invite(&app, &amina, STRANGER).await;
    assert_eq!(texts_to(&app, STRANGER).await, 11);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_gets_ten_codes_a_day_from_accounts_that_have_not_verified_it() {
    let app = App::builder().without_worker().start().await;
    for n in 0..12 {
        app.newcomer_speaking(&format!("Zuhura{n}"), STRANGER, "en").await;
    }
    app.run_due_jobs().await;
    assert_eq!(texts_to(&app, STRANGER).await, 10);
    assert_eq!(
        app.database.number("select count(*) from codes").await,
        24,
        "expected both codes of each account"
    );
    // The owner of the number still gets their own codes.
    let owner = app.person_with_phone("Wanjiru", STRANGER).await;
    let login = json!({ "login": owner.phone });
    let path = "/v1/password-resets";
    app.send(reqwest::Method::POST, path, None, None, Some(&login)).await.expect(202);
    // The code is created after the response, so that the response time reveals nothing.
    eventually("the owner's code is created", || async {
        app.run_due_jobs().await;
        (texts_to(&app, STRANGER).await == 11).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reminders_of_many_deals_come_by_sms_twenty_times_a_day() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    for _ in 0..22 {
        let draft = app.draft(&amina, &juma, &DealPlan::default()).await;
        let deal = draft["id"].as_str().expect("an id");
        app.post(&juma, &format!("/v1/deals/{deal}/propose"), Value::Null).await.expect(200);
    }
    app.run_due_jobs().await;
    assert_eq!(sent(&app, "deal_proposed").await.as_deref(), Some("email 22, sms 10"));
    app.clock.advance(TimeDelta::hours(49));
    app.run_due_jobs().await;
    assert_eq!(sent(&app, "deadline_near").await.as_deref(), Some("email 22, sms 20"));
    // The deadline applies even if no reminder was sent.
    app.clock.advance(TimeDelta::hours(24));
    app.run_due_jobs().await;
    let ended = "select count(*) from deals where state = 'expired'";
    assert_eq!(app.database.number(ended).await, 22);
}

/// Concurrent and repeated sends of a message count once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_at_the_same_moment_do_not_exceed_the_bound() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 1_000_000, app.clock.now()).await;
    for _ in 0..15 {
        assert_eq!(send(&app, &amina, &juma, 10_000).await.0, 201);
    }
    // The messages are recorded, but not sent yet.
    app.follow_log().await;
    let texts = "select string_agg(id::text, ' ') from notifications
        where template = 'transfer_received' and channel = 'sms'";
    let texts = app.database.text(texts).await.expect("messages");
    let ids: Vec<Uuid> = texts.split(' ').map(|id| id.parse().expect("an id")).collect();
    assert_eq!(ids.len(), 15);
    let mut first = BTreeSet::new();
    for _ in 0..2 {
        let mut calls = JoinSet::new();
        for id in ids.clone() {
            let app = Arc::clone(&app);
            calls.spawn(async move {
                let found = app.store.pending_notification(id, app.clock.now()).await;
                found.expect("a message").map(|message| message.id)
            });
        }
        let found: BTreeSet<Uuid> = calls.join_all().await.into_iter().flatten().collect();
        assert_eq!(found.len(), 10);
        assert!(
            first.is_empty() || first == found,
            "expected the same messages at the second attempt"
        );
        first = found;
    }
}

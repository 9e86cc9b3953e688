//! Limits on prompts and messages to the phones of others.

mod messages;

use amana_harness::{App, Person};
use chrono::TimeDelta;
use serde_json::{Value, json};

const STRANGER: &str = "254711222333";

fn kes(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "KES" })
}

async fn ask(app: &App, person: &Person, phone: &str) -> (u16, Value) {
    let body = json!({ "amount": kes(1_000), "phone": phone });
    let answer = app.post(person, "/v1/wallet/deposits", body).await;
    (answer.status.as_u16(), answer.body["code"].clone())
}

/// Lets all prompts end unanswered, so that the next one is possible.
async fn prompts_are_over(app: &App) {
    app.database
        .execute(
            "update payments set state = 'failed', reason = 'timed_out', stage = 'sent',
                sent_at = created_at",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_gets_one_prompt_at_a_time_whoever_asks() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    assert_eq!(ask(&app, &amina, STRANGER).await.0, 202);
    for person in [&amina, &juma] {
        assert_eq!(ask(&app, person, STRANGER).await, (409, json!("prompt_pending")));
    }
    let deal = app.agreed(&amina, &juma, &amana_harness::DealPlan::default()).await;
    let body = json!({ "method": "mpesa", "phone": STRANGER });
    let answer = app.post(&amina, &format!("/v1/deals/{deal}/fund"), body).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (409, "prompt_pending"));
    // Another phone can be prompted.
    assert_eq!(ask(&app, &juma, &juma.phone).await.0, 202);
    assert_eq!(app.database.number("select count(*) from payments").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prompts_at_the_same_moment_are_one() {
    let app = std::sync::Arc::new(App::builder().without_worker().start().await);
    let amina = app.person("Amina").await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (app, amina) = (app.clone(), amina.clone());
        calls.spawn(async move { ask(&app, &amina, STRANGER).await.0 });
    }
    let statuses = calls.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 1, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_phone_is_asked_ten_times_a_day() {
    let app = App::builder().without_worker().start().await;
    let (mut amina, mut juma) = (app.person("Amina").await, app.person("Juma").await);
    for n in 0..10 {
        let who = if n % 2 == 0 { &amina } else { &juma };
        assert_eq!(ask(&app, who, STRANGER).await.0, 202, "{n}");
        prompts_are_over(&app).await;
    }
    for who in [&amina, &juma] {
        assert_eq!(ask(&app, who, STRANGER).await, (429, json!("too_many_prompts")));
    }
    // The phone's owner can still pay.
    let owner = app.person_with_phone("Wanjiru", STRANGER).await;
    assert_eq!(ask(&app, &owner, STRANGER).await.0, 202);
    prompts_are_over(&app).await;
    app.advance(TimeDelta::days(1) + TimeDelta::minutes(1), &mut [&mut amina, &mut juma]).await;
    assert_eq!(ask(&app, &amina, STRANGER).await.0, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_asks_thirty_foreign_phones_a_day() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    for n in 0..30 {
        assert_eq!(ask(&app, &amina, &format!("2547112{n:05}")).await.0, 202, "{n}");
    }
    assert_eq!(ask(&app, &amina, "254711299999").await, (429, json!("too_many_prompts")));
    assert_eq!(ask(&app, &amina, &amina.phone).await.0, 202);
}

async fn send(app: &App, from: &Person, to: &Person, minor: i64) -> (u16, Value) {
    let body = json!({ "to": { "user_id": to.id }, "amount": kes(minor) });
    let answer = app.post(from, "/v1/transfers", body).await;
    (answer.status.as_u16(), answer.body["code"].clone())
}

/// Transfers of cents would only serve to send messages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_moves_at_least_a_shilling() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 10_000, app.clock.now()).await;
    for minor in [1, 99] {
        assert_eq!(send(&app, &amina, &juma, minor).await, (422, json!("transfer_too_small")));
    }
    assert_eq!(send(&app, &amina, &juma, 100).await.0, 201);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn little_money_is_told_by_mail_only() {
    let app = App::start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 100_000, app.clock.now()).await;
    assert_eq!(send(&app, &amina, &juma, 9_900).await.0, 201);
    app.messages_are_sent().await;
    let received = |texts: &[amana_harness::Caught]| {
        texts.iter().filter(|one| one.text.contains("KES 99.00")).count()
    };
    assert_eq!((received(&app.mails(&juma).await), received(&app.texts(&juma).await)), (1, 0));
    assert_eq!(send(&app, &amina, &juma, 10_000).await.0, 201);
    app.messages_are_sent().await;
    assert!(app.texts(&juma).await.iter().any(|one| one.text.contains("KES 100.00")));
}

/// Sixty transfers: the recipient gets ten SMS and fifty mails, and the money of all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_flooded_with_messages_of_one_kind() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&amina, 1_000_000, app.clock.now()).await;
    for _ in 0..60 {
        assert_eq!(send(&app, &amina, &juma, 10_000).await.0, 201);
    }
    app.run_due_jobs().await;
    let sent = "select string_agg(channel || ' ' || n, ', ' order by channel) from (
        select channel, count(*) n from notifications
        where template = 'transfer_received' and sent_at is not null group by channel) t";
    assert_eq!(app.database.text(sent).await.as_deref(), Some("email 50, sms 10"));
    assert_eq!(app.balance(&juma).await, (600_000, 0));
    app.assert_sound().await;
}

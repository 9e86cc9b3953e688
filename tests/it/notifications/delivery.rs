//! Delivery faults: messages are retried, or listed and replayed, and never sent twice.

use amana_harness::{App, AppBuilder, Person, eventually};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

#[derive(Clone, Copy)]
struct Channel {
    name: &'static str,
    fault: &'static str,
    /// Error of the job after a permanent refusal.
    refused: &'static str,
}

const MAIL: Channel = Channel {
    name: "email",
    fault: "/admin/mail-fault",
    refused: "the mail server rejected the message (550)",
};
const SMS: Channel = Channel {
    name: "sms",
    fault: "/admin/sms-fault",
    refused: "the SMS provider rejected the SMS: invalid phone number (403)",
};

async fn set(app: &App, channel: Channel, mode: &str) {
    let status = app.sandbox_send(Method::PUT, channel.fault, json!({ "mode": mode })).await;
    assert!(status.is_success(), "{status}");
}

/// Creates the buyer of a new offer; one e-mail and one SMS are due.
async fn proposed(app: &App) -> Person {
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    app.run_due_jobs().await;
    let deal = app.draft(&buyer, &seller, &amana_harness::DealPlan::default()).await;
    let path = format!("/v1/deals/{}/propose", deal["id"].as_str().expect("an id"));
    app.post(&seller, &path, Value::Null).await.expect(200);
    buyer
}

/// Counts the delivered messages about the offer, by e-mail and by SMS.
async fn arrived(app: &App, buyer: &Person) -> (usize, usize) {
    let proposal = |text: &str| text.contains("Two goats");
    let mails = app.mails(buyer).await;
    let texts = app.texts(buyer).await;
    (
        mails.iter().filter(|mail| proposal(&mail.text)).count(),
        texts.iter().filter(|text| proposal(&text.text)).count(),
    )
}

fn of(channel: Channel, column: &str) -> String {
    format!(
        "select j.{column} from jobs j join notifications n on j.key = 'send_notification:' || n.id
        where n.template = 'deal_proposed' and n.channel = '{}'",
        channel.name
    )
}

async fn workerless() -> App {
    AppBuilder::default().without_worker().start().await
}

/// While the server defers a message, the waits between attempts grow. It is finally delivered
/// once, and the other channel delivers at its first attempt.
async fn temporary_trouble(channel: Channel) {
    let app = workerless().await;
    let buyer = proposed(&app).await;
    set(&app, channel, "temporary").await;
    let mut waits = vec![];
    for attempt in 1..=6 {
        app.run_due_jobs().await;
        assert_eq!(app.database.number(&of(channel, "attempts")).await, attempt);
        let due =
            of(channel, "due_at").replacen("j.due_at", "extract(epoch from j.due_at) * 1000", 1);
        let wait = app.database.number(&due).await - app.clock.now().timestamp_millis();
        waits.push(wait);
        app.clock.advance(TimeDelta::milliseconds(wait.max(0) + 1));
    }
    // Each wait is between half and the whole of 0.5 s, doubled per attempt, less the time since
    // then.
    assert!(waits[5] > 4 * waits[2].max(1) && waits[5] <= 16_000, "{waits:?}");
    assert_eq!(app.database.text(&of(channel, "state")).await.as_deref(), Some("queued"));
    set(&app, channel, "ok").await;
    app.run_due_jobs().await;
    assert_eq!(arrived(&app, &buyer).await, (1, 1));
    assert_eq!(app.database.number(&of(channel, "attempts")).await, 7);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_email_that_is_put_off_is_tried_again_after_growing_waits() {
    temporary_trouble(MAIL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_sms_that_is_put_off_is_tried_again_after_growing_waits() {
    temporary_trouble(SMS).await;
}

/// A permanent refusal makes the job dead at once. An operator sees the reason and replays it after
/// the fault, and the message is delivered once. The other channel is not repeated.
async fn permanent_trouble(channel: Channel) {
    let app = workerless().await;
    let operator = app.operator().await;
    let buyer = proposed(&app).await;
    set(&app, channel, "permanent").await;
    app.run_due_jobs().await;
    let dead = app.get(&operator, "/v1/operator/jobs").await.expect(200);
    let dead = dead["items"].as_array().expect("items");
    assert_eq!(dead.len(), 1, "{dead:#?}");
    assert_eq!(dead[0]["kind"], "send_notification");
    assert_eq!((&dead[0]["state"], &dead[0]["attempts"]), (&json!("dead"), &json!(1)));
    assert_eq!(dead[0]["last_error"], channel.refused);
    let replay = format!("/v1/operator/jobs/{}/replay", dead[0]["id"].as_str().expect("an id"));
    app.post(&buyer, &replay, Value::Null).await.expect(403);
    set(&app, channel, "ok").await;
    assert_eq!(app.post(&operator, &replay, Value::Null).await.expect(202)["state"], "queued");
    app.run_due_jobs().await;
    assert_eq!(arrived(&app, &buyer).await, (1, 1));
    let again = app.post(&operator, &replay, Value::Null).await;
    assert_eq!((again.status.as_u16(), again.problem()), (409, "job_not_failed"));
    let left = app.get(&operator, "/v1/operator/jobs").await.expect(200);
    assert_eq!(left["items"], json!([]));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_email_that_is_refused_is_listed_and_can_be_replayed() {
    permanent_trouble(MAIL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_sms_that_is_refused_is_listed_and_can_be_replayed() {
    permanent_trouble(SMS).await;
}

/// A deal can be paid while mail and SMS are unavailable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_goes_on_while_no_message_gets_through() {
    let app = App::start().await;
    for channel in [MAIL, SMS] {
        set(&app, channel, "temporary").await;
    }
    let funded = app.funded(&amana_harness::DealPlan::default()).await;
    assert_eq!(app.mails(&funded.buyer).await, []);
    for channel in [MAIL, SMS] {
        set(&app, channel, "ok").await;
    }
    eventually("every message is sent", || async {
        app.clock.advance(TimeDelta::seconds(1));
        // Expired codes are not sent.
        let open = "select count(*) from notifications where sent_at is null and code_id is null";
        (app.database.number(open).await == 0).then_some(())
    })
    .await;
    let mails = app.mails(&funded.buyer).await;
    assert_eq!(mails.iter().filter(|mail| !mail.text.contains("code is")).count(), 5);
    app.assert_sound().await;
}

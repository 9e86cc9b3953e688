//! Time in deals, moved by the test clock: silence, reminders and extensions.

use amana_domain::api_key::KeyMode;
use amana_harness::{App, DealPlan, Person, eventually};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

const HOUR: i64 = 3_600;

async fn two_people(app: &App) -> (Person, Person) {
    (app.person("Amina").await, app.person("Juma").await)
}

async fn deal_of(app: &App, person: &Person, deal: &str) -> Value {
    app.get(person, &format!("/v1/deals/{deal}")).await.expect(200)
}

/// Runs all due jobs and counts the reminders to this person.
async fn reminders(app: &App, person: &Person) -> usize {
    let waiting = format!(
        "select count(*) from jobs where state <> 'done' and due_at <= '{}'",
        app.clock.now().to_rfc3339()
    );
    eventually("all due jobs are done", || async {
        (app.database.number(&waiting).await == 0).then_some(())
    })
    .await;
    app.messages_are_sent().await;
    let mails = app.mails(person).await;
    let near = |mail: &&amana_harness::Caught| {
        mail.subject.as_deref().is_some_and(|subject| subject.starts_with("Waiting for you"))
    };
    mails.iter().filter(near).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_buyer_pays_and_a_silent_seller_gives_back() {
    let app = App::start().await;
    let (mut buyer, mut seller) = two_people(&app).await;
    app.top_up(&buyer, 300_000).await;
    let delivered = app.funded_from_wallet(&buyer, &seller, &DealPlan::default()).await;
    let not_delivered = app.funded_from_wallet(&buyer, &seller, &DealPlan::default()).await;
    let part = app.milestones(&buyer, &delivered).await.remove(0);
    let deliver = format!("/v1/deals/{delivered}/milestones/{part}/deliver");
    app.post(&seller, &deliver, Value::Null).await.expect(200);
    app.time_passes(72 * HOUR + 2, &mut [&mut buyer, &mut seller]).await;
    app.wait_for_deal(&seller, &delivered, "released").await;
    assert_eq!(deal_of(&app, &buyer, &not_delivered).await["state"], "funded");
    app.time_passes(96 * HOUR, &mut [&mut buyer, &mut seller]).await;
    app.wait_for_deal(&buyer, &not_delivered, "refunded").await;
    assert_eq!(app.balance(&seller).await, (147_750, 0));
    assert_eq!(app.balance(&buyer).await, (150_000, 0));
    app.assert_sound().await;
}

/// The awaited party gets one reminder a day before the deadline, and one an hour before it. After
/// progress, no reminder is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reminder_is_told_once_and_not_after_progress() {
    let app = App::start().await;
    let (mut buyer, mut seller) = two_people(&app).await;
    app.top_up(&buyer, 150_000).await;
    let paid = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let open = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let fund = format!("/v1/deals/{paid}/fund");
    app.post(&buyer, &fund, json!({ "method": "wallet" })).await.expect(200);
    assert_eq!(reminders(&app, &buyer).await, 0);
    app.time_passes(48 * HOUR + 5, &mut [&mut buyer, &mut seller]).await;
    assert_eq!(reminders(&app, &buyer).await, 1);
    app.time_passes(22 * HOUR, &mut [&mut buyer, &mut seller]).await;
    assert_eq!(reminders(&app, &buyer).await, 1);
    app.time_passes(HOUR, &mut [&mut buyer, &mut seller]).await;
    assert_eq!(reminders(&app, &buyer).await, 2);
    let words = "If it is not paid in time, the deal ends and payments go back.";
    assert!(app.mails(&buyer).await.iter().any(|mail| mail.text.contains(words)));
    app.time_passes(HOUR, &mut [&mut buyer, &mut seller]).await;
    app.wait_for_deal(&buyer, &open, "expired").await;
    // The seller of the paid deal is reminded when its seventh day begins.
    assert_eq!((reminders(&app, &buyer).await, reminders(&app, &seller).await), (2, 0));
    app.time_passes(73 * HOUR, &mut [&mut buyer, &mut seller]).await;
    assert_eq!((reminders(&app, &buyer).await, reminders(&app, &seller).await), (2, 1));
    let part = app.milestones(&buyer, &paid).await.remove(0);
    let deliver = format!("/v1/deals/{paid}/milestones/{part}/deliver");
    app.post(&seller, &deliver, Value::Null).await.expect(200);
    app.time_passes(23 * HOUR, &mut [&mut buyer, &mut seller]).await;
    assert_eq!((reminders(&app, &buyer).await, reminders(&app, &seller).await), (2, 1));
    app.assert_sound().await;
}

/// One party requests an extension, the other confirms it, and the deadline moves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_is_moved_by_consent() {
    let app = App::start().await;
    let (mut buyer, mut seller) = two_people(&app).await;
    app.top_up(&buyer, 150_000).await;
    let deal = app.funded_from_wallet(&buyer, &seller, &DealPlan::default()).await;
    let milestone = deal_of(&app, &buyer, &deal).await["milestones"][0].clone();
    let due_at: DateTime<Utc> =
        milestone["due_at"].as_str().expect("a time").parse().expect("a time");
    let until = due_at + TimeDelta::hours(48) + TimeDelta::microseconds(123_456);
    let path = format!("/v1/deals/{deal}/extensions");
    let body = |until: DateTime<Utc>| json!({ "deadline": "delivery", "milestone_id": milestone["id"], "until": until.to_rfc3339() });
    for (body, code) in [
        (body(due_at), "not_extensible"),
        (body(due_at + TimeDelta::days(400)), "not_extensible"),
        (json!({ "deadline": "funding", "until": until.to_rfc3339() }), "not_extensible"),
        (json!({ "deadline": "delivery", "until": until.to_rfc3339() }), "invalid_request"),
    ] {
        assert_eq!(app.post(&seller, &path, body).await.problem(), code);
    }
    let asked = app.post(&seller, &path, body(until)).await.expect(200);
    assert_eq!(asked["extension"]["requested_by"], "seller");
    assert_eq!(
        asked["milestones"][0]["due_at"], milestone["due_at"],
        "expected the old deadline before the consent"
    );
    assert_eq!(app.post(&seller, &path, body(until)).await.problem(), "already_requested");
    // The time as the deal shows it.
    let shown = asked["extension"]["until"].as_str().expect("a time").parse().expect("a time");
    let moved = app.post(&buyer, &path, body(shown)).await.expect(200);
    assert_eq!(moved["extension"], Value::Null);
    assert_eq!(moved["milestones"][0]["due_at"], asked["extension"]["until"]);
    let names = app.timeline(&buyer, &deal).await;
    assert!(names.contains(&"deal.extended".to_owned()), "{names:?}");
    app.time_passes(168 * HOUR + 2, &mut [&mut buyer, &mut seller]).await;
    assert_eq!((reminders(&app, &buyer).await, reminders(&app, &seller).await), (0, 0));
    assert_eq!(deal_of(&app, &buyer, &deal).await["state"], "funded");
    app.time_passes(25 * HOUR, &mut [&mut buyer, &mut seller]).await;
    assert_eq!(reminders(&app, &seller).await, 1);
    app.time_passes(24 * HOUR, &mut [&mut buyer, &mut seller]).await;
    app.wait_for_deal(&buyer, &deal, "refunded").await;
    app.assert_sound().await;
}

/// All processes share the test clock, including one that starts later. Live deployments have no
/// such clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_test_clock_is_everybodys_and_only_a_test_s() {
    let mut app = App::start().await;
    let mut amina = app.person("Amina").await;
    let clock = "/v1/test/clock";
    assert_eq!(app.get(&amina, clock).await.expect(200)["ahead_s"], 0);
    app.time_passes(10 * HOUR, &mut [&mut amina]).await;
    app.time_passes(HOUR, &mut [&mut amina]).await;
    let told = app.get(&amina, clock).await.expect(200);
    assert_eq!(told["ahead_s"], 11 * HOUR);
    let there: DateTime<Utc> = told["now"].as_str().expect("a time").parse().expect("a time");
    assert!((there - Utc::now() - TimeDelta::hours(11)).abs() < TimeDelta::minutes(1));
    app.stop_worker().await;
    // Another process, which reads the clock from the database.
    let later = app.another_api(KeyMode::Test).await;
    eventually("the other process uses the moved clock", || async {
        let url = format!("{later}{clock}");
        let told: Value =
            app.http.get(url).bearer_auth(&amina.token).send().await.ok()?.json().await.ok()?;
        (told["ahead_s"] == 11 * HOUR).then_some(())
    })
    .await;
    let live = app.another_api(KeyMode::Live).await;
    let token = app.log_in_at(&live, &amina.email).await;
    for (method, path) in
        [(Method::GET, clock.to_owned()), (Method::POST, format!("{clock}/advance"))]
    {
        let request = app.http.request(method, format!("{live}{path}")).bearer_auth(&token);
        let answer = request.json(&json!({ "seconds": 5 })).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 404);
    }
}

//! Holds between people: settled in parts, released, expired and limited, exactly, also under
//! concurrency.

use amana_harness::{Answer, App, Person, eventually};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::JoinSet;

fn kes(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "KES" })
}

async fn ask(app: &App, owner: &Person, to: Value, minor: i64) -> Answer {
    let body = json!({ "to": to, "amount": kes(minor), "expires_in_hours": 24 });
    app.post(owner, "/v1/holds", body).await
}

async fn hold(app: &App, owner: &Person, shop: &Person, minor: i64) -> String {
    let made = ask(app, owner, json!({ "user_id": shop.id }), minor).await.expect(201);
    made["id"].as_str().expect("an id").to_owned()
}

async fn settle(app: &App, who: &Person, id: &str, minor: i64) -> Answer {
    app.post(who, &format!("/v1/holds/{id}/settle"), json!({ "amount": kes(minor) })).await
}

async fn release(app: &App, who: &Person, id: &str) -> Answer {
    app.post(who, &format!("/v1/holds/{id}/release"), Value::Null).await
}

async fn state(app: &App, who: &Person, id: &str) -> String {
    let found = app.get(who, &format!("/v1/holds/{id}")).await.expect(200);
    found["state"].as_str().expect("a state").to_owned()
}

/// Returns the total spending that counts against limits, over all users.
async fn spent(app: &App) -> i64 {
    app.database.number("select coalesce(sum(spent_minor), 0)::bigint from spending").await
}

/// Creates Amina with KES 1,000, and Juma with a shop.
async fn pair(app: &App) -> (Person, Person) {
    let (owner, shop) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&owner, 100_000).await;
    app.top_up(&shop, 100).await;
    (owner, shop)
}

/// Makes the same call concurrently under each of these keys.
async fn at_once(
    app: &Arc<App>,
    who: &Person,
    (path, body): (&str, &Value),
    keys: impl Iterator<Item = String>,
) -> Vec<Answer> {
    let mut calls = JoinSet::new();
    for key in keys {
        let (app, who, path, body) = (app.clone(), who.clone(), path.to_owned(), body.clone());
        calls.spawn(async move { app.post_until_served(&who, &path, &key, body).await });
    }
    calls.join_all().await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_is_taken_in_parts_to_the_cent() {
    let app = App::start().await;
    let (owner, shop) = pair(&app).await;
    let body = json!({
        "to": { "email": shop.email }, "amount": kes(60_001), "expires_in_hours": 720,
        "note": "Deposit for the car",
    });
    let made = app.post(&owner, "/v1/holds", body).await.expect(201);
    assert_eq!((&made["state"], &made["note"]), (&json!("open"), &json!("Deposit for the car")));
    assert_eq!(made["beneficiary"]["name"], "Juma");
    assert_eq!(app.balance(&owner).await, (39_999, 60_001));
    let id = made["id"].as_str().expect("an id");
    for minor in [1, 59_998, 1] {
        settle(&app, &shop, id, minor).await.expect(200);
    }
    let open = app.get(&owner, &format!("/v1/holds/{id}")).await.expect(200);
    assert_eq!((&open["settled"], &open["held"]), (&kes(60_000), &kes(1)));
    refused(&settle(&app, &shop, id, 2).await, 409, "amount_exceeds_hold");
    let rest = app.post(&shop, &format!("/v1/holds/{id}/settle"), json!({})).await.expect(200);
    assert_eq!((&rest["state"], &rest["held"]), (&json!("settled"), &kes(0)));
    refused(&settle(&app, &shop, id, 1).await, 409, "hold_closed");
    refused(&release(&app, &shop, id).await, 409, "hold_closed");
    assert_eq!(app.balance(&owner).await, (39_999, 0));
    assert_eq!(app.balance(&shop).await, (60_101, 0));
    assert_eq!(spent(&app).await, 60_001);
    app.assert_sound().await;
}

/// The owner cannot release a hold, or it would guarantee nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_beneficiary_takes_and_gives_back() {
    let app = App::start().await;
    let (owner, shop) = pair(&app).await;
    let stranger = app.person("Neema").await;
    let id = hold(&app, &owner, &shop, 50_000).await;
    refused(&release(&app, &owner, &id).await, 403, "wrong_party");
    refused(&settle(&app, &owner, &id, 1).await, 403, "wrong_party");
    refused(&release(&app, &stranger, &id).await, 404, "not_found");
    refused(&settle(&app, &stranger, &id, 1).await, 404, "not_found");
    settle(&app, &shop, &id, 20_000).await.expect(200);
    let released = release(&app, &shop, &id).await.expect(200);
    assert_eq!((&released["state"], &released["settled"]), (&json!("released"), &kes(20_000)));
    assert_eq!(app.balance(&owner).await, (80_000, 0));
    assert_eq!(spent(&app).await, 20_000, "expected the released part not to count as spent");
    refused(&settle(&app, &shop, &id, 1).await, 409, "hold_closed");
    app.messages_are_sent().await;
    let subjects: Vec<_> = app.mails(&owner).await.into_iter().filter_map(|m| m.subject).collect();
    for wanted in [
        "You have set KES 500.00 aside for Juma",
        "Juma has taken KES 200.00 of what you set aside",
        "KES 300.00 is back in your balance",
    ] {
        assert!(subjects.iter().any(|subject| subject == wanted), "{wanted}: {subjects:?}");
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_hold_returns_the_money() {
    let app = App::start().await;
    let (mut owner, mut shop) = pair(&app).await;
    let id = hold(&app, &owner, &shop, 50_000).await;
    settle(&app, &shop, &id, 10_000).await.expect(200);
    app.advance(TimeDelta::hours(25), &mut [&mut owner, &mut shop]).await;
    eventually("the hold expires", || async {
        (state(&app, &owner, &id).await == "expired").then_some(())
    })
    .await;
    assert_eq!(app.balance(&owner).await, (90_000, 0));
    assert_eq!(app.balance(&shop).await, (10_100, 0));
    assert_eq!(spent(&app).await, 50_000, "expected no change of the next day's spending");
    app.messages_are_sent().await;
    for person in [&owner, &shop] {
        let mails = app.mails(person).await;
        let subject = Some("Time is up: KES 400.00 was not taken");
        assert!(mails.iter().any(|mail| mail.subject.as_deref() == subject), "{mails:#?}");
    }
    app.assert_sound().await;
}

/// The deadline is exact: a later call is refused, even before the timer runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_call_is_refused_before_the_timer_has_run() {
    let mut app = App::start().await;
    let (mut owner, mut shop) = pair(&app).await;
    let id = hold(&app, &owner, &shop, 50_000).await;
    app.messages_are_sent().await;
    app.stop_worker().await;
    app.advance(TimeDelta::hours(25), &mut [&mut owner, &mut shop]).await;
    refused(&settle(&app, &shop, &id, 1).await, 409, "hold_closed");
    refused(&release(&app, &shop, &id).await, 409, "hold_closed");
    assert_eq!(app.balance(&owner).await, (50_000, 50_000));
    app.run_due_jobs().await;
    assert_eq!(state(&app, &shop, &id).await, "expired");
    assert_eq!(app.balance(&owner).await, (100_000, 0));
    app.assert_sound().await;
}

/// A hundred concurrent settlements of ten cents from 505 cents: fifty succeed, and five cents are
/// left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_settles_at_once_take_what_is_there() {
    let app = Arc::new(App::start().await);
    let (owner, shop) = pair(&app).await;
    let id = hold(&app, &owner, &shop, 505).await;
    let (path, body) = (format!("/v1/holds/{id}/settle"), json!({ "amount": kes(10) }));
    let keys = (0..100).map(|n| format!("take-{n}"));
    let answers = at_once(&app, &shop, (&path, &body), keys).await;
    let taken = answers.iter().filter(|answer| answer.status.is_success()).count();
    for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
        refused(answer, 409, "amount_exceeds_hold");
    }
    assert_eq!(taken, 50);
    assert_eq!(app.balance(&owner).await, (99_495, 5));
    assert_eq!(app.balance(&shop).await, (600, 0));
    app.assert_sound().await;
}

/// At the deadline the shop settles everything while the timer expires the hold: exactly one
/// succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taking_and_expiring_at_once_moves_the_money_once() {
    let mut app = App::start().await;
    let (mut owner, mut shop) = pair(&app).await;
    app.messages_are_sent().await;
    app.stop_worker().await;
    let mut taken = 0;
    for _ in 0..6 {
        let id = hold(&app, &owner, &shop, 1_000).await;
        let job = "select id from jobs where kind = 'expire_hold' and state = 'queued'";
        let job = app.database.text(job).await.expect("a job").parse().expect("an id");
        // The timer runs a second after the deadline; half a second before it, both are possible.
        app.advance(TimeDelta::milliseconds(86_399_500), &mut [&mut owner, &mut shop]).await;
        let timer = async {
            for _ in 0..40 {
                amana_worker::run_claim(&app.context, job).await.expect("an attempt");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let (settled, ()) = tokio::join!(settle(&app, &shop, &id, 1_000), timer);
        match state(&app, &owner, &id).await.as_str() {
            "settled" => taken += i64::from(settled.status.is_success()),
            "expired" => refused(&settled, 409, "hold_closed"),
            other => panic!("{other}"),
        }
    }
    assert_eq!(app.balance(&owner).await, (100_000 - taken * 1_000, 0));
    assert_eq!(app.balance(&shop).await, (100 + taken * 1_000, 0));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limits_of_a_day_count_what_is_held() {
    let app = App::start().await;
    let (mut owner, mut shop) = pair(&app).await;
    let limits = "update tier_limits set transaction_minor_max = 40000, day_minor_max = 60000";
    app.database.execute(&format!("{limits} where tier = 'standard'")).await;
    let to = json!({ "user_id": shop.id });
    refused(&ask(&app, &owner, to.clone(), 40_001).await, 422, "transaction_limit");
    let first = hold(&app, &owner, &shop, 40_000).await;
    refused(&ask(&app, &owner, to.clone(), 20_001).await, 422, "daily_limit");
    let out = json!({ "amount": kes(20_100) });
    refused(&app.post(&owner, "/v1/withdrawals", out).await, 422, "daily_limit");
    hold(&app, &owner, &shop, 20_000).await;
    release(&app, &shop, &first).await.expect(200);
    let again = hold(&app, &owner, &shop, 40_000).await;
    refused(&ask(&app, &owner, to.clone(), 1).await, 422, "daily_limit");
    app.advance(TimeDelta::hours(23), &mut [&mut owner, &mut shop]).await;
    let midnight = "update spending set day = day - 1";
    app.database.execute(midnight).await;
    // Money that was held yesterday and returns today does not raise today's allowance.
    hold(&app, &owner, &shop, 40_000).await;
    app.database.execute("update holds set created_at = created_at - interval '2 days'").await;
    release(&app, &shop, &again).await.expect(200);
    refused(&ask(&app, &owner, to, 20_001).await, 422, "daily_limit");
    app.assert_sound().await;
}

/// The beneficiary's wallet limit applies to settlements.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_wallet_takes_no_more() {
    let app = App::start().await;
    let (owner, shop) = pair(&app).await;
    let id = hold(&app, &owner, &shop, 50_000).await;
    let shop_tier = format!(
        "update tier_limits set balance_minor_max = 30100 where tier = 'starter';
        update users set tier = 'starter' where id = '{}'",
        shop.id.trim_start_matches("usr_")
    );
    app.database.execute(&shop_tier).await;
    refused(&settle(&app, &shop, &id, 30_001).await, 422, "balance_limit");
    assert_eq!(app.balance(&owner).await, (50_000, 50_000));
    settle(&app, &shop, &id, 30_000).await.expect(200);
    refused(&settle(&app, &shop, &id, 1).await, 422, "balance_limit");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipients_are_found_by_every_name() {
    let app = App::start().await;
    let (owner, shop) = pair(&app).await;
    let uuid = shop.id.trim_start_matches("usr_");
    let named =
        format!("update users set handle = 'duka', handle_changed_at = now() where id = '{uuid}'");
    app.database.execute(&named).await;
    for to in [
        json!({ "handle": "@Duka" }),
        json!({ "phone": shop.phone }),
        json!({ "email": shop.email }),
        json!({ "user_id": shop.id }),
    ] {
        let made = ask(&app, &owner, to, 100).await.expect(201);
        assert_eq!(made["beneficiary"]["id"], shop.id.as_str());
        assert_eq!(made["beneficiary"]["handle"], "@duka");
    }
    let nobody = json!({ "handle": "nobody_at_all" });
    refused(&ask(&app, &owner, nobody, 100).await, 422, "unknown_recipient");
    let both = json!({ "handle": "duka", "phone": shop.phone });
    refused(&ask(&app, &owner, both, 100).await, 422, "invalid_request");
    refused(&ask(&app, &owner, json!({}), 100).await, 422, "invalid_request");
    refused(&ask(&app, &owner, json!({ "user_id": owner.id }), 100).await, 422, "same_party");
    let to = json!({ "user_id": shop.id });
    refused(&ask(&app, &owner, to.clone(), 99_601).await, 422, "insufficient_funds");
    let dollars =
        json!({ "to": to, "amount": { "amount": 1, "currency": "USD" }, "expires_in_hours": 1 });
    let dollars = app.post(&owner, "/v1/holds", dollars).await;
    refused(&dollars, 422, "insufficient_funds");
    app.database.execute(&format!("update users set closed_at = now() where id = '{uuid}'")).await;
    refused(&ask(&app, &owner, to, 100).await, 422, "recipient_closed");
    assert_eq!(app.balance(&owner).await, (99_600, 400));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_call_is_answered_again_and_done_once() {
    let app = Arc::new(App::start().await);
    let (owner, shop) = pair(&app).await;
    let body = json!({ "to": { "user_id": shop.id }, "amount": kes(5_000), "expires_in_hours": 1 });
    let same = |key: &'static str| (0..8).map(move |_| key.to_owned());
    let made = at_once(&app, &owner, ("/v1/holds", &body), same("hold-1")).await;
    let bodies: Vec<Value> = made.into_iter().map(|answer| answer.expect(201)).collect();
    assert!(bodies.iter().all(|one| one == &bodies[0]), "{bodies:#?}");
    let path = format!("/v1/holds/{}/settle", bodies[0]["id"].as_str().expect("an id"));
    let part = json!({ "amount": kes(1_000) });
    for answer in at_once(&app, &shop, (&path, &part), same("take-1")).await {
        assert_eq!(answer.expect(200)["settled"], kes(1_000));
    }
    let other = app.post_keyed(&shop, &path, "take-1", json!({ "amount": kes(2_000) })).await;
    refused(&other, 422, "idempotency_key_reused");
    assert_eq!(app.balance(&owner).await, (95_000, 4_000));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_list_their_holds() {
    let app = App::start().await;
    let (owner, shop) = pair(&app).await;
    let mut made = vec![];
    for _ in 0..3 {
        made.insert(0, hold(&app, &owner, &shop, 1_000).await);
    }
    let back = hold(&app, &shop, &owner, 100).await;
    release(&app, &owner, &back).await.expect(200);
    let ids = async |who: &Person, query: &str| -> Vec<String> {
        let page = app.get(who, &format!("/v1/holds?{query}")).await.expect(200);
        let items = page["items"].as_array().expect("items").iter();
        items.map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
    };
    let all = [vec![back.clone()], made.clone()].concat();
    assert_eq!(ids(&owner, "").await, all);
    assert_eq!(ids(&shop, "").await, all);
    assert_eq!(ids(&owner, "role=owner").await, made);
    assert_eq!(ids(&owner, "role=beneficiary").await, std::slice::from_ref(&back));
    assert_eq!(ids(&shop, "state=released").await, std::slice::from_ref(&back));
    assert_eq!(ids(&shop, "role=beneficiary&state=open&limit=2").await, made[..2]);
    let second = format!("role=beneficiary&after={}", made[1]);
    assert_eq!(ids(&shop, &second).await, made[2..]);
    app.assert_sound().await;
}

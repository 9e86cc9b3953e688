//! Withdrawals: reserved, screened, held, decided, paid and refunded.

use amana_harness::{App, PASSWORD, Person, eventually};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// The largest balance of an M-Pesa wallet, which leaves room for large withdrawals.
const RICH: i64 = 50_000_000;

fn kes(minor: i64) -> Value {
    json!({ "amount": { "amount": minor, "currency": "KES" } })
}

fn to_number(minor: i64, phone: &str) -> Value {
    json!({ "amount": { "amount": minor, "currency": "KES" }, "phone": phone })
}

async fn with_money(app: &App, name: &str, minor: i64) -> Person {
    let person = app.person(name).await;
    let path = format!("/admin/customers/{}", person.phone);
    let status = app.sandbox_send(reqwest::Method::PUT, &path, json!({ "balance": minor })).await;
    assert!(status.is_success(), "{status}");
    // One transaction carries at most KES 250,000.
    let mut left = minor;
    while left > 0 {
        app.top_up(&person, left.min(25_000_000)).await;
        left -= 25_000_000;
    }
    person
}

async fn withdraw(app: &App, person: &Person, body: Value) -> String {
    let payment = app.post(person, "/v1/withdrawals", body).await.expect(202);
    payment["id"].as_str().expect("an id").to_owned()
}

/// Waits until the withdrawal is held or on its way. Returns its state.
async fn screened(app: &App, person: &Person, id: &str) -> String {
    eventually("the withdrawal is screened", || async {
        let found = app.get(person, &format!("/v1/payments/{id}")).await.expect(200);
        let state = found["state"].as_str().expect("a state").to_owned();
        (!["screening", "queued"].contains(&state.as_str())).then_some(state)
    })
    .await
}

async fn decide(app: &App, operator: &Person, id: &str, decision: &str) -> amana_harness::Answer {
    let path = format!("/v1/operator/withdrawals/{id}/{decision}");
    app.post(operator, &path, json!({ "note": "Checked by phone" })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_is_reserved_then_paid_with_a_receipt() {
    let mut app = App::start().await;
    let person = with_money(&app, "Juma", 100_000).await;
    app.stop_worker().await;
    let id = withdraw(&app, &person, kes(60_000)).await;
    assert_eq!(app.balance(&person).await, (40_000, 60_000));
    app.add_worker();
    let paid = app.wait_for_payment(&person, &id, "succeeded").await;
    assert_eq!(app.balance(&person).await, (40_000, 0));
    let payouts = app.sandbox_get(&format!("/admin/payouts?phone={}", person.phone)).await;
    assert_eq!(payouts["payouts"].as_array().expect("payouts").len(), 1);
    assert_eq!(payouts["payouts"][0]["originator_conversation_id"], id.as_str());
    assert_eq!(payouts["payouts"][0]["amount"], 60_000);
    assert_eq!(paid["receipt"], payouts["payouts"][0]["outcome"]["receipt"]);
    let listed = app.get(&person, "/v1/withdrawals").await.expect(200);
    assert_eq!(listed["items"][0], paid);
    app.assert_sound().await;
}

/// Default rules: half of the limit is held for a new account, but not after a day. Four fifths of
/// the limit are always held.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_delivered_rules_hold_what_is_large_for_its_account() {
    let app = App::start().await;
    let mut operator = app.operator().await;
    let mut person = with_money(&app, "Juma", RICH).await;
    let young = withdraw(&app, &person, kes(10_000_000)).await;
    assert_eq!(screened(&app, &person, &young).await, "held");
    app.advance(TimeDelta::hours(25), &mut [&mut person, &mut operator]).await;
    let old = withdraw(&app, &person, kes(10_000_000)).await;
    app.wait_for_payment(&person, &old, "succeeded").await;
    let large = withdraw(&app, &person, kes(20_000_000)).await;
    assert_eq!(screened(&app, &person, &large).await, "held");
    let held = app.get(&operator, "/v1/operator/withdrawals").await.expect(200);
    let found: Vec<_> = held["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| (one["id"].clone(), one["risk_score"].clone(), one["risk_reasons"].clone()))
        .collect();
    let reasons =
        [json!(["large_amount", "new_account"]), json!(["large_amount", "very_large_amount"])];
    assert_eq!(
        found,
        [
            (json!(young), json!(100), reasons[0].clone()),
            (json!(large), json!(160), reasons[1].clone())
        ]
    );
    app.assert_sound().await;
}

/// Disables all rules but one.
async fn only_rule(app: &App, name: &str, threshold: i64) {
    let sql = format!(
        "update risk_rules set enabled = (name = '{name}'), points = 100;
        update risk_rules set threshold = {threshold} where name = '{name}'"
    );
    app.database.execute(&sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_withdrawals_within_the_hour_are_held_and_not_the_one_after() {
    let app = App::start().await;
    only_rule(&app, "many_withdrawals", 3).await;
    let mut person = with_money(&app, "Juma", 100_000).await;
    let mut states = vec![];
    for _ in 0..3 {
        let id = withdraw(&app, &person, kes(1_000)).await;
        states.push(screened(&app, &person, &id).await == "held");
    }
    assert_eq!(states, [false, false, true]);
    app.advance(TimeDelta::minutes(61), &mut [&mut person]).await;
    let later = withdraw(&app, &person, kes(1_000)).await;
    app.wait_for_payment(&person, &later, "succeeded").await;
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_recipients_are_held_and_many_payments_to_one_are_not() {
    let app = App::start().await;
    only_rule(&app, "many_recipients", 3).await;
    let person = with_money(&app, "Juma", 100_000).await;
    // Other numbers than the own one need a step-up.
    let password = json!({ "password": PASSWORD });
    app.post(&person, "/v1/sessions/step-up", password).await.expect(200);
    let mut held = vec![];
    for phone in ["254733000001", "254733000002", "254733000001", "254733000003"] {
        let id = withdraw(&app, &person, to_number(1_000, phone)).await;
        held.push(screened(&app, &person, &id).await == "held");
    }
    assert_eq!(held, [false, false, false, true]);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_account_is_held_until_it_is_old_enough() {
    let app = App::start().await;
    only_rule(&app, "new_account", 24).await;
    let mut person = with_money(&app, "Juma", 100_000).await;
    let first = withdraw(&app, &person, kes(1_000)).await;
    assert_eq!(screened(&app, &person, &first).await, "held");
    app.advance(TimeDelta::hours(24), &mut [&mut person]).await;
    let second = withdraw(&app, &person, kes(1_000)).await;
    app.wait_for_payment(&person, &second, "succeeded").await;
    app.assert_sound().await;
}

/// The money of a held withdrawal stays reserved until the decision. A released withdrawal is paid.
/// A refused one is refunded, and the user gets the reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_decides_what_is_held() {
    let app = App::start().await;
    only_rule(&app, "new_account", 24).await;
    let operator = app.operator().await;
    let person = with_money(&app, "Juma", 100_000).await;
    let good = withdraw(&app, &person, kes(10_000)).await;
    let bad = withdraw(&app, &person, kes(20_000)).await;
    app.wait_for_payment(&person, &good, "held").await;
    app.wait_for_payment(&person, &bad, "held").await;
    assert_eq!(app.balance(&person).await, (70_000, 30_000));
    let released = decide(&app, &operator, &good, "release").await.expect(200);
    assert_eq!(released["decision_note"], "Checked by phone");
    let refused = decide(&app, &operator, &bad, "reject").await.expect(200);
    assert_eq!(refused["state"], "failed");
    app.wait_for_payment(&person, &good, "succeeded").await;
    assert_eq!(app.balance(&person).await, (90_000, 0));
    let left = app.get(&operator, "/v1/operator/withdrawals").await.expect(200);
    assert_eq!(left["items"], json!([]));
    app.messages_are_sent().await;
    let mails = app.mails(&person).await;
    let sorry = mails.iter().find(|mail| {
        mail.subject.as_deref() == Some("We could not approve your withdrawal of KES 200.00")
    });
    let sorry = sorry.unwrap_or_else(|| panic!("{mails:#?}"));
    assert!(sorry.text.contains("Checked by phone"), "{}", sorry.text);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_operators_decide_and_only_once() {
    let app = App::start().await;
    only_rule(&app, "new_account", 24).await;
    let (operator, other) = (app.operator().await, app.operator().await);
    let person = with_money(&app, "Juma", 100_000).await;
    let id = withdraw(&app, &person, kes(10_000)).await;
    app.wait_for_payment(&person, &id, "held").await;
    for decision in ["release", "reject"] {
        let answer = decide(&app, &person, &id, decision).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (403, "forbidden"));
    }
    let list = app.get(&person, "/v1/operator/withdrawals").await;
    assert_eq!((list.status.as_u16(), list.problem()), (403, "forbidden"));
    let nobody = "pay_00000000000070008000000000000000";
    assert_eq!(decide(&app, &operator, nobody, "release").await.status.as_u16(), 404);
    let (one, two) =
        tokio::join!(decide(&app, &operator, &id, "release"), decide(&app, &other, &id, "reject"));
    let (won, lost) = if one.status.is_success() { (one, two) } else { (two, one) };
    won.expect(200);
    assert_eq!((lost.status.as_u16(), lost.problem()), (409, "not_on_hold"));
    let decided =
        "select count(*) from events where kind in ('withdrawal.released', 'withdrawal.rejected')";
    assert_eq!(app.database.number(decided).await, 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_that_is_repeated_with_its_key_is_answered_again() {
    let app = App::start().await;
    only_rule(&app, "new_account", 24).await;
    let operator = app.operator().await;
    let person = with_money(&app, "Juma", 100_000).await;
    let id = withdraw(&app, &person, kes(10_000)).await;
    app.wait_for_payment(&person, &id, "held").await;
    let path = format!("/v1/operator/withdrawals/{id}/reject");
    let note = |text: &str| json!({ "note": text });
    let first = app.post_keyed(&operator, &path, "decision-1", note("Not his phone")).await;
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let again = app.post_keyed(&operator, &path, "decision-1", note("Not his phone")).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(first.expect(200), again.expect(200));
    let other = app.post_keyed(&operator, &path, "decision-1", note("Another reason")).await;
    assert_eq!((other.status.as_u16(), other.problem()), (422, "idempotency_key_reused"));
    let late = app.post_keyed(&operator, &path, "decision-2", note("Not his phone")).await;
    assert_eq!((late.status.as_u16(), late.problem()), (409, "not_on_hold"));
    assert_eq!(app.balance(&person).await, (100_000, 0));
    let notices = "select count(*) from notifications where template = 'withdrawal_rejected'";
    assert_eq!(app.database.number(notices).await, 1);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_paid_out_reserves_nothing() {
    let app = App::start().await;
    let person = with_money(&app, "Juma", 100_000).await;
    let dollars = json!({ "amount": { "amount": 1_000, "currency": "USD" } });
    for (body, code) in [
        (kes(1_050), "whole_units_required"),
        (kes(900), "provider_limit"),
        (kes(25_000_100), "provider_limit"),
        (kes(100_100), "insufficient_funds"),
        (dollars, "unsupported_currency"),
    ] {
        let answer = app.post(&person, "/v1/withdrawals", body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (422, code), "{body}");
    }
    for minor in [0, -1_000, i64::MAX] {
        let answer = app.post(&person, "/v1/withdrawals", kes(minor)).await;
        assert!([400, 422].contains(&answer.status.as_u16()), "{minor}: {:#}", answer.body);
        answer.problem();
    }
    assert_eq!(app.balance(&person).await, (100_000, 0));
    let made = "select count(*) from payments where purpose = 'withdrawal'";
    assert_eq!(app.database.number(made).await, 0);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_fails_gives_the_money_back() {
    let app = App::start().await;
    let person = with_money(&app, "Juma", 100_000).await;
    for (fault, reason) in [("unregistered", "recipient_invalid"), ("no_funds", "rejected")] {
        app.fault(&person.phone, fault, 1).await;
        let id = withdraw(&app, &person, kes(60_000)).await;
        let failed = app.wait_for_payment(&person, &id, "failed").await;
        assert_eq!(failed["reason"], reason);
        assert_eq!(app.balance(&person).await, (100_000, 0), "{fault}");
    }
    let retried = withdraw(&app, &person, kes(100_000)).await;
    app.wait_for_payment(&person, &retried, "succeeded").await;
    assert_eq!(app.balance(&person).await, (0, 0));
    app.assert_sound().await;
}

/// Operators have a week to decide. Later decisions are refused, whether or not the timer has run;
/// the money is refunded and the user notified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_that_nobody_decides_about_is_refused_after_a_week() {
    let mut app = App::start().await;
    only_rule(&app, "new_account", 24).await;
    let mut operator = app.operator().await;
    let mut person = with_money(&app, "Juma", 100_000).await;
    let id = withdraw(&app, &person, kes(60_000)).await;
    app.wait_for_payment(&person, &id, "held").await;
    app.messages_are_sent().await;
    app.stop_worker().await;
    let week = TimeDelta::days(7) + TimeDelta::seconds(5);
    app.advance(week, &mut [&mut person, &mut operator]).await;
    for decision in ["release", "reject"] {
        let late = decide(&app, &operator, &id, decision).await;
        assert_eq!((late.status.as_u16(), late.problem()), (409, "not_on_hold"), "{decision}");
    }
    assert_eq!(app.balance(&person).await, (40_000, 60_000));
    app.run_due_jobs().await;
    app.wait_for_payment(&person, &id, "failed").await;
    assert_eq!(app.balance(&person).await, (100_000, 0));
    let mails = app.mails(&person).await;
    let sorry = "Your withdrawal of KES 600.00 was not made";
    assert!(mails.iter().any(|mail| mail.subject.as_deref() == Some(sorry)), "{mails:#?}");
    let records = app.store.audit_of(&id).await.expect("records");
    let last = records.last().expect("a record");
    assert_eq!((last.actor().as_str(), last.kind.as_str()), ("system", "withdrawal.expired"));
    app.assert_sound().await;
}

/// A withdrawal whose screening is a week late does not start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_that_is_screened_too_late_is_refused() {
    let mut app = App::start().await;
    let mut person = with_money(&app, "Juma", 100_000).await;
    app.stop_worker().await;
    let id = withdraw(&app, &person, kes(60_000)).await;
    app.advance(TimeDelta::days(8), &mut [&mut person]).await;
    let screening = "select id from jobs where kind = 'screen_withdrawal'";
    let job = app.database.text(screening).await.expect("a job").parse().expect("an id");
    assert!(amana_worker::run_claim(&app.context, job).await.expect("an attempt"));
    app.wait_for_payment(&person, &id, "failed").await;
    assert_eq!(app.balance(&person).await, (100_000, 0));
    app.run_due_jobs().await;
    assert_eq!(app.entries(&format!("{id}:payout_return")).await, 1);
    app.assert_sound().await;
}

/// A withdrawal that is, or may be, on its way waits for its outcome without a limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_that_is_on_its_way_never_expires() {
    let mut app = App::start().await;
    only_rule(&app, "new_account", 1_000).await;
    let mut operator = app.operator().await;
    let mut person = with_money(&app, "Juma", 100_000).await;
    let id = withdraw(&app, &person, kes(60_000)).await;
    app.wait_for_payment(&person, &id, "held").await;
    app.advance(TimeDelta::days(6), &mut [&mut person, &mut operator]).await;
    app.stop_worker().await;
    decide(&app, &operator, &id, "release").await.expect(200);
    app.advance(TimeDelta::days(6), &mut [&mut person]).await;
    let timer = "select id from jobs where kind = 'expire_hold'";
    let job = app.database.text(timer).await.expect("a job").parse().expect("an id");
    assert!(amana_worker::run_claim(&app.context, job).await.expect("an attempt"));
    assert_eq!(app.balance(&person).await, (40_000, 60_000));
    app.add_worker();
    app.wait_for_payment(&person, &id, "succeeded").await;
    assert_eq!(app.balance(&person).await, (40_000, 0));
    app.assert_sound().await;
}

/// Withdrawals count as spent. A failure on the same day reverses that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_withdrawal_gives_the_days_allowance_back() {
    let app = App::start().await;
    let limits = "update tier_limits set transaction_minor_max = 60000, day_minor_max = 60000";
    app.database.execute(&format!("{limits} where tier = 'standard'")).await;
    let person = with_money(&app, "Juma", 100_000).await;
    let too_much = app.post(&person, "/v1/withdrawals", kes(60_100)).await;
    assert_eq!((too_much.status.as_u16(), too_much.problem()), (422, "transaction_limit"));
    app.fault(&person.phone, "unregistered", 1).await;
    let failed = withdraw(&app, &person, kes(60_000)).await;
    app.wait_for_payment(&person, &failed, "failed").await;
    let paid = withdraw(&app, &person, kes(60_000)).await;
    app.wait_for_payment(&person, &paid, "succeeded").await;
    let more = app.post(&person, "/v1/withdrawals", kes(1_000)).await;
    assert_eq!((more.status.as_u16(), more.problem()), (422, "daily_limit"));
    assert_eq!(app.balance(&person).await, (40_000, 0));
    app.assert_sound().await;
}

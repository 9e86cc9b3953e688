//! Every outcome of deals and payments sends its messages to the right users.

use amana_harness::{App, DealPlan, Funded, Person};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Longer than any period of the test deals.
const LONG: TimeDelta = TimeDelta::days(8);

/// Lists the messages to these people in order of creation, such as `Amina deal_agreed`. Omits the
/// messages that every registration sends.
async fn told(app: &App, people: &[&Person]) -> Vec<String> {
    app.messages_are_sent().await;
    let ids: Vec<String> =
        people.iter().map(|one| format!("'{}'", one.id.trim_start_matches("usr_"))).collect();
    let sql = format!(
        "select string_agg(name || ' ' || template, ',' order by first) from (
            select u.name, n.template, min(n.id::text) as first
            from notifications n join users u on u.id = n.user_id
            where n.template not in ('welcome', 'verify_email', 'verify_phone') and u.id in ({}) group by u.name, n.template) t",
        ids.join(", ")
    );
    let found = app.database.text(&sql).await.unwrap_or_default();
    found.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// Returns the messages after the agreement. Asserts that the first ones are those of every agreed
/// deal.
async fn after_agreement(app: &App, funded: &Funded) -> Vec<String> {
    let mut all = told(app, &[&funded.buyer, &funded.seller]).await;
    let begun = ["Amina deal_proposed", "Amina deal_agreed", "Juma deal_agreed"];
    assert_eq!(all.drain(..3).collect::<Vec<_>>(), begun);
    all
}

async fn pair(app: &App) -> (Person, Person) {
    (app.person("Amina").await, app.person("Juma").await)
}

async fn agreed(app: &App) -> Funded {
    let (buyer, seller) = pair(app).await;
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    Funded { buyer, seller, deal }
}

async fn act(app: &App, who: &Person, deal: &str, what: &str) {
    app.post(who, &format!("/v1/deals/{deal}/{what}"), Value::Null).await.expect(200);
}

async fn wait_long(app: &App, funded: &mut Funded, state: &str) {
    app.advance(LONG, &mut [&mut funded.buyer, &mut funded.seller]).await;
    app.wait_for_deal(&funded.buyer, &funded.deal, state).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deals_that_end_before_payment_tell_both_parties() {
    let app = App::start().await;
    let mut off = agreed(&app).await;
    act(&app, &off.buyer, &off.deal, "cancel").await;
    assert_eq!(after_agreement(&app, &off).await, ["Amina deal_cancelled", "Juma deal_cancelled"]);
    off = agreed(&app).await;
    wait_long(&app, &mut off, "expired").await;
    assert_eq!(after_agreement(&app, &off).await, ["Amina deal_expired", "Juma deal_expired"]);
    let (buyer, seller) = pair(&app).await;
    let deal = app.draft(&buyer, &seller, &DealPlan::default()).await;
    let deal = deal["id"].as_str().expect("an id").to_owned();
    act(&app, &seller, &deal, "propose").await;
    let mut unanswered = Funded { buyer, seller, deal };
    wait_long(&app, &mut unanswered, "expired").await;
    assert_eq!(
        told(&app, &[&unanswered.buyer, &unanswered.seller]).await,
        ["Amina deal_proposed", "Amina deal_expired", "Juma deal_expired"]
    );
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deals_that_are_paid_tell_whom_it_concerns() {
    let app = App::start().await;
    let paid = ["Amina payment_requested", "Amina deal_funded", "Juma deal_funded"];
    let back = ["Amina milestone_refunded", "Juma buyer_refunded"];
    let called_off = app.funded(&DealPlan::default()).await;
    act(&app, &called_off.buyer, &called_off.deal, "mutual-cancel").await;
    act(&app, &called_off.seller, &called_off.deal, "mutual-cancel").await;
    let found = after_agreement(&app, &called_off).await;
    assert_eq!(found, [&paid[..], &["Juma cancellation_requested"], &back].concat());

    let mut silent = app.funded(&DealPlan::default()).await;
    wait_long(&app, &mut silent, "refunded").await;
    assert_eq!(after_agreement(&app, &silent).await, [&paid[..], &back].concat());

    let mut content = app.funded(&DealPlan::default()).await;
    let milestone = app.milestones(&content.buyer, &content.deal).await.remove(0);
    act(&app, &content.seller, &content.deal, &format!("milestones/{milestone}/deliver")).await;
    wait_long(&app, &mut content, "released").await;
    // By silence, so the buyer is notified too.
    let released = ["Amina milestone_delivered", "Juma milestone_released", "Amina seller_paid"];
    assert_eq!(after_agreement(&app, &content).await, [&paid[..], &released].concat());
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_that_fail_or_are_in_doubt_tell_the_payer() {
    let app = App::start().await;
    for (fault, state, expected) in
        [("cancel", "failed", "payment_failed"), ("rule_limited", "review", "payment_review")]
    {
        let one = agreed(&app).await;
        app.fault(&one.buyer.phone, fault, 1).await;
        let payment = app.start_mpesa(&one.buyer, &one.deal).await;
        app.wait_for_payment(&one.buyer, &payment, state).await;
        let found = after_agreement(&app, &one).await;
        assert_eq!(found, ["Amina payment_requested".to_owned(), format!("Amina {expected}")]);
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wallet_movements_tell_their_owner() {
    let app = App::start().await;
    let operator = app.operator().await;
    let person = app.person("Amina").await;
    app.top_up(&person, 100_000).await;
    app.fault(&person.phone, "cancel", 1).await;
    let kes = |minor| json!({ "amount": { "amount": minor, "currency": "KES" } });
    let failed = app.post(&person, "/v1/wallet/deposits", kes(5_000)).await.expect(202);
    app.wait_for_payment(&person, failed["id"].as_str().expect("an id"), "failed").await;
    app.database.execute("update risk_rules set points = 100 where name = 'new_account'").await;
    for (decision, end) in [("reject", "failed"), ("release", "succeeded"), ("release", "failed")] {
        if (decision, end) == ("release", "failed") {
            app.fault(&person.phone, "unregistered", 1).await;
        }
        let asked = app.post(&person, "/v1/withdrawals", kes(5_000)).await.expect(202);
        let id = asked["id"].as_str().expect("an id");
        app.wait_for_payment(&person, id, "held").await;
        let path = format!("/v1/operator/withdrawals/{id}/{decision}");
        app.post(&operator, &path, json!({ "note": "Looked at it" })).await.expect(200);
        app.wait_for_payment(&person, id, end).await;
    }
    assert_eq!(
        told(&app, &[&person]).await,
        [
            "Amina deposit_received",
            "Amina deposit_failed",
            "Amina withdrawal_requested",
            "Amina withdrawal_held",
            "Amina withdrawal_rejected",
            "Amina withdrawal_paid",
            "Amina withdrawal_failed",
        ]
    );
    no_gaps_in_texts(&app, &person).await;
    app.assert_sound().await;
}

/// Asserts that no text has an unfilled placeholder.
async fn no_gaps_in_texts(app: &App, person: &Person) {
    let (mails, texts) = (app.mails(person).await, app.texts(person).await);
    let all: BTreeSet<String> = mails
        .into_iter()
        .chain(texts)
        .flat_map(|one| [one.subject.unwrap_or_default(), one.text])
        .collect();
    assert!(all.len() > 15, "{all:#?}");
    for text in all {
        let marks = ["{", "}", "$", "\"\"", "null", "()", "  ", ": \r\n"];
        assert!(marks.iter().all(|mark| !text.contains(mark)), "{text}");
    }
}

//! The audit log: every change of a deal, payment or withdrawal leaves an immutable record.

use amana_harness::{App, Database, DealPlan, Person, eventually};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// Actor, action, state before and state after.
type Change = (String, String, Option<String>, Option<String>);

async fn changes(app: &App, subject: &str) -> Vec<Change> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let records = app.store.audit_of(subject).await.expect("records");
    let records = records.into_iter();
    // Records of deals have both states of the whole decision.
    let either = |data: &Value, names: [&str; 2]| names.iter().find_map(|name| text(&data[name]));
    records
        .map(|one| {
            let (from, to) =
                (either(&one.data, ["from", "before"]), either(&one.data, ["to", "state"]));
            (one.actor(), one.kind, from, to)
        })
        .collect()
}

fn change(actor: &str, action: &str, from: Option<&str>, to: &str) -> Change {
    (actor.to_owned(), action.to_owned(), from.map(str::to_owned), Some(to.to_owned()))
}

async fn withdraw(app: &App, person: &Person) -> String {
    let body = json!({ "amount": { "amount": 5_000, "currency": "KES" } });
    let asked = app.post(person, "/v1/withdrawals", body).await.expect(202);
    asked["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_and_its_payment_tell_who_changed_them() {
    let app = App::start().await;
    let funded = app.funded(&DealPlan::default()).await;
    app.complete(&funded).await;
    let (buyer, seller) = (funded.buyer.id.as_str(), funded.seller.id.as_str());
    assert_eq!(
        changes(&app, &funded.deal).await,
        [
            change(seller, "deal.created", None, "draft"),
            change(seller, "deal.proposed", Some("draft"), "proposed"),
            change(buyer, "deal.agreed", Some("proposed"), "agreed"),
            change("system", "deal.paid", Some("agreed"), "funded"),
            change("system", "deal.funded", Some("agreed"), "funded"),
            change(seller, "milestone.delivered", Some("funded"), "delivered"),
            change(buyer, "milestone.released", Some("delivered"), "released"),
            change(buyer, "deal.completed", Some("delivered"), "released"),
        ]
    );
    let deal = app.get(&funded.buyer, &format!("/v1/deals/{}", funded.deal)).await.expect(200);
    assert_eq!(
        changes(&app, deal["payment"]["id"].as_str().expect("an id")).await,
        [
            change(buyer, "payment.requested", None, "queued"),
            change("system", "payment.sent", Some("queued"), "submitting"),
            change("system", "payment.prompted", Some("submitting"), "pending"),
            change("system", "payment.succeeded", Some("pending"), "succeeded"),
        ]
    );
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_about_a_withdrawal_names_the_operator() {
    let app = App::start().await;
    let (operator, person) = (app.operator().await, app.person("Juma").await);
    app.top_up(&person, 100_000).await;
    app.database.execute("update risk_rules set points = 100 where name = 'new_account'").await;
    let begun = |person: &Person| {
        [
            change(&person.id, "payment.requested", None, "screening"),
            change("system", "withdrawal.screened", Some("screening"), "held"),
        ]
    };
    for (decision, end) in [("release", "succeeded"), ("reject", "failed")] {
        let id = withdraw(&app, &person).await;
        app.wait_for_payment(&person, &id, "held").await;
        let path = format!("/v1/operator/withdrawals/{id}/{decision}");
        app.post(&operator, &path, json!({ "note": "Called him" })).await.expect(200);
        app.wait_for_payment(&person, &id, end).await;
        let found = changes(&app, &id).await;
        assert_eq!(found[..2], begun(&person));
        let decided = match decision {
            "release" => change(&operator.id, "withdrawal.released", Some("held"), "queued"),
            _ => change(&operator.id, "withdrawal.rejected", Some("held"), "failed"),
        };
        assert_eq!(found[2], decided);
        let records = app.store.audit_of(&id).await.expect("records");
        assert_eq!(records[2].data["note"], "Called him");
        assert_eq!(records[1].data["reasons"], json!(["new_account"]));
    }
    app.assert_sound().await;
}

/// Follows every deal and payment of a busy time, with an outage in it, from its first record to
/// its present state. No step may be missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_without_gaps() {
    let app = App::start().await;
    let one = app.funded(&DealPlan { milestones: vec![20_000, 30_000], fee_payer: "seller" }).await;
    app.complete(&one).await;
    let mut off = app.funded(&DealPlan::default()).await;
    app.provider_up(false).await;
    let delayed = withdraw(&app, &one.seller).await;
    let problem = "select count(*) from payments where problem is not null";
    eventually("the payment shows the outage", || async {
        (app.database.number(problem).await == 1).then_some(())
    })
    .await;
    app.provider_up(true).await;
    app.clock.advance(TimeDelta::seconds(30));
    app.wait_for_payment(&one.seller, &delayed, "succeeded").await;
    app.advance(TimeDelta::days(8), &mut [&mut off.buyer]).await;
    app.wait_for_deal(&off.buyer, &off.deal, "refunded").await;
    for (table, prefix) in [("deals", "deal"), ("payments", "pay")] {
        let all = format!("select string_agg(id || ' ' || state, ',') from {table}");
        let all = app.database.text(&all).await.expect("rows");
        for row in all.split(',') {
            let (id, state) = row.split_once(' ').expect("two columns");
            let subject = format!("{prefix}_{}", id.replace('-', ""));
            follow(&subject, &changes(&app, &subject).await, state);
        }
    }
    assert!(changes(&app, &delayed).await.iter().any(|one| one.1 == "payment.not_sent"));
    app.assert_sound().await;
}

/// The events of one decision have a record each, with the same states before and after.
fn follow(subject: &str, changes: &[Change], state: &str) {
    let mut last: Option<&Change> = None;
    for one in changes {
        let goes_on = match last {
            None => one.2.is_none(),
            Some(last) => one.2 == last.3 || (&one.2, &one.3) == (&last.2, &last.3),
        };
        assert!(goes_on && one.3.is_some(), "{subject}: a gap before {one:?} in {changes:#?}");
        last = Some(one);
    }
    let end = last.and_then(|last| last.3.as_deref());
    assert_eq!(end, Some(state), "{subject}: {changes:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_cannot_be_changed() {
    let database = Database::new().await;
    database
        .execute(
            "insert into events (tx, ordinal, at, kind, actor_kind, subject, audience, data)
            select tx, first, now(), 'job.replayed', 'system', 'job', 'staff', '{}' from events_reserve(1)",
        )
        .await;
    for sql in [
        "update events set kind = 'deal.sold'",
        "delete from events_default",
        "delete from events",
        "truncate events",
    ] {
        assert_eq!(database.refusal(sql).await, "events_append_only", "{sql}");
    }
}

//! Costs of deals: templates, quotes, versions of the fee plan, and brokers.

use amana_harness::{Answer, App, Person};
use chrono::TimeDelta;
use serde_json::{Value, json};

const PLANS: &str = "/v1/operator/fee-plans";

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

fn kes(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "KES" })
}

fn of_template(buyer: &Person, template: &str, minor: i64) -> Value {
    json!({
        "title": "Two goats", "role": "seller", "currency": "KES", "template": template,
        "counterparty": { "email": buyer.email }, "amount": kes(minor),
    })
}

async fn made(app: &App, seller: &Person, body: Value) -> (String, Value) {
    let deal = app.post(seller, "/v1/deals", body).await.expect(201);
    (format!("/v1/deals/{}", deal["id"].as_str().expect("an id")), deal)
}

async fn act(app: &App, who: &Person, deal: &str, what: &str, body: Value) -> Value {
    app.post(who, &format!("{deal}/{what}"), body).await.expect(200)
}

/// Every template creates a deal in one call, with the whole price and the terms that it shows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_and_an_amount_make_a_deal() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let all = app.get(&seller, "/v1/deal-templates").await.expect(200);
    let all = all["templates"].as_array().expect("templates");
    assert_eq!(all.len(), 5);
    for template in all {
        let name = template["name"].as_str().expect("a name");
        let (_, deal) = made(&app, &seller, of_template(&buyer, name, 100_001)).await;
        let parts = deal["milestones"].as_array().expect("milestones");
        let sum: i64 = parts.iter().filter_map(|part| part["amount"]["amount"].as_i64()).sum();
        assert_eq!((sum, &deal["terms"]), (100_001, &template["terms"]), "{name}");
        for (part, sketch) in parts.iter().zip(template["milestones"].as_array().expect("parts")) {
            for member in ["title", "proof", "delivery_hours"] {
                assert_eq!(part[member], sketch[member], "{name}");
            }
        }
    }
    let mut own = of_template(&buyer, "vehicle", 100_000);
    own["terms"] = json!({ "funding_hours": 5 });
    let (_, deal) = made(&app, &seller, own).await;
    let terms = &deal["terms"];
    assert_eq!((&terms["funding_hours"], &terms["inspection_hours"]), (&json!(5), &json!(48)));
    let mut both = of_template(&buyer, "goods", 100_000);
    both["milestones"] = json!([{ "title": "Part", "amount": kes(1) }]);
    refused(&app.post(&seller, "/v1/deals", both).await, 422, "invalid_request");
    let mut dollars = of_template(&buyer, "goods", 100_000);
    dollars["amount"]["currency"] = json!("USD");
    refused(&app.post(&seller, "/v1/deals", dollars).await, 422, "invalid_request");
}

/// New offers use the new plan; signed and open offers keep theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_fee_plan_is_for_new_offers() {
    let app = App::builder().without_worker().start().await;
    let (mut buyer, mut seller) = (app.person("Amina").await, app.person("Juma").await);
    let (mut operator, other) = (app.operator().await, app.operator().await);
    let quote = json!({ "amounts": [kes(100_000), kes(100_000)], "fee_payer": "buyer", "commission_bps": 100 });
    let quoted =
        async |who: &Person| app.post(who, "/v1/deals/quote", quote.clone()).await.expect(200);
    let before = quoted(&buyer).await;
    // The settings charge 1.5 %, and the broker 1 %.
    assert_eq!(
        (&before["price"]["amount"], &before["seller_receives"]["amount"]),
        (&json!(205_000), &json!(200_000))
    );
    assert_eq!(before["fees"]["plan_version"], 1);
    let (old, _) = made(&app, &seller, of_template(&buyer, "goods", 200_000)).await;
    act(&app, &seller, &old, "propose", Value::Null).await;

    let plan = json!({ "currency": "KES", "percentage_bps": 300, "fixed_minor": 1_000, "cap_minor": 5_000 });
    app.publish_plan((&operator, &other), plan.clone()).await;
    let published = app.get(&operator, PLANS).await.expect(200)["items"][0].clone();
    assert_eq!((&published["version"], &published["cap"]["amount"]), (&json!(2), &json!(5_000)));
    let after = quoted(&buyer).await;
    assert_eq!(
        (&after["price"]["amount"], &after["fees"]["plan_version"]),
        (&json!(207_000), &json!(2))
    );
    let (_, new) = made(&app, &seller, of_template(&buyer, "goods", 200_000)).await;
    assert_eq!(
        (&new["fees"]["plan_version"], &new["fees"]["seller"]["amount"]),
        (&json!(2), &json!(5_000))
    );
    let kept = app.get(&buyer, &old).await.expect(200);
    assert_eq!(
        (&kept["fees"]["plan_version"], &kept["fees"]["seller"]["amount"]),
        (&json!(1), &json!(3_000))
    );
    let counter = json!({ "title": "Two goats", "template": "goods", "amount": kes(200_000) });
    let countered = act(&app, &buyer, &old, "counter", counter).await;
    assert_eq!(countered["fees"]["plan_version"], 2);
    let agreed = act(&app, &seller, &old, "agree", json!({ "revision": 2 })).await;

    // A plan with a later `valid_from` changes nothing yet.
    let mut later = plan.clone();
    later["percentage_bps"] = json!(0);
    later["valid_from"] = json!(app.clock.now() + TimeDelta::days(1));
    app.publish_plan((&operator, &other), later).await;
    assert_eq!(quoted(&buyer).await, after);
    app.advance(TimeDelta::days(2), &mut [&mut buyer, &mut seller, &mut operator]).await;
    assert_eq!(quoted(&buyer).await["fees"]["plan_version"], 3);
    let still = app.get(&buyer, &old).await.expect(200);
    assert_eq!(still["fees"], agreed["fees"], "expected unchanged fees of an agreed deal");

    let listed = app.get(&operator, PLANS).await.expect(200);
    let versions: Vec<_> = listed["items"]
        .as_array()
        .expect("plans")
        .iter()
        .map(|one| one["version"].clone())
        .collect();
    assert_eq!(versions, [3, 2]);
    let none = app.get(&operator, &format!("{PLANS}?currency=UGX")).await.expect(200);
    assert_eq!(none["items"], json!([]));
    for (member, value) in [
        ("cap_minor", json!(5)),
        ("valid_from", json!("2020-01-01T00:00:00Z")),
        ("percentage_bps", json!(10_001)),
        ("fixed_minor", json!(-1)),
    ] {
        let mut bad = plan.clone();
        bad["floor_minor"] = json!(10);
        bad["note"] = json!("looked into");
        bad[member] = value;
        let answer = app.post(&operator, PLANS, bad).await;
        refused(&answer, 422, "invalid_request");
        assert_eq!(answer.body["errors"][0]["pointer"], format!("/{member}"));
    }
    let law = app.database.refusal("update fee_plans set percentage_bps = 0").await;
    assert_eq!(law, "fee_plans_stay");
    app.assert_sound().await;
}

/// The broker sees the deal, is paid at release, and is notified of the agreement and the payment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_is_paid_at_release() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let broker = app.person("Wanjiku").await;
    app.put(&broker, "/v1/me/handle", json!({ "handle": "wanjiku" })).await.expect(200);
    app.top_up(&buyer, 200_000).await;
    let with = |broker: Value| {
        let mut body = of_template(&buyer, "goods", 200_000);
        body["broker"] = broker;
        body
    };
    for (bad, code) in [
        (json!({ "user_id": broker.id, "commission_bps": 1_001 }), "invalid_request"),
        (json!({ "commission_bps": 100 }), "invalid_request"),
        (json!({ "handle": "nobody_here", "commission_bps": 100 }), "invalid_request"),
        (json!({ "user_id": buyer.id, "commission_bps": 100 }), "same_party"),
    ] {
        refused(&app.post(&seller, "/v1/deals", with(bad)).await, 422, code);
    }
    let named = json!({ "handle": "@wanjiku", "commission_bps": 250 });
    let (deal, draft) = made(&app, &seller, with(named)).await;
    assert_eq!(
        (&draft["broker"]["name"], &draft["fees"]["commission"]["amount"]),
        (&json!("Wanjiku"), &json!(5_000))
    );
    assert_eq!(app.get(&broker, "/v1/deals").await.expect(200)["items"][0]["id"], draft["id"]);
    act(&app, &seller, &deal, "propose", Value::Null).await;
    refused(
        &app.post(&broker, &format!("{deal}/agree"), json!({ "revision": 1 })).await,
        403,
        "wrong_party",
    );
    act(&app, &buyer, &deal, "agree", json!({ "revision": 1 })).await;
    let agreement = app.get(&broker, &format!("{deal}/agreement")).await.expect(200);
    assert_eq!(
        (&agreement["broker"]["handle"], &agreement["commission_bps"]),
        (&json!("@wanjiku"), &json!(250))
    );
    act(&app, &buyer, &deal, "fund", json!({ "method": "wallet" })).await;
    let part = draft["milestones"][0]["id"].as_str().expect("an id");
    act(&app, &buyer, &deal, &format!("milestones/{part}/release"), Value::Null).await;
    assert_eq!(app.balance(&broker).await, (5_000, 0));
    assert_eq!(app.balance(&seller).await, (192_000, 0));
    app.messages_are_sent().await;
    let told = format!(
        "select string_agg(template, ' ' order by id) from notifications where user_id = '{}' and template like 'broker%'",
        broker.uuid()
    );
    assert_eq!(app.database.text(&told).await.as_deref(), Some("broker_agreed broker_paid"));
    app.assert_sound().await;
}

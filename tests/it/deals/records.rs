//! Client data of a deal (reference, labels) and the list of possible actions.

use amana_harness::{Answer, App, Person};
use serde_json::{Value, json};

fn new(buyer: &Person, more: &Value) -> Value {
    let mut body = json!({
        "title": "Two goats", "role": "seller", "currency": "KES",
        "counterparty": { "email": buyer.email },
        "milestones": [{ "title": "Both", "amount": { "amount": 150_000, "currency": "KES" } }],
    });
    for (name, value) in more.as_object().expect("members") {
        body[name] = value.clone();
    }
    body
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, pointer: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
    assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{:#}", answer.body);
}

/// The creator's reference is unique, so a client in doubt can repeat the call safely.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_is_found_by_the_reference_of_its_creator() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let metadata = json!({ "order": "7", "shop": "Soko" });
    let body = new(&amina, &json!({ "reference": "Order 7", "metadata": metadata }));
    let made = app.post_keyed(&juma, "/v1/deals", "k-1", body.clone()).await.expect(201);
    assert_eq!((&made["reference"], &made["metadata"]), (&json!("Order 7"), &metadata));
    let again = app.post_keyed(&juma, "/v1/deals", "k-1", body.clone()).await;
    let replayed = again.headers["idempotent-replayed"].to_str().ok();
    assert_eq!((replayed, &again.body), (Some("true"), &made));
    // Another idempotency key does not create it twice either.
    refused(
        &app.post(&juma, "/v1/deals", body.clone()).await,
        409,
        "deal_reference_taken",
        "/reference",
    );
    assert_eq!(app.database.number("select count(*) from deals").await, 1);
    let found = app.get(&juma, "/v1/deals?reference=Order%207").await.expect(200);
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["items"][0]["id"], made["id"]);
    // Only the creator sees the reference, and each user has references of their own.
    let seen = app.get(&amina, &format!("/v1/deals/{}", made["id"].as_str().expect("an id"))).await;
    let seen = seen.expect(200);
    assert_eq!((&seen["reference"], &seen["metadata"]), (&Value::Null, &json!({})));
    assert_eq!(
        app.get(&amina, "/v1/deals?reference=Order%207").await.expect(200)["items"],
        json!([])
    );
    let hers = new(&juma, &json!({ "reference": "Order 7" }));
    app.post(&amina, "/v1/deals", hers).await.expect(201);
    app.post(&juma, "/v1/deals", new(&amina, &json!({}))).await.expect(201);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_and_metadata_are_bounded() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let many: Value =
        (0..21).map(|n| (format!("m{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    for (more, pointer) in [
        (json!({ "reference": "x".repeat(65) }), "/reference"),
        (json!({ "reference": "  " }), "/reference"),
        (json!({ "metadata": many }), "/metadata"),
        (json!({ "metadata": { "m": "v".repeat(501) } }), "/metadata"),
        (json!({ "metadata": { "m".repeat(41): "v" } }), "/metadata"),
    ] {
        let answer = app.post(&juma, "/v1/deals", new(&amina, &more)).await;
        refused(&answer, 422, "invalid_request", pointer);
    }
    let most =
        json!({ "reference": "x".repeat(64), "metadata": { "m".repeat(40): "v".repeat(500) } });
    app.post(&juma, "/v1/deals", new(&amina, &most)).await.expect(201);
}

/// No provider carries the currency, so the deal could not be paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_in_a_currency_that_nothing_carries_is_not_made() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    for currency in ["NGN", "TZS", "UGX", "RWF", "GHS", "USD"] {
        let milestones =
            json!([{ "title": "Both", "amount": { "amount": 150_000, "currency": currency } }]);
        let body = new(&amina, &json!({ "currency": currency, "milestones": milestones }));
        refused(
            &app.post(&juma, "/v1/deals", body).await,
            422,
            "unsupported_currency",
            "/currency",
        );
    }
    assert_eq!(app.database.number("select count(*) from deals").await, 0);
}

/// A mistyped amount must not empty a phone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_is_outstanding_is_paid_by_intention_only() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app
        .agreed(
            &amina,
            &juma,
            &amana_harness::DealPlan { milestones: vec![100_050], ..Default::default() },
        )
        .await;
    let fund = format!("/v1/deals/{deal}/fund");
    let price =
        app.get(&amina, &format!("/v1/deals/{deal}")).await.expect(200)["price"]["amount"].clone();
    assert_eq!(price, 100_050);
    let paying = |method: &str, minor: i64, more: bool| {
        let amount = json!({ "amount": minor, "currency": "KES" });
        let mut body = json!({ "method": method, "amount": amount });
        if more {
            body["allow_overpayment"] = json!(true);
        }
        body
    };
    let before = app.database.fingerprint().await;
    for (method, minor) in [("mpesa", 1_000_500), ("mpesa", 100_200), ("wallet", 100_051)] {
        let answer = app.post(&amina, &fund, paying(method, minor, false)).await;
        refused(&answer, 422, "amount_exceeds_outstanding", "/amount");
        let asked =
            app.post(&amina, &format!("{fund}?dry_run=true"), paying(method, minor, false)).await;
        refused(&asked, 422, "amount_exceeds_outstanding", "/amount");
    }
    assert_eq!(app.database.fingerprint().await, before);
    // A phone pays whole shillings, so rounding up to the next one is no overpayment.
    app.post(&amina, &format!("{fund}?dry_run=true"), paying("mpesa", 100_100, false))
        .await
        .expect(200);
    app.post(&amina, &fund, paying("mpesa", 1_000_500 - 500, true)).await.expect(202);
}

fn actions(deal: &Value) -> Vec<String> {
    let actions = deal["allowed_actions"].as_array().expect("actions").iter();
    let mut found: Vec<String> = actions
        .map(|one| {
            let action = one["action"].as_str().expect("an action");
            if one["milestone_id"].is_null() {
                action.to_owned()
            } else {
                format!("milestone {action}")
            }
        })
        .collect();
    found.sort();
    found
}

/// The deal lists the actions of its reader; every other call is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deal_tells_what_its_reader_can_do() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let made = app.post(&juma, "/v1/deals", new(&amina, &json!({}))).await.expect(201);
    let deal = format!("/v1/deals/{}", made["id"].as_str().expect("an id"));
    let sees = async |person: &Person| actions(&app.get(person, &deal).await.expect(200));
    assert_eq!(actions(&made), ["cancel", "counter", "propose"]);
    assert_eq!(sees(&amina).await, ["cancel"]);
    let proposed = app.post(&juma, &format!("{deal}/propose"), Value::Null).await.expect(200);
    assert_eq!(actions(&proposed), ["cancel", "counter"]);
    assert_eq!(sees(&amina).await, ["agree", "cancel", "counter"]);
    let agreed =
        app.post(&amina, &format!("{deal}/agree"), json!({ "revision": 1 })).await.expect(200);
    assert_eq!(actions(&agreed), ["add_payer", "cancel", "extend", "fund"]);
    assert_eq!(sees(&juma).await, ["cancel", "extend"]);
    app.given(&amina, 200_000, app.clock.now()).await;
    let funded =
        app.post(&amina, &format!("{deal}/fund"), json!({ "method": "wallet" })).await.expect(200);
    let both = ["milestone dispute", "milestone extend", "milestone offer_split"];
    let all = |own: &[&str]| {
        let mut all: Vec<String> = own.iter().chain(&both).map(ToString::to_string).collect();
        all.push("mutual_cancel".to_owned());
        all.sort();
        all
    };
    assert_eq!(actions(&funded), all(&["milestone release"]));
    assert_eq!(sees(&juma).await, all(&["milestone deliver", "milestone refund"]));
    let part = made["milestones"][0]["id"].as_str().expect("an id");
    app.post(&juma, &format!("{deal}/milestones/{part}/deliver"), Value::Null).await.expect(200);
    assert_eq!(sees(&amina).await, all(&["milestone reject", "milestone release"]));
    app.post(&amina, &format!("{deal}/milestones/{part}/release"), Value::Null).await.expect(200);
    assert_eq!((sees(&amina).await, sees(&juma).await), (vec![], vec![]));
}

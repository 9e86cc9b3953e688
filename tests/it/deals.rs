//! Deals from draft to completion: fees to the cent, refusals, cancellation and lists.

mod costs;
mod disputes;
mod invited;
mod offers;
mod paybill;
mod paying;
mod records;
mod time;

use amana_harness::{App, DealPlan, Funded, Person};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn events(app: &App, person: &Person, deal: &str) -> Vec<String> {
    let path = format!("/v1/deals/{deal}/timeline?limit=100");
    let page = app.get(person, &path).await.expect(200);
    let items = page["items"].as_array().expect("events");
    for (seq, event) in (1..).zip(items) {
        assert_eq!(event["seq"], seq, "events are numbered without gaps: {page:#}");
    }
    items.iter().map(|e| e["kind"].as_str().expect("a name").to_owned()).collect()
}

async fn state(app: &App, person: &Person, deal: &str) -> Value {
    app.get(person, &format!("/v1/deals/{deal}")).await.expect(200)["state"].clone()
}

/// Asserts that a command is refused and changes nothing.
async fn refused(app: &App, person: &Person, path: &str, expected: (u16, &str)) {
    let before = app.database.fingerprint().await;
    let body = match path.rsplit('/').next() {
        Some("fund") => json!({ "method": "wallet" }),
        Some("agree") => json!({ "revision": 1 }),
        _ => Value::Null,
    };
    let answer = app.post(person, path, body).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), expected, "{path}");
    assert_eq!(app.database.fingerprint().await, before, "{path}");
}

/// Two parts, paid by M-Pesa, delivered and released one after the other, with every message sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_life_of_a_deal_in_two_parts() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let plan = DealPlan { milestones: vec![120_000, 80_050], fee_payer: "shared" };
    let draft = app.draft(&buyer, &seller, &plan).await;
    assert_eq!((&draft["state"], &draft["role"]), (&json!("draft"), &json!("seller")));
    let deal = draft["id"].as_str().expect("an id").to_owned();
    let proposed =
        app.post(&seller, &format!("/v1/deals/{deal}/propose"), Value::Null).await.expect(200);
    assert_eq!(proposed["state"], "proposed");
    assert!(proposed["due_at"].is_string());
    let agreed = app
        .post(&buyer, &format!("/v1/deals/{deal}/agree"), json!({ "revision": 1 }))
        .await
        .expect(200);
    assert_eq!((&agreed["state"], &agreed["role"]), (&json!("agreed"), &json!("buyer")));
    let payment = app.start_mpesa(&buyer, &deal).await;
    app.wait_for_payment(&buyer, &payment, "pending").await;
    app.approve_prompt(&buyer.phone).await;
    let funded = app.wait_for_deal(&buyer, &deal, "funded").await;
    assert_eq!(funded["payment"]["state"], "succeeded");
    assert_eq!(funded["due_at"], Value::Null);
    for number in [&buyer.phone, &seller.phone] {
        assert!(!funded.to_string().contains(number.as_str()), "expected masked phone numbers");
    }
    let parts = app.milestones(&buyer, &deal).await;
    let path =
        |n: usize, command: &str| format!("/v1/deals/{deal}/milestones/{}/{command}", parts[n]);
    let after = app.post(&seller, &path(0, "deliver"), Value::Null).await.expect(200);
    assert_eq!(
        (&after["state"], &after["milestones"][0]["state"]),
        (&json!("funded"), &json!("delivered"))
    );
    let after = app.post(&buyer, &path(0, "release"), Value::Null).await.expect(200);
    assert_eq!(
        (&after["state"], &after["milestones"][0]["state"]),
        (&json!("funded"), &json!("released"))
    );
    let after = app.post(&seller, &path(1, "deliver"), Value::Null).await.expect(200);
    assert_eq!(after["state"], "delivered");
    let after = app.post(&buyer, &path(1, "release"), Value::Null).await.expect(200);
    assert_eq!(after["state"], "released");
    let told = [
        "deal.created",
        "deal.proposed",
        "deal.agreed",
        "payment.requested",
        "payment.prompted",
        "payment.succeeded",
        "deal.paid",
        "deal.funded",
        "milestone.delivered",
        "milestone.released",
        "milestone.delivered",
        "milestone.released",
        "deal.completed",
    ];
    assert_eq!(events(&app, &buyer, &deal).await, told);
    assert_eq!(events(&app, &seller, &deal).await, told);
    app.assert_sound().await;
}

/// 1.5 % of KES 2,000.50 is KES 30.01 after rounding. The configured side pays it, and no cent is
/// lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fees_fall_on_the_payer_to_the_cent() {
    // (fee payer, price, amount on the phone, change for the buyer, amount for the seller)
    for (fee_payer, price, asked, change, earned) in [
        ("buyer", 203_051, 203_100, 49, 200_050),
        ("seller", 200_050, 200_100, 50, 197_049),
        ("shared", 201_550, 201_600, 50, 198_549),
    ] {
        let app = App::start().await;
        let operator = app.operator().await;
        let plan = DealPlan { milestones: vec![120_000, 80_050], fee_payer };
        let funded = app.funded(&plan).await;
        let Funded { buyer, seller, deal } = &funded;
        let shown = app.get(buyer, &format!("/v1/deals/{deal}")).await.expect(200);
        assert_eq!(shown["price"]["amount"], price, "{fee_payer}");
        assert_eq!(shown["payment"]["amount"]["amount"], asked, "{fee_payer}");
        let fee = |side: &str| shown["fees"][side]["amount"].as_i64().expect("a fee");
        assert_eq!(fee("buyer") + fee("seller"), 3_001, "{fee_payer}");
        let sums = || async {
            let proof = app.get(&operator, "/v1/operator/proof").await.expect(200);
            proof["currencies"][0].clone()
        };
        assert_eq!(sums().await["in_escrow_minor"], price, "{fee_payer}");
        app.complete(&funded).await;
        assert_eq!(app.balance(buyer).await, (change, 0), "{fee_payer}");
        assert_eq!(app.balance(seller).await, (earned, 0), "{fee_payer}");
        let end = sums().await;
        assert_eq!((&end["fees_minor"], &end["in_escrow_minor"]), (&json!(3_001), &json!(0)));
        assert_eq!(end["held_by_providers_minor"], asked, "{fee_payer}");
        app.assert_sound().await;
    }
}

/// Each command of a side is refused for the other side and in the wrong state, without effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wrong_party_and_the_wrong_state_are_refused() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let draft = app.draft(&buyer, &seller, &DealPlan::default()).await;
    let deal = format!("/v1/deals/{}", draft["id"].as_str().expect("an id"));
    let part =
        format!("{deal}/milestones/{}", draft["milestones"][0]["id"].as_str().expect("an id"));
    let at = |command: &str| match command {
        "deliver" | "release" => format!("{part}/{command}"),
        _ => format!("{deal}/{command}"),
    };
    let (wrong_party, wrong_state) = ((403, "wrong_party"), (409, "wrong_state"));
    refused(&app, &buyer, &at("propose"), wrong_party).await;
    refused(&app, &seller, &at("agree"), (403, "own_proposal")).await;
    refused(&app, &buyer, &at("agree"), wrong_state).await;
    refused(&app, &buyer, &at("fund"), wrong_state).await;
    app.post(&seller, &at("propose"), Value::Null).await.expect(200);
    refused(&app, &seller, &at("propose"), wrong_state).await;
    refused(&app, &seller, &at("agree"), (403, "own_proposal")).await;
    app.post(&buyer, &at("agree"), json!({ "revision": 1 })).await.expect(200);
    refused(&app, &buyer, &at("agree"), wrong_state).await;
    refused(&app, &seller, &at("fund"), wrong_party).await;
    refused(&app, &buyer, &at("fund"), (422, "insufficient_funds")).await;
    refused(&app, &seller, &at("deliver"), wrong_state).await;
    refused(&app, &buyer, &at("deliver"), wrong_party).await;
    refused(&app, &buyer, &at("release"), wrong_state).await;
    refused(&app, &seller, &at("release"), wrong_party).await;
    refused(&app, &seller, &at("mutual-cancel"), wrong_state).await;
    app.post(&buyer, &at("cancel"), Value::Null).await.expect(200);
    for (person, command) in [
        (&seller, "propose"),
        (&buyer, "agree"),
        (&buyer, "fund"),
        (&seller, "deliver"),
        (&buyer, "release"),
        (&seller, "cancel"),
        (&seller, "mutual-cancel"),
    ] {
        refused(&app, person, &at(command), wrong_state).await;
    }
    app.assert_sound().await;
}

/// A milestone id of another deal is not found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn milestones_belong_to_their_deal() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&buyer, 300_000).await;
    let one = app.funded_from_wallet(&buyer, &seller, &DealPlan::default()).await;
    let other = app.funded_from_wallet(&buyer, &seller, &DealPlan::default()).await;
    let foreign = app.milestones(&buyer, &other).await.remove(0);
    let path = format!("/v1/deals/{one}/milestones/{foreign}");
    for (person, command) in [(&seller, "deliver"), (&buyer, "release")] {
        let answer = app.post(person, &format!("{path}/{command}"), Value::Null).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (404, "not_found"));
    }
    assert_eq!(app.balance(&seller).await, (0, 0));
    app.assert_sound().await;
}

/// Before funding, either party can cancel a deal at once, in every state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unfunded_deal_is_cancelled_by_either_party() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    for (n, by) in [&buyer, &seller].into_iter().cycle().take(6).enumerate() {
        let draft = app.draft(&buyer, &seller, &DealPlan::default()).await;
        let deal = draft["id"].as_str().expect("an id").to_owned();
        let path = |command: &str| format!("/v1/deals/{deal}/{command}");
        if n >= 2 {
            app.post(&seller, &path("propose"), Value::Null).await.expect(200);
        }
        if n >= 4 {
            app.post(&buyer, &path("agree"), json!({ "revision": 1 })).await.expect(200);
        }
        let cancelled = app.post(by, &path("cancel"), Value::Null).await.expect(200);
        assert_eq!(
            (&cancelled["state"], &cancelled["due_at"]),
            (&json!("cancelled"), &Value::Null)
        );
        assert_eq!(
            events(&app, by, &deal).await.last().map(String::as_str),
            Some("deal.cancelled")
        );
    }
    app.assert_sound().await;
}

/// While a payment is pending, the deal can neither be cancelled nor paid a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_under_way_blocks_cancelling_and_paying_again() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let payment = app.start_mpesa(&buyer, &deal).await;
    app.wait_for_payment(&buyer, &payment, "pending").await;
    for (person, command, body) in [
        (&seller, "cancel", Value::Null),
        (&buyer, "cancel", Value::Null),
        (&buyer, "fund", json!({ "method": "mpesa" })),
        (&buyer, "fund", json!({ "method": "wallet" })),
    ] {
        let answer = app.post(person, &format!("/v1/deals/{deal}/{command}"), body).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (409, "payment_in_progress"));
    }
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_deal(&buyer, &deal, "funded").await;
    app.assert_sound().await;
}

/// A funded deal is cancelled when both parties request it. Released milestones stay released; the
/// rest, including its share of the fee, returns to the buyer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_funded_deal_is_called_off_by_both() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&buyer, 203_000).await;
    let plan = DealPlan { milestones: vec![120_000, 80_000], fee_payer: "buyer" };
    let deal = app.funded_from_wallet(&buyer, &seller, &plan).await;
    assert_eq!(app.balance(&buyer).await, (0, 0));
    let part = app.milestones(&buyer, &deal).await.remove(0);
    let release = format!("/v1/deals/{deal}/milestones/{part}/release");
    app.post(&buyer, &release, Value::Null).await.expect(200);
    let cancel = format!("/v1/deals/{deal}/mutual-cancel");
    let asked = app.post(&seller, &cancel, Value::Null).await.expect(200);
    assert_eq!(
        (&asked["state"], &asked["cancellation_requested_by"]),
        (&json!("funded"), &json!("seller"))
    );
    let again = app.post(&seller, &cancel, Value::Null).await;
    assert_eq!((again.status.as_u16(), again.problem()), (409, "already_requested"));
    let alone = app.post(&buyer, &format!("/v1/deals/{deal}/cancel"), Value::Null).await;
    assert_eq!((alone.status.as_u16(), alone.problem()), (409, "wrong_state"));
    let over = app.post(&buyer, &cancel, Value::Null).await.expect(200);
    assert_eq!(
        (&over["state"], &over["cancellation_requested_by"]),
        (&json!("released"), &Value::Null)
    );
    assert_eq!(over["milestones"][1]["state"], "refunded");
    assert_eq!(app.balance(&buyer).await, (81_200, 0));
    assert_eq!(app.balance(&seller).await, (120_000, 0));
    assert_eq!(state(&app, &seller, &deal).await, "released");
    app.assert_sound().await;
}

/// 25 deals in pages of 10, newest first, without gaps or repeats, also when deals are created
/// meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_come_in_stable_pages() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let mut made = vec![];
    for _ in 0..25 {
        let deal = app.draft(&buyer, &seller, &DealPlan::default()).await;
        made.push(deal["id"].as_str().expect("an id").to_owned());
    }
    made.reverse();
    for person in [&buyer, &seller] {
        let (mut seen, mut sizes) = (vec![], vec![]);
        let mut path = "/v1/deals?limit=10".to_owned();
        loop {
            let page = app.get(person, &path).await.expect(200);
            let items = page["items"].as_array().expect("items");
            sizes.push(items.len());
            seen.extend(items.iter().map(|d| d["id"].as_str().expect("an id").to_owned()));
            app.draft(&buyer, &seller, &DealPlan::default()).await;
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/deals?limit=10&after={cursor}");
        }
        assert_eq!(
            seen.iter().collect::<BTreeSet<_>>().len(),
            seen.len(),
            "expected no deal twice in the pages"
        );
        let first = seen.iter().position(|id| *id == made[0]).expect("the newest of the 25");
        assert_eq!(seen[first..], made, "expected every deal in the pages");
        assert!(sizes[..sizes.len() - 1].iter().all(|size| *size == 10), "{sizes:?}");
    }
    let whole = app.get(&buyer, "/v1/deals?limit=100").await.expect(200);
    assert_eq!(
        (whole["items"].as_array().map(Vec::len), &whole["next_cursor"]),
        (Some(31), &Value::Null)
    );
    app.assert_sound().await;
}

/// Pages of the timeline; `after` is the number of the last known event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_timeline_comes_in_pages() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let mut after = 0;
    for (seq, name) in (1..).zip(["deal.created", "deal.proposed", "deal.agreed"]) {
        let path = format!("/v1/deals/{deal}/timeline?limit=1&after={after}");
        let page = app.get(&buyer, &path).await.expect(200);
        let event = &page["items"][0];
        assert_eq!((&event["seq"], &event["kind"]), (&json!(seq), &json!(name)));
        let by = if name == "deal.agreed" { &buyer.id } else { &seller.id };
        assert_eq!(event["actor_id"], by.as_str());
        after = seq;
        assert_eq!(page["next_cursor"].is_null(), seq == 3, "{page:#}");
    }
}

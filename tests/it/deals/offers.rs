//! Counter-offers: every revision is kept and signed by its author, and a deal needs the signatures
//! of both.

use amana_harness::{Answer, App, DealPlan, Person, race_rounds};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn offer(minor: i64) -> Value {
    let amount = json!({ "amount": minor, "currency": "KES" });
    json!({
        "title": "Two good goats", "terms": { "inspection_hours": 12 },
        "milestones": [{ "title": "Part 1", "amount": amount }],
    })
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

/// Creates an offer by the seller. Returns the deal's path.
async fn proposed(app: &App, buyer: &Person, seller: &Person) -> String {
    let draft = app.draft(buyer, seller, &DealPlan::default()).await;
    let deal = format!("/v1/deals/{}", draft["id"].as_str().expect("an id"));
    app.post(seller, &format!("{deal}/propose"), Value::Null).await.expect(200);
    deal
}

async fn agree(app: &App, who: &Person, deal: &str, revision: u32) -> Answer {
    app.post(who, &format!("{deal}/agree"), json!({ "revision": revision })).await
}

fn roles(signed: &Value) -> Vec<&str> {
    signed.as_array().expect("a list").iter().filter_map(|one| one["role"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_offer_is_kept_with_what_is_different_and_who_signed_it() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = proposed(&app, &buyer, &seller).await;
    let countered = app.post(&buyer, &format!("{deal}/counter"), offer(120_000)).await.expect(200);
    assert_eq!((&countered["revision"], &countered["offered_by"]), (&json!(2), &json!("buyer")));
    assert_eq!(roles(&countered["signed_by"]), ["buyer"]);
    refused(&agree(&app, &seller, &deal, 1).await, 409, "revision_mismatch");
    refused(&agree(&app, &buyer, &deal, 2).await, 403, "own_proposal");
    let agreed = agree(&app, &seller, &deal, 2).await.expect(200);
    assert_eq!(
        (&agreed["title"], &agreed["price"]["amount"]),
        (&json!("Two good goats"), &json!(120_000))
    );
    assert_eq!(
        roles(&agreed["signed_by"]).into_iter().collect::<BTreeSet<_>>(),
        ["buyer", "seller"].into()
    );
    refused(&app.post(&buyer, &format!("{deal}/counter"), offer(1)).await, 409, "wrong_state");

    let page = app.get(&seller, &format!("{deal}/revisions")).await.expect(200);
    let [first, second] = page["items"].as_array().expect("offers").as_slice() else {
        panic!("{page:#}")
    };
    assert_eq!((&first["revision"], &first["changes"]), (&json!(1), &json!([])));
    assert_eq!(first["offer"]["milestones"][0]["amount"]["amount"], 150_000);
    assert_eq!(first["offer"]["title"], "Two goats");
    assert_eq!(roles(&first["signatures"]), ["seller"]);
    assert_eq!(second["by_user_id"], buyer.id.as_str());
    let changed = |field: &str, before: &str, after: &str| json!({ "field": field, "before": before, "after": after });
    assert_eq!(
        second["changes"],
        json!([
            changed("title", "Two goats", "Two good goats"),
            changed("terms.inspection", "3 days", "12 hours"),
            changed("milestones[1].amount", "KES 1,500.00", "KES 1,200.00"),
        ])
    );
    // Only the signer sees the session of a signature.
    for signature in second["signatures"].as_array().expect("signatures") {
        let own = signature["user_id"] == seller.id.as_str();
        assert_eq!(signature["session_id"].is_string(), own, "{signature}");
        assert_eq!(signature["api_key_id"], Value::Null);
    }
    // A page that begins later still compares with the revision before it.
    let path = format!("{deal}/revisions?limit=1");
    let one = app.get(&buyer, &path).await.expect(200);
    let next = one["next_cursor"].as_str().expect("more");
    let rest = app.get(&buyer, &format!("{path}&after={next}")).await.expect(200);
    assert_eq!(
        (&rest["items"][0]["changes"], &rest["next_cursor"]),
        (&second["changes"], &Value::Null)
    );
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_written_anew_by_its_owner_and_signed_when_it_is_proposed() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let stranger = app.person("Neema").await;
    let draft = app.draft(&buyer, &seller, &DealPlan::default()).await;
    let deal = format!("/v1/deals/{}", draft["id"].as_str().expect("an id"));
    let counter = format!("{deal}/counter");
    refused(&app.post(&buyer, &counter, offer(90_000)).await, 403, "wrong_party");
    refused(&app.post(&stranger, &counter, offer(90_000)).await, 404, "not_found");
    let dollars = json!({ "amount": 5, "currency": "USD" });
    let mut other = offer(1);
    other["milestones"][0]["amount"] = dollars;
    refused(&app.post(&seller, &counter, other).await, 422, "invalid_request");
    let anew = app.post(&seller, &counter, offer(90_000)).await.expect(200);
    assert_eq!((&anew["state"], &anew["revision"]), (&json!("draft"), &json!(2)));
    assert_eq!(anew["signed_by"], json!([]));
    let made = app.key(&seller, &["deals:write"]).await;
    let machine = Person { token: made.secret, ..seller.clone() };
    let signed = app.post(&machine, &format!("{deal}/propose"), Value::Null).await.expect(200);
    assert_eq!(roles(&signed["signed_by"]), ["seller"]);
    let page = app.get(&seller, &format!("{deal}/revisions")).await.expect(200);
    assert_eq!(page["items"][0]["signatures"], json!([]));
    let signature = &page["items"][1]["signatures"][0];
    assert_eq!(
        (&signature["api_key_id"], &signature["session_id"]),
        (&json!(made.id), &Value::Null)
    );
    refused(&app.get(&stranger, &format!("{deal}/revisions")).await, 404, "not_found");
    app.assert_sound().await;
}

/// A contract keeps the names of the day on which it was signed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agreement_outlives_what_people_change_about_themselves() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    app.put(&seller, "/v1/me/handle", json!({ "handle": "juma_k" })).await.expect(200);
    let deal = proposed(&app, &buyer, &seller).await;
    let path = format!("{deal}/agreement");
    refused(&app.get(&buyer, &path).await, 404, "not_found");
    agree(&app, &buyer, &deal, 1).await.expect(200);
    let before = app.get(&buyer, &path).await.expect(200);
    let wanted = json!({ "id": seller.id, "name": "Juma", "handle": "@juma_k" });
    assert_eq!(before["seller"], wanted);
    assert_eq!(
        (&before["offer"]["price"]["amount"], &before["broker"]),
        (&json!(150_000), &Value::Null)
    );
    let rename = format!("update users set name = 'Somebody' where id = '{}'", seller.uuid());
    app.database.execute(&rename).await;
    assert_eq!(app.get(&buyer, &deal).await.expect(200)["seller"]["name"], "Somebody");
    assert_eq!(app.get(&buyer, &path).await.expect(200), before);
    let stranger = app.person("Neema").await;
    refused(&app.get(&stranger, &path).await, 404, "not_found");
}

/// Constraints refuse the same changes by SQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_binds_unsigned_and_nothing_signed_is_changed() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = proposed(&app, &buyer, &seller).await;
    let unsigned = "update deals set state = 'agreed'";
    assert_eq!(app.database.refusal(unsigned).await, "deals_signed_when_bound");
    agree(&app, &buyer, &deal, 1).await.expect(200);
    for (sql, law) in [
        ("update deals set revision = 2", "deals_signed_when_bound"),
        ("update deal_revisions set offer = '{}'", "deal_revisions_stay"),
        ("delete from deal_signatures", "deal_signatures_stay"),
        ("update deal_snapshots set data = '{}'", "deal_snapshots_stay"),
    ] {
        assert_eq!(app.database.refusal(sql).await, law, "{sql}");
    }
}

/// One party agrees while the other makes a counter-offer: exactly one succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agreeing_and_countering_at_once_have_one_winner() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let mut won = [0, 0];
    for round in 0..race_rounds() {
        let deal = proposed(&app, &buyer, &seller).await;
        let mut calls = [
            (&buyer, format!("{deal}/agree"), json!({ "revision": 1 })),
            (&seller, format!("{deal}/counter"), offer(90_000)),
        ];
        calls.rotate_left(round % 2);
        let mut answers = app.together(calls).await;
        answers.rotate_left(round % 2);
        let winner = answers.iter().position(|answer| answer.status == 200).expect("a winner");
        won[winner] += 1;
        // The loser gets the present state of the deal.
        let (code, state, signed) = match winner {
            0 => ("wrong_state", "agreed", 2),
            _ => ("revision_mismatch", "proposed", 1),
        };
        let lost = &answers[1 - winner];
        refused(lost, 409, code);
        let now = if winner == 0 { "agreed" } else { "revision is 2" };
        assert!(lost.body["detail"].as_str().expect("words").contains(now), "{:#}", lost.body);
        let found = app.get(&buyer, &deal).await.expect(200);
        assert_eq!(found["state"], state);
        assert_eq!(found["signed_by"].as_array().map(Vec::len), Some(signed));
    }
    assert_eq!(won.iter().sum::<usize>(), race_rounds());
    app.assert_sound().await;
}

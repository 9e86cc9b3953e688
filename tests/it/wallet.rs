//! The wallet: balances, their history in pages, and paying in.

use amana_harness::{App, DealPlan, Person};
use serde_json::{Value, json};

async fn all_entries(app: &App, person: &Person, limit: usize) -> Vec<Value> {
    let mut found = vec![];
    let mut path = format!("/v1/wallet/entries?limit={limit}");
    loop {
        let page = app.get(person, &path).await.expect(200);
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= limit);
        found.extend(items.iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else { return found };
        assert_eq!(items.len(), limit, "only the last page may be short");
        path = format!("/v1/wallet/entries?limit={limit}&after={cursor}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_is_paid_in_from_the_phone() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    let body = json!({ "amount": { "amount": 120_000, "currency": "KES" } });
    let payment = app.post(&amina, "/v1/wallet/deposits", body).await.expect(202);
    assert_eq!((&payment["purpose"], &payment["deal_id"]), (&json!("deposit"), &Value::Null));
    assert_eq!(payment["amount"], json!({ "amount": 120_000, "currency": "KES" }));
    assert!(!payment.to_string().contains(&amina.phone), "numbers are masked");
    let id = payment["id"].as_str().expect("an id");
    app.approve_prompt(&amina.phone).await;
    let paid = app.wait_for_payment(&amina, id, "succeeded").await;
    assert_eq!((&paid["status_text"], &paid["problem"]), (&json!("Paid."), &Value::Null));
    assert_eq!(paid["receipt"].as_str().map(str::len), Some(10));
    assert_eq!(app.balance(&amina).await, (120_000, 0));
    let listed = app.get(&amina, "/v1/payments?purpose=deposit").await.expect(200);
    assert_eq!((&listed["items"][0], &listed["next_cursor"]), (&paid, &Value::Null));
    app.assert_sound().await;
}

/// Somebody else's phone may pay: the money is for the caller all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_phone_may_be_asked() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    let body =
        json!({ "amount": { "amount": 50_000, "currency": "KES" }, "phone": "0722 000 123" });
    let payment = app.post(&amina, "/v1/wallet/deposits", body).await.expect(202);
    assert_eq!(payment["phone"], "2547****0123");
    app.approve_prompt("254722000123").await;
    let id = payment["id"].as_str().expect("an id");
    app.wait_for_payment(&amina, id, "succeeded").await;
    assert_eq!(app.balance(&amina).await, (50_000, 0));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declined_prompt_pays_nothing_in_and_says_so() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    app.fault(&amina.phone, "cancel", 1).await;
    let body = json!({ "amount": { "amount": 50_000, "currency": "KES" } });
    let payment = app.post(&amina, "/v1/wallet/deposits", body).await.expect(202);
    let id = payment["id"].as_str().expect("an id");
    let failed = app.wait_for_payment(&amina, id, "failed").await;
    assert_eq!(failed["reason"], "cancelled_by_payer");
    assert!(failed["status_text"].to_string().contains("Nothing was taken"), "{failed:#}");
    assert!(all_entries(&app, &amina, 10).await.is_empty());
    app.assert_sound().await;
}

/// A withdrawal holds the money at once; available and held always make up the total.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_its_way_out_is_held() {
    let mut app = App::start().await;
    let amina = app.person("Amina").await;
    app.top_up(&amina, 100_000).await;
    app.stop_worker().await;
    let body = json!({ "amount": { "amount": 30_000, "currency": "KES" } });
    let payment = app.post(&amina, "/v1/withdrawals", body).await.expect(202);
    assert_eq!(payment["state"], "screening");
    assert_eq!(app.balance(&amina).await, (70_000, 30_000));
    let wallet = app.get(&amina, "/v1/wallet").await.expect(200);
    assert_eq!(wallet["balances"][0]["total"], json!({ "amount": 100_000, "currency": "KES" }));
    app.add_worker();
    let id = payment["id"].as_str().expect("an id");
    app.wait_for_payment(&amina, id, "succeeded").await;
    assert_eq!(app.balance(&amina).await, (70_000, 0));
    let listed = app.get(&amina, "/v1/withdrawals").await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    app.assert_sound().await;
}

/// Every page size shows the same history: newest first, no gap, no repeat, and it adds up line by line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_adds_up_whatever_the_page_size() {
    let app = App::start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&amina, 1_000_000).await;
    let plan = DealPlan { milestones: vec![100_000], fee_payer: "buyer" };
    for _ in 0..5 {
        app.funded_from_wallet(&amina, &juma, &plan).await;
    }
    let body = json!({ "amount": { "amount": 200_000, "currency": "KES" } });
    let out = app.post(&amina, "/v1/withdrawals", body).await.expect(202);
    let id = out["id"].as_str().expect("an id");
    app.wait_for_payment(&amina, id, "succeeded").await;

    let whole = all_entries(&app, &amina, 100).await;
    let kinds: Vec<&str> = whole.iter().filter_map(|e| e["kind"].as_str()).collect();
    let out = ["payout_settle", "payout_reserve", "payout_reserve"];
    assert_eq!(kinds, [&out[..], &["fund"; 5], &["deposit"]].concat());
    for limit in [1, 2, 3, 7] {
        assert_eq!(all_entries(&app, &amina, limit).await, whole, "pages of {limit}");
    }
    for account in ["user.available", "user.held"] {
        let mut balance = 0;
        for entry in whole.iter().rev().filter(|e| e["account"] == account) {
            balance += entry["amount"]["amount"].as_i64().expect("a number");
            assert_eq!(entry["balance_after"]["amount"], balance, "{entry:#}");
        }
    }
    // 5 deals of 1,000 shillings with 1.5 % on top, and 2,000 withdrawn.
    assert_eq!(app.balance(&amina).await, (292_500, 0));
    app.assert_sound().await;
}

//! Payments in parts and by several payers: shares, overpayment and refunds.

use amana_harness::{App, DealPlan, Person, race_rounds};
use serde_json::{Value, json};

fn kes(minor: i64) -> Value {
    json!({ "amount": minor, "currency": "KES" })
}

async fn pay(app: &App, person: &Person, deal: &str, method: &str, minor: i64) -> Value {
    let body = json!({ "method": method, "amount": kes(minor) });
    let status = if method == "wallet" { 200 } else { 202 };
    app.post(person, &format!("/v1/deals/{deal}/fund"), body).await.expect(status)
}

/// A deal of KES 1,500 that its buyer and a friend may pay for.
struct Together {
    app: App,
    buyer: Person,
    friend: Person,
    seller: Person,
    deal: String,
}

impl Together {
    async fn new() -> Self {
        let app = App::start().await;
        let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
        let friend = app.person("Neema").await;
        let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
        let payers = format!("/v1/deals/{deal}/payers");
        app.post(&buyer, &payers, json!({ "phone": friend.phone })).await.expect(200);
        Self { app, buyer, friend, seller, deal }
    }

    async fn deal(&self) -> Value {
        self.app.get(&self.seller, &format!("/v1/deals/{}", self.deal)).await.expect(200)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_buyer_and_whom_the_buyer_names_pay() {
    let app = App::start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let friend = app.person("Neema").await;
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let (path, payers) = (format!("/v1/deals/{deal}"), format!("/v1/deals/{deal}/payers"));
    let body = json!({ "method": "wallet", "amount": kes(100) });
    let fund = format!("{path}/fund");
    assert_eq!(app.post(&friend, &fund, body.clone()).await.problem(), "not_found");
    assert_eq!(app.post(&seller, &fund, body.clone()).await.problem(), "wrong_party");
    let friend_named = json!({ "email": friend.email });
    for (who, named, code) in [
        (&friend, friend_named.clone(), "not_found"),
        (&seller, friend_named.clone(), "wrong_party"),
        (&buyer, json!({ "phone": "0799999999" }), "unknown_payer"),
        (&buyer, json!({ "email": seller.email }), "same_party"),
    ] {
        assert_eq!(app.post(who, &payers, named).await.problem(), code);
    }
    let named = app.post(&buyer, &payers, friend_named.clone()).await.expect(200);
    assert_eq!(named["payers"][0]["id"], friend.id.as_str());
    assert_eq!(app.post(&buyer, &payers, friend_named).await.problem(), "already_requested");
    let seen = app.get(&friend, &path).await.expect(200);
    assert_eq!((&seen["role"], &seen["state"]), (&Value::Null, &json!("agreed")));
    assert_eq!(app.get(&friend, "/v1/deals").await.expect(200)["items"][0]["id"], deal.as_str());
    assert_eq!(app.post(&friend, &fund, body).await.problem(), "insufficient_funds");
    app.messages_are_sent().await;
    let told = app.mails(&friend).await;
    let asked = |mail: &&amana_harness::Caught| {
        mail.subject.as_deref() == Some("Amina asks you to help pay: Two goats")
    };
    assert_eq!(told.iter().filter(asked).count(), 1, "{told:?}");
}

/// Both pay, from a wallet and by phone. After cancellation each gets the own payments back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_payers_pay_together_and_get_back_in_proportion() {
    let together = Together::new().await;
    let Together { app, buyer, friend, seller, deal } = &together;
    app.top_up(buyer, 50_000).await;
    let part = pay(app, buyer, deal, "wallet", 50_000).await;
    assert_eq!((&part["state"], &part["outstanding"]), (&json!("agreed"), &kes(100_000)));
    assert_eq!(part["status_text"], "KES 500.00 has been paid; KES 1,000.00 is still to be paid.");
    pay(app, friend, deal, "mpesa", 100_000).await;
    app.approve_prompt(&friend.phone).await;
    app.wait_for_deal(buyer, deal, "funded").await;
    let timeline = app.timeline(buyer, deal).await;
    assert_eq!(timeline.iter().filter(|name| *name == "deal.paid").count(), 2);
    assert_eq!(timeline.iter().filter(|name| *name == "deal.funded").count(), 1);
    let cancel = format!("/v1/deals/{deal}/mutual-cancel");
    app.post(seller, &cancel, Value::Null).await.expect(200);
    app.post(buyer, &cancel, Value::Null).await.expect(200);
    assert_eq!(app.balance(buyer).await, (50_000, 0));
    assert_eq!(app.balance(friend).await, (100_000, 0));
    app.messages_are_sent().await;
    let subjects: Vec<_> = app.mails(friend).await.into_iter().filter_map(|m| m.subject).collect();
    assert!(subjects.contains(&"KES 1,000.00 is back in your balance".to_owned()), "{subjects:?}");
    app.assert_sound().await;
}

/// A split refunds both payers, and each is notified of the own part.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_division_tells_each_payer_of_the_own_part() {
    let together = Together::new().await;
    let Together { app, buyer, friend, seller, deal } = &together;
    app.top_up(buyer, 50_000).await;
    app.top_up(friend, 100_000).await;
    pay(app, buyer, deal, "wallet", 50_000).await;
    pay(app, friend, deal, "wallet", 100_000).await;
    let part = app.milestones(buyer, deal).await.remove(0);
    let part = format!("/v1/deals/{deal}/milestones/{part}");
    let half = json!({ "to_seller": kes(75_000) });
    app.post(seller, &format!("{part}/split-offers"), half.clone()).await.expect(200);
    app.post(buyer, &format!("{part}/split-offers/accept"), half).await.expect(200);
    assert_eq!(app.balance(buyer).await, (25_000, 0));
    assert_eq!(app.balance(friend).await, (50_000, 0));
    app.messages_are_sent().await;
    for (person, own) in [(buyer, "Your part, KES 250.00,"), (friend, "KES 500.00")] {
        let mails = app.mails(person).await;
        assert!(mails.iter().any(|mail| mail.text.contains(own)), "{mails:?}");
        assert!(
            !mails.iter().any(|mail| mail.text.contains("Your part, KES 750.00,")),
            "{mails:?}"
        );
    }
    app.assert_sound().await;
}

/// Each payer can have one pending payment. While one is pending, the deal cannot be cancelled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_payer_has_one_payment_under_way() {
    let together = Together::new().await;
    let Together { app, buyer, friend, deal, .. } = &together;
    pay(app, buyer, deal, "mpesa", 60_000).await;
    pay(app, friend, deal, "mpesa", 90_000).await;
    let fund = format!("/v1/deals/{deal}/fund");
    for person in [buyer, friend] {
        let again = app.post(person, &fund, json!({ "method": "mpesa" })).await;
        assert_eq!((again.status.as_u16(), again.problem()), (409, "payment_in_progress"));
    }
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_payer(buyer, deal, &buyer.id, 60_000).await;
    let cancel = app.post(buyer, &format!("/v1/deals/{deal}/cancel"), Value::Null).await;
    assert_eq!(cancel.problem(), "payment_in_progress");
    app.approve_prompt(&friend.phone).await;
    app.wait_for_deal(friend, deal, "funded").await;
    app.assert_sound().await;
}

/// Two phones pay more than the price; the excess stays in the payer's wallet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paid_beyond_the_price_stays_in_the_wallet() {
    let together = Together::new().await;
    let Together { app, buyer, friend, seller, deal } = &together;
    pay(app, buyer, deal, "mpesa", 100_000).await;
    pay(app, friend, deal, "mpesa", 100_000).await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_payer(buyer, deal, &buyer.id, 100_000).await;
    app.approve_prompt(&friend.phone).await;
    let funded = app.wait_for_deal(seller, deal, "funded").await;
    assert_eq!((&funded["paid"], &funded["outstanding"]), (&kes(150_000), &kes(0)));
    assert_eq!(app.balance(buyer).await, (0, 0));
    assert_eq!(app.balance(friend).await, (50_000, 0));
    app.assert_sound().await;
}

/// The deal is not fully paid at its deadline: it expires, and all payers are refunded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partial_payments_are_refunded_at_the_deadline() {
    let mut together = Together::new().await;
    let (app, deal) = (&together.app, together.deal.clone());
    app.top_up(&together.buyer, 50_000).await;
    app.top_up(&together.friend, 20_000).await;
    pay(app, &together.buyer, &deal, "wallet", 50_000).await;
    pay(app, &together.friend, &deal, "wallet", 20_000).await;
    let people = &mut [&mut together.buyer, &mut together.friend, &mut together.seller];
    app.time_passes(72 * 3_600 + 2, people).await;
    let over = app.wait_for_deal(&together.buyer, &deal, "expired").await;
    // The friend comes first in the list, because the buyer paid after the friend was added.
    assert_eq!(over["payers"][0]["refunded"], kes(20_000));
    assert_eq!(app.balance(&together.buyer).await, (50_000, 0));
    assert_eq!(app.balance(&together.friend).await, (20_000, 0));
    assert_eq!(app.entries(&format!("{deal}:return")).await, 1);
    app.messages_are_sent().await;
    for (person, amount) in [(&together.buyer, "KES 500.00"), (&together.friend, "KES 200.00")] {
        let wanted = Some(format!("{amount} is back in your balance"));
        let mails = app.mails(person).await;
        assert_eq!(mails.iter().filter(|mail| mail.subject == wanted).count(), 1, "{mails:?}");
    }
    assert_eq!(together.deal().await["state"], "expired");
    app.assert_sound().await;
}

/// The PIN is entered after the deal has expired: the money is in the wallet only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_payments_stay_in_the_wallet() {
    let app = App::start().await;
    let (mut buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let payment = app.start_mpesa(&buyer, &deal).await;
    app.wait_for_payment(&buyer, &payment, "pending").await;
    app.time_passes(72 * 3_600 + 2, &mut [&mut buyer]).await;
    app.wait_for_deal(&buyer, &deal, "expired").await;
    app.approve_prompt(&buyer.phone).await;
    app.wait_for_payment(&buyer, &payment, "succeeded").await;
    assert_eq!(app.balance(&buyer).await, (150_000, 0));
    let timeline = app.timeline(&buyer, &deal).await;
    assert!(timeline.contains(&"payment.kept_in_wallet".to_owned()), "{timeline:?}");
    app.assert_sound().await;
}

/// An amount above M-Pesa's limit is refused with a payment plan, which then works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_amount_above_the_limit_gets_a_payment_plan() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let plan = DealPlan { milestones: vec![60_000_050], fee_payer: "seller" };
    let deal = app.agreed(&buyer, &seller, &plan).await;
    let fund = format!("/v1/deals/{deal}/fund");
    let parts = json!([kes(25_000_000), kes(25_000_000), kes(10_000_100)]);
    let whole = json!({ "method": "mpesa" });
    let before = app.database.fingerprint().await;
    let refused = app.post(&buyer, &fund, whole.clone()).await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (422, "provider_limit"));
    assert_eq!(refused.body["payments"], parts);
    let words =
        "3 payments, one after the other: KES 250,000.00, KES 250,000.00 and KES 100,001.00";
    let detail = refused.body["detail"].as_str().expect("a text");
    assert!(detail.ends_with(words), "{detail}");
    let quote = app.post(&buyer, &format!("{fund}?dry_run=true"), whole).await.expect(200);
    assert_eq!(quote["payments"], parts);
    assert_eq!(quote["available_after"], kes(50));
    for (minor, code) in [(25_000_100, "provider_limit"), (10_050, "whole_units_required")] {
        let body = json!({ "method": "mpesa", "amount": kes(minor) });
        let answer = app.post(&buyer, &fund, body).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (422, code));
        assert!(answer.body.get("payments").is_none(), "{:#}", answer.body);
    }
    let other = json!({ "method": "wallet", "amount": { "amount": 5, "currency": "USD" } });
    assert_eq!(app.post(&buyer, &fund, other).await.problem(), "unsupported_currency");
    assert_eq!(app.database.fingerprint().await, before);
    let first = json!({ "method": "mpesa", "amount": parts[0] });
    let started = app.post(&buyer, &fund, first).await.expect(202);
    assert_eq!(started["payment"]["amount"], parts[0]);
}

/// Paying and cancelling at the same time: exactly one succeeds, and the other gets the present
/// state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_and_cancelling_at_once_have_one_winner() {
    let app = App::builder().without_worker().start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    app.given(&buyer, 10_000, app.clock.now()).await;
    let plan = DealPlan { milestones: vec![10_000], fee_payer: "seller" };
    let mut funded = 0;
    for round in 0..race_rounds() {
        let deal = app.agreed(&buyer, &seller, &plan).await;
        let at = |command: &str| format!("/v1/deals/{deal}/{command}");
        let mut calls = [
            (&buyer, at("fund"), json!({ "method": "wallet" })),
            (&seller, at("cancel"), Value::Null),
        ];
        calls.rotate_left(round % 2);
        let mut answers = app.together(calls).await;
        answers.rotate_left(round % 2);
        let [pay, cancel] = &answers;
        let (loser, state) =
            if pay.status == 200 { (cancel, "funded") } else { (pay, "cancelled") };
        assert_eq!((loser.status.as_u16(), loser.problem()), (409, "wrong_state"), "{round}");
        let told = loser.body["detail"].as_str().expect("words");
        assert!(told.contains(&format!("while the deal is {state}")), "{told}");
        let found = app.get(&seller, &format!("/v1/deals/{deal}")).await.expect(200);
        assert_eq!(
            (&found["state"], &found["cancellation_requested_by"]),
            (&json!(state), &Value::Null)
        );
        if state == "funded" {
            funded += 1;
            assert_eq!(app.balance(&buyer).await, (0, 0), "round {round}");
            for side in [&buyer, &seller] {
                app.post(side, &at("mutual-cancel"), Value::Null).await.expect(200);
            }
        }
        assert_eq!(app.balance(&buyer).await, (10_000, 0), "round {round}");
    }
    println!("{funded} were paid first");
    app.assert_ledger_holds().await;
}

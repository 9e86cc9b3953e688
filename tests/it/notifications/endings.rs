//! Messages about the end of a deal: true for each reader, also if a detail is missing.

use amana_domain::permission::UserRole;
use amana_harness::{App, Caught, DealPlan, Disputed, PASSWORD, Person};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

/// Lists the e-mails to a user that contain these words.
async fn told(app: &App, to: &Person, words: &str) -> Vec<Caught> {
    let mails = app.mails(to).await;
    mails.into_iter().filter(|mail| mail.text.contains(words)).collect()
}

/// Lets the next deadline of the deal's first milestone pass.
async fn silence(app: &App, disputed: &mut Disputed) {
    let path = format!("/v1/deals/{}", disputed.deal);
    let deal = app.get(&disputed.buyer, &path).await.expect(200);
    let due_at = deal["milestones"][0]["due_at"].as_str().expect("a deadline");
    let due_at: DateTime<Utc> = due_at.parse().expect("a time");
    let by = due_at - app.clock.now() + TimeDelta::seconds(2);
    app.advance(by, &mut [&mut disputed.buyer, &mut disputed.seller]).await;
    app.run_due_jobs().await;
}

/// An award sends one mail with both amounts, instead of separate ones for award, money and end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_award_is_told_once_with_both_sums() {
    let app = App::builder().without_worker().start().await;
    let disputed = app.answered(&DealPlan::default()).await;
    app.run_due_jobs().await;
    let sides = [&disputed.buyer, &disputed.seller];
    let mut before = vec![];
    for side in sides {
        before.push(app.mails(side).await.len());
    }
    let arbiter = app.staff(UserRole::Compliance).await;
    let award = json!({ "seller_percent": "40", "reason": "Sheep are worth less" });
    app.award(&arbiter, &disputed.dispute, award).await.expect(200);
    app.run_due_jobs().await;
    for ((side, before), own) in sides.into_iter().zip(before).zip(["KES 900.00", "KES 591.00"]) {
        assert_eq!(app.mails(side).await.len(), before + 1);
        let mails = told(&app, side, "Sheep are worth less").await;
        assert_eq!(mails.len(), 1, "{mails:#?}");
        for part in ["KES 600.00 goes to the seller", "KES 900.00 goes back", own] {
            assert!(mails[0].text.contains(part), "{part}: {}", mails[0].text);
        }
    }
    let path = format!("/v1/deals/{}", disputed.deal);
    let deal = app.get(&disputed.seller, &path).await.expect(200);
    assert_eq!(
        deal["status_text"],
        "Completed; part of the money went to the seller, the rest was refunded."
    );
    app.assert_sound().await;
}

/// The milestone was never delivered. Each side reads its own version, and no message claims a
/// delivery.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_told_as_silence() {
    let app = App::builder().without_worker().start().await;
    let mut disputed = app.disputed(&DealPlan::default()).await;
    silence(&app, &mut disputed).await;
    let why = "The dispute was not answered in time.";
    let to_buyer = told(&app, &disputed.buyer, why).await;
    assert_eq!(to_buyer.len(), 1, "{to_buyer:#?}");
    assert!(
        to_buyer[0].text.contains("KES 1,500.00 for \"Two goats\" is back in your Amana balance")
    );
    let to_seller = told(&app, &disputed.seller, why).await;
    assert!(to_seller[0].text.contains("went back to the buyer's side"), "{to_seller:#?}");
    for side in [&disputed.buyer, &disputed.seller] {
        assert!(told(&app, side, "delivered, and the seller has been paid").await.is_empty());
    }
    app.assert_sound().await;
}

/// After silence on a delivery, the buyer is notified by mail and SMS.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_buyer_whose_silence_paid_the_seller_is_told() {
    let app = App::builder().without_worker().start().await;
    let (mut buyer, mut seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let path = format!("/v1/deals/{deal}");
    app.given(&buyer, 150_000, app.clock.now()).await;
    app.post(&buyer, &format!("{path}/fund"), json!({ "method": "wallet" })).await.expect(200);
    let part = app.milestones(&buyer, &deal).await.remove(0);
    let deliver = format!("{path}/milestones/{part}/deliver");
    app.post(&seller, &deliver, Value::Null).await.expect(200);
    app.run_due_jobs().await;
    let texts = app.texts(&buyer).await;
    assert!(texts.iter().any(|sms| sms.text.contains("Problem? Open a dispute by")), "{texts:#?}");
    let found = app.get(&buyer, &path).await.expect(200);
    let due_at = found["milestones"][0]["due_at"].as_str().expect("a deadline");
    let due_at: DateTime<Utc> = due_at.parse().expect("a time");
    let by = due_at - app.clock.now() + TimeDelta::seconds(2);
    app.advance(by, &mut [&mut buyer, &mut seller]).await;
    app.run_due_jobs().await;
    let texts = app.texts(&buyer).await;
    let told = "Amana: Juma has been paid KES 1,500.00 for \"Two goats\". The buyer did not object in time.";
    assert!(texts.iter().any(|sms| sms.text == told), "{texts:#?}");
    app.assert_sound().await;
}

/// A user has an invisible name from an older version; the other party is still notified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_cannot_be_seen_silences_no_message() {
    let app = App::builder().without_worker().start().await;
    app.database.execute("alter table users drop constraint users_name_human").await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let hide = format!("update users set name = U&'\\200B' where id = '{}'", buyer.uuid());
    app.database.execute(&hide).await;
    let plan = DealPlan::default();
    let disputed = app.disputed_between(buyer, seller, &plan).await;
    app.run_due_jobs().await;
    let texts = app.texts(&disputed.seller).await;
    let told = "Amana: the other party opened a dispute";
    assert!(texts.iter().any(|sms| sms.text.starts_with(told)), "{texts:#?}");
    let dead = "select count(*) from jobs where state = 'dead'";
    assert_eq!(app.database.number(dead).await, 0);
}

/// The schema enforces it too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_that_cannot_be_seen_can_be_stored() {
    let app = App::builder().without_worker().start().await;
    let person = app.person("Amina").await;
    for name in ["U&'\\200B'", "U&'Am\\202Eina'", "U&'Cafe\\0301'", "'   '"] {
        let update = format!(
            "do $$ begin
                update users set name = {name} where id = '{}';
                raise exception 'it was taken';
            exception when check_violation then null; end $$",
            person.uuid()
        );
        app.database.execute(&update).await;
    }
}

/// The name may belong to an attacker who entered a stranger's address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_is_sent_to_an_address_that_was_only_typed() {
    let app = App::builder().without_worker().start().await;
    let (email, phone) = ("zawadi@example.com", "254711119999");
    let new = json!({ "name": "Zawadi", "email": email, "phone": phone, "password": PASSWORD });
    let made = app.send(Method::POST, "/v1/users", None, None, Some(&new)).await;
    assert!(made.status.is_success(), "{:#}", made.body);
    let person = Person {
        id: String::new(),
        email: email.to_owned(),
        phone: phone.to_owned(),
        token: String::new(),
    };
    app.run_due_jobs().await;
    let (mails, texts) = (app.mails(&person).await, app.texts(&person).await);
    assert!(!mails.is_empty() && !texts.is_empty());
    for message in mails.iter().chain(&texts) {
        let subject = message.subject.as_deref().unwrap_or_default();
        assert!(!format!("{subject} {}", message.text).contains("Zawadi"), "{message:?}");
    }
}

//! A user's name and language, and responses in that language.

use amana_harness::{Answer, App, DealPlan, Person};
use reqwest::Method;
use serde_json::{Value, json};

async fn change(app: &App, person: &Person, body: Value) -> Answer {
    app.send(Method::PATCH, "/v1/me", Some(&person.token), None, Some(&body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn name_and_language_can_be_changed() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let me = change(&app, &amina, json!({ "language": "sw" })).await.expect(200);
    assert_eq!((&me["name"], &me["language"]), (&json!("Amina"), &json!("sw")));
    let me = change(&app, &amina, json!({ "name": "Amina Wanjirũ" })).await.expect(200);
    assert_eq!((&me["name"], &me["language"]), (&json!("Amina Wanjirũ"), &json!("sw")));
    assert_eq!(app.get(&amina, "/v1/me").await.expect(200), me);
    let same = change(&app, &amina, json!({})).await.expect(200);
    assert_eq!(same, me);
    let records = "select count(*) from events where kind = 'user.profile_changed'";
    assert_eq!(app.database.number(records).await, 2);
    for bad in ["Amana Support", "M-PESA", "see http://evil.example"] {
        let refused = change(&app, &amina, json!({ "name": bad })).await;
        assert_eq!(refused.status, 422, "{bad}");
        assert_eq!(refused.body["errors"][0]["pointer"], "/name");
    }
}

/// Documents were compared with the name, so a verified name cannot change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_was_verified_stays() {
    let app = App::builder().without_worker().start().await;
    let (amina, operator) = (app.person("Amina").await, app.operator().await);
    let application = app.kyc_submitted(&amina, "business").await;
    let path = format!("/v1/operator/kyc/applications/{application}/approve");
    app.post(&operator, &path, json!({ "note": "looked into" })).await.expect(200);
    let refused = change(&app, &amina, json!({ "name": "Zawadi" })).await;
    assert_eq!((refused.status.as_u16(), refused.problem()), (409, "name_verified"));
    change(&app, &amina, json!({ "name": "Amina", "language": "sw" })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_in_the_language_of_the_caller() {
    let app = App::builder().without_worker().start().await;
    let (mut buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    let path = format!("/v1/deals/{deal}");
    let text = async |person: &Person| {
        app.get(person, &path).await.expect(200)["status_text"].as_str().expect("text").to_owned()
    };
    assert_eq!(text(&buyer).await, "Agreed; waiting for Amina to pay.");
    change(&app, &buyer, json!({ "language": "sw" })).await.expect(200);
    buyer.token = app.log_in(&buyer.email).await;
    assert_eq!(text(&buyer).await, "Mmekubaliana; inasubiri Amina alipe.");
    assert_eq!(text(&seller).await, "Agreed; waiting for Amina to pay.");
    app.given(&buyer, 150_000, app.clock.now()).await;
    let fund = format!("{path}/fund");
    let paid = app.post(&buyer, &fund, json!({ "method": "wallet" })).await.expect(200);
    assert_eq!(paid["status_text"], "Pesa zimewekwa salama; Juma akabidhi.");
}

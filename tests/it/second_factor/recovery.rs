//! Lost second factors: two operators remove one, and the user is notified of both steps.

use super::app::{challenge, complete, with_factor};
use super::subjects;
use amana_domain::permission::UserRole;
use amana_harness::{App, eventually};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_factor_is_taken_away_by_two() {
    let app = App::start().await;
    let (support, other) =
        (app.staff(UserRole::Support).await, app.staff(UserRole::Compliance).await);
    let (amina, phone, codes) = with_factor(&app, "Amina").await;
    let lost = json!({ "kind": "remove_factor" });
    let id = app.asked(&support, &amina, lost.clone()).await;
    assert_eq!(subjects(&app, &amina, "We were asked to remove the second factor").await, 1);
    let by_sms = app.texts(&amina).await;
    assert!(by_sms.iter().any(|one| one.text.contains("we were asked to remove")), "{by_sms:?}");
    // Nothing has changed yet, and support cannot approve.
    let open = challenge(&app, &amina).await;
    assert_eq!(app.decide_approval(&support, &id, "approve").await.problem(), "forbidden");
    complete(&app, &open, &codes[0]).await.expect(200);

    app.decide_approval(&other, &id, "approve").await.expect(200);
    eventually("the sessions are over", || async {
        (app.get(&amina, "/v1/me").await.status == 401).then_some(())
    })
    .await;
    let reasons =
        "select string_agg(distinct end_reason, ',') from sessions where ended_at is not null";
    assert_eq!(app.database.text(reasons).await.as_deref(), Some("factor_removed"));
    assert_eq!(complete(&app, &open, &phone.code(&app, 0)).await.problem(), "not_found");
    let session = app.open_session(&amina.email).await;
    assert_eq!(session["second_factor"], Value::Null);
    assert_eq!(subjects(&app, &amina, "We have removed the second factor").await, 1);
    let by_sms = app.texts(&amina).await;
    assert!(
        by_sms.iter().any(|one| one.text.contains("we removed the second factor")),
        "{by_sms:?}"
    );
    let records = app.store.audit_of(&amina.id).await.expect("records");
    let removed: Vec<_> = records.iter().filter(|one| one.kind == "factor.removed").collect();
    assert!(removed.len() == 1 && removed[0].actor() == other.id, "{removed:?}");
    // A removed factor cannot be removed again.
    assert_eq!(app.request_approval(&support, &amina, lost).await.problem(), "not_found");
    app.assert_sound().await;
}

/// The user removed the factor after the request, so the approval fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_factor_that_was_found_again_stays() {
    let app = App::builder().without_worker().start().await;
    let (support, other) =
        (app.staff(UserRole::Support).await, app.staff(UserRole::Compliance).await);
    let (amina, _, codes) = with_factor(&app, "Amina").await;
    let id = app.asked(&support, &amina, json!({ "kind": "remove_factor" })).await;
    app.decide_approval(&other, &id, "reject").await.expect(200);
    assert!(app.get(&amina, "/v1/me").await.status.is_success());
    let id = app.asked(&support, &amina, json!({ "kind": "remove_factor" })).await;
    super::app::step_up(&app, &amina, Some(&codes[0])).await.expect(200);
    assert_eq!(app.delete(&amina, "/v1/me/second-factor").await.status, 204);
    assert_eq!(app.decide_approval(&other, &id, "approve").await.problem(), "not_found");
    let state = app.get(&other, &format!("/v1/operator/approvals/{id}")).await.expect(200);
    assert_eq!(state["state"], "asked");
    app.assert_sound().await;
}

//! Decisions about applications: by another user, once, and with immediate effect on limits.

use super::{act, approve, people, refused, reject};
use amana_harness::{App, Person};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Barrier;

/// Limits small enough to reach in a test.
const SMALL: &str = "update tier_limits set transaction_minor_max = 50000, day_minor_max = 50000 where tier = 'starter'";

async fn send(app: &App, from: &Person, to: &Person) -> amana_harness::Answer {
    let amount = json!({ "amount": 60_000, "currency": "KES" });
    let body = json!({ "to": { "user_id": to.id }, "amount": amount });
    app.post(from, "/v1/transfers", body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_application_lifts_the_limits_at_once() {
    let app = App::start().await;
    let (amina, operator) = people(&app).await;
    let juma = app.person("Juma").await;
    app.top_up(&amina, 100_000).await;
    app.database.execute(SMALL).await;
    refused(&send(&app, &amina, &juma).await, 422, "transaction_limit");

    let id = app.kyc_draft(&amina, "standard").await;
    let early = act(&app, &amina, &id, "submit").await;
    refused(&early, 422, "documents_missing");
    assert!(early.body["detail"].to_string().contains("identity, selfie"), "{:#}", early.body);
    app.kyc_show(&amina, &id, &["national_id_front", "national_id_back"]).await;
    let path = format!("/v1/kyc/applications/{id}");
    assert_eq!(app.get(&amina, &path).await.expect(200)["missing"], json!(["selfie"]));
    app.kyc_show(&amina, &id, &["selfie"]).await;
    let submitted = act(&app, &amina, &id, "submit").await.expect(200);
    assert_eq!((&submitted["state"], &submitted["missing"]), (&json!("submitted"), &json!([])));
    refused(&send(&app, &amina, &juma).await, 422, "transaction_limit");

    let waiting = app.get(&operator, "/v1/operator/kyc/applications").await.expect(200);
    assert_eq!(waiting["items"], json!([submitted]));
    let approved = approve(&app, &operator, &id).await.expect(200);
    assert_eq!(
        (&approved["state"], &approved["note"]),
        (&json!("approved"), &json!("all is well"))
    );
    assert_eq!(app.get(&amina, "/v1/limits").await.expect(200)["tier"], "standard");
    send(&app, &amina, &juma).await.expect(201);
    let waiting = app.get(&operator, "/v1/operator/kyc/applications").await.expect(200);
    assert_eq!(waiting["items"], json!([]));

    app.messages_are_sent().await;
    let told = app.mails(&amina).await;
    let subjects: Vec<_> = told.iter().filter_map(|mail| mail.subject.as_deref()).collect();
    for subject in ["We have your documents", "Your documents are approved"] {
        assert!(subjects.contains(&subject), "{subjects:?}");
    }
    let records = app.store.audit_of(&id).await.expect("records");
    let actions: Vec<_> = records.iter().map(|one| (one.actor(), one.kind.clone())).collect();
    let (own, theirs) = (&*amina.id, &*operator.id);
    let added = (own, "kyc.document_added");
    let expected = [
        (own, "kyc.created"),
        added,
        added,
        added,
        (own, "kyc.submitted"),
        (theirs, "kyc.approved"),
    ];
    assert_eq!(actions, expected.map(|(who, kind)| (who.to_owned(), kind.to_owned())));
    let tier = app.store.audit_of(&amina.id).await.expect("records");
    let data = json!({ "from": "starter", "to": "standard", "note": "all is well" });
    assert_eq!(tier.last().map(|one| &one.data), Some(&data));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_applicants_get_the_reason_and_can_apply_again() {
    let app = App::start().await;
    let (amina, operator) = people(&app).await;
    let first = app.kyc_submitted(&amina, "standard").await;
    let rejected = reject(&app, &operator, &first).await.expect(200);
    let said = (&rejected["state"], &rejected["reasons"], &rejected["note"]);
    let note = json!("The passport is blurred");
    assert_eq!(said, (&json!("rejected"), &json!(["unreadable", "expired"]), &note));
    assert_eq!(app.get(&amina, "/v1/limits").await.expect(200)["tier"], "starter");
    app.messages_are_sent().await;
    let texts = app.texts(&amina).await;
    let told = texts.iter().any(|sms| sms.text.ends_with("Reason: The passport is blurred"));
    assert!(told, "{texts:#?}");
    let second = app.kyc_submitted(&amina, "standard").await;
    approve(&app, &operator, &second).await.expect(200);
    let listed = app.get(&amina, "/v1/kyc/applications").await.expect(200);
    let states: Vec<_> =
        listed["items"].as_array().expect("items").iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["approved", "rejected"]);
    // The approved tier cannot be requested again; a higher one can.
    for (tier, status) in [("standard", 409), ("business", 201)] {
        let again = app.post(&amina, "/v1/kyc/applications", json!({ "tier": tier })).await;
        assert_eq!(again.status, status, "{:#}", again.body);
        if status == 409 {
            refused(&again, 409, "tier_already_assigned");
        }
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_is_decided_once() {
    let app = App::builder().without_worker().start().await;
    let (amina, operator) = people(&app).await;
    let id = app.kyc_submitted(&amina, "standard").await;
    let path = format!("/v1/operator/kyc/applications/{id}/approve");
    let body = json!({ "note": "all is well" });
    let first = app.post_keyed(&operator, &path, "k-1", body.clone()).await.expect(200);
    let before = app.database.fingerprint().await;
    // A replay returns the same decision; another decision is refused.
    assert_eq!(app.post_keyed(&operator, &path, "k-1", body).await.expect(200), first);
    refused(&approve(&app, &operator, &id).await, 409, "wrong_state");
    refused(&reject(&app, &operator, &id).await, 409, "wrong_state");
    for what in ["submit", "withdraw"] {
        refused(&act(&app, &amina, &id, what).await, 409, "wrong_state");
    }
    assert_eq!(app.database.fingerprint().await, before);
}

/// Five approvals and five rejections at the same time: one succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_reviewers_at_once_one_wins() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let (amina, _) = people(&app).await;
    let id = app.kyc_submitted(&amina, "standard").await;
    let mut reviewers = vec![];
    for _ in 0..10 {
        reviewers.push(app.operator().await);
    }
    let barrier = Arc::new(Barrier::new(reviewers.len()));
    let calls: Vec<_> = reviewers
        .into_iter()
        .enumerate()
        .map(|(n, reviewer)| {
            let (app, barrier, id) = (Arc::clone(&app), Arc::clone(&barrier), id.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                match n % 2 {
                    0 => approve(&app, &reviewer, &id).await,
                    _ => reject(&app, &reviewer, &id).await,
                }
            })
        })
        .collect();
    let mut won = vec![];
    for call in calls {
        let answer = call.await.expect("an answer");
        match answer.status.as_u16() {
            200 => won.push(answer.body),
            _ => refused(&answer, 409, "wrong_state"),
        }
    }
    let [won] = &won[..] else { panic!("{won:#?}") };
    let tier = app.get(&amina, "/v1/limits").await.expect(200)["tier"].clone();
    let expected = if won["state"] == "approved" { "standard" } else { "starter" };
    assert_eq!(tier, expected);
    let told = "select count(distinct template) from notifications where template in ('kyc_approved', 'kyc_rejected')";
    assert_eq!(app.database.number(told).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_do_not_decide_about_themselves() {
    let app = App::builder().without_worker().start().await;
    let (_, operator) = people(&app).await;
    let id = app.kyc_submitted(&operator, "business").await;
    refused(&approve(&app, &operator, &id).await, 403, "conflict_of_interest");
    refused(&reject(&app, &operator, &id).await, 403, "conflict_of_interest");
    assert_eq!(
        app.database
            .refusal(
                "update kyc_applications set state = 'approved', decided_by = user_id,
                note = 'by hand', decided_at = now()"
            )
            .await,
        "kyc_applications_reviewed_by_another"
    );
}

/// Reviewers do not see drafts and withdrawn applications.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviewers_see_what_was_submitted_oldest_first() {
    let app = App::builder().without_worker().start().await;
    let (amina, operator) = people(&app).await;
    let mut begun = vec![];
    for name in ["Juma", "Neema", "Baraka"] {
        let person = app.person(name).await;
        begun.push((app.kyc_draft(&person, "business").await, person));
    }
    // Submitted in another order than created.
    let mut expected = vec![];
    for n in [2, 0, 1] {
        let (id, person) = &begun[n];
        let kinds = ["passport", "selfie", "business_registration", "proof_of_address"];
        app.kyc_show(person, id, &kinds).await;
        act(&app, person, id, "submit").await.expect(200);
        expected.push(id.clone());
    }
    let draft = app.kyc_draft(&amina, "business").await;
    let (mut found, mut path) = (vec![], "/v1/operator/kyc/applications?limit=1".to_owned());
    loop {
        let page = app.get(&operator, &path).await.expect(200);
        found.push(page["items"][0]["id"].as_str().expect("an id").to_owned());
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/operator/kyc/applications?limit=1&after={next}");
    }
    assert_eq!(found, expected);
    let look = async |id: &str| {
        let path = format!("/v1/operator/kyc/applications/{id}");
        app.send(Method::GET, &path, Some(&operator.token), None, None).await
    };
    look(&expected[0]).await.expect(200);
    refused(&look(&draft).await, 404, "not_found");
    refused(&approve(&app, &operator, &draft).await, 404, "not_found");
    act(&app, &amina, &draft, "withdraw").await.expect(200);
    refused(&look(&draft).await, 404, "not_found");
    refused(&reject(&app, &operator, &draft).await, 404, "not_found");
}

/// The applicant got a higher tier meanwhile; approving the lower one changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_never_lowers_a_tier() {
    let app = App::builder().without_worker().start().await;
    let (amina, operator) = people(&app).await;
    let id = app.kyc_submitted(&amina, "standard").await;
    app.put_on_tier(&operator, &amina, "business").await;
    approve(&app, &operator, &id).await.expect(200);
    assert_eq!(app.get(&amina, "/v1/limits").await.expect(200)["tier"], "business");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_one_open_application_and_others_none_of_it() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let (amina, _) = people(&app).await;
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let (app, amina) = (Arc::clone(&app), amina.clone());
            tokio::spawn(async move {
                app.post(&amina, "/v1/kyc/applications", json!({ "tier": "standard" })).await
            })
        })
        .collect();
    let mut made = vec![];
    for call in calls {
        let answer = call.await.expect("an answer");
        match answer.status.as_u16() {
            201 => made.push(answer.body["id"].as_str().expect("an id").to_owned()),
            _ => refused(&answer, 409, "application_open"),
        }
    }
    let [id] = &made[..] else { panic!("{made:?}") };
    let juma = app.person("Juma").await;
    let path = format!("/v1/kyc/applications/{id}");
    refused(&app.get(&juma, &path).await, 404, "not_found");
    for what in ["submit", "withdraw"] {
        refused(&act(&app, &juma, id, what).await, 404, "not_found");
    }
    act(&app, &amina, id, "withdraw").await.expect(200);
    let again = json!({ "tier": "business" });
    app.post(&amina, "/v1/kyc/applications", again).await.expect(201);
    let listed: Value = app.get(&juma, "/v1/kyc/applications").await.expect(200);
    assert_eq!(listed["items"], json!([]));
}

/// The number is limited, because each application stores files for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_applications_are_begun_in_thirty_days() {
    let app = App::builder().without_worker().start().await;
    let mut amina = app.person("Amina").await;
    for _ in 0..5 {
        let id = app.kyc_draft(&amina, "business").await;
        act(&app, &amina, &id, "withdraw").await.expect(200);
    }
    let begin = async |amina: &Person| {
        app.post(amina, "/v1/kyc/applications", json!({ "tier": "business" })).await
    };
    refused(&begin(&amina).await, 409, "too_early");
    app.advance(TimeDelta::days(30), &mut [&mut amina]).await;
    begin(&amina).await.expect(201);
}

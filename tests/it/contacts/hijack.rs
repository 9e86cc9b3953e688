//! Attack: an account registered with another user's contacts, step by step.

use super::{PASSWORD, refused, registered, verify, workerless};
use amana_harness::Person;
use reqwest::Method;
use serde_json::{Value, json};

const EMAIL: &str = "victim@bank.example";
const PHONE: &str = "254712345678";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registering_with_the_contacts_of_another_gains_nothing() {
    let app = workerless().await;
    let juma = app.person("Juma").await;
    app.given(&juma, 1_000_000, app.clock.now()).await;
    let kes = json!({ "amount": 500_000, "currency": "KES" });

    // 1. The attacker enters both contacts, and verifies none.
    let attacker = registered(&app, "Grace Victim", EMAIL, PHONE).await;
    app.run_due_jobs().await;

    // 2. A search by the number shows no reassuring name.
    let path = format!("/v1/people?query={PHONE}");
    assert_eq!(app.get(&juma, &path).await.expect(200)["items"], json!([]));
    for contact in [json!({ "phone": PHONE }), json!({ "email": EMAIL })] {
        // 3. Neither contact can receive money or a hold.
        let send = json!({ "to": contact, "amount": kes });
        let hold = json!({ "to": contact, "amount": kes, "expires_in_hours": 2 });
        for (path, body) in
            [("/v1/transfers?dry_run=true", &send), ("/v1/transfers", &send), ("/v1/holds", &hold)]
        {
            let answer = app.post(&juma, path, body.clone()).await;
            refused(&answer, 422, "unknown_recipient");
        }
    }
    // 4. A deal is not bound to the attacker: it waits for the owner.
    let body = json!({
        "title": "Two goats", "role": "buyer", "currency": "KES", "counterparty": { "phone": PHONE },
        "milestones": [{ "title": "Goats", "amount": kes }],
    });
    let deal = app.post(&juma, "/v1/deals", body).await.expect(201);
    let deal = format!("/v1/deals/{}", deal["id"].as_str().expect("an id"));
    let proposed = app.post(&juma, &format!("{deal}/propose"), Value::Null).await.expect(200);
    assert_eq!(proposed["seller"], Value::Null);
    refused(&app.get(&attacker, &deal).await, 404, "not_found");
    let agree = app.post(&attacker, &format!("{deal}/agree"), json!({ "revision": 1 })).await;
    refused(&agree, 403, "verified_contact_required");

    // 5. No money leaves, to any number.
    app.step_up(&attacker).await;
    let out = json!({ "amount": kes, "phone": "254799000001" });
    refused(&app.post(&attacker, "/v1/withdrawals", out).await, 403, "verified_contact_required");

    // 7. No key can be created that outlives the owner's return.
    let key = json!({ "name": "Later", "scopes": ["transfers:write"], "expires_in_days": 365 });
    refused(&app.post(&attacker, "/v1/api-keys", key).await, 403, "verified_contact_required");

    // 6. The owner registers, and joins the deal by verifying the number.
    let owner = registered(&app, "Grace", EMAIL, PHONE).await;
    verify(&app, &owner, "phone").await.expect(200);
    assert_eq!(app.get(&owner, &deal).await.expect(200)["role"], "seller");
    app.post(&owner, &format!("{deal}/agree"), json!({ "revision": 1 })).await.expect(200);
    let sent = app.post(&juma, "/v1/transfers", json!({ "to": { "phone": PHONE }, "amount": kes }));
    assert_eq!(sent.await.expect(201)["recipient"]["id"], owner.id.as_str());
    assert_eq!(app.balance(&owner).await.0, 500_000);

    // The attacker keeps only an unverified address, and then loses that too.
    verify(&app, &owner, "email").await.expect(200);
    for login in [EMAIL, PHONE] {
        let token = app.log_in(login).await;
        let me = app.get(&Person { token, ..owner.clone() }, "/v1/me").await.expect(200);
        assert_eq!(me["id"], owner.id.as_str());
    }
    let open = format!(
        "select count(*) from users where id = '{}' and closed_at is null",
        attacker.uuid()
    );
    assert_eq!(app.database.number(&open).await, 0);
    let body = json!({ "login": EMAIL, "password": PASSWORD });
    app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await.expect(200);
    app.assert_sound().await;
}

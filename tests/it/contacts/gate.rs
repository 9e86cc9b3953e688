//! An account without a verified contact cannot start anything that concerns money or other users.

use super::{PASSWORD, refused, verify, workerless};
use crate::access::{Scope, scope};
use crate::openapi::operations;
use amana_harness::{Answer, App, Person};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Operations outside deals and organisations that need a verified contact.
const LOCKED: [&str; 10] = [
    "create_api_key",
    "create_deal",
    "create_deposit",
    "create_hold",
    "create_kyc_application",
    "create_organisation",
    "create_second_factor",
    "create_transfer",
    "create_withdrawal",
    "set_message_factor",
];

/// Operations for verifying a contact or managing one's own account. An operation in neither list
/// fails the test until it is classified.
const FREE: [&str; 21] = [
    // Staff operation of test deployments.
    "advance_clock",
    "confirm_email_change",
    "confirm_phone_change",
    "confirm_second_factor",
    "confirm_verification",
    "create_backup_codes",
    "create_realtime_ticket",
    "revoke_sessions",
    "erase_me",
    // These verify a contact themselves.
    "join_deal",
    "join_organisation",
    "quote_deal",
    "remove_second_factor",
    "send_step_up_code",
    "set_handle",
    "set_password",
    "start_email_change",
    "start_phone_change",
    "start_verification",
    "step_up_session",
    "update_me",
];

#[test]
fn every_operation_of_ones_own_is_locked_or_free() {
    let own = operations().into_iter().filter(|o| scope(o) == Scope::Own && o.method != "GET");
    let own: BTreeSet<String> = own.map(|operation| operation.id).collect();
    let known = LOCKED.iter().chain(&FREE).map(|id| (*id).to_owned());
    assert_eq!(own, known.collect());
}

/// Lists the calls on an existing deal and organisation that need a verified contact.
fn calls(deal: &str, organisation: &str) -> Vec<(Method, String, Value)> {
    let money = json!({ "amount": 1_000, "currency": "KES" });
    let to = json!({ "phone": "254733000002" });
    let password = json!({ "password": PASSWORD });
    let send = json!({ "to": to, "amount": money });
    let hold = json!({ "to": to, "amount": money, "expires_in_hours": 2 });
    let new = json!({
        "title": "Two goats", "role": "buyer", "currency": "KES", "counterparty": to,
        "milestones": [{ "title": "Goats", "amount": money }],
    });
    let key = json!({ "name": "Shop", "scopes": ["wallet:read"], "expires_in_days": 90 });
    let amount = json!({ "amount": money });
    let paid = json!({ "method": "mpesa", "phone": "254733000002" });
    let invited = json!({ "email": "guest@example.com", "role": "member" });
    let (post, put) = (Method::POST, Method::PUT);
    let mut calls = vec![
        (post.clone(), "/v1/api-keys".to_owned(), key),
        (post.clone(), "/v1/deals".to_owned(), new),
        (post.clone(), "/v1/kyc/applications".to_owned(), json!({ "tier": "standard" })),
        (post.clone(), "/v1/organisations".to_owned(), json!({ "name": "Soko" })),
        (post.clone(), "/v1/me/second-factor".to_owned(), password),
        (
            put,
            "/v1/me/second-factor/message".to_owned(),
            json!({ "channel": "phone", "password": PASSWORD }),
        ),
        (post.clone(), format!("/v1/organisations/{organisation}/invitations"), invited),
        (post.clone(), format!("/v1/deals/{deal}/propose"), Value::Null),
        (post.clone(), format!("/v1/deals/{deal}/cancel"), Value::Null),
        (post.clone(), format!("/v1/deals/{deal}/payers"), to),
    ];
    for dry_run in ["", "?dry_run=true"] {
        calls.extend([
            (post.clone(), format!("/v1/transfers{dry_run}"), send.clone()),
            (post.clone(), format!("/v1/holds{dry_run}"), hold.clone()),
            (post.clone(), format!("/v1/wallet/deposits{dry_run}"), amount.clone()),
            (post.clone(), format!("/v1/withdrawals{dry_run}"), amount.clone()),
            (post.clone(), format!("/v1/deals/{deal}/fund{dry_run}"), paid.clone()),
        ]);
    }
    calls
}

async fn call(
    app: &App,
    person: &Person,
    (method, path, body): &(Method, String, Value),
) -> Answer {
    let (key, body) = (Uuid::new_v4().to_string(), (!body.is_null()).then_some(body));
    app.send(method.clone(), path, Some(&person.token), Some(&key), body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_a_contact_is_verified_nothing_begins() {
    let app = workerless().await;
    let (juma, neema) =
        (app.person_with_phone("Juma", "254733000002").await, app.person("Neema").await);
    let grace = app.newcomer("Grace").await;
    app.step_up(&grace).await;
    let organisation = app.organisation(&juma, "Soko").await;
    let deal = app.agreed(&neema, &juma, &amana_harness::DealPlan::default()).await;
    let before = app.database.fingerprint().await;
    let calls = calls(&deal, &organisation);
    for one in &calls {
        let answer = call(&app, &grace, one).await;
        let found = (answer.status.as_u16(), answer.problem().to_owned());
        assert_eq!(found, (403, "verified_contact_required".to_owned()), "{}", one.1);
    }
    assert_eq!(app.database.fingerprint().await, before);
    verify(&app, &grace, "phone").await.expect(200);
    for one in &calls {
        let answer = call(&app, &grace, one).await;
        let is_refused = answer.status == 403 && answer.problem() == "verified_contact_required";
        assert!(!is_refused, "{}: {:#}", one.1, answer.body);
    }
    app.assert_sound().await;
}

/// Withdrawals need a verified phone number, also to another number, and even if the address is
/// verified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_is_withdrawn_only_by_who_has_verified_a_number() {
    let app = workerless().await;
    let grace = app.newcomer("Grace").await;
    verify(&app, &grace, "email").await.expect(200);
    app.given(&grace, 100_000, app.clock.now()).await;
    app.step_up(&grace).await;
    let amount = json!({ "amount": 10_000, "currency": "KES" });
    let withdrawals = [
        json!({ "amount": amount }),
        json!({ "amount": amount, "phone": grace.phone }),
        json!({ "amount": amount, "phone": "254799000001" }),
    ];
    for body in &withdrawals {
        for dry_run in ["", "?dry_run=true"] {
            let path = format!("/v1/withdrawals{dry_run}");
            refused(&app.post(&grace, &path, body.clone()).await, 403, "verified_contact_required");
        }
    }
    refused(
        &app.post(&grace, "/v1/wallet/deposits", withdrawals[0].clone()).await,
        403,
        "verified_contact_required",
    );
    verify(&app, &grace, "phone").await.expect(200);
    for body in withdrawals {
        app.post(&grace, "/v1/withdrawals", body).await.expect(202);
    }
    app.assert_sound().await;
}

/// The schema enforces it too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schema_lets_an_unverified_account_begin_nothing() {
    let app = workerless().await;
    let (grace, neema) = (app.newcomer("Grace").await, app.person("Neema").await);
    let guarded = "select string_agg(relname, ' ' order by relname) from pg_trigger t
        join pg_class c on c.oid = tgrelid join pg_proc p on p.oid = tgfoid
        where proname = 'users_require_verified'";
    let tables = "api_keys deal_invitations holds kyc_applications members payments second_factors";
    assert_eq!(app.database.text(guarded).await.as_deref(), Some(tables));
    let factor = format!(
        "insert into second_factors (user_id, secret, created_at) values ('{}', '', now())",
        grace.uuid()
    );
    assert_eq!(app.database.refusal(&factor).await, "users_verified");
    for kind in ["email", "phone"] {
        let nothing = format!(
            "update users set {kind}_sealed = null, {kind}_digest = null where id = '{}'",
            neema.uuid()
        );
        assert_eq!(app.database.refusal(&nothing).await, format!("users_{kind}_whole"));
    }
    let nobody = format!(
        "update users set email_sealed = null, email_digest = null, phone_sealed = null, phone_digest = null where id = '{}'",
        grace.uuid()
    );
    assert_eq!(app.database.refusal(&nobody).await, "users_reachable");
}

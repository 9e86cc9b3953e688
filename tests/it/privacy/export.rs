//! Data export: all of the user's own data, and nothing of others.

use super::{refused, step_up};
use amana_harness::{App, DealPlan};
use serde_json::{Value, json};

#[track_caller]
fn count(export: &Value, section: &str) -> usize {
    export[section].as_array().unwrap_or_else(|| panic!("{section}: {export:#}")).len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_ones_own_is_in_it_and_nothing_of_others() {
    let app = App::start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    app.top_up(&amina, 100_000).await;
    app.agreed(&amina, &juma, &DealPlan::default()).await;
    app.put(&amina, "/v1/me/handle", json!({ "handle": "amina" })).await.expect(200);
    app.kyc_submitted(&amina, "business").await;
    let amount = json!({ "amount": 1_000, "currency": "KES" });
    let to = json!({ "user_id": juma.id });
    let hold = json!({ "to": to, "amount": amount, "expires_in_hours": 1 });
    app.post(&amina, "/v1/holds", hold).await.expect(201);
    app.post(&amina, "/v1/transfers", json!({ "to": to, "amount": amount })).await.expect(201);
    app.messages_are_sent().await;

    refused(&app.get(&amina, "/v1/me/export").await, 403, "step_up_required");
    step_up(&app, &amina).await;
    let export = app.get(&amina, "/v1/me/export").await.expect(200);
    assert_eq!(export["profile"], app.get(&amina, "/v1/me").await.expect(200));
    assert_eq!(export["contacts"], json!({ "email": amina.email, "phone": amina.phone }));
    assert_eq!(export["handles"][0]["handle"], "@amina");
    assert_eq!(export["second_factor_since"], Value::Null);
    assert_eq!(export["limits"], app.get(&amina, "/v1/limits").await.expect(200));
    let wallet = app.get(&amina, "/v1/wallet").await.expect(200);
    assert_eq!(export["balances"], wallet["balances"]);
    for (section, path) in [
        ("transactions", "/v1/transactions"),
        ("deals", "/v1/deals"),
        ("holds", "/v1/holds"),
        ("applications", "/v1/kyc/applications"),
    ] {
        assert!(count(&export, section) > 0, "{section}");
        assert_eq!(export[section], app.get(&amina, path).await.expect(200)["items"], "{section}");
    }
    assert_eq!(count(&export, "payments"), 1);
    assert_eq!(export["payments"][0]["phone"], amina.phone.as_str());
    assert_eq!((count(&export, "sessions"), count(&export, "truncated")), (1, 0));
    let told =
        "select count(*) from notifications where user_id = '{}'".replace("{}", amina.uuid());
    assert_eq!(
        i64::try_from(count(&export, "notifications")),
        Ok(app.database.number(&told).await)
    );
    let text = export.to_string();
    for secret in [&juma.email, &juma.phone, "argon2"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let records = app.store.audit_of(&amina.id).await.expect("records");
    let taken = records.iter().filter(|record| record.kind == "user.exported");
    assert!(taken.clone().all(|record| record.actor() == amina.id && record.data == json!({})));
    assert_eq!(taken.count(), 1);

    step_up(&app, &juma).await;
    let export = app.get(&juma, "/v1/me/export").await.expect(200);
    assert_eq!((count(&export, "payments"), count(&export, "applications")), (0, 0));
    let text = export.to_string();
    assert!(!text.contains(&amina.email) && !text.contains(&amina.phone), "{export:#}");
}

/// Each section has the newest hundred items, and says if there are more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_section_is_bounded_and_says_what_goes_on() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let many = format!(
        "insert into payments (id, provider, user_id, purpose, amount_minor, currency, msisdn_sealed, stage, state,
            reference, created_at, updated_at)
        select gen_random_uuid(), 'mpesa', user_id, 'deposit', 100, 'KES', msisdn_sealed, 'ready', 'queued',
            'R' || n, now(), now()
        from payments, generate_series(1, 100) n;
        insert into notifications (id, user_id, template, channel, params, created_at)
        select gen_random_uuid(), '{}', 'welcome', 'email', '{{}}', now() from generate_series(1, 101)",
        amina.uuid()
    );
    let amount = json!({ "amount": { "amount": 100, "currency": "KES" } });
    app.post(&amina, "/v1/wallet/deposits", amount).await.expect(202);
    app.database.execute(&many).await;
    step_up(&app, &amina).await;
    let export = app.get(&amina, "/v1/me/export").await.expect(200);
    assert_eq!((count(&export, "payments"), count(&export, "notifications")), (100, 100));
    assert_eq!(
        export["truncated"],
        json!([
            { "section": "payments", "continues_in": "list_payments" },
            { "section": "notifications", "continues_in": null },
        ])
    );
}

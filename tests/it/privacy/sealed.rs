//! Every column of every table, including future ones, is searched for a user's address and number.

use crate::second_factor::with_factor;
use amana_domain::permission::UserRole;
use amana_harness::{App, DealPlan, PASSWORD, PNG, Person, eventually};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Columns in which a number may be readable: none. Provider messages are sealed too. See
/// `docs/decisions/personal-data.md`.
const READABLE: [&str; 0] = [];

/// Performs every action that involves an address or a number.
async fn live(app: &App, person: &Person, other: &Person) {
    app.top_up(person, 100_000).await;
    let deal = app.agreed(person, other, &DealPlan::default()).await;
    let payment = app.start_mpesa(person, &deal).await;
    app.approve_prompt(&person.phone).await;
    app.wait_for_payment(person, &payment, "succeeded").await;
    // The stored exchanges are readable with the key, and the access is recorded.
    let said = app.store.exchanges(payment.parse().expect("an id"), app.clock.now()).await;
    let said = said.expect("exchanges").records;
    assert!(said.iter().any(|one| one.request.expose().contains(&person.phone)), "{said:?}");
    let records = app.store.audit_of(&payment).await.expect("records");
    assert!(records.iter().any(|one| one.kind == "payment.exchanges_viewed"));
    let amount = json!({ "amount": 50_000, "currency": "KES" });
    let out = app.post(person, "/v1/withdrawals", json!({ "amount": amount })).await.expect(202);
    app.wait_for_payment(person, out["id"].as_str().expect("an id"), "succeeded").await;
    for to in [json!({ "phone": person.phone }), json!({ "email": person.email })] {
        let small = json!({ "amount": 100, "currency": "KES" });
        let back = json!({ "to": { "user_id": other.id }, "amount": small });
        app.post(person, "/v1/transfers", back).await.expect(201);
        app.post(other, "/v1/transfers", json!({ "to": to, "amount": small })).await.expect(201);
    }
    for text in [&person.phone, &person.email] {
        let found = app.get(other, &format!("/v1/people?query={text}")).await.expect(200);
        assert_eq!(found["items"][0]["id"], person.id.as_str());
    }
    let login = json!({ "login": person.email });
    app.post(person, "/v1/password-resets", login).await.expect(202);
    let change = json!({ "new": "somebody.else@example.com", "password": PASSWORD });
    app.post(person, "/v1/me/email-changes", change).await.expect(202);
    app.kyc_submitted(person, "business").await;
    app.put(person, "/v1/me/handle", json!({ "handle": "amina" })).await.expect(200);
    let invited = json!({
        "title": "Two goats", "role": "buyer", "currency": "KES", "template": "goods", "amount": amount,
        "counterparty": { "email": "somebody.else.invited@example.com" },
    });
    let deal = app.post(person, "/v1/deals", invited).await.expect(201);
    let propose = format!("/v1/deals/{}/propose", deal["id"].as_str().expect("an id"));
    app.post(person, &propose, Value::Null).await.expect(200);
    work_together(app, person, other).await;
    disagree(app, person, other).await;
    operate(app, person).await;
    app.messages_are_sent().await;
}

/// Performs system jobs and staff actions.
async fn operate(app: &App, person: &Person) {
    app.register_paybill().await;
    app.statements_name_payers().await;
    app.pay_bill(&person.phone, 150_000, "HELLO").await;
    app.reconcile_now().await;
    app.check_ledger_now().await;
    let (one, other) = (app.operator().await, app.operator().await);
    let plan = json!({ "currency": "KES", "percentage_bps": 150, "fixed_minor": 0 });
    app.publish_plan((&one, &other), plan).await;
    with_factor(app, "Neema").await;
}

/// Uses organisations, invitations, keys and a second factor.
async fn work_together(app: &App, person: &Person, other: &Person) {
    let organisation = app.organisation(other, "Soko").await;
    app.invite(other, &organisation, &person.email, "member").await;
    let token = eventually("an invitation is sent", || async {
        app.invitation_tokens(&person.email).await.into_iter().next()
    })
    .await;
    app.post(person, "/v1/invitations/join", json!({ "token": token })).await.expect(200);
    app.invite(other, &organisation, "somebody.else.member@example.com", "member").await;
    app.call_back_ok("c", "nobodys", &json!({ "phone": person.phone })).await;
    app.machine(person, &["wallet:read"]).await;
    app.trusted_device(person).await;
    app.post(person, "/v1/realtime/tickets", Value::Null).await.expect(201);
    let hold = json!({
        "to": { "phone": other.phone }, "amount": { "amount": 100, "currency": "KES" }, "expires_in_hours": 1,
    });
    app.post(person, "/v1/holds", hold).await.expect(201);
    let asker = app.staff(UserRole::Support).await;
    app.asked(&asker, person, json!({ "kind": "set_tier", "tier": "business" })).await;
    app.post(person, "/v1/me/second-factor", json!({ "password": PASSWORD })).await.expect(201);
}

/// Creates a dispute with evidence and an award, and a delivery with a hand-over code.
async fn disagree(app: &App, person: &Person, other: &Person) {
    let plan = DealPlan::default();
    let disputed = app.disputed_between(person.clone(), other.clone(), &plan).await;
    let key = uuid::Uuid::new_v4().to_string();
    app.upload(person, &disputed.below("evidence"), &key, PNG.to_vec()).await.expect(201);
    app.answer_dispute(&disputed).await;
    let part = json!({ "title": "Goat", "amount": { "amount": 10_000, "currency": "KES" }, "proof": "hand_over" });
    let new = json!({
        "title": "One goat", "role": "seller", "currency": "KES", "milestones": [part],
        "counterparty": { "email": person.email }, "reference": "Order 7", "metadata": { "order": "7" },
    });
    let deal = app.post(other, "/v1/deals", new).await.expect(201);
    let path = format!("/v1/deals/{}", deal["id"].as_str().expect("an id"));
    app.post(other, &format!("{path}/propose"), Value::Null).await.expect(200);
    app.post(person, &format!("{path}/agree"), json!({ "revision": 1 })).await.expect(200);
    app.given(person, 20_000, app.clock.now()).await;
    app.post(person, &format!("{path}/fund"), json!({ "method": "wallet" })).await.expect(200);
    let part = deal["milestones"][0]["id"].as_str().expect("an id");
    let part = format!("{path}/milestones/{part}");
    let code = app.get(person, &format!("{part}/delivery-code")).await.expect(200)["code"].clone();
    let told = json!({ "delivery_code": code });
    app.post(other, &format!("{part}/deliver"), told).await.expect(200);
}

/// Tables that stay empty here: reminders come days later, and the clock is not moved.
const OF_NOBODY: [&str; 2] = ["deal_reminders", "test_clock"];

/// Asserts that every table has rows, or the search proves nothing. Rows for a new table are
/// created in this file.
async fn assert_rows_everywhere(app: &App, columns: &[(String, String)]) {
    let tables: BTreeSet<&str> = columns
        .iter()
        .filter_map(|(name, _)| name.split_once('.'))
        .map(|(table, _)| table)
        .collect();
    let mut empty = vec![];
    for table in tables {
        let sql = format!("select count(*) from (select from \"{table}\" limit 1) one");
        if app.database.number(&sql).await == 0 {
            empty.push(table);
        }
    }
    assert_eq!(empty, OF_NOBODY);
}

/// Lists every column of the schema with an expression for its text. Binary columns are reduced to
/// their letters and digits.
async fn columns(app: &App) -> Vec<(String, String)> {
    let sql = "select string_agg(table_name || '.' || column_name || '=' || data_type, ',' order by 1)
        from information_schema.columns join information_schema.tables using (table_schema, table_name)
        where table_schema = 'public' and table_type = 'BASE TABLE' and table_name !~ '^events_(default|20)'";
    let all = app.database.text(sql).await.expect("columns");
    let read = |column: &str| {
        let (name, kind) = column.split_once('=').expect("a type");
        let (_, column) = name.split_once('.').expect("a table");
        let text = match kind {
            "bytea" => format!("encode(\"{column}\", 'escape')"),
            _ => format!("\"{column}\"::text"),
        };
        (name.to_owned(), text)
    };
    all.split(',').map(read).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_address_and_no_number_stands_in_the_database() {
    let app = App::start().await;
    let amina = app.person_with_phone("Amina", "254710987123").await;
    let juma = app.person("Juma").await;
    live(&app, &amina, &juma).await;
    let columns = columns(&app).await;
    assert!(columns.len() > 200, "{} columns", columns.len());
    assert_rows_everywhere(&app, &columns).await;
    let mut found = vec![];
    for (name, text) in columns {
        let (table, _) = name.split_once('.').expect("a table");
        // The number in any format, the address, and the address that it is to be changed to.
        let sql = format!(
            "select count(*) from \"{table}\" where {text} ~* '710987123|amina[.]2547|somebody[.]else'"
        );
        if app.database.number(&sql).await > 0 {
            found.push(name);
        }
    }
    assert_eq!(found, READABLE);
    let files = app.files_on_disk();
    assert!(!files.is_empty());
    for file in files {
        let content = std::fs::read(&file).expect("a file");
        assert!(!content.windows(4).any(|part| part == b"\x89PNG"), "{}", file.display());
    }
    app.assert_sound().await;
}

/// Uniqueness and look-ups work, although only digests can be compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_and_a_number_are_one_persons() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let new = json!({
        "name": "Neema", "email": amina.email.to_uppercase(), "phone": amina.phone,
        "password": PASSWORD,
    });
    app.send(reqwest::Method::POST, "/v1/users", None, None, Some(&new)).await.expect(201);
    for kind in ["email", "phone"] {
        let steal = format!("update users set {kind}_verified_at = now() where name = 'Neema'");
        assert_eq!(app.database.refusal(&steal).await, format!("users_{kind}_unique"));
    }
    assert!(!app.log_in(&amina.email).await.is_empty());
    let me = app.get(&amina, "/v1/me").await.expect(200);
    assert_eq!(me["email"], Value::from(amina.email));
}

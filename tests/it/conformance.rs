//! Every response, success or refusal, conforms to the OpenAPI document.

mod api_keys;
mod approve;
mod disputes;
mod offers;
mod organisations;
mod personal;
mod prove;
mod schema;
mod second_factor;
mod verify;

use crate::openapi::{Operation, document, operations};
use amana_harness::{Answer, App, Person, eventually};
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use schema::fits;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Checks responses against the document, and records which operations have succeeded.
struct Observer {
    app: App,
    document: Value,
    operations: Vec<Operation>,
    answered: RefCell<BTreeSet<String>>,
}

impl Observer {
    async fn new() -> Self {
        let (document, operations) = (document(), operations());
        Self { app: App::start().await, document, operations, answered: RefCell::default() }
    }

    fn operation(&self, method: &Method, path: &str) -> &Operation {
        let path = path.split('?').next().unwrap_or_default();
        let fits = |template: &str| {
            let (wanted, found) = (template.split('/'), path.split('/'));
            wanted.clone().count() == found.clone().count()
                && wanted.zip(found).all(|(w, f)| w == f || w.starts_with('{'))
        };
        let found = self.operations.iter().find(|o| o.method == method.as_str() && fits(&o.path));
        found.unwrap_or_else(|| panic!("{method} {path} is not documented"))
    }

    /// Calls, and checks status, media type and body of the response.
    async fn call(
        &self,
        person: Option<&Person>,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answer {
        let key = Uuid::new_v4().to_string();
        let token = person.map(|person| person.token.as_str());
        let body = (!body.is_null()).then_some(&body);
        let answer = self.app.send(method.clone(), path, token, Some(&key), body).await;
        self.checked(&method, path, answer)
    }

    /// Checks a response that is already there.
    fn checked(&self, method: &Method, path: &str, answer: Answer) -> Answer {
        let operation = self.operation(method, path);
        let (id, status) = (&operation.id, answer.status.as_u16());
        let range = format!("{}XX", status / 100);
        let responses = &operation.described["responses"];
        let described = [status.to_string(), range].into_iter().find_map(|s| responses.get(s));
        let described = described.unwrap_or_else(|| panic!("{id} does not document {status}"));
        if answer.status == StatusCode::NO_CONTENT {
            assert_eq!((&answer.body, described.get("content")), (&json!(""), None), "{id}");
            self.answered.borrow_mut().insert(id.clone());
            return answer;
        }
        let kind = answer.headers["content-type"].to_str().expect("text");
        let kind = kind.split(';').next().unwrap_or_default();
        let schema = &described["content"][kind]["schema"];
        assert!(!schema.is_null(), "{id} does not document {kind} for {status}");
        if let Err(why) = fits(&self.document, schema, &answer.body) {
            panic!("{id} {status}: {why}: {:#}", answer.body);
        }
        if answer.status.is_success() {
            self.answered.borrow_mut().insert(id.clone());
        }
        answer
    }

    async fn get(&self, person: &Person, path: &str) -> Value {
        self.call(Some(person), Method::GET, path, Value::Null).await.expect(200)
    }

    async fn post(&self, person: &Person, path: &str, body: Value, status: u16) -> Value {
        self.call(Some(person), Method::POST, path, body).await.expect(status)
    }
}

/// Registers a user with both contacts verified and the limits that the story needs.
async fn register(observer: &Observer, name: &str, phone: &str) -> Person {
    let person = newcomer(observer, name, phone).await;
    for contact in ["email", "phone"] {
        observer.app.is_verified(&person, contact).await;
    }
    let tier = format!("update users set tier = 'standard' where id = '{}'", person.uuid());
    observer.app.database.execute(&tier).await;
    person
}

async fn newcomer(observer: &Observer, name: &str, phone: &str) -> Person {
    let (email, password) = (format!("{}@example.com", name.to_lowercase()), "karibu-nyumbani-7");
    let new = json!({ "name": name, "email": email, "phone": phone, "password": password });
    let user = observer.call(None, Method::POST, "/v1/users", new).await.expect(201);
    let body = json!({ "login": email, "password": password });
    let session = observer.call(None, Method::POST, "/v1/sessions", body).await.expect(200);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (id, token) = (text(&user["id"]), text(&session["access_token"]));
    Person { id, email, phone: phone.to_owned(), token }
}

/// Offers, agrees, pays, delivers and releases a deal, and cancels another.
async fn trade(observer: &Observer, [buyer, seller, friend]: [&Person; 3]) {
    let amount = json!({ "amount": 50_050, "currency": "KES" });
    let new = json!({
        "title": "Two goats", "role": "seller", "currency": "KES", "fee_payer": "shared",
        "counterparty": { "email": buyer.email },
        "terms": { "inspection_hours": 24 },
        "milestones": [{ "title": "Goats", "amount": amount, "delivery_hours": 24 }],
    });
    let other = observer.post(seller, "/v1/deals", new.clone(), 201).await;
    let other = format!("/v1/deals/{}", other["id"].as_str().expect("an id"));
    observer.post(buyer, &format!("{other}/cancel"), Value::Null, 200).await;
    let deal = observer.post(seller, "/v1/deals", new, 201).await;
    let part = deal["milestones"][0]["id"].as_str().expect("an id");
    let deal = deal["id"].as_str().expect("an id");
    let path = format!("/v1/deals/{deal}");
    observer.post(seller, &format!("{path}/propose"), Value::Null, 200).await;
    observer.post(buyer, &format!("{path}/agree"), json!({ "revision": 1 }), 200).await;
    let named = json!({ "phone": friend.phone });
    observer.post(buyer, &format!("{path}/payers"), named, 200).await;
    let later = (observer.app.clock.now() + chrono::TimeDelta::days(20)).to_rfc3339();
    let later = json!({ "deadline": "funding", "until": later });
    observer.post(seller, &format!("{path}/extensions"), later, 200).await;
    observer.app.fault(&buyer.phone, "approve", 1).await;
    let pay = json!({ "method": "mpesa" });
    observer.post(buyer, &format!("{path}/fund?dry_run=true"), pay.clone(), 200).await;
    let funding = observer.post(buyer, &format!("{path}/fund"), pay, 202).await;
    observer.app.wait_for_deal(buyer, deal, "funded").await;
    observer
        .get(buyer, &format!("/v1/payments/{}", funding["payment"]["id"].as_str().expect("an id")))
        .await;
    observer.post(buyer, &format!("{path}/mutual-cancel"), Value::Null, 200).await;
    let part = format!("{path}/milestones/{part}");
    observer.post(seller, &format!("{part}/deliver"), Value::Null, 200).await;
    observer.post(buyer, &format!("{part}/release"), Value::Null, 200).await;
    observer.get(buyer, &path).await;
    observer.get(seller, &format!("{path}/timeline")).await;
    observer.get(seller, "/v1/deals").await;
}

/// Deposits, and withdraws twice: an operator releases one and refuses the other.
async fn withdraw(observer: &Observer, person: &Person, operator: &Person) {
    let amount = json!({ "amount": { "amount": 20_000, "currency": "KES" } });
    observer.app.fault(&person.phone, "approve", 1).await;
    observer.post(person, "/v1/wallet/deposits?dry_run=true", amount.clone(), 200).await;
    let paid = observer.post(person, "/v1/wallet/deposits", amount.clone(), 202).await;
    observer.app.wait_for_payment(person, paid["id"].as_str().expect("an id"), "succeeded").await;
    observer.app.database.execute("update risk_rules set threshold = 1, points = 100").await;
    observer.post(person, "/v1/withdrawals?dry_run=true", amount.clone(), 200).await;
    for decision in ["reject", "release"] {
        let asked = observer.post(person, "/v1/withdrawals", amount.clone(), 202).await;
        let id = asked["id"].as_str().expect("an id");
        observer.app.wait_for_payment(person, id, "held").await;
        observer.get(operator, "/v1/operator/withdrawals").await;
        let path = format!("/v1/operator/withdrawals/{id}/{decision}");
        observer.post(operator, &path, json!({ "note": "looked into" }), 200).await;
        let end = if decision == "reject" { "failed" } else { "succeeded" };
        observer.app.wait_for_payment(person, id, end).await;
        observer.get(person, &format!("/v1/payments/{id}")).await;
    }
    let doubtful = register(observer, "Otieno", "254700000115").await;
    let paid = observer.post(&doubtful, "/v1/wallet/deposits", amount, 202).await;
    let id = paid["id"].as_str().expect("an id");
    observer.app.wait_for_payment(&doubtful, id, "review").await;
    let path = format!("/v1/operator/payments/{id}");
    observer.get(operator, &path).await;
    observer.app.step_up(operator).await;
    let body = json!({ "paid": false, "note": "asked M-Pesa" });
    observer.post(operator, &format!("{path}/resolve"), body, 201).await;
    for list in ["/v1/payments", "/v1/withdrawals", "/v1/wallet", "/v1/me"] {
        observer.get(person, list).await;
    }
}

/// Quotes a transfer, makes it, and looks its stored response up.
async fn send(observer: &Observer, from: &Person, recipient: &Person) {
    let body = json!({
        "to": { "phone": recipient.phone }, "amount": { "amount": 100, "currency": "KES" },
        "note": "Asante", "category": "gift", "metadata": { "order": "7" },
    });
    observer.post(from, "/v1/transfers?dry_run=true", body.clone(), 200).await;
    observer.post(from, "/v1/transfers", body, 201).await;
    let key = "select key from idempotency_keys where operation = 'create_transfer'";
    let key = observer.app.database.text(key).await.expect("a key");
    observer.get(from, &format!("/v1/operations/{key}")).await;
}

/// Reads transactions and statements in every format.
async fn look_back(observer: &Observer, person: &Person) {
    let listed = observer.get(person, "/v1/transactions?kind=deposit,fund&kind=release").await;
    let first = &listed["items"][0];
    let (id, at) = (first["id"].as_str().expect("an id"), first["at"].as_str().expect("a time"));
    assert_eq!(&observer.get(person, &format!("/v1/transactions/{id}")).await, first);
    observer.get(person, &format!("/v1/wallet?at={at}")).await;
    for format in ["json", "csv", "pdf"] {
        observer
            .get(person, &format!("/v1/wallet/statement?from=2020-01-01&format={format}"))
            .await;
    }
}

/// Sets a handle, searches by it, reads limits; closes and reopens another account.
async fn manage(observer: &Observer, person: &Person, operator: &Person) {
    let put = async |by: &Person, path: &str, body: Value| {
        observer.call(Some(by), Method::PUT, path, body).await.expect(200)
    };
    put(person, "/v1/me/handle", json!({ "handle": "@juma_k" })).await;
    let named = json!({ "name": "Juma Kamau" });
    observer.call(Some(person), Method::PATCH, "/v1/me", named).await.expect(200);
    let found = observer.get(operator, "/v1/people?query=juma").await;
    assert_eq!(found["items"][0]["handle"], "@juma_k");
    observer.get(person, "/v1/limits").await;
    let newcomer = register(observer, "Neema", "254711000003").await;
    let path = format!("/v1/operator/users/{}", newcomer.id);
    for what in ["payments", "deals", "wallet"] {
        observer.get(operator, &format!("/v1/operator/users/{}/{what}", person.id)).await;
    }
    observer.get(operator, &format!("/v1/operator/users?query={}", person.email)).await;
    for step in ["freeze", "unfreeze", "close", "reopen"] {
        let body = json!({ "note": "Asked for it" });
        observer.post(operator, &format!("{path}/{step}"), body, 200).await;
        observer.get(operator, &path).await;
    }
}

/// Refreshes a session, gets a role, and signs out of one and of all sessions.
async fn stay(observer: &Observer, operator: &Person) {
    let mut person = register(observer, "Wanjiru", "254711000006").await;
    let path = format!("/v1/operator/users/{}/role", person.id);
    let body = json!({ "role": "support", "note": "Hired" });
    let other = observer.app.operator().await;
    observer.app.step_up(operator).await;
    let asked = observer.call(Some(operator), Method::PUT, &path, body).await.expect(201);
    observer.app.approve(&other, &asked).await;
    let opened = observer.app.open_session(&person.email).await;
    let body = json!({ "refresh_token": opened["refresh_token"] });
    let tokens = observer.call(None, Method::POST, "/v1/sessions/refresh", body).await.expect(200);
    person.token = tokens["access_token"].as_str().expect("a token").to_owned();
    let other = observer.app.open_session(&person.email).await;
    observer.get(&person, "/v1/sessions").await;
    observer.post(&person, "/v1/realtime/tickets", Value::Null, 201).await;
    let other = format!("/v1/sessions/{}", other["session_id"].as_str().expect("an id"));
    for path in [other.as_str(), "/v1/sessions"] {
        let ended = observer.call(Some(&person), Method::DELETE, path, Value::Null).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
    }
}

/// Creates a hold; its beneficiary takes a part and releases the rest.
async fn reserve(observer: &Observer, owner: &Person, shop: &Person) {
    observer.app.top_up(owner, 5_000).await;
    let money = |minor: i64| json!({ "amount": minor, "currency": "KES" });
    let body = json!({
        "to": { "phone": shop.phone }, "amount": money(3_000), "expires_in_hours": 2, "note": "Car",
    });
    observer.post(owner, "/v1/holds?dry_run=true", body.clone(), 200).await;
    let made = observer.post(owner, "/v1/holds", body, 201).await;
    let path = format!("/v1/holds/{}", made["id"].as_str().expect("an id"));
    let part = json!({ "amount": money(1_000) });
    observer.post(shop, &format!("{path}/settle"), part, 200).await;
    observer.post(shop, &format!("{path}/release"), Value::Null, 200).await;
    for person in [owner, shop] {
        observer.get(person, &path).await;
        observer.get(person, "/v1/holds").await;
    }
}

/// Calls every operator list with at least one item in each.
async fn operate(observer: &Observer, operator: &Person) {
    let app = &observer.app;
    app.statements_name_payers().await;
    let paid = json!({ "phone": "254733000001", "amount": 12_300, "reference": "HELLO" });
    assert!(app.sandbox_send(Method::POST, "/admin/paybill", paid).await.is_success());
    for way in ["c", "p", "t", "b", "v"] {
        let path = format!("/v1/callbacks/{way}/0123456789abcdef0123456789abcdef");
        observer.call(None, Method::POST, &path, json!({ "Body": 1 })).await.expect(200);
    }
    // A statement ends with a whole second.
    app.clock.advance(TimeDelta::seconds(1));
    observer.post(operator, "/v1/operator/reconciliations", Value::Null, 202).await;
    for list in [
        "discrepancies",
        "reconciliations",
        "suspense",
        "callbacks?state=applied",
        "jobs?state=done",
    ] {
        let path = format!("/v1/operator/{list}");
        eventually(list, || async {
            let items = observer.get(operator, &path).await["items"].as_array().map(Vec::len);
            (items > Some(0)).then_some(())
        })
        .await;
    }
    approve::give_back(observer, operator).await;
    observer.get(operator, "/v1/test/clock").await;
    let moved = json!({ "seconds": 1 });
    observer.post(operator, "/v1/test/clock/advance", moved, 200).await;
    observer.get(operator, "/v1/operator/proof").await;
    observer.get(operator, "/v1/operator/health").await;
    let found = observer.get(operator, "/v1/operator/discrepancies").await;
    // The provider does not hold this story's money, so that discrepancy closes only when the books
    // add up.
    let unclaimed = found["items"].as_array().into_iter().flatten();
    let unclaimed =
        unclaimed.filter(|one| one["kind"] == "unclaimed").find_map(|one| one["id"].as_str());
    let path = format!("/v1/operator/discrepancies/{}/close", unclaimed.expect("an id"));
    observer.post(operator, &path, json!({ "note": "Looked into" }), 200).await;
    observer.get(operator, "/v1/operator/discrepancies?state=closed").await;
    // The list of finished jobs may hold only other jobs before the worker has reconciled.
    let done = "select id::text from jobs where kind = 'reconcile' and state = 'done' limit 1";
    let id = eventually("a reconciliation job is done", || app.database.text(done)).await;
    let dies = "update jobs set state = 'dead', last_error = 'by hand'";
    app.database.execute(&format!("{dies} where id = '{id}'")).await;
    let job = format!("job_{}", id.replace('-', ""));
    observer.get(operator, "/v1/operator/jobs").await;
    let path = format!("/v1/operator/jobs/{job}/replay");
    observer.post(operator, &path, Value::Null, 202).await;
    let again = observer.call(Some(operator), Method::POST, &path, Value::Null).await;
    assert_eq!(again.problem(), "job_not_failed");
}

/// Every operation succeeds at least once in one story.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_has_the_documented_shape() {
    let observer = Observer::new().await;
    for probe in ["/livez", "/readyz", "/v1/service"] {
        observer.call(None, Method::GET, probe, Value::Null).await.expect(200);
    }
    let buyer = register(&observer, "Amina", "254711000001").await;
    let seller = register(&observer, "Juma", "254711000002").await;
    let operator = observer.app.operator().await;
    trade(&observer, [&buyer, &seller, &operator]).await;
    disputes::disagree(&observer, (&buyer, &seller), &operator).await;
    offers::negotiate(&observer, (&buyer, &seller), &operator).await;
    withdraw(&observer, &buyer, &operator).await;
    send(&observer, &buyer, &seller).await;
    reserve(&observer, &buyer, &seller).await;
    look_back(&observer, &buyer).await;
    manage(&observer, &seller, &operator).await;
    approve::approve(&observer, &seller, &operator).await;
    stay(&observer, &operator).await;
    prove::prove(&observer).await;
    second_factor::guard(&observer).await;
    organisations::gather(&observer, &seller).await;
    api_keys::entrust(&observer).await;
    personal::leave(&observer, &operator).await;
    verify::verify(&observer, &seller, &operator).await;
    operate(&observer, &operator).await;
    let documented: BTreeSet<String> = observer.operations.iter().map(|o| o.id.clone()).collect();
    assert_eq!(*observer.answered.borrow(), documented);
    observer.app.assert_ledger_holds().await;
}

/// Every operation is called without its input and refuses in the documented format.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_has_the_documented_shape() {
    let observer = Observer::new().await;
    let person = observer.app.person("Amina").await;
    for operation in &observer.operations {
        let path = operation.path.replace("{id}", "x").replace("{milestone}", "x");
        let path = path.replace("{token}", "x").replace("{document}", "x");
        let path = path.replace("{user}", "x").replace("{invitation}", "x");
        let path = path.replace("{dispute}", "x");
        let path = path.replace("{provider}", "mpesa").replace("{receipt}", "x");
        let path = format!("{path}?limit=0");
        let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
        for caller in [None, Some(&person)] {
            let body = json!({ "surprise": true });
            let body = if method == Method::GET { Value::Null } else { body };
            let answer = observer.call(caller, method.clone(), &path, body).await;
            assert!(!answer.status.is_server_error(), "{}", operation.id);
        }
    }
}

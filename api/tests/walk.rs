use amana_api::{ApiConfig, FeePolicy, app};
use amana_postgres::{Clock, Store};
use poem::Endpoint;
use poem::test::TestClient;
use serde_json::{Value, json};

const URL: &str = "postgres://app@127.0.0.1:54999/api_dev";

async fn call<E: Endpoint>(
    c: &TestClient<E>,
    method: &str,
    path: &str,
    token: &str,
    key: &str,
    body: Option<Value>,
) -> (u16, Value, poem::http::HeaderMap) {
    let mut r = match method {
        "POST" => c.post(path),
        "PUT" => c.put(path),
        _ => c.get(path),
    };
    if !token.is_empty() {
        r = r.header("Authorization", format!("Bearer {token}"));
    }
    if !key.is_empty() {
        r = r.header("Idempotency-Key", key);
    }
    if let Some(b) = body {
        r = r.body_json(&b);
    }
    let mut resp = Box::pin(r.send()).await.0;
    let status = resp.status().as_u16();
    let headers = resp.headers().clone();
    let text = resp.take_body().into_string().await.unwrap();
    let v = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let id = headers.get("x-request-id").map(|v| v.to_str().unwrap().to_owned());
    assert!(id.is_some(), "{path}");
    println!("{method} {path} -> {status} {}", v.to_string().chars().take(420).collect::<String>());
    (status, v, headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn walk() {
    Store::migrate(URL).await.unwrap();
    let store = Store::connect(URL, 8).await.unwrap();
    let clock = Clock::default();
    let config = ApiConfig {
        jwt_secret: "0123456789abcdef0123456789abcdef".into(),
        fee: FeePolicy { percentage_bps: 250, fixed_minor: 1000 },
    };
    let c = TestClient::new(app(store.clone(), clock.clone(), None, &config));
    let n = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
        % 1_000_000;
    let mut tokens = vec![];
    for (i, who) in ["amina", "baraka", "chiku"].iter().enumerate() {
        let email = format!("{who}{n}@example.com");
        let b = json!({"name": who, "email": email, "phone": format!("07{}{:07}", i, n), "password": "correct horse"});
        let (s, v, _) = call(&c, "POST", "/v1/users", "", "", Some(b.clone())).await;
        assert_eq!(s, 201, "{v}");
        let (s, v, _) = call(&c, "POST", "/v1/users", "", "", Some(b)).await;
        assert_eq!(s, 409, "{v}");
        let (s, v, _) = call(
            &c,
            "POST",
            "/v1/sessions",
            "",
            "",
            Some(json!({"email": email.to_uppercase(), "password": "correct horse"})),
        )
        .await;
        assert_eq!(s, 200, "{v}");
        tokens.push(v["access_token"].as_str().unwrap().to_owned());
    }
    let (amina, baraka, chiku) = (&tokens[0], &tokens[1], &tokens[2]);
    let (s, v, _) = call(
        &c,
        "POST",
        "/v1/sessions",
        "",
        "",
        Some(json!({"email": "nobody@example.com", "password": "correct horse"})),
    )
    .await;
    assert_eq!((s, v["code"].as_str()), (401, Some("invalid_credentials")));
    for path in [
        "/v1/me",
        "/v1/wallet",
        "/v1/wallet/entries",
        "/v1/deals",
        "/v1/payments",
        "/v1/withdrawals",
    ] {
        assert_eq!(call(&c, "GET", path, amina, "", None).await.0, 200);
        let (s, v, h) = call(&c, "GET", path, "", "", None).await;
        assert_eq!((s, v["code"].as_str()), (401, Some("unauthorized")));
        assert_eq!(h["www-authenticate"], "Bearer");
        assert_eq!(call(&c, "GET", path, "garbage", "", None).await.0, 401);
    }
    let deal = json!({"title": "A bicycle", "role": "buyer", "counterparty": {"email": format!("baraka{n}@example.com")}, "currency": "KES",
        "fee_payer": "shared", "milestones": [{"title": "Frame", "amount": {"amount": 150_001, "currency": "KES"}}, {"title": "Wheels", "amount": {"amount": 50_000, "currency": "KES"}, "delivery_hours": 24}]});
    let (s, v, _) = call(&c, "POST", "/v1/deals", amina, "", Some(deal.clone())).await;
    assert_eq!(s, 201, "{v}");
    println!("{v:#}");
    let id = v["id"].as_str().unwrap().to_owned();
    let bad = |patch: Value| {
        let mut d = deal.clone();
        for (k, v) in patch.as_object().unwrap() {
            d[k] = v.clone();
        }
        d
    };
    for (patch, status, code, pointer) in [
        (json!({"title": ""}), 422, "invalid_request", "/title"),
        (json!({"title": "x".repeat(121)}), 422, "invalid_request", "/title"),
        (json!({"title": "a\u{0}b"}), 422, "invalid_request", "/title"),
        (json!({"currency": "XXX"}), 422, "invalid_request", "/currency"),
        (json!({"currency": 5}), 422, "invalid_request", "/currency"),
        (json!({"extra": 5}), 422, "invalid_request", "/extra"),
        (json!({"milestones": []}), 422, "invalid_request", "/milestones"),
        (
            json!({"milestones": [{"title": "a", "amount": {"amount": -1, "currency": "KES"}}]}),
            422,
            "invalid_request",
            "/milestones/0/amount/amount",
        ),
        (
            json!({"milestones": [{"title": "a", "amount": {"amount": 1.5, "currency": "KES"}}]}),
            422,
            "invalid_request",
            "/milestones/0/amount/amount",
        ),
        (
            json!({"milestones": [{"title": "a", "amount": {"amount": 1e30, "currency": "KES"}}]}),
            422,
            "invalid_request",
            "/milestones/0/amount/amount",
        ),
        (
            json!({"milestones": [{"title": "a", "amount": {"amount": 10, "currency": "KES"}}]}),
            422,
            "fee_exceeds_amount",
            "/milestones",
        ),
        (
            json!({"milestones": [{"title": "a", "amount": {"amount": 1_000_000_000_000_000i64, "currency": "KES"}}, {"title": "a", "amount": {"amount": 1_000_000_000_000_000i64, "currency": "KES"}}]}),
            422,
            "amount_out_of_range",
            "",
        ),
        (
            json!({"counterparty": {"email": "nobody@example.com"}}),
            422,
            "unknown_counterparty",
            "/counterparty",
        ),
        (
            json!({"counterparty": {"email": "a\u{0}@example.com"}}),
            422,
            "invalid_request",
            "/counterparty/email",
        ),
        (json!({"counterparty": {}}), 422, "invalid_request", "/counterparty"),
        (json!({"counterparty": {"phone": "12"}}), 422, "invalid_request", "/counterparty/phone"),
        (
            json!({"counterparty": {"email": format!("amina{n}@example.com")}}),
            422,
            "same_party",
            "/counterparty",
        ),
        (json!({"terms": {"funding_hours": 0}}), 422, "invalid_request", "/terms/funding_hours"),
        (
            json!({"milestones": [["a", {"amount": 5, "currency": "KES"}, 5]]}),
            422,
            "invalid_request",
            "",
        ),
        (
            json!({"milestones": [{"title": "a", "amount": {"amount": 100, "currency": "USD"}}]}),
            422,
            "invalid_request",
            "/milestones/0/amount/currency",
        ),
        (json!({"role": "broker"}), 422, "invalid_request", "/role"),
    ] {
        let (s, v, h) = call(&c, "POST", "/v1/deals", amina, "", Some(bad(patch))).await;
        assert_eq!((s, v["code"].as_str().unwrap()), (status, code));
        assert_eq!(h["content-type"], "application/problem+json");
        assert_eq!(v["errors"][0]["pointer"].as_str().unwrap_or_default(), pointer);
    }
    let p = |tail: &str| format!("/v1/deals/{id}{tail}");
    assert_eq!(call(&c, "GET", &p(""), chiku, "", None).await.0, 404);
    assert_eq!(call(&c, "GET", "/v1/deals/nonsense", chiku, "", None).await.0, 400);
    assert_eq!(call(&c, "POST", &p("/agree"), baraka, "", None).await.0, 409);
    assert_eq!(call(&c, "POST", &p("/propose"), baraka, "", None).await.0, 403);
    assert_eq!(call(&c, "POST", &p("/propose"), amina, "", None).await.0, 200);
    let (s, v, _) = call(&c, "POST", &p("/agree"), amina, "", None).await;
    assert_eq!((s, v["code"].as_str()), (403, Some("own_proposal")));
    assert_eq!(call(&c, "POST", &p("/agree"), baraka, "", None).await.0, 200);
    let (s, v, _) =
        call(&c, "POST", &p("/fund"), amina, "", Some(json!({"method": "wallet"}))).await;
    assert_eq!((s, v["code"].as_str()), (400, Some("idempotency_key_required")));
    let (s, v, _) =
        call(&c, "POST", &p("/fund"), amina, "k0", Some(json!({"method": "wallet"}))).await;
    assert_eq!((s, v["code"].as_str()), (422, Some("insufficient_funds")));
    let (s, v, _) =
        call(&c, "POST", &p("/fund"), baraka, "k0", Some(json!({"method": "wallet"}))).await;
    assert_eq!((s, v["code"].as_str()), (403, Some("wrong_party")));
    let (s, first, h) =
        call(&c, "POST", &p("/fund"), amina, "k1", Some(json!({"method": "mpesa"}))).await;
    assert_eq!(s, 202, "{first}");
    println!("{first:#}");
    assert!(h.get("idempotent-replayed").is_none());
    let (s, again, h) =
        call(&c, "POST", &p("/fund"), amina, "k1", Some(json!({"method": "mpesa"}))).await;
    assert_eq!((s, &again), (202, &first));
    assert_eq!(h["idempotent-replayed"], "true");
    let (s, v, _) =
        call(&c, "POST", &p("/fund"), amina, "k1", Some(json!({"method": "wallet"}))).await;
    assert_eq!((s, v["code"].as_str()), (422, Some("idempotency_key_reused")));
    let (s, v, _) =
        call(&c, "POST", &p("/fund"), amina, "k2", Some(json!({"method": "mpesa"}))).await;
    assert_eq!((s, v["code"].as_str()), (409, Some("payment_in_progress")));
    let (_, v, _) = call(&c, "GET", &p(""), baraka, "", None).await;
    assert_eq!(v["role"], "seller");
    let ms = v["milestones"][0]["id"].as_str().unwrap().to_owned();
    let (s, v, _) =
        call(&c, "POST", &p(&format!("/milestones/{ms}/release")), amina, "k3", None).await;
    assert_eq!((s, v["code"].as_str()), (409, Some("wrong_state")));
    let (s, v, _) = call(&c, "POST", &p("/cancel"), amina, "k4", None).await;
    assert_eq!((s, v["code"].as_str()), (409, Some("payment_in_progress")));
    let (_, t, _) = call(&c, "GET", &p("/timeline?limit=2"), amina, "", None).await;
    assert_eq!(t["next_cursor"], "2");
    let (_, t, _) = call(&c, "GET", &p("/timeline?limit=2&after=2"), amina, "", None).await;
    assert_eq!(t["items"][0]["seq"], 3);
    for q in
        ["limit=0", "limit=101", "limit=x", "after=%00", "after=x", "limit=99999999999999999999"]
    {
        let (s, v, _) = call(&c, "GET", &format!("/v1/deals?{q}"), amina, "", None).await;
        assert_eq!((s, v["code"].as_str()), (400, Some("invalid_parameter")));
    }
    let (_, v, _) = call(&c, "GET", "/v1/payments", amina, "", None).await;
    let pay = v["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(call(&c, "GET", &format!("/v1/payments/{pay}"), amina, "", None).await.0, 200);
    assert_eq!(call(&c, "GET", &format!("/v1/payments/{pay}"), baraka, "", None).await.0, 404);
    for (amount, code) in [(150, "provider_step"), (25_000_100, "provider_limit")] {
        let (s, v, _) = call(
            &c,
            "POST",
            "/v1/wallet/deposits",
            amina,
            "k5",
            Some(json!({"amount": {"amount": amount, "currency": "KES"}})),
        )
        .await;
        assert_eq!((s, v["code"].as_str()), (422, Some(code)));
    }
    let (s, v, _) = call(
        &c,
        "POST",
        "/v1/wallet/deposits",
        amina,
        "k5",
        Some(json!({"amount": {"amount": 100, "currency": "USD"}})),
    )
    .await;
    assert_eq!((s, v["code"].as_str()), (422, Some("currency_not_carried")));
    let (s, _, _) = call(
        &c,
        "POST",
        "/v1/wallet/deposits",
        amina,
        "k5",
        Some(json!({"amount": {"amount": 10000, "currency": "KES"}, "phone": "+254 110 345678"})),
    )
    .await;
    assert_eq!(s, 202);
    let (s, v, _) = call(
        &c,
        "POST",
        "/v1/withdrawals",
        amina,
        "k6",
        Some(json!({"amount": {"amount": 10000, "currency": "KES"}})),
    )
    .await;
    assert_eq!((s, v["code"].as_str()), (422, Some("insufficient_funds")));
    // the money arrives
    let sql = |q: &str| {
        let o = std::process::Command::new("psql")
            .args(["-h", "127.0.0.1", "-p", "54999", "-U", "app", "api_dev", "-Atc", q])
            .output()
            .unwrap();
        String::from_utf8(o.stdout).unwrap().trim().to_owned()
    };
    let raw = |id: &str| uuid::Uuid::parse_str(id.split('_').nth(1).unwrap()).unwrap();
    let (_, v, _) = call(&c, "GET", &p(""), amina, "", None).await;
    let pay_id = v["payment"]["id"].as_str().unwrap().to_owned();
    let token = sql(&format!("select callback_token from payments where id = '{}'", raw(&pay_id)));
    assert_eq!(token.len(), 32);
    assert_eq!(c.post(format!("/v1/callbacks/c/{token}")).body("{}").send().await.0.status(), 200);
    let cb: uuid::Uuid =
        sql(&format!("select id from callbacks where token = '{token}'")).parse().unwrap();
    let job: uuid::Uuid =
        sql(&format!("select id from jobs where key = 'apply_callback:{cb}'")).parse().unwrap();
    let claim = store
        .claim_job(job, std::time::Duration::from_secs(60), clock.now())
        .await
        .unwrap()
        .unwrap();
    let stored = store.callback(cb).await.unwrap();
    use amana_domain::{money::*, payment::*};
    let ev = Evidence {
        source: Source::Callback,
        claim: Claim::Succeeded {
            receipt: Some(format!("R{n}")),
            amount: Some(Money::new(203_100, Currency::Kes).unwrap()),
        },
        reference: None,
    };
    store.apply_callback(&claim, &stored, Ok(ev), clock.now()).await.unwrap();
    let (_, v, _) = call(&c, "GET", &p(""), amina, "", None).await;
    assert_eq!(v["state"], "funded");
    let (_, v, _) = call(&c, "GET", "/v1/wallet", amina, "", None).await;
    assert_eq!(v["balances"][0]["available"]["amount"], 99);
    let (_, v, _) = call(&c, "GET", "/v1/wallet/entries?limit=1", amina, "", None).await;
    let next = v["next_cursor"].as_str().unwrap().to_owned();
    let (_, v, _) =
        call(&c, "GET", &format!("/v1/wallet/entries?limit=1&after={next}"), amina, "", None).await;
    assert_eq!(v["next_cursor"], Value::Null);
    assert_eq!(
        call(&c, "POST", &p(&format!("/milestones/{ms}/deliver")), amina, "", None).await.0,
        403
    );
    assert_eq!(
        call(&c, "POST", &p(&format!("/milestones/{ms}/deliver")), baraka, "", None).await.0,
        200
    );
    assert_eq!(
        call(
            &c,
            "POST",
            &p("/milestones/ms_00000000000000000000000000000007/deliver"),
            baraka,
            "",
            None
        )
        .await
        .0,
        404
    );
    assert_eq!(
        call(&c, "POST", &p(&format!("/milestones/{ms}/release")), baraka, "r0", None).await.0,
        403
    );
    let (s, one, _) =
        call(&c, "POST", &p(&format!("/milestones/{ms}/release")), amina, "r1", None).await;
    assert_eq!(s, 200);
    let (s, two, h) =
        call(&c, "POST", &p(&format!("/milestones/{ms}/release")), amina, "r1", None).await;
    assert_eq!((s, &two, h["idempotent-replayed"].to_str().unwrap()), (200, &one, "true"));
    let (s, v, _) =
        call(&c, "POST", &p(&format!("/milestones/{ms}/release")), amina, "r2", None).await;
    assert_eq!((s, v["code"].as_str()), (409, Some("wrong_state")));
    let (s, v, _) = call(&c, "POST", &p("/cancel"), baraka, "c1", None).await;
    assert_eq!(
        (s, v["role"].as_str(), v["cancel_asked_by"].as_str()),
        (200, Some("seller"), Some("seller"))
    );
    println!("{}", v["status_text"]);
    let (s, v, _) = call(&c, "POST", &p("/cancel"), baraka, "c2", None).await;
    assert_eq!((s, v["code"].as_str()), (409, Some("already_asked")));
    let (s, v, _) = call(&c, "POST", &p("/cancel"), amina, "c1", None).await;
    assert_eq!(
        (s, v["role"].as_str(), v["state"].as_str()),
        (200, Some("buyer"), Some("released"))
    );
    println!("{}", v["status_text"]);
    let (s, v, _) = call(
        &c,
        "POST",
        "/v1/withdrawals",
        baraka,
        "w1",
        Some(json!({"amount": {"amount": 10000, "currency": "KES"}})),
    )
    .await;
    assert_eq!((s, v["state"].as_str()), (202, Some("screening")));
    let (_, v, _) = call(&c, "GET", "/v1/wallet", baraka, "", None).await;
    assert_eq!(v["balances"][0]["held"]["amount"], 10000);
    // callbacks
    for (path, body) in [
        ("/v1/callbacks/c/nonsense", "not json"),
        ("/v1/callbacks/p/0123456789abcdef0123456789abcdef", "{}"),
        ("/v1/callbacks/t/%00%C3%A9x", ""),
        ("/v1/callbacks/c/a%2Fb", "\u{0}"),
    ] {
        let mut r = c.post(path).body(body).send().await.0;
        let st = r.status();
        println!("{path} {st} {}", r.take_body().into_string().await.unwrap());
        assert_eq!(st, 200);
    }
    // operator
    for path in
        ["withdrawals", "jobs", "breaks", "reconciliations", "suspense", "callbacks", "proof"]
    {
        let (s, v, _) = call(&c, "GET", &format!("/v1/operator/{path}"), amina, "", None).await;
        assert_eq!((s, v["code"].as_str()), (403, Some("forbidden")));
    }
    let hash = "x".to_owned();
    let boss = amana_postgres::NewUser {
        name: "Boss".into(),
        email: format!("boss{n}@example.com"),
        phone: amana_domain::phone::Msisdn::parse(&format!("25479{:07}", n)).unwrap(),
        password_hash: hash,
        role: amana_postgres::UserRole::Operator,
        locale: amana_domain::notice::Locale::English,
    };
    store.register(&boss, clock.now()).await.unwrap();
    let out = std::process::Command::new("psql").args(["-h","127.0.0.1","-p","54999","-U","app","api_dev","-c", &format!("update users set password_hash = (select password_hash from users where email = 'amina{n}@example.com') where email = 'boss{n}@example.com'")]).status().unwrap();
    assert!(out.success());
    let (_, v, _) = call(
        &c,
        "POST",
        "/v1/sessions",
        "",
        "",
        Some(json!({"email": format!("boss{n}@example.com"), "password": "correct horse"})),
    )
    .await;
    let boss = v["access_token"].as_str().unwrap();
    for path in [
        "withdrawals?state=held",
        "jobs?state=queued&limit=2",
        "breaks",
        "reconciliations",
        "suspense",
        "callbacks?limit=1",
        "proof",
    ] {
        assert_eq!(call(&c, "GET", &format!("/v1/operator/{path}"), boss, "", None).await.0, 200);
    }
    assert_eq!(call(&c, "POST", "/v1/operator/reconciliations", boss, "", None).await.0, 202);
    let (s, v, _) = call(
        &c,
        "POST",
        &format!("/v1/operator/withdrawals/{pay}/release"),
        boss,
        "o1",
        Some(json!({"note": "fine with me"})),
    )
    .await;
    assert_eq!((s, v["code"].as_str()), (409, Some("not_held")));
    let (s, v, _) = call(
        &c,
        "POST",
        "/v1/operator/jobs/job_00000000000000000000000000000007/replay",
        boss,
        "",
        None,
    )
    .await;
    assert_eq!((s, v["code"].as_str()), (404, Some("not_found")));
    // framework
    for (m, path, s, code) in [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/nowhere", 404, "not_found"),
        ("PUT", "/v1/deals", 405, "method_not_allowed"),
        ("GET", "/livez", 200, ""),
        ("GET", "/readyz", 200, ""),
    ] {
        let (st, v, _) = call(&c, m, path, "", "", None).await;
        assert_eq!((st, v["code"].as_str().unwrap_or_default()), (s, code));
    }
    let long = format!("/v1/me?x={}", "a".repeat(3000));
    assert_eq!(call(&c, "GET", &long, amina, "", None).await.0, 414);
    let r = c.get("/v1/me").header("x-long", "a".repeat(20_000)).send().await.0;
    assert_eq!(r.status(), 431);
    let mut r = c
        .post("/v1/sessions")
        .content_type("application/json")
        .body(vec![b' '; 70_000])
        .send()
        .await
        .0;
    assert_eq!(r.status(), 413);
    println!("{}", r.take_body().into_string().await.unwrap());
    let mut r = c.post("/v1/sessions").content_type("text/plain").body("{}").send().await.0;
    assert_eq!(r.status(), 415);
    println!("{}", r.take_body().into_string().await.unwrap());
    let mut r = c.post("/v1/sessions").content_type("application/json").body("{").send().await.0;
    assert_eq!(r.status(), 400);
    println!("{:?} {}", r.headers().clone(), r.take_body().into_string().await.unwrap());
    let r = c.get("/docs").send().await.0;
    assert_eq!(r.status(), 200);
    println!("{:?}", r.headers());
    let mut r = c.get("/openapi.json").send().await.0;
    assert_eq!(r.take_body().into_string().await.unwrap(), amana_api::document());
    assert!(store.proof().await.unwrap().holds());
    clock.advance(chrono::TimeDelta::minutes(16));
    assert_eq!(call(&c, "GET", "/v1/me", amina, "", None).await.0, 401);
}

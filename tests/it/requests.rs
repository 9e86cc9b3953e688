//! Invalid requests apart from the body: paths, parameters, keys and sizes. The response is always
//! a problem, without any effect.

use amana_harness::{Answer, App, DealPlan, Person};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;

/// One byte above the limit of every body.
const TOO_MANY_BYTES: usize = 64 * 1024 + 1;

struct World {
    app: App,
    amina: Person,
    operator: Person,
    deal: String,
    milestone: String,
    before: BTreeMap<String, String>,
}

impl World {
    async fn new() -> Self {
        let app = App::builder().without_worker().start().await;
        let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
        let operator = app.operator().await;
        let deal = app.agreed(&amina, &juma, &DealPlan::default()).await;
        let milestone = app.milestones(&amina, &deal).await.remove(0);
        let before = app.database.fingerprint().await;
        Self { app, amina, operator, deal, milestone, before }
    }

    async fn call(&self, method: Method, path: &str) -> Answer {
        let operator = path.starts_with("/v1/operator");
        let person = if operator { &self.operator } else { &self.amina };
        self.app.send(method, path, Some(&person.token), Some("a-key"), None).await
    }

    async fn end(self) {
        assert_eq!(
            self.app.database.fingerprint().await,
            self.before,
            "expected no change in the database"
        );
    }
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_in_paths_are_of_the_right_kind() {
    let world = World::new().await;
    let hex = world.deal.trim_start_matches("deal_").to_owned();
    let bad = |prefix: &str| {
        let wrong = if prefix == "deal" { "pay" } else { "deal" };
        [
            "1".to_owned(),
            hex.clone(),
            format!("{prefix}_"),
            format!("{wrong}_{hex}"),
            format!("{prefix}_{}", &hex[1..]),
            format!("{prefix}_{hex}0"),
            format!("{prefix}_{}z", &hex[1..]),
            format!("{prefix}_{}%00", &hex[1..]),
            format!("{prefix}_{}%2F", &hex[1..]),
            "%F0%9F%92%A9".to_owned(),
            "'%20or%201=1".to_owned(),
        ]
    };
    let get = |path: &str| (Method::GET, path.to_owned());
    let post = |path: &str| (Method::POST, path.to_owned());
    let part = format!("/v1/deals/{}/milestones/*", world.deal);
    for (prefix, (method, path)) in [
        ("deal", get("/v1/deals/*")),
        ("deal", get("/v1/deals/*/timeline")),
        ("deal", post("/v1/deals/*/propose")),
        ("deal", post("/v1/deals/*/agree")),
        ("deal", post("/v1/deals/*/cancel")),
        ("deal", post("/v1/deals/*/mutual-cancel")),
        ("deal", post(&format!("/v1/deals/*/milestones/{}/deliver", world.milestone))),
        ("ms", post(&format!("{part}/deliver"))),
        ("ms", post(&format!("{part}/release"))),
        ("pay", get("/v1/payments/*")),
        ("job", post("/v1/operator/jobs/*/replay")),
    ] {
        for id in bad(prefix) {
            let path = path.replace('*', &id);
            let answer = world.call(method.clone(), &path).await;
            refused(&answer, 400, "invalid_parameter", &path);
            let named = &answer.body["errors"][0];
            assert!(named["detail"].to_string().contains(&format!("{prefix}_")), "{named}");
        }
    }
    world.end().await;
}

/// A well-formed unknown id is not found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_nothing_are_not_found() {
    let world = World::new().await;
    let none = "0190a0a0a0a07000a0a0a0a0a0a0a0a0";
    for (method, path) in [
        (Method::GET, format!("/v1/deals/deal_{none}")),
        (Method::GET, format!("/v1/deals/deal_{none}/timeline")),
        (Method::POST, format!("/v1/deals/deal_{none}/propose")),
        (Method::POST, format!("/v1/deals/deal_{none}/cancel")),
        (Method::POST, format!("/v1/deals/deal_{none}/mutual-cancel")),
        (Method::GET, format!("/v1/payments/pay_{none}")),
        (Method::POST, format!("/v1/operator/jobs/job_{none}/replay")),
    ] {
        refused(&world.call(method, &path).await, 404, "not_found", &path);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_of_lists_are_checked() {
    let world = World::new().await;
    let timeline = format!("/v1/deals/{}/timeline", world.deal);
    let lists = [
        "/v1/deals",
        "/v1/payments",
        "/v1/withdrawals",
        "/v1/transactions",
        &timeline,
        "/v1/operator/jobs",
        "/v1/operator/discrepancies",
        "/v1/operator/reconciliations",
        "/v1/operator/suspense",
        "/v1/operator/callbacks",
        "/v1/operator/withdrawals",
        "/v1/operator/approvals",
    ];
    for list in lists {
        for limit in ["0", "101", "-1", "1.5", "ten", "", "99999999999999999999", "1%00"] {
            let path = format!("{list}?limit={limit}");
            let answer = world.call(Method::GET, &path).await;
            refused(&answer, 400, "invalid_parameter", &path);
            assert_eq!(answer.body["errors"][0]["pointer"], "limit", "{path}");
        }
        for after in ["%00", "a%20b", "%F0%9F%92%A9", &"9".repeat(101)] {
            let path = format!("{list}?after={after}");
            let answer = world.call(Method::GET, &path).await;
            refused(&answer, 400, "invalid_parameter", &path);
            assert_eq!(answer.body["errors"][0]["pointer"], "after", "{path}");
        }
        for good in ["limit=1", "limit=100"] {
            let path = format!("{list}?{good}");
            assert_eq!(world.call(Method::GET, &path).await.status, 200, "{path}");
        }
    }
    for path in [
        "/v1/payments?purpose=gift",
        "/v1/payments?purpose=%00",
        "/v1/operator/jobs?state=lost",
        "/v1/operator/callbacks?state=HELD",
        "/v1/operator/withdrawals?state=succeeded",
        "/v1/deals?after=pay_0190a0a0a0a07000a0a0a0a0a0a0a0a0",
        "/v1/transactions?after=ent_0190a0a0a0a07000a0a0a0a0a0a0a0a0",
        "/v1/transactions?kind=gift",
        "/v1/transactions?kind=deposit,",
        "/v1/transactions?kind=",
        "/v1/transactions?currency=XXX",
        "/v1/transactions?direction=sideways",
        "/v1/transactions?category=goats",
        "/v1/transactions?counterparty=pay_0190a0a0a0a07000a0a0a0a0a0a0a0a0",
        "/v1/transactions?amount_min=0",
        "/v1/transactions?amount_max=1.5",
        "/v1/transactions?from=yesterday",
        "/v1/transactions?to=2026-02-30",
        "/v1/transactions?to=2026-11-21T10:00:00+03:00",
        "/v1/transactions/ent_7",
        "/v1/wallet?at=2026-11-21",
        "/v1/wallet?at=%00",
        "/v1/wallet/statement",
        "/v1/wallet/statement?from=2026-11-21&after=7",
        "/v1/wallet/statement?from=2026-11-21&format=xml",
        "/v1/wallet/statement?from=2026-11-21&to=2026-11-20",
        "/v1/wallet/statement?from=2026-11-21T10:00:00Z&to=2026-11-21T10:00:00Z",
    ] {
        refused(&world.call(Method::GET, path).await, 400, "invalid_parameter", path);
    }
    world.end().await;
}

/// A key that is missing, empty, too long or not printable: the call has no effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_move_money_need_a_key() {
    let world = World::new().await;
    let token = format!("Bearer {}", world.amina.token);
    let operator = format!("Bearer {}", world.operator.token);
    let money = json!({ "amount": { "amount": 100_000, "currency": "KES" } });
    let deal = format!("/v1/deals/{}", world.deal);
    let withdrawal = "/v1/operator/withdrawals/pay_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
    let note = json!({ "note": "looked into" });
    let long = "k".repeat(129);
    for (path, body) in [
        ("/v1/wallet/deposits".to_owned(), money.clone()),
        ("/v1/withdrawals".to_owned(), money),
        ("/v1/deals".to_owned(), json!({})),
        (format!("{deal}/propose"), json!(null)),
        (format!("{deal}/agree"), json!({ "revision": 1 })),
        (format!("{deal}/milestones/{}/deliver", world.milestone), json!(null)),
        (format!("{deal}/fund"), json!({ "method": "mpesa" })),
        (format!("{deal}/cancel"), json!(null)),
        (format!("{deal}/mutual-cancel"), json!(null)),
        (format!("{deal}/milestones/{}/release", world.milestone), json!(null)),
        (format!("{withdrawal}/release"), note.clone()),
        (format!("{withdrawal}/reject"), note),
    ] {
        let token = if path.contains("operator") { &operator } else { &token };
        for key in [None, Some(""), Some("two words"), Some("tab\there"), Some(&long)] {
            let mut headers =
                vec![("Authorization", token.as_str()), ("Content-Type", "application/json")];
            headers.extend(key.map(|key| ("Idempotency-Key", key)));
            let body = body.to_string().into_bytes();
            let answer = world.app.send_bytes(Method::POST, &path, &headers, body).await;
            refused(&answer, 400, "idempotency_key_required", &format!("{path} {key:?}"));
            assert_eq!(answer.body["errors"][0]["pointer"], "Idempotency-Key", "{path}");
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_addresses_and_methods_are_problems_too() {
    let world = World::new().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/deals",
        "/v1/deal",
        "/v1/deals/x/y/z",
        "/v1//deals",
        "/%00",
        "/.env",
    ] {
        for method in [Method::GET, Method::POST] {
            refused(&world.call(method, path).await, 404, "not_found", path);
        }
    }
    let deal = format!("/v1/deals/{}", world.deal);
    for (method, path, allowed) in [
        (Method::DELETE, "/v1/deals", "GET, HEAD, POST"),
        (Method::PUT, "/v1/me", "GET, HEAD, PATCH"),
        (Method::PATCH, "/v1/wallet", "GET, HEAD"),
        (Method::PATCH, deal.as_str(), "GET, HEAD"),
        (Method::OPTIONS, "/v1/transfers", "POST"),
        (Method::GET, "/v1/users", "POST"),
        (Method::PUT, "/v1/sessions", "DELETE, GET, HEAD, POST"),
        (Method::POST, "/livez", "GET, HEAD"),
        (Method::GET, "/v1/callbacks/c/0123456789abcdef0123456789abcdef", "POST"),
    ] {
        let answer = world.call(method, path).await;
        refused(&answer, 405, "method_not_allowed", path);
        assert_eq!(answer.headers["allow"], allowed, "{path}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_and_headers_are_bounded() {
    let world = World::new().await;
    let path = format!("/v1/deals?after={}", "a".repeat(3_000));
    refused(&world.call(Method::GET, &path).await, 414, "uri_too_long", "a long query");
    let long = "x".repeat(20_000);
    let answer = world.app.send_bytes(Method::GET, "/v1/me", &[("X-Long", &long)], vec![]).await;
    refused(&answer, 431, "headers_too_large", "a long header");
    for (id, is_kept) in [("proxy-7_A", true), ("a b", false), (&"7".repeat(65), false)] {
        let headers = [("X-Request-Id", id)];
        let answer = world.app.send_bytes(Method::GET, "/v1/me", &headers, vec![]).await;
        assert_eq!(answer.headers["x-request-id"] == id, is_kept, "{id}");
    }
    world.end().await;
}

/// A body above 64 KiB is refused, whether its length is declared (then before it is sent) or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_are_bounded() {
    let world = World::new().await;
    for path in ["/v1/users", "/v1/deals", "/v1/callbacks/c/0123456789abcdef0123456789abcdef"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: amana\r\nContent-Type: application/json\r\n\
             Authorization: Bearer {}\r\n",
            world.amina.token
        );
        let declared = format!("{head}Content-Length: {TOO_MANY_BYTES}\r\n\r\n");
        let (status, problem) = world.app.send_over_tcp(declared.as_bytes()).await;
        assert_eq!((status, &problem["code"]), (413, &json!("request_too_large")), "{path}");
        let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{TOO_MANY_BYTES:x}\r\n");
        chunked.push_str(&"a".repeat(TOO_MANY_BYTES));
        chunked.push_str("\r\n0\r\n\r\n");
        let (status, problem) = world.app.send_over_tcp(chunked.as_bytes()).await;
        assert_eq!((status, &problem["code"]), (413, &json!("request_too_large")), "{path}");
    }
    world.end().await;
}

/// PostgreSQL cannot store NUL in text, so search and storage must handle it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nul_characters_break_nothing() {
    let world = World::new().await;
    let body = json!({ "login": "a\u{0}@example.com", "password": "karibu\u{0}nyumbani" });
    let answer = world.app.send(Method::POST, "/v1/sessions", None, None, Some(&body)).await;
    refused(&answer, 401, "invalid_credentials", "log_in");
    assert_eq!(world.app.database.fingerprint().await, world.before);
    let body = b"{\"a\":\"\\u0000\"}\0".to_vec();
    for path in ["/v1/callbacks/c/a%00b", "/v1/callbacks/p/%00", "/v1/callbacks/t/%F0%9F%92%A9"] {
        let answer = world.app.send_bytes(Method::POST, path, &[], body.clone()).await;
        assert_eq!(answer.expect(200), json!({ "ResultCode": 0, "ResultDesc": "Accepted" }));
    }
    world.app.run_due_jobs().await;
    world.app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_a_host_or_with_two_is_refused() {
    let app = App::builder().without_worker().start().await;
    for hosts in ["", "Host: amana\r\nHost: other\r\n"] {
        let request = format!("GET /v1/service HTTP/1.1\r\n{hosts}\r\n");
        let (status, body) = app.send_over_tcp(request.as_bytes()).await;
        assert_eq!((status, &body["code"]), (400, &json!("bad_request")), "{hosts:?}");
    }
}

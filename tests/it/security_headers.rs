//! Security headers of every response, and the origins that may read it.

use crate::openapi::operations;
use amana_api::EdgeConfig;
use amana_harness::{Answer, App};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

const PAGE: &str = "https://app.example.com";
const OTHER: &str = "https://app.example.com.evil.example";

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().expect("text"))
}

/// Responses are data: not sniffed, cached or framed, whether success or refusal.
#[track_caller]
fn is_safe(headers: &HeaderMap, path: &str) {
    for (name, wanted) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ] {
        assert_eq!(header(headers, name), Some(wanted), "{path}");
    }
    let policy = header(headers, "content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    let features = header(headers, "permissions-policy").expect("a policy");
    assert!(features.contains("camera=()") && features.contains("geolocation=()"), "{features}");
    let kept = match path {
        "/.well-known/jwks.json" => Some("public, max-age=3600"),
        "/docs" | "/openapi.json" => Some("public, max-age=300"),
        path => path.starts_with("/v1/").then_some("no-store"),
    };
    assert_eq!(header(headers, "cache-control"), kept, "{path}");
    assert!(header(headers, "x-request-id").is_some_and(|id| id.starts_with("req_")), "{path}");
    assert_eq!(header(headers, "server"), None, "{path}");
}

fn path_of(template: &str) -> String {
    let part = |part| if str::starts_with(part, '{') { "0123456789abcdef" } else { part };
    template.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_of_every_operation_carries_them() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    for operation in operations() {
        let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
        let path = path_of(&operation.path);
        for token in [None, Some(juma.token.as_str())] {
            let answer = app.send(method.clone(), &path, token, None, None).await;
            is_safe(&answer.headers, &path);
        }
    }
    let get = async |path: &str, status: u16| {
        let answer = app.get(&amina, path).await;
        assert_eq!(answer.status, status, "{path}");
        is_safe(&answer.headers, path);
    };
    for (path, status) in [
        ("/v1/me", 200),
        ("/v1/deals/x", 400),
        ("/v1/nothing", 404),
        ("/nothing", 404),
        ("/v1/users", 405),
        ("/livez", 200),
        ("/v1/service", 200),
        ("/docs", 200),
        ("/openapi.json", 200),
        ("/.well-known/jwks.json", 200),
    ] {
        get(path, status).await;
    }
    app.database.execute("alter table users rename to gone").await;
    get("/v1/me", 500).await;
}

async fn with_pages() -> App {
    let edge = EdgeConfig { allowed_origins: vec![PAGE.to_owned()], ..EdgeConfig::unlimited() };
    App::builder().without_worker().edge(edge).start().await
}

async fn preflight(app: &App, origin: &str) -> Answer {
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type,idempotency-key"),
    ];
    app.send_bytes(Method::OPTIONS, "/v1/transfers", &headers, vec![]).await
}

async fn call(app: &App, origin: &str, path: &str) -> HeaderMap {
    app.send_bytes(Method::GET, path, &[("Origin", origin)], vec![]).await.headers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_listed_origins_may_call() {
    let app = with_pages().await;
    let allowed = preflight(&app, PAGE).await;
    assert_eq!(allowed.status, 204);
    is_safe(&allowed.headers, "/v1/transfers");
    assert_eq!(header(&allowed.headers, "access-control-allow-origin"), Some(PAGE));
    let methods = header(&allowed.headers, "access-control-allow-methods").expect("methods");
    for method in ["GET", "POST", "PUT", "DELETE"] {
        assert!(methods.split(", ").any(|one| one == method), "{methods}");
    }
    let names = header(&allowed.headers, "access-control-allow-headers").expect("headers");
    for name in ["Authorization", "Content-Type", "Idempotency-Key"] {
        assert!(names.split(", ").any(|one| one == name), "{names}");
    }
    for path in ["/livez", "/v1/me", "/v1/nothing"] {
        let headers = call(&app, PAGE, path).await;
        assert_eq!(header(&headers, "access-control-allow-origin"), Some(PAGE), "{path}");
        let exposed = header(&headers, "access-control-expose-headers").expect("headers");
        for name in [
            "X-Request-Id",
            "RateLimit",
            "Retry-After",
            "Idempotent-Replayed",
            "Content-Disposition",
        ] {
            assert!(exposed.split(", ").any(|one| one == name), "{exposed}");
        }
        assert_eq!(header(&headers, "vary"), Some("Origin"), "{path}");
        // Requests from other origins must not carry cookies.
        assert_eq!(header(&headers, "access-control-allow-credentials"), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_origins_may_not() {
    let (listed, nobody) = (with_pages().await, App::builder().without_worker().start().await);
    for (app, origin) in [
        (&listed, OTHER),
        (&listed, "http://app.example.com"),
        (&listed, "https://app.example.com:8443"),
        (&listed, "null"),
        (&listed, "*"),
        (&nobody, PAGE),
    ] {
        let refused = preflight(app, origin).await;
        assert_eq!((refused.status.as_u16(), refused.problem()), (405, "method_not_allowed"));
        for headers in [refused.headers, call(app, origin, "/livez").await] {
            let told = headers.keys().find(|name| name.as_str().starts_with("access-control"));
            assert_eq!(told, None, "{origin}");
        }
    }
    assert_eq!(header(&call(&listed, OTHER, "/livez").await, "vary"), Some("Origin"));
}

fn unzipped(bytes: &[u8]) -> String {
    let mut gzip = Command::new("gzip");
    let gzip = gzip.arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut gzip = gzip.spawn().expect("gzip runs");
    // Small enough for the pipe's buffer.
    gzip.stdin.take().expect("its input").write_all(bytes).expect("written");
    let mut text = String::new();
    gzip.stdout.take().expect("its output").read_to_string(&mut text).expect("text");
    assert!(gzip.wait().expect("its end").success());
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_are_compressed_and_nothing_else_is() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let get = async |path: &str, coding: Option<&str>| {
        let request = app.http.get(format!("{}{path}", app.api_url)).bearer_auth(&amina.token);
        let request =
            coding.iter().fold(request, |it, coding| it.header("Accept-Encoding", *coding));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        (answer.headers().clone(), answer.bytes().await.expect("a body"))
    };
    for _ in 0..10 {
        app.given(&amina, 100, app.clock.now()).await;
    }
    let list = "/v1/transactions";
    let (headers, plain) = get(list, None).await;
    assert_eq!(header(&headers, "content-encoding"), None);
    assert_eq!(header(&headers, "vary"), Some("Accept-Encoding"));
    let (headers, zipped) = get(list, Some("br, gzip")).await;
    assert_eq!(header(&headers, "content-encoding"), Some("gzip"));
    assert_eq!(header(&headers, "vary"), Some("Accept-Encoding"));
    assert!(zipped.len() * 2 < plain.len(), "{} of {}", zipped.len(), plain.len());
    assert_eq!(unzipped(&zipped).as_bytes(), plain);
    let statement = "/v1/wallet/statement?from=2020-01-01&format";
    for path in ["/v1/me".to_owned(), format!("{statement}=pdf"), format!("{statement}=csv")] {
        let (headers, _) = get(&path, Some("gzip")).await;
        assert_eq!(header(&headers, "content-encoding"), None, "{path}");
    }
    // The response contains secrets, so it is not compressed, and its length reveals nothing.
    let body = json!({ "login": amina.email, "password": "karibu-nyumbani-7" });
    let headers = [("Accept-Encoding", "gzip"), ("Content-Type", "application/json")];
    let body = body.to_string().into_bytes();
    let answer = app.send_bytes(Method::POST, "/v1/sessions", &headers, body).await;
    assert_eq!((answer.status.as_u16(), header(&answer.headers, "content-encoding")), (200, None));
}

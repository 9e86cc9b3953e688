//! Rate limits: strangers by address, users by account, and password guesses by both.

mod guesses;
mod strangers;

use amana::local::{Durability, Redis, Scratch};
use amana_api::{ApiConfig, EdgeConfig, RateLimits};
use amana_harness::{Answer, App, api_config, eventually};
use amana_redis::RateRule;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PASSWORD: &str = "karibu-nyumbani-7";
const WRONG: &str = "not-the-password";

/// Documentation addresses (RFC 5737), from which callers come according to the proxy.
const HERE: &str = "198.51.100.1";
const THERE: &str = "203.0.113.7";

/// Makes the test a trusted proxy, so that it can use any client address.
fn behind_a_proxy(rate_limits: RateLimits) -> EdgeConfig {
    let trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    EdgeConfig { trusted_proxies, rate_limits, ..EdgeConfig::default() }
}

fn strangers_have(limit: u32) -> RateLimits {
    let usual = RateLimits::default();
    let rule = usual.anonymous.map(|rule| RateRule { limit, ..rule });
    RateLimits { anonymous: rule, ..usual }
}

async fn start(rate_limits: RateLimits) -> App {
    App::builder().without_worker().edge(behind_a_proxy(rate_limits)).start().await
}

async fn get_from(app: &App, address: &str, path: &str) -> Answer {
    app.send_bytes(Method::GET, path, &[("X-Forwarded-For", address)], vec![]).await
}

async fn log_in_from(app: &App, address: &str, login: &str, password: &str) -> Answer {
    let body = json!({ "login": login, "password": password }).to_string().into_bytes();
    let headers = [("X-Forwarded-For", address), ("Content-Type", "application/json")];
    app.send_bytes(Method::POST, "/v1/sessions", &headers, body).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().expect("text"))
}

/// Returns the remaining budget of this name from the response headers.
#[track_caller]
fn left(answer: &Answer, name: &str) -> u32 {
    let told = header(answer, "ratelimit").expect("a budget");
    let rest = told.strip_prefix(&format!("\"{name}\";r=")).unwrap_or_else(|| panic!("{told}"));
    rest.split_once(";t=").expect("a time").0.parse().expect("a number")
}

#[track_caller]
fn refused(answer: &Answer) -> u64 {
    assert_eq!((answer.status.as_u16(), answer.problem()), (429, "rate_limited"));
    header(answer, "retry-after").expect("when to come again").parse().expect("seconds")
}

#[track_caller]
fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_has_a_hundred_requests_in_a_quarter_of_an_hour() {
    let app = start(RateLimits::default()).await;
    for n in 1..=100 {
        let answer = get_from(&app, HERE, "/v1/nothing").await;
        is(&answer, 404, "not_found");
        assert_eq!(header(&answer, "ratelimit-policy"), Some("\"anonymous\";q=100;w=900"));
        assert_eq!(left(&answer, "anonymous"), 100 - n);
    }
    for _ in 0..3 {
        let answer = get_from(&app, HERE, "/v1/nothing").await;
        assert!((850..=900).contains(&refused(&answer)), "{:?}", answer.headers);
        assert_eq!(left(&answer, "anonymous"), 0);
    }
    is(&get_from(&app, THERE, "/v1/nothing").await, 404, "not_found");
    app.clock.advance(TimeDelta::minutes(15));
    assert_eq!(left(&get_from(&app, HERE, "/v1/nothing").await, "anonymous"), 99);
}

/// Only a trusted proxy may name the client's address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_cannot_be_made_up() {
    let edge = EdgeConfig { rate_limits: strangers_have(10), ..EdgeConfig::default() };
    let app = App::builder().without_worker().edge(edge).start().await;
    for n in 1..=10 {
        let answer = get_from(&app, &format!("198.51.100.{n}"), "/v1/nothing").await;
        assert_eq!(left(&answer, "anonymous"), 10 - n);
    }
    refused(&get_from(&app, THERE, "/v1/nothing").await);

    // A client's own entry in the header is left of the proxy's entry, so it is ignored.
    let app = start(strangers_have(10)).await;
    for n in 1..=10 {
        let answer = get_from(&app, &format!("203.0.113.{n}, {HERE}"), "/v1/nothing").await;
        assert_eq!(left(&answer, "anonymous"), 10 - n);
    }
    refused(&get_from(&app, HERE, "/v1/nothing").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_counted_by_account_wherever_they_are() {
    let app = start(RateLimits::per_account(20)).await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let before = app.database.fingerprint().await;
    for n in 1..=20 {
        let answer = app.get(&amina, "/v1/me").await;
        assert_eq!(header(&answer, "ratelimit-policy"), Some("\"account\";q=20;w=60"));
        assert_eq!(left(&answer, "account"), 20 - n);
    }
    assert!((1..=60).contains(&refused(&app.get(&amina, "/v1/me").await)));
    let token = format!("Bearer {}", amina.token);
    let elsewhere = [("X-Forwarded-For", THERE), ("Authorization", token.as_str())];
    refused(&app.send_bytes(Method::GET, "/v1/me", &elsewhere, vec![]).await);
    // The refused request has no effect.
    refused(&app.put(&amina, "/v1/me/handle", json!({ "handle": "@amina" })).await);
    refused(&app.send_bytes(Method::POST, "/v1/transfers", &elsewhere, b"{".to_vec()).await);
    assert_eq!(app.database.fingerprint().await, before);
    app.get(&juma, "/v1/me").await.expect(200);
    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(left(&app.get(&amina, "/v1/me").await, "account"), 19);
}

/// Operations before log-in are counted by address even with a token, and an invalid token does not
/// make the caller a user.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_doors_are_counted_by_address() {
    let app = start(strangers_have(10)).await;
    let amina = app.person("Amina").await;
    for n in 1..=9 {
        let (path, token) = match n % 3 {
            0 => ("/v1/users", amina.token.as_str()),
            1 => ("/v1/sessions", amina.token.as_str()),
            _ => ("/v1/transfers", "nonsense"),
        };
        let answer = app.send(Method::POST, path, Some(token), None, Some(&json!({}))).await;
        assert_eq!(left(&answer, "anonymous"), 9 - n, "{path}");
    }
    let answer = app.send(Method::POST, "/v1/users", Some(&amina.token), None, None).await;
    refused(&answer);
    app.get(&amina, "/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_provider_and_watchers_are_not_counted() {
    let app = start(strangers_have(1)).await;
    get_from(&app, HERE, "/v1/nothing").await;
    refused(&get_from(&app, HERE, "/v1/nothing").await);
    for path in ["/livez", "/readyz", "/v1/service"] {
        let answer = get_from(&app, HERE, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(header(&answer, "ratelimit"), None, "{path}");
    }
    for way in ["c", "p", "t"] {
        let path = format!("/v1/callbacks/{way}/0123456789abcdef0123456789abcdef");
        let from = [("X-Forwarded-For", HERE)];
        let answer = app.send_bytes(Method::POST, &path, &from, b"{}".to_vec()).await;
        assert_eq!(header(&answer, "ratelimit"), None, "{path}");
        answer.expect(200);
    }
}

/// Starts another API process on the same database and Redis.
async fn second_api(app: &App, rate_limits: RateLimits) -> String {
    let edge = behind_a_proxy(rate_limits);
    let config = ApiConfig { edge, ..api_config(app.context.files.clone()) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (store, redis) = (app.store.clone(), app.transport.clone());
    let api = amana_api::app(store, app.clock.clone(), Some(redis), &config);
    tokio::spawn(amana_api::serve(listener, api, std::future::pending()));
    url
}

/// The limit per address is exact, because Redis counts every such request. Account limits may
/// exceed by two portions per process; a portion of a hundred is five.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_the_budgets() {
    let limits = RateLimits::per_account(100);
    let app = start(limits).await;
    let amina = app.person("Amina").await;
    let urls = [app.api_url.clone(), second_api(&app, limits).await];
    let through = async |path: &str, token: Option<&str>| {
        let mut through = 0;
        for n in 0..150 {
            let request = app.http.get(format!("{}{path}", urls[n % 2]));
            let request = match token {
                Some(token) => request.bearer_auth(token),
                None => request.header("X-Forwarded-For", THERE),
            };
            let status = request.send().await.expect("an answer").status();
            through += usize::from(status != 429);
        }
        through
    };
    assert_eq!(through("/v1/nothing", None).await, 100);
    let people = through("/v1/me", Some(&amina.token)).await;
    assert!((100..120).contains(&people), "{people}");
}

/// Without Redis each process continues with its local counts. Log-in is refused, because guesses
/// could not be counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_people_work_on_and_nobody_logs_in() {
    let scratch = Scratch::new().expect("a folder");
    let mut redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).expect("Redis");
    let account = RateLimits::per_account(60).account;
    let edge = behind_a_proxy(RateLimits { account, ..strangers_have(20) });
    let app = App::builder().without_worker().redis(&redis.url()).edge(edge).start().await;
    let amina = app.person("Amina").await;
    redis.kill().expect("killed");
    let began = Instant::now();
    for _ in 0..50 {
        app.get(&amina, "/v1/me").await.expect(200);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "50 calls took {:?}", began.elapsed());
    for n in 1..=20 {
        assert_eq!(left(&get_from(&app, THERE, "/v1/nothing").await, "anonymous"), 20 - n);
    }
    refused(&get_from(&app, THERE, "/v1/nothing").await);
    // A new address each time, so that the limit per address does not apply.
    let addresses = AtomicU32::new(1);
    let log_in = async || {
        let n = addresses.fetch_add(1, Ordering::Relaxed);
        log_in_from(&app, &format!("198.51.{}.{}", n / 250, n % 250), &amina.email, PASSWORD).await
    };
    let answer = log_in().await;
    is(&answer, 503, "unavailable");
    assert!(header(&answer, "retry-after").is_some());
    redis.restart().expect("restarted");
    eventually("log-in works again", || async { log_in().await.status.is_success().then_some(()) })
        .await;
}

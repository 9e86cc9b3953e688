//! Database round trips per call. Each one is a wait; authentication needs none.

use amana_api::{ApiConfig, EdgeConfig, RateLimits};
use amana_harness::{App, PASSWORD, Person, Wire, api_config, eventually, master_keys};
use amana_postgres::Store;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Request, Response};
use serde_json::{Value, json};
use uuid::Uuid;

/// Enough calls that most find their statements prepared and run without a background read.
const CALLS: usize = 20;

const LIVES: usize = 8;

const LOG_IN: u32 = 9;

/// Creating, proposing, agreeing, funding, delivering and releasing a deal.
const DEAL_MAX: [u32; 6] = [11, 10, 11, 16, 11, 13];

struct Counted {
    app: App,
    wire: Wire,
    api: BoxEndpoint<'static, Response>,
}

impl Counted {
    async fn start() -> Self {
        let app = App::builder().without_worker().start().await;
        let wire = Wire::to(&app.database.url).await;
        let store = Store::connect(&wire.url, 2, &master_keys()).await.expect("a store");
        let edge = EdgeConfig { rate_limits: RateLimits::default(), ..EdgeConfig::unlimited() };
        let config = ApiConfig { edge, ..api_config(app.context.files.clone()) };
        let redis = Some(app.transport.clone());
        let api = amana_api::app(store, app.clock.clone(), redis, &config).boxed();
        Self { app, wire, api }
    }

    async fn ok(&self, request: Request) {
        let answer = self.api.get_response(request).await;
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    async fn post(&self, person: &Person, path: &str, body: &Value) -> Value {
        let request = Request::builder().method(Method::POST).uri_str(path);
        let request = request
            .header("Authorization", format!("Bearer {}", person.token))
            .header("Idempotency-Key", Uuid::new_v4().to_string());
        let request = match body {
            Value::Null => request.finish(),
            body => request.content_type("application/json").body(body.to_string()),
        };
        let answer = self.api.get_response(request).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.into_body().into_json().await.expect("JSON")
    }

    async fn get(&self, person: &Person, path: &str) {
        let request = Request::builder().method(Method::GET).uri_str(path);
        let bearer = format!("Bearer {}", person.token);
        self.ok(request.header("Authorization", bearer).finish()).await;
    }

    /// Returns the median round trips of several sequential calls. A background read adds to a few
    /// of them. A busy proxy may count two waits for one, if it sees a statement before it has
    /// forwarded an answer.
    async fn usual(&self, call: impl AsyncFn()) -> u32 {
        let mut costs = vec![];
        for _ in 0..CALLS {
            let before = self.wire.round_trips();
            call().await;
            costs.push(self.wire.round_trips() - before);
        }
        costs.sort_unstable();
        costs[CALLS / 2]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authentication_costs_no_round_trip() {
    let counted = Counted::start().await;
    let amina = counted.app.person("Amina").await;
    for path in ["/v1/me", "/v1/wallet", "/v1/sessions", "/v1/deals", "/v1/payments"] {
        assert_eq!(counted.usual(async || counted.get(&amina, path).await).await, 1, "{path}");
    }
}

/// Looks the user up, and runs one transaction. It locks the user and reads factor, device and
/// other sessions; it writes the new session and its record. Each needs one round trip.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_costs_few() {
    let counted = Counted::start().await;
    let amina = counted.app.person("Amina").await;
    let body = json!({ "login": amina.email, "password": PASSWORD }).to_string();
    let log_in = async || {
        let request = Request::builder().method(Method::POST).uri_str("/v1/sessions");
        counted.ok(request.content_type("application/json").body(body.clone())).await;
        // Otherwise old sessions would have to be removed.
        counted.app.database.execute("delete from sessions").await;
    };
    assert_eq!(counted.usual(log_in).await, LOG_IN);
}

/// The whole life of a deal in six calls. Each decision writes once per table, independent
/// statements share one wait, and written rows are not read back. The test runs on one thread, so
/// that no answer arrives while pipelined statements are still being sent.
#[tokio::test]
async fn a_deals_life_costs_few() {
    let counted = Counted::start().await;
    let (buyer, seller) = (counted.app.person("Amina").await, counted.app.person("Juma").await);
    counted.app.given(&buyer, 1_000_000, counted.app.clock.now()).await;
    let mut fewest = [u32::MAX; 6];
    for _ in 0..LIVES {
        let mut costs = vec![];
        let mut call = async |person: &Person, path: String, body: Value| {
            let before = counted.wire.round_trips();
            let answer = counted.post(person, &path, &body).await;
            costs.push(counted.wire.round_trips() - before);
            answer
        };
        let new = json!({
            "title": "Two goats", "role": "seller", "currency": "KES",
            "counterparty": { "email": buyer.email },
            "milestones": [{ "title": "Both", "amount": { "amount": 10_000, "currency": "KES" } }],
        });
        let deal = call(&seller, "/v1/deals".to_owned(), new).await;
        let part = deal["milestones"][0]["id"].as_str().expect("an id");
        let path = format!("/v1/deals/{}", deal["id"].as_str().expect("an id"));
        let part = format!("{path}/milestones/{part}");
        call(&seller, format!("{path}/propose"), Value::Null).await;
        call(&buyer, format!("{path}/agree"), json!({ "revision": 1 })).await;
        call(&buyer, format!("{path}/fund"), json!({ "method": "wallet" })).await;
        call(&seller, format!("{part}/deliver"), Value::Null).await;
        let over = call(&buyer, format!("{part}/release"), Value::Null).await;
        assert_eq!(over["state"], "released");
        for (least, cost) in fewest.iter_mut().zip(costs) {
            *least = cost.min(*least);
        }
    }
    // The minimum counts: a statement that overlaps with earlier pipelined ones is no wait of its
    // own.
    let few = fewest.iter().zip(DEAL_MAX).all(|(cost, most)| *cost <= most);
    assert!(few, "{fewest:?} round trips, allowed are {DEAL_MAX:?}");
}

/// No connection is tested before use; the pool notices closed ones without a query.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_closed_are_not_used() {
    let counted = Counted::start().await;
    let amina = counted.app.person("Amina").await;
    counted.get(&amina, "/v1/me").await;
    let database = &counted.app.database;
    let all = "select string_agg(pid::text, ',') from pg_stat_activity \
        where datname = current_database() and pid <> pg_backend_pid()";
    let all = database.text(all).await.expect("sessions");
    let them = format!("from pg_stat_activity where pid in ({all})");
    database.execute(&format!("select pg_terminate_backend(pid) {them}")).await;
    eventually("all connections are closed", || async {
        (database.number(&format!("select count(*) {them}")).await == 0).then_some(())
    })
    .await;
    counted.get(&amina, "/v1/me").await;
}

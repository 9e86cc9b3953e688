//! How often calls ask the database. Each time is a wait; for who the caller is, none is needed.

use amana_api::{ApiConfig, EdgeConfig, RateLimits};
use amana_harness::{App, PASSWORD, Person, Wire, api_config, eventually, master_keys};
use amana_postgres::Store;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Request, Response};
use serde_json::json;

/// Enough that every connection has prepared its statements, and one call runs while nobody reads in the background.
const CALLS: usize = 20;

const LOG_IN: u32 = 9;

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

    async fn get(&self, person: &Person, path: &str) {
        let request = Request::builder().method(Method::GET).uri_str(path);
        let bearer = format!("Bearer {}", person.token);
        self.ok(request.header("Authorization", bearer).finish()).await;
    }

    /// The fewest round trips of some calls, one after the other.
    async fn fewest(&self, call: impl AsyncFn()) -> u32 {
        let mut fewest = u32::MAX;
        for _ in 0..CALLS {
            let before = self.wire.round_trips();
            call().await;
            fewest = fewest.min(self.wire.round_trips() - before);
        }
        fewest
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_the_caller_is_costs_none() {
    let counted = Counted::start().await;
    let amina = counted.app.person("Amina").await;
    for path in ["/v1/me", "/v1/wallet", "/v1/sessions", "/v1/deals", "/v1/payments"] {
        assert_eq!(counted.fewest(async || counted.get(&amina, path).await).await, 1, "{path}");
    }
}

/// Finding the person, and one transaction: the person locked, the second factor, the device, the other sessions, the
/// new one and its record, each asked for once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_costs_few() {
    let counted = Counted::start().await;
    let amina = counted.app.person("Amina").await;
    let body = json!({ "login": amina.email, "password": PASSWORD }).to_string();
    let log_in = async || {
        let request = Request::builder().method(Method::POST).uri_str("/v1/sessions");
        counted.ok(request.content_type("application/json").body(body.clone())).await;
        // Those that would have to make room.
        counted.app.database.execute("delete from sessions").await;
    };
    assert_eq!(counted.fewest(log_in).await, LOG_IN);
}

/// Nobody asks a connection whether it is good before it is used: that it was closed is known without.
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
    eventually("all of them are over", || async {
        (database.number(&format!("select count(*) {them}")).await == 0).then_some(())
    })
    .await;
    counted.get(&amina, "/v1/me").await;
}

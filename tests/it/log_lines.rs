//! Request log lines: enough for support, and without personal data.

use amana::local::{Program, Scratch};
use amana_api::EdgeConfig;
use amana_harness::{
    App, DealPlan, JWT_SECRET, Lines, MASTER_KEY, PATIENCE, Person, amana_binary, eventually,
};
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

const CLIENT: &str = "203.0.113.77";

/// Starts an API behind a proxy, so that tests can use any client address.
async fn start() -> App {
    let trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    let edge = EdgeConfig { trusted_proxies, ..EdgeConfig::unlimited() };
    App::builder().without_worker().edge(edge).start().await
}

/// Calls with a unique request id. Returns the status and the request's log line.
async fn line(app: &App, id: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let lines = Lines::with(&format!("request_id={id} "));
    let mut all = vec![("X-Request-Id", id), ("X-Forwarded-For", CLIENT)];
    all.extend(headers);
    let answer = app.send_bytes(Method::GET, path, &all, vec![]).await;
    let line = eventually("the request is logged", || async {
        lines.seen().into_iter().find(|line| line.contains("amana_api::observe"))
    })
    .await;
    (answer.status.as_u16(), line)
}

fn bearer(person: &Person) -> String {
    format!("Bearer {}", person.token)
}

#[track_caller]
fn has(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part} is missing: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_names_the_caller_and_masks_the_address() {
    let app = start().await;
    let amina = app.person("Amina").await;
    let token = bearer(&amina);
    let (status, of_person) =
        line(&app, "line-1", "/v1/me", &[("Authorization", token.as_str())]).await;
    assert_eq!(status, 200);
    let account = format!("account={}", amina.id);
    has(&of_person, &[" INFO ", "client=203.0.113.0/24", &account, "status=200"]);
    assert!(!of_person.contains("code=") && !of_person.contains("api_key="), "{of_person}");
    assert!(!of_person.contains(CLIENT), "{of_person}");

    let key = app.key(&amina, &["wallet:read"]).await;
    let secret = format!("Bearer {}", key.secret);
    let (status, of_key) =
        line(&app, "line-2", "/v1/wallet", &[("Authorization", secret.as_str())]).await;
    assert_eq!(status, 200);
    has(&of_key, &[&account, &format!("api_key={}", key.id)]);

    let v6 = [("X-Forwarded-For", "2001:db8:1:2::7")];
    let (_, of_stranger) = line(&app, "line-3", "/v1/service", &v6).await;
    has(&of_stranger, &["client=2001:db8:1::/48"]);
    assert!(!of_stranger.contains("account="), "{of_stranger}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_has_its_code_and_a_failure_is_an_error() {
    let app = start().await;
    let amina = app.person("Amina").await;
    let token = bearer(&amina);
    let auth = [("Authorization", token.as_str())];
    for (id, path, headers, status, code) in [
        ("refused-1", "/v1/me", &[][..], 401, "unauthorized"),
        ("refused-2", "/v1/operator/health", &auth[..], 403, "forbidden"),
        ("refused-3", "/v1/nothing", &auth[..], 404, "not_found"),
        ("refused-4", "/v1/deals?limit=0", &auth[..], 400, "invalid_parameter"),
    ] {
        let (found, line) = line(&app, id, path, headers).await;
        assert_eq!(found, status, "{path}");
        has(&line, &[" INFO ", &format!("status={status} "), &format!("code={code}}}")]);
    }
    app.database.execute("alter table users rename to gone").await;
    let (status, line) = line(&app, "failed-1", "/v1/me", &auth).await;
    assert_eq!(status, 500);
    has(&line, &["ERROR ", "status=500 ", "code=internal}", &format!("account={}", amina.id)]);
}

/// Probes run every few seconds, so their lines have level DEBUG, even on failure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_are_logged_for_debugging_only() {
    let app = start().await;
    for (id, path) in [("probe-1", "/livez"), ("probe-2", "/readyz")] {
        let (status, line) = line(&app, id, path, &[]).await;
        assert_eq!(status, 200);
        has(&line, &["DEBUG ", "status=200"]);
    }
    app.database.set_reachable(false).await;
    let (status, failing) = line(&app, "probe-3", "/readyz", &[]).await;
    assert_eq!(status, 503);
    has(&failing, &["DEBUG ", "code=unavailable"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_job_names_its_id_kind_attempt_and_code() {
    let app = start().await;
    let (buyer, seller) = (app.person("Amina").await, app.person("Juma").await);
    let deal = app.agreed(&buyer, &seller, &DealPlan::default()).await;
    app.start_mpesa(&buyer, &deal).await;
    app.provider_up(false).await;
    let job =
        "select 'job_' || replace(id::text, '-', '') from jobs where kind = 'submit_collection'";
    let lines = Lines::with(&app.database.text(job).await.expect("a job"));
    app.run_due_jobs().await;
    let failed = lines.seen().into_iter().find(|line| line.contains("job failed"));
    let parts =
        [" WARN ", "kind=\"submit_collection\"", "attempt=1", "code=\"provider_unavailable\""];
    has(&failed.expect("a line"), &parts);
}

/// The binary logs its version, mode and address in one line, and no JSON line repeats its span.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_binary_tells_what_runs_where_and_repeats_no_span() {
    let app = App::builder().without_worker().start().await;
    let scratch = Scratch::new().expect("a folder");
    let log = scratch.join("api.log");
    let environment = [
        ("DATABASE_URL", app.database.url.clone()),
        ("DATABASE_CONNECTIONS_MAX", "4".to_owned()),
        ("REDIS_URL", app.redis_url.clone()),
        ("REDIS_NAMESPACE", app.namespace.clone()),
        ("AMANA_LISTEN", "127.0.0.1:0".to_owned()),
        ("AMANA_LOG_FORMAT", "json".to_owned()),
        ("AMANA_MODE", "test".to_owned()),
        ("AMANA_JWT_SECRET", JWT_SECRET.to_owned()),
        ("AMANA_MASTER_KEY", MASTER_KEY.to_owned()),
        ("AMANA_FILES_DIR", app.files.display().to_string()),
        ("AMANA_SUPPORT_CONTACT", "help@example.com".to_owned()),
    ];
    let program = Program::new("api", &amana_binary(), &log).args(["api"]);
    let program = environment.into_iter().fold(program, |p, (name, value)| p.env(name, value));
    let mut child = program.start().expect("the API starts");
    let lines = || -> Vec<Value> {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        // The last line may be incomplete.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let ready = eventually("the API is ready", || async {
        lines().into_iter().find(|line| line["fields"]["message"] == "API is ready")
    })
    .await;
    let fields = &ready["fields"];
    assert_eq!(
        (&fields["version"], &fields["mode"]),
        (&env!("CARGO_PKG_VERSION").into(), &"test".into())
    );
    let url = format!("http://{}", fields["listen"].as_str().expect("an address"));
    let facts = app
        .http
        .get(format!("{url}/v1/service"))
        .timeout(PATIENCE)
        .send()
        .await
        .expect("an answer");
    let facts: Value = facts.json().await.expect("JSON");
    assert_eq!(facts["support_contact"], "help@example.com");
    let request = eventually("the request is logged", || async {
        lines().into_iter().find(|line| line["span"]["route"] == "/v1/service")
    })
    .await;
    assert_eq!((&request["level"], &request["span"]["status"]), (&"INFO".into(), &200.into()));
    assert_eq!(request.get("spans"), None, "{request:#}");
    child.stop(nix::sys::signal::Signal::SIGTERM, Duration::from_secs(30)).expect("the API stops");
}

//! Secrets must be unreadable in the database and in logs.

use super::app::{Authenticator, challenge, complete, confirmed, next_step, step_up};
use amana::local::{Program, Scratch};
use amana_harness::{App, JWT_SECRET, MASTER_KEY, PASSWORD, Person, amana_binary, eventually};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// Returns the whole database as text.
pub(crate) async fn everything(app: &App) -> String {
    let row = "select string_agg(t::text, chr(10)) as rows from %1$I t";
    let each = format!(
        "select string_agg(format($${row}$$, tablename), ' union all ') \
         from pg_tables where schemaname = 'public'"
    );
    let each = app.database.text(&each).await.expect("tables");
    let all = format!("select string_agg(rows, chr(10)) from ({each}) of_each");
    app.database.text(&all).await.expect("rows")
}

/// Lists the encodings in which a secret could be stored.
fn forms(shown: &Value, phone: &Authenticator, codes: &[String]) -> Vec<String> {
    let secret = shown["secret"].as_str().expect("a secret").to_owned();
    let hex = phone.totp.secret().as_bytes().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("hex");
        hex
    });
    let plain = codes.iter().map(|code| code.replace('-', ""));
    let in_hex = plain.clone().map(|code| {
        code.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("hex");
            hex
        })
    });
    let all = [secret, hex].into_iter().chain(codes.iter().cloned()).chain(plain).chain(in_hex);
    all.map(|one| one.to_lowercase()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_holds_no_secret_in_the_clear() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    let body = json!({ "password": PASSWORD });
    let shown = app.post(&amina, "/v1/me/second-factor", body).await.expect(201);
    let phone = Authenticator::of(&shown);
    let codes = confirmed(&app, &amina, &phone).await;
    let open = challenge(&app, &amina).await;
    complete(&app, &open, &codes[0]).await.expect(200);
    next_step(&app);
    step_up(&app, &amina, Some(&phone.code(&app, 0))).await.expect(200);
    app.messages_are_sent().await;
    let rows = everything(&app).await.to_lowercase();
    // Proves that the search works: sealed secrets, audit records and messages are found.
    for there in
        ["factor.added", "factor.backup_code_used", "session.stepped_up", "backup_code_used"]
    {
        assert!(rows.contains(there), "{there}");
    }
    let sealed = "select encode(secret, 'hex') from second_factors";
    assert!(rows.contains(&app.database.text(sealed).await.expect("a secret")));
    for secret in forms(&shown, &phone, &codes) {
        assert!(!rows.contains(&secret), "{secret}");
    }
    app.assert_sound().await;
}

/// A sealed secret cannot be opened for another user, or without the server's secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_was_moved_to_another_person_opens_nothing() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, _) = super::with_factor(&app, "Amina").await;
    let (juma, ..) = super::with_factor(&app, "Juma").await;
    let moved = format!(
        "update second_factors set secret = (select secret from second_factors where user_id = '{}')",
        amina.id.trim_start_matches("usr_")
    );
    app.database.execute(&moved).await;
    next_step(&app);
    let open = challenge(&app, &juma).await;
    let answer = complete(&app, &open, &phone.code(&app, 0)).await;
    assert_eq!((answer.problem(), answer.status.as_u16()), ("internal", 500));
    let open = challenge(&app, &amina).await;
    complete(&app, &open, &phone.code(&app, 0)).await.expect(200);
}

/// Runs an API at its most verbose log level.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_holds_no_secret() {
    let mut app = App::builder().without_worker().start().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let scratch = Scratch::new().expect("a folder");
    let log = scratch.join("api.log");
    let program = Program::new("api", &amana_binary(), &log).args(["api"]);
    let mut child = [
        ("DATABASE_URL", app.database.url.clone()),
        ("DATABASE_CONNECTIONS_MAX", "4".to_owned()),
        ("REDIS_URL", app.redis_url.clone()),
        ("REDIS_NAMESPACE", app.namespace.clone()),
        ("AMANA_LISTEN", address.to_string()),
        ("AMANA_JWT_SECRET", JWT_SECRET.to_owned()),
        ("AMANA_MASTER_KEY", MASTER_KEY.to_owned()),
        ("AMANA_FILES_DIR", scratch.join("files").display().to_string()),
        ("AMANA_LOG", "debug".to_owned()),
    ]
    .into_iter()
    .fold(program, |program, (name, value)| program.env(name, value))
    .start()
    .expect("the API starts");
    app.api_url = format!("http://{address}");
    eventually("the API answers", || async {
        app.http.get(format!("{}/livez", app.api_url)).send().await.ok().map(|_| ())
    })
    .await;
    let amina: Person = app.person("Amina").await;
    let body = json!({ "password": PASSWORD });
    let shown = app.post(&amina, "/v1/me/second-factor", body).await.expect(201);
    let phone = Authenticator::of(&shown);
    let codes = confirmed(&app, &amina, &phone).await;
    let open = challenge(&app, &amina).await;
    let used = complete(&app, &open, &phone.code(&app, 0)).await;
    assert_eq!(used.problem(), "invalid_code");
    complete(&app, &open, &codes[0]).await.expect(200);
    child.stop(Signal::SIGTERM, Duration::from_secs(30)).expect("the API stops");
    let text = std::fs::read_to_string(&log).expect("a log").to_lowercase();
    assert!(text.contains("second-factor"), "expected the called paths in the log: {text:.2000}");
    let secrets = forms(&shown, &phone, &codes).into_iter();
    for secret in secrets.chain([open.to_lowercase(), PASSWORD.to_owned()]) {
        assert!(!text.contains(&secret), "{secret}");
    }
}

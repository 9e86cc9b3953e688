//! Starting with missing or wrong settings: one line that says which variable and why, and the exit code.

use amana::local::{Durability, Redis, Scratch};
use amana_harness::{App, amana_binary, eventually, redis_url};
use reqwest::Method;
use std::process::{Command, Output};
use tokio::net::TcpListener;

const EXIT_FAILURE: i32 = 1;
const EXIT_CONFIGURATION: i32 = 2;

/// Nobody listens on port 1.
const NO_DATABASE: &str = "postgres://amana:sesame-database@127.0.0.1:1/amana";

/// No folder can be made there, whoever tries.
const NO_FOLDER: &str = "/proc/amana/files";

/// A part of everything secret below; it must never be shown.
const SECRET: &str = "sesame";

/// 32 bytes in base64.
const MASTER_KEY: (&str, &str) =
    ("AMANA_MASTER_KEY", "sesamesesamesesamesesamesesamesesamesesameA=");

/// The one that the databases of tests are sealed with.
const REAL_MASTER_KEY: (&str, &str) = ("AMANA_MASTER_KEY", amana_harness::MASTER_KEY);

type Settings = Vec<(&'static str, &'static str)>;

fn servers() -> Settings {
    vec![("DATABASE_URL", NO_DATABASE), ("REDIS_URL", "redis://:sesame-redis@127.0.0.1:1")]
}

fn api() -> Settings {
    let secret = ("AMANA_JWT_SECRET", "sesame-0123456789-0123456789-0123456789");
    [servers(), vec![secret, MASTER_KEY, ("AMANA_FILES_DIR", NO_FOLDER)]].concat()
}

fn worker() -> Settings {
    let own = vec![
        ("AMANA_JWT_SECRET", "sesame-0123456789-0123456789-0123456789"),
        MASTER_KEY,
        ("AMANA_PUBLIC_URL", "http://127.0.0.1:1"),
        ("MPESA_BASE_URL", "http://127.0.0.1:1"),
        ("MPESA_CONSUMER_KEY", "sesame-key"),
        ("MPESA_CONSUMER_SECRET", "sesame-secret"),
        ("MPESA_SHORTCODE", "600977"),
        ("MPESA_PASSKEY", "sesame-passkey"),
        ("MPESA_INITIATOR", "amana"),
        ("MPESA_INITIATOR_PASSWORD", "sesame-password"),
        ("MPESA_CERTIFICATE", "/nowhere/certificate.pem"),
        ("SMTP_URL", "smtp://amana:sesame-smtp@127.0.0.1:1"),
        ("MAIL_FROM", "Amana <no-reply@amana.example>"),
        ("AFRICASTALKING_URL", "http://127.0.0.1:1"),
        ("AFRICASTALKING_USERNAME", "amana"),
        ("AFRICASTALKING_API_KEY", "sesame-sms"),
        ("AMANA_FILES_DIR", NO_FOLDER),
    ];
    [servers(), own].concat()
}

fn admin() -> Settings {
    let password = ("AMANA_ADMIN_PASSWORD", "sesame-open-the-door");
    vec![("DATABASE_URL", NO_DATABASE), MASTER_KEY, password]
}

const ADMIN: &[&str] = &[
    "admin",
    "create",
    "--name",
    "Neema",
    "--email",
    "neema@example.com",
    "--phone",
    "254712345678",
];

fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(amana_binary());
    command.args(arguments).env_clear().envs(settings.iter().copied()).env("AMANA_LOG", "off");
    command.output().expect("amana runs")
}

/// The one line that was said, after checking that it is one and shows no secret.
#[track_caller]
fn ends(arguments: &[&str], settings: &[(&str, &str)], code: i32) -> String {
    let output = run(arguments, settings);
    let said = String::from_utf8(output.stderr).expect("text");
    let what = format!("{arguments:?} said: {said}");
    assert_eq!(output.status.code(), Some(code), "{what}");
    assert_eq!(said.lines().count(), 1, "{what}");
    assert!(!said.contains(SECRET), "{what}");
    assert!(output.stdout.is_empty(), "{what}");
    said
}

/// The setting replaced, or left out.
fn with(settings: &Settings, variable: &'static str, value: Option<&'static str>) -> Settings {
    let others = settings.iter().copied().filter(|(name, _)| *name != variable);
    others.chain(value.map(|value| (variable, value))).collect()
}

#[test]
fn every_missing_variable_is_named() {
    for (arguments, settings) in [
        (&["api"][..], api()),
        (&["worker"], worker()),
        (ADMIN, admin()),
        (&["migrate"], servers()),
        (&["ledger", "check"], servers()),
    ] {
        for (variable, _) in &settings {
            let of_database_only = [&["migrate"][..], &["ledger", "check"]].contains(&arguments);
            if of_database_only && *variable != "DATABASE_URL" {
                continue;
            }
            for nothing in [None, Some(""), Some("   ")] {
                let said = ends(arguments, &with(&settings, variable, nothing), EXIT_CONFIGURATION);
                assert!(said.contains(&format!("{variable} ")), "{variable}: {said}");
            }
        }
    }
}

#[test]
fn every_wrong_variable_is_named_with_what_it_should_be() {
    let table: [(&[&str], Settings, &'static str, &'static str, &str); 26] = [
        (&["api"], api(), "AMANA_MASTER_KEY", "sesame", "32 bytes in base64"),
        (&["worker"], worker(), "AMANA_MASTER_KEY", "sesame+not+base64!", "32 bytes in base64"),
        (&["api"], api(), "AMANA_MASTER_KEY_PREVIOUS", "sesame", "32 bytes in base64"),
        (ADMIN, admin(), "AMANA_MASTER_KEY", "sesame", "32 bytes in base64"),
        (&["api"], api(), "DATABASE_URL", "mysql://sesame@localhost", "postgres://"),
        (&["api"], api(), "REDIS_URL", "127.0.0.1:6379:sesame", "redis://"),
        (&["api"], api(), "DATABASE_CONNECTIONS_MAX", "0", "from 1 to 500"),
        (&["api"], api(), "AMANA_JWT_SECRET", "sesame", "at least 32"),
        (&["api"], api(), "AMANA_LISTEN", "8080", "127.0.0.1:8080"),
        (&["api"], api(), "AMANA_FEE_PERCENTAGE_BPS", "1.5", "from 0 to 10000"),
        (&["api"], api(), "AMANA_FEE_FIXED_MINOR", "-1", "from 0"),
        (&["worker"], worker(), "AMANA_JWT_SECRET", "sesame", "at least 32"),
        (&["api"], api(), "AMANA_STAFF_NETWORKS", "sesame", "10.0.0.0/8"),
        (&["api"], api(), "AMANA_TRUSTED_PROXIES", "sesame", "10.0.0.0/8"),
        (&["api"], api(), "AMANA_ALLOWED_ORIGINS", "*", "https://app.example.com"),
        (&["api"], api(), "AMANA_RATE_LIMITS", "sesame", "on or off"),
        (&["api"], api(), "AMANA_REQUESTS_PER_MINUTE", "0", "from 1 to 10000000"),
        (&["worker"], worker(), "MPESA_BASE_URL", "sesame", "https://"),
        (&["worker"], worker(), "AMANA_PUBLIC_URL", "sesame", "https://"),
        (&["worker"], worker(), "MPESA_STATEMENT_URL", "sesame", "https://"),
        (&["worker"], worker(), "AMANA_RECONCILE_EVERY_S", "never", "whole number"),
        (&["worker"], worker(), "AMANA_JOB_LEASE_S", "0", "from 1"),
        (ADMIN, admin(), "AMANA_ADMIN_PASSWORD", "sesame", "at least 10"),
        (ADMIN, admin(), "AMANA_ADMIN_PASSWORD", "sesamesesame", "easy to guess"),
        (&["migrate"], servers(), "DATABASE_URL", "sesame", "postgres://"),
        (&["ledger", "check"], servers(), "DATABASE_URL", "sesame", "postgres://"),
    ];
    for (arguments, settings, variable, wrong, wanted) in table {
        let said = ends(arguments, &with(&settings, variable, Some(wrong)), EXIT_CONFIGURATION);
        assert!(
            said.contains(&format!("{variable} ")) && said.contains(wanted),
            "{variable}: {said}"
        );
    }
}

/// Nothing is wrong with the settings, but nobody is there: another exit code, and still one line.
#[test]
fn a_database_that_is_not_there_is_said_to_be_so() {
    let commands: [(&[&str], Settings); 5] = [
        (&["api"], api()),
        (&["worker"], worker()),
        (&["migrate"], servers()),
        (&["ledger", "check"], servers()),
        (ADMIN, admin()),
    ];
    // Each tries for a few seconds before it gives up.
    std::thread::scope(|scope| {
        for (arguments, settings) in &commands {
            scope.spawn(move || {
                let said = ends(arguments, settings, EXIT_FAILURE);
                assert!(said.contains("PostgreSQL") || said.contains("database"), "{said}");
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_is_not_there_is_said_to_be_so() {
    let app = App::builder().without_worker().start().await;
    let settings: Vec<(&str, &str)> = with(&api(), "DATABASE_URL", None)
        .into_iter()
        .chain([("DATABASE_URL", app.database.url.as_str()), REAL_MASTER_KEY])
        .collect();
    let said = ends(&["api"], &settings, EXIT_FAILURE);
    assert!(said.contains("Redis"), "{said}");
}

/// What only shows when it is used is a wrong setting all the same: a port that is taken, a certificate that
/// is nowhere, addresses that are none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_shows_when_it_is_used_is_a_wrong_setting_too() {
    let app = App::start().await;
    let (redis, port) = (redis_url(), TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let taken = port.local_addr().expect("an address").to_string();
    let certificate = format!("{}/portal/certificate.pem", app.sandbox_url);
    let files = app.files.display().to_string();
    let real = [
        ("DATABASE_URL", app.database.url.as_str()),
        ("REDIS_URL", &redis),
        ("MPESA_CERTIFICATE", &certificate),
        ("AMANA_FILES_DIR", &files),
        REAL_MASTER_KEY,
    ];
    for (command, variable, wrong) in [
        ("api", "AMANA_LISTEN", taken.as_str()),
        ("api", "REDIS_NAMESPACE", "two words"),
        ("api", "REDIS_URL", "redis://:sesame@[nowhere"),
        ("worker", "MPESA_CERTIFICATE", "/nowhere/sesame.pem"),
        ("worker", "MPESA_SHORTCODE", "sesame"),
        ("worker", "MPESA_BASE_URL", "ftp://sesame"),
        ("worker", "SMTP_URL", "http://sesame"),
        ("worker", "MAIL_FROM", "sesame"),
        ("worker", "AFRICASTALKING_URL", "sesame"),
        ("api", "AMANA_FILES_DIR", "/proc/sesame"),
        ("worker", "AMANA_FILES_DIR", "/proc/sesame"),
        ("api", "AMANA_GEOIP_FILE", "/nowhere/sesame.mmdb"),
    ] {
        let usual = if command == "api" { api() } else { worker() };
        // What comes later replaces what comes before.
        let settings = usual.into_iter().chain(real).chain([(variable, wrong)]);
        let said = ends(&[command], &settings.collect::<Vec<_>>(), EXIT_CONFIGURATION);
        assert!(said.contains(&format!("{variable} ")), "{variable}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_made_on_the_command_line_can_log_in() {
    let app = App::builder().without_worker().start().await;
    let settings = [
        ("DATABASE_URL", app.database.url.as_str()),
        ("AMANA_ADMIN_PASSWORD", "karibu-nyumbani-7"),
        REAL_MASTER_KEY,
    ];
    let made = run(ADMIN, &settings);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let token = app.log_in("neema@example.com").await;
    app.send(Method::GET, "/v1/operator/proof", Some(&token), None, None).await.expect(200);
    let said = ends(ADMIN, &settings, EXIT_FAILURE);
    assert!(said.contains("neema@example.com is already registered"), "{said}");
    let bad = [&ADMIN[..7], &["0712"]].concat();
    let said = ends(&bad, &settings, EXIT_FAILURE);
    assert!(said.contains("--phone: a phone number"), "{said}");
}

/// Without PostgreSQL the process lives, is not ready, and says 503 with when to come again; then it recovers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_postgresql_the_api_lives_but_is_not_ready() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let get = async |path: &str| app.send(Method::GET, path, None, None, None).await;
    assert_eq!(get("/readyz").await.expect(200)["status"], "ok");
    app.database.set_reachable(false).await;
    assert_eq!(get("/livez").await.expect(200)["status"], "ok");
    let (ready, me) = tokio::join!(get("/readyz"), app.get(&amina, "/v1/me"));
    for answer in [ready, me] {
        assert_eq!((answer.status.as_u16(), answer.problem()), (503, "unavailable"));
        assert!(answer.headers.contains_key("retry-after"));
        // Not the whole body: a random request id may spell anything.
        let told = answer.body["detail"].to_string();
        for inside in ["postgres", "127.0.0.1", "bb8", "connection"] {
            assert!(!told.to_lowercase().contains(inside), "{told}");
        }
    }
    app.database.set_reachable(true).await;
    eventually("it is ready again", || async {
        get("/readyz").await.status.is_success().then_some(())
    })
    .await;
    app.get(&amina, "/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_the_api_works_but_is_not_ready() {
    let scratch = Scratch::new().expect("a folder");
    let mut redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).expect("Redis");
    let app = App::builder().without_worker().redis(&redis.url()).start().await;
    let amina = app.person("Amina").await;
    let get = async |path: &str| app.send(Method::GET, path, None, None, None).await;
    assert_eq!(get("/readyz").await.expect(200)["status"], "ok");
    redis.kill().expect("killed");
    let ready = get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.problem()), (503, "unavailable"));
    assert!(ready.body["detail"].to_string().contains("Redis"), "{:#}", ready.body);
    assert_eq!(get("/livez").await.expect(200)["status"], "ok");
    // What is accepted is in PostgreSQL: nothing that people ask for needs Redis.
    app.get(&amina, "/v1/me").await.expect(200);
    redis.restart().expect("restarted");
    eventually("it is ready again", || async {
        get("/readyz").await.status.is_success().then_some(())
    })
    .await;
}

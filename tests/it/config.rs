//! Start-up with missing or invalid settings: one line with each variable and reason, and the exit
//! code.

mod outages;
mod wrong;

use amana_harness::{App, amana_binary, redis_url};
use reqwest::Method;
use std::process::{Command, Output};
use std::sync::OnceLock;
use tokio::net::TcpListener;
use wrong::WRONG_OF_OTHERS;

const EXIT_FAILURE: i32 = 1;
const EXIT_CONFIGURATION: i32 = 2;

/// Nothing listens on port 1.
const NO_DATABASE: &str = "postgres://amana:sesame-database@127.0.0.1:1/amana";

/// One folder can be created; the parent of the other is missing.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/files-of-configuration-tests");
const NO_FOLDER: &str = "/nowhere/amana/files";

const CERTIFICATE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/certificate-of-tests.pem");

/// Part of every secret below; no output may contain it.
const SECRET: &str = "sesame";

/// 32 bytes in base64.
const MASTER_KEY: (&str, &str) =
    ("AMANA_MASTER_KEY", "sesamesesamesesamesesamesesamesesamesesameA=");

/// Makes the first failed attempt the last one.
const NO_WAIT: (&str, &str) = ("AMANA_START_WAIT_S", "0");

/// Master key of the test databases.
const REAL_MASTER_KEY: (&str, &str) = ("AMANA_MASTER_KEY", amana_harness::MASTER_KEY);

type Settings = Vec<(&'static str, &'static str)>;

fn servers() -> Settings {
    vec![("DATABASE_URL", NO_DATABASE), ("REDIS_URL", "redis://:sesame-redis@127.0.0.1:1")]
}

fn api() -> Settings {
    let secret = ("AMANA_JWT_SECRET", "sesame-0123456789-0123456789-0123456789");
    [servers(), vec![secret, MASTER_KEY, ("AMANA_FILES_DIR", FOLDER)]].concat()
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
        ("MPESA_CERTIFICATE", certificate()),
        ("SMTP_URL", "smtp://amana:sesame-smtp@127.0.0.1:1"),
        ("MAIL_FROM", "Amana <no-reply@amana.example>"),
        ("AFRICASTALKING_URL", "http://127.0.0.1:1"),
        ("AFRICASTALKING_USERNAME", "amana"),
        ("AFRICASTALKING_API_KEY", "sesame-sms"),
        ("AMANA_FILES_DIR", FOLDER),
    ];
    [servers(), own].concat()
}

/// Creates the provider's certificate once.
fn certificate() -> &'static str {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        let size = rcgen::RsaKeySize::_2048;
        let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).expect("a key");
        let made = rcgen::CertificateParams::default().self_signed(&key).expect("a certificate");
        std::fs::write(CERTIFICATE, made.pem()).expect("a file");
    });
    CERTIFICATE
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
    command.args(arguments).env_clear().env("AMANA_LOG", "off").envs(settings.iter().copied());
    command.output().expect("amana runs")
}

/// Asserts the exit code, and that the output is one line without secrets. Returns the line.
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

/// Replaces or removes a setting.
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

/// Returns the variables that a line names, in order.
fn named(line: &str) -> Vec<&str> {
    let problems =
        line.trim().strip_prefix("amana: configuration: ").expect("a configuration error");
    let names =
        problems.split("; ").flat_map(|problem| match problem.strip_suffix(" are not set") {
            Some(missing) => missing.split(", ").flat_map(|it| it.split(" and ")).collect(),
            None => vec![problem.split(' ').next().unwrap_or_default()],
        });
    names.collect()
}

/// Variable, invalid value, and expected part of the message.
type Wrong = (&'static str, &'static str, &'static str);

const WRONG_OF_API: &[Wrong] = &[
    ("AMANA_MASTER_KEY", "sesame", "32 bytes in base64"),
    ("AMANA_MASTER_KEY_PREVIOUS", "sesame", "32 bytes in base64"),
    ("DATABASE_URL", "mysql://sesame@localhost", "postgres://"),
    ("DATABASE_URL", "postgres://amana:sesame@db:port/amana", "such as postgres://"),
    ("DATABASE_URL", "postgres://amana:sesame@db/amana?sslmode=on", "unknown sslmode"),
    ("DATABASE_URL", "postgres://a:sesame@db/a?sslrootcert=/ca.pem", "add sslmode=verify-full"),
    (
        "DATABASE_URL",
        "postgres://a:sesame@db/a?sslmode=verify-full&sslrootcert=/nowhere/ca.pem",
        "cannot be read",
    ),
    ("REDIS_URL", "127.0.0.1:6379:sesame", "redis:// or rediss://"),
    ("REDIS_URL", "redis://:sesame@[nowhere", "such as redis://"),
    ("REDIS_CA_FILE", CERTIFICATE, "REDIS_URL starts with rediss://"),
    ("REDIS_CA_FILE", "/nowhere/ca.pem", "cannot be read"),
    ("REDIS_NAMESPACE", "two words", "letters, digits"),
    ("DATABASE_CONNECTIONS_MAX", "0", "from 1 to 500"),
    ("AMANA_START_WAIT_S", "3601", "from 0 to 3600"),
    ("AMANA_JWT_SECRET", "sesame", "at least 32"),
    ("AMANA_LISTEN", "8080", "127.0.0.1:8080"),
    ("AMANA_MODE", "sandbox", "test or live"),
    ("AMANA_FEE_PERCENTAGE_BPS", "1.5", "from 0 to 10000"),
    ("AMANA_FEE_FIXED_MINOR", "-1", "from 0"),
    ("AMANA_STAFF_NETWORKS", "sesame", "10.0.0.0/8"),
    ("AMANA_TRUSTED_PROXIES", "sesame", "10.0.0.0/8"),
    ("AMANA_ALLOWED_ORIGINS", "*", "https://app.example.com"),
    ("AMANA_RATE_LIMITS", "sesame", "on or off"),
    ("AMANA_REQUESTS_PER_MINUTE", "0", "from 1 to 10000000"),
    ("AMANA_FILES_DIR", NO_FOLDER, "its parent folder is missing"),
    ("AMANA_FILES_DIR", "/proc/amana", "cannot be used"),
    ("AMANA_FILES_DIR", CERTIFICATE, "cannot be used"),
    ("AMANA_GEOIP_FILE", "/nowhere/places.mmdb", "must name a GeoIP database"),
    ("AMANA_LOG_FORMAT", "xml", "text or json"),
    ("AMANA_LOG", "a=b=c", "a filter such as info"),
    ("AMANA_LISTN", "127.0.0.1:8080", "did you mean AMANA_LISTEN?"),
    ("AMANA_SUPPORT_CONTACT", "two\nlines", "one line of at most 200 characters"),
    ("AMANA_RACE_ROUNDS", "7", "is unknown"),
];

const WRONG_OF_WORKER: &[Wrong] = &[
    ("AMANA_JWT_SECRET", "sesame", "at least 32"),
    ("MPESA_BASE_URL", "sesame", "https://"),
    ("MPESA_BASE_URL", "ftp://sesame", "http or https"),
    ("AMANA_PUBLIC_URL", "sesame", "https://"),
    ("AMANA_PUBLIC_URL", "https://mpesa.example.com", "has a word"),
    ("MPESA_STATEMENT_URL", "sesame", "https://"),
    ("MPESA_STATEMENT_URL", "file:///sesame", "http or https"),
    ("MPESA_SHORTCODE", "sesame", "5 to 7 digits"),
    ("MPESA_PASSKEY", "open sesame", "printable ASCII"),
    ("AMANA_RECONCILE_EVERY_S", "never", "whole number"),
    ("AMANA_JOB_LEASE_S", "0", "from 1"),
    ("AMANA_WEB_URL", "app.example.com", "an address such as https://app.example.com"),
    ("SMTP_URL", "http://sesame", "smtp://"),
    ("MAIL_FROM", "sesame", "Name <address@host>"),
    ("AFRICASTALKING_URL", "sesame", "http or https"),
    ("AMANA_FILES_DIR", NO_FOLDER, "its parent folder is missing"),
];

#[test]
fn every_wrong_variable_is_named_with_what_it_should_be() {
    certificate();
    let of_api = WRONG_OF_API.iter().map(|wrong| (&["api"][..], api(), wrong));
    let of_worker = WRONG_OF_WORKER.iter().map(|wrong| (&["worker"][..], worker(), wrong));
    let of_others = WRONG_OF_OTHERS.iter().map(|(arguments, wrong)| (*arguments, admin(), wrong));
    let table: Vec<_> = of_api.chain(of_worker).chain(of_others).collect();
    assert!(table.len() >= 40, "{}", table.len());
    for (arguments, settings, &(variable, value, wanted)) in table {
        let settings = with(&settings, variable, Some(value));
        let said = ends(arguments, &settings, EXIT_CONFIGURATION);
        assert_eq!(named(&said), [variable], "{said}");
        assert!(said.contains(wanted), "{variable}: {said}");
    }
}

/// Goal: all wrong variables are reported at once, not one per start.
#[test]
fn all_wrong_variables_are_in_one_line() {
    let several: [(&[&str], Settings, Settings, &[&str]); 5] = [
        (
            &["api"],
            vec![],
            vec![],
            &[
                "DATABASE_URL",
                "REDIS_URL",
                "AMANA_MASTER_KEY",
                "AMANA_JWT_SECRET",
                "AMANA_FILES_DIR",
            ],
        ),
        (
            &["api"],
            api(),
            vec![
                ("AMANA_JWT_SECRET", ""),
                ("AMANA_LISTN", "8080"),
                ("AMANA_LOG", "a=b=c"),
                ("DATABASE_URL", "mysql://sesame"),
                ("AMANA_FEE_FIXED_MINOR", "much"),
                ("AMANA_FILES_DIR", NO_FOLDER),
            ],
            &[
                "AMANA_JWT_SECRET",
                "AMANA_LISTN",
                "AMANA_LOG",
                "DATABASE_URL",
                "AMANA_FEE_FIXED_MINOR",
                "AMANA_FILES_DIR",
            ],
        ),
        (
            &["worker"],
            worker(),
            vec![
                ("MPESA_PASSKEY", " "),
                ("MPESA_SHORTCODE", "sesame"),
                ("SMTP_URL", "sesame"),
                ("MAIL_FROM", "sesame"),
                ("AFRICASTALKING_URL", "sesame"),
                ("AFRICASTALKING_API_KEY", ""),
                ("AMANA_MODE", "play"),
            ],
            &[
                "MPESA_PASSKEY",
                "AFRICASTALKING_API_KEY",
                "MPESA_SHORTCODE",
                "SMTP_URL",
                "MAIL_FROM",
                "AFRICASTALKING_URL",
                "AMANA_MODE",
            ],
        ),
        (
            ADMIN,
            vec![],
            vec![("AMANA_ADMIN_PASSWORD", "sesame")],
            &["DATABASE_URL", "AMANA_MASTER_KEY", "AMANA_ADMIN_PASSWORD"],
        ),
        (
            &["migrate"],
            vec![],
            vec![("DATABASE_APP_URL", "sesame"), ("AMANA_MOOD", "good")],
            &["DATABASE_URL", "AMANA_MOOD", "DATABASE_APP_URL"],
        ),
    ];
    for (arguments, usual, changes, wanted) in several {
        let settings = [usual, changes].concat();
        let said = ends(arguments, &settings, EXIT_CONFIGURATION);
        assert_eq!(named(&said), wanted, "{said}");
    }
}

/// Valid settings with an unreachable server give another exit code, and still one line.
#[test]
fn a_database_that_is_not_there_is_said_to_be_so() {
    let commands: [(&[&str], Settings); 5] = [
        (&["api"], api()),
        (&["worker"], worker()),
        (&["migrate"], servers()),
        (&["ledger", "check"], servers()),
        (ADMIN, admin()),
    ];
    for (arguments, settings) in &commands {
        let settings = [settings.as_slice(), &[NO_WAIT]].concat();
        let said = ends(arguments, &settings, EXIT_FAILURE);
        let wanted = "DATABASE_URL: PostgreSQL cannot be reached: 127.0.0.1:1: connection refused";
        assert!(said.contains(wanted), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_is_not_there_is_said_to_be_so() {
    let app = App::builder().without_worker().start().await;
    let settings: Vec<(&str, &str)> = with(&api(), "DATABASE_URL", None)
        .into_iter()
        .chain([("DATABASE_URL", app.database.url.as_str()), REAL_MASTER_KEY, NO_WAIT])
        .collect();
    let said = ends(&["api"], &settings, EXIT_FAILURE);
    assert!(said.contains("REDIS_URL: Redis cannot be reached: "), "{said}");
    assert_eq!(said.matches("refused").count(), 1, "{said}");
}

/// Goal: a setting that fails on use is a configuration error too, such as a taken port or a
/// missing certificate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_that_fails_when_it_is_used_is_wrong_too() {
    let app = App::start().await;
    let (redis, port) = (redis_url(), TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let taken = port.local_addr().expect("an address").to_string();
    let files = app.files.display().to_string();
    let real = [
        ("DATABASE_URL", app.database.url.as_str()),
        ("REDIS_URL", &redis),
        ("AMANA_FILES_DIR", &files),
        REAL_MASTER_KEY,
    ];
    for (command, variable, wrong) in [
        ("api", "AMANA_LISTEN", taken.as_str()),
        ("worker", "MPESA_CERTIFICATE", "/nowhere/sesame.pem"),
        ("worker", "MPESA_CERTIFICATE", "/etc/hostname"),
        ("worker", "MPESA_CERTIFICATE", "http://127.0.0.1:1/sesame.pem"),
        ("api", "AMANA_MASTER_KEY", MASTER_KEY.1),
    ] {
        let usual = if command == "api" { api() } else { worker() };
        // Later settings override earlier ones.
        let settings = usual.into_iter().chain(real).chain([(variable, wrong)]);
        let said = ends(&[command], &settings.collect::<Vec<_>>(), EXIT_CONFIGURATION);
        assert_eq!(named(&said), [variable], "{said}");
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

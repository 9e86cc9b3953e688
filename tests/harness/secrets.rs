//! Every line that the product logs in a test is read for what must never stand in a log: those of this process as
//! they are written, those of workers of their own when these end.
//!
//! The first test switches the logs on for the whole run; a line that gives something away fails every test that
//! ends after it, and is printed.

use regex::bytes::{RegexSet, RegexSetBuilder};
use std::fmt::Write as _;
use std::io;
use std::sync::{LazyLock, Mutex, Once, PoisonError};
use tracing_subscriber::EnvFilter;

/// More than any operator switches on.
pub(crate) const LEVELS: &str = "info,amana=trace,amana_api=trace,amana_domain=trace,amana_documents=trace,\
    amana_messaging=trace,amana_mpesa=trace,amana_postgres=trace,amana_redis=trace,amana_worker=trace";

/// What gives something away, and its name.
const FORBIDDEN: [(&str, &str); 10] = [
    ("a password of the tests", "karibu-nyumbani|karibu-amana|not-the-password"),
    ("a hash of a password", r"\$argon2"),
    ("a token", r"eyJ[\w-]{10,}\.[\w-]+\."),
    ("an invitation", r"join_[\w-]{43}"),
    ("an API key", r"amana_(test|live)_[0-9a-f]{32}_\w"),
    ("a signing secret", "a-secret-for-tests|a-secret-of-the-benchmark|YS1rZXktb2YtdGhl"),
    (
        "credentials of a provider",
        "sandbox-consumer-secret|sandbox-passkey|Sandbox#Initiator|sandbox-sms-key",
    ),
    ("a password in an address", r"://[^\s/@:]*:[^\s/@]+@"),
    ("a whole phone number", r"(^|[^0-9A-Za-z-])(\+?254[17]\d{8}|0[17]\d{8})\b"),
    ("an e-mail address", r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[a-z]{2,}\b"),
];

/// Of bytes: what is forbidden is ASCII, and the tables of Unicode make reading many times slower.
static PATTERNS: LazyLock<RegexSet> = LazyLock::new(|| {
    let patterns = FORBIDDEN.map(|(_, pattern)| pattern);
    RegexSetBuilder::new(patterns).unicode(false).build().expect("patterns")
});

static FOUND: Mutex<String> = Mutex::new(String::new());

/// What in a text must not be logged.
#[must_use]
pub fn given_away(text: &str) -> Vec<&'static str> {
    PATTERNS.matches(text.as_bytes()).into_iter().map(|n| FORBIDDEN[n].0).collect()
}

struct Reader;

/// Remembers a line that gives something away.
pub(crate) fn read_line(text: &str) {
    let found = given_away(text);
    if !found.is_empty() {
        let mut all = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(all, "{found:?}: {text}");
    }
}

impl io::Write for Reader {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        read_line(&text);
        crate::lines::note(&text);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Switches the logs on and reads them from now on.
pub fn read_logs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = EnvFilter::new(LEVELS);
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(|| Reader)
            .init();
    });
}

/// # Panics
/// If a line of the run so far gave something away.
#[track_caller]
pub fn assert_nothing_given_away() {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(found.is_empty(), "the logs give something away:\n{found}");
}

//! Searches all log lines of the product for secrets and personal data: lines of this process when they are written,
//! lines of worker processes when they end.
//!
//! The first test switches logging on for the whole run. A line with such data fails every test that ends later, and is
//! printed.

use regex::bytes::{RegexSet, RegexSetBuilder};
use std::fmt::Write as _;
use std::io;
use std::sync::{LazyLock, Mutex, Once, PoisonError};
use tracing_subscriber::EnvFilter;

/// More verbose than any production setting.
pub(crate) const LEVELS: &str = "info,amana=trace,amana_api=trace,amana_domain=trace,amana_documents=trace,\
    amana_messaging=trace,amana_mpesa=trace,amana_postgres=trace,amana_redis=trace,amana_worker=trace";

/// The names and patterns of forbidden data.
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

/// Byte patterns, because the forbidden data is ASCII and Unicode tables make matching many times slower.
static PATTERNS: LazyLock<RegexSet> = LazyLock::new(|| {
    let patterns = FORBIDDEN.map(|(_, pattern)| pattern);
    RegexSetBuilder::new(patterns).unicode(false).build().expect("patterns")
});

static FOUND: Mutex<String> = Mutex::new(String::new());

/// Returns the names of forbidden data in a text.
#[must_use]
pub fn given_away(text: &str) -> Vec<&'static str> {
    PATTERNS.matches(text.as_bytes()).into_iter().map(|n| FORBIDDEN[n].0).collect()
}

struct Reader;

/// Records a line with forbidden data.
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

/// Switches logging on and searches all lines from now on.
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
/// If a log line of the run contained forbidden data.
#[track_caller]
pub fn assert_nothing_given_away() {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(found.is_empty(), "the logs contain secrets or personal data:\n{found}");
}

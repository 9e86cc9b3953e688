//! Recognition of secrets in logs, without false positives.
//!
//! The harness searches the logs of the whole run: see `tests/harness/secrets.rs`.

use amana_harness::given_away;

#[test]
fn what_must_not_be_logged_is_recognised() {
    for (text, expected) in [
        ("logged in with karibu-nyumbani-7", "a password of the tests"),
        ("hash $argon2id$v=19$m=19456", "a hash of a password"),
        ("bearer eyJ0eXAiOiJKV1Qi.eyJpc3MiOiJh.c2ln", "a token"),
        ("key amana_test_01a1fecce29471e296a04e6d7d437708_4fG7hJ2kL9", "an API key"),
        ("secret a-secret-for-tests-of-at-least", "a signing secret"),
        ("apiKey sandbox-sms-key", "credentials of a provider"),
        ("postgres://amana:0123abcd@127.0.0.1:5432/amana", "a password in an address"),
        ("to 254711000001", "a whole phone number"),
        ("to +254711000001.", "a whole phone number"),
        ("msisdn=\"0711000001\"", "a whole phone number"),
        ("to amina.254@example.com", "an e-mail address"),
    ] {
        assert_eq!(given_away(text), [expected], "{text}");
    }
    for text in [
        "to 2547****0001",
        "a***@e***.com",
        "job_019ac0f1254711000001aa00aa00aa00",
        "at 2026-11-21T07:00:00.123456Z took 254711 us",
        "postgres://127.0.0.1:5432/amana",
        "amana_test_01a1fecce29471e296a04e6d7d437708",
        "user usr_01a1fecce29471e296a04e6d7d437708",
    ] {
        assert_eq!(given_away(text), [""; 0], "{text}");
    }
}

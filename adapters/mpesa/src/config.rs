//! The settings of the adapter, and Safaricom's rules for them.

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use url::Url;

use crate::credential::{Encryptor, PASSWORD_BYTES_MAX};

/// Safaricom rejects callback addresses with one of these words, in any letter case.
const FORBIDDEN_KEYWORDS: [&str; 8] =
    ["m-pesa", "mpesa", "safaricom", "exec", "exe", "cmd", "sql", "query"];
/// 22 characters of base64url have 128 bits, enough against guessing.
const TOKEN_CHARACTERS_MIN: usize = 22;
const TOKEN_CHARACTERS_MAX: usize = 128;

#[derive(Clone)]
pub struct MpesaConfig {
    /// `https://api.safaricom.co.ke`, Safaricom's sandbox, or ours.
    pub base_url: Url,
    pub consumer_key: String,
    pub consumer_secret: SecretString,
    pub shortcode: String,
    pub passkey: SecretString,
    pub initiator_name: String,
    pub initiator_password: SecretString,
    /// The X.509 certificate that the initiator's password is encrypted for.
    pub certificate_pem: String,
    /// The public address of our API for M-Pesa.
    pub callback_base_url: Url,
    /// The address of the organisation portal's statement in CSV.
    pub statement_url: Option<Url>,
}

/// An invalid setting, found at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{setting} {why}")]
pub struct ConfigError {
    /// The field of [`MpesaConfig`].
    pub setting: &'static str,
    pub why: &'static str,
}

impl MpesaConfig {
    /// # Errors
    /// The first setting that violates a rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (setting, text) in [
            ("base_url", self.base_url.as_str()),
            ("callback_base_url", self.callback_base_url.as_str()),
            ("shortcode", self.shortcode.as_str()),
            ("consumer_key", self.consumer_key.as_str()),
            ("consumer_secret", self.consumer_secret.expose_secret()),
            ("passkey", self.passkey.expose_secret()),
            ("initiator_name", self.initiator_name.as_str()),
            ("initiator_password", self.initiator_password.expose_secret()),
        ] {
            check_setting(setting, text)?;
        }
        if let Some(url) = &self.statement_url {
            check_setting("statement_url", url.as_str())?;
        }
        Encryptor::from_pem(&self.certificate_pem).map(|_| ())
    }
}

/// Checks one setting by its field name; only [`MpesaConfig::validate`] checks the certificate.
///
/// # Errors
/// The rule that it violates.
pub fn check_setting(setting: &'static str, text: &str) -> Result<(), ConfigError> {
    let address = || {
        let why = "must be an address such as https://example.com";
        Url::parse(text).map_err(|_| ConfigError { setting, why })
    };
    match setting {
        "base_url" => check_root(&address()?, setting),
        "callback_base_url" => check_callback_base(&address()?),
        "statement_url" if is_http(&address()?) => Ok(()),
        "statement_url" => refuse(setting, "must be an http or https URL"),
        "shortcode" if is_shortcode(text) => Ok(()),
        "shortcode" => refuse(setting, "must be 5 to 7 digits"),
        _ if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) => {
            refuse(setting, "must be set, in printable ASCII without spaces")
        }
        "initiator_password" if text.len() > PASSWORD_BYTES_MAX => {
            refuse(setting, "must have at most 245 characters, the limit of RSA encryption")
        }
        _ => Ok(()),
    }
}

fn is_shortcode(text: &str) -> bool {
    (5..=7).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether Safaricom accepts this last part of a callback address, and it cannot be guessed. Random tokens may contain
/// a forbidden word, so new tokens must be checked.
#[must_use]
pub fn is_callback_path_token(token: &str) -> bool {
    (TOKEN_CHARACTERS_MIN..=TOKEN_CHARACTERS_MAX).contains(&token.len())
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !has_forbidden_keyword(token)
}

pub(crate) fn refuse<T>(setting: &'static str, why: &'static str) -> Result<T, ConfigError> {
    Err(ConfigError { setting, why })
}

fn has_forbidden_keyword(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    FORBIDDEN_KEYWORDS.iter().any(|keyword| text.contains(keyword))
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

fn check_root(url: &Url, setting: &'static str) -> Result<(), ConfigError> {
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if is_http(url) && bare && url.path() == "/" {
        return Ok(());
    }
    refuse(setting, "must be an http or https URL without a path")
}

fn check_callback_base(url: &Url) -> Result<(), ConfigError> {
    let setting = "callback_base_url";
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !is_http(url) || !bare {
        return refuse(setting, "must be an http or https URL without user, query or fragment");
    }
    let text = url.as_str();
    if text.contains("%20") || text.contains(char::is_whitespace) {
        return refuse(setting, "must not have spaces");
    }
    if has_forbidden_keyword(text) {
        return refuse(
            setting,
            "has a word that Safaricom forbids (mpesa, safaricom, sql, exe, …)",
        );
    }
    Ok(())
}

impl std::fmt::Debug for MpesaConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MpesaConfig")
            .field("base_url", &self.base_url.as_str())
            .field("shortcode", &self.shortcode)
            .field("callback_base_url", &self.callback_base_url.as_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::test_certificate;

    fn config() -> MpesaConfig {
        MpesaConfig {
            base_url: Url::parse("https://api.example.test").unwrap(),
            consumer_key: "key".into(),
            consumer_secret: "consumer-secret".into(),
            shortcode: "600123".into(),
            passkey: "pass-key".into(),
            initiator_name: "amana".into(),
            initiator_password: "initiator#1".into(),
            certificate_pem: test_certificate().0.clone(),
            callback_base_url: Url::parse("https://pay.example.test/hooks").unwrap(),
            statement_url: None,
        }
    }

    #[test]
    fn each_bad_setting_is_named() {
        assert_eq!(config().validate(), Ok(()));
        let url = |text: &str| Url::parse(text).unwrap();
        let cases: Vec<(&str, MpesaConfig)> = vec![
            ("base_url", MpesaConfig { base_url: url("https://a.test/mpesa"), ..config() }),
            ("base_url", MpesaConfig { base_url: url("ftp://a.test"), ..config() }),
            ("shortcode", MpesaConfig { shortcode: "60A".into(), ..config() }),
            ("passkey", MpesaConfig { passkey: "".into(), ..config() }),
            ("consumer_key", MpesaConfig { consumer_key: "a\nb".into(), ..config() }),
            (
                "initiator_password",
                MpesaConfig { initiator_password: "x".repeat(300).into(), ..config() },
            ),
            ("certificate_pem", MpesaConfig { certificate_pem: "no".into(), ..config() }),
            ("statement_url", MpesaConfig { statement_url: Some(url("file:///x")), ..config() }),
        ];
        for (setting, bad) in cases {
            assert_eq!(bad.validate().unwrap_err().setting, setting);
        }
    }

    #[test]
    fn callback_addresses_follow_safaricoms_rules() {
        for (text, fine) in [
            ("http://127.0.0.1:8080", true),
            ("https://pay.example.test/hooks/", true),
            ("https://MPESA.example.test", false),
            ("https://pay.example.test/m-Pesa", false),
            ("https://mysql.example.test", false),
            ("https://pay.example.test/execute", false),
            ("https://pay.example.test/a b", false),
            ("https://pay.example.test/?a=1", false),
            ("https://user@pay.example.test/", false),
        ] {
            let callback_base_url = Url::parse(text).unwrap();
            let verdict = MpesaConfig { callback_base_url, ..config() }.validate();
            assert_eq!(verdict.is_ok(), fine, "{text}");
        }
    }

    #[test]
    fn tokens_are_long_plain_and_without_keywords() {
        assert!(is_callback_path_token("0123456789abcdef0123456789abcdef"));
        for token in ["", "short", "0123456789abcdef01234SQL", "0123456789abcdef/0123456789"] {
            assert!(!is_callback_path_token(token), "{token}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", config());
        for secret in ["consumer-secret", "pass-key", "initiator#1", "\"key\""] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

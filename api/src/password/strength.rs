//! Strength of a password against an attacker who knows its user.

use amana_domain::contact::Contact;
use amana_domain::phone::Msisdn;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use zxcvbn::{Score, zxcvbn};

/// Needs more than 10^8 guesses, each as expensive as one hash.
const SCORE_MIN: Score = Score::Three;

/// Shorter parts of names occur in too many words.
const WORD_CHARS_MIN: usize = 3;

/// Digits of a phone number without the country code.
const SUBSCRIBER_DIGITS: usize = 9;

/// The reason, as text for the user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("is too easy to guess. {0}")]
pub struct WeakPassword(String);

/// Words about a user that an attacker would try first.
#[derive(Clone)]
pub struct KnownWords(Vec<String>);

impl std::fmt::Debug for KnownWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KnownWords")
    }
}

impl KnownWords {
    #[must_use]
    pub fn of_person(name: &str, email: Option<&str>, phone: Option<&Msisdn>) -> Self {
        let names = name.split_whitespace().filter(|word| word.chars().count() >= WORD_CHARS_MIN);
        let mut words: Vec<String> = names.map(str::to_owned).collect();
        words.extend([name.to_owned(), name.replace(char::is_whitespace, "")]);
        words.extend(email.into_iter().flat_map(of_email));
        words.extend(phone.into_iter().flat_map(of_phone));
        words.push("amana".to_owned());
        Self(words)
    }

    /// Words from a login, if nothing else is known about the user.
    #[must_use]
    pub fn of_login(login: &Contact) -> Self {
        Self(match login {
            Contact::Email(email) => of_email(email),
            Contact::Phone(phone) => of_phone(phone),
        })
    }
}

fn of_email(email: &str) -> Vec<String> {
    let local = email.split('@').next().unwrap_or_default();
    let parts = local.split(|c: char| !c.is_alphanumeric()).filter(|p| p.len() >= WORD_CHARS_MIN);
    parts.chain([email, local]).map(str::to_owned).collect()
}

fn of_phone(phone: &Msisdn) -> Vec<String> {
    let digits = phone.as_str();
    let own = digits.get(digits.len().saturating_sub(SUBSCRIBER_DIGITS)..).unwrap_or_default();
    vec![digits.to_owned(), own.to_owned(), format!("0{own}")]
}

/// Takes milliseconds; do not call it on the threads of an async runtime.
///
/// # Errors
/// [`WeakPassword`] with the weakness and advice.
pub fn check_password(password: &SecretString, known: &KnownWords) -> Result<(), WeakPassword> {
    if PUBLISHED.iter().any(|published| password.expose_secret().eq_ignore_ascii_case(published)) {
        return Err(WeakPassword(IN_PRINT.to_owned()));
    }
    let known: Vec<&str> = known.0.iter().map(String::as_str).collect();
    let judged = zxcvbn(password.expose_secret(), &known);
    if judged.score() >= SCORE_MIN {
        return Ok(());
    }
    let warning = judged.feedback().and_then(|feedback| feedback.warning());
    let suggestions = judged.feedback().map(|feedback| feedback.suggestions()).unwrap_or_default();
    let said = warning.iter().map(ToString::to_string);
    let said: Vec<String> = said.chain(suggestions.iter().map(ToString::to_string)).collect();
    Err(WeakPassword(if said.is_empty() { HELP.to_owned() } else { said.join(" ") }))
}

/// Passwords printed in the documentation.
const PUBLISHED: [&str; 1] = ["karibu-amana-2026"];
const IN_PRINT: &str = "It is printed in the documentation of Amana. Choose another one.";

const HELP: &str = "Add one or two uncommon words.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easy_passwords_are_weak() {
        let phone = Msisdn::parse("254712345678").unwrap();
        let email = Some("shiru.kamau@example.com");
        let known = KnownWords::of_person("Wanjiku Kamau", email, Some(&phone));
        let mut misjudged = vec![];
        let mut check = |password: &str, good: bool| {
            let judged = check_password(&password.into(), &known);
            if judged.is_ok() != good {
                misjudged.push(password.to_owned());
            }
            if let Err(weak) = judged {
                let text = weak.to_string();
                assert!(
                    text.starts_with("is too easy to guess. ") && text.ends_with('.'),
                    "{text}"
                );
                assert!(!text.contains(password), "{text}");
            }
        };
        for weak in [
            "password12",
            "Password123!",
            "qwertyuiop",
            "1234567890",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabc",
            "iloveyou2026",
            "football1990",
            "wanjiku2026",
            "WanjikuKamau",
            "wanjiku kamau",
            "shiru.kamau1",
            "shiru.kamau@example.com",
            "254712345678",
            "0712345678",
            "0712345678a",
            "amana12345",
            "karibu-amana-2026",
            "Karibu-Amana-2026",
        ] {
            check(weak, false);
        }
        for good in [
            "karibu-nyumbani-7",
            "mbuzi wawili na kuku",
            "correct horse battery staple",
            "X7#mq9!zLw2p",
            &"a long song of goats ".repeat(6),
        ] {
            check(good, true);
        }
        assert_eq!(misjudged, Vec::<String>::new());
    }

    #[test]
    fn words_about_one_user_are_not_weak_for_another() {
        let known = |text: &str| KnownWords::of_login(&Contact::Email(text.to_owned()));
        let judged = |login: &str| check_password(&"kipchumba.ngeno".into(), &known(login)).is_ok();
        assert!(!judged("kipchumba.ngeno@example.com"));
        assert!(judged("neema@example.com"));
    }
}

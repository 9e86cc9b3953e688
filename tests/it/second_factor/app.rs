//! An authenticator app.

use amana_harness::{Answer, App, PASSWORD, Person};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Cursor;
use totp_rs::{Builder, Secret, Totp};

pub(crate) struct Authenticator {
    pub(crate) totp: Totp,
}

impl Authenticator {
    /// Reads the secret as if it were typed in.
    pub(crate) fn of(shown: &Value) -> Self {
        let secret = shown["secret"].as_str().expect("a secret");
        let secret = Secret::try_from_base32(secret).expect("base32");
        Self { totp: Builder::new().with_secret(secret).build().expect("an app") }
    }

    /// Returns the code of the present step, or of a later one.
    pub(crate) fn code(&self, app: &App, steps: i64) -> String {
        let seconds = app.clock.now().timestamp() + 30 * steps;
        self.totp.generate(u64::try_from(seconds).expect("a time")).to_string()
    }
}

/// Moves the clock to the beginning of the next step, which leaves time before the one after it.
pub(crate) fn next_step(app: &App) {
    let into_ms = app.clock.now().timestamp_millis().rem_euclid(30_000);
    app.clock.advance(TimeDelta::milliseconds(30_000 - into_ms));
}

pub(crate) fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item.as_str().expect("a text").to_owned()).collect()
}

/// Confirms a factor with the current code. Returns the backup codes.
pub(crate) async fn confirmed(app: &App, person: &Person, phone: &Authenticator) -> Vec<String> {
    let body = json!({ "code": phone.code(app, 0) });
    let codes = app.post(person, "/v1/me/second-factor/confirm", body).await.expect(200);
    texts(&codes["codes"])
}

/// Creates a user whose factor was confirmed in the previous step, so that the current code is
/// unused.
pub(crate) async fn with_factor(app: &App, name: &str) -> (Person, Authenticator, Vec<String>) {
    let person = app.person(name).await;
    let body = json!({ "password": PASSWORD });
    let shown = app.post(&person, "/v1/me/second-factor", body).await.expect(201);
    let phone = Authenticator::of(&shown);
    next_step(app);
    let codes = confirmed(app, &person, &phone).await;
    next_step(app);
    (person, phone, codes)
}

/// Starts a log-in. Returns its challenge.
pub(crate) async fn challenge(app: &App, person: &Person) -> String {
    let half = app.open_session(&person.email).await;
    for name in ["session_id", "access_token", "refresh_token", "expires_in"] {
        assert_eq!(half[name], Value::Null, "{name}");
    }
    assert_eq!(half["second_factor"]["methods"], json!(["totp", "backup_code"]));
    half["second_factor"]["challenge"].as_str().expect("a challenge").to_owned()
}

pub(crate) async fn complete(app: &App, challenge: &str, code: &str) -> Answer {
    let body = json!({ "challenge": challenge, "code": code });
    app.send(Method::POST, "/v1/sessions/second-factor", None, None, Some(&body)).await
}

pub(crate) async fn step_up(app: &App, person: &Person, code: Option<&str>) -> Answer {
    let mut body = json!({ "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    app.post(person, "/v1/sessions/step-up", body).await
}

/// Asserts that the picture can be decoded, is square, and has the size of a QR code for that text.
#[track_caller]
pub(crate) fn assert_scannable(shown: &Value) {
    let uri = shown["uri"].as_str().expect("an address");
    assert!(uri.starts_with("otpauth://totp/Amana:"), "{uri}");
    assert!(uri.contains(shown["secret"].as_str().expect("a secret")));
    let file = STANDARD.decode(shown["qr_png"].as_str().expect("a picture")).expect("base64");
    let mut reader = png::Decoder::new(Cursor::new(file)).read_info().expect("a PNG");
    let mut image = vec![0; reader.output_buffer_size().expect("a size")];
    let frame = reader.next_frame(&mut image).expect("a picture");
    assert_eq!(frame.width, frame.height);
    // 17 + 4 × version modules of 6 pixels, and a margin of 4 modules; this text needs version 6 to
    // 10.
    let squares = frame.width / 6 - 8;
    assert_eq!((frame.width % 6, squares % 4), (0, 1), "{squares} squares");
    assert!((41..=57).contains(&squares), "{squares} squares for {} bytes", uri.len());
}

//! A day of guesses at each guessable secret, every guess from a new address. The tests count the
//! comparisons and compute the odds of success. The bound is stated in the domain.
//!
//! Limits count per window or per day, and a refused guess changes no count. So each window gets
//! two guesses more than the limit of five: further ones would be refused alike, and one comparison
//! too many breaks the bound.

use crate::second_factor::{Authenticator, with_factor};
use amana_api::{ApiConfig, EdgeConfig, RateLimits};
use amana_domain::code::Code;
use amana_domain::contact::Contact;
use amana_domain::id::InvitationId;
use amana_harness::{App, PASSWORD, Person, api_config};
use amana_postgres::Error;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use diesel::OptionalExtension;
use diesel::dsl::{self, select};
use diesel::sql_types::BigInt;
use diesel_async::AsyncPgConnection;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Request, Response};
use serde_json::{Value, json};
use uuid::Uuid;

/// Quarters of an hour, the window of most limits.
const WINDOWS: u32 = 96;
/// The limit of most windows, plus two.
const GUESSES_PER_WINDOW: u32 = 7;
/// The limit of log-ins from all addresses together, plus two.
const LOG_INS_PER_WINDOW: u32 = 22;
const GUESSES: u32 = WINDOWS * GUESSES_PER_WINDOW;

/// Number of guesses that `zxcvbn` estimates for the weakest accepted password (score 3).
const PASSWORDS: f64 = 1e8;
const CODES: f64 = 1e6;

/// The API's router, called without a network.
struct Door {
    app: App,
    api: BoxEndpoint<'static, Response>,
    calls: u32,
}

impl Door {
    async fn open() -> Self {
        let app = App::builder().without_worker().start().await;
        let trusted_proxies = vec!["0.0.0.0/0".parse().expect("a network")];
        let rate_limits = RateLimits::default();
        let edge = EdgeConfig { trusted_proxies, rate_limits, ..EdgeConfig::default() };
        let config = ApiConfig { edge, ..api_config(app.context.files.clone()) };
        let (store, redis) = (app.store.clone(), Some(app.transport.clone()));
        let api = amana_api::app(store, app.clock.clone(), redis, &config).boxed();
        Self { app, api, calls: 0 }
    }

    /// Calls from a new address each time.
    async fn post(&mut self, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        self.calls += 1;
        let [_, a, b, c] = self.calls.to_be_bytes();
        let request = Request::builder()
            .method(Method::POST)
            .uri_str(path)
            .header("Content-Type", "application/json")
            .header("X-Forwarded-For", format!("100.{a}.{b}.{c}"));
        let request = match token {
            Some(token) => request.header("Authorization", format!("Bearer {token}")),
            None => request,
        };
        let mut answer = self.api.get_response(request.body(body.to_string())).await;
        let body = answer.take_body().into_vec().await.expect("a body");
        (answer.status().as_u16(), serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Advances the clock through a day, one step per window. Returns whether a new window has
    /// begun.
    fn pass_time(&self, guess: u32) -> bool {
        let is_new = guess.is_multiple_of(GUESSES_PER_WINDOW);
        if is_new && guess > 0 {
            self.app.clock.advance(TimeDelta::minutes(15));
        }
        is_new
    }
}

/// Returns a code that differs from all of these.
fn wrong(guess: u32, right: &[String]) -> String {
    let code = format!("{:06}", guess % 1_000_000);
    if right.contains(&code) { format!("{:06}", guess % 1_000_000 + 500_000) } else { code }
}

#[track_caller]
fn assert_odds(looked_at: u32, right: f64, of: f64, stated: f64) {
    let odds = f64::from(looked_at) * right / of;
    assert!(
        looked_at > 0 && odds <= stated,
        "{looked_at} guesses were compared: {odds:e} > {stated:e}"
    );
}

/// Twenty comparisons in a quarter of an hour, from any addresses: below one in 50,000 per day.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_at_log_in() {
    let mut door = Door::open().await;
    let amina = door.app.person("Amina").await;
    let mut looked_at = 0;
    for guess in 0..WINDOWS * LOG_INS_PER_WINDOW {
        if guess > 0 && guess.is_multiple_of(LOG_INS_PER_WINDOW) {
            door.app.clock.advance(TimeDelta::minutes(15));
        }
        let body = json!({ "login": amina.email, "password": format!("guess-{guess}") });
        match door.post("/v1/sessions", None, &body).await {
            (401, _) => looked_at += 1,
            (status, answer) => {
                assert_eq!((status, &answer["code"]), (429, &json!("rate_limited")))
            }
        }
    }
    assert_odds(looked_at, 1.0, PASSWORDS, 1.0 / 50_000.0);
}

/// A session on an unlocked phone allows no more guesses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_in_a_session() {
    let mut door = Door::open().await;
    let amina = door.app.newcomer("Amina").await;
    let (mut token, mut looked_at) = (String::new(), 0);
    for guess in 0..GUESSES {
        if door.pass_time(guess) {
            token = door.app.log_in(&amina.email).await;
        }
        let body = json!({ "password": format!("guess-{guess}") });
        match door.post("/v1/sessions/step-up", Some(&token), &body).await {
            (403, answer) if answer["code"] == "incorrect_password" => looked_at += 1,
            (status, answer) => {
                assert_eq!((status, &answer["code"]), (429, &json!("rate_limited")))
            }
        }
    }
    assert_odds(looked_at, 1.0, PASSWORDS, 1.0 / 200_000.0);
}

/// State of all codes, read repeatedly on one connection.
struct Codes {
    conn: AsyncPgConnection,
}

impl Codes {
    async fn of(app: &App) -> Self {
        Self { conn: app.database.connection().await }
    }

    /// Returns the total number of tries.
    async fn tried(mut self) -> u32 {
        let sum = select(dsl::sql::<BigInt>("coalesce(sum(tries), 0)::bigint from codes"));
        let sum: i64 =
            diesel_async::RunQueryDsl::get_result(sum, &mut self.conn).await.expect("a sum");
        u32::try_from(sum).expect("few")
    }

    /// Returns the newest valid code, if there is one.
    async fn newest(&mut self, app: &App) -> Vec<String> {
        let newest = "id from codes where ended_at is null order by created_at desc limit 1";
        let newest = select(dsl::sql::<diesel::sql_types::Uuid>(newest));
        let id: Result<Uuid, _> =
            diesel_async::RunQueryDsl::get_result(newest, &mut self.conn).await;
        let id = id.optional().expect("an answer");
        id.map(|id| app.context.codes.code(id).to_string()).into_iter().collect()
    }
}

/// The attacker requests a new code whenever one is used up. Ten are sent per day: one in 20,000
/// per day.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_time_codes() {
    let mut door = Door::open().await;
    let amina = door.app.newcomer("Amina").await;
    let (mut token, mut right) = (String::new(), vec![]);
    let mut codes = Codes::of(&door.app).await;
    let path = "/v1/me/verifications";
    for guess in 0..GUESSES {
        if door.pass_time(guess) {
            token = door.app.log_in(&amina.email).await;
        }
        if guess % 5 == 0 {
            let (status, answer) =
                door.post(path, Some(&token), &json!({ "channel": "email" })).await;
            assert!(status < 300 || answer["code"] == "too_many_attempts", "{status} {answer:#}");
            right = codes.newest(&door.app).await;
        }
        let body = json!({ "channel": "email", "code": wrong(guess, &right) });
        let (status, answer) = door.post(&format!("{path}/confirm"), Some(&token), &body).await;
        assert_eq!((status, &answer["code"]), (422, &json!("invalid_code")));
    }
    assert_odds(codes.tried().await, 1.0, CODES, 1.0 / 20_000.0);
}

/// Reset codes are limited per contact, that is by address and by number: one in 10,000 per day. A
/// hash slows each guess down too; the test leaves it out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_of_password_resets() {
    let door = Door::open().await;
    let amina = door.app.person("Amina").await;
    door.app.database.execute("delete from codes").await;
    let phone = amana_domain::phone::Msisdn::parse(&amina.phone).expect("a number");
    let logins = [Contact::Email(amina.email.clone()), Contact::Phone(phone)];
    let (store, key) = (&door.app.store, &door.app.context.codes);
    let (mut right, mut codes) = (vec![], Codes::of(&door.app).await);
    for guess in 0..GUESSES {
        door.pass_time(guess);
        let now = door.app.clock.now();
        let login = &logins[(guess / 5 % 2) as usize];
        if guess % 5 == 0 {
            store.start_password_reset(login, now).await.expect("begun, or one too many");
            right = codes.newest(&door.app).await;
        }
        let code = Code::parse(&wrong(guess, &right)).expect("a code");
        let refused = store.prove_password_reset(key, (login, code), now).await;
        assert!(matches!(refused, Err(Error::Code(_))), "{refused:?}");
    }
    assert_odds(codes.tried().await, 1.0, CODES, 1.0 / 10_000.0);
}

/// The attacker knows the password. Five tries per quarter of an hour against three valid codes:
/// one in about 700 per day. The owner is notified at the first lock. The odds of a backup code are
/// negligible beside that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_of_second_factors() {
    let mut door = Door::open().await;
    let (amina, phone, _) = with_factor(&door.app, "Amina").await;
    let (mut open, mut right, mut looked_at) = (json!(null), vec![], [0, 0]);
    for guess in 0..GUESSES {
        if door.pass_time(guess) {
            open = challenge(&mut door, &amina).await;
            right = good(&phone, &door.app);
        }
        let kind = guess as usize % 2;
        let code = [wrong(guess, &right), format!("{guess:010}")][kind].clone();
        let body = json!({ "challenge": open, "code": code });
        match door.post("/v1/sessions/second-factor", None, &body).await {
            (422, answer) if answer["code"] == "invalid_code" => looked_at[kind] += 1,
            (status, answer) => {
                assert_eq!((status, &answer["code"]), (429, &json!("too_many_attempts")))
            }
        }
    }
    assert_odds(looked_at[0] + looked_at[1], 3.0, CODES, 1.0 / 690.0);
    assert_odds(looked_at[1], 10.0, 50_f64.exp2(), 1e-11);
}

fn good(phone: &Authenticator, app: &App) -> Vec<String> {
    (-1..=1).map(|steps| phone.code(app, steps)).collect()
}

async fn challenge(door: &mut Door, person: &Person) -> Value {
    let body = json!({ "login": person.email, "password": PASSWORD });
    let (status, answer) = door.post("/v1/sessions", None, &body).await;
    assert_eq!(status, 200, "{answer:#}");
    answer["second_factor"]["challenge"].clone()
}

/// A token has 128 secret bits besides its id, so wrong tokens need no limit, not even with a known
/// id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_invitations() {
    let mut door = Door::open().await;
    let amina = door.app.person("Amina").await;
    let organisation = door.app.organisation(&amina, "Soko").await;
    let id = door.app.invite(&amina, &organisation, "guest@example.com", "member").await;
    let id: InvitationId = id.parse().expect("an id");
    door.app.run_due_jobs().await;
    let sent = door.app.invitation_tokens("guest@example.com").await.remove(0);
    let sent = URL_SAFE_NO_PAD.decode(sent.trim_start_matches("join_")).expect("base64");
    let secret = sent.strip_prefix(id.uuid().as_bytes()).expect("the id comes first");
    for guess in 0..GUESSES {
        door.pass_time(guess);
        let bytes = [id.uuid().as_bytes().as_slice(), &[0; 12], &guess.to_be_bytes()].concat();
        let body = json!({ "token": format!("join_{}", URL_SAFE_NO_PAD.encode(bytes)) });
        let (status, answer) = door.post("/v1/invitations/details", None, &body).await;
        assert_eq!((status, &answer["code"]), (404, &json!("invitation_not_found")));
    }
    let of = 256_f64.powi(i32::try_from(secret.len()).expect("few"));
    assert_odds(10_000, 1.0, of, 1e-34);
}

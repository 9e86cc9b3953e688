//! Password guesses: limited per account, per address, and most strictly per pair of both.

use super::{HERE, PASSWORD, THERE, WRONG, is, log_in_from, refused, start};
use amana_api::RateLimits;
use chrono::TimeDelta;
use serde_json::json;
use tokio::task::JoinSet;

/// The limit per account and address covers all names of the account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_five_wrong_passwords_the_right_one_does_not_help() {
    let app = start(RateLimits::default()).await;
    let amina = app.person("Amina").await;
    for _ in 0..5 {
        let wrong = log_in_from(&app, HERE, &amina.email, WRONG).await;
        is(&wrong, 401, "invalid_credentials");
    }
    let spelled = format!(" {} ", amina.email.to_uppercase());
    for login in [&amina.email, &spelled, &amina.phone] {
        let answer = log_in_from(&app, HERE, login, PASSWORD).await;
        assert!((850..=900).contains(&refused(&answer)), "{:?}", answer.headers);
    }
    app.get(&amina, "/v1/me").await.expect(200);
    app.clock.advance(TimeDelta::minutes(15));
    log_in_from(&app, HERE, &amina.email, PASSWORD).await.expect(200);
}

/// Users behind one address, such as a mobile network or a household, do not lock each other out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_who_guesses_keeps_nobody_else_out() {
    let app = start(RateLimits::default()).await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    for _ in 0..5 {
        is(&log_in_from(&app, HERE, &amina.email, WRONG).await, 401, "invalid_credentials");
    }
    refused(&log_in_from(&app, HERE, &amina.email, PASSWORD).await);
    log_in_from(&app, HERE, &juma.email, PASSWORD).await.expect(200);
}

/// An attacker with a few addresses cannot lock the owner out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_who_guesses_does_not_lock_the_owner_out() {
    let app = start(RateLimits::default()).await;
    let amina = app.person("Amina").await;
    for n in 0..19 {
        let address = format!("203.0.113.{}", n / 5);
        is(&log_in_from(&app, &address, &amina.email, WRONG).await, 401, "invalid_credentials");
    }
    log_in_from(&app, HERE, &amina.email, PASSWORD).await.expect(200);
}

/// However many addresses are used, an account gets at most twenty guesses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_guessed_at_twenty_times_from_everywhere() {
    let app = start(RateLimits::default()).await;
    let amina = app.person("Amina").await;
    for n in 0..20 {
        let address = format!("203.0.113.{n}");
        is(&log_in_from(&app, &address, &amina.email, WRONG).await, 401, "invalid_credentials");
    }
    refused(&log_in_from(&app, HERE, &amina.email, PASSWORD).await);
    // The refused attempts did not use up the budget of their address.
    let juma = app.person("Juma").await;
    log_in_from(&app, HERE, &juma.email, PASSWORD).await.expect(200);
}

/// One address gets at most fifty guesses, over all accounts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_guesses_fifty_times_whoever_it_guesses_at() {
    let app = start(RateLimits::default()).await;
    let amina = app.person("Amina").await;
    for n in 0..50 {
        let name = format!("nobody-{n}@example.com");
        is(&log_in_from(&app, HERE, &name, WRONG).await, 401, "invalid_credentials");
    }
    refused(&log_in_from(&app, HERE, &amina.email, PASSWORD).await);
    log_in_from(&app, THERE, &amina.email, PASSWORD).await.expect(200);
}

/// Unknown names are limited too, so the limit does not reveal which accounts exist.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_nobody_has_are_counted_too() {
    let app = start(RateLimits::default()).await;
    for (address, name) in [(HERE, "nobody@example.com"), (THERE, "no address")] {
        for _ in 0..5 {
            is(&log_in_from(&app, address, name, WRONG).await, 401, "invalid_credentials");
        }
        refused(&log_in_from(&app, address, name, WRONG).await);
    }
}

/// A log-in clears the count of the name, or an attacker elsewhere could lock its owner out. It
/// does not clear the count of the address, or attackers could log in as themselves in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_clears_the_name_and_not_the_address() {
    let app = start(RateLimits::default()).await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    for _ in 0..12 {
        for _ in 0..4 {
            let wrong = log_in_from(&app, HERE, &amina.email, WRONG).await;
            is(&wrong, 401, "invalid_credentials");
        }
        log_in_from(&app, HERE, &amina.email, PASSWORD).await.expect(200);
    }
    for _ in 0..2 {
        is(&log_in_from(&app, HERE, &juma.email, WRONG).await, 401, "invalid_credentials");
    }
    refused(&log_in_from(&app, HERE, &juma.email, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_are_as_many_as_guesses_in_turn() {
    let app = start(RateLimits::default()).await;
    let amina = app.person("Amina").await;
    let mut guesses = JoinSet::new();
    for n in 0..40 {
        let body = json!({ "login": amina.email, "password": WRONG });
        let guess = app.http.post(format!("{}/v1/sessions", app.api_url)).json(&body);
        let guess = guess.header("X-Forwarded-For", format!("203.0.113.{n}")).send();
        guesses.spawn(async { guess.await.expect("an answer").status().as_u16() });
    }
    let statuses = guesses.join_all().await;
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(count(401) + count(429), 40, "{statuses:?}");
    // Attempts that reach the limit together may refuse each other, but none may exceed it.
    assert!((15..=20).contains(&count(401)), "{statuses:?}");
}

/// A stolen session gives no unlimited guesses at the password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_signed_in_guesses_five_times_too() {
    let app = start(RateLimits::default()).await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let step_up = async |person, password| {
        app.post(person, "/v1/sessions/step-up", json!({ "password": password })).await
    };
    for _ in 0..5 {
        is(&step_up(&amina, WRONG).await, 403, "incorrect_password");
    }
    refused(&step_up(&amina, PASSWORD).await);
    step_up(&juma, PASSWORD).await.expect(200);
    // Log-in has its own count, so these guesses do not lock her out there.
    log_in_from(&app, HERE, &amina.email, PASSWORD).await.expect(200);
    app.clock.advance(TimeDelta::minutes(15));
    log_in_from(&app, HERE, &amina.email, PASSWORD).await.expect(200);
}

/// A correct password of a closed account is no guess; the owner gets the reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_wrong_passwords_count() {
    let app = start(RateLimits::default()).await;
    let (amina, operator) = (app.person("Amina").await, app.operator().await);
    let path = format!("/v1/operator/users/{}/close", amina.id);
    app.post(&operator, &path, json!({ "note": "Asked for it" })).await.expect(200);
    for _ in 0..8 {
        is(&log_in_from(&app, HERE, &amina.email, PASSWORD).await, 403, "account_closed");
    }
}

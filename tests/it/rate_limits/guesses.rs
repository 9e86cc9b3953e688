//! Guessing passwords: bounded for an account, for an address, and most of all for both together.

use super::{HERE, PASSWORD, THERE, WRONG, is, log_in_from, refused, start};
use amana_api::RateLimits;
use chrono::TimeDelta;
use serde_json::json;
use tokio::task::JoinSet;

/// For the account from that address: under each of its names.
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

/// Phones of one network share an address, and so do the people of a house: one of them who has forgotten a password
/// does not keep the others out.
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

/// Somebody who guesses from a few addresses does not lock the owner out.
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

/// From so many addresses that it is an attack, the account is guessed at twenty times and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_guessed_at_twenty_times_from_everywhere() {
    let app = start(RateLimits::default()).await;
    let amina = app.person("Amina").await;
    for n in 0..20 {
        let address = format!("203.0.113.{n}");
        is(&log_in_from(&app, &address, &amina.email, WRONG).await, 401, "invalid_credentials");
    }
    refused(&log_in_from(&app, HERE, &amina.email, PASSWORD).await);
    // What an address has taken and was not allowed to use it has back.
    let juma = app.person("Juma").await;
    log_in_from(&app, HERE, &juma.email, PASSWORD).await.expect(200);
}

/// One address guesses at fifty accounts, and at no more.
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

/// Who is registered does not show in how many times one may try.
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

/// It clears the name, or a guesser elsewhere could lock people out who know their password; but it does not clear
/// the address, or a guesser would log in as themselves in between.
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
    // Attempts that meet at the bound may refuse each other; none of them is one too many.
    assert!((15..=20).contains(&count(401)), "{statuses:?}");
}

/// Who took over a session does not get to guess the password with it.
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
    // Her log-in is another door: whoever guesses here does not lock her out there.
    log_in_from(&app, HERE, &amina.email, PASSWORD).await.expect(200);
    app.clock.advance(TimeDelta::minutes(15));
    log_in_from(&app, HERE, &amina.email, PASSWORD).await.expect(200);
}

/// A closed account: its owner is told, and has not guessed.
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

//! The number of wrong codes.

use super::app::{challenge, complete, next_step, step_up, with_factor};
use super::subjects;
use amana_harness::{Answer, App};
use chrono::TimeDelta;
use futures_util::future::join_all;

/// Returns a different code each time, from steps that are never valid.
fn wrong(phone: &super::Authenticator, app: &App, n: i64) -> String {
    phone.code(app, 100 + n)
}

fn locked(answer: &Answer) -> i64 {
    assert_eq!((answer.problem(), answer.status.as_u16()), ("too_many_attempts", 429));
    answer.headers["retry-after"].to_str().expect("text").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_wrong_codes_lock_the_factor_for_a_quarter_of_an_hour() {
    let app = App::start().await;
    let (amina, phone, codes) = with_factor(&app, "Amina").await;
    let (juma, of_juma, _) = with_factor(&app, "Juma").await;
    next_step(&app);
    let open = challenge(&app, &amina).await;
    for n in 0..5 {
        assert_eq!(complete(&app, &open, &wrong(&phone, &app, n)).await.problem(), "invalid_code");
    }
    // Right codes and backup codes are refused, at log-in and in sessions.
    for code in [&phone.code(&app, 0), &codes[0]] {
        assert!((800..=901).contains(&locked(&complete(&app, &open, code).await)));
        locked(&step_up(&app, &amina, Some(code)).await);
    }
    // Other users are not affected.
    let other = challenge(&app, &juma).await;
    complete(&app, &other, &of_juma.code(&app, 0)).await.expect(200);
    assert_eq!(subjects(&app, &amina, "Wrong codes").await, 1);

    app.clock.advance(TimeDelta::minutes(13));
    let open = challenge(&app, &amina).await;
    assert!(locked(&complete(&app, &open, &phone.code(&app, 0)).await) <= 121);
    app.clock.advance(TimeDelta::minutes(2));
    next_step(&app);
    // A right code resets the count: four wrong ones and a right one, twice.
    for _ in 0..2 {
        for n in 0..4 {
            let answer = complete(&app, &open, &wrong(&phone, &app, n)).await;
            assert_eq!(answer.problem(), "invalid_code");
        }
        complete(&app, &open, &phone.code(&app, 0)).await.expect(200);
        next_step(&app);
    }
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_codes_long_ago_do_not_count() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, codes) = with_factor(&app, "Amina").await;
    for _ in 0..3 {
        let open = challenge(&app, &amina).await;
        for n in 0..4 {
            let answer = complete(&app, &open, &wrong(&phone, &app, n)).await;
            assert_eq!(answer.problem(), "invalid_code");
        }
        app.clock.advance(TimeDelta::minutes(15));
    }
    let open = challenge(&app, &amina).await;
    complete(&app, &open, &codes[0]).await.expect(200);
    app.assert_sound().await;
}

/// Concurrent guesses gain nothing: five are compared, however many arrive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_guesses_is_five_guesses() {
    let app = App::builder().without_worker().start().await;
    let (amina, phone, _) = with_factor(&app, "Amina").await;
    for _ in 0..3 {
        let open = challenge(&app, &amina).await;
        let guesses: Vec<String> = (0..15).map(|n| wrong(&phone, &app, n)).collect();
        let answers = join_all(guesses.iter().map(|code| complete(&app, &open, code))).await;
        let looked_at = answers.iter().filter(|one| one.problem() == "invalid_code").count();
        let turned_away = answers.iter().filter(|one| one.problem() == "too_many_attempts").count();
        assert_eq!((looked_at, turned_away), (5, 10));
        app.clock.advance(TimeDelta::minutes(15));
    }
    let locks = "select count(*) from events where kind = 'factor.locked'";
    assert_eq!(app.database.number(locks).await, 3);
    app.assert_sound().await;
}

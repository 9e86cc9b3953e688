//! Concurrent decisions about one request: exactly one succeeds.

use super::suspense::{assert_suspense, in_suspense, of_receipt};
use super::{pair, refused, tier};
use amana_domain::permission::UserRole;
use amana_harness::{Answer, App, Person};
use std::sync::Arc;
use tokio::sync::Barrier;

const ROUNDS: usize = 4;
const AT_ONCE: usize = 8;

/// Sends all calls as close together as possible.
async fn together(app: &Arc<App>, id: &str, calls: Vec<(Person, &'static str)>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(calls.len()));
    let calls: Vec<_> = calls
        .into_iter()
        .map(|(who, what)| {
            let (app, barrier, id) = (Arc::clone(app), Arc::clone(&barrier), id.to_owned());
            tokio::spawn(async move {
                barrier.wait().await;
                app.decide_approval(&who, &id, what).await
            })
        })
        .collect();
    let mut answers = vec![];
    for call in calls {
        answers.push(call.await.expect("an answer"));
    }
    answers
}

#[track_caller]
fn assert_one_won(answers: &[Answer]) {
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1, "{answers:#?}");
    lost.iter().for_each(|answer| refused(answer, 409, "wrong_state"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_approvers_one_moves_the_money_once() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let (asker, other) = pair(&app).await;
    let third = app.staff(UserRole::SuperAdmin).await;
    let amina = app.person("Amina").await;
    for round in 1..=ROUNDS {
        let receipt = in_suspense(&app, 10_000).await;
        let id = app.asked(&asker, &amina, of_receipt(&receipt)).await;
        let who = |n: usize| if n.is_multiple_of(2) { other.clone() } else { third.clone() };
        let calls = (0..AT_ONCE).map(|n| (who(n), "approve")).collect();
        assert_one_won(&together(&app, &id, calls).await);
        let had = i64::try_from(round).expect("a number") * 10_000;
        assert_eq!(app.balance(&amina).await, (had, 0));
    }
    assert_suspense(&app, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_and_its_withdrawal_do_not_both_happen() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let (asker, other) = pair(&app).await;
    let amina = app.person("Amina").await;
    let mut moved = 0;
    for _ in 0..ROUNDS * 2 {
        let receipt = in_suspense(&app, 10_000).await;
        let id = app.asked(&asker, &amina, of_receipt(&receipt)).await;
        let calls = vec![
            (other.clone(), "approve"),
            (asker.clone(), "withdraw"),
            (other.clone(), "reject"),
        ];
        let answers = together(&app, &id, calls).await;
        assert_one_won(&answers);
        moved += i64::from(answers[0].status == 200) * 10_000;
        assert_eq!(app.balance(&amina).await, (moved, 0));
    }
    let all = i64::try_from(ROUNDS * 2).expect("a number") * 10_000;
    assert_suspense(&app, all - moved).await;
}

/// Only one request per subject is open, and two requests cannot assign the same money to two
/// users.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_is_asked_for_once() {
    let app = Arc::new(App::builder().without_worker().start().await);
    let (asker, other) = pair(&app).await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let receipt = in_suspense(&app, 10_000).await;
    for wanted in [of_receipt(&receipt), tier("starter")] {
        let is_tier = wanted["kind"] == "set_tier";
        let calls: Vec<_> = (0..AT_ONCE)
            .map(|n| {
                let (app, who) =
                    (Arc::clone(&app), if n.is_multiple_of(2) { &asker } else { &other });
                let of = if n.is_multiple_of(3) && !is_tier { &juma } else { &amina };
                let (who, of, wanted) = (who.clone(), of.clone(), wanted.clone());
                tokio::spawn(async move { app.request_approval(&who, &of, wanted).await })
            })
            .collect();
        let mut made = 0;
        for call in calls {
            let answer = call.await.expect("an answer");
            if answer.status == 201 {
                made += 1;
            } else {
                refused(&answer, 409, "already_requested");
            }
        }
        assert_eq!(made, 1);
    }
    // One user may have two open requests of different kinds.
    let open = "select count(*) from approvals where state = 'asked'";
    assert_eq!(app.database.number(open).await, 2);
    assert_suspense(&app, 10_000).await;
}

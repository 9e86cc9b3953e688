//! Concurrent answers to invitations: one of them counts.

use super::{GUEST, acceptance, newest_token, quiet, refused};
use amana_harness::{Answer, App, Person};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const ROUNDS: usize = 6;

/// Caller, method, path and body of one call.
type Call = (Option<Person>, Method, String, Value);

async fn at_once(app: &Arc<App>, calls: Vec<Call>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(calls.len()));
    let mut calling = JoinSet::new();
    for (n, (person, method, path, body)) in calls.into_iter().enumerate() {
        let (app, barrier) = (Arc::clone(app), Arc::clone(&barrier));
        calling.spawn(async move {
            let body = (!body.is_null()).then_some(body);
            let token = person.map(|person| person.token);
            barrier.wait().await;
            (n, app.send(method, &path, token.as_deref(), None, body.as_ref()).await)
        });
    }
    let mut answers = calling.join_all().await;
    answers.sort_by_key(|(n, _)| *n);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn accept(token: &str, phone: &str) -> Call {
    let mut body = acceptance(token);
    body["phone"] = json!(phone);
    (None, Method::POST, "/v1/invitations/accept".to_owned(), body)
}

struct World {
    app: Arc<App>,
    amina: Person,
    organisation: String,
}

impl World {
    async fn new() -> Self {
        let app = Arc::new(quiet().await);
        let amina = app.person("Amina").await;
        let organisation = app.organisation(&amina, "Soko").await;
        Self { app, amina, organisation }
    }

    /// Creates an invitation. Returns its path and its token.
    async fn invited(&self, email: &str) -> (String, String) {
        let Self { app, amina, organisation } = self;
        let id = app.invite(amina, organisation, email, "member").await;
        let path = format!("/v1/organisations/{organisation}/invitations/{id}");
        (path, newest_token(app, email).await)
    }

    async fn members(&self) -> i64 {
        self.app.database.number("select count(*) from members").await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_accept_at_once_one_is_registered() {
    let world = World::new().await;
    for round in 0..ROUNDS {
        let (_, token) = world.invited(&format!("{round}{GUEST}")).await;
        let phones = [0, 1].map(|n| format!("25471111{:04}", 7100 + round * 2 + n));
        let calls = phones.iter().map(|phone| accept(&token, phone)).collect();
        let answers = at_once(&world.app, calls).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|one| one.status == 201);
        assert_eq!((won.len(), lost.len()), (1, 1), "{answers:#?}");
        refused(lost[0], 404, "invitation_not_found");
    }
    // Amina is a member too.
    let all = i64::try_from(ROUNDS).expect("a number") + 1;
    assert_eq!(world.members().await, all);
    assert_eq!(world.app.database.number("select count(*) from users").await, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepting_against_taking_back_or_registering_has_one_winner() {
    let world = World::new().await;
    let mut expected = 1;
    for round in 0..ROUNDS {
        let email = format!("{round}{GUEST}");
        let (path, token) = world.invited(&email).await;
        let revoke = (Some(world.amina.clone()), Method::DELETE, path, Value::Null);
        let phone = format!("25471111{:04}", 7200 + round);
        let answers = at_once(&world.app, vec![accept(&token, &phone), revoke]).await;
        match (answers[0].status.as_u16(), answers[1].status.as_u16()) {
            (201, 404) => {
                refused(&answers[1], 404, "not_found");
                expected += 1;
            }
            (404, 204) => refused(&answers[0], 404, "invitation_not_found"),
            _ => panic!("{answers:#?}"),
        }
    }
    assert_eq!(world.members().await, expected);
    for round in 0..ROUNDS {
        let email = format!("r{round}{GUEST}");
        let (_, token) = world.invited(&email).await;
        let phones = [0, 1].map(|n| format!("25471111{:04}", 7300 + round * 2 + n));
        let register = json!({
            "name": "Zuhura", "email": email, "phone": phones[1], "password": amana_harness::PASSWORD,
        });
        let register = (None, Method::POST, "/v1/users".to_owned(), register);
        let answers = at_once(&world.app, vec![accept(&token, &phones[0]), register]).await;
        // An account with the same but unverified address does not block acceptance.
        let statuses = [answers[0].status.as_u16(), answers[1].status.as_u16()];
        assert_eq!(statuses, [201, 201], "{answers:#?}");
        expected += 1;
    }
    assert_eq!(world.members().await, expected);
}

/// A user accepts many invitations concurrently, and ends with ten memberships.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_at_once_is_counted() {
    let World { app, amina, organisation } = World::new().await;
    let juma = app.person("Juma").await;
    let owners = [&amina, &app.person("Neema").await].map(Clone::clone);
    let mut organisations = vec![organisation];
    for n in 1..12 {
        organisations.push(app.organisation(&owners[n % 2], &format!("Duka {n}")).await);
    }
    for (n, organisation) in organisations.iter().enumerate() {
        app.invite(&owners[n % 2], organisation, &juma.email, "member").await;
    }
    app.run_due_jobs().await;
    let join = |token: String| {
        let path = "/v1/invitations/join".to_owned();
        (Some(juma.clone()), Method::POST, path, json!({ "token": token }))
    };
    let tokens = app.invitation_tokens(&juma.email).await;
    // Each call is made twice.
    let calls = tokens.iter().chain(&tokens).cloned().map(join).collect();
    let answers = at_once(&app, calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 10);
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        let limit = lost.problem() == "organisation_limit" && lost.status == 409;
        let over = lost.problem() == "invitation_not_found" && lost.status == 404;
        assert!(limit || over, "{lost:#?}");
    }
    assert_eq!(
        app.database.number("select count(*) from invitations where ended_at is null").await,
        2
    );
}

//! Organisations: rights of each role, the rule that one owner remains, and visibility to others.

mod deals;
mod keys;
mod ranks;

use amana_harness::{Answer, App, PASSWORD, Person, eventually};
use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Barrier;

async fn quiet() -> App {
    App::builder().without_worker().start().await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code), "{:#}", answer.body);
}

/// Lists name and role of every member.
async fn members(app: &App, by: &Person, organisation: &str) -> Vec<(String, String)> {
    let path = format!("/v1/organisations/{organisation}/members?limit=100");
    let page = app.get(by, &path).await.expect(200);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let items = page["items"].as_array().expect("items").iter();
    items.map(|one| (text(&one["person"]["name"]), text(&one["role"]))).collect()
}

async fn set_member_role(
    app: &App,
    by: &Person,
    organisation: &str,
    of: &Person,
    to: &str,
) -> Answer {
    let path = format!("/v1/organisations/{organisation}/members/{}/role", of.id);
    app.put(by, &path, json!({ "role": to })).await
}

async fn remove(app: &App, by: &Person, organisation: &str, whom: &Person) -> Answer {
    app.delete(by, &format!("/v1/organisations/{organisation}/members/{}", whom.id)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organisation_is_founded_renamed_and_listed() {
    let app = quiet().await;
    let amina = app.person("Amina").await;
    let body = json!({ "name": "  Soko la Wakulima " });
    let made = app.post_keyed(&amina, "/v1/organisations", "soko", body.clone()).await.expect(201);
    assert_eq!(made["name"], "Soko la Wakulima");
    assert_eq!((&made["role"], &made["member_count"]), (&json!("owner"), &json!(1)));
    // A replay returns the same organisation.
    let again = app.post_keyed(&amina, "/v1/organisations", "soko", body).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201), made);
    let path = format!("/v1/organisations/{}", made["id"].as_str().expect("an id"));
    let renamed = app.put(&amina, &path, json!({ "name": "Soko Kuu" })).await.expect(200);
    assert_eq!(renamed["name"], "Soko Kuu");
    assert_eq!(app.get(&amina, &path).await.expect(200), renamed);
    let second = app.organisation(&amina, "Duka").await;
    let listed = app.get(&amina, "/v1/organisations?limit=1").await.expect(200);
    assert_eq!(listed["items"][0]["id"], second);
    let after = listed["next_cursor"].as_str().expect("a cursor");
    let listed = app.get(&amina, &format!("/v1/organisations?after={after}")).await.expect(200);
    assert_eq!(listed, json!({ "items": [renamed], "next_cursor": null }));
    let records = app.store.audit_of(made["id"].as_str().expect("an id")).await.expect("records");
    let actions: Vec<&str> = records.iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(actions, ["organisation.created", "organisation.renamed"]);
    assert!(records.iter().all(|one| one.actor() == amina.id));
    assert_eq!(records[1].data, json!({ "from": "Soko la Wakulima", "to": "Soko Kuu" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_owner_hands_over_before_leaving() {
    let app = quiet().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let id = app.organisation(&amina, "Soko").await;
    app.add_member(&id, &juma, "member").await;
    let before = app.database.fingerprint().await;
    refused(&remove(&app, &amina, &id, &amina).await, 409, "last_owner");
    for rank in ["admin", "member"] {
        refused(&set_member_role(&app, &amina, &id, &amina, rank).await, 409, "last_owner");
    }
    // Setting the present role changes nothing.
    set_member_role(&app, &amina, &id, &amina, "owner").await.expect(200);
    assert_eq!(app.database.fingerprint().await, before);
    set_member_role(&app, &amina, &id, &juma, "owner").await.expect(200);
    assert_eq!(remove(&app, &amina, &id, &amina).await.status, 204);
    assert_eq!(members(&app, &juma, &id).await, [("Juma".to_owned(), "owner".to_owned())]);
    refused(&app.get(&amina, &format!("/v1/organisations/{id}")).await, 404, "not_found");
    refused(&remove(&app, &juma, &id, &amina).await, 404, "not_found");
    let records = app.store.audit_of(&id).await.expect("records");
    let actions: Vec<(String, String)> =
        records.iter().map(|one| (one.actor(), one.kind.clone())).collect();
    assert_eq!(
        actions[1..],
        [(&*amina.id, "member.role_changed"), (&*amina.id, "member.removed")]
            .map(|(who, kind)| (who.to_owned(), kind.to_owned()))
    );
}

/// Owners with a closed account do not count, so the last open one can neither leave nor close
/// their account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_owner_who_can_act_stays_one() {
    let app = quiet().await;
    let (operator, amina, juma) =
        (app.operator().await, app.person("Amina").await, app.person("Juma").await);
    let close = async |person: &Person| {
        let path = format!("/v1/operator/users/{}/close", person.id);
        app.post(&operator, &path, json!({ "note": "Asked for it" })).await
    };
    let id = app.organisation(&amina, "Soko").await;
    app.add_member(&id, &juma, "admin").await;
    refused(&close(&amina).await, 409, "account_in_use");
    app.add_member(&id, &juma, "owner").await;
    close(&amina).await.expect(200);
    refused(&remove(&app, &juma, &id, &juma).await, 409, "last_owner");
    refused(&close(&juma).await, 409, "account_in_use");
    assert_eq!(remove(&app, &juma, &id, &amina).await.status, 204);
    // An owner without other members can close their account, but then nobody can join.
    app.invite(&juma, &id, "guest@example.com", "member").await;
    app.run_due_jobs().await;
    let token = app.invitation_tokens("guest@example.com").await.remove(0);
    close(&juma).await.expect(200);
    let body = json!({
        "token": token, "name": "Zuhura", "phone": "254711117090", "password": PASSWORD,
    });
    let accepted = app.send(Method::POST, "/v1/invitations/accept", None, None, Some(&body)).await;
    refused(&accepted, 404, "invitation_not_found");
}

/// Two owners of an organisation with a third member: both accounts are closed concurrently, or one
/// is while the other leaves. One owner must remain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_closures_leave_one_owner() {
    let app = Arc::new(quiet().await);
    let (operator, neema) = (app.operator().await, app.person("Neema").await);
    for round in 0..8 {
        let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
        let id = app.organisation(&amina, "Soko").await;
        app.add_member(&id, &juma, "owner").await;
        app.add_member(&id, &neema, "member").await;
        let calls = [(amina, false), (juma, round % 2 == 0)].map(|(person, leaves)| {
            let (operator, id) = (operator.clone(), id.clone());
            move |app: Arc<App>| async move {
                if leaves {
                    return remove(&app, &person, &id, &person).await;
                }
                let path = format!("/v1/operator/users/{}/close", person.id);
                app.post(&operator, &path, json!({ "note": "Asked for it" })).await
            }
        });
        let answers = together(&app, calls).await;
        let owners = format!(
            "select count(*) from members m join users u on u.id = m.user_id
            where rank = 'owner' and closed_at is null and organisation_id = '{}'",
            &id[4..]
        );
        let good = answers.iter().filter(|answer| answer.status.is_success()).count();
        // Both may fail because each sees the other one leaving.
        assert!(good <= 1, "{answers:#?}");
        assert!(app.database.number(&owners).await >= 1);
        for lost in answers.iter().filter(|answer| !answer.status.is_success()) {
            assert!(["account_in_use", "last_owner"].contains(&lost.problem()), "{lost:#?}");
        }
    }
}

/// An owner who leaves waits for the concurrent closure of the other owner's account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_waits_for_another_owner_who_is_being_closed() {
    let app = Arc::new(quiet().await);
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let id = app.organisation(&amina, "Soko").await;
    app.add_member(&id, &juma, "owner").await;
    let mut closing = app.database.connection().await;
    let row = format!("where id = '{}'", &amina.id[4..]);
    let close = format!(
        "begin; select from users {row} for update; update users set closed_at = now() {row}"
    );
    closing.batch_execute(&close).await.expect("locked");
    let leaving = {
        let (app, juma, id) = (Arc::clone(&app), juma.clone(), id.clone());
        tokio::spawn(async move { remove(&app, &juma, &id, &juma).await })
    };
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    eventually("the call waits for a lock", || async {
        (leaving.is_finished() || app.database.number(waiting).await == 1).then_some(())
    })
    .await;
    closing.batch_execute("commit").await.expect("closed");
    refused(&leaving.await.expect("an answer"), 409, "last_owner");
}

/// The schema enforces it too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_takes_the_last_owner_away() {
    let app = quiet().await;
    let amina = app.person("Amina").await;
    app.organisation(&amina, "Soko").await;
    for sql in ["update members set rank = 'admin'", "delete from members"] {
        assert_eq!(app.database.refusal(sql).await, "members_owner_stays", "{sql}");
    }
}

/// Makes two calls as close together as possible.
async fn together<F, Fut>(app: &Arc<App>, calls: [F; 2]) -> [Answer; 2]
where
    F: FnOnce(Arc<App>) -> Fut + Send + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(2));
    let [one, other] = calls.map(|call| {
        let (app, barrier) = (Arc::clone(app), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            call(app).await
        })
    });
    [one.await.expect("an answer"), other.await.expect("an answer")]
}

/// Both owners leave, or demote each other, concurrently: one remains.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_departures_leave_one_owner() {
    let app = Arc::new(quiet().await);
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    for round in 0..8 {
        let id = app.organisation(&amina, "Soko").await;
        app.add_member(&id, &juma, "owner").await;
        let leaves = round % 2 == 0;
        let code = if leaves { "last_owner" } else { "insufficient_role" };
        let calls = [(&amina, &juma), (&juma, &amina)].map(|(by, other)| {
            let (by, other, id) = (by.clone(), other.clone(), id.clone());
            move |app: Arc<App>| async move {
                match leaves {
                    true => remove(&app, &by, &id, &by).await,
                    false => set_member_role(&app, &by, &id, &other, "member").await,
                }
            }
        });
        let answers = together(&app, calls).await;
        let good = answers.iter().filter(|answer| answer.status.is_success()).count();
        assert_eq!(good, 1, "{answers:#?}");
        let lost = answers.iter().find(|answer| !answer.status.is_success()).expect("a refusal");
        // A demoted owner may not demote the other.
        refused(lost, if leaves { 409 } else { 403 }, code);
        let owners = format!(
            "select count(*) from members where rank = 'owner' and organisation_id = '{}'",
            &id[4..]
        );
        assert_eq!(app.database.number(&owners).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_bounded() {
    let app = quiet().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let first = app.organisation(&amina, "Soko").await;
    for n in 1..10 {
        app.organisation(&amina, &format!("Duka {n}")).await;
    }
    let body = json!({ "name": "One too many" });
    refused(&app.post(&amina, "/v1/organisations", body).await, 409, "organisation_limit");
    assert_eq!(app.database.number("select count(*) from organisations").await, 10);
    let crowd = format!(
        "insert into users (id, name, email_sealed, email_digest, phone_sealed, phone_digest, password_hash, role,
                locale, created_at, email_verified_at)
            select gen_random_uuid(), 'Somebody', '', sha256(n::text::bytea), '', sha256(n::text::bytea), '-', 'user',
                'en', now(), now()
            from generate_series(1, 199) n;
        insert into members (organisation_id, user_id, rank, joined_at)
            select '{}', id, 'member', now() from users where name = 'Somebody'",
        &first[4..]
    );
    app.database.execute(&crowd).await;
    app.invite(&amina, &first, &juma.email, "member").await;
    app.run_due_jobs().await;
    let token = app.invitation_tokens(&juma.email).await.remove(0);
    let body = json!({ "token": token });
    refused(&app.post(&juma, "/v1/invitations/join", body.clone()).await, 409, "member_limit");
    app.database
        .execute("delete from members where user_id = (select id from users where name = 'Somebody' limit 1)")
        .await;
    let joined = app.post(&juma, "/v1/invitations/join", body).await.expect(200);
    assert_eq!(joined["member_count"], 200);
    let mut found = 0;
    let mut path = format!("/v1/organisations/{first}/members?limit=100");
    loop {
        let page = app.get(&juma, &path).await.expect(200);
        found += page["items"].as_array().expect("items").len();
        let Some(after) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/organisations/{first}/members?limit=100&after={after}");
    }
    assert_eq!(found, 200);
}

/// A user with five organisations creates ten concurrently: five succeed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn organisations_founded_at_once_are_counted() {
    let app = Arc::new(quiet().await);
    let amina = app.person("Amina").await;
    for n in 0..5 {
        app.organisation(&amina, &format!("Duka {n}")).await;
    }
    let mut founding = tokio::task::JoinSet::new();
    for n in 0..10 {
        let (app, amina) = (Arc::clone(&app), amina.clone());
        founding.spawn(async move {
            app.post(&amina, "/v1/organisations", json!({ "name": format!("Soko {n}") })).await
        });
    }
    let answers = founding.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 5);
    assert_eq!(app.database.number("select count(*) from members").await, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_account_changes_nothing() {
    let app = quiet().await;
    let (operator, amina) = (app.operator().await, app.person("Amina").await);
    let id = app.organisation(&amina, "Soko").await;
    let path = format!("/v1/operator/users/{}/close", amina.id);
    app.post(&operator, &path, json!({ "note": "Asked for it" })).await.expect(200);
    let body = json!({ "name": "Duka" });
    for answer in [
        app.put(&amina, &format!("/v1/organisations/{id}"), body.clone()).await,
        app.post(&amina, "/v1/organisations", body).await,
        set_member_role(&app, &amina, &id, &amina, "owner").await,
    ] {
        refused(&answer, 403, "account_closed");
    }
}

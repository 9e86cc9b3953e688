//! Sessions: refresh, limits, signing out, and reuse of refresh tokens.

use amana_domain::permission::UserRole;
use amana_harness::{Answer, App, PASSWORD, Person, api_config, eventually};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::net::TcpListener;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer:#}"))
}

async fn refresh(app: &App, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    app.send(Method::POST, "/v1/sessions/refresh", None, None, Some(&body)).await
}

async fn me(app: &App, tokens: &Value) -> u16 {
    let token = text(tokens, "access_token");
    app.send(Method::GET, "/v1/me", Some(token), None, None).await.status.as_u16()
}

async fn log_in_from(app: &App, login: &str, agent: &str) -> Value {
    let body = json!({ "login": login, "password": PASSWORD }).to_string().into_bytes();
    let headers = [("User-Agent", agent), ("Content-Type", "application/json")];
    app.send_bytes(Method::POST, "/v1/sessions", &headers, body).await.expect(200)
}

async fn listed(app: &App, tokens: &Value) -> Vec<Value> {
    let token = text(tokens, "access_token");
    let page = app.send(Method::GET, "/v1/sessions", Some(token), None, None).await.expect(200);
    page["items"].as_array().expect("items").clone()
}

async fn subjects(app: &App, person: &Person) -> Vec<String> {
    app.messages_are_sent().await;
    app.mails(person).await.into_iter().filter_map(|mail| mail.subject).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_log_in_by_e_mail_or_phone() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person_with_phone("Amina", "254712345678").await;
    for login in [amina.email.as_str(), "0712 345 678", "+254712345678"] {
        let tokens = app.open_session(login).await;
        assert_eq!(me(&app, &tokens).await, 200, "{login}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_lives_as_long_as_it_is_refreshed() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let mut tokens = app.open_session(&amina.email).await;
    let id = text(&tokens, "session_id").to_owned();
    for _ in 0..3 {
        app.clock.advance(TimeDelta::days(6));
        assert_eq!(me(&app, &tokens).await, 401);
        tokens = refresh(&app, text(&tokens, "refresh_token")).await.expect(200);
        assert_eq!((text(&tokens, "session_id"), me(&app, &tokens).await), (id.as_str(), 200));
    }
    app.clock.advance(TimeDelta::days(7));
    let over = refresh(&app, text(&tokens, "refresh_token")).await;
    assert_eq!((over.problem(), over.status.as_u16()), ("session_expired", 401));
}

/// Concurrent refreshes with one token come from one app: one succeeds, and the session goes on. A
/// later reuse means that the token was copied, and ends the session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_refreshes_at_once_one_wins_and_a_later_reuse_ends_the_session() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    let mut tokens = app.open_session(&amina.email).await;
    let mut used = String::new();
    for round in 0..25 {
        used = text(&tokens, "refresh_token").to_owned();
        let (one, other) = tokio::join!(refresh(&app, &used), refresh(&app, &used));
        let (winner, loser) = if one.status == 200 { (one, other) } else { (other, one) };
        assert_eq!(loser.problem(), "token_superseded", "round {round}");
        assert_eq!(loser.status, 409);
        tokens = winner.expect(200);
        assert_eq!(me(&app, &tokens).await, 200);
    }
    app.clock.advance(TimeDelta::seconds(11));
    let reused = refresh(&app, &used).await;
    assert_eq!((reused.problem(), reused.status.as_u16()), ("session_expired", 401));
    let newest = refresh(&app, text(&tokens, "refresh_token")).await;
    assert_eq!(newest.problem(), "session_expired");
    eventually("the access token is refused", || async {
        (me(&app, &tokens).await == 401).then_some(())
    })
    .await;
    let told = subjects(&app, &amina).await;
    assert_eq!(told.iter().filter(|s| s.contains("signed one of your devices out")).count(), 1);
    let reason = "select end_reason from sessions where rotation > 0";
    assert_eq!(app.database.text(reason).await.as_deref(), Some("reused"));
    // The registration's session is unaffected.
    app.get(&amina, "/v1/me").await.expect(200);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_from_long_before_ends_the_session_too() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let first = app.open_session(&amina.email).await;
    let second = refresh(&app, text(&first, "refresh_token")).await.expect(200);
    let third = refresh(&app, text(&second, "refresh_token")).await.expect(200);
    // Two tokens behind, although at once: no app does that.
    assert_eq!(refresh(&app, text(&first, "refresh_token")).await.problem(), "session_expired");
    assert_eq!(refresh(&app, text(&third, "refresh_token")).await.problem(), "session_expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_is_felt_at_once() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let (one, other) = (app.open_session(&amina.email).await, app.open_session(&amina.email).await);
    let token = text(&one, "access_token");
    let path = format!("/v1/sessions/{}", text(&other, "session_id"));
    let call = async |path: &str| app.send(Method::DELETE, path, Some(token), None, None).await;
    assert_eq!(call(&path).await.status, 204);
    assert_eq!((me(&app, &one).await, me(&app, &other).await), (200, 401));
    assert_eq!(refresh(&app, text(&other, "refresh_token")).await.problem(), "session_expired");
    // Ending an ended session changes nothing.
    let before = app.database.fingerprint().await;
    assert_eq!(call(&path).await.status, 204);
    assert_eq!(app.database.fingerprint().await, before);
    // Signing out of this session.
    assert_eq!(call(&format!("/v1/sessions/{}", text(&one, "session_id"))).await.status, 204);
    assert_eq!(me(&app, &one).await, 401);
    // Signing out everywhere.
    let more = app.open_session(&amina.email).await;
    assert_eq!(app.delete(&amina, "/v1/sessions").await.status, 204);
    assert_eq!(me(&app, &more).await, 401);
    assert_eq!(app.get(&amina, "/v1/me").await.status, 401);
    let open = "select count(*) from sessions where ended_at is null";
    assert_eq!(app.database.number(open).await, 0);
}

/// Other processes notice the end of a session within about a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_is_felt_by_other_servers() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let config = api_config(app.context.files.clone());
    let api = amana_api::app(app.store.clone(), app.clock.clone(), None, &config);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1/me", listener.local_addr().expect("an address"));
    let serving = tokio::spawn(amana_api::serve(listener, api, std::future::pending()));
    let status = || async {
        let call = app.http.get(&url).bearer_auth(&amina.token).send().await;
        call.expect("an answer").status().as_u16()
    };
    assert_eq!(status().await, 200);
    assert_eq!(app.delete(&amina, "/v1/sessions").await.status, 204);
    eventually("the other server refuses the token", || async {
        (status().await == 401).then_some(())
    })
    .await;
    serving.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_session_that_was_not_used_for_longest_makes_room() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let mut opened = vec![];
    for _ in 0..5 {
        app.clock.advance(TimeDelta::seconds(1));
        opened.push(app.open_session(&amina.email).await);
    }
    // The fifth session replaced the registration's. The oldest is used now, so the second one is
    // next.
    eventually("the session of the registration is over", || async {
        (app.get(&amina, "/v1/me").await.status == 401).then_some(())
    })
    .await;
    app.clock.advance(TimeDelta::seconds(1));
    opened[0] = refresh(&app, text(&opened[0], "refresh_token")).await.expect(200);
    opened.push(app.open_session(&amina.email).await);
    let ids: Vec<_> = opened.iter().map(|one| text(one, "session_id")).collect();
    let items = listed(&app, &opened[0]).await;
    let found: BTreeSet<_> = items.iter().map(|one| text(one, "id")).collect();
    assert_eq!(found, [ids[0], ids[2], ids[3], ids[4], ids[5]].into());
    let current: Vec<_> = items.iter().filter(|one| one["is_current"] == true).collect();
    assert_eq!((current.len(), text(current[0], "id")), (1, ids[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_log_ins_leaves_five_sessions() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let one = || app.open_session(&amina.email);
    tokio::join!(one(), one(), one(), one(), one(), one(), one(), one());
    let open = "select count(*) from sessions where ended_at is null";
    assert_eq!(app.database.number(open).await, 5);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_device_is_told_about_and_a_known_one_is_not() {
    let app = App::start().await;
    let amina = app.person("Amina").await;
    let about = |told: Vec<String>| told.iter().filter(|s| s.contains("new device")).count();
    assert_eq!(about(subjects(&app, &amina).await), 0);
    let tokens = log_in_from(&app, &amina.email, FIREFOX).await;
    assert_eq!(about(subjects(&app, &amina).await), 1);
    log_in_from(&app, &amina.email, FIREFOX).await;
    assert_eq!(about(subjects(&app, &amina).await), 1);
    log_in_from(&app, &amina.email, SAFARI).await;
    assert_eq!(about(subjects(&app, &amina).await), 2);
    let items = listed(&app, &tokens).await;
    let devices: Vec<_> =
        items.iter().map(|one| (text(one, "device"), text(one, "kind"))).collect();
    assert!(devices.contains(&("Firefox on Linux", "computer")), "{devices:?}");
    assert!(devices.contains(&("Safari on iPhone", "phone")), "{devices:?}");
    assert!(items.iter().all(|one| one["ip_address"] == "127.0.0.1"));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_kind_of_token_is_not_taken_for_the_other() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let tokens = app.open_session(&amina.email).await;
    let refresh_token = text(&tokens, "refresh_token");
    let answer = app.send(Method::GET, "/v1/me", Some(refresh_token), None, None).await;
    assert_eq!((answer.problem(), answer.status.as_u16()), ("unauthorized", 401));
    for wrong in
        [text(&tokens, "access_token"), "", "nonsense", "a.b.c", &format!("{refresh_token}x")]
    {
        let answer = refresh(&app, wrong).await;
        assert_eq!((answer.problem(), answer.status.as_u16()), ("session_expired", 401), "{wrong}");
    }
    assert_eq!(me(&app, &tokens).await, 200);
}

/// A role change ends the session, because its token would be wrong. A closed account suspends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_with_the_role_and_rests_while_the_account_is_closed() {
    let app = App::builder().without_worker().start().await;
    let admin = app.operator().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let note = json!({ "note": "asked for" });
    let tokens = app.open_session(&amina.email).await;
    for (step, status) in [("close", 403), ("reopen", 200)] {
        let path = format!("/v1/operator/users/{}/{step}", amina.id);
        app.post(&admin, &path, note.clone()).await.expect(200);
        let answer = refresh(&app, text(&tokens, "refresh_token")).await;
        assert_eq!(answer.status.as_u16(), status, "{step}: {:#}", answer.body);
    }
    let other = app.operator().await;
    app.give_role((&admin, &other), &juma, "support").await;
    let user = app.get(&admin, &format!("/v1/operator/users/{}", juma.id)).await.expect(200);
    assert_eq!(user["role"], "support");
    eventually("the token is refused", || async {
        (app.get(&juma, "/v1/me").await.status == 401).then_some(())
    })
    .await;
    let token = app.log_in(&juma.email).await;
    let juma = Person { token, ..juma };
    app.get(&juma, "/v1/operator/jobs").await.expect(200);
    // Operators cannot change their own role, so at least one administrator remains.
    let answer = app.ask_for_role(&admin, &admin, "user").await;
    assert_eq!((answer.problem(), answer.status.as_u16()), ("conflict_of_interest", 403));
    let support = app.staff(UserRole::Support).await;
    assert_eq!(app.ask_for_role(&support, &juma, "admin").await.problem(), "forbidden");
}

/// A changed password ends all sessions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end_with_the_password() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let tokens = app.open_session(&amina.email).await;
    let body = json!({ "old_password": PASSWORD, "password": "mbuzi-wawili-na-kuku" });
    app.put(&amina, "/v1/me/password", body).await.expect(200);
    assert_eq!(refresh(&app, text(&tokens, "refresh_token")).await.problem(), "session_expired");
    eventually("the tokens are refused", || async {
        (me(&app, &tokens).await == 401 && app.get(&amina, "/v1/me").await.status == 401)
            .then_some(())
    })
    .await;
}

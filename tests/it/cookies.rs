//! Tokens in browser cookies: names, paths, and protection against cross-site requests.

use amana_harness::{Answer, App, PASSWORD, Person};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A browser's cookies; only those with a matching path are sent.
#[derive(Default)]
struct Jar(BTreeMap<String, (String, String)>);

impl Jar {
    fn keep(&mut self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().expect("text");
            let (name, rest) = line.split_once('=').expect("a name");
            let value = rest.split(';').next().expect("a value").to_owned();
            let path =
                rest.split("Path=").nth(1).expect("a path").split(';').next().expect("a path");
            assert!(rest.contains("Secure") && rest.contains("SameSite=Strict"), "{line}");
            if rest.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                assert_eq!(rest.contains("HttpOnly"), !name.ends_with("_csrf"), "{line}");
                self.0.insert(name.to_owned(), (value, path.to_owned()));
            }
        }
    }

    fn line(&self, path: &str) -> String {
        let fit = self.0.iter().filter(|(_, (_, scope))| path.starts_with(scope.as_str()));
        fit.map(|(name, (value, _))| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn value(&self, name: &str) -> &str {
        &self.0[name].0
    }

    async fn call(
        &mut self,
        app: &App,
        method: Method,
        path: &str,
        csrf: &str,
        body: Value,
    ) -> Answer {
        let cookies = self.line(path);
        let mut headers = vec![("Cookie", cookies.as_str()), ("Content-Type", "application/json")];
        if !csrf.is_empty() {
            headers.push(("X-CSRF-Token", csrf));
        }
        let body = if body.is_null() { vec![] } else { body.to_string().into_bytes() };
        let answer = app.send_bytes(method, path, &headers, body).await;
        self.keep(&answer);
        answer
    }
}

async fn log_in(app: &App, person: &Person) -> (Jar, String) {
    let mut jar = Jar::default();
    let body = json!({ "login": person.email, "password": PASSWORD, "cookies": true });
    let answer = jar.call(app, Method::POST, "/v1/sessions", "", body).await.expect(200);
    assert_eq!((&answer["access_token"], &answer["refresh_token"]), (&Value::Null, &Value::Null));
    let csrf = answer["csrf_token"].as_str().expect("a token").to_owned();
    assert_eq!(jar.value("__Host-amana_csrf"), csrf);
    (jar, csrf)
}

#[track_caller]
fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.problem()), (status, code));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_known_by_its_cookies() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let (mut jar, csrf) = log_in(&app, &amina).await;
    let names: Vec<&str> = jar.0.keys().map(String::as_str).collect();
    assert_eq!(names, ["__Host-amana_access", "__Host-amana_csrf", "__Secure-amana_refresh"]);
    // The refresh token is sent to no other path.
    assert!(!jar.line("/v1/me").contains("refresh"), "{}", jar.line("/v1/me"));
    let me = jar.call(&app, Method::GET, "/v1/me", "", Value::Null).await.expect(200);
    assert_eq!(me["id"], amina.id.as_str());
    let handle = json!({ "handle": "@amina" });
    jar.call(&app, Method::PUT, "/v1/me/handle", &csrf, handle).await.expect(200);
}

/// Another site can make a browser send cookies, but cannot add a header.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_changes_without_the_token_that_only_our_pages_can_read() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let (mut jar, _) = log_in(&app, &amina).await;
    let (_, of_juma) = log_in(&app, &juma).await;
    let before = app.database.fingerprint().await;
    for (method, path) in [
        (Method::PUT, "/v1/me/handle"),
        (Method::POST, "/v1/transfers"),
        (Method::DELETE, "/v1/sessions"),
        (Method::POST, "/v1/sessions/refresh"),
    ] {
        for wrong in ["", "00", of_juma.as_str()] {
            let answer = jar.call(&app, method.clone(), path, wrong, json!({})).await;
            is(&answer, 403, "invalid_csrf_token");
        }
    }
    assert_eq!(app.database.fingerprint().await, before);
    jar.call(&app, Method::GET, "/v1/me", "", Value::Null).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_refreshes_and_signs_out() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let (mut jar, csrf) = log_in(&app, &amina).await;
    let (access, refresh) =
        (jar.0["__Host-amana_access"].clone(), jar.0["__Secure-amana_refresh"].clone());
    app.clock.advance(chrono::TimeDelta::minutes(16));
    is(&jar.call(&app, Method::GET, "/v1/me", "", Value::Null).await, 401, "unauthorized");
    let path = "/v1/sessions/refresh";
    let answer = jar.call(&app, Method::POST, path, &csrf, json!({})).await.expect(200);
    assert_eq!((&answer["access_token"], &answer["csrf_token"]), (&Value::Null, &json!(csrf)));
    assert!(jar.0["__Host-amana_access"] != access && jar.0["__Secure-amana_refresh"] != refresh);
    jar.call(&app, Method::GET, "/v1/me", "", Value::Null).await.expect(200);
    let session = answer["session_id"].as_str().expect("an id");
    let path = format!("/v1/sessions/{session}");
    let ended = jar.call(&app, Method::DELETE, &path, &csrf, Value::Null).await;
    assert_eq!((ended.status.as_u16(), jar.0.len()), (204, 0));
    is(&jar.call(&app, Method::GET, "/v1/me", "", Value::Null).await, 401, "unauthorized");
}

/// An explicit token takes precedence over cookies; without either the call has no caller.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_comes_before_a_cookie() {
    let app = App::builder().without_worker().start().await;
    let (amina, juma) = (app.person("Amina").await, app.person("Juma").await);
    let (jar, _) = log_in(&app, &amina).await;
    let cookies = jar.line("/v1/me");
    let token = format!("Bearer {}", juma.token);
    for (authorization, expected) in
        [(token.as_str(), Some(&juma.id)), ("Bearer nonsense", None), ("Basic x", None)]
    {
        let headers = [("Cookie", cookies.as_str()), ("Authorization", authorization)];
        let answer = app.send_bytes(Method::GET, "/v1/me", &headers, vec![]).await;
        match expected {
            Some(id) => assert_eq!(answer.expect(200)["id"], id.as_str()),
            None => is(&answer, 401, "unauthorized"),
        }
    }
    // Old cookies do not block a log-in.
    let body = json!({ "login": juma.email, "password": PASSWORD }).to_string().into_bytes();
    let headers = [("Cookie", cookies.as_str()), ("Content-Type", "application/json")];
    app.send_bytes(Method::POST, "/v1/sessions", &headers, body).await.expect(200);
}

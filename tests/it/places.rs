//! Approximate locations of sessions, if the service has a GeoIP file.

use amana_harness::{App, PASSWORD, Person};
use reqwest::Method;
use serde_json::{Value, json};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// Logs in from a new device. Returns the locations of all sessions, and the mail about it.
async fn on_a_new_device(app: &App, person: &Person) -> (Vec<Value>, String) {
    let body = json!({ "login": person.email, "password": PASSWORD }).to_string().into_bytes();
    let headers = [("User-Agent", FIREFOX), ("Content-Type", "application/json")];
    app.send_bytes(Method::POST, "/v1/sessions", &headers, body).await.expect(200);
    let page = app.get(person, "/v1/sessions").await.expect(200);
    let sessions = page["items"].as_array().expect("items").iter();
    let places = sessions.map(|session| session["location"].clone()).collect();
    app.run_due_jobs().await;
    let mails = app.mails(person).await.into_iter();
    let mut mails = mails.filter(|mail| mail.text.contains("Firefox on Linux"));
    (places, mails.next().expect("a mail").text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_and_the_mail_about_a_new_device_tell_the_place() {
    let app = App::builder().without_worker().home("Nairobi", "KE").start().await;
    let amina = app.person("Amina").await;
    let (places, mail) = on_a_new_device(&app, &amina).await;
    assert_eq!(places, [json!("Nairobi, KE"), json!("Nairobi, KE")]);
    assert!(mail.contains("Place: Nairobi, KE"), "{mail}");
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_file_nothing_is_said_of_places() {
    let app = App::builder().without_worker().start().await;
    let amina = app.person("Amina").await;
    let (places, mail) = on_a_new_device(&app, &amina).await;
    assert_eq!(places, [Value::Null, Value::Null]);
    assert!(!mail.contains("Place"), "{mail}");
    app.assert_sound().await;
}

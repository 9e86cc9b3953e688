//! Time in tests: the test clock that users can advance, and other API processes with clocks of their own.

use crate::app::App;
use crate::client::{PASSWORD, Person};
use crate::services::api_config;
use amana_api::ApiConfig;
use amana_domain::api_key::KeyMode;
use amana_postgres::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;

impl App {
    /// Advances the test clock as the first of these users, and logs all of them in again.
    pub async fn time_passes(&self, seconds: i64, people: &mut [&mut Person]) {
        let first = people.first().expect("somebody");
        let body = json!({ "seconds": seconds });
        self.post(first, "/v1/test/clock/advance", body).await.expect(200);
        for person in people {
            person.token = self.log_in(&person.email).await;
        }
    }

    /// Starts another API on the same database with a clock of its own, like another process. Returns its address.
    pub async fn another_api(&self, mode: KeyMode) -> String {
        let config = ApiConfig { mode, ..api_config(self.context.files.clone()) };
        let api = amana_api::app(self.store.clone(), Clock::default(), None, &config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(amana_api::serve(listener, api, std::future::pending()));
        url
    }

    /// Logs a user in at another API.
    pub async fn log_in_at(&self, url: &str, email: &str) -> String {
        let body = json!({ "login": email, "password": PASSWORD });
        let request = self.http.post(format!("{url}/v1/sessions")).json(&body);
        let session: Value =
            request.send().await.expect("an answer").json().await.expect("a session");
        session["access_token"].as_str().expect("a token").to_owned()
    }
}

//! Organisations with members, and invitations in caught messages.

use crate::app::App;
use crate::client::Person;
use serde_json::json;

impl App {
    /// Creates an organisation and returns its id.
    pub async fn organisation(&self, owner: &Person, name: &str) -> String {
        let made = self.post(owner, "/v1/organisations", json!({ "name": name })).await.expect(201);
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Invites an e-mail address and returns the id of the invitation.
    pub async fn invite(&self, by: &Person, organisation: &str, email: &str, rank: &str) -> String {
        let path = format!("/v1/organisations/{organisation}/invitations");
        let made = self.post(by, &path, json!({ "email": email, "role": rank })).await.expect(201);
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Returns the tokens that were sent to an e-mail address, newest first.
    pub async fn invitation_tokens(&self, email: &str) -> Vec<String> {
        let found = self.sandbox_get(&format!("/admin/mails?to={email}")).await;
        let mails = found["mails"].as_array().expect("mails").iter();
        let texts = mails.filter_map(|mail| mail["text"].as_str());
        let token = |text: &str| {
            text.split_whitespace().find(|word| word.starts_with("join_")).map(str::to_owned)
        };
        texts.filter_map(token).collect()
    }

    /// Adds a member by SQL, without an invitation.
    pub async fn add_member(&self, organisation: &str, person: &Person, rank: &str) {
        let uuid = |id: &str| id.split_once('_').expect("a prefix").1.to_owned();
        let (organisation, person) = (uuid(organisation), uuid(&person.id));
        self.database
            .execute(&format!(
                "insert into members (organisation_id, user_id, rank, joined_at)
                values ('{organisation}', '{person}', '{rank}', now())
                on conflict (organisation_id, user_id) do update set rank = excluded.rank"
            ))
            .await;
    }
}

//! Tier applications with documents, and the files on disk.

use crate::app::App;
use crate::client::{Answer, Person};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use uuid::Uuid;

/// One black pixel. Bytes after the end of a PNG are ignored.
pub const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\n\
    IDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";

impl App {
    /// Creates an application and returns its id.
    pub async fn kyc_draft(&self, person: &Person, tier: &str) -> String {
        let body = json!({ "tier": tier });
        let made = self.post(person, "/v1/kyc/applications", body).await.expect(201);
        made["id"].as_str().expect("an id").to_owned()
    }

    pub async fn kyc_upload(
        &self,
        person: &Person,
        application: &str,
        (kind, key): (&str, &str),
        content: Vec<u8>,
    ) -> Answer {
        let path = format!("/v1/kyc/applications/{application}/documents?kind={kind}");
        let authorization = format!("Bearer {}", person.token);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Idempotency-Key", key),
            ("Content-Type", "image/png"),
        ];
        self.send_bytes(Method::POST, &path, &headers, content).await
    }

    /// Uploads one picture per kind.
    pub async fn kyc_show(&self, person: &Person, application: &str, kinds: &[&str]) {
        for kind in kinds {
            let key = Uuid::new_v4().to_string();
            // The appended key makes each picture unique.
            let content = [PNG, key.as_bytes()].concat();
            self.kyc_upload(person, application, (kind, &key), content).await.expect(201);
        }
    }

    /// Returns the id of a submitted application with all documents of its tier.
    pub async fn kyc_submitted(&self, person: &Person, tier: &str) -> String {
        let id = self.kyc_draft(person, tier).await;
        self.kyc_show(person, &id, &["passport", "selfie"]).await;
        if tier == "business" {
            self.kyc_show(person, &id, &["business_registration", "proof_of_address"]).await;
        }
        let path = format!("/v1/kyc/applications/{id}/submit");
        self.post(person, &path, Value::Null).await.expect(200);
        id
    }

    /// Returns the document ids of an application, oldest first.
    pub async fn kyc_documents(&self, person: &Person, application: &str) -> Vec<String> {
        let path = format!("/v1/kyc/applications/{application}");
        let found = self.get(person, &path).await.expect(200);
        let documents = found["documents"].as_array().expect("documents").iter();
        documents.map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Returns all files in the folder of uploaded files, unfinished ones too.
    #[must_use]
    pub fn files_on_disk(&self) -> Vec<PathBuf> {
        let (mut found, mut open) = (vec![], vec![self.files.clone()]);
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found
    }
}

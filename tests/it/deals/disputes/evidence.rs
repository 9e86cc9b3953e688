//! Evidence: uploads, accepted types, access, and integrity of the stored file.

use super::{dispute_of, events, refused};
use amana_domain::permission::UserRole;
use amana_files::FILE_BYTES_MAX;
use amana_harness::{Answer, App, DealPlan, Disputed, PNG, Person};
use reqwest::Method;
use serde_json::{Value, json};

async fn show(app: &App, person: &Person, disputed: &Disputed, key: &str) -> Answer {
    app.upload(person, &disputed.below("evidence"), key, [PNG, key.as_bytes()].concat()).await
}

/// Requests a link to a file as a party or, with `/operator`, as an arbiter.
async fn link(app: &App, person: &Person, disputed: &Disputed, file: &str, below: bool) -> Answer {
    let path = match below {
        true => disputed.below(&format!("evidence/{file}/link")),
        false => format!("/v1/operator/disputes/{}/evidence/{file}/link", disputed.dispute),
    };
    app.post(person, &path, Value::Null).await
}

async fn follow(app: &App, link: &Value) -> reqwest::Response {
    let url = link["url"].as_str().expect("a link");
    app.http.get(format!("{}{url}", app.api_url)).send().await.expect("an answer")
}

/// One party uploads a file; the other party and arbiters get the same bytes, with the hash of
/// those bytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_and_arbiters_see_what_was_handed_in() {
    let app = App::builder().without_worker().start().await;
    let disputed = app.answered(&DealPlan::default()).await;
    let made = show(&app, &disputed.buyer, &disputed, "one").await.expect(201);
    let content = [PNG, b"one"].concat();
    let hex: String = content.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = format!("select encode(sha256(decode('{hex}', 'hex')), 'hex')");
    assert_eq!(made["sha256"], app.database.text(&hash).await.expect("a hash"));
    assert_eq!(
        (&made["media_type"], &made["by_user_id"]),
        (&json!("image/png"), &json!(disputed.buyer.id))
    );
    let file = made["id"].as_str().expect("an id");
    // A repeated call returns the same file, and leaves no second one on disk.
    let again = show(&app, &disputed.buyer, &disputed, "one").await;
    assert_eq!((again.status.as_u16(), &again.body), (201, &made));
    assert_eq!(app.files_on_disk().len(), 1);
    let on_disk = std::fs::read(&app.files_on_disk()[0]).expect("a file");
    assert!(!on_disk.windows(8).any(|bytes| bytes == &PNG[..8]), "expected a sealed file on disk");
    assert_eq!(dispute_of(&app, &disputed).await["evidence"], json!([made]));

    let support = app.staff(UserRole::Support).await;
    for (person, below) in [(&disputed.buyer, true), (&disputed.seller, true), (&support, false)] {
        let link = link(&app, person, &disputed, file, below).await.expect(200);
        let response = follow(&app, &link).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()["content-disposition"],
            "attachment; filename=\"evidence.png\""
        );
        assert_eq!(response.bytes().await.expect("a body"), content);
    }
    let records = app.store.audit_of(&disputed.dispute).await.expect("records");
    let looks: Vec<_> = records.iter().map(|one| (one.actor(), one.kind.clone())).collect();
    let by = support.id.as_str();
    assert_eq!(
        looks,
        [(by, "dispute.document_linked"), (by, "dispute.document_viewed")]
            .map(|(who, kind)| (who.to_owned(), kind.to_owned()))
    );
    let told = events(&app, &disputed.seller, &disputed.deal).await;
    let last = told.last().expect("an event");
    assert_eq!(
        (&last["kind"], &last["data"]["sha256"]),
        (&json!("dispute.evidence_added"), &made["sha256"])
    );
    app.assert_sound().await;
}

/// For a stranger, the dispute and its files do not exist, and uploads are not stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_show_and_see_nothing() {
    let app = App::builder().without_worker().start().await;
    let disputed = app.disputed(&DealPlan::default()).await;
    let made = show(&app, &disputed.seller, &disputed, "one").await.expect(201);
    let file = made["id"].as_str().expect("an id");
    let other = app.disputed(&DealPlan::default()).await;
    let stranger = &other.buyer;
    refused(&show(&app, stranger, &disputed, "two").await, 404, "not_found");
    refused(&link(&app, stranger, &disputed, file, true).await, 404, "not_found");
    refused(&link(&app, stranger, &disputed, file, false).await, 403, "forbidden");
    // A file belongs to one dispute: it is neither in another dispute nor a file of a delivery.
    refused(&link(&app, stranger, &other, file, true).await, 404, "not_found");
    let elsewhere = disputed.path(&format!("files/{file}/link"));
    refused(&app.post(&disputed.buyer, &elsewhere, Value::Null).await, 404, "not_found");
    let mixed = format!("/v1/deals/{}/disputes/{}/evidence", other.deal, disputed.dispute);
    refused(&app.upload(stranger, &mixed, "three", PNG.to_vec()).await, 404, "not_found");
    let arbiter = app.operator().await;
    refused(&link(&app, &arbiter, &other, file, false).await, 404, "not_found");
    refused(&link(&app, &arbiter, &disputed, file, true).await, 404, "not_found");
    assert_eq!(app.files_on_disk().len(), 1);
    // An existing link stops working when its staff member loses the role.
    let made = link(&app, &arbiter, &disputed, file, false).await.expect(200);
    let demote = format!("update users set role = 'user' where id = '{}'", arbiter.uuid());
    app.database.execute(&demote).await;
    assert_eq!(follow(&app, &made).await.status(), 404);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_picture_or_document_is_refused() {
    let app = App::builder().without_worker().start().await;
    let disputed = app.disputed(&DealPlan::default()).await;
    let place = disputed.below("evidence");
    for (n, bad) in [&b"<html><script>alert(1)</script>"[..], b"MZ\x90\0", b"plain words", b""]
        .iter()
        .enumerate()
    {
        let answer = app.upload(&disputed.buyer, &place, &format!("bad-{n}"), bad.to_vec()).await;
        refused(&answer, 415, "unsupported_media_type");
    }
    // A body with a declared length above the limit is not read, and its sender may find the
    // connection closed. So only the head is sent.
    let (token, bytes) = (&disputed.buyer.token, FILE_BYTES_MAX + 1);
    let large = format!(
        "POST {place} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: large\r\nContent-Length: {bytes}\r\n\r\n"
    );
    let (status, body) = app.send_over_tcp(large.as_bytes()).await;
    assert_eq!((status, &body["code"]), (413, &json!("request_too_large")));
    assert!(app.files_on_disk().is_empty());
    assert_eq!(dispute_of(&app, &disputed).await["evidence"], json!([]));
    app.assert_sound().await;
}

/// The limit of twenty files holds for both parties together and for concurrent uploads. A closed
/// dispute accepts none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispute_has_twenty_files_at_most_while_it_is_open() {
    let app = App::builder().without_worker().start().await;
    let disputed = app.disputed(&DealPlan::default()).await;
    for n in 0..18 {
        show(&app, &disputed.buyer, &disputed, &format!("file-{n}")).await.expect(201);
    }
    let (keys, people) = (["a", "b", "c", "d"], [&disputed.buyer, &disputed.seller]);
    let calls = keys.iter().zip(people.iter().cycle());
    let calls = calls.map(|(key, person)| show(&app, person, &disputed, key));
    let answers = futures_util::future::join_all(calls).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 2);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        refused(answer, 409, "too_many_documents");
    }
    assert_eq!(app.files_on_disk().len(), 20);
    let nothing = json!({ "seller_percent": "0" });
    app.post(&disputed.seller, &disputed.path("split-offers"), nothing).await.expect(200);
    let nothing = json!({ "to_seller": { "amount": 0, "currency": "KES" } });
    let taken = disputed.path("split-offers/accept");
    app.post(&disputed.buyer, &taken, nothing).await.expect(200);
    refused(&show(&app, &disputed.buyer, &disputed, "late").await, 409, "wrong_state");
    // Existing files remain visible, and housekeeping keeps them.
    let file = dispute_of(&app, &disputed).await["evidence"][0]["id"].clone();
    let file = file.as_str().expect("an id").to_owned();
    let link = link(&app, &disputed.seller, &disputed, &file, true).await.expect(200);
    assert_eq!(follow(&app, &link).await.status(), 200);
    let keys: Vec<_> = app
        .files_on_disk()
        .iter()
        .map(|path| path.file_name().expect("a name").to_string_lossy().parse().expect("an id"))
        .collect();
    assert_eq!(app.store.known_documents(&keys).await.expect("known").len(), 20);
    let none = app.send(Method::GET, "/v1/files/nonsense", None, None, None).await;
    refused(&none, 404, "not_found");
    app.assert_sound().await;
}

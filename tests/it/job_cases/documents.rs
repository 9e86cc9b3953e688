//! Expired documents, and a file that a worker left behind when it died.

use super::people::{answer, keyed};
use amana_domain::id::{DocumentId, KycId, UserId};
use amana_domain::kyc::{DocumentKind, Tier};
use amana_harness::{App, PNG};
use amana_postgres::{Document, KycDocument};
use uuid::Uuid;

async fn kept(app: &App, user: UserId) -> KycDocument {
    let id = DocumentId::new(Uuid::now_v7());
    let key = app.store.document_key(user, id).await.expect("a key");
    let file = app.context.files.put(id.uuid(), &key, PNG).await.expect("a file");
    let file = Document {
        id,
        media_type: file.media_type,
        bytes: i64::try_from(file.bytes).expect("a length"),
        sha256: file.sha256,
        created_at: app.clock.now(),
    };
    KycDocument { kind: DocumentKind::Selfie, file }
}

/// Creates a withdrawn application with its document, and a file without a row.
pub(super) async fn leave(app: &App, user: UserId) {
    let (store, now) = (&app.store, app.clock.now());
    let begin = keyed(user, "apply");
    store
        .create_kyc_application(&begin, Tier::Business, |_| answer(), now)
        .await
        .expect("an application");
    let id = "select 'kyc_' || replace(id::text, '-', '') from kyc_applications";
    let id: KycId = app.database.text(id).await.expect("an id").parse().expect("an id");
    let document = kept(app, user).await;
    let add = keyed(user, "add");
    store.add_kyc_document(&add, id, &document, |_| answer(), now).await.expect("a document");
    store.withdraw_kyc(user, id, now).await.expect("withdrawn");
    kept(app, user).await;
}

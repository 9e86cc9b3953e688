//! Housekeeping of documents: those of unsuccessful applications, and files without a row.

use super::{act, approve, people, reject};
use amana_domain::personal::Personal;
use amana_harness::{App, PNG, Person};
use amana_postgres::Job;
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

async fn housekeep(app: &App, tick: i64) {
    let now = app.clock.now();
    app.store.enqueue_job(&Job::Housekeep { tick }, now, now).await.expect("a job");
    app.run_due_jobs().await;
}

async fn state(app: &App, person: &Person, id: &str) -> (Value, usize) {
    let found = app.get(person, &format!("/v1/kyc/applications/{id}")).await.expect(200);
    (found["state"].clone(), found["documents"].as_array().expect("documents").len())
}

/// Two documents each: withdrawn, rejected, approved, submitted, and an abandoned draft.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_of_what_came_to_nothing_go_after_ninety_days() {
    let app = App::builder().without_worker().start().await;
    let (mut amina, mut operator) = people(&app).await;
    let withdrawn = app.kyc_submitted(&amina, "standard").await;
    act(&app, &amina, &withdrawn, "withdraw").await.expect(200);
    let rejected = app.kyc_submitted(&amina, "standard").await;
    reject(&app, &operator, &rejected).await.expect(200);
    let approved = app.kyc_submitted(&amina, "standard").await;
    approve(&app, &operator, &approved).await.expect(200);
    let draft = app.kyc_draft(&amina, "business").await;
    app.kyc_show(&amina, &draft, &["passport", "selfie"]).await;
    assert_eq!(app.files_on_disk().len(), 8);

    app.advance(TimeDelta::days(89), &mut [&mut amina, &mut operator]).await;
    housekeep(&app, 1).await;
    assert_eq!(app.files_on_disk().len(), 8);
    app.advance(TimeDelta::days(2), &mut [&mut amina, &mut operator]).await;
    housekeep(&app, 2).await;
    assert_eq!(app.files_on_disk().len(), 2);
    for (id, expected) in [
        (&withdrawn, (json!("withdrawn"), 0)),
        (&rejected, (json!("rejected"), 0)),
        (&approved, (json!("approved"), 2)),
        (&draft, (json!("draft"), 0)),
    ] {
        assert_eq!(state(&app, &amina, id).await, expected);
    }
    // The draft continues, but its documents have to be uploaded again.
    let kinds = ["passport", "selfie", "business_registration", "proof_of_address"];
    app.kyc_show(&amina, &draft, &kinds).await;
    act(&app, &amina, &draft, "submit").await.expect(200);
    app.advance(TimeDelta::days(365), &mut [&mut amina]).await;
    housekeep(&app, 3).await;
    assert_eq!(state(&app, &amina, &draft).await, (json!("submitted"), 4));
    app.assert_sound().await;
}

/// One process died after it wrote a file and before it wrote the row; another died while writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_which_nothing_is_known_go_after_a_day() {
    let app = App::builder().without_worker().start().await;
    let (amina, _) = people(&app).await;
    let id = app.kyc_draft(&amina, "standard").await;
    app.kyc_show(&amina, &id, &["selfie"]).await;
    app.context.files.put(Uuid::now_v7(), &Personal::new([7; 32]), PNG).await.expect("a file");
    std::fs::write(app.files.join("unfinished/half"), b"\x89PNG").expect("written");
    assert_eq!(app.files_on_disk().len(), 3);
    app.clock.advance(TimeDelta::hours(23));
    housekeep(&app, 1).await;
    assert_eq!(app.files_on_disk().len(), 3);
    app.clock.advance(TimeDelta::hours(2));
    housekeep(&app, 2).await;
    let left = app.files_on_disk();
    let kept = "select replace(id::text, '-', '') from kyc_documents";
    let kept = app.database.text(kept).await.expect("a document");
    assert_eq!(left.len(), 1);
    assert!(left[0].ends_with(&kept), "{left:?}");
    app.assert_sound().await;
}

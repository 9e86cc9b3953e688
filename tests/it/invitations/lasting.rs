//! Lifetime of invitations: seven days since they were last sent, or until they are replaced or
//! revoked.

use super::{GUEST, Invited, acceptance, call, newest_token, refused};
use amana_harness::{App, Person};
use amana_postgres::Job;
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn resend(app: &App, by: &Person, path: &str) -> amana_harness::Answer {
    app.post(by, &format!("{path}/resend"), Value::Null).await
}

/// The expiry is exact, even before any job has run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_seven_days_it_is_over() {
    let mut invited = Invited::as_rank("member").await;
    let day = TimeDelta::days(1);
    invited.app.clock.advance(day * 7 - TimeDelta::seconds(30));
    invited.details(&invited.token).await.expect(200);
    invited.app.advance(TimeDelta::seconds(31), &mut [&mut invited.amina]).await;
    let Invited { app, amina, organisation, path, token } = &invited;
    refused(&invited.details(token).await, 404, "invitation_not_found");
    refused(&call(app, "accept", &acceptance(token)).await, 404, "invitation_not_found");
    refused(&resend(app, amina, path).await, 404, "not_found");
    refused(&app.delete(amina, path).await, 404, "not_found");
    let list = format!("/v1/organisations/{organisation}/invitations");
    assert_eq!(app.get(amina, &list).await.expect(200)["items"], json!([]));
    // An expired invitation does not block a new one.
    app.invite(amina, organisation, GUEST, "member").await;
    let ends = "select string_agg(coalesce(end_reason, 'open') || case when email_digest is null then '' else '+' end, ' ' order by id) from invitations";
    let expected = "expired open+".to_owned();
    assert_eq!(app.database.text(ends).await, Some(expected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn housekeeping_forgets_the_address() {
    let invited = Invited::as_rank("member").await;
    let Invited { app, organisation, .. } = &invited;
    let housekeep = async |tick: i64, left: i64| {
        let now = app.clock.now();
        app.store.enqueue_job(&Job::Housekeep { tick }, now, now).await.expect("a job");
        app.run_due_jobs().await;
        let kept = "select count(*) from invitations where email_sealed is not null";
        assert_eq!(app.database.number(kept).await, left);
    };
    housekeep(1, 1).await;
    app.clock.advance(TimeDelta::days(7));
    housekeep(2, 0).await;
    housekeep(3, 0).await;
    let records = app.store.audit_of(organisation).await.expect("records");
    let expired: Vec<_> = records.iter().filter(|one| one.kind == "invitation.expired").collect();
    assert_eq!((expired.len(), expired[0].actor().as_str()), (1, "system"));
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sending_again_kills_what_was_sent_before() {
    let mut invited = Invited::as_rank("member").await;
    let soon = resend(&invited.app, &invited.amina, &invited.path).await;
    refused(&soon, 429, "invitation_too_soon");
    let wait: u32 = soon.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    invited.app.advance(TimeDelta::days(6), &mut [&mut invited.amina]).await;
    let mut tokens = vec![invited.token.clone()];
    for left in (0..5).rev() {
        let Invited { app, amina, path, .. } = &invited;
        let sent = resend(app, amina, path).await.expect(200);
        assert_eq!(sent["resends_remaining"], left);
        tokens.insert(0, newest_token(app, GUEST).await);
        assert_eq!(app.invitation_tokens(GUEST).await, tokens);
        for (n, token) in tokens.iter().enumerate() {
            let details = invited.details(token).await;
            match n {
                0 => drop(details.expect(200)),
                _ => refused(&details, 404, "invitation_not_found"),
            }
        }
        invited.app.advance(TimeDelta::minutes(2), &mut [&mut invited.amina]).await;
    }
    refused(&resend(&invited.app, &invited.amina, &invited.path).await, 409, "invitation_limit");
    // One day was left when it was sent again; now it has seven.
    invited.app.clock.advance(TimeDelta::days(6));
    call(&invited.app, "accept", &acceptance(&tokens[0])).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_invitations_are_invalid() {
    let invited = Invited::as_rank("member").await;
    let Invited { app, amina, path, token, .. } = &invited;
    assert_eq!(app.delete(amina, path).await.status, 204);
    refused(&invited.details(token).await, 404, "invitation_not_found");
    refused(&app.delete(amina, path).await, 404, "not_found");
    refused(&resend(app, amina, path).await, 404, "not_found");
}

/// The invitation was revoked while mail was unavailable, so it is not sent any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_invitations_are_not_sent() {
    let invited = Invited::as_rank("member").await;
    let Invited { app, amina, organisation, .. } = &invited;
    let id = app.invite(amina, organisation, "late@example.com", "member").await;
    let path = format!("/v1/organisations/{organisation}/invitations/{id}");
    assert_eq!(app.delete(amina, &path).await.status, 204);
    app.run_due_jobs().await;
    assert_eq!(app.invitation_tokens("late@example.com").await, Vec::<String>::new());
    let open = "select count(*) from jobs where state <> 'done'";
    assert_eq!(app.database.number(open).await, 0);
    app.assert_sound().await;
}

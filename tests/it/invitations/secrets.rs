//! Invitation tokens: invalid ones reveal nothing, and only the invited address receives a token.

use super::{GUEST, Invited, call};
use serde_json::{Value, json};

/// Everything by which a caller could tell two refusals apart.
fn seen(answer: &amana_harness::Answer) -> Value {
    let mut body = answer.body.clone();
    body["request_id"] = Value::Null;
    json!([answer.status.as_u16(), body])
}

/// Changes one character of a token.
fn changed(token: &str, place: usize) -> String {
    let mut bytes = token.as_bytes().to_vec();
    bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).expect("text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_are_not_good_are_all_answered_alike() {
    let invited = Invited::as_rank("member").await;
    let Invited { app, amina, organisation, token, .. } = &invited;
    let revoked = app.invite(amina, organisation, "revoked@example.com", "member").await;
    app.run_due_jobs().await;
    let old = app.invitation_tokens("revoked@example.com").await.remove(0);
    let path = format!("/v1/organisations/{organisation}/invitations/{revoked}");
    assert_eq!(app.delete(amina, &path).await.status, 204);
    let expired = app.invite(amina, organisation, "expired@example.com", "member").await;
    app.run_due_jobs().await;
    let late = app.invitation_tokens("expired@example.com").await.remove(0);
    let lapse = format!(
        "update invitations set created_at = created_at - interval '8 days',
            sent_at = sent_at - interval '8 days', expires_at = expires_at - interval '8 days' where id = '{}'",
        &expired[4..]
    );
    app.database.execute(&lapse).await;
    let mut bad =
        vec![String::new(), "nonsense".into(), token[5..].into(), format!("{token}A"), old, late];
    // The id, the tag, and the last significant character.
    bad.extend([10, 20, 30, 46].map(|place| changed(token, place)));
    let before = app.database.fingerprint().await;
    let expected = seen(&invited.details("join_").await);
    assert_eq!(expected[1]["code"], "invitation_not_found");
    for token in &bad {
        assert_eq!(seen(&invited.details(token).await), expected, "{token}");
        let body = super::acceptance(token);
        assert_eq!(seen(&call(app, "accept", &body).await), expected, "{token}");
        let joined = app.post(amina, "/v1/invitations/join", json!({ "token": token })).await;
        assert_eq!(seen(&joined), expected, "{token}");
    }
    assert_eq!(app.database.fingerprint().await, before);
    invited.details(token).await.expect(200);
}

/// The database contains neither token nor address. The address is sealed, and deleted when the
/// invitation ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_nowhere_but_in_its_message() {
    let invited = Invited::as_rank("member").await;
    let Invited { app, token, .. } = &invited;
    let all = "select string_agg(format('select string_agg(t::text, '' '') from %I t', tablename), ' union all ')
        from pg_tables where schemaname = 'public'";
    let all = app.database.text(all).await.expect("tables");
    let all = format!("select string_agg(kept, ' ') from ({all}) rows (kept)");
    let kept = app.database.text(&all).await.expect("rows");
    // Index 27 is the start of the secret part, after the id.
    assert!(kept.contains("Soko") && !kept.contains(GUEST) && !kept.contains(&token[27..]));
    let sealed = "select count(*) from invitations where email_sealed is not null and email_digest is not null";
    let gone =
        "select count(*) from invitations where email_sealed is null and email_digest is null";
    assert_eq!((app.database.number(sealed).await, app.database.number(gone).await), (1, 0));
    assert_eq!(app.delete(&invited.amina, &invited.path).await.status, 204);
    assert_eq!((app.database.number(sealed).await, app.database.number(gone).await), (0, 1));
}

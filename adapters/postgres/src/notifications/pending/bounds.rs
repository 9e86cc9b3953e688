//! The bound on messages to one address that other users cause. Messages are counted when they are sent, so that no
//! caller omits the check. Rows have a digest of the address, and are deleted after two days.

use super::Row;
use crate::error::Error;
use crate::row::parse;
use crate::schema::counted_messages;
use crate::statement::statement;
use crate::users::{self, User};
use crate::vault::Vault;
use amana_domain::contact::Contact;
use amana_domain::notice::{COUNTED, Cause};
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

statement! {
    // Serialises messages to one address, so that the second one counts the first.
    LockAddress(digest: Text = String) "select pg_advisory_xact_lock(hashtextextended('message ' || $1, 0))"
}

/// Counts a message and returns whether it may be sent. A retry of the same message counts once.
pub(super) async fn has_room(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (row, user, to): (&Row, &User, &Contact),
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let Some(cause) = Cause::of(parse(&row.template)?) else { return Ok(true) };
    // Strangers must not use up the codes for a verified contact. Codes of an account have a bound of their own.
    if cause == Cause::Codes && user.verified_contact(vault, to.kind())?.as_ref() == Some(to) {
        return Ok(true);
    }
    let (digest, max) = (users::digest(vault, to), cause.day_max(to.channel()));
    conn.transaction(async |conn| {
        LockAddress { digest: hex::encode(&digest) }.execute(conn).await?;
        let known = counted_messages::table.find(row.id);
        if diesel::select(exists(known)).get_result(conn).await? {
            return Ok(true);
        }
        if sent_lately(conn, (&digest, cause), now).await? >= max {
            return Ok(false);
        }
        count(conn, row.id, (digest.clone(), cause), now).await?;
        Ok(true)
    })
    .await
}

async fn sent_lately(
    conn: &mut AsyncPgConnection,
    (digest, cause): (&[u8], Cause),
    now: DateTime<Utc>,
) -> Result<i64, Error> {
    let since = now.checked_sub_signed(COUNTED).unwrap_or(now);
    let sent = counted_messages::table
        .filter(counted_messages::digest.eq(digest))
        .filter(counted_messages::cause.eq(cause.as_str()))
        .filter(counted_messages::counted_at.gt(since));
    Ok(sent.count().get_result(conn).await?)
}

async fn count(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    (digest, cause): (Vec<u8>, Cause),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(counted_messages::table)
        .values((
            counted_messages::notification_id.eq(id),
            counted_messages::digest.eq(digest),
            counted_messages::cause.eq(cause.as_str()),
            counted_messages::counted_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

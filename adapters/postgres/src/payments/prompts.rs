//! Prompts, counted per phone over all callers. The number is stored as a digest, which
//! housekeeping deletes after two days.

use super::owner;
use crate::error::Error;
use crate::schema::{prompts, users};
use crate::statement::statement;
use crate::vault::Vault;
use amana_domain::id::UserId;
use amana_domain::payment::{PROMPT_OPEN_MAX, PROMPTS_COUNTED, Payment, Prompts, may_prompt};
use amana_domain::phone::Msisdn;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

statement! {
    // Serialises requests for one phone, so that the second one sees the first.
    LockNumber(digest: Text = String) "select pg_advisory_xact_lock(hashtextextended('prompt ' || $1, 0))"
}

statement! {
    CountPrompts(
        digest: Binary = Vec<u8>,
        user: SqlUuid = Uuid,
        since: Timestamptz = DateTime<Utc>,
        open_since: Timestamptz = DateTime<Utc>,
        is_own: Bool = bool,
    ) "select
        (select count(*) from prompts p join payments on payments.id = p.payment_id
            where p.digest = $1 and p.created_at > $4
            and payments.state in ('queued', 'submitting', 'pending')) as open,
        (select count(*) from prompts p
            where p.digest = $1 and p.created_at > $3 and p.is_own = $5) as to_number,
        (select count(*) from prompts p
            where p.user_id = $2 and p.created_at > $3 and not p.is_own) as by_account"
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    open: i64,
    #[diesel(sql_type = BigInt)]
    to_number: i64,
    #[diesel(sql_type = BigInt)]
    by_account: i64,
}

/// Records a prompt, unless the phone was prompted too often. The payment's row must exist.
///
/// # Errors
/// [`Error::Prompt`].
pub(super) async fn note(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    payment: &Payment,
    number: &Msisdn,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let digest = vault.phone(number.as_str());
    LockNumber { digest: hex::encode(&digest) }.execute(conn).await?;
    let user = owner(payment)?;
    let is_own = is_own(conn, user, &digest).await?;
    let before = |time| now.checked_sub_signed(time).unwrap_or(now);
    let count = CountPrompts {
        digest: digest.clone(),
        user: user.uuid(),
        since: before(PROMPTS_COUNTED),
        open_since: before(PROMPT_OPEN_MAX),
        is_own,
    };
    let counted: Vec<Counted> = count.load(conn).await?;
    let known = counted.into_iter().next().ok_or_else(|| Error::row("a count returned no row"))?;
    let Counted { open, to_number, by_account } = known;
    may_prompt(Prompts { is_own, open, to_number, by_account })?;
    diesel::insert_into(prompts::table)
        .values((
            prompts::payment_id.eq(payment.id.uuid()),
            prompts::user_id.eq(user.uuid()),
            prompts::digest.eq(digest),
            prompts::is_own.eq(is_own),
            prompts::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Tells whether the number is the account's own; an unverified number belongs to no account.
async fn is_own(conn: &mut AsyncPgConnection, user: UserId, digest: &[u8]) -> Result<bool, Error> {
    let own: Option<Option<Vec<u8>>> = users::table
        .find(user.uuid())
        .filter(users::phone_verified_at.is_not_null())
        .select(users::phone_digest)
        .first(conn)
        .await
        .optional()?;
    Ok(own.flatten().is_some_and(|own| own == digest))
}

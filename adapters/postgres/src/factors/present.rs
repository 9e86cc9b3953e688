//! Verification of a second-factor code. One statement reads the secret and counts the attempt before the comparison,
//! so that concurrent attempts cannot exceed the limit.

use super::{Shown, Unreadable, codes_left, message, tell};
use crate::error::Error;
use crate::log;
use crate::schema::{backup_codes, second_factors};
use amana_domain::deal::Actor;
use amana_domain::event::AccessEvent;
use amana_domain::factor::{FactorRefusal, LOCKED_FOR, TRIES_MAX, TRIES_WITHIN};
use amana_domain::id::UserId;
use amana_domain::notice::Template;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// The required state of the factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The secret was shown to the user and is not confirmed yet.
    Begun,
    Active,
}

/// The data that is read when an attempt is counted.
#[derive(QueryableByName)]
struct Try {
    /// `None` if the factor is a message.
    #[diesel(sql_type = Nullable<Binary>)]
    secret: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    last_step: Option<i64>,
    #[diesel(sql_type = Bool)]
    is_last: bool,
}

/// Forgets attempts from before `$4`; the last permitted attempt locks the factor until `$5`.
const COUNT: &str = "
    update second_factors set
        tries = case when tries_began_at > $4 then tries + 1 else 1 end,
        tries_began_at = case when tries_began_at > $4 then tries_began_at else $3 end,
        locked_until = case when tries_began_at > $4 and tries + 1 >= $6 then $5 end
    where user_id = $1 and (confirmed_at is not null) = $2 and (locked_until is null or locked_until <= $3)
    returning secret, last_step, locked_until is not null as is_last";

async fn count(
    conn: &mut AsyncPgConnection,
    user: UserId,
    stage: Stage,
    now: DateTime<Utc>,
) -> Result<Option<Try>, Error> {
    let forgotten = now.checked_sub_signed(TRIES_WITHIN).unwrap_or(now);
    let locked_until = now.checked_add_signed(LOCKED_FOR).unwrap_or(now);
    Ok(diesel::sql_query(COUNT)
        .bind::<diesel::sql_types::Uuid, _>(user.uuid())
        .bind::<Bool, _>(stage == Stage::Active)
        .bind::<Timestamptz, _>(now)
        .bind::<Timestamptz, _>(forgotten)
        .bind::<Timestamptz, _>(locked_until)
        .bind::<Integer, _>(TRIES_MAX)
        .get_result(conn)
        .await
        .optional()?)
}

/// Returns the refusal for an attempt that was not counted: the factor does not exist or is locked.
async fn why_not(
    conn: &mut AsyncPgConnection,
    user: UserId,
    stage: Stage,
    now: DateTime<Utc>,
) -> Result<FactorRefusal, Error> {
    let locked_until: Option<Option<DateTime<Utc>>> = second_factors::table
        .find(user.uuid())
        .filter(second_factors::confirmed_at.is_not_null().eq(stage == Stage::Active))
        .select(second_factors::locked_until)
        .first(conn)
        .await
        .optional()?;
    let until = locked_until.flatten().ok_or(Error::NotFound("second factor"))?;
    Ok(FactorRefusal::Locked { wait: until.signed_duration_since(now) })
}

/// Verifies a code. The caller must commit a refusal, because it has been counted.
///
/// # Errors
/// [`Error::NotFound`] if there is no such factor.
pub(crate) async fn present(
    conn: &mut AsyncPgConnection,
    user: UserId,
    shown: Shown,
    stage: Stage,
    now: DateTime<Utc>,
) -> Result<Result<(), FactorRefusal>, Error> {
    let Some(counted) = count(conn, user, stage, now).await? else {
        return Ok(Err(why_not(conn, user, stage, now).await?));
    };
    // The new last time step if the code is valid.
    let good: Option<Option<i64>> = match (shown, &counted.secret) {
        (Shown::Digits { read, .. }, Some(secret)) => match read(secret, counted.last_step) {
            Ok(step) => step.map(Some),
            Err(Unreadable) => {
                return Err(Error::row("second factor sealed with another key"));
            }
        },
        (Shown::Digits { told, key, .. }, None) => {
            message::take(conn, user, (&*key, told), now).await?.then_some(None)
        }
        (Shown::Backup(digest), _) => {
            use_backup_code(conn, user, &digest, now).await?.then_some(counted.last_step)
        }
    };
    let Some(last_step) = good else {
        if counted.is_last {
            let locked = AccessEvent::FactorLocked {};
            log::append(conn, now, Actor::User(user), user, locked).await?;
            tell(conn, user, Template::FactorLocked, now).await?;
        }
        return Ok(Err(FactorRefusal::InvalidCode));
    };
    diesel::update(second_factors::table.find(user.uuid()))
        .set((
            second_factors::last_step.eq(last_step),
            second_factors::tries.eq(0),
            second_factors::tries_began_at.eq(None::<DateTime<Utc>>),
            second_factors::locked_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await?;
    Ok(Ok(()))
}

async fn use_backup_code(
    conn: &mut AsyncPgConnection,
    user: UserId,
    digest: &[u8],
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let unused = backup_codes::table
        .filter(backup_codes::user_id.eq(user.uuid()))
        .filter(backup_codes::digest.eq(digest))
        .filter(backup_codes::used_at.is_null());
    let used =
        diesel::update(unused).set(backup_codes::used_at.eq(Some(now))).execute(conn).await?;
    if used == 0 {
        return Ok(false);
    }
    let used = AccessEvent::BackupCodeUsed { left: codes_left(conn, user).await? };
    log::append(conn, now, Actor::User(user), user, used).await?;
    tell(conn, user, Template::BackupCodeUsed, now).await?;
    Ok(true)
}

//! Ensures that an organisation with several members keeps an owner with an open account.
//!
//! Removing an owner and joining lock the other owners' rows, so that none of these accounts is closed meanwhile:
//! closing fails on a locked row instead of waiting. If another owner's account is being closed already, both wait for
//! it and then do not count that owner. Closing itself locks only those other owners whose rows are free. It never
//! waits, so that of two owners whose accounts are closed concurrently one is refused.

use super::members::count;
use crate::error::{Conflict, Error};
use crate::schema::{members, users};
use amana_domain::id::{OrganisationId, UserId};
use amana_domain::organisation::Rank;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// The owners of an organisation with open accounts, except for one.
#[diesel::dsl::auto_type(no_type_alias)]
fn open_owners(id: OrganisationId, except: UserId) -> _ {
    let (id, except): (Uuid, Uuid) = (id.uuid(), except.uuid());
    let owner: &'static str = Rank::Owner.as_str();
    users::table
        .inner_join(members::table)
        .filter(members::organisation_id.eq(id))
        .filter(members::rank.eq(owner))
        .filter(users::closed_at.is_null())
        .filter(users::id.ne(except))
        .order(users::id)
        .select(users::id)
}

/// Counts the other owners with open accounts, and keeps these accounts open until this transaction ends.
pub(super) async fn others(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
    except: UserId,
) -> Result<usize, Error> {
    let held: Vec<Uuid> = open_owners(id, except).for_key_share().load(conn).await?;
    Ok(held.len())
}

/// Prevents joining an organisation without any owner.
///
/// # Errors
/// [`Conflict::InvitationNotFound`].
pub(crate) async fn require_any(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
    joining: UserId,
) -> Result<(), Error> {
    match others(conn, id, joining).await? {
        0 => Err(Error::Conflict(Conflict::InvitationNotFound)),
        _ => Ok(()),
    }
}

/// Returns whether the user is the only owner of an organisation with other members. The closing transaction calls this
/// after locking the user's row.
pub(crate) async fn is_needed(conn: &mut AsyncPgConnection, user: UserId) -> Result<bool, Error> {
    let owned: Vec<Uuid> = members::table
        .filter(members::user_id.eq(user.uuid()))
        .filter(members::rank.eq(Rank::Owner.as_str()))
        .select(members::organisation_id)
        .load(conn)
        .await?;
    for id in owned.into_iter().map(OrganisationId::new) {
        let held: Vec<Uuid> =
            open_owners(id, user).for_key_share().skip_locked().load(conn).await?;
        if held.is_empty() && count(conn, id).await? > 1 {
            return Ok(true);
        }
    }
    Ok(false)
}

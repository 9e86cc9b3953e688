//! That an organisation has an owner who can act, also while accounts are being closed.
//!
//! Whoever takes an owner away, or joins, holds the rows of the other owners, so that none of them is closed
//! meanwhile: closing does not wait for a row that somebody holds, it is refused. Whoever is being closed already
//! is waited for, and then does not count. Closing itself holds those others whom nobody else has locked; so it
//! waits for nobody, and of two owners who are closed at the same time one is refused.

use super::members::count;
use crate::error::{Conflict, Error};
use crate::schema::{members, users};
use amana_domain::id::{OrganisationId, UserId};
use amana_domain::organisation::Rank;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Everybody's account that owns this organisation and is open, except for one.
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

/// How many others are owners who can act, as long as this transaction lasts.
pub(super) async fn others(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
    except: UserId,
) -> Result<usize, Error> {
    let held: Vec<Uuid> = open_owners(id, except).for_key_share().load(conn).await?;
    Ok(held.len())
}

/// Nobody joins an organisation in which nobody decides any more.
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

/// Whether some organisation in which others are members has no owner without this one, for whoever closes the
/// account and has locked its row.
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

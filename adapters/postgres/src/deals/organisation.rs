//! Deals in the name of an organisation. All its members can read them; only the parties can act on them.

use super::rows::Loaded;
use super::{DealView, views};
use crate::call_context::current_organisation;
use crate::error::{Conflict, Error};
use crate::organisations;
use crate::page::Page;
use crate::pool::Store;
use crate::schema::deals;
use amana_domain::deal::{Deal, Refusal};
use amana_domain::id::{DealId, OrganisationId, UserId};
use amana_domain::organisation::Act;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Verifies that the user is a member, and keeps the membership until the deal is committed.
pub(super) async fn require_member(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: OrganisationId,
) -> Result<(), Error> {
    let permitted = organisations::permit_until_commit(conn, user, id, Act::Deal).await;
    permitted.map_err(|error| match error {
        Error::NotFound(_) => Error::Conflict(Conflict::UnknownOrganisation),
        other => other,
    })
}

/// Returns whether the call may access deals of this organisation. An API key of an organisation reaches only its own
/// deals, although its creator as a user reaches more.
fn is_within_reach(organisation: Option<OrganisationId>) -> bool {
    current_organisation().is_none_or(|own| organisation == Some(own))
}

/// Returns the organisation of a new deal. An API key of an organisation defaults to that organisation.
///
/// # Errors
/// [`Conflict::UnknownOrganisation`] if the API key belongs to another organisation.
pub(super) fn of_new(asked: Option<OrganisationId>) -> Result<Option<OrganisationId>, Error> {
    let organisation = asked.or(current_organisation());
    if is_within_reach(organisation) {
        Ok(organisation)
    } else {
        Err(Error::Conflict(Conflict::UnknownOrganisation))
    }
}

pub(super) async fn may_read(
    conn: &mut AsyncPgConnection,
    user: UserId,
    deal: &Deal,
    organisation: Option<OrganisationId>,
) -> Result<bool, Error> {
    if !is_within_reach(organisation) {
        return Ok(false);
    }
    match (deal.concerns(user), organisation) {
        (true, _) => Ok(true),
        (false, Some(id)) => organisations::is_member(conn, user, id).await,
        (false, None) => Ok(false),
    }
}

/// Verifies that the deal concerns the user; the domain checks the role.
///
/// # Errors
/// [`Refusal::WrongParty`] if the user may only read the deal; [`Error::NotFound`] otherwise.
pub(super) async fn require_party(
    conn: &mut AsyncPgConnection,
    user: UserId,
    loaded: &Loaded,
) -> Result<(), Error> {
    let Loaded { deal, organisation, .. } = loaded;
    if !is_within_reach(*organisation) {
        return Err(Error::NotFound("deal"));
    }
    if deal.concerns(user) {
        return Ok(());
    }
    Err(match may_read(conn, user, deal, *organisation).await? {
        true => Error::Refused(Refusal::WrongParty { wanted: deal.offered_by }),
        false => Error::NotFound("deal"),
    })
}

impl Store {
    /// Returns the deals in the name of an organisation, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] unless the user is a member.
    pub async fn organisation_deals(
        &self,
        user: UserId,
        id: OrganisationId,
        after: Option<DealId>,
        limit: i64,
    ) -> Result<Page<DealView>, Error> {
        if !is_within_reach(Some(id)) {
            return Err(Error::NotFound("organisation"));
        }
        let mut conn = self.connection().await?;
        organisations::permit(&mut conn, user, id, Act::Read).await?;
        let ids: Vec<Uuid> = deals::table
            .filter(deals::organisation_id.eq(id.uuid()))
            .filter(deals::id.lt(after.map_or(Uuid::max(), DealId::uuid)))
            .order(deals::id.desc())
            .limit(Page::<Uuid>::fetch(limit))
            .select(deals::id)
            .load(&mut conn)
            .await?;
        views(&mut conn, self.vault()?, Page::cut(ids, limit)).await
    }
}

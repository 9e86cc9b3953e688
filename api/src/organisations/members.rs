//! Who belongs to an organisation, and as what.

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::page::{Cursor, PageOf, limit};
use crate::people::PersonAnswer;
use crate::problem::ApiError;
use crate::wire::{Limit, Timestamp, Wire};
use amana_domain::id::{OrganisationId, UserId};
use amana_domain::organisation::Rank;
use amana_postgres::MemberView;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// What a member is to be.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SetMemberRole {
    role: Wire<Rank>,
}

/// Somebody who belongs to an organisation.
#[derive(Debug, Object)]
#[oai(rename = "Member")]
struct MemberAnswer {
    person: PersonAnswer,
    role: Wire<Rank>,
    joined_at: Timestamp,
}

impl From<MemberView> for MemberAnswer {
    fn from(member: MemberView) -> Self {
        Self {
            person: member.person.into(),
            role: member.rank.into(),
            joined_at: member.joined_at.into(),
        }
    }
}

#[derive(ApiResponse)]
enum Current {
    /// The member as they are now.
    #[oai(status = 200)]
    Member(Json<MemberAnswer>),
}

#[derive(ApiResponse)]
enum Listed {
    /// One page of members.
    #[oai(status = 200)]
    Page(Json<PageOf<MemberAnswer>>),
}

#[derive(ApiResponse)]
enum Removed {
    /// The person does not belong to the organisation any more.
    #[oai(status = 204)]
    Done,
}

pub(crate) struct Members;

#[OpenApi(prefix_path = "/v1/organisations", tag = "Chapter::Organisations")]
impl Members {
    /// List the members of an organisation
    ///
    /// At most 200, in the order in which they registered. For members. Problems: `not_found` (404).
    #[oai(path = "/:id/members", method = "get", operation_id = "list_members")]
    async fn list_members(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<UserId>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Listed, ApiError> {
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.members(caller.user(), id.0.0, after, limit(size.0)).await?;
        Ok(Listed::Page(Json(PageOf::of(page, |one| one.person.id, MemberAnswer::from))))
    }

    /// Set the role of a member
    ///
    /// For owners, who hand an organisation over by making somebody else an owner. Open invitations that the member
    /// could not make any more are taken back. Problems: `insufficient_role` (403), `last_owner` (409), `not_found`
    /// (404).
    #[oai(path = "/:id/members/:user/role", method = "put", operation_id = "set_member_role")]
    async fn set_member_role(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// The id of the member.
        user: Path<Wire<UserId>>,
        body: Body<SetMemberRole>,
    ) -> Result<Current, ApiError> {
        let (by, member, rank) = (caller.user(), (id.0.0, user.0.0), body.value.role.0);
        let changed = context
            .write(async move |store, now| store.set_member_role(by, member, rank, now).await)
            .await?;
        Ok(Current::Member(Json(changed.into())))
    }

    /// Send a member away, or leave
    ///
    /// Admins send members away, owners everybody; everybody may leave. Open invitations that the person made are
    /// taken back; deals in the name of the organisation stay. Problems: `insufficient_role` (403), `last_owner` (409),
    /// `not_found` (404).
    #[oai(path = "/:id/members/:user", method = "delete", operation_id = "remove_member")]
    async fn remove_member(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// The id of the member.
        user: Path<Wire<UserId>>,
    ) -> Result<Removed, ApiError> {
        let (by, member) = (caller.user(), (id.0.0, user.0.0));
        context.write(async move |store, now| store.remove_member(by, member, now).await).await?;
        Ok(Removed::Done)
    }
}

//! Members of an organisation and their roles.

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

/// A new role of a member.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct SetMemberRole {
    role: Wire<Rank>,
}

/// A member of an organisation.
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
    /// The member.
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
    /// The user is no longer a member.
    #[oai(status = 204)]
    Done,
}

pub(crate) struct Members;

#[OpenApi(prefix_path = "/v1/organisations", tag = "Chapter::Organisations")]
impl Members {
    /// List the members of an organisation
    ///
    /// For its members. An organisation has at most 200 members, listed in the order of their registration. Problems:
    /// `not_found` (404).
    #[oai(path = "/:id/members", method = "get", operation_id = "list_members")]
    async fn list_members(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<UserId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Listed, ApiError> {
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.members(caller.user(), id.0.0, after, limit(size.0)).await?;
        Ok(Listed::Page(Json(PageOf::of(page, |one| one.person.id, MemberAnswer::from))))
    }

    /// Set the role of a member
    ///
    /// For owners. To hand over an organisation, make another member an owner. Open invitations that the member may no
    /// longer send are withdrawn. Problems: `insufficient_role` (403), `last_owner` (409), `not_found` (404).
    #[oai(path = "/:id/members/:user/role", method = "put", operation_id = "set_member_role")]
    async fn set_member_role(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// Id of the member.
        user: Path<Wire<UserId>>,
        body: Body<SetMemberRole>,
    ) -> Result<Current, ApiError> {
        let (by, member, rank) = (caller.user(), (id.0.0, user.0.0), body.value.role.0);
        let changed = context
            .write(async move |store, now| store.set_member_role(by, member, rank, now).await)
            .await?;
        Ok(Current::Member(Json(changed.into())))
    }

    /// Remove a member or leave
    ///
    /// Owners can remove anyone, admins can remove members, and every member can leave. Open invitations sent by the
    /// user are withdrawn; deals in the organisation's name stay. Problems: `insufficient_role` (403), `last_owner`
    /// (409), `not_found` (404).
    #[oai(path = "/:id/members/:user", method = "delete", operation_id = "remove_member")]
    async fn remove_member(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// Id of the member.
        user: Path<Wire<UserId>>,
    ) -> Result<Removed, ApiError> {
        let (by, member) = (caller.user(), (id.0.0, user.0.0));
        context.write(async move |store, now| store.remove_member(by, member, now).await).await?;
        Ok(Removed::Done)
    }
}

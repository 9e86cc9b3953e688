//! Invitations to an organisation: create, list, resend, revoke.

mod answering;

pub(crate) use answering::Answers;

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::page::{Cursor, PageOf, limit};
use crate::people::PersonAnswer;
use crate::problem::ApiError;
use crate::wire::{Email, Limit, Timestamp, Wire};
use amana_domain::id::{InvitationId, OrganisationId};
use amana_domain::organisation::{GENERATIONS_MAX, Rank};
use amana_postgres::{InvitationView, NewInvitation};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A new invitation.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateInvitation {
    /// E-mail address of the invitee. The response does not show whether it has an account.
    email: Wire<Email>,
    /// Role of the invitee, `member` or `admin`; it must be below your own.
    role: Wire<Rank>,
}

/// An open invitation.
#[derive(Debug, Object)]
#[oai(rename = "Invitation")]
struct InvitationAnswer {
    id: Wire<InvitationId>,
    /// Masked e-mail address, such as `a****@example.com`.
    email: String,
    role: Wire<Rank>,
    /// Member who sent the invitation last.
    inviter: PersonAnswer,
    created_at: Timestamp,
    sent_at: Timestamp,
    /// Number of resends left.
    resends_remaining: i16,
    expires_at: Timestamp,
}

impl From<InvitationView> for InvitationAnswer {
    fn from(invitation: InvitationView) -> Self {
        Self {
            id: invitation.id.into(),
            email: invitation.to.masked(),
            role: invitation.rank.into(),
            inviter: invitation.inviter.into(),
            created_at: invitation.created_at.into(),
            sent_at: invitation.sent_at.into(),
            resends_remaining: GENERATIONS_MAX.saturating_sub(invitation.generation),
            expires_at: invitation.expires_at.into(),
        }
    }
}

#[derive(ApiResponse)]
enum Created {
    /// Created; the e-mail is queued.
    #[oai(status = 201)]
    Invitation(Json<InvitationAnswer>),
}

#[derive(ApiResponse)]
enum Resent {
    /// The e-mail is queued again.
    #[oai(status = 200)]
    Invitation(Json<InvitationAnswer>),
}

#[derive(ApiResponse)]
enum Listed {
    /// One page of invitations.
    #[oai(status = 200)]
    Page(Json<PageOf<InvitationAnswer>>),
}

#[derive(ApiResponse)]
enum Revoked {
    /// Revoked; the token that was sent is invalid.
    #[oai(status = 204)]
    Done,
}

pub(crate) struct Invitations;

#[OpenApi(prefix_path = "/v1/organisations", tag = "Chapter::Organisations")]
impl Invitations {
    /// Invite a user to your organisation
    ///
    /// Sends an e-mail in your language, with a token that is valid for seven days. Admins can invite members; owners
    /// can also invite admins. An organisation has at most 50 open invitations and 100 new ones per day. Problems:
    /// `insufficient_role` (403), `already_member`, `invitation_open`, `invitation_limit` (409), `not_found` (404).
    #[oai(path = "/:id/invitations", method = "post", operation_id = "create_invitation")]
    async fn create_invitation(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        body: Body<CreateInvitation>,
    ) -> Result<Created, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        let new = NewInvitation { email: body.value.email.0.0, rank: body.value.role.0 };
        let made = context
            .write(async move |store, now| store.create_invitation(user, id, &new, now).await)
            .await?;
        Ok(Created::Invitation(Json(made.into())))
    }

    /// List open invitations
    ///
    /// For admins and owners. Newest first. Problems: `insufficient_role` (403), `not_found` (404).
    #[oai(path = "/:id/invitations", method = "get", operation_id = "list_invitations")]
    async fn list_invitations(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<InvitationId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Listed, ApiError> {
        let part = (after.0.map(|Cursor(id)| id), limit(size.0));
        let page = context.store.invitations(caller.user(), id.0.0, part, context.now()).await?;
        Ok(Listed::Page(Json(PageOf::of(page, |one| one.id, InvitationAnswer::from))))
    }

    /// Resend an invitation
    ///
    /// For members who may create such an invitation. Sends a new token; the old one becomes invalid. An invitation can
    /// be resent five times, at most once a minute. Problems: `insufficient_role` (403), `invitation_limit` (409),
    /// `invitation_too_soon` (429, `Retry-After`), `not_found` (404), also for a closed invitation.
    #[oai(
        path = "/:id/invitations/:invitation/resend",
        method = "post",
        operation_id = "resend_invitation"
    )]
    async fn resend_invitation(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// Id of the invitation.
        invitation: Path<Wire<InvitationId>>,
    ) -> Result<Resent, ApiError> {
        let (user, which) = (caller.user(), (id.0.0, invitation.0.0));
        let sent = context
            .write(async move |store, now| store.resend_invitation(user, which, now).await)
            .await?;
        Ok(Resent::Invitation(Json(sent.into())))
    }

    /// Revoke an invitation
    ///
    /// For members who may create such an invitation. Problems: `insufficient_role` (403), `not_found` (404), also for
    /// a closed invitation.
    #[oai(
        path = "/:id/invitations/:invitation",
        method = "delete",
        operation_id = "revoke_invitation"
    )]
    async fn revoke_invitation(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// Id of the invitation.
        invitation: Path<Wire<InvitationId>>,
    ) -> Result<Revoked, ApiError> {
        let (user, which) = (caller.user(), (id.0.0, invitation.0.0));
        context
            .write(async move |store, now| store.revoke_invitation(user, which, now).await)
            .await?;
        Ok(Revoked::Done)
    }
}

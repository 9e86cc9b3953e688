//! Invitations to an organisation, as its members see them.

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

/// Whom to invite.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateInvitation {
    /// Where the invitation goes. Whether the address has an account is not told here.
    email: Wire<Email>,
    /// `member` or `admin`, below the caller's own.
    rank: Wire<Rank>,
}

/// An invitation that waits for an answer.
#[derive(Debug, Object)]
#[oai(rename = "Invitation")]
struct InvitationAnswer {
    id: Wire<InvitationId>,
    /// Masked: `a****@example.com`.
    email: String,
    rank: Wire<Rank>,
    /// Who sent it last.
    inviter: PersonAnswer,
    created_at: Timestamp,
    sent_at: Timestamp,
    /// How often it may be sent again.
    resends_left: i16,
    expires_at: Timestamp,
}

impl From<InvitationView> for InvitationAnswer {
    fn from(invitation: InvitationView) -> Self {
        Self {
            id: invitation.id.into(),
            email: invitation.to.masked(),
            rank: invitation.rank.into(),
            inviter: invitation.inviter.into(),
            created_at: invitation.created_at.into(),
            sent_at: invitation.sent_at.into(),
            resends_left: GENERATIONS_MAX.saturating_sub(invitation.generation),
            expires_at: invitation.expires_at.into(),
        }
    }
}

#[derive(ApiResponse)]
enum Created {
    /// Invited; the e-mail is on its way.
    #[oai(status = 201)]
    Invitation(Json<InvitationAnswer>),
}

#[derive(ApiResponse)]
enum Resent {
    /// On its way again.
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
    /// Taken back: what was sent is not good any more.
    #[oai(status = 204)]
    Done,
}

pub(crate) struct Invitations;

#[OpenApi(prefix_path = "/v1/organisations", tag = "Chapter::Organisations")]
impl Invitations {
    /// Invite somebody
    ///
    /// By an e-mail with a token, good for seven days, in the language of the caller. Admins invite members, owners
    /// admins, too. At most 50 invitations are open, and 100 made in a day. Problems: `insufficient_role` (403),
    /// `already_member`, `invitation_open`, `invitation_limit` (409), `not_found` (404).
    #[oai(path = "/:id/invitations", method = "post", operation_id = "create_invitation")]
    async fn create(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the organisation.
        id: Path<Wire<OrganisationId>>,
        body: Body<CreateInvitation>,
    ) -> Result<Created, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        let new = NewInvitation { email: body.value.email.0.0, rank: body.value.rank.0 };
        let made = context
            .write(async move |store, now| store.create_invitation(user, id, &new, now).await)
            .await?;
        Ok(Created::Invitation(Json(made.into())))
    }

    /// List open invitations
    ///
    /// Newest first. For admins and owners. Problems: `insufficient_role` (403), `not_found` (404).
    #[oai(path = "/:id/invitations", method = "get", operation_id = "list_invitations")]
    async fn list(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<InvitationId>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Listed, ApiError> {
        let part = (after.0.map(|Cursor(id)| id), limit(size.0));
        let page = context.store.invitations(caller.user(), id.0.0, part, context.now()).await?;
        Ok(Listed::Page(Json(PageOf::of(page, |one| one.id, InvitationAnswer::from))))
    }

    /// Send an invitation again
    ///
    /// With another token: the one before is not good any more. Five times at most, a minute apart. For those who
    /// could make it. Problems: `insufficient_role` (403), `invitation_limit` (409), `invitation_too_soon` (429,
    /// `Retry-After`), `not_found` (404), also if it is over.
    #[oai(
        path = "/:id/invitations/:invitation/resend",
        method = "post",
        operation_id = "resend_invitation"
    )]
    async fn resend(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// The id of the invitation.
        invitation: Path<Wire<InvitationId>>,
    ) -> Result<Resent, ApiError> {
        let (user, which) = (caller.user(), (id.0.0, invitation.0.0));
        let sent = context
            .write(async move |store, now| store.resend_invitation(user, which, now).await)
            .await?;
        Ok(Resent::Invitation(Json(sent.into())))
    }

    /// Take an invitation back
    ///
    /// For those who could make it. Problems: `insufficient_role` (403), `not_found` (404), also if it is over.
    #[oai(
        path = "/:id/invitations/:invitation",
        method = "delete",
        operation_id = "revoke_invitation"
    )]
    async fn revoke(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// The id of the invitation.
        invitation: Path<Wire<InvitationId>>,
    ) -> Result<Revoked, ApiError> {
        let (user, which) = (caller.user(), (id.0.0, invitation.0.0));
        context
            .write(async move |store, now| store.revoke_invitation(user, which, now).await)
            .await?;
        Ok(Revoked::Done)
    }
}

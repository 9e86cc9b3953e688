//! Invitations to an organisation, for the invitee. The token authenticates the request. It is sent in bodies only,
//! because addresses are logged.

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::device;
use crate::organisations::Current;
use crate::password::KnownWords;
use crate::problem::ApiError;
use crate::sessions::{Delivery, TokensAnswer};
use crate::wire::{NewPassword, PersonName, Phone, Timestamp, Wire};
use amana_domain::handle::Handle;
use amana_domain::notice::Locale;
use amana_domain::organisation::Rank;
use amana_domain::permission::UserRole;
use amana_domain::personal::Personal;
use amana_postgres::{Conflict, NewUser, OpenInvitation};
use poem::web::Data;
use poem::web::cookie::CookieJar;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A request for an invitation.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct GetInvitation {
    /// Token from the invitation e-mail.
    token: String,
}

/// Acceptance by a new user.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct AcceptInvitation {
    /// Token from the invitation e-mail.
    token: String,
    /// Name that other users see.
    name: Wire<PersonName>,
    /// Mobile-money number, international (`+254712345678`) or Kenyan (`0712345678`).
    phone: Option<Wire<Phone>>,
    /// 10 to 128 characters. Passwords that are easy to guess or contain personal data are rejected.
    password: NewPassword,
    /// Language of messages; English by default.
    language: Option<Wire<Locale>>,
    /// Name for finding and paying you, such as `@amina`; you can also set it later (`set_handle`).
    handle: Option<Wire<Handle>>,
    /// With `true`, the tokens are set as cookies and omitted from the body. For browsers.
    cookies: Option<bool>,
}

/// Acceptance by an existing user.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct JoinOrganisation {
    /// Token from the invitation e-mail.
    token: String,
}

/// The details of an invitation.
#[derive(Debug, Object)]
struct InvitationDetails {
    organisation_name: String,
    inviter_name: String,
    /// Role of the invitee.
    role: Wire<Rank>,
    /// Masked e-mail address of the invitee, such as `a****@example.com`.
    email: String,
    expires_at: Timestamp,
    /// Whether a user has verified the address. If so, accept with `join_organisation`, otherwise with
    /// `accept_invitation`. Visible only to the holder of a token that was sent to the address.
    has_account: bool,
}

impl From<OpenInvitation> for InvitationDetails {
    fn from(invitation: OpenInvitation) -> Self {
        Self {
            organisation_name: invitation.organisation_name,
            inviter_name: invitation.inviter.name,
            role: invitation.rank.into(),
            email: invitation.to.masked(),
            expires_at: invitation.expires_at.into(),
            has_account: invitation.has_account,
        }
    }
}

#[derive(ApiResponse)]
enum Found {
    /// The invitation.
    #[oai(status = 200)]
    Details(Json<InvitationDetails>),
}

#[derive(ApiResponse)]
enum Accepted {
    /// The new user is registered, a member, and logged in.
    #[oai(status = 201)]
    Tokens(Json<TokensAnswer>),
}

impl AcceptInvitation {
    /// Checks the token before hashing the password, which is expensive. The token is checked again when the user is
    /// created.
    async fn parse(self, context: &Context) -> Result<(String, NewUser), ApiError> {
        let key = &context.codes;
        let invitation = context.store.open_invitation(key, &self.token, context.now()).await?;
        if invitation.has_account {
            return Err(Conflict::AccountExists.into());
        }
        let email = invitation.to.as_str().to_owned();
        let phone = self.phone.map(|phone| phone.0.0);
        let known = KnownWords::of_person(&self.name.0.0, Some(&email), phone.as_ref());
        context.passwords.judge(&self.password.0, known).await?;
        let new = NewUser {
            name: self.name.0.0,
            email: Some(Personal::new(email)),
            phone,
            password_hash: context.passwords.hash(self.password.0).await?,
            role: UserRole::User,
            locale: self.language.map_or(Locale::English, |language| language.0),
            handle: self.handle.map(|handle| handle.0),
        };
        Ok((self.token, new))
    }
}

pub(crate) struct Answers;

#[OpenApi(prefix_path = "/v1/invitations", tag = "Chapter::Organisations")]
impl Answers {
    /// Get an invitation by token
    ///
    /// Returns the organisation, the inviter and the role. Problems: `invitation_not_found` (404) if the token is
    /// invalid or has expired, or the invitation was accepted, revoked or resent.
    #[oai(path = "/details", method = "post", operation_id = "get_invitation")]
    async fn get_invitation(
        &self,
        context: Data<&Arc<Context>>,
        body: Body<GetInvitation>,
    ) -> Result<Found, ApiError> {
        let (key, token, now) = (&context.codes, &body.value.token, context.now());
        let invitation = context.store.open_invitation(key, token, now).await?;
        Ok(Found::Details(Json(invitation.into())))
    }

    /// Accept an invitation as new user
    ///
    /// Creates an account with the invited e-mail address, which counts as verified. Adds the user to the organisation
    /// and logs in, in the same transaction. Notifies the inviter. Problems: `invitation_not_found` (404),
    /// `account_exists` (409), log in and call `join_organisation`; `handle_taken`, `member_limit` (409),
    /// `invalid_request` (422), also for a password that is too easy to guess.
    #[oai(path = "/accept", method = "post", operation_id = "accept_invitation")]
    async fn accept_invitation(
        &self,
        context: Data<&Arc<Context>>,
        device: device::From,
        jar: &CookieJar,
        body: Body<AcceptInvitation>,
    ) -> Result<Accepted, ApiError> {
        let delivery = Delivery::wanted(body.value.cookies, jar);
        let (token, new) = body.value.parse(&context).await?;
        let (key, device) = (context.codes.clone(), device.0);
        let (user, session) = context
            .write(async move |store, now| {
                store.accept_invitation(&key, &token, new, &device, now).await
            })
            .await?;
        let tokens = TokensAnswer::of(&context, &user, &session, delivery).await?;
        Ok(Accepted::Tokens(Json(tokens)))
    }

    /// Accept an invitation as existing user
    ///
    /// For the user whose e-mail address received the invitation. Verifies the address and adds you to the
    /// organisation. Notifies the inviter. Problems: `invitation_not_found` (404), `invitation_for_another`,
    /// `account_closed` (403), `already_member`, `member_limit`, `organisation_limit` (409).
    #[oai(path = "/join", method = "post", operation_id = "join_organisation")]
    async fn join_organisation(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<JoinOrganisation>,
    ) -> Result<Current, ApiError> {
        let (key, token, user) = (context.codes.clone(), body.value.token, caller.user());
        let joined = context
            .write(async move |store, now| store.join_organisation(&key, &token, user, now).await)
            .await?;
        Ok(joined.into())
    }
}

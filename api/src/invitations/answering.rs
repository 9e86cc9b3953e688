//! Invitations as the invited person sees them. The token is all that they need, and stands in bodies only:
//! addresses are logged.

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

/// Which invitation is asked about.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct GetInvitation {
    /// As the e-mail has it.
    token: String,
}

/// Somebody without an account accepts.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct AcceptInvitation {
    /// As the e-mail has it.
    token: String,
    /// What the other party of a deal gets to see.
    name: Wire<PersonName>,
    /// The mobile-money number, international (`+254712345678`) or Kenyan (`0712345678`).
    phone: Option<Wire<Phone>>,
    /// 10 to 128 characters that are hard to guess, also for those who know the person.
    password: NewPassword,
    /// The language of messages; English if left out.
    language: Option<Wire<Locale>>,
    /// The name to be found and paid by, such as `@amina`; it can be set later, see `set_handle`.
    handle: Option<Wire<Handle>>,
    /// For browsers: the tokens come as cookies, and only those.
    cookies: Option<bool>,
}

/// Somebody with an account accepts.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct JoinOrganisation {
    /// As the e-mail has it.
    token: String,
}

/// What an invitation is about.
#[derive(Debug, Object)]
struct InvitationDetails {
    organisation_name: String,
    inviter_name: String,
    /// What the person is to be.
    rank: Wire<Rank>,
    /// Where it went, masked: `a****@example.com`.
    email: String,
    expires_at: Timestamp,
    /// Whether an account has verified the address, which `join_organisation` needs; without one, `accept_invitation` makes it.
    /// This is told to nobody but the holder of a token that was sent to the address.
    has_account: bool,
}

impl From<OpenInvitation> for InvitationDetails {
    fn from(invitation: OpenInvitation) -> Self {
        Self {
            organisation_name: invitation.organisation_name,
            inviter_name: invitation.inviter.name,
            rank: invitation.rank.into(),
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
    /// Registered, a member, and logged in.
    #[oai(status = 201)]
    Tokens(Json<TokensAnswer>),
}

impl AcceptInvitation {
    /// Whether the token is good is looked at before a password is hashed for it; that it is good still is seen
    /// again when the account is made.
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
    /// Look at an invitation
    ///
    /// With the token of the e-mail. Problems: `invitation_not_found` (404), whatever is wrong with the token, and
    /// also if the invitation was answered, taken back, sent again, or not answered in seven days.
    #[oai(path = "/details", method = "post", operation_id = "get_invitation")]
    async fn get(
        &self,
        context: Data<&Arc<Context>>,
        body: Body<GetInvitation>,
    ) -> Result<Found, ApiError> {
        let (key, token, now) = (&context.codes, &body.value.token, context.now());
        let invitation = context.store.open_invitation(key, token, now).await?;
        Ok(Found::Details(Json(invitation.into())))
    }

    /// Accept an invitation without an account
    ///
    /// Opens an account with the address that the invitation was sent to, which is proven by that, makes the person
    /// a member, opens a session, and tells whoever invited them; all of it or nothing. Problems:
    /// `invitation_not_found` (404), `account_exists` (409): log in and `join_organisation`;
    /// `handle_taken`, `member_limit` (409), `invalid_request` (422), also for a password that is too easy to guess.
    #[oai(path = "/accept", method = "post", operation_id = "accept_invitation")]
    async fn accept(
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

    /// Accept an invitation with an account
    ///
    /// For the account whose address the invitation was sent to, which is proven by that. Whoever invited the person
    /// is told. Problems: `invitation_not_found` (404), `invitation_for_another`, `account_closed` (403),
    /// `already_member`, `member_limit`, `organisation_limit` (409).
    #[oai(path = "/join", method = "post", operation_id = "join_organisation")]
    async fn join(
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

//! API keys of the caller: made, listed, given a new secret, revoked. All of it is for people only.

mod answer;
mod ring;
mod text;

pub(crate) use answer::ApiKeyAnswer;
pub(crate) use ring::{GoodKey, KeyRing};
pub(crate) use text::is_key;

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::step_up::require_step_up;
use crate::wire::{ApiKeyName, LifeDays, Limit, OverlapSeconds, Wire};
use amana_domain::api_key::{OVERLAP_DEFAULT, Scope};
use amana_domain::factor::Risk;
use amana_domain::id::{ApiKeyId, OrganisationId};
use amana_postgres::{KeptSecret, NewApiKey};
use answer::SecretAnswer;
use chrono::TimeDelta;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// A key to be made.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateApiKey {
    /// What it is for, in a few words.
    name: Wire<ApiKeyName>,
    /// As few as the machine needs.
    #[oai(validator(min_items = 1, max_items = 10))]
    #[serde(deserialize_with = "bounded")]
    scopes: Vec<Wire<Scope>>,
    /// It is good for so many days, at most a year; a rotation begins them anew.
    expires_in_days: LifeDays,
    /// The organisation to which it is to belong; the caller is an admin or owner there. What such a key makes belongs
    /// to the organisation too, its admins and owners see and revoke it, and it ends when its maker is none any more. It
    /// reaches the deals of the organisation and nothing of its maker's own, so it takes the scopes `deals:read` and
    /// `deals:write` only.
    organisation_id: Option<Wire<OrganisationId>>,
}

impl CreateApiKey {
    fn parse(self, id: ApiKeyId, secret: KeptSecret) -> Result<NewApiKey, ApiError> {
        let scopes: BTreeSet<Scope> = self.scopes.into_iter().map(|scope| scope.0).collect();
        if self.organisation_id.is_some() && !scopes.iter().all(|one| one.is_of_organisations()) {
            let detail = "a key of an organisation takes deals:read and deals:write only";
            return Err(ApiError::field("/scopes", detail));
        }
        let lasts = TimeDelta::days(self.expires_in_days.get());
        let organisation = self.organisation_id.map(|id| id.0);
        Ok(NewApiKey { id, name: self.name.0.0, organisation, scopes, lasts, secret })
    }
}

/// How long the secret before stays good.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RotateApiKey {
    /// Seconds, at most seven days; 86400 (a day) if left out, and with 0 the old secret ends at once.
    overlap_s: Option<OverlapSeconds>,
}

// The document's own check does not say where the list is.
fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Wire<Scope>>, D::Error> {
    let scopes = Vec::deserialize(deserializer)?;
    let most = Scope::ALL.len();
    if (1..=most).contains(&scopes.len()) {
        Ok(scopes)
    } else {
        Err(D::Error::custom(format!("expected 1 to {most} scopes")))
    }
}

#[derive(ApiResponse)]
enum Created {
    /// The key with its secret, this once.
    #[oai(status = 201)]
    Key(Json<SecretAnswer>),
}

#[derive(ApiResponse)]
enum Rotated {
    /// The key with its new secret, this once.
    #[oai(status = 200)]
    Key(Json<SecretAnswer>),
}

#[derive(ApiResponse)]
enum Listed {
    /// One page of keys.
    #[oai(status = 200)]
    Page(Json<PageOf<ApiKeyAnswer>>),
}

#[derive(ApiResponse)]
enum Found {
    /// The key.
    #[oai(status = 200)]
    Key(Json<ApiKeyAnswer>),
}

#[derive(ApiResponse)]
pub(crate) enum Revoked {
    /// None of its secrets is good any more; elsewhere it may be taken for another second.
    #[oai(status = 204)]
    Done,
}

pub(crate) struct ApiKeys;

#[OpenApi(prefix_path = "/v1/api-keys", tag = "Chapter::ApiKeys")]
impl ApiKeys {
    /// Make an API key
    ///
    /// A key with which a machine calls in the caller's name, as far as its scopes reach. Answers its secret, once:
    /// whoever loses it rotates the key. The person gets an e-mail. It outlives sessions and a changed password; it ends
    /// when it is revoked, when its time is over, when a forgotten password is reset, and when the account is closed. Problems: `step_up_required` (403), see
    /// `step_up_session`; `too_many_api_keys` (409) beyond 20; `unknown_organisation` (422), `rank_too_low` (403);
    /// `account_closed`, `contact_unverified` (403).
    #[oai(path = "/", method = "post", operation_id = "create_api_key")]
    async fn create(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<CreateApiKey>,
    ) -> Result<Created, ApiError> {
        require_step_up(&context, &caller, Risk::ApiKey).await?;
        let (user, id) = (caller.user(), ApiKeyId::new(Uuid::now_v7()));
        let (shown, secret) = text::new_secret(context.keys.mode(), id)?;
        let new = body.value.parse(id, secret)?;
        let key = context
            .write(async move |store, now| store.create_api_key(user, &new, now).await)
            .await?;
        Ok(Created::Key(Json(SecretAnswer::of(&shown, key, context.now()))))
    }

    /// List one's API keys
    ///
    /// Newest first, those that are over too. Secrets are never shown again.
    #[oai(path = "/", method = "get", operation_id = "list_api_keys")]
    async fn list(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<ApiKeyId>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Listed, ApiError> {
        let (after, now) = (after.0.map(|Cursor(id)| id), context.now());
        let page = context.store.api_keys(caller.user(), after, limit(size.0)).await?;
        let page = PageOf::of(page, |key| key.id, |key| ApiKeyAnswer::of(key, now));
        Ok(Listed::Page(Json(page)))
    }

    /// Get an API key
    ///
    /// What it may do, until when, and when it was used last. Problems: `not_found` (404).
    #[oai(path = "/:id", method = "get", operation_id = "get_api_key")]
    async fn get(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the key.
        id: Path<Wire<ApiKeyId>>,
    ) -> Result<Found, ApiError> {
        let key = context.store.api_key(caller.user(), id.0.0).await?;
        Ok(Found::Key(Json(ApiKeyAnswer::of(key, context.now()))))
    }

    /// Give an API key a new secret
    ///
    /// Answers it, once; it is good for as many days as the key was made for. The one before stays good for the
    /// overlap, so that machines can be given the new one in turn; the one before that ends at once. The person gets
    /// an e-mail. Problems: `step_up_required` (403), see `step_up_session`; `api_key_over` (409) if it was revoked
    /// or has expired; `account_closed` (403); `not_found` (404).
    #[oai(path = "/:id/rotate", method = "post", operation_id = "rotate_api_key")]
    async fn rotate(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the key.
        id: Path<Wire<ApiKeyId>>,
        body: Body<RotateApiKey>,
    ) -> Result<Rotated, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        // What does not exist is not found, whoever is proven.
        context.store.api_key(user, id).await?;
        require_step_up(&context, &caller, Risk::ApiKey).await?;
        let overlap = body.value.overlap_s.map_or(OVERLAP_DEFAULT, |s| TimeDelta::seconds(s.get()));
        let (shown, secret) = text::new_secret(context.keys.mode(), id)?;
        let key = context
            .write(async move |store, now| {
                store.rotate_api_key((user, id), &secret, overlap, now).await
            })
            .await?;
        context.keys.forget(id);
        Ok(Rotated::Key(Json(SecretAnswer::of(&shown, key, context.now()))))
    }

    /// Revoke an API key
    ///
    /// Ends it with all its secrets; one that is revoked stays so. Problems: `not_found` (404).
    #[oai(path = "/:id", method = "delete", operation_id = "revoke_api_key")]
    async fn revoke(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the key.
        id: Path<Wire<ApiKeyId>>,
    ) -> Result<Revoked, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        context.write(async move |store, now| store.revoke_api_key(user, id, now).await).await?;
        context.keys.forget(id);
        Ok(Revoked::Done)
    }
}

//! API keys: create, list, rotate, revoke. Only a user session may call these operations.

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

/// A new API key.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateApiKey {
    /// Purpose of the key, in a few words.
    name: Wire<ApiKeyName>,
    /// Scopes of the key. Grant only what the machine needs.
    #[oai(validator(min_items = 1, max_items = 10))]
    #[serde(deserialize_with = "bounded")]
    scopes: Vec<Wire<Scope>>,
    /// Lifetime of each secret in days, at most 365. A rotation restarts it.
    expires_in_days: LifeDays,
    /// Organisation that owns the key; you must be an admin or owner of it. The key reaches only the organisation's
    /// deals, so only the scopes `deals:read` and `deals:write` are allowed. Deals created with it belong to the
    /// organisation. All admins and owners can see and revoke it. It is revoked when you stop being an admin or owner.
    organisation_id: Option<Wire<OrganisationId>>,
}

impl CreateApiKey {
    fn parse(self, id: ApiKeyId, secret: KeptSecret) -> Result<NewApiKey, ApiError> {
        let scopes: BTreeSet<Scope> = self.scopes.into_iter().map(|scope| scope.0).collect();
        if self.organisation_id.is_some() && !scopes.iter().all(|one| one.is_of_organisations()) {
            let detail = "an organisation's key allows only the scopes deals:read and deals:write";
            return Err(ApiError::field("/scopes", detail));
        }
        let lasts = TimeDelta::days(self.expires_in_days.get());
        let organisation = self.organisation_id.map(|id| id.0);
        Ok(NewApiKey { id, name: self.name.0.0, organisation, scopes, lasts, secret })
    }
}

/// Rotation of an API key.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RotateApiKey {
    /// Seconds for which the previous secret stays valid, at most 604800 (seven days); 86400 (one day) by default. With
    /// 0, the previous secret ends immediately.
    overlap_s: Option<OverlapSeconds>,
}

// The framework's validator does not report the path of the list.
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
    /// The key with its secret, which is returned only once.
    #[oai(status = 201)]
    Key(Json<SecretAnswer>),
}

#[derive(ApiResponse)]
enum Rotated {
    /// The key with its new secret, which is returned only once.
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
    /// Revoked. Other servers may accept the key for one more second.
    #[oai(status = 204)]
    Done,
}

pub(crate) struct ApiKeys;

#[OpenApi(prefix_path = "/v1/api-keys", tag = "Chapter::ApiKeys")]
impl ApiKeys {
    /// Create an API key
    ///
    /// A key lets a machine call the API in your name, within the key's scopes. Returns the secret once; if you lose
    /// it, rotate the key. Sends you an e-mail. The key outlives sessions and password changes. It ends when it expires
    /// or is revoked, when you reset a forgotten password, and when your account is closed. Problems:
    /// `step_up_required` (403), see `step_up_session`; `too_many_api_keys` (409) beyond 20; `unknown_organisation`
    /// (422), `insufficient_role` (403); `account_closed`, `verified_contact_required` (403).
    #[oai(path = "/", method = "post", operation_id = "create_api_key")]
    async fn create_api_key(
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

    /// List your API keys
    ///
    /// Newest first, including expired and revoked keys. Secrets are never returned.
    #[oai(path = "/", method = "get", operation_id = "list_api_keys")]
    async fn list_api_keys(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<ApiKeyId>>>,
        /// Maximum number of items per page; 20 by default.
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
    /// Returns its scopes, expiry and last use. Problems: `not_found` (404).
    #[oai(path = "/:id", method = "get", operation_id = "get_api_key")]
    async fn get_api_key(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the key.
        id: Path<Wire<ApiKeyId>>,
    ) -> Result<Found, ApiError> {
        let key = context.store.api_key(caller.user(), id.0.0).await?;
        Ok(Found::Key(Json(ApiKeyAnswer::of(key, context.now()))))
    }

    /// Rotate an API key
    ///
    /// Returns a new secret once; its lifetime is that of the first secret. The previous secret stays valid for the
    /// overlap, so that you can update machines one by one. Any older secret ends immediately. Sends you an e-mail.
    /// Problems: `step_up_required` (403), see `step_up_session`; `api_key_revoked` (409) if it was revoked or has
    /// expired; `account_closed` (403); `not_found` (404).
    #[oai(path = "/:id/rotate", method = "post", operation_id = "rotate_api_key")]
    async fn rotate_api_key(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the key.
        id: Path<Wire<ApiKeyId>>,
        body: Body<RotateApiKey>,
    ) -> Result<Rotated, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        // An unknown key is reported as such, with or without step-up.
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
    /// Ends the key and all its secrets for good. Problems: `not_found` (404).
    #[oai(path = "/:id", method = "delete", operation_id = "revoke_api_key")]
    async fn revoke_api_key(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the key.
        id: Path<Wire<ApiKeyId>>,
    ) -> Result<Revoked, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        context.write(async move |store, now| store.revoke_api_key(user, id, now).await).await?;
        context.keys.forget(id);
        Ok(Revoked::Done)
    }
}

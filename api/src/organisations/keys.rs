//! API keys of an organisation, created with `create_api_key`.

use crate::Chapter;
use crate::api_keys::{ApiKeyAnswer, Revoked};
use crate::auth::Caller;
use crate::context::Context;
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::wire::{Limit, Wire};
use amana_domain::id::{ApiKeyId, OrganisationId};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use std::sync::Arc;

#[derive(ApiResponse)]
enum Listed {
    /// One page of keys.
    #[oai(status = 200)]
    Page(Json<PageOf<ApiKeyAnswer>>),
}

pub(crate) struct OrganisationKeys;

#[OpenApi(prefix_path = "/v1/organisations", tag = "Chapter::Organisations")]
impl OrganisationKeys {
    /// List the API keys of an organisation
    ///
    /// For its admins and owners. Returns the keys of all members, newest first, including revoked and expired ones.
    /// Problems: `insufficient_role` (403), `not_found` (404).
    #[oai(path = "/:id/api-keys", method = "get", operation_id = "list_organisation_keys")]
    async fn list_organisation_keys(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<ApiKeyId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Listed, ApiError> {
        let (user, after, now) = (caller.user(), after.0.map(|Cursor(id)| id), context.now());
        let page = context.store.organisation_keys(user, id.0.0, after, limit(size.0)).await?;
        let page = PageOf::of(page, |key| key.id, |key| ApiKeyAnswer::of(key, now));
        Ok(Listed::Page(Json(page)))
    }

    /// Revoke an API key of an organisation
    ///
    /// For its admins and owners. The key may belong to any member. Problems: `insufficient_role` (403), `not_found`
    /// (404).
    #[oai(
        path = "/:id/api-keys/:key_id",
        method = "delete",
        operation_id = "revoke_organisation_key"
    )]
    async fn revoke_organisation_key(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// Id of the key.
        key_id: Path<Wire<ApiKeyId>>,
    ) -> Result<Revoked, ApiError> {
        let (user, id, key) = (caller.user(), id.0.0, key_id.0.0);
        context
            .write(async move |store, now| {
                store.revoke_organisation_key(user, (id, key), now).await
            })
            .await?;
        context.keys.forget(key);
        Ok(Revoked::Done)
    }
}

//! Organisations, such as marketplaces: creation, names, and deals in their name.

mod keys;
mod members;

pub(crate) use keys::OrganisationKeys;
pub(crate) use members::Members;

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::deals::DealAnswer;
use crate::once::{Made, answer, keyed};
use crate::page::{Cursor, PageOf, limit};
use crate::principal::{DealsRead, Principal};
use crate::problem::ApiError;
use crate::wire::{Key, Limit, OrganisationName, Timestamp, Wire, text_values};
use amana_domain::id::{DealId, OrganisationId};
use amana_domain::organisation::Rank;
use amana_postgres::{Answer, OrganisationView};
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

text_values! {
    /// Role in an organisation: a `member` makes deals in its name, an `admin` also manages members, an `owner` also
    /// manages roles.
    Rank as "MemberRole";
}

/// A new organisation.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateOrganisation {
    /// Name of the organisation; must not be an address or a link.
    name: Wire<OrganisationName>,
}

/// A new name of an organisation.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct UpdateOrganisation {
    name: Wire<OrganisationName>,
}

/// An organisation, as a member sees it.
#[derive(Debug, Object)]
#[oai(rename = "Organisation")]
pub(crate) struct OrganisationAnswer {
    id: Wire<OrganisationId>,
    name: String,
    /// Your role.
    role: Wire<Rank>,
    /// Number of members.
    member_count: i64,
    created_at: Timestamp,
}

impl From<&OrganisationView> for OrganisationAnswer {
    fn from(organisation: &OrganisationView) -> Self {
        Self {
            id: organisation.id.into(),
            name: organisation.name.clone(),
            role: organisation.rank.into(),
            member_count: organisation.member_count,
            created_at: organisation.created_at.into(),
        }
    }
}

fn render(organisation: &OrganisationView) -> Answer {
    answer(StatusCode::CREATED, &OrganisationAnswer::from(organisation))
}

#[derive(ApiResponse)]
pub(crate) enum Current {
    /// The organisation.
    #[oai(status = 200)]
    Organisation(Json<OrganisationAnswer>),
}

impl From<OrganisationView> for Current {
    fn from(organisation: OrganisationView) -> Self {
        Self::Organisation(Json((&organisation).into()))
    }
}

#[derive(ApiResponse)]
enum Listed {
    /// One page of organisations.
    #[oai(status = 200)]
    Page(Json<PageOf<OrganisationAnswer>>),
}

#[derive(ApiResponse)]
enum DealPage {
    /// One page of deals.
    #[oai(status = 200)]
    Page(Json<PageOf<DealAnswer>>),
}

pub(crate) struct Organisations;

#[OpenApi(prefix_path = "/v1/organisations", tag = "Chapter::Organisations")]
impl Organisations {
    /// Create an organisation
    ///
    /// You become its owner. You can belong to at most ten organisations. Problems: `organisation_limit` (409),
    /// `account_closed` (403), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/", method = "post", operation_id = "create_organisation")]
    async fn create_organisation(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<CreateOrganisation>,
    ) -> Result<Made<OrganisationAnswer>, ApiError> {
        let keyed = keyed(&caller, key.0, "create_organisation", &body.canonical);
        let name = body.value.name.0.0;
        let outcome = context
            .write(async move |store, now| {
                store.create_organisation(&keyed, &name, render, now).await
            })
            .await?;
        Ok(outcome.into())
    }

    /// List your organisations
    ///
    /// Returns the organisations of which you are a member, newest first.
    #[oai(path = "/", method = "get", operation_id = "list_organisations")]
    async fn list_organisations(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<OrganisationId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Listed, ApiError> {
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.organisations(caller.user(), after, limit(size.0)).await?;
        let page = PageOf::of(page, |one| one.id, |one| OrganisationAnswer::from(&one));
        Ok(Listed::Page(Json(page)))
    }

    /// Get an organisation
    ///
    /// For its members; `not_found` (404) for other callers.
    #[oai(path = "/:id", method = "get", operation_id = "get_organisation")]
    async fn get_organisation(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
    ) -> Result<Current, ApiError> {
        Ok(context.store.organisation(caller.user(), id.0.0).await?.into())
    }

    /// Rename an organisation
    ///
    /// For its admins and owners. Problems: `insufficient_role` (403), `not_found` (404).
    #[oai(path = "/:id", method = "put", operation_id = "update_organisation")]
    async fn update_organisation(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        body: Body<UpdateOrganisation>,
    ) -> Result<Current, ApiError> {
        let (user, id, name) = (caller.user(), id.0.0, body.value.name.0.0);
        let renamed = context
            .write(async move |store, now| store.rename_organisation(user, id, &name, now).await)
            .await?;
        Ok(renamed.into())
    }

    /// List the deals of an organisation
    ///
    /// For its members. Returns all deals in the organisation's name, newest first. Problems: `not_found` (404).
    #[oai(path = "/:id/deals", method = "get", operation_id = "list_organisation_deals")]
    async fn list_organisation_deals(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// Id of the organisation.
        id: Path<Wire<OrganisationId>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<DealId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<DealPage, ApiError> {
        let (user, after) = (caller.user(), after.0.map(|Cursor(id)| id));
        let page = context.store.organisation_deals(user, id.0.0, after, limit(size.0)).await?;
        let page = PageOf::of(page, |deal| deal.deal.id, |deal| DealAnswer::seen_by(&deal, user));
        Ok(DealPage::Page(Json(page)))
    }
}

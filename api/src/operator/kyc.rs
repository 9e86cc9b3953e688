//! Review of applications for a tier.

use crate::Chapter;
use crate::auth::Operator;
use crate::body::Body;
use crate::context::Context;
use crate::kyc::{ApplicationAnswer, Found, FoundLink, FoundPage, decided};
use crate::once::{Done, keyed};
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::wire::{Key, Limit, Note, Wire, text_values};
use amana_domain::id::{DocumentId, KycId};
use amana_domain::kyc::Reason;
use amana_domain::permission::{Resource, Staff};
use amana_postgres::{Keyed, KycDecision, ReviewPlace, ReviewState};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

text_values! {
    /// State of an application under review.
    ReviewState as "KycReviewFilter";
}

/// An approval of an application.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ApproveApplication {
    /// Reason, stored with the decision.
    note: Wire<Note>,
}

/// A rejection of an application.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RejectApplication {
    /// One to five reasons.
    reasons: Vec<Wire<Reason>>,
    /// Explanation, shown to the user.
    note: Wire<Note>,
}

async fn decide(
    context: &Context,
    (keyed, staff): (Keyed, Staff),
    (id, decision): (KycId, KycDecision),
    note: Note,
) -> Result<Done<ApplicationAnswer>, ApiError> {
    let outcome = context
        .write(async move |store, now| {
            store.decide_kyc((&keyed, &staff), id, (&decision, &note.0), decided, now).await
        })
        .await?;
    Ok(outcome.into())
}

pub(crate) struct Reviews;

#[OpenApi(prefix_path = "/v1/operator/kyc/applications", tag = "Chapter::Operator")]
impl Reviews {
    /// List applications for review
    ///
    /// For operators. Ordered by the time of submission, oldest first. Your own applications are left out. Problems:
    /// `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_kyc_reviews")]
    async fn list_kyc_reviews(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// State of the applications; `submitted` by default.
        state: Query<Option<Wire<ReviewState>>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<ReviewPlace>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<FoundPage, ApiError> {
        operator.may_read(&context, Resource::Kyc)?;
        let state = state.0.map_or(ReviewState::Submitted, |state| state.0);
        let after = after.0.map(|Cursor(place)| place);
        let caller = operator.caller().user();
        let page = context.store.kyc_reviews(caller, state, after, limit(size.0)).await?;
        let page = PageOf::of(page, ReviewPlace::of, |view| ApplicationAnswer::from(&view));
        Ok(FoundPage::Page(Json(page)))
    }

    /// Get an application for review
    ///
    /// Returns `not_found` (404) for applications that are drafts or were withdrawn. Problems: `forbidden` (403).
    #[oai(path = "/:id", method = "get", operation_id = "get_kyc_review")]
    async fn get_kyc_review(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the application.
        id: Path<Wire<KycId>>,
    ) -> Result<Found, ApiError> {
        let (staff, now) = (operator.staff(), context.now());
        Ok(context.store.kyc_review(&staff, id.0.0, now).await?.into())
    }

    /// Create a link to an applicant's document
    ///
    /// Returns a link (`get_file`) for the caller that is valid for one minute. The link and each download are
    /// recorded. Problems: `not_found` (404), `forbidden` (403).
    #[oai(
        path = "/:id/documents/:document/link",
        method = "post",
        operation_id = "create_kyc_review_link"
    )]
    async fn create_kyc_review_link(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the application.
        id: Path<Wire<KycId>>,
        /// Id of the document.
        document: Path<Wire<DocumentId>>,
    ) -> Result<FoundLink, ApiError> {
        let (staff, place) = (operator.staff(), (id.0.0, document.0.0));
        let document = context
            .write(async move |store, now| store.link_kyc_document(&staff, place, now).await)
            .await?;
        let link = context.links.make(document.file.id, operator.caller(), context.now());
        Ok(FoundLink::Link(Json(link)))
    }

    /// Approve an application
    ///
    /// The new tier applies immediately. Problems: `wrong_state` (409) if the application is decided or withdrawn,
    /// `conflict_of_interest`, `forbidden` (403), `not_found` (404), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(path = "/:id/approve", method = "post", operation_id = "approve_kyc_application")]
    async fn approve_kyc_application(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the application.
        id: Path<Wire<KycId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<ApproveApplication>,
    ) -> Result<Done<ApplicationAnswer>, ApiError> {
        let (id, said) = (id.0.0, body.canonical);
        let said = format!("{id} {said}");
        let keyed = keyed(operator.caller(), key.0, "approve_kyc_application", &said);
        decide(&context, (keyed, operator.staff()), (id, KycDecision::Approve), body.value.note.0)
            .await
    }

    /// Reject an application
    ///
    /// The user sees the reasons and can apply again. Problems: as `approve_kyc_application`.
    #[oai(path = "/:id/reject", method = "post", operation_id = "reject_kyc_application")]
    async fn reject_kyc_application(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the application.
        id: Path<Wire<KycId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<RejectApplication>,
    ) -> Result<Done<ApplicationAnswer>, ApiError> {
        let (id, said) = (id.0.0, body.canonical);
        let said = format!("{id} {said}");
        let keyed = keyed(operator.caller(), key.0, "reject_kyc_application", &said);
        let reasons = body.value.reasons.into_iter().map(|reason| reason.0).collect();
        decide(
            &context,
            (keyed, operator.staff()),
            (id, KycDecision::Reject(reasons)),
            body.value.note.0,
        )
        .await
    }
}

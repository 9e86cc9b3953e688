//! Applications for a tier that wait for somebody to look at their documents.

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
    /// Which applications: those that wait for a decision, or those that were decided about.
    ReviewState as "KycReviewFilter";
}

/// Why an application is approved.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ApproveApplication {
    /// It is kept with the decision.
    note: Wire<Note>,
}

/// Why an application is rejected.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RejectApplication {
    /// One to five.
    reasons: Vec<Wire<Reason>>,
    /// In words; the person is told.
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
    /// List applications to decide about
    ///
    /// Those that were submitted first come first, without the caller's own. Problems: `forbidden` (403) for everybody but operators.
    #[oai(path = "/", method = "get", operation_id = "list_kyc_reviews")]
    async fn list_kyc_reviews(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Which ones; `submitted` if left out.
        state: Query<Option<Wire<ReviewState>>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<ReviewPlace>>>,
        /// How many items a page has at most; 20 if left out.
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

    /// Get an application to decide about
    ///
    /// What was not submitted yet, or was taken back, is not there: `not_found` (404). Problems: `forbidden`
    /// (403).
    #[oai(path = "/:id", method = "get", operation_id = "get_kyc_review")]
    async fn get_kyc_review(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the application.
        id: Path<Wire<KycId>>,
    ) -> Result<Found, ApiError> {
        let (staff, now) = (operator.staff(), context.now());
        Ok(context.store.kyc_review(&staff, id.0.0, now).await?.into())
    }

    /// Get a link to a document of an application
    ///
    /// It is good for a minute, for the caller (`get_file`). That it was made is recorded, and so is each look.
    /// Problems: `not_found` (404), `forbidden` (403).
    #[oai(
        path = "/:id/documents/:document/link",
        method = "post",
        operation_id = "create_kyc_review_link"
    )]
    async fn create_kyc_review_link(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the application.
        id: Path<Wire<KycId>>,
        /// The id of the document.
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
    /// The person is on the new tier at once. Problems: `wrong_state` (409) if it was decided about or taken
    /// back, `conflict_of_interest`, `forbidden` (403), `not_found` (404), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(path = "/:id/approve", method = "post", operation_id = "approve_kyc_application")]
    async fn approve_kyc_application(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the application.
        id: Path<Wire<KycId>>,
        /// A text of your own choosing that names this call.
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
    /// The person is told why, and can apply again. Problems: as `approve_kyc_application`.
    #[oai(path = "/:id/reject", method = "post", operation_id = "reject_kyc_application")]
    async fn reject_kyc_application(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the application.
        id: Path<Wire<KycId>>,
        /// A text of your own choosing that names this call.
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

//! Applications for a higher tier: create, add documents, submit, withdraw.

mod answer;

pub(crate) use answer::{ApplicationAnswer, Found, FoundLink, FoundPage, decided};

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Made, keyed, unless_used};
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::upload::{self, Upload};
use crate::wire::{Key, Limit, Wire};
use amana_domain::id::{DocumentId, KycId};
use amana_domain::kyc::{DocumentKind, Tier};
use amana_postgres::KycDocument;
use answer::{DocumentAnswer, added, begun};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A new application.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateApplication {
    tier: Wire<Tier>,
}

pub(crate) struct Applications;

#[OpenApi(prefix_path = "/v1/kyc/applications", tag = "Chapter::Verification")]
impl Applications {
    /// Create an application for a tier
    ///
    /// Add documents to the application, then submit it. `standard` needs an identity document (a passport, or both
    /// sides of a national id) and a selfie. `business` also needs the registration of the business and a proof of
    /// address. You can create five applications in 30 days. Problems: `application_open`, `tier_already_assigned`,
    /// `too_early` (409), `account_closed` (403), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/", method = "post", operation_id = "create_kyc_application")]
    async fn create_kyc_application(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<CreateApplication>,
    ) -> Result<Made<ApplicationAnswer>, ApiError> {
        let keyed = keyed(&caller, key.0, "create_kyc_application", &body.canonical);
        let tier = body.value.tier.0;
        let made = context
            .write(async move |store, now| {
                store.create_kyc_application(&keyed, tier, begun, now).await
            })
            .await?;
        Ok(made.into())
    }

    /// List your applications
    ///
    /// Newest first, with state and decision.
    #[oai(path = "/", method = "get", operation_id = "list_kyc_applications")]
    async fn list_kyc_applications(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<KycId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<FoundPage, ApiError> {
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.kyc_applications(caller.user(), after, limit(size.0)).await?;
        let id = |view: &amana_postgres::KycView| view.application.id;
        Ok(FoundPage::Page(Json(PageOf::of(page, id, |view| ApplicationAnswer::from(&view)))))
    }

    /// Get an application
    ///
    /// Returns one of your applications, with its documents but not their content. Problems: `not_found` (404), also
    /// for applications of other users.
    #[oai(path = "/:id", method = "get", operation_id = "get_kyc_application")]
    async fn get_kyc_application(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the application.
        id: Path<Wire<KycId>>,
    ) -> Result<Found, ApiError> {
        Ok(context.store.kyc_application(caller.user(), id.0.0).await?.into())
    }

    /// Add a document to an application
    ///
    /// The body is the file: a JPEG, PNG or WebP image or a PDF document of at most 5 MiB. The file type is detected
    /// from the content; `Content-Type` is ignored. An application has at most ten documents. Problems: `file_damaged`,
    /// `image_too_large` (beyond 64 million pixels), `active_content` (a PDF with a password, scripts, attached files
    /// or actions) (422), `unsupported_media_type` (415), `request_too_large` (413), `too_many_documents`,
    /// `wrong_state` (409) after the submission, `not_found` (404), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(path = "/:id/documents", method = "post", operation_id = "create_kyc_document")]
    async fn create_kyc_document(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the application.
        id: Path<Wire<KycId>>,
        /// Kind of the document.
        kind: Query<Wire<DocumentKind>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        file: Upload,
    ) -> Result<Made<DocumentAnswer>, ApiError> {
        let (id, kind) = (id.0.0, kind.0.0);
        // Permission is checked before the upload is read.
        let check = async {
            context.store.kyc_application(caller.user(), id).await?;
            Ok(())
        };
        unless_used(&context, (caller.user(), &key.0), check).await?;
        let file = upload::keep(&context, caller.user(), file).await?;
        let said = format!("{id} {kind} {}", hex::encode(file.sha256));
        let keyed = keyed(&caller, key.0, "create_kyc_document", &said);
        let (kept, document) = (file.id, KycDocument { kind, file });
        let recorded = context
            .write(async move |store, now| {
                store.add_kyc_document(&keyed, id, &document, added, now).await
            })
            .await;
        Ok(upload::recorded(&context, kept, recorded).await?.into())
    }

    /// Remove a document from an application
    ///
    /// Possible until the application is submitted. Problems: `wrong_state` (409), `not_found` (404).
    #[oai(
        path = "/:id/documents/:document",
        method = "delete",
        operation_id = "delete_kyc_document"
    )]
    async fn delete_kyc_document(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the application.
        id: Path<Wire<KycId>>,
        /// Id of the document.
        document: Path<Wire<DocumentId>>,
    ) -> Result<Found, ApiError> {
        let (user, id, document) = (caller.user(), id.0.0, document.0.0);
        let left = context
            .write(async move |store, now| {
                store.remove_kyc_document(user, (id, document), now).await
            })
            .await?;
        upload::discard(&context, document).await;
        Ok(left.into())
    }

    /// Create a link to a document
    ///
    /// Returns a link (`get_file`) to your own document that is valid for one minute. Problems: `not_found` (404).
    #[oai(
        path = "/:id/documents/:document/link",
        method = "post",
        operation_id = "create_kyc_document_link"
    )]
    async fn create_kyc_document_link(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the application.
        id: Path<Wire<KycId>>,
        /// Id of the document.
        document: Path<Wire<DocumentId>>,
    ) -> Result<FoundLink, ApiError> {
        let place = (id.0.0, document.0.0);
        let document = context.store.kyc_document(caller.user(), place).await?;
        let link = context.links.make(document.file.id, &caller, context.now());
        Ok(FoundLink::Link(Json(link)))
    }

    /// Submit an application
    ///
    /// The application then waits for a decision, and its documents can no longer change. Problems: `documents_missing`
    /// (422), which names the missing documents; `wrong_state` (409), `account_closed` (403), `not_found` (404).
    #[oai(path = "/:id/submit", method = "post", operation_id = "submit_kyc_application")]
    async fn submit_kyc_application(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the application.
        id: Path<Wire<KycId>>,
    ) -> Result<Found, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        let submitted =
            context.write(async move |store, now| store.submit_kyc(user, id, now).await).await?;
        Ok(submitted.into())
    }

    /// Withdraw an application
    ///
    /// Possible until the application is decided. Its documents are deleted later. You can create another application
    /// immediately. Problems: `wrong_state` (409), `account_closed` (403), `not_found` (404).
    #[oai(path = "/:id/withdraw", method = "post", operation_id = "withdraw_kyc_application")]
    async fn withdraw_kyc_application(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the application.
        id: Path<Wire<KycId>>,
    ) -> Result<Found, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        let withdrawn =
            context.write(async move |store, now| store.withdraw_kyc(user, id, now).await).await?;
        Ok(withdrawn.into())
    }
}

//! Documents on their way in: the file is kept first, then what is known of it is recorded. A crash between the
//! two leaves a file of which nothing is known, and housekeeping removes it a day later.

use super::answer::added;
use crate::context::Context;
use crate::files::refusal;
use crate::problem::ApiError;
use amana_domain::id::{DocumentId, KycId, UserId};
use amana_domain::kyc::{DocumentKind, MediaType};
use amana_postgres::{Keyed, KycDocument, Outcome};
use poem::http::Method;
use poem::{Body, Request, RequestBody};
use poem_openapi::payload::{Binary, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use uuid::Uuid;

/// Whether a request brings a file. Such a body is read by its handler, piece by piece, once it is known who
/// sends it: nobody else makes us hold megabytes.
pub(crate) fn is_upload(request: &Request) -> bool {
    let mut parts = request.uri().path().trim_matches('/').split('/');
    let place = [parts.next(), parts.next(), parts.next(), parts.nth(1)];
    let wanted = [Some("v1"), Some("kyc"), Some("applications"), Some("documents")];
    request.method() == Method::POST && place == wanted && parts.next().is_none()
}

/// The body of a request, not read yet.
pub(super) struct Upload(Body);

impl<'a> ApiExtractor<'a> for Upload {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(_registry: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let one = |media_type: &MediaType| MetaMediaType {
            content_type: media_type.as_str(),
            schema: Binary::<Vec<u8>>::schema_ref(),
        };
        Some(MetaRequest {
            description: Some("The file."),
            content: MediaType::ALL.iter().map(one).collect(),
            required: true,
        })
    }

    async fn from_request(
        _request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self(body.take()?))
    }
}

/// Keeps the file; what is known of it then is not recorded yet.
pub(super) async fn keep(
    context: &Context,
    owner: UserId,
    kind: DocumentKind,
    Upload(body): Upload,
) -> Result<KycDocument, ApiError> {
    let id = DocumentId::new(Uuid::now_v7());
    let key = context.store.document_key(owner, id).await?;
    let kept = context.files.put(id.uuid(), &key, body.into_async_read()).await.map_err(refusal)?;
    Ok(KycDocument {
        id,
        kind,
        media_type: kept.media_type,
        // A file is bounded far below.
        bytes: i64::try_from(kept.bytes).unwrap_or(i64::MAX),
        sha256: kept.sha256,
        created_at: context.now(),
    })
}

/// Records a document whose file was kept. If it is refused, or a repetition of an earlier call, the file goes.
pub(super) async fn record(
    context: &Context,
    keyed: Keyed,
    id: KycId,
    document: KycDocument,
) -> Result<Outcome, ApiError> {
    let file = document.id;
    let added = context
        .write(async move |store, now| {
            store.add_kyc_document(&keyed, id, &document, added, now).await
        })
        .await;
    if !added.as_ref().is_ok_and(|outcome| !outcome.replayed) {
        discard(context, file).await;
    }
    added
}

/// Removes a file of which nothing is known any more. If that fails, housekeeping tries again.
pub(super) async fn discard(context: &Context, file: DocumentId) {
    if let Err(error) = context.files.delete(file.uuid()).await {
        tracing::warn!("a file could not be removed yet: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_files() {
        let check = |method: Method, path: &'static str| {
            let request = Request::builder().method(method).uri_str(path).finish();
            is_upload(&request)
        };
        assert!(check(Method::POST, "/v1/kyc/applications/kyc_7/documents"));
        assert!(check(Method::POST, "/v1/kyc/applications/kyc_7/documents/?kind=selfie"));
        assert!(!check(Method::PUT, "/v1/kyc/applications/kyc_7/documents"));
        for path in [
            "/v1/kyc/applications",
            "/v1/kyc/applications/kyc_7",
            "/v1/kyc/applications/kyc_7/submit",
            "/v1/kyc/applications/kyc_7/documents/doc_7/link",
            "/v1/operator/kyc/applications/kyc_7/documents",
            "/v1/deals",
        ] {
            assert!(!check(Method::POST, path), "{path}");
        }
    }
}

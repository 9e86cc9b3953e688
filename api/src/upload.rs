//! Uploads: the file is stored first, then its metadata is recorded. A crash in between leaves a file without metadata,
//! which housekeeping removes after a day.

use crate::context::Context;
use crate::files::refusal;
use crate::problem::ApiError;
use amana_domain::id::{DocumentId, UserId};
use amana_domain::kyc::MediaType;
use amana_postgres::{Document, Outcome};
use poem::http::Method;
use poem::{Body, Request, RequestBody};
use poem_openapi::payload::{Binary, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use uuid::Uuid;

/// Paths that accept files; `*` is an id.
const PLACES: [&[&str]; 3] = [
    &["v1", "kyc", "applications", "*", "documents"],
    &["v1", "deals", "*", "disputes", "*", "evidence"],
    &["v1", "deals", "*", "milestones", "*", "files"],
];

/// Returns whether the request uploads a file. Its handler reads the body in parts, and only after authentication, so
/// that other clients cannot use up memory.
pub(crate) fn is_upload(request: &Request) -> bool {
    let parts = request.uri().path().trim_matches('/').split('/');
    let is_at = |place: &&[&str]| {
        let fits = |(wanted, found): (&&str, &str)| *wanted == "*" || *wanted == found;
        parts.clone().count() == place.len() && place.iter().zip(parts.clone()).all(fits)
    };
    request.method() == Method::POST && PLACES.iter().any(is_at)
}

/// An unread request body.
pub(crate) struct Upload(Body);

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

/// Stores the file. Its metadata is not recorded yet.
pub(crate) async fn keep(
    context: &Context,
    owner: UserId,
    Upload(body): Upload,
) -> Result<Document, ApiError> {
    let id = DocumentId::new(Uuid::now_v7());
    let key = context.store.document_key(owner, id).await?;
    let kept = context.files.put(id.uuid(), &key, body.into_async_read()).await.map_err(refusal)?;
    Ok(Document {
        id,
        media_type: kept.media_type,
        // Files are much smaller.
        bytes: i64::try_from(kept.bytes).unwrap_or(i64::MAX),
        sha256: kept.sha256,
        created_at: context.now(),
    })
}

/// Handles the result of recording a file. The file is removed if the recording was rejected or repeats an earlier
/// call.
pub(crate) async fn recorded(
    context: &Context,
    file: DocumentId,
    added: Result<Outcome, ApiError>,
) -> Result<Outcome, ApiError> {
    if !added.as_ref().is_ok_and(|outcome| !outcome.replayed) {
        discard(context, file).await;
    }
    added
}

/// Removes a file without metadata. After a failure, housekeeping removes it.
pub(crate) async fn discard(context: &Context, file: DocumentId) {
    if let Err(error) = context.files.delete(file.uuid()).await {
        tracing::warn!("a file could not be removed yet: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_addresses_take_files() {
        let check = |method: Method, path: &'static str| {
            let request = Request::builder().method(method).uri_str(path).finish();
            is_upload(&request)
        };
        for path in [
            "/v1/kyc/applications/kyc_7/documents",
            "/v1/kyc/applications/kyc_7/documents/?kind=selfie",
            "/v1/deals/deal_7/disputes/dsp_7/evidence",
            "/v1/deals/deal_7/milestones/ms_7/files",
        ] {
            assert!(check(Method::POST, path), "{path}");
            assert!(!check(Method::PUT, path), "{path}");
        }
        for path in [
            "/v1/kyc/applications",
            "/v1/kyc/applications/kyc_7",
            "/v1/kyc/applications/kyc_7/submit",
            "/v1/kyc/applications/kyc_7/documents/doc_7/link",
            "/v1/operator/kyc/applications/kyc_7/documents",
            "/v1/deals",
            "/v1/deals/deal_7/disputes",
            "/v1/deals/deal_7/disputes/dsp_7/evidence/doc_7/link",
            "/v1/deals/deal_7/milestones/ms_7/deliver",
            "/v1/operator/disputes/dsp_7/evidence",
        ] {
            assert!(!check(Method::POST, path), "{path}");
        }
    }
}

//! Downloads by file link. The response headers make browsers save a file instead of rendering it.

use crate::Chapter;
use crate::context::Context;
use crate::problem::{ApiError, Code};
use amana_domain::kyc::MediaType;
use amana_files::FileError;
use amana_postgres::OpenDocument;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Binary;
use poem_openapi::{ApiResponse, OpenApi, ResponseContent};
use std::sync::Arc;

/// No scripts, no forms, no origin.
const POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

#[derive(ResponseContent)]
enum Content {
    #[oai(content_type = "image/jpeg")]
    Jpeg(Binary<Vec<u8>>),
    #[oai(content_type = "image/png")]
    Png(Binary<Vec<u8>>),
    #[oai(content_type = "image/webp")]
    WebP(Binary<Vec<u8>>),
    #[oai(content_type = "application/pdf")]
    Pdf(Binary<Vec<u8>>),
}

impl Content {
    fn new(media_type: MediaType, content: Vec<u8>) -> Self {
        match media_type {
            MediaType::Jpeg => Self::Jpeg(Binary(content)),
            MediaType::Png => Self::Png(Binary(content)),
            MediaType::WebP => Self::WebP(Binary(content)),
            MediaType::Pdf => Self::Pdf(Binary(content)),
        }
    }
}

#[derive(ApiResponse)]
enum Opened {
    /// The file, as an attachment.
    #[oai(status = 200)]
    File(
        Content,
        /// Name of the attachment.
        #[oai(header = "Content-Disposition")]
        String,
        /// Forbids scripts and any other active content.
        #[oai(header = "Content-Security-Policy")]
        String,
    ),
}

/// Converts a file error to a response for the uploader or reader.
pub(crate) fn refusal(error: FileError) -> ApiError {
    let text = error.to_string();
    match error {
        FileError::TooLarge => ApiError::new(Code::RequestTooLarge, text),
        FileError::Kind => ApiError::new(Code::UnsupportedMediaType, text),
        FileError::Damaged => ApiError::new(Code::FileDamaged, text),
        FileError::Pixels => ApiError::new(Code::ImageTooLarge, text),
        FileError::Active => ApiError::new(Code::ActiveContent, text),
        FileError::Cut(_) => ApiError::new(Code::BadRequest, text),
        FileError::Missing | FileError::Altered => {
            tracing::error!("a file cannot be returned: {text}");
            ApiError::internal()
        }
        FileError::Folder(cause) => {
            tracing::error!("{text}: {cause}");
            ApiError::unavailable()
        }
    }
}

fn name(open: &OpenDocument) -> String {
    let end = match open.document.media_type {
        MediaType::Jpeg => "jpg",
        MediaType::Png => "png",
        MediaType::WebP => "webp",
        MediaType::Pdf => "pdf",
    };
    format!("attachment; filename=\"{}.{end}\"", open.name)
}

pub(crate) struct OpenedFiles;

#[OpenApi(prefix_path = "/v1/files", tag = "Chapter::Verification")]
impl OpenedFiles {
    /// Download a file by link
    ///
    /// Target of the links of `create_kyc_document_link`, `create_evidence_link` and `create_milestone_file_link`. A
    /// link is valid for one minute and needs no token. Problems: `not_found` (404) if the link is invalid or has
    /// expired, its session has ended, the file was removed, or the user of the link may no longer read it.
    #[oai(path = "/:token", method = "get", operation_id = "get_file")]
    async fn get_file(
        &self,
        context: Data<&Arc<Context>>,
        /// Last part of the link.
        token: Path<String>,
    ) -> Result<Opened, ApiError> {
        let (document, viewer) = context.links.read(&token, context.now()).ok_or_else(no_link)?;
        let ended = context.ended.get().await?;
        if viewer.session.is_some_and(|session| ended.contains(&session)) {
            return Err(no_link());
        }
        let open = context
            .write(async move |store, now| store.open_document(viewer.user, document, now).await)
            .await?;
        let (file, known) = (open.document.id.uuid(), &open.document);
        let content = context.files.get(file, &open.key, known.sha256).await;
        let content = Content::new(known.media_type, content.map_err(refusal)?);
        Ok(Opened::File(content, name(&open), POLICY.to_owned()))
    }
}

fn no_link() -> ApiError {
    ApiError::new(Code::NotFound, "the link is invalid or has expired; request a new one")
}

//! Where links to files lead. Whatever is in a file, a browser does nothing with it but keep it.

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

/// No script, no form, no origin of ours.
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
    /// The file, to be kept and not to be shown in the place of a page.
    #[oai(status = 200)]
    File(
        Content,
        /// How the file is to be called.
        #[oai(header = "Content-Disposition")]
        String,
        /// What a browser may do with it: nothing.
        #[oai(header = "Content-Security-Policy")]
        String,
    ),
}

/// What went wrong with a file, to its sender or reader.
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
            tracing::error!("a file cannot be shown: {text}");
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
    /// Get a file
    ///
    /// Where a link to a document or to evidence leads (`create_kyc_document_link`, `create_evidence_link`). It is good for a minute and needs no
    /// token. `not_found` (404) if the link is not one of ours, its time is over, its session has ended, the document was
    /// removed, or whoever it was made for may no longer see it.
    #[oai(path = "/:token", method = "get", operation_id = "get_file")]
    async fn get(
        &self,
        context: Data<&Arc<Context>>,
        /// The last part of the link.
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
    ApiError::new(Code::NotFound, "this is not a link, or its time is over; ask for another")
}

//! The OpenAPI document, and a page to browse it that loads nothing from elsewhere.
//!
//! Both are large and the same for every reader. They are rendered and compressed once, on first use, and served with
//! an `ETag`.

use crate::{document, service};
use poem::endpoint::{Endpoint, EndpointExt, make};
use poem::http::{HeaderValue, StatusCode, header};
use poem::web::{Compress, CompressionAlgo, CompressionLevel};
use poem::{Body, IntoResponse, Request, Response};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

/// The page contains its script and style, and connects only to this server.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

/// Browsers revalidate after this time and get 304 while nothing has changed.
const CACHE_CONTROL: &str = "public, max-age=300";

/// Enough of the hash to tell versions apart.
const TAG_BYTES: usize = 16;

// Rendered on first use, so that an API without readers does not hold them in memory.
static DOCUMENT: OnceCell<Prepared> = OnceCell::const_new();
static PAGE: OnceCell<Prepared> = OnceCell::const_new();

/// A text with its compressed form.
#[derive(Debug)]
struct Prepared {
    content_type: &'static str,
    plain: Vec<u8>,
    gzip: Vec<u8>,
    tag: HeaderValue,
}

impl Prepared {
    async fn new(content_type: &'static str, text: String) -> Self {
        let digest = Sha256::digest(&text);
        let tag = format!("\"{}\"", hex::encode(digest.get(..TAG_BYTES).unwrap_or_default()));
        let plain = text.into_bytes();
        let compressed = Compress::new(Body::from(plain.clone()), CompressionAlgo::GZIP);
        let mut compressed = compressed.with_quality(CompressionLevel::Best).into_response();
        // Reading from memory does not fail; if it did, the plain text would be served.
        let gzip = compressed.take_body().into_vec().await.unwrap_or_default();
        // Hexadecimal digits are a valid header value; an empty tag would match no request.
        let tag = HeaderValue::from_str(&tag);
        let tag = tag.unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        Self { content_type, plain, gzip, tag }
    }

    fn answer(&'static self, request: &Request) -> Response {
        let known = request.header(header::IF_NONE_MATCH).unwrap_or_default();
        let tag = self.tag.to_str().unwrap_or_default();
        let is_known = known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag);
        let takes_gzip =
            request.header(header::ACCEPT_ENCODING).is_some_and(crate::compress::takes_gzip);
        let response = Response::builder()
            .header(header::ETAG, self.tag.clone())
            .header(header::CACHE_CONTROL, CACHE_CONTROL)
            .header(header::VARY, "Accept-Encoding");
        if is_known {
            return response.status(StatusCode::NOT_MODIFIED).finish();
        }
        let response = response.content_type(self.content_type);
        match takes_gzip && !self.gzip.is_empty() {
            true => response.header(header::CONTENT_ENCODING, "gzip").body(self.gzip.as_slice()),
            false => response.body(self.plain.as_slice()),
        }
    }
}

async fn prepared_document() -> Prepared {
    Prepared::new("application/json", document()).await
}

async fn prepared_page() -> Prepared {
    Prepared::new("text/html; charset=utf-8", page()).await
}

fn page() -> String {
    let service = service();
    let page = service.scalar_html().replace(&service.spec(), &document());
    page.replacen("<title>Scalar</title>", HEAD, 1).replacen(SCRIPT, OUR_SCRIPT, 1)
}

const HEAD: &str = "<title>Amana API</title>
    <link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
    %3Crect width='16' height='16' rx='3' fill='%230a7d4b'/%3E%3Cpath d='M4 12 8 3l4 9M5.5 9h5' fill='none' stroke='white' \
    stroke-width='1.6'/%3E%3C/svg%3E\" />";

/// The tag of the page, and its replacement with settings: fonts of the device, nothing from elsewhere.
const SCRIPT: &str = "id=\"api-reference\"";
const OUR_SCRIPT: &str = "id=\"api-reference\" data-configuration='{\"withDefaultFonts\":false,\"hideClientButton\":true}'";

pub(crate) fn document_endpoint() -> impl Endpoint<Output = Response> + 'static {
    make(|request| async move { DOCUMENT.get_or_init(prepared_document).await.answer(&request) })
        .map_to_response()
}

pub(crate) fn page_endpoint() -> impl Endpoint<Output = Response> + 'static {
    make(|request| async move {
        let mut answer = PAGE.get_or_init(prepared_page).await.answer(&request);
        let policy = HeaderValue::from_static(POLICY);
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        answer
    })
    .map_to_response()
}

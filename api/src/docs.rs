//! The document for machines, and a page for people to browse it; the page needs nothing from elsewhere.

use crate::{document, service};
use poem::endpoint::{Endpoint, EndpointExt, make_sync};
use poem::http::header;
use poem::middleware::Compression;
use poem::web::Html;
use poem::{IntoResponse, Response};
use std::sync::LazyLock;

/// The page carries its script and style inside, and talks to this server only.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

// Made when first asked for: an API that nobody browses does not keep them in memory.
static DOCUMENT: LazyLock<String> = LazyLock::new(document);
static PAGE: LazyLock<String> = LazyLock::new(|| {
    let service = service();
    let page = service.scalar_html().replace(&service.spec(), &DOCUMENT);
    page.replacen("<title>Scalar</title>", HEAD, 1).replacen(SCRIPT, OUR_SCRIPT, 1)
});

const HEAD: &str = "<title>Amana API</title>
    <link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
    %3Crect width='16' height='16' rx='3' fill='%230a7d4b'/%3E%3Cpath d='M4 12 8 3l4 9M5.5 9h5' fill='none' stroke='white' \
    stroke-width='1.6'/%3E%3C/svg%3E\" />";

/// The page's own tag, and the same with the settings: fonts of the reader's device, and nothing from elsewhere.
const SCRIPT: &str = "id=\"api-reference\"";
const OUR_SCRIPT: &str = "id=\"api-reference\" data-configuration='{\"withDefaultFonts\":false,\"hideClientButton\":true}'";

pub(crate) fn document_endpoint() -> impl Endpoint<Output = Response> + 'static {
    make_sync(|_| Response::builder().content_type("application/json").body(DOCUMENT.as_str()))
        .with(Compression::new())
        .map_to_response()
}

pub(crate) fn page_endpoint() -> impl Endpoint<Output = Response> + 'static {
    make_sync(|_| {
        Html(PAGE.as_str()).with_header(header::CONTENT_SECURITY_POLICY, POLICY).into_response()
    })
    .with(Compression::new())
    .map_to_response()
}

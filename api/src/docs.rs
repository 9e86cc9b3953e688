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
    service.scalar_html().replace(&service.spec(), &DOCUMENT)
});

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

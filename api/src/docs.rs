//! The document for machines, and a page for people to browse it; the page needs nothing from elsewhere.

use crate::{document, service};
use poem::endpoint::{Endpoint, EndpointExt, make_sync};
use poem::http::header;
use poem::middleware::Compression;
use poem::web::Html;
use poem::{IntoResponse, Response};

/// The page carries its script and style inside, and talks to this server only.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

pub(crate) fn document_endpoint() -> impl Endpoint<Output = Response> + 'static {
    let document = document();
    make_sync(move |_| Response::builder().content_type("application/json").body(document.clone()))
        .with(Compression::new())
        .map_to_response()
}

pub(crate) fn page_endpoint() -> impl Endpoint<Output = Response> + 'static {
    let service = service();
    let page = service.scalar_html().replace(&service.spec(), &document());
    make_sync(move |_| {
        Html(page.clone()).with_header(header::CONTENT_SECURITY_POLICY, POLICY).into_response()
    })
    .with(Compression::new())
    .map_to_response()
}

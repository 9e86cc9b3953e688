//! The web pages: static files that read the admin JSON and show it as text nodes, so that received data cannot become
//! markup.

use std::sync::Arc;

use poem::{
    IntoResponse, Response, Route, get, handler,
    http::StatusCode,
    web::{Data, Path},
};
use rust_embed::RustEmbed;

use crate::store::Store;

// Inline styles are allowed because e-mails have them. E-mails are shown in a frame without scripts.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

#[derive(RustEmbed)]
#[folder = "pages/"]
struct Files;

pub(crate) fn routes() -> Route {
    Route::new()
        .at("/", get(index_page))
        .at("/phone", get(phones_page))
        .at("/phone/:phone", get(phone_page))
        .at("/mail", get(mail_page))
        .at("/sms", get(sms_page))
        .at("/assets/:name", get(asset))
}

fn file(name: &str) -> Response {
    let Some(file) = Files::get(name) else { return StatusCode::NOT_FOUND.into_response() };
    Response::builder()
        .content_type(file.metadata.mimetype())
        .header("Content-Security-Policy", POLICY)
        .header("X-Content-Type-Options", "nosniff")
        .header("Cache-Control", "no-cache")
        .body(file.data.into_owned())
}

#[handler]
fn index_page() -> Response {
    file("index.html")
}

#[handler]
fn phones_page() -> Response {
    file("phones.html")
}

#[handler]
fn phone_page() -> Response {
    file("phone.html")
}

#[handler]
fn mail_page() -> Response {
    file("mail.html")
}

#[handler]
fn sms_page() -> Response {
    file("sms.html")
}

#[handler]
fn asset(name: Path<String>) -> Response {
    if name.ends_with(".css") || name.ends_with(".js") {
        file(&name)
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

#[handler]
pub(crate) fn certificate(store: Data<&Arc<Store>>) -> Response {
    Response::builder()
        .content_type("application/x-pem-file")
        .body(store.authority.certificate_pem.clone())
}

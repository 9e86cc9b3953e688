//! Around every request: its id, its log line, and the headers that every answer has.

use poem::PathPattern;
use poem::endpoint::Endpoint;
use poem::http::{HeaderName, HeaderValue, header};
use poem::{IntoResponse, Request, Response};
use std::sync::Arc;
use std::time::Instant;
use tracing::{Instrument, Span, field, info, info_span};
use uuid::Uuid;

pub(crate) const REQUEST_ID: &str = "X-Request-Id";

const REQUEST_ID_BYTES_MAX: usize = 64;

/// Answers are data, except for the page that browses the document and brings its own policy.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The same on every answer. Browsers heed the first only where they came by TLS.
static SAFETY: [(HeaderName, &str); 5] = [
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), FEATURES),
];

/// Nothing that we show needs a part of the device.
const FEATURES: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that is being handled; empty outside of one.
pub(crate) fn current_request_id() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// The outermost layer. Neither the address nor the body is logged: they hold tokens and personal data.
pub(crate) async fn observe<E>(endpoint: Arc<E>, request: Request) -> poem::Result<Response>
where
    E: Endpoint,
    E::Output: IntoResponse,
{
    let id = request_id(&request);
    let method = request.method().clone();
    let is_api = request.uri().path().starts_with("/v1/");
    let span = info_span!(
        "request",
        method = %method,
        request_id = %id,
        route = field::Empty,
        status = field::Empty,
        duration_ms = field::Empty
    );
    let start = Instant::now();
    let handled = endpoint.get_response(request).instrument(span.clone());
    let mut response = CURRENT.scope(id.clone(), handled).await;
    finish(&span, &response, start);
    add_headers(&mut response, &id, is_api);
    Ok(response)
}

fn finish(span: &Span, response: &Response, start: Instant) {
    let route = response.data::<PathPattern>().map_or("unmatched", |pattern| &pattern.0);
    let status = response.status().as_u16();
    let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.record("route", route).record("status", status).record("duration_ms", duration_ms);
    span.in_scope(|| info!("{status} {route}"));
}

/// A proxy in front may have named the request already.
fn request_id(request: &Request) -> String {
    let known = |id: &&str| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match request.header(REQUEST_ID).filter(known) {
        Some(id) => id.to_owned(),
        None => format!("req_{}", Uuid::now_v7().simple()),
    }
}

fn add_headers(response: &mut Response, id: &str, is_api: bool) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    for (name, value) in &SAFETY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    if is_api {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

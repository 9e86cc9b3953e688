//! Middleware for every request: request id, log line and response headers.

use crate::address::ClientAddress;
use crate::auth::Identity;
use crate::health::PROBES;
use crate::language;
use crate::problem::Code;
use ipnet::IpNet;
use poem::PathPattern;
use poem::endpoint::Endpoint;
use poem::http::{HeaderName, HeaderValue, header};
use poem::{IntoResponse, Request, Response};
use std::sync::Arc;
use std::time::Instant;
use tracing::{Instrument, Span, debug, error, error_span, field, info};
use uuid::Uuid;

pub(crate) const REQUEST_ID: &str = "X-Request-Id";

const REQUEST_ID_BYTES_MAX: usize = 64;

/// Responses are data; only the documentation page sets its own policy.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Headers of every response. Browsers apply the first only over TLS.
static SAFETY: [(HeaderName, &str); 5] = [
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), FEATURES),
];

/// No page of the API needs a device feature.
const FEATURES: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

tokio::task_local! {
    static CURRENT: String;
}

/// Returns the id of the current request; empty outside a request.
pub(crate) fn current_request_id() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Adds the caller to all further log lines of the request.
pub(crate) fn record_caller(identity: &Identity) {
    let span = Span::current();
    span.record("account", field::display(identity.account));
    if let Some(machine) = identity.machine {
        span.record("api_key", field::display(machine.key));
    }
}

/// Outermost middleware. Never logs the query, the body or the full client address, because they contain tokens and
/// personal data.
pub(crate) async fn observe<E>(
    trusted: Arc<[IpNet]>,
    endpoint: Arc<E>,
    mut request: Request,
) -> poem::Result<Response>
where
    E: Endpoint,
    E::Output: IntoResponse,
{
    let id = request_id(&request);
    let address = ClientAddress::of(&request, &trusted);
    request.set_data(address);
    let path = request.uri().path();
    let (is_api, is_probe) = (path.starts_with("/v1/"), PROBES.contains(&path));
    let (span, language) = (span(&request, &id, address), language::asked(&request));
    let start = Instant::now();
    let handled = endpoint.get_response(request).instrument(span.clone());
    let handled = language::scope(language, handled);
    let mut response = CURRENT.scope(id.clone(), handled).await;
    finish(&span, &response, start, is_probe);
    add_headers(&mut response, &id, is_api);
    Ok(response)
}

/// Opens the span at the highest level, so that error lines carry its fields even if lower levels are off.
fn span(request: &Request, id: &str, address: ClientAddress) -> Span {
    error_span!(
        "request",
        method = %request.method(),
        request_id = %id,
        client = %address.masked(),
        account = field::Empty,
        api_key = field::Empty,
        route = field::Empty,
        status = field::Empty,
        code = field::Empty,
        duration_ms = field::Empty
    )
}

/// Writes the log line of the request. Server errors are logged as errors, except those of probes: the cause of a
/// failing probe has its own line.
fn finish(span: &Span, response: &Response, start: Instant, is_probe: bool) {
    let route = response.data::<PathPattern>().map_or("unmatched", |pattern| &pattern.0);
    let status = response.status().as_u16();
    let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.record("route", route).record("status", status).record("duration_ms", duration_ms);
    if let Some(code) = response.data::<Code>() {
        span.record("code", field::display(code));
    }
    span.in_scope(|| match response.status().is_server_error() {
        _ if is_probe => debug!("{status} {route}"),
        true => error!("{status} {route}"),
        false => info!("{status} {route}"),
    });
}

/// Returns the id that a proxy assigned, or a new one.
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

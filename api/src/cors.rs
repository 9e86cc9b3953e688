//! Which web pages may call us from a browser: those of listed origins, and no other. Callers are known by their
//! access token and never by a cookie, so browsers are not asked to send any.

use poem::endpoint::Endpoint;
use poem::http::header::{self, HeaderMap, HeaderName};
use poem::http::{HeaderValue, Method, StatusCode};
use poem::{IntoResponse, Request, Response};
use std::sync::Arc;

const METHODS: &str = "GET, POST, PUT, DELETE";
const HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, X-Request-Id";

/// What a page may read of an answer besides its body.
const EXPOSED: &str = "X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, Idempotent-Replayed, \
    Content-Disposition, Location, Allow";

/// How long a browser may remember what it was allowed.
const MAX_AGE_S: u32 = 2 * 60 * 60;

/// Answers the question that browsers ask before a call, and lets pages of listed origins read answers. A page of
/// another origin gets the plain answer, which its browser keeps from it.
pub(crate) async fn share<E>(
    origins: Arc<[HeaderValue]>,
    endpoint: Arc<E>,
    request: Request,
) -> poem::Result<Response>
where
    E: Endpoint,
    E::Output: IntoResponse,
{
    if origins.is_empty() {
        return Ok(endpoint.get_response(request).await);
    }
    let origin = request.headers().get(header::ORIGIN);
    let origin = origin.filter(|origin| origins.contains(origin)).cloned();
    let asks = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if asks && origin.is_some() { allowed() } else { endpoint.get_response(request).await };
    let headers = response.headers_mut();
    // Whatever keeps answers must not show one origin what was answered to another.
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    Ok(response)
}

fn allowed() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(MAX_AGE_S));
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

//! CORS: pages of the configured origins may call the API from a browser. They send an access token; cookies are for
//! pages of the same site, so credentials are not allowed.

use poem::endpoint::Endpoint;
use poem::http::header::{self, HeaderMap, HeaderName};
use poem::http::{HeaderValue, Method, StatusCode};
use poem::{IntoResponse, Request, Response};
use std::sync::Arc;

const METHODS: &str = "GET, POST, PUT, DELETE";
const HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, X-Request-Id";

/// Response headers that a page may read.
const EXPOSED: &str = "X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, Idempotent-Replayed, \
    Content-Disposition, Location, Allow";

/// Seconds for which a browser may cache a preflight response.
const MAX_AGE_S: u32 = 2 * 60 * 60;

/// Answers preflight requests of the configured origins and lets their pages read responses. Other origins get
/// responses without CORS headers, which their browsers withhold.
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
    // A cache must not return a response of one origin to another.
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

//! Limits on every request: address, query, headers, body and time.

use crate::problem::{ApiError, Code};
use crate::query;
use crate::rate_limits::CALLBACKS;
use crate::upload::is_upload;
use amana_files::FILE_BYTES_MAX;
use poem::endpoint::Endpoint;
use poem::error::ReadBodyError;
use poem::http::{StatusCode, Version, header};
use poem::{Addr, IntoResponse, Request, Response};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// Providers' callbacks have one or two thousand bytes.
pub(crate) const CALLBACK_BYTES_MAX: usize = 16 * 1024;
const URI_BYTES_MAX: usize = 2 * 1024;
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Enough for the largest body on a slow mobile network.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum time for handling, after the body has arrived.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Enough for the largest file on a slow mobile network.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(120);

/// Rejects requests that are too large before anything is done, and ends those that take too long.
pub(crate) async fn bound<E>(endpoint: Arc<E>, mut request: Request) -> poem::Result<Response>
where
    E: Endpoint,
    E::Output: IntoResponse,
{
    check_head(&request)?;
    check_host(&request)?;
    query::check(&request)?;
    let is_upload = is_upload(&request);
    let is_callback = request.uri().path().starts_with(CALLBACKS);
    let (bytes_max, time_max) = match (is_upload, is_callback) {
        (true, _) => (FILE_BYTES_MAX, UPLOAD_TIMEOUT),
        (false, true) => (CALLBACK_BYTES_MAX, REQUEST_TIMEOUT),
        (false, false) => (BODY_BYTES_MAX, REQUEST_TIMEOUT),
    };
    check_length(&request, bytes_max)?;
    // The handler of an upload counts the bytes itself.
    if !is_upload {
        let read = tokio::time::timeout(BODY_TIMEOUT, read_body(&mut request)).await;
        let body = read.map_err(|_elapsed| too_slow())??;
        request.set_body(body);
    }
    let handled = async { endpoint.call(request).await.map(IntoResponse::into_response) };
    match tokio::time::timeout(time_max, handled).await {
        Ok(result) => result,
        Err(_elapsed) => Err(ApiError::new(
            Code::Timeout,
            "the request timed out and may still complete; repeat it with the same Idempotency-Key",
        )
        .into()),
    }
}

fn check_head(request: &Request) -> Result<(), ApiError> {
    let uri = request.uri();
    let uri_bytes = uri.path().len().saturating_add(uri.query().map_or(0, str::len));
    if uri_bytes > URI_BYTES_MAX {
        let detail = format!("path and query together may have at most {URI_BYTES_MAX} bytes");
        return Err(ApiError::new(Code::UriTooLong, detail));
    }
    let header_bytes: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
        .sum();
    if header_bytes > HEADER_BYTES_MAX {
        let detail = format!("all headers together may have at most {HEADER_BYTES_MAX} bytes");
        return Err(ApiError::new(Code::HeadersTooLarge, detail));
    }
    Ok(())
}

/// HTTP/1.1 requires exactly one `Host` (RFC 9112, 3.2). Otherwise a proxy and this server could disagree about the
/// host.
fn check_host(request: &Request) -> Result<(), ApiError> {
    let is_from_outside = matches!(request.remote_addr().0, Addr::SocketAddr(_));
    let is_asked_for = is_from_outside && request.version() == Version::HTTP_11;
    match request.headers().get_all(header::HOST).iter().count() {
        1 => Ok(()),
        0 if !is_asked_for => Ok(()),
        _ => Err(ApiError::new(Code::BadRequest, "Host: send this header exactly once")),
    }
}

fn too_slow() -> ApiError {
    let detail = format!(
        "the body did not arrive within {} seconds; nothing was done, so send the request again",
        BODY_TIMEOUT.as_secs()
    );
    ApiError::new(Code::BodyTooSlow, detail)
}

fn too_large(bytes_max: usize) -> ApiError {
    ApiError::new(Code::RequestTooLarge, format!("the body may have at most {bytes_max} bytes"))
}

/// Rejects a body by its declared length, before reading it.
fn check_length(request: &Request, bytes_max: usize) -> Result<(), ApiError> {
    let declared: Option<usize> =
        request.header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    match declared {
        Some(bytes) if bytes > bytes_max => Err(too_large(bytes_max)),
        _ => Ok(()),
    }
}

/// Reads the whole body; a chunked one is cut off at the limit.
async fn read_body(request: &mut Request) -> poem::Result<Vec<u8>> {
    match request.take_body().into_bytes_limit(BODY_BYTES_MAX).await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(ReadBodyError::PayloadTooLarge) => Err(too_large(BODY_BYTES_MAX).into()),
        Err(_) => Err(poem::Error::from_status(StatusCode::BAD_REQUEST)),
    }
}

//! Bounds on every request: the address, the headers, the body, the time.

use crate::problem::{ApiError, Code};
use poem::endpoint::Endpoint;
use poem::error::ReadBodyError;
use poem::http::{StatusCode, header};
use poem::{IntoResponse, Request, Response};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
const URI_BYTES_MAX: usize = 2 * 1024;
const HEADER_BYTES_MAX: usize = 16 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Refuses what is too large before anything is done with it, and ends what takes too long.
pub(crate) async fn bound<E>(endpoint: Arc<E>, mut request: Request) -> poem::Result<Response>
where
    E: Endpoint,
    E::Output: IntoResponse,
{
    check_head(&request)?;
    let handled = async {
        let body = read_body(&mut request).await?;
        request.set_body(body);
        endpoint.call(request).await.map(IntoResponse::into_response)
    };
    match tokio::time::timeout(REQUEST_TIMEOUT, handled).await {
        Ok(result) => result,
        Err(_elapsed) => Err(ApiError::new(
            Code::Timeout,
            "the request took too long; it may still be carried out, so repeat it with the same key",
        )
        .into()),
    }
}

fn check_head(request: &Request) -> Result<(), ApiError> {
    let uri = request.uri();
    let uri_bytes = uri.path().len().saturating_add(uri.query().map_or(0, str::len));
    if uri_bytes > URI_BYTES_MAX {
        let detail = format!("path and query have at most {URI_BYTES_MAX} bytes");
        return Err(ApiError::new(Code::UriTooLong, detail));
    }
    let header_bytes: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
        .sum();
    if header_bytes > HEADER_BYTES_MAX {
        let detail = format!("all headers together have at most {HEADER_BYTES_MAX} bytes");
        return Err(ApiError::new(Code::HeadersTooLarge, detail));
    }
    Ok(())
}

/// Reads the whole body, declared length or not: a chunked one is stopped at the bound.
async fn read_body(request: &mut Request) -> poem::Result<Vec<u8>> {
    let too_large = || {
        let detail = format!("a body has at most {BODY_BYTES_MAX} bytes");
        poem::Error::from(ApiError::new(Code::RequestTooLarge, detail))
    };
    let declared: Option<usize> =
        request.header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if declared.is_some_and(|bytes| bytes > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    match request.take_body().into_bytes_limit(BODY_BYTES_MAX).await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(ReadBodyError::PayloadTooLarge) => Err(too_large()),
        Err(_) => Err(poem::Error::from_status(StatusCode::BAD_REQUEST)),
    }
}
